"""The house keeps its rules, which lie in house.py.

Each check runs over the library, which must give no complaint, and over a small wrong sample, which must give
some: so a check that no longer finds anything does not stay unnoticed.
"""

from __future__ import annotations

import ast

import pytest
from house import (
    DEBTS,
    committers,
    knowers_of_flask,
    long_files,
    meaningless_names,
    migrations_that_know_us,
    misspelt_verbs,
    modules_without_a_docstring,
    moves,
    openers_of_files,
    outward_imports_of_search,
    readers_of_the_clock,
    readers_of_the_environment,
    recorded_verbs,
    setters_of_state,
    unknown_rooms,
    upward_imports,
    verbs_moved_twice,
    without_debts,
)
from sources import Module, Sources, read, sample

from library.application import RULES
from library.config import ROOT
from library.notices import NOTICES

HOUSE = read("library", "search")

CHECKS = {
    unknown_rooms: sample(catalog__recipes="", cellar=""),
    upward_imports: sample(catalog__models="from .operations import revise", catalog__operations=""),
    knowers_of_flask: sample(catalog__queries="from flask import g"),
    outward_imports_of_search: {"search.x": Module("search.x", "from library.db import Base")},
    setters_of_state: sample(catalog__operations="def revise(case):\n    case.state = 'admitted'"),
    committers: sample(catalog__operations="def save(session):\n    session.commit()"),
    readers_of_the_environment: sample(web="import os\nDEBUG = os.environ.get('DEBUG')"),
    readers_of_the_clock: sample(catalog__operations="import datetime as dt\nNOW = dt.datetime.now(dt.UTC)"),
    openers_of_files: sample(catalog__views="from PIL import Image"),
    long_files: sample(catalog__models="\n" * 300),
    modules_without_a_docstring: {"library.db": Module("library.db", "x = 1\n")},
    meaningless_names: sample(catalog__case_utils=""),
    migrations_that_know_us: sample(migrations__versions__v1="from library.db import Base"),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_house_keeps_its_rule(check: object) -> None:
    assert callable(check)
    assert without_debts(check(HOUSE)) == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_check_finds_what_breaks_the_rule(check: object) -> None:
    assert callable(check)
    assert check(CHECKS[check]) != []


def test_no_debt_is_listed_that_was_paid() -> None:
    standing = {tuple(text.split(" -> ")) for text in upward_imports(HOUSE) + knowers_of_flask(HOUSE)}
    assert set(DEBTS) - standing == set()


# What the larger checks say of each kind of case


@pytest.mark.parametrize(
    ("importer", "text", "fits"),
    [
        ("catalog.operations", "from . import models", True),
        ("catalog.operations", "from .queries import case", True),
        ("catalog.queries", "from . import schemas", True),  # the same floor
        ("catalog.queries", "from . import operations", False),
        ("catalog.flow", "from . import operations, queries", True),
        ("catalog.operations", "from .flow import FLOW", False),
        ("catalog.policy", "from .views import bp", False),
        ("catalog.api", "from .views import similar", True),
        ("catalog.models", "from ..accounts.models import Organisation", True),
        ("catalog.models", "from ..accounts.queries import organisation", False),  # a higher floor
        ("accounts.models", "from ..catalog.models import Case", False),  # a later chapter
        ("statistics.views", "from ..catalog.views import bp", False),  # its doors
        ("statistics.operations", "from ..catalog import operations", True),
        ("statistics.models", "def late():\n    from ..catalog import operations", False),  # hidden in a function
        ("catalog.views", "from .. import web", True),
        ("catalog.views", "from .. import pages", False),
        ("catalog.views", "from ..indexing import document", False),
        ("catalog.views", "from ..application import RULES", False),  # the assembly
        ("catalog.views", "import library.worker", False),
        ("events", "from .policy import Actor", True),
        ("events", "from .catalog.models import Case", False),
        ("workflow", "from . import worker", False),
        ("pages", "from .statistics import views", True),
        ("catalog.operations", "from ..catalog import views", False),
    ],
)
def test_floors(importer: str, text: str, fits: bool) -> None:
    house = {"library.accounts.queries": Module("library.accounts.queries", ""), **HOUSE}
    house[f"library.{importer}"] = Module(f"library.{importer}", text)
    complaints = [line for line in upward_imports(house) if line.startswith(f"library.{importer} ")]
    assert (complaints == []) is fits


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("catalog.views", "from flask import Blueprint", None),
        ("catalog.api", "from flask_smorest import Blueprint", None),
        ("catalog.operations", "import flask", "flask"),
        ("catalog.operations", "from .. import web", "library.web"),
        ("catalog.importer", "from ..web import door", "library.web"),
        ("workflow", "from werkzeug.exceptions import NotFound", "werkzeug.exceptions"),
        ("indexing", "from flask import g", "flask"),
        ("pages", "from flask import g", None),
        ("web", "import flask", None),
        ("accounts.identity", "import flask", None),
    ],
)
def test_flask_is_for_doors(name: str, text: str, found: str | None) -> None:
    module = Module(f"library.{name}", text)
    complaints = knowers_of_flask({**HOUSE, module.name: module})
    assert [line.split(" -> ")[1] for line in complaints if line.startswith(f"{module.name} ")] == (
        [found] if found else []
    )


@pytest.mark.parametrize(
    ("name", "text", "fits"),
    [
        ("workflow", "subject.state = target", True),
        ("catalog.operations", "def create():\n    return Case(state='draft')", True),
        ("catalog.operations", "def revise():\n    return Case(state='draft')", False),
        ("catalog.views", "def create():\n    return Case(state='draft')", False),
        ("catalog.operations", "case.revision, case.state = 1, 'admitted'", False),
        ("catalog.operations", "case.state += 'x'", False),
        ("catalog.operations", "setattr(case, 'state', 'x')", False),
        ("catalog.operations", "update(Case).values(state='x')", False),
        ("catalog.models", "class Case:\n    state: str = column(default='draft')", True),
        ("catalog.queries", "select(Case).where(Case.state == 'admitted')", True),
        ("catalog.views", "render('case', state=case.state)", True),
    ],
)
def test_states_are_moved_in_one_place(name: str, text: str, fits: bool) -> None:
    module = Module(f"library.{name}", text)
    assert (setters_of_state({module.name: module}) == []) is fits


@pytest.mark.parametrize(
    ("name", "text", "fits"),
    [
        ("catalog.operations", "from datetime import datetime\nx = datetime.now(UTC)", False),
        ("catalog.operations", "import datetime\nx = datetime.date.today()", False),
        ("catalog.operations", "import time\nx = time.time()", False),
        ("catalog.operations", "import time\nx = time.monotonic()", True),
        ("events", "import datetime as dt\nx = dt.datetime.utcnow()", False),
        ("worker", "import datetime as dt\nx = dt.datetime.now(dt.UTC)", True),
        ("catalog.views", "import datetime as dt\nx = dt.datetime.now(dt.UTC)", True),
    ],
)
def test_the_clock_is_an_argument(name: str, text: str, fits: bool) -> None:
    module = Module(f"library.{name}", text)
    assert (readers_of_the_clock({module.name: module}) == []) is fits


# Verbs


def test_every_verb_is_a_noun_and_what_happens_to_it() -> None:
    verbs = [*recorded_verbs(HOUSE), *(move.verb for move in moves(HOUSE)), *RULES, *NOTICES]
    assert len(verbs) > 10
    assert misspelt_verbs(verbs) == []


@pytest.mark.parametrize(
    "verb", ["submit", "case.", "Case.submit", "case.submit.now", "case submit", "case.re-open"]
)
def test_a_misspelt_verb_is_found(verb: str) -> None:
    assert misspelt_verbs(["case.submit", "final_score.set", verb]) == [verb]


def test_every_verb_leads_one_way_from_a_state() -> None:
    all_moves = moves(HOUSE)
    assert len(all_moves) >= 4
    assert verbs_moved_twice(all_moves) == []
    assert verbs_moved_twice([*all_moves, all_moves[0]]) == [all_moves[0].verb]


def test_a_recorded_verb_is_read_from_the_source() -> None:
    source = sample(catalog__operations="events.record(session, actor, 'case.sing', 'case:1', now=now)")
    assert recorded_verbs(source) == ["case.sing"]


def test_every_notice_is_about_something_that_happens_and_has_its_letter() -> None:
    happening = {*recorded_verbs(HOUSE), *(move.verb for move in moves(HOUSE))}
    names = {path.name.removesuffix(".txt").removesuffix(".zh") for path in (ROOT / "templates/mail").iterdir()}
    assert set(NOTICES) <= happening
    # A letter with a link that opens something is written where the link is made.
    elsewhere = ("account.", "invitation.send", "expert.invite", "objection.receipt")
    assert {name for name in names if not name.startswith(elsewhere)} == set(NOTICES)


def wheres(sources: Sources) -> list[str]:
    """The read rules that stand as a WHERE too, as tests name them: `policy.visible`."""
    return [
        f"{module.place[1]}.{node.name}"
        for module in sources.values()
        if module.place[0] and module.place[1].rpartition("_")[2] == "policy"
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and [each.arg for each in node.args.args] == ["actor"]
        and node.returns is not None
        and ast.unparse(node.returns) == "ColumnElement[bool]"
    ]


def test_every_read_rule_that_stands_twice_is_compared() -> None:
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    found = wheres(HOUSE)
    assert len(found) > 5
    assert [name for name in found if f"{name}(" not in tests and f"{name})" not in tests] == []
    assert wheres(sample(catalog__entry_policy="def seen(actor) -> ColumnElement[bool]: ...")) == [
        "entry_policy.seen"
    ]
