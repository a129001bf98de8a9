"""From the words of an address to a search and back: arguments, facets, chips, pages. Shared by page and API."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

from search import Hits, Index, Query
from search.errors import IndexBroken, IndexMissing

from .. import paging
from ..errors import Text, Unavailable
from ..labels import N_
from .taxonomy import Taxonomy

SORTS = ("relevance", "newest", "connections", "title")
FACETS = (
    "direction",
    "sector",
    "network",
    "country",
    "province",
    "scale",
    "technology",
    "year",
    "status",
    "origin",
)
WITH_ZEROS = ("direction", "scale", "origin")
MAX_CODES = 60
MAX_QUERY = 400
MOST_WORDS = 6
MAX_PAGE = 100_000
MAX_PER_PAGE = 100
# Whole sentences with their limits, because what is translated is looked up whole.
PAGE_RULE = N_("Pages are numbered from 1 to 100000.")
YES_OR_NO = N_("Write true or false.")
PER_PAGE_RULE = N_("A page holds between 1 and 100 cases.")

# Where one of these stands, a word may belong to another.
_SIGNS = re.compile(r'["“”「」『』()（）|*＊:：<>=]|(?:^|\s)[-!]|\b(?:AND|OR|NOT)\b')

Label = Callable[[str, str], str]
Lang = Literal["zh", "en"]


class Codes(fields.List[str]):
    """The same name several times in an address: any of these codes. An empty one asks for nothing."""

    def __init__(self, **kwargs: Any) -> None:
        code = fields.String(validate=validate.Length(max=60, error=N_("There is no code as long as this.")))
        most = validate.Length(max=40, error=N_("At most 40 codes of a kind may be asked for at once."))
        super().__init__(code, validate=most, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        given = super()._deserialize(value, *args, **kwargs)
        self._validate(given)
        return [code for code in given if code]


class SearchArgs(Schema):
    """`GET /cases` and `/search` take the same words."""

    class Meta:
        unknown = EXCLUDE

    q = fields.String(
        load_default="",
        validate=validate.Length(max=MAX_QUERY, error=N_("A search may have 400 characters at most.")),
        metadata={
            "description": "Words, Chinese, English or pinyin; phrases in quotes, word*, AND OR NOT -word,"
            " field:value, connections:>1000000, date:2023..2024, has:place."
        },
    )
    exact = fields.Boolean(
        load_default=False,
        error_messages={"invalid": YES_OR_NO},
        metadata={"description": "Only what was asked for: nothing else is tried when nothing is found."},
    )
    explain = fields.Boolean(
        load_default=False,
        error_messages={"invalid": YES_OR_NO},
        metadata={"description": "With every hit, what each word gives to its score."},
    )
    direction = Codes(load_default=list)
    sector = Codes(load_default=list)
    technology = Codes(load_default=list)
    network = Codes(load_default=list)
    province = Codes(load_default=list)
    country = Codes(load_default=list)
    scale = Codes(load_default=list)
    year = Codes(load_default=list)
    status = Codes(load_default=list)
    origin = Codes(load_default=list)
    sort = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(SORTS, error=N_("Cases are sorted by relevance, newest, connections or title.")),
    )

    @validates_schema
    def not_too_many(self, data: Mapping[str, Any], **_: Any) -> None:
        if sum(len(data.get(name, ())) for name in FACETS) > MAX_CODES:
            raise ValidationError(N_("At most 60 codes may be asked for at once."), "sector")

    page = fields.Integer(
        load_default=1,
        validate=validate.Range(1, MAX_PAGE, error=PAGE_RULE),
        error_messages={"invalid": PAGE_RULE},
    )
    per_page = fields.Integer(
        load_default=20,
        validate=validate.Range(1, MAX_PER_PAGE, error=PER_PAGE_RULE),
        error_messages={"invalid": PER_PAGE_RULE},
    )


def find(
    index: Index,
    args: Mapping[str, Any],
    lang: Lang,
    *,
    without: frozenset[str],
    counted: tuple[str, ...] = FACETS,
    marked: bool = True,
) -> Hits:
    """Search, count the facets `counted` and mark the words; `without` the cases that are kept back from who asks.

    Raises Unavailable while the index is being built.
    """
    query = Query(
        text=args["q"].replace("\0", " ").strip(),
        filters={name: tuple(args[name]) for name in FACETS if args[name]},
        sort=sort_of(args),
        lang=lang,
        page=args["page"],
        per_page=args["per_page"],
        facets=counted,
        # Counts are of real records, unless demonstration records are what was asked for.
        count_group=None if only_demonstration(args) else 0,
        count_all=frozenset({"origin"}),
        exact=args["exact"],
        explain=args["explain"] and marked,
        highlights=marked,
        without=without,
    )
    try:
        return index.search(query)
    except (IndexMissing, IndexBroken) as error:
        raise Unavailable(
            Text("The search index is being built. The cases are safe; try again in a moment.")
        ) from error


def shorter(q: str) -> Iterator[tuple[str, str]]:
    """What is left of a search without one of its words, with that word; and without all of them, with all.

    Words that are joined by signs of the query language are one.
    """
    words = q.split()
    if 1 < len(words) <= MOST_WORDS and not _SIGNS.search(q):
        for place, word in enumerate(words):
            yield " ".join(words[:place] + words[place + 1 :]), word
    if words:
        yield "", q


def only_demonstration(args: Mapping[str, Any]) -> bool:
    """Are demonstration records, and nothing else, what was asked for?"""
    return list(args["origin"]) == ["demo"]


def total(hits: Hits, args: Mapping[str, Any]) -> int:
    """What is said to have been found: real records; demonstration records are never added to them."""
    return hits.total_by_group[1 if only_demonstration(args) else 0]


def sort_of(args: Mapping[str, Any]) -> Any:
    """Relevance needs words; without any, the newest figures come first."""
    return args["sort"] or ("relevance" if args["q"].strip() else "newest")


@dataclass(frozen=True)
class Choice:
    """One line of a facet: choosing it leads to `url`; `on` when it is chosen now."""

    code: str
    label: str
    count: int
    on: bool
    url: str
    depth: int = 0


@dataclass(frozen=True)
class Facet:
    name: str
    items: Sequence[Choice]


class Address:
    """The search page's address as words, and what it becomes when something is chosen or dropped."""

    def __init__(self, args: Mapping[str, Any], base: str = "") -> None:
        self.args, self.base = args, base

    def __call__(self, **changes: Any) -> str:
        """The address with `changes`; it starts at page 1 again unless a page is given."""
        words = {"q": self.args["q"], **{name: self.args[name] for name in FACETS}, "sort": self.args["sort"]}
        words |= {name: "1" if self.args.get(name) else None for name in ("exact", "explain")}
        words |= changes
        query = urlencode({name: value for name, value in words.items() if value}, doseq=True)
        return f"{self.base}?{query}" if query else self.base

    def toggled(self, facet: str, code: str) -> str:
        chosen = self.args[facet]
        return self(**{facet: [one for one in chosen if one != code] if code in chosen else [*chosen, code]})


def facets(
    hits: Hits, address: Address, tree: Taxonomy, label: Label, order: Mapping[str, Sequence[str]]
) -> list[Facet]:
    """Every facet that has anything to choose, each line with its count and its address.

    `order` fixes the order of a facet's codes, the others go by count. Short lists show their zeros too.
    """
    found = []
    for name in FACETS:
        counts = hits.facets.get(name, {})
        chosen = address.args[name]
        if name == "sector":
            items = _tree(counts, chosen, address, tree, label)
        else:
            codes = list(order[name]) if name in order else sorted(counts, key=lambda code: (-counts[code], code))
            if name == "year":
                codes.sort(key=lambda code: (code.isdigit(), code), reverse=True)
            if name not in WITH_ZEROS:
                codes = [code for code in codes if counts.get(code)]
            codes += [code for code in chosen if code not in codes]
            items = [_item(name, code, counts, chosen, address, label) for code in codes]
        if any(item.count or item.on for item in items):
            found.append(Facet(name, items))
    return found


def chips(address: Address, label: Label) -> list[dict[str, str]]:
    """What is in force, each with the address without it."""
    return [
        {"name": name, "label": label(name, code), "url": address.toggled(name, code)}
        for name in FACETS
        for code in address.args[name]
    ]


def pages(hits: Hits, args: Mapping[str, Any], address: Address) -> dict[str, Any]:
    """Where this page stands among its neighbours. Raises Missing past the end."""
    return paging.pages(args["page"], hits.total, args["per_page"], lambda page: address(page=page))


def _tree(
    counts: Mapping[str, int], chosen: Sequence[str], address: Address, tree: Taxonomy, label: Label
) -> list[Choice]:
    """Sectors in the order of the taxonomy: those that have or are chosen, and what stands above them."""
    items = []
    shown = {code for code in tree.sectors if counts.get(code) or code in chosen}
    shown = {above for code in shown for above in tree.path(code)}
    for code in tree.sectors:
        depth = len(tree.path(code)) - 2
        if depth >= 0 and code in shown:
            items.append(_item("sector", code, counts, chosen, address, label, depth))
    known = {item.code for item in items}
    items += [_item("sector", code, counts, chosen, address, label) for code in chosen if code not in known]
    return items


def _item(
    name: str,
    code: str,
    counts: Mapping[str, int],
    chosen: Sequence[str],
    address: Address,
    label: Label,
    depth: int = 0,
) -> Choice:
    return Choice(code, label(name, code), counts.get(code, 0), code in chosen, address.toggled(name, code), depth)
