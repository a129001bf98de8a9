"""What goes into the index and what comes out: Document, Query, Hit, Hits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Sort = Literal["relevance", "newest", "connections", "title"]


@dataclass(frozen=True)
class Document:
    """One record as a searcher may find it. Only text that every reader may see belongs here."""

    key: str
    text: Mapping[str, Mapping[str, str]]
    """Field → language → text; the fields are those of `search.schema.WEIGHTS`."""
    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Facet → codes. A tree's code arrives with its ancestors already beside it."""
    numbers: Mapping[str, int | None] = field(default_factory=dict)
    """Sort keys: `connections`, and `date` as YYYYMMDD."""
    rank_group: int = 0
    """Groups never mix: 0 comes before 1 in every order (1 is for demonstration records)."""
    stored: Mapping[str, Any] = field(default_factory=dict)
    """JSON, handed back on every hit untouched."""


@dataclass(frozen=True)
class Query:
    """What a reader asks for. `text` is data: whatever it holds, searching for it does not raise."""

    text: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Facet → codes: any of the codes within a facet, all of the facets together."""
    sort: Sort = "relevance"
    lang: Literal["zh", "en"] = "zh"
    """Whose alphabet the title order follows."""
    page: int = 1
    per_page: int = 20
    facets: tuple[str, ...] = ()
    """Facets to count."""
    count_group: int | None = None
    """Facets count this rank group only; None counts all groups."""
    count_all: frozenset[str] = frozenset()
    """Facets that count all groups nevertheless, such as the one that tells them apart."""


@dataclass(frozen=True)
class Hit:
    key: str
    stored: dict[str, Any]
    highlights: dict[str, str]
    """`field.language` → HTML in which everything is escaped and only <mark> is added."""
    matched: tuple[str, ...]
    """Names of the fields in which a searched word stands, the weightiest first."""


@dataclass(frozen=True)
class Hits:
    total: int
    total_by_group: dict[int, int]
    """How many of the total are in each rank group; groups 0 and 1 are always named."""
    items: list[Hit]
    facets: dict[str, dict[str, int]]
    """Facet → code → hits it would give: every filter applies except the facet's own."""
    took_ms: float
