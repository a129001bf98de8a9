"""CPU per page of the officers' desk with 5 000 submissions and 5 000 organisations, for an officer signed in.

The submissions hold the texts of the real cases. CPU is that of this process, a median over rounds; the split
into database and template and the statements stand beside it.
"""

from __future__ import annotations

import copy
import datetime as dt
import tempfile
import time
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session

from library import create_app, seeding
from library.accounts.identity import WORD
from library.accounts.models import Organisation, Person, PersonRole
from library.accounts.people import sign_in
from library.catalog import queries, rules
from library.catalog.draft_models import CaseLink, Submission
from library.catalog.models import Case, CaseReport, CaseTerm, Revision
from library.config import Config
from library.db import Database
from library.events import Fact
from library.labels import PROVINCES
from library.migrations import upgrade

ROWS, ORGANISATIONS, OWNERS, OFFICERS, REPORTS, LINKS = 5000, 5000, 400, 12, 5000, 5000
ROUNDS, REQUESTS, BAR = 5, 10, 12.0
# What names of companies are made of: a place, a name of two signs, a trade.
TOWNS = ("青河", "白石", "南山", "临江", "海城", "云台", "")
SIGNS = "华信瑞达恒通智联博远天宇中科新锐金航正泰宏图星辰海川明德立诚广源安邦"
SYLLABLES = [
    "hua",
    "xin",
    "rui",
    "da",
    "heng",
    "tong",
    "zhi",
    "lian",
    "bo",
    "yuan",
    "tian",
    "yu",
    "zhong",
    "ke",
    "jin",
    "hang",
]
TRADES = {"水务": "Water", "燃气": "Gas", "智能科技": "Intelligent Technology", "通信": "Telecom", "物联网": "IoT"}
CODE = "MIOT-2026-2500"
PICKED = "&".join(f"pick=MIOT-2026-{number:04d}" for number in range(1, 201))
PAGES = {
    "queue": "/desk",
    "queue by rules, page 50": "/desk?sort=rules&page=50",
    "queue searched": "/desk?q=水表 华信",
    "queue of a sector": "/desk?sector=metering&sort=title",
    "queue overdue": "/desk?view=overdue&sort=organisation",
    "queue, 200 selected": f"/desk?{PICKED}",
    "case": f"/desk/cases/{CODE}",
    "rules": "/desk/rules",
    "one rule": "/desk/rules/title-chinese",
    "calendar": "/desk/calendar",
    "organisations": "/desk/organisations?state=verified",
    "organisations searched": "/desk/organisations?state=verified&q=华信",
    "one organisation": "/desk/organisations/org77",
    "outbox": "/desk/outbox",
    "audit": "/audit",
    "near copies": f"/desk/cases/{CODE}/near",
    "links": "/desk/links",
    "links in force": "/desk/links?state=linked&page=50",
    "reports": "/desk/reports",
}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        config = Config.read({"CASELIB_DATA": name, "CASELIB_ENV": "test"})
        Path(name).mkdir(exist_ok=True)
        database = Database(config.database_url)
        upgrade(database)
        now = dt.datetime.now(dt.UTC)
        for _ in seeding.seed(database, config, demo=False, now=now, progress=lambda done, of: None):
            pass
        measure(config, database, fill(database, now))
        database.engine.dispose()


def fill(database: Database, now: dt.datetime, rows: int = ROWS) -> str:
    """Submissions of many organisations over half a year, reports, and officers; the word of one's browser."""
    with database.unit() as session:
        in_force = queries.rules(session)
        texts = [row.document for row in session.scalars(select(Revision).order_by(Revision.id)).all()]
        found = [rules.evaluate(in_force, text, today=now.date()) for text in texts]
        findings = [[finding.as_dict() for finding in each] for each in found]
        chance = Random(1)
        for number in range(ORGANISATIONS):
            trade = chance.choice(list(TRADES))
            session.add(
                Organisation(
                    key=f"org{number}",
                    name_zh=f"{chance.choice(TOWNS)}{''.join(chance.choices(SIGNS, k=2))}{trade}有限公司",
                    name_en=f"{''.join(chance.choices(SYLLABLES, k=2)).title()} {TRADES[trade]} Co., Ltd.",
                    credit_code=f"{number:08d}{number:09d}0",
                    kind="enterprise",
                    province=list(PROVINCES)[number % len(PROVINCES)],
                    created_at=now,
                    state="verified",
                    verified_at=now,
                )
            )
        people = [_officer(f"officer{number}@desk.example", now) for number in range(OFFICERS)]
        session.add_all(people)
        session.flush()
        numbers = range(1, rows + 1)
        cases = [_case(number, texts[number % len(texts)], now) for number in numbers]
        session.execute(insert(Case), cases)
        ids = dict(iter(session.execute(select(Case.code, Case.id).where(Case.origin == "submitted"))))
        terms, submissions = [], []
        for number in numbers:
            code, text = _code(number), texts[number % len(texts)]
            case_id = ids[code]
            terms += [
                {"case_id": case_id, "taxonomy": "sector", "code": sector, "position": place}
                for place, sector in enumerate(text["sectors"])
            ]
            document = {**copy.deepcopy(text), "code": code, "origin": "submitted"}
            submissions.append(
                {
                    "case_id": case_id,
                    "number": 1,
                    "document": document,
                    "digest": Fact("", document).digest,
                    "findings": findings[number % len(texts)],
                    "rules": len(findings[number % len(texts)]),
                    "unmet": sum(not each["met"] for each in findings[number % len(texts)]),
                    "person_id": None,
                    "officer_id": people[number % OFFICERS].id if number % 3 else None,
                    "fields": [],
                    "at": now - dt.timedelta(hours=number % 4000),
                }
            )
        session.execute(insert(CaseTerm), terms)
        session.execute(insert(Submission), submissions)
        for number in range(1, REPORTS + 1):
            session.add(CaseReport(case_id=ids[_code(number)], ground="error", text="错。" * 50, at=now))
        session.execute(insert(CaseLink), _links(session, people[0].id, now))
        return sign_in(session, people[0], browser="bench", second_factor=True, now=now)


def _code(number: int) -> str:
    return f"MIOT-2026-{number:04d}"


def _officer(address: str, now: dt.datetime) -> Person:
    person = Person(email=address, name=address.partition("@")[0], fs_uniquifier=address, create_datetime=now)
    person.roles = [PersonRole(name="officer", given_at=now)]
    return person


def _links(session: Session, person: int, now: dt.datetime) -> list[dict[str, Any]]:
    """Organisations that say that they are in a collected case, every other one believed."""
    collected = list(session.scalars(select(Case.id).where(Case.origin == "collected")))
    believed = {"linked": True, "decided_at": now, "decided_by": f"person:{person}"}
    waits: dict[str, Any] = dict.fromkeys(believed)
    return [
        {
            "case_id": collected[number % len(collected)],
            "organisation_id": number // len(collected) + 1,
            "person_id": person,
            "text": "我们是承建单位。" * 5,
            "at": now,
            **(believed if number % 2 else waits),
        }
        for number in range(LINKS)
    ]


def _case(number: int, text: dict[str, Any], now: dt.datetime) -> dict[str, Any]:
    return {
        "key": f"case{number}",
        "code": _code(number),
        "origin": "submitted",
        "state": "submitted",
        "owner_id": number % OWNERS + 1,
        "title_zh": f"{text['title']['zh']}之{number}",
        "title_en": text["title"].get("en"),
        "created_at": now,
    }


def measure(config: Config, database: Database, word: str) -> None:
    app = create_app(config, database)
    client, statements = app.test_client(), [0]
    with client.session_transaction() as cookie:
        cookie[WORD] = word
    event.listen(database.engine, "before_cursor_execute", lambda *_: statements.__setitem__(0, statements[0] + 1))
    print(f"{ROWS} submissions\n{'page':26}{'CPU ms':>9}{'bar ms':>8}{'statements':>12}")
    for name, path in PAGES.items():
        for _ in range(3):
            answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answers {answer.status_code}")
        statements[0], costs = 0, []
        for _ in range(ROUNDS):
            began = time.process_time()
            for _ in range(REQUESTS):
                client.get(path)
            costs.append((time.process_time() - began) / REQUESTS * 1000)
        asked = statements[0] / ROUNDS / REQUESTS
        print(f"{name:26}{median(costs):9.2f}{BAR:8.0f}{asked:12.1f}")
