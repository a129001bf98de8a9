"""Whoever an event concerns hears of it, in his own language, and nobody else; or it is written here why not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import handed_in
import make
import pytest
from sites import Site
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from library import notices
from library.accounts import account_letters, identities, invitations, operations
from library.accounts import flow as organisations
from library.accounts.letter_models import Letter
from library.accounts.models import ExternalIdentity, Organisation, Person
from library.catalog import bulk, bulk_flow, draft_comments, drafts, links
from library.config import Config
from library.db import Database
from library.deliveries import Delivery
from library.errors import Text
from library.files import Kept
from library.policy import SYSTEM, VISITOR, Actor
from library.verbs import VERBS
from library.worker import now
from library.workflow import step

# Told by letters of the account's own, which open something or are about the safety of an account.
OWN_LETTERS = {
    "person.register": "account.confirm",
    "person.password": "account.password",
    "person.address": "account.moved",
    "person.factor": "account.factor",
    "sign_in.begin": "account.browser",
    "invitation.send": "invitation.send",
    "expert.invite": "expert.invite",
}
# What nobody is written about, and why.
ONE_DOES_IT = "only the person himself does it, in front of the page that says so"
NOBODYS = "no person's and no organisation's own"
ANOTHER = "the letter about what it belongs to tells of it"
UNTOLD = {
    **dict.fromkeys(("call.begin", "call.edit", "call.open", "call.close", "call.check"), NOBODYS),
    **dict.fromkeys(("call.score", "call.rank", "call.approve", "call.notice"), ANOTHER),
    "call.archive": "nothing more is done in the call; whoever took part knows its result",
    "call.publish": "entry.select tells whom it concerns; who was not selected knows since the decision",
    "certificate.issue": ANOTHER,
    "benchmark.begin": ANOTHER,
    "entry.review": "applicants read under review from here on; experts hear of it when they are assigned",
    **dict.fromkeys(("entry.announce", "entry.move_up"), "the letter of the notice tells of it"),
    **dict.fromkeys(("entry.hold", "entry.resume", "entry.remove"), "the letter of the objection tells of it"),
    "expert.join": ONE_DOES_IT,
    "expert.edit": "it stands on the expert's own page, with its history",
    "expert.end": "the letter about the person's roles tells of it",
    "expert.withdraw": "the link in the letter that was sent says so",
    "tie.add": NOBODYS,
    "tie.end": NOBODYS,
    "run.make": NOBODYS,
    "list.begin": NOBODYS,
    "list.edit": NOBODYS,
    "list.sign": "the next in the chain reads the sheet; the letter of list.submit has told them all",
    "list.release": "the letters of entry.shortlist and entry.leave_out tell whom it concerns",
    "objection.open": NOBODYS,
    "objection.unmask": "it is in the audit, which says who read the name",
    "objection.erase": NOBODYS,
    "case.begin": ONE_DOES_IT,
    "case.edit": "colleagues see who wrote what in the section; a letter a sitting would be too many",
    "case.collect": NOBODYS,
    "case.revise": NOBODYS,
    "report.answer": "nobody has confirmed the address that a reader wrote; the officer writes to it himself",
    "review.clear": ONE_DOES_IT,
    "review.write": ONE_DOES_IT,
    "mask.confirm": "the experts who are given the case hear of it then; the applicant reads under review",
    "mask.declare": ANOTHER,
    "file.add": ANOTHER,
    "file.remove": ANOTHER,
    "receipt.make": ANOTHER,
    "rule.add": NOBODYS,
    "rule.edit": NOBODYS,
    "rule.load": NOBODYS,
    "calendar.edit": NOBODYS,
    "calendar.load": NOBODYS,
    "batch.admit": ANOTHER,
    "batch.pass": ANOTHER,
    "import.begin": ONE_DOES_IT,
    "import.check": "whoever brought the table waits in front of its page",
    "import.accept": ONE_DOES_IT,
    "import.write": ANOTHER,
    "taxonomy.load": NOBODYS,
    "statistics.load": NOBODYS,
    "organisation.create": ONE_DOES_IT,
    "organisation.prove": ANOTHER,
    "invitation.accept": ANOTHER,
    "invitation.withdraw": "the link in the letter that was sent says so",
    "grant.open": "the move that opens something tells of it, in the words of its chapter",
    "person.confirm": ONE_DOES_IT,
    "person.name": ONE_DOES_IT,
    "person.letters": ONE_DOES_IT,
    "person.erase": "the address is gone with the account",
    "sign_in.end": ONE_DOES_IT,
    "token.end": ONE_DOES_IT,
    "letter.hold": NOBODYS,
    "letter.release": NOBODYS,
    "letter.edit": NOBODYS,
    "letter.discard": NOBODYS,
    "letter.send": NOBODYS,
    "letter.fail": "it stands in the outbox with its reason",
    "letter.kinds": NOBODYS,
}
LANGUAGES = {"an": "zh", "bo": "en"}  # two owners
HOUSE = {"zh": "示例企业", "en": "Example Works"}


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return Site(database, tmp_path)


def test_every_event_has_its_letter_or_a_reason_why_it_has_none() -> None:
    assert sorted([*notices.NOTICES, *OWN_LETTERS, *UNTOLD]) == sorted(VERBS)
    there = set(account_letters.TEMPLATES.list_templates())
    assert {f"{name}{end}" for name in OWN_LETTERS.values() for end in account_letters.SUFFIX.values()} <= there


def settle(session: Session, an: Actor, bo: Actor) -> None:
    case = drafts.start(session, an, now=make.NOW)
    row = draft_comments.comment(session, bo, case, "basics", text="Which town?", now=make.NOW)
    draft_comments.settle(session, an, case, comment=row.id, now=make.NOW)


def restore(session: Session, an: Actor, bo: Actor) -> None:
    case, judge = handed_in.draft(session, an), make.officer(session)
    handed_in.move(session, an, case, "case.submit")
    handed_in.move(session, judge, case, "case.admit", given={})
    handed_in.move(session, judge, case, "case.archive", given={"farewell": "误。"})
    handed_in.move(session, judge, case, "case.restore")


def end_link(session: Session, an: Actor, bo: Actor) -> None:
    link = links.ask(session, an, make.case(session), given={"text": "我们承建。"}, now=make.NOW)
    links.end(session, an, link, now=make.NOW)


def change(session: Session, an: Actor, bo: Actor) -> None:
    given = {"name_zh": HOUSE["zh"], "name_en": HOUSE["en"], "kind": "operator"}
    organisations.edit(session, an, organisation(session, an), given=given, now=make.NOW)


def reopen(session: Session, an: Actor, bo: Actor) -> None:
    found = organisation(session, an)
    organisations.decide(session, an, found, "organisation.close", reason="合并。", now=make.NOW)
    chief = make.officer(session, "administrator")
    organisations.decide(session, chief, found, "organisation.reopen", reason="误关。", now=make.NOW)


def end_grant(session: Session, an: Actor, bo: Actor) -> None:
    until = make.NOW + dt.timedelta(days=30)
    to = {"to": make.case(session).subject, "audience": "investor", "organisation": an.organisation}
    row = operations.grant(session, SYSTEM, **to, until=until, why="Accepted.", now=make.NOW)
    operations.end_grant(session, make.officer(session), row, why="误开。", now=make.NOW)


def unlink(session: Session, an: Actor, bo: Actor) -> None:
    session.get_one(Person, bo.person).password = "set"
    session.add(
        ExternalIdentity(issuer="https://id.example", subject="1", person_id=bo.person, linked_at=make.NOW)
    )
    session.flush()
    identities.unlink(session, bo, issuer="https://id.example", subject="1", now=make.NOW)


def decline(session: Session, an: Actor, bo: Actor) -> None:
    config, house = Config.read({}), organisation(session, bo)
    given = {"email": "new@works.example", "role": "editor"}
    row = invitations.send(session, bo, house, given=given, config=config, now=make.NOW)
    invitations.decline(session, VISITOR, house, invitation=row, now=make.NOW)


def table(session: Session, who: Actor, verb: str, **given: object) -> None:
    kept = Kept("a" * 64, 1, "text/csv")
    row = bulk.begin(session, who, name="第四季度.csv", kept=kept, whole=True, now=make.NOW)
    row.state = "accepted"  # without the work of it, so that nothing but the last step happens
    session.execute(delete(Delivery))
    step(bulk_flow.FLOW, session, SYSTEM, row, verb, now=make.NOW, **given)


def written(session: Session, an: Actor, bo: Actor) -> None:
    table(session, bo, "import.done", result={})


def refused(session: Session, an: Actor, bo: Actor) -> None:
    table(session, an, "import.refuse", why=Text("No row is right."))


SCENES: dict[str, tuple[Callable[[Session, Actor, Actor], None], dict[str, str]]] = {
    "case.settle": (settle, {"bo": "dealt with your comment"}),
    "case.restore": (restore, {"an": "已恢复展示", "bo": "is shown again"}),
    "link.end": (end_link, {"bo": "The link with MIOT-P-0001 has ended"}),
    "organisation.edit": (change, {"bo": "Example Works was changed"}),
    "organisation.reopen": (reopen, {"an": "示例企业已重新启用", "bo": "Example Works is open again"}),
    "grant.end": (end_grant, {"an": "示例企业的一项查阅权限已终止", "bo": "no longer open to Example Works"}),
    "identity.unlink": (unlink, {"bo": "A way to sign in was removed"}),
    "import.done": (written, {"bo": "第四季度.csv was written"}),
    "import.refuse": (refused, {"an": "第四季度.csv 未予导入"}),
    "invitation.decline": (decline, {"bo": "An invitation to Example Works was declined"}),
}


@pytest.mark.parametrize("verb", SCENES)
def test_who_hears_and_in_which_language(site: Site, verb: str) -> None:
    act, expected = SCENES[verb]
    with site.database.unit() as session:
        house = handed_in.organisation(session, name_zh=HOUSE["zh"], name_en=HOUSE["en"])
        an, bo = (
            make.member(session, house, "owner", email=f"{name}@works.example", name=name, lang=lang)
            for name, lang in LANGUAGES.items()
        )
        make.member(session, handed_in.organisation(session), "owner", email="cy@other.example")
        act(session, an, bo)
    site.work(now())
    with site.database.reading() as session:
        found = session.scalars(select(Letter).where(Letter.verb == verb)).all()
        letters = {letter.address.partition("@")[0]: letter for letter in found}
    assert len(found) == len(letters) == len(expected)
    assert {name: expected[name] in letter.title for name, letter in letters.items()} == dict.fromkeys(
        expected, True
    )
    for name, letter in letters.items():
        assert (letter.lang, letter.state) == (LANGUAGES[name], "sent")
        assert ("移动物联网资源库" in str(letter.text)) is (letter.lang == "zh")
        assert site.config.url in str(letter.text)


def organisation(session: Session, actor: Actor) -> Organisation:
    return session.get_one(Organisation, actor.organisation)
