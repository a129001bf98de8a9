"""The command line: what it says and does, and that whatever goes wrong is told in a sentence."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import make
import pytest
from click.testing import CliRunner, Result
from sites import Site, rows, token
from sqlalchemy import update

from library import cli
from library.catalog import queries
from library.catalog.models import Case, Revision
from library.config import ROOT
from library.db import Database
from library.policy import VISITOR

COMMANDS = ("seed", "reindex", "reports", "check-chain")
SEED, SEEDED = "madrid-large-diameter-meters-contract.json", "MIOT-P-0024"


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return Site(database, tmp_path)


def refused(result: Result) -> str:
    """The one sentence of a refusal."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.output.startswith("Error: ")
    return result.output


def public(site: Site) -> int:
    with site.database.reading() as session:
        return queries.total(session, VISITOR)


def test_seeding_twice_changes_nothing(site: Site) -> None:
    first = site.command("seed")
    assert first.exit_code == 0
    real = public(site)
    assert f"{real} cases added, 0 changed, 0 as they were." in first.output
    assert f"0 cases added, 0 changed, {real} as they were." in site.command("seed").output
    with_demo = site.command("seed", "--demo").output
    packaged = len(list((ROOT / "seed_cases/demo").glob("*.json")))
    assert f"{packaged} cases added, 0 changed, {real} as they were." in with_demo
    everything = public(site)  # those of invented organisations too, which come with their calls
    assert everything > real + packaged
    assert f"0 cases added, 0 changed, {real + packaged} as they were." in site.command("seed", "--demo").output
    assert public(site) == everything


def changed_seed(folder: Path) -> Path:
    """A packaged case as somebody corrects it."""
    document = json.loads((ROOT / "seed_cases" / SEED).read_text(encoding="utf-8"))
    document["title"]["zh"] = "更正"
    return make.file(folder, document)


def test_seeding_again_keeps_a_correction_and_says_so(site: Site, tmp_path: Path) -> None:
    site.command("seed")
    changed = changed_seed(tmp_path)
    assert site.command("import", "--revise", str(changed)).exit_code == 0
    said = site.command("seed").output.splitlines()
    assert said[-2].startswith("0 cases added, 0 changed, ")
    assert said[-1] == f"Corrected here and kept so, though the packaged text is another: {SEEDED}."
    with site.database.reading() as session:
        case = queries.case(session, VISITOR, SEEDED)
        assert (case.revision, case.title_zh) == (2, "更正")


def test_an_import_revises_only_when_that_was_asked(site: Site, tmp_path: Path) -> None:
    site.command("seed")
    with site.database.reading() as session:
        title = queries.case(session, VISITOR, SEEDED).title_zh
    changed = changed_seed(tmp_path)
    words = ("import", str(changed))
    ask = f"Error: {SEEDED} is here already, “{title}”; to revise it with {changed.name} say --revise.\n"
    assert refused(site.command(*words)) == ask
    assert refused(site.command(*words)) == ask  # nothing was changed
    assert site.command(*words, "--revise").output == f"{changed.name} revised {SEEDED}, “{title}”.\n"
    assert "known already" in site.command(*words).output
    assert "known already" in site.command(*words, "--revise").output
    site.command("reports", "--archive", SEEDED)
    for flag in ((), ("--revise",)):
        assert refused(site.command(*words, *flag)) == (
            f"Error: The case of {changed.name} is archived; nothing was changed.\n"
        )


def test_production_takes_no_demonstration(sqlite: Database, tmp_path: Path) -> None:
    site = Site(sqlite, tmp_path, ENV="production", SECRET_KEY="s" * 40, OPERATOR="An operator")
    assert "refused when CASELIB_ENV=production" in refused(site.command("seed", "--demo"))
    assert public(site) == 0


def test_a_broken_file_is_refused_with_its_place_and_changes_nothing(site: Site, tmp_path: Path) -> None:
    site.add()
    broken = make.file(tmp_path, make.document(code="MIOT-P-0777", networks=["6g"], status="dreamt"))
    said = refused(site.command("import", str(broken)))
    lines = {
        name: number
        for number, line in enumerate(broken.read_text().splitlines(), 1)
        for name in ("6g", "dreamt")
        if name in line
    }
    assert "miot-p-0777.json is refused; nothing was changed." in said
    assert f"miot-p-0777.json, line {lines['6g']}, networks.0:" in said
    assert f"miot-p-0777.json, line {lines['dreamt']}, status:" in said
    for content in (b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"code": 1}'):
        broken.write_bytes(content)
        assert "miot-p-0777.json" in refused(site.command("import", str(broken))), content[:20]
    assert public(site) == 1


def test_reindexing_makes_the_search_whole_again(site: Site) -> None:
    codes = [site.add(), site.add()]
    assert "public cases of 2" in site.command("reindex").output
    assert sorted(rows(site.client(), "/search")) == codes


def test_the_rules_are_listed() -> None:
    said = CliRunner().invoke(cli.main, ["rules"]).output.splitlines()
    assert "may   case.see" in said
    assert "move  case.archive: admitted -> archived" in said


def test_the_chain_is_checked_here_and_elsewhere(site: Site, tmp_path: Path) -> None:
    site.seed()
    assert site.command("check-chain").exit_code == 0
    anchors, export = tmp_path / "anchors.json", tmp_path / "chain.jsonl"
    anchors.write_bytes(site.client().get("/feeds/anchors.json").get_data())
    assert f"written to {export}" in site.command("export", str(export)).output
    elsewhere = CliRunner().invoke(cli.main, ["check-chain", str(export), "--anchors", str(anchors), "--json"])
    found = json.loads(elsewhere.output)
    assert (elsewhere.exit_code, found["unbroken"], found["anchors_matched"]) == (0, True, 1)

    lines = export.read_text().splitlines()
    export.write_text("\n".join([*lines[:5], lines[5].replace("case.collect", "case.archive"), *lines[6:]]))
    forged = CliRunner().invoke(cli.main, ["check-chain", str(export), "--json"])
    assert (forged.exit_code, json.loads(forged.output)["first_broken"]) == (1, 6)
    export.write_text("\n".join(lines[:-1]))
    shortened = CliRunner().invoke(cli.main, ["check-chain", str(export), "--anchors", str(anchors)])
    assert (shortened.exit_code, "MISSING" in shortened.output) == (1, True)


def test_a_revision_that_somebody_rewrote_is_found(site: Site) -> None:
    site.add()
    with site.database.unit() as session:
        [revision] = session.query(Revision)
        changed = {**revision.document, "status": "ended"}
        session.execute(update(Revision).values(document=changed))
    result = site.command("check-chain")
    assert (result.exit_code, "CHANGED since event 1: revision:" in result.output) == (1, True)


def test_files_that_are_not_what_they_should_be(site: Site, tmp_path: Path) -> None:
    for name, content in (
        ("a", b"{}"),
        ("b", b"\xff\xfe\x00"),
        ("c", b"[]\n"),
        ("d", b'{"anchors": [{"seq": "x"}]}'),
    ):
        (tmp_path / name).write_bytes(content)
        assert name in refused(site.command("check-chain", "--anchors", str(tmp_path / name)))
        assert name in refused(site.command("check-chain", str(tmp_path / name)))


def test_reports_that_do_not_exist_or_cannot_be_answered(site: Site) -> None:
    code, client = site.add(), site.client()
    form = {"csrf_token": token(client, f"/cases/{code}/report"), "ground": "error", "text": "Two\nlines \x1b[2J"}
    assert client.post(f"/cases/{code}/report", data=form).status_code == 422
    form["text"] = "Two\nlines"
    assert client.post(f"/cases/{code}/report", data=form).status_code == 303
    assert "There is no report 99." in refused(site.command("reports", "--answer", "99", "Done."))
    assert site.command("reports", "--answer", "abc", "Done.").exit_code == 2
    assert "There is no case MIOT-P-0999." in refused(site.command("reports", "--archive", "MIOT-P-0999"))
    assert site.command("reports", "--archive", code).exit_code == 0
    assert "state has changed" in refused(site.command("reports", "--archive", code))
    with site.database.reading() as session:
        assert [case.state for case in session.query(Case)] == ["archived"]


@pytest.mark.parametrize(
    "command", [*COMMANDS, "work", "serve", "export FILE", "import FILE", "import FILE --revise"]
)
def test_without_a_library_every_command_says_so_and_makes_none(tmp_path: Path, command: str) -> None:
    file = make.file(tmp_path, make.document())
    settings = {"CASELIB_DATA": str(tmp_path / "data"), "CASELIB_ENV": "test", "PORT": "0"}
    words = command.replace("FILE", str(file)).split()
    said = refused(CliRunner().invoke(cli.main, words, env=settings))
    assert said == "Error: There is no library here yet: run caselib migrate.\n"
    assert not (tmp_path / "data" / "library.db").exists()


def test_a_database_without_tables_is_no_library(tmp_path: Path) -> None:
    (tmp_path / "library.db").touch()
    result = CliRunner().invoke(cli.main, ["seed"], env={"CASELIB_DATA": str(tmp_path), "CASELIB_ENV": "test"})
    assert "There is no library here yet" in refused(result)


@pytest.mark.parametrize("command", ["migrate", *COMMANDS])
def test_a_database_that_is_away_is_one_sentence(tmp_path: Path, command: str) -> None:
    (tmp_path / "data").mkdir()
    settings = {"CASELIB_DATA": str(tmp_path / "data"), "CASELIB_ENV": "test"}
    away = [f"postgresql+psycopg://nobody@/none?host={tmp_path}"]
    if command == "migrate":
        away.append(f"sqlite:///{tmp_path}/nowhere/library.db")
    for url in away:
        result = CliRunner().invoke(cli.main, [command], env={**settings, "CASELIB_DATABASE_URL": url})
        assert "The database does not answer" in refused(result)
    for url in ("nonsense", "mysql://root@localhost/x"):
        result = CliRunner().invoke(cli.main, [command], env={**settings, "CASELIB_DATABASE_URL": url})
        assert "CASELIB_DATABASE_URL" in refused(result)


def test_a_folder_that_cannot_be_written_to_is_one_sentence(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    result = CliRunner().invoke(
        cli.main, ["reindex"], env={**site.environment, "CASELIB_DATA": str(tmp_path / "file/data")}
    )
    assert str(tmp_path / "file") in refused(result)
    assert str(tmp_path / "file") in refused(site.command("export", str(tmp_path / "file/chain.jsonl")))


def test_broken_packaged_cases_are_told_and_do_not_close_the_open_site(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    (seeds / "taxonomy.json").write_text("{", encoding="utf-8")
    cli._bring_in_new(dataclasses.replace(site.config, seeds=seeds), site.database)
    said = capsys.readouterr().err
    assert said.startswith("The packaged cases were not brought in.\n")
    assert "taxonomy.json, line 1: not JSON" in said
