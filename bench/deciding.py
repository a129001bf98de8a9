"""The ranking run of a large call from the database, and CPU per page of run, list and approval sheet.

5 000 entries, five final sheets each from 300 experts. CPU is of this process; pages are a median over rounds.
"""

from __future__ import annotations

import datetime as dt
import resource
import tempfile
import time
from statistics import median
from typing import Any

import numpy as np
from sqlalchemy import event, insert

from library import create_app
from library.accounts.identity import WORD
from library.accounts.models import Organisation, Person, PersonRole
from library.accounts.people import sign_in
from library.catalog.models import Case, Revision
from library.config import Config
from library.db import Database
from library.migrations import upgrade
from library.policy import SYSTEM, Actor
from library.selection import list_queries, lists, run_queries, runs
from library.selection.entry_models import Entry
from library.selection.expert_models import Review
from library.selection.models import Call, Quota

ENTRIES, EXPERTS, REVIEWS, PLACES = 5000, 300, 5, 200
ROUNDS, REQUESTS, BAR = 5, 10, 15.0
CODES = ("effect", "novelty", "scale", "security", "value")
PAGES = {
    "runs": "/desk/calls/large/ranking",
    "run": "/desk/calls/large/ranking/1",
    "run, page 60, raw": "/desk/calls/large/ranking/1?page=60&sort=raw",
    "list": "/desk/calls/large/list",
    "list, page 60": "/desk/calls/large/list?page=60",
    "approval sheet": "/desk/calls/large/list/sheet",
    "lists": "/desk/lists",
}


def main(entries: str = str(ENTRIES)) -> None:
    count = int(entries)
    with tempfile.TemporaryDirectory() as name:
        config = Config.read({"CASELIB_DATA": name, "CASELIB_ENV": "test"})
        database = Database(config.database_url)
        upgrade(database)
        now = dt.datetime.now(dt.UTC)
        word, officer = fill(database, now, count)
        decide(database, officer, now, count)
        measure(config, database, word)
        database.engine.dispose()


def decide(database: Database, officer: Actor, now: dt.datetime, count: int) -> None:
    with database.unit() as session:
        number = runs.order(session, officer, session.get_one(Call, 1), now=now)
    began = time.process_time()
    runs.make(database, {"call": 1, "number": number, "by": officer.id}, now=now)
    spent = time.process_time() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count} entries x {REVIEWS} of {EXPERTS} experts, {len(CODES)} criteria, CPU")
    print(f"{'a run, from the sheets to its row':40}{spent:8.2f} s   memory {memory:.0f} MB")
    with database.unit() as session:
        call = session.get_one(Call, 1)
        run = run_queries.run(session, officer, call, number)
        _, fresh = timed(lambda: run_queries.is_stale(session, run))
        _, begun = timed(lambda: lists.begin(session, officer, call, run, now=now))
    print(f"{'is a run stale? every score looked at':40}{fresh:8.2f} s")
    print(f"{'a list from a run':40}{begun:8.2f} s")
    with database.unit() as session:
        row = list_queries.one_of_call(session, SYSTEM, session.get_one(Call, 1))
        behind = {choice.entry_id: (True, "Why") for choice in list_queries.page(session, row, first=210, count=3)}
        _, spent = timed(lambda: lists.edit(session, officer, row, wanted=behind, version=1, now=now))
    print(f"{'a change of a list':40}{spent:8.2f} s")


def timed(work: Any) -> tuple[Any, float]:
    began = time.process_time()
    return work(), time.process_time() - began


def fill(database: Database, now: dt.datetime, count: int) -> tuple[str, Actor]:
    """A call in its ranking with all that experts said; the word of an officer's browser, and the officer."""
    chance = np.random.default_rng(20261201)
    rubric = [
        {"code": code, "weight": 20, "lowest": 0, "highest": 100, "title": {"zh": code, "en": code}}
        for code in CODES
    ]
    document = {
        **{"rubric": rubric, "selected": PLACES, "approvals": 2, "reviewers": REVIEWS, "severity": "penalty"},
        **{"penalty": 1, "title": {"zh": "大型征集", "en": "A large call"}, "feedback": "outcome"},
    }
    with database.unit() as session:
        officer = person("officer@desk.example", now, "officer")
        experts = [person(f"e{number}@people.example", now, "expert") for number in range(EXPERTS)]
        places = [
            Organisation(key=f"org{n}", name_zh=f"示例企业{n}", kind="enterprise", created_at=now)
            for n in range(400)
        ]
        session.add_all([officer, *experts, *places])
        call = Call(id=1, key="large", code="CALL-2026-0001", state="ranking", document=document, created_at=now)
        call.title_zh, call.title_en, call.announced_at = "大型征集", "A large call", now
        call.opens_at, call.closes_at = now - dt.timedelta(days=60), now - dt.timedelta(days=30)
        session.add(call)
        session.flush()
        session.add(Quota(call_id=1, organisation_id=places[0].id, places=1000, used=0))
        numbers = range(1, count + 1)
        session.execute(insert(Case), [case(number, places[number % 399 + 1].id, now) for number in numbers])
        revision = {"number": 1, "document": {}, "digest": "0" * 64, "actor": "system", "at": now}
        keep = {column.name for column in Revision.__table__.columns}
        rows = [{**{k: v for k, v in revision.items() if k in keep}, "id": n, "case_id": n} for n in numbers]
        session.execute(insert(Revision), rows)
        session.execute(insert(Entry), [entry(n, places[n % 399 + 1].id, places[0].id, now) for n in numbers])
        session.flush()
        severity, quality = chance.normal(0, 4, EXPERTS), chance.normal(70, 6, count)
        session.execute(
            insert(Review),
            [
                review(
                    number,
                    experts[seat],
                    place,
                    quality[number - 1] - severity[seat] + chance.normal(0, 3, 5),
                    now,
                )
                for number in numbers
                for place, seat in enumerate(chance.choice(EXPERTS, REVIEWS, replace=False))
            ],
        )
        word = sign_in(session, officer, browser="Test", second_factor=True, organisation=None, now=now)
    return word, Actor(officer.subject, roles=frozenset({"officer"}), person=officer.id)


def person(email: str, now: dt.datetime, role: str) -> Person:
    row = Person(email=email, name=email.partition("@")[0], lang="zh", fs_uniquifier=email, create_datetime=now)
    row.confirmed_at, row.roles = now, [PersonRole(name=role, given_at=now)]
    return row


def case(number: int, owner: int, now: dt.datetime) -> dict[str, Any]:
    return {
        **{"id": number, "key": f"case{number}", "code": f"MIOT-2026-{number:04d}", "origin": "submitted"},
        **{"state": "admitted", "owner_id": owner, "revision": 1, "title_zh": f"智能水表改造项目{number}"},
        **{"title_en": f"Smart water meters {number}", "created_at": now, "changed_at": now, "admitted_at": now},
    }


def entry(number: int, applicant: int, recommender: int, now: dt.datetime) -> dict[str, Any]:
    return {
        **{"id": number, "key": f"entry{number}", "code": f"CALL-2026-0001-{number}", "alias": f"R-{number:05d}"},
        **{
            "call_id": 1,
            "case_id": number,
            "revision_id": number,
            "applicant_id": applicant,
            "state": "in_review",
        },
        **{"recommender_id": recommender, "direction": "governance", "entered_by": "person:1", "signer": "李"},
        **{"entered_at": now + dt.timedelta(seconds=number), "attested_at": now, "recommended_by": "person:1"},
    }


def review(number: int, expert: Person, place: int, said: Any, now: dt.datetime) -> dict[str, Any]:
    scores = {
        code: {"score": int(min(100, max(0, round(score)))), "reason": ""}
        for code, score in zip(CODES, said, strict=True)
    }
    return {
        **{
            "key": f"r{number}-{place}",
            "call_id": 1,
            "entry_id": number,
            "person_id": expert.id,
            "state": "final",
        },
        **{"applicant_id": number % 399 + 2, "scores": scores, "confidence": ("low", "medium", "high")[place % 3]},
        **{"assigned_at": now, "assigned_by": "person:1", "answered_at": now, "saved_at": now, "final_at": now},
    }


def measure(config: Config, database: Database, word: str) -> None:
    app = create_app(config, database)
    client, statements = app.test_client(), [0]
    event.listen(database.engine, "before_cursor_execute", lambda *_: statements.__setitem__(0, statements[0] + 1))
    with client.session_transaction() as cookie:
        cookie[WORD], cookie["fs_paa"] = word, time.time()
    print(f"\n{'page':30}{'CPU ms':>9}{'bar':>6}{'kB':>7}{'statements':>12}")
    for name, path in PAGES.items():
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        rounds = []
        for _ in range(ROUNDS):
            statements[0] = 0
            began = time.process_time()
            for _ in range(REQUESTS):
                client.get(path)
            rounds.append((time.process_time() - began) / REQUESTS * 1000)
        size, asked = len(answer.get_data()) / 1000, statements[0] / REQUESTS
        print(f"{name:30}{median(rounds):9.2f}{BAR:6.0f}{size:7.0f}{asked:12.1f}")


if __name__ == "__main__":
    main()
