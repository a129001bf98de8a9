"""The trees of sectors and technologies: written once, walked, and never losing a code."""

from __future__ import annotations

from typing import Any

import make
import pytest
from marshmallow import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from library.catalog import taxonomy
from library.catalog.models import Term
from library.db import Database


@pytest.fixture
def tree(session: Session) -> taxonomy.Taxonomy:
    return make.taxonomy(session)


def load(given: dict[str, Any]) -> Any:
    return taxonomy.TaxonomyShape().load(given)


def test_a_tree_is_read_as_it_was_written(tree: taxonomy.Taxonomy) -> None:
    assert [(node.code, node.parent, node.title["zh"], node.title["en"]) for node in tree.sectors.values()] == [
        *make.SECTORS
    ]
    assert list(tree.technologies) == ["network-slicing", "edge-computing"]


def test_the_way_down_to_a_sector(tree: taxonomy.Taxonomy) -> None:
    assert tree.path("water-metering") == ["governance", "metering", "water-metering"]
    assert tree.path("life") == ["life"]
    assert tree.direction("water-metering") == "governance"
    assert [node.code for node in tree.children(None)] == ["industry", "governance", "life"]
    assert [node.code for node in tree.children("metering")] == ["water-metering", "gas-metering"]


def test_a_parent_includes_its_children(tree: taxonomy.Taxonomy) -> None:
    assert tree.with_ancestors(["gas-metering", "water-metering", "life", "smart-home"]) == [
        "metering",
        "gas-metering",
        "water-metering",
        "smart-home",
    ]


def test_writing_again_updates_words_and_order_and_keeps_missing_codes(database: Database) -> None:
    with database.unit() as session:
        make.taxonomy(session)
    changed = make.taxonomy_document()
    changed["sectors"] = [changed["sectors"][6], changed["sectors"][0]]  # life, industry
    changed["sectors"][0]["title"] = {"en": "Life", "zh": "生活"}
    changed["sectors"][0]["synonyms"] = {"en": ["home life"], "zh": []}
    with database.unit() as session:
        assert taxonomy.write(session, load(changed)) == ["sector:life", "sector:industry"]
    with database.unit() as session:
        assert taxonomy.write(session, load(changed)) == []
    with database.reading() as session:
        tree = taxonomy.read(session)
    assert set(tree.sectors) == {code for code, *_ in make.SECTORS}
    life = tree.sectors["life"]
    assert (life.title["zh"], life.synonyms["en"]) == ("生活", ["home life"])
    order = list(tree.sectors)
    assert order.index("life") < order.index("industry")


@pytest.mark.parametrize(
    ("taxonomy", "parent"),
    [("sector", "industry"), ("sector", "rockets"), ("technology", "industry"), ("sector", "x")],
)
def test_the_database_knows_which_parents_there_are(session: Session, taxonomy: str, parent: str) -> None:
    make.taxonomy(session)
    session.add(Term(taxonomy=taxonomy, code="x", parent=parent, position=0, title={}, synonyms={}, named=False))
    if (taxonomy, parent) == ("sector", "industry"):
        session.flush()
    else:
        with pytest.raises(IntegrityError):
            session.flush()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"title": {"en": "Only English"}}, {"title": {"zh": ["Missing data for required field."]}}),
        ({"title": {"zh": "只有中文"}}, {"title": {"en": ["Missing data for required field."]}}),
        ({"named": None}, {"named": ["Field may not be null."]}),
        ({"code": "Water Metering"}, {"code": ["String does not match expected pattern."]}),
        ({"code": "x" * 41}, {"code": ["String does not match expected pattern."]}),
        ({"code": "industry"}, {"code": ["This code stands further up already."]}),
        ({"parent": "metering"}, {"parent": ["No term further up has this code."]}),
        ({"parent": "manufacturing"}, {"parent": ["No term further up has this code."]}),
        ({"parent": "edge-computing"}, {"parent": ["No term further up has this code."]}),
        ({"colour": "red"}, {"colour": ["Unknown field."]}),
        ({"title": {"en": "x" * 61, "zh": "长"}}, {"title": {"en": ["Length must be between 1 and 60."]}}),
    ],
)
def test_a_term_with_a_mistake_is_refused(change: dict[str, Any], message: dict[str, Any]) -> None:
    given = make.taxonomy_document()
    given["sectors"][1] |= change
    with pytest.raises(ValidationError) as refused:
        load(given)
    assert refused.value.messages == {"sectors": {1: message}}


def test_reading_takes_one_statement(session: Session, statements: list[str]) -> None:
    make.taxonomy(session)
    statements.clear()
    taxonomy.read(session)
    assert len(statements) == 1
    assert session.scalar(select(Term.code).limit(1))
