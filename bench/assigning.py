"""Experts for a large call: 5 000 entries with five of 300 experts each, as a plan that is proved the best.

Conflicts are drawn for two in a hundred pairs, each by itself: the hardest case, since no two entries are alike.
With room for all, and with hardly any; then the plan is mixed and linked. The bar is of the whole.
"""

from __future__ import annotations

import datetime as dt
import resource
import tempfile
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from sqlalchemy import insert, select

from library import create_app
from library.accounts.identity import WORD
from library.accounts.models import Organisation, Person, PersonRole
from library.accounts.people import sign_in
from library.catalog.models import Case, Revision, Term
from library.config import Config
from library.db import Database
from library.migrations import upgrade
from library.selection.assign_links import groups, joined, mixed
from library.selection.assigning import Problem, best, figures
from library.selection.entry_models import Entry
from library.selection.expert_models import Assignment, Expert, Review
from library.selection.models import Call, Quota

EXPERTS, REVIEWS, SECTORS, BAR = 300, 5, 30, 20.0
PAGE, ROUNDS = 15.0, 20


def main(entries: str = "5000") -> None:
    size = int(entries)
    fair = -(-size * REVIEWS // EXPERTS)
    print(f"{size} entries x {REVIEWS} of {EXPERTS} experts, CPU")
    for name, most in (("with room", fair + 16), ("hardly room", fair), ("too few", fair * 2 // 3)):
        problem = drawn(size, most)
        pairs, solving = timed(lambda problem=problem: best(problem, seed=1))  # type: ignore[misc]
        stirred, mixing = timed(lambda problem=problem, pairs=pairs: mixed(problem, pairs, seed=1))  # type: ignore[misc]
        whole, linking = timed(lambda problem=problem, stirred=stirred: joined(problem, stirred))  # type: ignore[misc]
        seen = figures(problem, whole)
        print(
            f"{name:14} {solving:6.2f} s solved {mixing:6.2f} s mixed {linking:6.2f} s linked   bar {BAR:.0f} s"
            f"   lacking {seen.lacking}, outside the sector {seen.outside},"
            f" groups {len(groups(problem, whole).found)}"
        )
    print(f"{'memory of this process':40}{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB")
    pages(size)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What it gives, and its CPU seconds."""
    began = time.process_time()
    return work(), time.process_time() - began


def drawn(entries: int, most: int) -> Problem:
    """Experts who know about five sectors of thirty each."""
    chance = np.random.default_rng(20261123)
    sector = chance.integers(0, SECTORS, entries)
    knows = chance.random((EXPERTS, SECTORS)) < 5 / SECTORS
    return Problem(
        need=np.full(entries, REVIEWS),
        has=np.zeros(entries, int),
        free=np.full(EXPERTS, most),
        load=np.zeros(EXPERTS, int),
        barred=chance.random((entries, EXPERTS)) < 0.02,
        knows=knows[:, sector].T,
    )


def pages(entries: int) -> None:
    """CPU of the pages of the pool and of reviews at this size, for an officer signed in."""
    with tempfile.TemporaryDirectory() as name:
        config = Config.read({"CASELIB_DATA": name, "CASELIB_ENV": "test"})
        database = Database(config.database_url)
        upgrade(database)
        word, paths = filled(database, entries, dt.datetime.now(dt.UTC))
        client = create_app(config, database).test_client()
        with client.session_transaction() as cookie:
            cookie[WORD] = word
        for label, path in paths.items():
            for _ in range(3):
                answer = client.get(path)
            if answer.status_code != 200:
                raise RuntimeError(f"{path} answers {answer.status_code}")
            costs = [timed(lambda path=path: client.get(path))[1] * 1000 for _ in range(ROUNDS)]  # type: ignore[misc]
            print(f"{label:40}{median(costs):8.2f} ms   bar {PAGE:.0f} ms")
        database.engine.dispose()


def document(now: dt.datetime) -> dict[str, Any]:
    """A blind call that lacks nothing."""
    words, criterion = {"zh": "征集", "en": "Call"}, {"code": "effect", "weight": 100, "lowest": 0, "highest": 100}
    anchors = [{"score": score, "text": words} for score in (0, 100)]
    found: dict[str, Any] = {
        "title": words,
        "text": words,
        "review": "blind",
        "reviewers": REVIEWS,
        "places": 1000,
    }
    found |= {"rubric": [{**criterion, "title": words, "anchors": anchors}], "approvals": 1, "notice_days": 5}
    for name, days in (("opens_at", 30), ("closes_at", 9)):
        found[name] = f"{now - dt.timedelta(days):%Y-%m-%d %H:%M}"
    return found | {"most_each": 100, "review_days": 10}


def filled(database: Database, entries: int, now: dt.datetime) -> tuple[str, dict[str, str]]:
    """A call in review with all its reviews given, the experts and one plan; the word of an officer's browser."""
    chance = np.random.default_rng(1)
    with database.unit() as session:
        officer = Person(email="officer@desk.example", name="Li", fs_uniquifier="o", create_datetime=now)
        officer.roles = [PersonRole(name="officer", given_at=now)]
        session.add(officer)
        people = [
            Person(
                email=f"e{number}@x.example", name=f"专家{number}", fs_uniquifier=f"e{number}", create_datetime=now
            )
            for number in range(EXPERTS)
        ]
        session.add_all(people)
        for code, parent in (("governance", None), ("metering", "governance")):
            term = Term(taxonomy="sector", code=code, parent=parent, named=True, position=0)
            term.title, term.synonyms = {"zh": code, "en": code}, {"zh": [], "en": []}
            session.add(term)
            session.flush()
        one = {"kind": "enterprise", "created_at": now, "state": "verified", "verified_at": now}
        session.execute(insert(Organisation), [
            {"key": f"o{number}", "name_zh": f"第{number}有限公司", **one} for number in range(500)
        ])  # fmt: skip
        session.flush()
        numbers = list(session.scalars(select(Organisation.id).order_by(Organisation.id)))
        session.add_all(
            Expert(person_id=each.id, sectors=["metering"], most=100, joined_at=now) for each in people
        )
        call = Call(key="call", code="CALL-1", state="scoring", created_at=now, announced_at=now, title_zh="征集")
        call.document = document(now)
        call.opens_at, call.closes_at = now - dt.timedelta(30), now - dt.timedelta(9)
        session.add(call)
        session.flush()
        session.add(Quota(call_id=call.id, organisation_id=numbers[0], places=1000))
        cases = [
            {"key": f"c{n}", "code": f"MIOT-2026-{n:04d}", "origin": "submitted", "state": "admitted",
             "title_zh": f"智能水表{n}", "created_at": now, "admitted_at": now, "revision": 1,
             "owner_id": numbers[1 + n % 400]} for n in range(entries)
        ]  # fmt: skip
        session.execute(insert(Case), cases)
        ids = list(session.scalars(select(Case.id).order_by(Case.id)))
        text = {"sectors": ["metering"], "parties": [{"name": {"zh": "某公司"}, "role": "user"}]}
        session.execute(insert(Revision), [
            {"case_id": n, "number": 1, "document": text, "digest": "0" * 64, "at": now, "actor": "x"} for n in ids
        ])  # fmt: skip
        revisions = list(session.scalars(select(Revision.id).order_by(Revision.id)))
        session.execute(insert(Entry), [
            {"key": f"n{n}", "code": f"CALL-1-{n}", "alias": f"R-{n}", "call_id": call.id, "case_id": ids[n],
             "revision_id": revisions[n], "applicant_id": numbers[1 + n % 400], "recommender_id": numbers[0],
             "direction": "governance", "state": "in_review", "entered_at": now, "entered_by": "x", "signer": "x",
             "attested_at": now, "recommended_by": "x"} for n in range(entries)
        ])  # fmt: skip
        rows = list(session.scalars(select(Entry.id).order_by(Entry.id)))
        pairs = [(n, int(x)) for n in range(entries) for x in chance.choice(EXPERTS, REVIEWS, replace=False)]
        session.execute(insert(Review), [
            {"key": f"r{n}", "call_id": call.id, "entry_id": rows[entry], "person_id": people[x].id,
             "applicant_id": numbers[1 + entry % 400], "assigned_at": now, "assigned_by": "x", "due": now}
            for n, (entry, x) in enumerate(pairs)
        ])  # fmt: skip
        plan = Assignment(call_id=call.id, at=now, by="x", planned_at=now)
        plan.parameters = {"reviewers": 5, "most_each": 84, "seed": 1, "known": False}
        plan.pairs = [[rows[entry], people[x].id] for entry, x in pairs]
        plan.outcome = {
            **dict.fromkeys(("lacking", "outside", "short", "aside", "linked", "conflicts", "has"), 0),
            **{"pairs": len(pairs), "wanted": len(pairs), "entries": entries, "groups": [[entries, EXPERTS]]},
            "loads": [[each.id, 0, 83, 84] for each in people],
        }
        session.add(plan)
        session.flush()
        word = sign_in(session, officer, browser="bench", second_factor=True, now=now)
        return word, {
            "experts": "/desk/experts",
            "experts of a sector, searched": "/desk/experts?sector=metering&q=专家2",
            "progress": "/desk/calls/call/reviews",
            "progress, lacking": "/desk/calls/call/reviews?view=lacking",
            "progress, page 150": "/desk/calls/call/reviews?page=150",
            "plan": f"/desk/calls/call/plans/{plan.id}",
            "experts of an entry": "/desk/calls/call/reviews/n7",
        }
