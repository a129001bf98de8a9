"""What there is to be seen behind a sign-in: drafts, a queue, letters, a table; and the cookies that open it.

Everything is done by the demonstration accounts, with the operations that the pages use.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import assigned
import calling
import entering
import handed_in
import judges
import live
import make
import noticeboard
import rankings
import results
from sqlalchemy import select
from sqlalchemy.orm import Session

from library import create_app, demonstration, events
from library.accounts import identity, invitations, letters, people, tokens
from library.accounts.letter_models import Letter
from library.accounts.models import Membership, Organisation, Person
from library.catalog import bulk, draft_comments, links, passing, queries
from library.catalog.draft_models import BulkImport
from library.catalog.models import Case
from library.catalog.queue_statements import PER_PAGE
from library.config import Config
from library.db import Database
from library.files import Store
from library.policy import Actor
from library.selection.models import Call, Quota

WHO = ("owner", "recommender", "commenter", "newcomer", "officer", "administrator", "halfway", "expert")
SENT = dt.datetime(2026, 9, 1, 3, 0, tzinfo=dt.UTC)
TITLE = "一个很长的标题：青河流域智能水表与供水管网漏损监测综合应用示范案例"
TABLE = """external_key,title.zh,sectors,networks,connections.1.value,connections.1.kind
A-1,港区冷链集装箱定位,404,nb-iot,8.4万,online
A-2,,water-metering,nb-iot,12万,online
A-3,山区地质灾害监测,405,cat1,许多,online
"""
# What a name of somebody or something is in every language.
NAMES = ("安宁", "公开许可", "王小明", *dict(assigned.EXPERTS), *(figure.name for figure in demonstration.FIGURES))
WORD = re.compile(r"/invitations/(\S+)")


@dataclass(frozen=True)
class Scene:
    """`places`: what the names in an address stand for; `cookies`: by who is signed in; `codes`: of what waits."""

    places: Mapping[str, str]
    cookies: Mapping[str, str]
    codes: list[str]


def made(folder: Path) -> Scene:
    """Fill the site that runs over `folder`."""
    config = Config.read({"CASELIB_DATA": str(folder / "data")})
    database, now = Database(config.database_url), dt.datetime.now(dt.UTC)
    with database.unit() as session:
        kept = Store(config.files).put(io.BytesIO(TABLE.encode()), "cases.csv")
        owner, name = actor(session, "owner"), "2026年第四季度案例.csv"
        table = bulk.begin(session, owner, name=name, kept=kept, whole=False, now=now)
    with database.unit() as session:
        owner, officer = actor(session, "owner"), actor(session, "officer")
        places = drafts(session, owner, officer, now) | organisations(session, config, owner, now)
        places |= post(session, owner, now)
        codes, passed = queue(session, owner)
        collected = queries.case(session, owner, live.COLLECTED)
        builder = make.member(
            session, handed_in.organisation(session, name_zh="青河建设有限公司"), "owner", name="安宁"
        )
        links.ask(session, builder, collected, given={"text": "我们是该项目的承建单位。"}, now=SENT)
        places |= {"table": table.key, "waiting": codes[1], "tombstone": passed[0]}
    with database.writing() as session:
        places["batch"] = passing.admit(session, officer, [*passed, "MIOT-2026-9999"], now=now).key
    with database.unit() as session:
        gone = queries.case(session, owner, passed[0])
        handed_in.move(
            session,
            owner,
            gone,
            "case.archive",
            now=now,
            given={"farewell": "项目已并入全市智慧水务平台，由新案例接续。"},
        )
    with database.unit() as session:
        places |= entries(session, owner, actor(session, "recommender"), officer, now)
    with database.unit() as session:
        places |= noticeboard.put_up(session, owner, now)
    passwords = json.loads(demonstration.kept_in(config).read_text(encoding="utf-8"))
    with database.reading() as session:
        ranker = actor(session, "officer")
    places |= rankings.made(database, ranker)
    with database.reading() as session:
        judge = actor(session, "expert")
    places |= assigned.made(database, config, owner, ranker, judge)
    with database.unit() as session:
        places |= judges.made(session, owner, ranker, judge, now)
    places |= results.made(database)
    places["password"] = passwords["officer"]
    until_checked(database, table.key)
    cookies = {who: cookie(database, config, who) for who in WHO if who in passwords}
    with database.unit() as session:
        newest(session, now)
    return Scene(places, cookies, codes)


def actor(session: Session, who: str) -> Actor:
    """A demonstration account as the doer of something: a member, or with a role for the whole library."""
    person = session.scalars(select(Person).where(Person.email == f"{who}@{demonstration.HOST}")).one()
    belongs = session.scalar(select(Membership).where(Membership.person_id == person.id))
    if belongs is None:
        return Actor(person.subject, roles=frozenset({who}), person=person.id)
    return Actor(person.subject, belongs.organisation_id, person=person.id, membership=belongs.role)


def drafts(session: Session, owner: Actor, officer: Actor, now: dt.datetime) -> dict[str, str]:
    """One that lacks nothing, one hardly begun, one that came back."""
    whole = handed_in.draft(session, owner, now=now)
    colleague = actor(session, "commenter")
    draft_comments.comment(session, colleague, whole, "basics", text="请写明改造前后的漏损率。", now=now)
    begun = handed_in.draft(
        session, owner, now=now, without=("story", "results", "files", "declarations"), summary=None
    )
    wrong = {"connections": [{"value": "许多", "kind": "online", "as_of": "2027"}]}
    handed_in.write(session, owner, begun, "connections", wrong, now)
    handed_in.upload(session, begun, owner.person, ready=False)
    back = handed_in.draft(session, owner, now=now, title={"zh": "港区冷链集装箱定位与温度监测"})
    handed_in.move(session, owner, back, "case.submit", now=now)
    handed_in.move(session, officer, back, "case.return", now=now, given=handed_in.RETURN)
    return {"draft": whole.key, "begun": begun.key, "returned": back.key}


def queue(session: Session, owner: Actor) -> tuple[list[str], list[str]]:
    """A page and a few cases more that wait, oldest first; and one that will not wait long."""
    found: list[Case] = []
    for number in range(PER_PAGE + 4):
        at = SENT + dt.timedelta(days=number)
        over = {"title": {"zh": f"{TITLE}{number}"}} if number % 2 else {"masks": None}
        case = handed_in.draft(session, owner, now=at, **over if number < PER_PAGE + 3 else {})
        handed_in.move(session, owner, case, "case.submit", now=at)
        found.append(case)
    *waiting, passed = (str(case.code) for case in found)
    return waiting, [passed]


def entries(
    session: Session, owner: Actor, recommender: Actor, officer: Actor, now: dt.datetime
) -> dict[str, str]:
    """A case in each state that the form check knows; the call is open, but for the one whose check has begun."""
    calls = list(session.scalars(select(Call).where(Call.demonstration, Call.state != "draft").limit(1)))
    found = {"call": str(calls[0].code)}
    checked = opened(session, officer, recommender, now)
    found |= {"checked": str(checked.code), "checked_key": checked.key}
    body = session.get_one(Organisation, recommender.organisation)
    for state in ("entered", "recommended", "check_passed", "needs_correction", "check_failed", "not_recommended"):
        case = handed_in.draft(session, owner, now=SENT, title={"zh": TITLE, "en": "Meters"})
        handed_in.move(session, owner, case, "case.submit", now=SENT)
        handed_in.move(session, officer, case, "case.admit", now=SENT, given={})
        over: dict[str, object] = {"masks": ["示范物联科技有限公司（虚构）", "青河"]}
        if state not in ("entered", "not_recommended"):
            over |= {"attested_at": SENT, "attestation": "材料属实，在全省具有推广价值。"}
        row = entering.entry(session, checked, state, owner=owner, case=case, by=body, **over)
        row.reason = "材料不全，缺少验收报告。" if state in ("check_failed", "not_recommended") else None
        if state == "needs_correction":
            entering.returned(session, row, officer, now)
        found[state] = row.code
    free = handed_in.draft(session, owner, now=SENT, title={"zh": "港区冷链集装箱定位与温度监测"})
    handed_in.move(session, owner, free, "case.submit", now=SENT)
    handed_in.move(session, officer, free, "case.admit", now=SENT, given={})
    return found | {"free": str(free.code)}


def opened(session: Session, officer: Actor, recommender: Actor, now: dt.datetime) -> Call:
    """A call whose form check has begun, with places for the recommending body."""
    call = calling.closed(session, officer, demonstration=True)
    session.add(Quota(call_id=call.id, organisation_id=recommender.organisation, places=10))
    found: Call = entering.put(session, call, "formal_check")
    return found


def organisations(session: Session, config: Config, owner: Actor, now: dt.datetime) -> dict[str, str]:
    """One that asks to be verified, somebody invited, a token."""
    asks = make.organisation(session, name_zh="青河水务集团有限公司", name_en="Qinghe Water", province="13")
    asks.credit_code, asks.state, asks.asked_at = "91130000MA00QH0007", "asked", now
    asks.evidence = "营业执照见附件。"
    make.member(session, asks, "owner", email="an@works.example", name="安宁")
    own = session.get_one(Organisation, owner.organisation)
    given = {"email": "new@works.example", "role": "editor"}
    invitation = invitations.send(session, owner, own, given=given, config=config, now=now)
    letter = session.scalars(select(Letter).where(Letter.about == invitation.subject)).one()
    found = WORD.search(letter.text or "")
    assert found is not None
    colleague = Membership.person_id == actor(session, "commenter").person
    member = session.scalar(select(Membership.id).where(colleague))
    tokens.make(session, owner, name="每周报表", scopes=[], organisation=own.id, days=90, now=now)
    return {"organisation": own.key, "asks": asks.key, "invitation": found[1], "member": str(member)}


def post(session: Session, owner: Actor, now: dt.datetime) -> dict[str, str]:
    """A letter that an officer holds back, and one that the other side refused."""
    letter = letters.write(
        session,
        key="scene",
        verb="case.return",
        about="case:1",
        to=letters.Recipient("an@works.example"),
        title="请更正案例的标题",
        text="您好：\n\n标题太笼统，请写明地点与用途。\n\n移动物联网资源库\n",
        now=now,
    )
    assert letter is not None
    letter.state = "held"
    return {"letter": str(letter.id)}


def newest(session: Session, now: dt.datetime) -> None:
    """The audit begins with what it may have to name: somebody in Latin letters, an organisation that has only a
    Chinese name, a draft without a number."""
    organisation = make.organisation(session, name_zh="北岸物流有限公司")
    writer = make.member(session, organisation, name="Lena Fischer", email="lena@north.example")
    handed_in.draft(session, writer, now=now)
    events.record(session, writer, "organisation.edit", organisation.subject, now=now)


def cookie(database: Database, config: Config, who: str) -> str:
    """Of somebody who signed in, with a second factor where the role asks for it."""
    now = dt.datetime.now(dt.UTC)
    with database.unit() as session:
        found = actor(session, who)
        person = session.get_one(Person, found.person)
        word = people.sign_in(
            session, person, browser="Chromium", second_factor=True, organisation=found.organisation, now=now
        )
    client = create_app(config, database).test_client()
    with client.session_transaction() as kept:
        kept[identity.WORD], kept["fs_paa"] = word, now.timestamp()
    sent = client.get_cookie("session")
    assert sent is not None
    return sent.value


def until_checked(database: Database, table: str) -> None:
    """The worker reads a table a moment after it was brought."""
    deadline = time.monotonic() + live.PATIENCE
    state = "waiting"
    while state == "waiting":
        assert time.monotonic() < deadline, "nobody looked at the table"
        time.sleep(0.1)
        with database.reading() as session:
            state = session.scalars(select(BulkImport.state).where(BulkImport.key == table)).one()
