"""Benchmark projects, certificates, results and what may be taken away, through HTTP."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import entering
import make
import noticing
import pytest
from flask.testing import FlaskClient
from noticing import SECOND
from published import AFTER, publish, ready
from sites import Site, token
from sqlalchemy import select, update

from library import jobs
from library.config import Config
from library.db import Database
from library.files import Store
from library.selection import call_archive, publication, ranking, run_queries, scores
from library.selection.benchmark_models import Benchmark, Certificate
from library.selection.decision_models import RankingRun
from library.selection.expert_models import Review
from library.selection.models import Call

OFFICER, APPROVER = "li@desk.example", "feng@desk.example"
LOSER = "落选企业"


@pytest.fixture
def site(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """An installation on the day after a notice, with a published call of two projects and a loser."""
    for clock in ("library.web.now", "sites.now"):
        monkeypatch.setattr(clock, lambda: AFTER + SECOND)
    with database.unit() as session:
        make.officer(session, email=OFFICER)
        make.officer(session, "approver", email=APPROVER)
        scene = ready(session, chosen=2, left_out=1)
        lost = noticing.organisation(session, entering_owner(scene))
        lost.name_zh = LOSER
        for number in range(2):
            entering.review(
                session,
                scene.entries[number],
                entering.expert(session, name=f"评审人{number}"),
                recognised=not number,
            )
        publish(session, scene)
    publication.carry_out(database, call=scene.call.id, now=AFTER)
    return Site(database, tmp_path)


def entering_owner(scene: noticing.Scene) -> Any:
    """Somebody who acts for the applicant that was left out."""
    from library.policy import Actor

    return Actor("x", scene.left_out[0].applicant_id)


@pytest.fixture
def project(site: Site) -> Benchmark:
    with site.database.reading() as session:
        return session.scalars(select(Benchmark).order_by(Benchmark.id).limit(1)).one()


@pytest.fixture
def paper(site: Site, project: Benchmark) -> Certificate:
    with site.database.reading() as session:
        return session.scalars(select(Certificate).where(Certificate.benchmark_id == project.id)).one()


@pytest.fixture
def call(site: Site) -> Call:
    with site.database.reading() as session:
        return session.scalars(select(Call)).one()


def get(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code, answer.get_data(as_text=True)[-600:])
    return answer.get_data(as_text=True)


def move(client: FlaskClient, code: str, verb: str, **given: str) -> int:
    form = {**given, "csrf_token": token(client, f"/desk/benchmarks/{code}")}
    answer = client.post(f"/desk/benchmarks/{code}/moves/{verb}", data=form)
    return int(answer.status_code)


def test_the_board_lists_projects_and_filters(site: Site, project: Benchmark) -> None:
    page = get(site.client(), "/benchmarks?lang=en")
    assert page.count('<li class="row">') == 2
    assert "Active benchmark project" in page
    assert "2 benchmark projects" in page
    for words, found in {
        **{"direction=governance": 2, "direction=life": 0, "sector=metering": 2, "sector=smart-home": 0},
        **{"state=active": 2, "state=revoked": 0, "state=standing": 2, "province=44": 0, "call=NONE": 0},
        **{f"sort={sort}": 2 for sort in ("newest", "ending", "connections", "title")},
    }.items():
        assert get(site.client(), f"/benchmarks?{words}").count('<li class="row">') == found, words
    rows = list(csv.reader(io.StringIO(get(site.client(), "/benchmarks.csv").lstrip("\ufeff"))))
    assert {row[0] for row in rows[1:]} >= {project.code}
    assert len(rows) == 3
    assert site.client().get("/benchmarks.xlsx").data[:2] == b"PK"


def test_one_project_says_its_term_its_call_and_its_certificate(
    site: Site, project: Benchmark, call: Call
) -> None:
    page = get(site.client(), f"/benchmarks/{project.code}?lang=en")
    for words in ("9 March 2027", "8 March 2029", "Active benchmark project", str(call.code), "-C-"):
        assert words in page
    get(site.client(), "/benchmarks/NONE", 404)


def test_the_case_says_that_it_is_a_benchmark_project(site: Site, project: Benchmark) -> None:
    with site.database.reading() as session:
        code = session.get_one(Benchmark, project.id).case.code
    assert "Benchmark project until 8 March 2029" in get(site.client(), f"/cases/{code}?lang=en")
    assert "2 benchmark projects" in get(site.client(), "/?lang=en")


@pytest.mark.parametrize("typed", ["{0}", "{1}", " {0} ", "{2}", "{3}"])
def test_a_number_is_found_however_it_is_typed(site: Site, paper: Certificate, typed: str) -> None:
    number = paper.number
    wide = "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in number)
    said = typed.format(number, number.lower(), wide, number.replace("-", " – "))
    page = get(site.client(), f"/verify/{said}?lang=en")
    assert "This certificate is valid until 8 March 2029" in page
    assert number in page
    assert paper.list_sha256 in page


def test_a_number_that_was_never_issued(site: Site, call: Call) -> None:
    page = get(site.client(), f"/verify/{call.code}-C-999999?lang=en", 404)
    assert "There is no such certificate" in page
    assert "<form" in page
    get(site.client(), "/verify?number=nothing", 404)
    assert "<form" in get(site.client(), "/verify")
    get(site.client(), "/api/v1/verify/nothing", 404)


def test_revoked_by_an_approver_it_says_so_everywhere(site: Site, project: Benchmark, paper: Certificate) -> None:
    officer, approver = site.signed_in(OFFICER), site.signed_in(APPROVER)
    assert move(officer, project.code, "benchmark.revoke", reason="不实") == 403
    assert move(approver, project.code, "benchmark.revoke", reason=" ") == 422
    assert move(approver, project.code, "benchmark.revoke", reason="连接数经核实不实。") == 303
    for address in (f"/verify/{paper.number}?lang=en", f"/benchmarks/{project.code}?lang=en"):
        page = get(site.client(), address)
        assert "Revoked on 9 March 2027" in page
        assert "连接数经核实不实。" in page
    said = site.client().get(f"/api/v1/verify/{paper.number}").get_json()
    assert (said["valid"], said["standing"], said["reason"]) == (False, "revoked", "连接数经核实不实。")
    assert move(approver, project.code, "benchmark.revoke", reason="再次") == 409


def test_an_expired_one_says_so_before_a_worker_comes_to_it(
    site: Site, paper: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("library.web.now", lambda: AFTER.replace(year=2029, day=9))
    assert "Expired: it was valid until 8 March 2029" in get(site.client(), f"/verify/{paper.number}?lang=en")
    assert site.client().get(f"/api/v1/verify/{paper.number}").get_json()["standing"] == "expired"


def test_programs_read_the_same(site: Site, project: Benchmark, paper: Certificate) -> None:
    answer = site.client().get("/api/v1/benchmarks?per_page=1")
    assert answer.get_json()["total"] == 2
    assert 'rel="next"' in answer.headers["Link"]
    one = site.client().get(f"/api/v1/benchmarks/{project.code}")
    assert one.get_json()["certificate"] == paper.number
    tag = one.headers["ETag"]
    assert (
        site.client().get(f"/api/v1/benchmarks/{project.code}", headers={"If-None-Match": tag}).status_code == 304
    )
    said = site.client().get(f"/api/v1/verify/{paper.number}").get_json()
    assert (said["valid"], said["standing"], said["list_sha256"]) == (True, "valid", paper.list_sha256)


def test_the_published_list_is_the_one_that_its_hash_says(site: Site, call: Call, paper: Certificate) -> None:
    page = get(site.client(), f"/calls/{call.code}/result?lang=en")
    assert paper.list_sha256 in page
    content = site.client().get(f"/calls/{call.code}/result/list.json").data
    assert hashlib.sha256(content).hexdigest() == paper.list_sha256
    for item in json.loads(content):
        assert item["certificate"] in page
    assert LOSER not in page
    for ending in ("csv", "xlsx"):
        assert site.client().get(f"/calls/{call.code}/result/list.{ending}").status_code == 200
    assert get(site.client(), f"/calls/{call.code}/scores.csv").startswith("\ufeffcase,expert,score")
    assert f"/calls/{call.code}/result" in get(site.client(), f"/calls/{call.code}")


def test_the_report_names_no_loser_and_no_expert(site: Site, call: Call) -> None:
    with site.database.reading() as session:
        people = [row.person.name for row in session.scalars(select(Review))]
    page = get(site.client(), f"/calls/{call.code}/report?lang=en")
    table = get(site.client(), f"/calls/{call.code}/report.csv?lang=en")
    for text in (page, table):
        assert LOSER not in text
        assert not [name for name in people if name and name in text]
        assert "&lt;5" in text or "<5" in text
    assert "In 1 of 2 score sheets" in page


def test_an_outsider_computes_the_same_from_the_table_of_scores(site: Site, call: Call) -> None:
    table = [
        ["R-1", "E1", 80.0, 1.0],
        ["R-1", "E2", 70.5, 1.0],
        ["R-2", "E1", 60.0, 0.8],
        ["R-2", "E2", 65.0, 1.0],
    ]
    digest = run_queries.inputs_digest({"scores": table})
    with site.database.unit() as session:
        given = {"inputs": json.dumps({"scores": table}), "inputs_sha256": digest}
        session.execute(update(RankingRun).values(**given))
    content = site.client().get(f"/calls/{call.code}/scores.csv").data
    found = ranking.ranking(scores.read(content))
    assert found["inputs_sha256"] == digest
    assert found["ranked"]
    assert digest in get(site.client(), f"/calls/{call.code}/result")


def test_nothing_of_it_is_there_before(database: Database, tmp_path: Path) -> None:
    with database.unit() as session:
        scene, _ = noticing.noticed(session)
    site = Site(database, tmp_path)
    for address in ("result", "report", "report.csv", "scores.csv", "record.pdf", "result/list.json"):
        get(site.client(), f"/calls/{scene.call.code}/{address}", 404)


def test_the_print_view_of_a_certificate_needs_no_font(site: Site, project: Benchmark, paper: Certificate) -> None:
    page = get(site.client(), f"/benchmarks/{project.code}/certificate?lang=en")
    for words in (paper.number, "<svg", paper.list_sha256, f"/verify/{paper.number}", "证书"):
        assert words in page
    get(site.client(), f"/benchmarks/{project.code}/certificate.pdf", 404)


def test_lists_are_taken_away_by_officers_alone(site: Site, call: Call) -> None:
    officer = site.signed_in(OFFICER)
    get(officer, f"/desk/calls/{call.key}/exports")
    for name in ("entries", "assignments", "progress", "ranking", "list", "notice", "objections"):
        for ending in ("csv", "xlsx"):
            address = f"/desk/calls/{call.key}/exports/{name}.{ending}"
            assert officer.get(address).status_code == 200, name
            assert site.client().get(address).status_code in (302, 303, 401, 403)
    assert str(call.code) in get(officer, "/desk/calls.csv")
    get(officer, f"/desk/calls/{call.key}/exports/secrets.csv", 404)


def test_the_whole_call_is_one_archive_with_a_manifest(site: Site, call: Call, tmp_path: Path) -> None:
    officer = site.signed_in(OFFICER)
    get(officer, f"/desk/calls/{call.key}/archive.zip", 404)
    form = {"csrf_token": token(officer, f"/desk/calls/{call.key}/exports")}
    assert officer.post(f"/desk/calls/{call.key}/archive", data=form).status_code == 303
    config = Config.read(
        {"CASELIB_DATA": str(tmp_path / "x"), "CASELIB_FILES": str(site.app.extensions["files"].root)}
    )
    jobs.JOBS[call_archive.ARCHIVE](config, site.database, {"call": call.id}, AFTER)
    content = officer.get(f"/desk/calls/{call.key}/archive.zip", buffered=True).data
    whole = zipfile.ZipFile(io.BytesIO(content))
    manifest = json.loads(whole.read("manifest.json"))
    assert set(manifest["files"]) == set(whole.namelist()) - {"manifest.json"}
    for name, said in manifest["files"].items():
        assert hashlib.sha256(whole.read(name)).hexdigest() == said["sha256"], name
    for line in whole.read("SHA256SUMS").decode().splitlines():
        digest, _, name = line.partition("  ")
        assert hashlib.sha256(whole.read(name)).hexdigest() == digest
    with site.database.reading() as session:
        people = {row.person.name for row in session.scalars(select(Review))}
        store = Store(site.app.extensions["files"].root)
        again = tmp_path / "again.zip"
        call_archive.write(session, session.get_one(Call, call.id), store, again)
    assert again.read_bytes() == content
    text = "".join(whole.read(name).decode() for name in whole.namelist() if not name.endswith(".pdf"))
    assert not [name for name in people if name in text]
    assert re.search(r'"verb":"call.publish"', text)
    assert '"verb":"review.' not in text
