"""Full text only: documents in, hits out. Knows no Flask, no SQLAlchemy, no library.

These four names are the door; what can be wrong is in `search.errors`, what answers are made of in
`search.documents`. Behind it stands a pinned Whoosh, which nobody else imports.
"""

from search.documents import Document, Hits, Query
from search.index import Index

__all__ = ["Document", "Hits", "Index", "Query"]
