"""What goes into the index and what comes out: Document, Query, Hit, Hits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from search.grammar import Note

Sort = Literal["relevance", "newest", "connections", "title"]
WideningKind = Literal["spelling", "pinyin", "bigrams"]


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
    boost: float = 1.0
    """A gentle factor on relevance, for what a record is rather than what it says."""
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Kind → names that are offered as a whole while a reader types, such as those of organisations."""
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
    """The reader's: the titles go by its alphabet, and of two reasons for a hit the one in it is told."""
    page: int = 1
    per_page: int = 20
    facets: tuple[str, ...] = ()
    """Facets to count."""
    count_group: int | None = None
    """Facets count this rank group only; None counts all groups."""
    count_all: frozenset[str] = frozenset()
    """Facets that count all groups nevertheless, such as the one that tells them apart."""
    exact: bool = False
    """Only what was asked for: nothing else is tried when nothing is found."""
    highlights: bool = True
    explain: bool = False
    without: frozenset[str] = frozenset()
    """Keys of documents that are kept back from this reader; for the reader they are not there."""


class Because(NamedTuple):
    """Why a hit was found: for this word, as the reader wrote it, the document has that, in this field."""

    asked: str
    found: str
    field: str
    lang: str
    alike: bool
    """Does what was found look like what was asked for? Then it explains itself."""


class Share(NamedTuple):
    """What one word gives to the score of one hit. The whole score is the sum of the shares times `boost`."""

    asked: str
    documents: int
    """How many documents have the word."""
    score: float


class Explanation(NamedTuple):
    score: float
    boost: float
    shares: tuple[Share, ...]


@dataclass(frozen=True)
class Hit:
    key: str
    stored: dict[str, Any]
    highlights: dict[str, str]
    """`field.language` → HTML in which everything is escaped and only <mark> is added."""
    matched: tuple[str, ...]
    """Names of the fields in which a searched word stands, the weightiest first."""
    because: tuple[Because, ...] = ()
    explanation: Explanation | None = None


class Widened(NamedTuple):
    """Nothing has what was asked for; the hits are those for `text` instead."""

    kind: WideningKind
    text: str
    sure: bool = True
    """No other thing can have been meant; else it is only proposed."""


@dataclass(frozen=True)
class Completion:
    """What a reader may have begun to type. `key` is that of the document whose title it is."""

    text: str
    kind: str
    count: int
    key: str = ""


@dataclass(frozen=True)
class Hits:
    total: int
    total_by_group: dict[int, int]
    """How many of the total are in each rank group; groups 0 and 1 are always named."""
    items: list[Hit]
    facets: dict[str, dict[str, int]]
    """Facet → code → hits it would give: every filter applies except the facet's own."""
    took_ms: float
    notes: tuple[Note, ...] = ()
    """What of the query could not be read, and was left out."""
    widened: Widened | None = None
    suggestion: str | None = None
    """Another spelling that finds more, where little was found."""
