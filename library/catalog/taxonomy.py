"""The trees of sectors and key technologies: read, walked, and filled from seed_cases/taxonomy.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..fields import bilingual
from .models import Term


class Synonyms(Schema):
    en = fields.List(fields.String(), load_default=list)
    zh = fields.List(fields.String(), load_default=list)


class TermShape(Schema):
    code = fields.String(required=True, validate=validate.Regexp(r"[a-z][a-z0-9-]{0,39}\Z"))
    parent = fields.String(load_default=None, allow_none=True)
    title = fields.Nested(bilingual(60, english=True), required=True)
    named = fields.Boolean(required=True)
    synonyms = fields.Nested(Synonyms, load_default=lambda: {"en": [], "zh": []})


class TaxonomyShape(Schema):
    """The file: both trees, parents before children, in the order of display."""

    sectors = fields.List(fields.Nested(TermShape), required=True)
    technologies = fields.List(fields.Nested(TermShape), required=True)

    @validates_schema
    def parents_come_first(self, data: Mapping[str, Any], **_: Any) -> None:
        errors: dict[str, dict[int, dict[str, list[str]]]] = {}
        for name, terms in data.items():
            above: set[str | None] = {None}
            for place, term in enumerate(terms):
                if term["code"] in above:
                    errors.setdefault(name, {})[place] = {"code": ["This code stands further up already."]}
                elif term["parent"] not in above:
                    errors.setdefault(name, {})[place] = {"parent": ["No term further up has this code."]}
                above.add(term["code"])
        if errors:
            raise ValidationError(errors)


KEPT = ("parent", "title", "synonyms", "named")


@dataclass(frozen=True)
class Node:
    code: str
    parent: str | None
    title: Mapping[str, str]
    named: bool
    synonyms: Mapping[str, list[str]]


@dataclass(frozen=True)
class Taxonomy:
    """Both trees in memory."""

    sectors: Mapping[str, Node]
    technologies: Mapping[str, Node]

    def path(self, code: str) -> list[str]:
        """The codes from the direction down to this sector."""
        node = self.sectors[code]
        return [*(self.path(node.parent) if node.parent else ()), code]

    def direction(self, code: str) -> str:
        return self.path(code)[0]

    def children(self, code: str | None) -> Iterator[Node]:
        return (node for node in self.sectors.values() if node.parent == code)

    def with_ancestors(self, codes: list[str]) -> list[str]:
        """Each code with all that include it, without the direction, no code twice."""
        return list(dict.fromkeys(step for code in codes for step in self.path(code)[1:]))


def read(session: Session) -> Taxonomy:
    """One query for both trees."""
    columns = (Term.taxonomy, Term.code, Term.parent, Term.title, Term.named, Term.synonyms)
    trees: dict[str, dict[str, Node]] = {"sector": {}, "technology": {}}
    for taxonomy, *rest in session.execute(select(*columns).order_by(Term.taxonomy, Term.position)):
        node = Node(*rest)
        trees[taxonomy][node.code] = node
    return Taxonomy(trees["sector"], trees["technology"])


def write(session: Session, given: Mapping[str, Any]) -> list[str]:
    """Add and update terms and name those that changed; a code never goes away, because cases refer to it."""
    changed = []
    for taxonomy, key in (("sector", "sectors"), ("technology", "technologies")):
        for position, item in enumerate(given[key]):
            term = session.get(Term, (taxonomy, item["code"])) or Term(taxonomy=taxonomy, code=item["code"])
            wanted = {**{name: item[name] for name in KEPT}, "position": position}
            if all(getattr(term, name) == value for name, value in wanted.items()):
                continue
            for name, value in wanted.items():
                setattr(term, name, value)
            session.add(term)
            session.flush()
            changed.append(f"{taxonomy}:{term.code}")
    return changed
