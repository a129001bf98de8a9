"""Seed files: all of them or none, each mistake pointed at, the same file twice is no news."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import make
import pytest
from sqlalchemy import func, select

from library.catalog import queries
from library.catalog.flow import FLOW
from library.catalog.importer import Outcome, import_cases, import_taxonomy, read
from library.catalog.models import Case, Revision, Term
from library.catalog.operations import SCHEMA
from library.config import ROOT
from library.db import Base, Database
from library.errors import Forbidden, Invalid
from library.events import Event, EventDetail, since
from library.files import Store
from library.policy import SYSTEM, VISITOR, Actor
from library.seeding import NOT_CASES
from library.workflow import step


def files(folder: Path, count: int = 5) -> list[Path]:
    return [make.file(folder, make.document(code=f"MIOT-P-{number:04d}")) for number in range(1, count + 1)]


def load(database: Database, paths: list[Path]) -> Outcome:
    with database.unit() as session:
        return import_cases(session, make.OFFICER, paths, now=make.NOW)


def everything(database: Database) -> dict[str, list[Any]]:
    with database.reading() as session:
        return {table.name: list(session.execute(select(table))) for table in Base.metadata.sorted_tables}


def refusal(database: Database, paths: list[Path]) -> list[str]:
    """The sentences of a refused import, which must not have changed anything."""
    before = everything(database)
    with pytest.raises(Invalid) as refused:
        load(database, paths)
    assert everything(database) == before
    return [str(refused.value), *map(str, refused.value.reasons)]


@pytest.fixture
def library(database: Database) -> Database:
    """A library that has the taxonomy."""
    with database.unit() as session:
        make.taxonomy(session)
    return database


# What goes in


def test_new_cases_are_collected_through_the_flow(library: Database, tmp_path: Path) -> None:
    paths = files(tmp_path, 3)
    seen: list[tuple[int, int]] = []
    with library.unit() as session:
        outcome = import_cases(
            session,
            make.OFFICER,
            paths,
            now=make.NOW,
            progress=lambda done, of: seen.append((done, of)),
        )
    assert outcome == Outcome(added=3)
    assert seen == [(1, 3), (2, 3), (3, 3)]
    with library.reading() as session:
        cases = session.scalars(select(Case).order_by(Case.id)).all()
        assert [(case.code, case.state, case.revision) for case in cases] == [
            (f"MIOT-P-{number:04d}", "admitted", 1) for number in (1, 2, 3)
        ]
        log = since(session, 0)
        assert [(event.verb, event.actor, event.subject) for event in log] == [
            ("case.collect", "officer:1", f"case:{case.id}") for case in cases
        ]
        kept = json.loads(session.get_one(EventDetail, 2).detail)
        assert kept == {"code": "MIOT-P-0002", "from": "draft", "to": "admitted"}
        document = queries.revision(session, VISITOR, cases[0]).document
        assert document == SCHEMA.dump(read(paths[0], SCHEMA))


def test_the_same_files_again_are_no_news(library: Database, tmp_path: Path) -> None:
    paths = files(tmp_path)
    load(library, paths)
    before = everything(library)
    assert load(library, paths) == Outcome(unchanged=5)
    assert everything(library) == before


def test_another_layout_of_the_same_content_is_no_news(library: Database, tmp_path: Path) -> None:
    [path] = files(tmp_path, 1)
    load(library, [path])
    document = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(dict(reversed(document.items())), ensure_ascii=True), encoding="utf-8")
    assert load(library, [path]) == Outcome(unchanged=1)


def test_a_changed_file_is_a_new_revision_and_one_event(library: Database, tmp_path: Path) -> None:
    paths = files(tmp_path)
    load(library, paths)
    changed = make.document(code="MIOT-P-0003", title={"zh": "改"})
    added = make.file(tmp_path, make.document(code="MIOT-P-0006"))
    make.file(tmp_path, changed)
    assert load(library, [*paths, added]) == Outcome(added=1, changed=1, unchanged=4)
    with library.reading() as session:
        case = queries.case(session, VISITOR, "MIOT-P-0003")
        titles = [row.document["title"]["zh"] for row in queries.revisions(session, VISITOR, case)]
        assert (case.revision, case.title_zh, titles) == (2, "改", ["改", "智能水表"])
        assert [(event.seq, event.verb, event.subject) for event in since(session, 5)] == [
            (6, "case.revise", f"case:{case.id}"),
            (7, "case.collect", "case:6"),
        ]


def test_a_case_that_was_taken_out_stays_out(library: Database, tmp_path: Path) -> None:
    """Archived, perhaps because its owner asked for it: the file on the next start must not bring it back."""
    [path] = files(tmp_path, 1)
    load(library, [path])
    with library.unit() as session:
        step(FLOW, session, SYSTEM, session.get_one(Case, 1), "case.archive", now=make.NOW)
    before = everything(library)
    make.file(tmp_path, make.document(title={"zh": "改"}))
    assert load(library, [path]) == Outcome(archived=1)
    assert everything(library) == before


def test_only_the_texts_of_certain_writers_are_replaced(library: Database, tmp_path: Path) -> None:
    """So that what is packaged with the code never undoes what somebody corrected."""
    seeding, collector = (Actor(name, roles=make.OFFICER.roles) for name in ("seed", "officer:2"))

    def load_as(actor: Actor, over: list[str] | None, *paths: Path) -> Outcome:
        with library.unit() as session:
            return import_cases(session, actor, paths, now=make.NOW, over=over)

    first, second = files(tmp_path, 2)
    load_as(seeding, ["seed"], first, second)
    (tmp_path / "new").mkdir()
    correction = make.file(tmp_path / "new", make.document(title={"zh": "正"}))
    assert load_as(collector, None, correction) == Outcome(changed=1)
    assert load_as(seeding, ["seed"], correction) == Outcome(unchanged=1)
    make.file(tmp_path, make.document(code="MIOT-P-0002", title={"zh": "新"}))
    assert load_as(seeding, ["seed"], first, second) == Outcome(changed=1, kept=("MIOT-P-0001",))
    with library.reading() as session:
        titles = session.execute(select(Case.title_zh, Case.revision).order_by(Case.id)).all()
    assert list(map(tuple, titles)) == [("正", 2), ("新", 2)]


def test_nobody_imports_who_may_not_collect(library: Database, tmp_path: Path) -> None:
    with pytest.raises(Forbidden), library.unit() as session:
        import_cases(session, VISITOR, files(tmp_path), now=make.NOW)
    with library.reading() as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 0


def test_an_import_of_nothing(library: Database) -> None:
    assert load(library, []) == Outcome()


# What is refused


def broken(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        document = json.loads(path.read_text(encoding="utf-8"))
        change(document)
        path.write_text(json.dumps(document, ensure_ascii=False, indent=2), encoding="utf-8")

    return write


def text(old: str, new: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        before = path.read_text(encoding="utf-8")
        assert before.count(old) == 1
        path.write_text(before.replace(old, new), encoding="utf-8")

    return write


REFUSED = "miot-p-0003.json is refused; nothing was changed."
NO_OBJECT = "miot-p-0003.json holds no JSON object, which begins with { and ends with }."
TOO_MUCH = "miot-p-0003.json is nested too deeply, or a number in it is too long."
BREAKS: list[tuple[Callable[[Path], object], list[str]]] = [
    (
        text('"origin": "collected",', '"origin": "collected"'),
        ["miot-p-0003.json, line 4: not JSON: Expecting ',' delimiter."],
    ),
    (lambda path: path.write_text(""), ["miot-p-0003.json, line 1: not JSON: Expecting value."]),
    (
        lambda path: path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030")),
        ["miot-p-0003.json is not UTF-8 text."],
    ),
    (lambda path: path.write_text("[]"), [NO_OBJECT]),
    (lambda path: path.write_text(" 5"), [NO_OBJECT]),
    (lambda path: path.write_text("[" * 100_000), [TOO_MUCH]),
    (lambda path: path.write_text('{"a": ' * 100_000), [TOO_MUCH]),
    (lambda path: path.write_text("9" * 5_000), [TOO_MUCH]),
    (
        text('"status": "live",', '"status": "live",\n  "st\\u0061tus": "ended",'),
        [REFUSED, "miot-p-0003.json, line 32, status: This key stands here twice."],
    ),
    (
        text('"kind": "solution",', '"kind": "solution", "kind": "plans",'),
        [REFUSED, "miot-p-0003.json, line 56, sections.0.kind: This key stands here twice."],
    ),
    (
        broken(lambda document: document.pop("summary")),
        [REFUSED, "miot-p-0003.json, line 1, summary: Missing data for required field."],
    ),
    (
        broken(lambda document: document["title"].pop("zh")),
        [REFUSED, "miot-p-0003.json, line 4, title.zh: Missing data for required field."],
    ),
    (
        text('"status": "live"', '"status": "gone"'),
        [REFUSED, "miot-p-0003.json, line 31, status: Must be one of: pilot, live, ended, unknown."],
    ),
    (
        text('"value": 120000', '"value": "many"'),
        [REFUSED, "miot-p-0003.json, line 44, connections.0.value: Not a valid integer."],
    ),
    (
        broken(lambda document: document["connections"][0].update(source=2)),
        [REFUSED, "miot-p-0003.json, line 43, connections.0: There is no source 2; the case lists 1."],
    ),
    (
        broken(lambda document: document.update(title={"zh": ""}, colour="red")),
        [
            REFUSED,
            "miot-p-0003.json, line 5, title.zh: Length must be between 1 and 120.",
            "miot-p-0003.json, line 73, colour: Unknown field.",
        ],
    ),
    # What only the database can know
    (
        text('"water-metering"', '"rockets"'),
        [REFUSED, "miot-p-0003.json, line 12, sectors: Unknown code: rockets."],
    ),
    (
        broken(lambda document: document.update(technologies=["edge-computing"] * 2)),
        [REFUSED, "miot-p-0003.json, line 15, technologies: The same code stands here twice."],
    ),
    (
        broken(lambda document: document.update(origin="submitted", code="MIOT-2026-0001")),
        [REFUSED, "miot-p-0003.json, line 3, origin: Only an organisation submits a case."],
    ),
    (
        text("MIOT-P-0003", "MIOT-P-0001"),
        ["MIOT-P-0001 stands in two files: miot-p-0001.json and miot-p-0003.json."],
    ),
]


@pytest.mark.parametrize(("wreck", "sentences"), BREAKS)
def test_one_broken_file_of_five_is_pointed_at_and_nothing_is_changed(
    library: Database, tmp_path: Path, wreck: Callable[[Path], object], sentences: list[str]
) -> None:
    paths = files(tmp_path)
    wreck(paths[2])
    assert refusal(library, paths) == sentences


def test_a_broken_change_of_one_of_five_known_cases_changes_none(library: Database, tmp_path: Path) -> None:
    paths = files(tmp_path)
    load(library, paths)
    make.file(tmp_path, make.document(code="MIOT-P-0001", title={"zh": "改"}))
    text('"water-metering"', '"rockets"')(paths[2])
    assert refusal(library, paths) == [
        REFUSED,
        "miot-p-0003.json, line 12, sectors: Unknown code: rockets.",
    ]


# Two at once

IMPORT = """
import sys
from pathlib import Path
import make
from library.catalog.importer import import_cases, import_taxonomy
from library.db import Database
from library.files import Store

database, folder = Database(sys.argv[1]), Path(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
with database.unit() as session:
    import_taxonomy(session, make.OFFICER, folder / "taxonomy.json", now=make.NOW)
    outcome = import_cases(session, make.OFFICER, sorted(folder.glob("miot*.json")), now=make.NOW)
print(outcome)
"""


def test_two_processes_that_import_at_once_add_each_case_once(database: Database, tmp_path: Path) -> None:
    files(tmp_path, 8)
    (tmp_path / "taxonomy.json").write_text(json.dumps(make.taxonomy_document()), encoding="utf-8")
    url = database.engine.url.render_as_string(hide_password=False)
    children = [
        subprocess.Popen(
            [sys.executable, "-c", IMPORT, url, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        )
        for _ in range(2)
    ]
    for child in children:
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin
        child.stdin.write("go\n")
        child.stdin.flush()
    said = sorted(child.communicate()[0].strip() for child in children)
    assert said == [str(Outcome(unchanged=8)), str(Outcome(added=8))]
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Revision)) == 8
        assert [event.verb for event in since(session, 0)] == ["taxonomy.load", *["case.collect"] * 8]


# The taxonomy


def test_a_taxonomy_is_loaded_with_an_event_that_names_what_changed(database: Database, tmp_path: Path) -> None:
    given = make.taxonomy_document()

    def load_it() -> None:
        path = make.file(tmp_path, given, "taxonomy.json")
        with database.unit() as session:
            import_taxonomy(session, SYSTEM, path, now=make.NOW)

    load_it()
    load_it()  # the same again is no news
    given["sectors"][1]["title"]["zh"] = "工厂"
    load_it()
    with database.reading() as session:
        assert session.get_one(Term, ("sector", "manufacturing")).title["zh"] == "工厂"
        details = [
            json.loads(detail) for detail in session.scalars(select(EventDetail.detail).order_by(EventDetail.seq))
        ]
        assert [event.verb for event in since(session, 0)] == ["taxonomy.load"] * 2
    codes = [f"sector:{code}" for code, *_ in make.SECTORS] + [
        f"technology:{code}" for code, *_ in make.TECHNOLOGIES
    ]
    assert details == [{"changed": codes}, {"changed": ["sector:manufacturing"]}]


def test_a_broken_taxonomy_is_pointed_at_and_nothing_is_changed(library: Database, tmp_path: Path) -> None:
    given = make.taxonomy_document()
    given["sectors"][0]["title"]["zh"] = "改"
    given["sectors"][2]["parent"] = "life"
    path = make.file(tmp_path, given, "taxonomy.json")
    before = everything(library)
    with pytest.raises(Invalid) as refused, library.unit() as session:
        import_taxonomy(session, SYSTEM, path, now=make.NOW)
    assert [str(reason) for reason in refused.value.reasons] == [
        "taxonomy.json, line 23, sectors.2.parent: No term further up has this code."
    ]
    assert everything(library) == before


# Our own files


def test_the_library_takes_all_of_its_own_seed_files(database: Database, tmp_path: Path) -> None:
    seeds = ROOT / "seed_cases"
    paths = [
        path
        for path in (*sorted(seeds.glob("*.json")), *sorted(seeds.glob("demo/*.json")))
        if path.name not in NOT_CASES
    ]
    assert len(paths) >= 40
    with database.unit() as session:
        import_taxonomy(session, SYSTEM, seeds / "taxonomy.json", now=make.NOW)
        store = Store(tmp_path / "files")
        assert import_cases(session, SYSTEM, paths, now=make.NOW, store=store) == Outcome(added=len(paths))
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == len(paths) + 1
        assert sum(1 for _ in queries.current(session, VISITOR)) == len(paths)
