"""Which event makes whom hear what: the table, and the follower that writes the letters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import partial
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import select
from sqlalchemy.orm import Session

from . import (
    benchmark_notices,
    call_notices,
    decision_notices,
    deliveries,
    entry_notices,
    events,
    expert_notices,
    figures,
    objection_notices,
    review_notices,
)
from .accounts import letters
from .accounts.letters import Recipient
from .accounts.models import Grant, Invitation, Organisation, Person
from .catalog import draft_comments
from .catalog.draft_models import BulkImport, CaseLink, DraftComment, Submission
from .catalog.models import Case, CaseReport
from .catalog.wording import label_in
from .config import ROOT, Config
from .db import Database
from .hearing import News, Notice, members, name_of, nothing, officers, people
from .labels import N_
from .language import voice

FOLLOWER = "notify"
EVERYWHERE = "*"
TELL = "tell"  # the kind of a Delivery that writes the letters about an event


def _operator(session: Session, config: Config, news: News) -> list[Recipient]:
    return [Recipient(config.operator_mail)]


def _owners(session: Session, config: Config, news: News) -> list[Recipient]:
    return members(session, news.number, "owner")


def _other_owners(session: Session, config: Config, news: News) -> list[Recipient]:
    """The owners but who did it, or joined."""
    newcomer = {news.actor, f"person:{news.detail.get('person')}"}
    return [each for each in _owners(session, config, news) if f"person:{each.person}" not in newcomer]


def _writers(session: Session, config: Config, news: News) -> list[Recipient]:
    return members(session, session.get_one(Case, news.number).owner_id, "owner", "editor")


def _colleagues(session: Session, config: Config, news: News) -> list[Recipient]:
    """Everybody of the organisation but who did it."""
    everybody = members(session, session.get_one(Case, news.number).owner_id, "owner", "editor", "commenter")
    return [each for each in everybody if f"person:{each.person}" != news.actor]


def _assigned(session: Session, config: Config, news: News) -> list[Recipient]:
    """The officer to whom a case was given; nobody who took it himself."""
    officer = news.detail.get("officer")
    if officer is None or f"person:{officer}" == news.actor:
        return []
    return people(session, Person.id == officer)


def _that_person(session: Session, config: Config, news: News) -> list[Recipient]:
    number = news.detail.get("person")
    return people(session, Person.id == number) if number is not None else []


def _himself(session: Session, config: Config, news: News) -> list[Recipient]:
    """The person that the event is about, unless the account only began with it."""
    return [] if news.detail.get("first") else people(session, Person.id == news.number)


def _inviter(session: Session, config: Config, news: News) -> list[Recipient]:
    return people(session, Person.id == session.get_one(Invitation, news.detail["invitation"]).invited_by)


def _author(session: Session, config: Config, news: News) -> list[Recipient]:
    """Who remarked, unless it was settled by the same."""
    author = session.get_one(DraftComment, news.detail["comment"]).person_id
    return people(session, Person.id == author) if f"person:{author}" != news.actor else []


def _bringer(session: Session, config: Config, news: News) -> list[Recipient]:
    return people(session, Person.id == session.get_one(BulkImport, news.number).person_id)


def _opened_to(session: Session, config: Config, news: News) -> list[Recipient]:
    """The organisation that something was opened to. What is opened to a person ends by a move with its letter."""
    organisation = session.get_one(Grant, news.number).organisation_id
    return members(session, organisation, "owner", "editor") if organisation is not None else []


def _asker(session: Session, config: Config, news: News) -> list[Recipient]:
    link = session.get_one(CaseLink, news.number)
    return members(session, link.organisation_id, "owner", "editor")


def _asker_unless_he_did_it(session: Session, config: Config, news: News) -> list[Recipient]:
    return [each for each in _asker(session, config, news) if f"person:{each.person}" != news.actor]


def _report(session: Session, news: News) -> Mapping[str, Any]:
    report = session.get_one(CaseReport, news.number)
    return {"report": report, "case": session.get_one(Case, report.case_id)}


def _case(session: Session, news: News) -> Mapping[str, Any]:
    case = session.get_one(Case, news.number)
    newest = select(Submission).where(Submission.case_id == case.id).order_by(Submission.number.desc()).limit(1)
    return {"case": case, "submission": session.scalar(newest)}


def _comment(session: Session, news: News) -> Mapping[str, Any]:
    comment = session.get_one(DraftComment, news.detail["comment"])
    case, title = session.get_one(Case, news.number), draft_comments.title(session, comment)
    return {"case": case, "title": title, "comment": comment, "by": name_of(session, news)}


def _organisation(session: Session, news: News) -> Mapping[str, Any]:
    return {"organisation": session.get_one(Organisation, news.number), "by": name_of(session, news)}


def _invitation(session: Session, news: News) -> Mapping[str, Any]:
    invitation = session.get_one(Invitation, news.detail["invitation"])
    return {**_organisation(session, news), "invitation": invitation}


def _table(session: Session, news: News) -> Mapping[str, Any]:
    return {"table": session.get_one(BulkImport, news.number)}


def _grant(session: Session, news: News) -> Mapping[str, Any]:
    grant = session.get_one(Grant, news.number)
    kind, _, number = grant.to.partition(":")
    case = session.get(Case, int(number)) if kind == "case" else None
    return {"organisation": session.get_one(Organisation, grant.organisation_id), "case": case}


def _link(session: Session, news: News) -> Mapping[str, Any]:
    link = session.get_one(CaseLink, news.number)
    return {"link": link, "case": link.case, "organisation": link.organisation}


NOTICES: Mapping[str, Notice] = {
    "case.report": Notice(_operator, _report),
    "case.submit": Notice(_writers, _case),
    "case.return": Notice(_writers, _case),
    "case.decline": Notice(_writers, _case),
    "case.admit": Notice(_writers, _case),
    "case.release": Notice(_writers, _case),
    "case.archive": Notice(_writers, _case),
    "case.withdraw": Notice(_writers, _case),
    "case.overdue": Notice(_writers, _case),
    "case.restore": Notice(_writers, _case),
    "case.comment": Notice(_colleagues, _comment, N_("A colleague commented on a draft")),
    "case.settle": Notice(_author, _comment, N_("A comment of mine was dealt with")),
    "case.assign": Notice(_assigned, _case, N_("A submission was assigned to me")),
    **call_notices.NOTICES,
    **benchmark_notices.NOTICES,
    **expert_notices.NOTICES,
    **decision_notices.NOTICES,
    **entry_notices.NOTICES,
    **objection_notices.NOTICES,
    **review_notices.NOTICES,
    "link.ask": Notice(officers, _link, N_("An organisation asks to be linked with a case")),
    "link.accept": Notice(_asker, _link),
    "link.refuse": Notice(_asker, _link),
    "link.end": Notice(_asker_unless_he_did_it, _link),
    "import.refuse": Notice(_bringer, _table, N_("A table of mine was refused")),
    "import.done": Notice(_bringer, _table, N_("A table of mine was written")),
    "organisation.ask": Notice(officers, _organisation, N_("An organisation asks to be verified")),
    "organisation.verify": Notice(_owners, _organisation),
    "organisation.refuse": Notice(_owners, _organisation),
    "organisation.edit": Notice(_other_owners, _organisation),
    "organisation.close": Notice(_owners, _organisation),
    "organisation.reopen": Notice(_owners, _organisation),
    "grant.end": Notice(_opened_to, _grant),
    "person.role": Notice(_himself, nothing),
    "token.make": Notice(_himself, nothing),
    "identity.link": Notice(_himself, nothing),
    "identity.unlink": Notice(_himself, nothing),
    "invitation.decline": Notice(_inviter, _invitation, N_("Somebody declined my invitation")),
    "membership.begin": Notice(_other_owners, _organisation, N_("Somebody joined my organisation")),
    "membership.change": Notice(_that_person, _organisation),
    "membership.transfer": Notice(_that_person, _organisation),
    "membership.end": Notice(_that_person, _organisation),
}


def optional() -> dict[str, str]:
    """The kinds of letters that people may do without, with their names."""
    return {verb: notice.title for verb, notice in NOTICES.items() if notice.title is not None}


def always_held() -> frozenset[str]:
    """The kinds of letters that always wait for an officer."""
    return frozenset(verb for verb, notice in NOTICES.items() if notice.held)


def order(database: Database, config: Config, *, now: dt.datetime) -> int:
    """Have letters written about every new event that somebody hears of. One cursor for all machines."""
    with database.reading() as session:
        if events.head_seq(session) <= events.position(session, EVERYWHERE, FOLLOWER):
            return 0
    with database.unit() as session:
        start = events.position(session, EVERYWHERE, FOLLOWER)
        batch = events.since(session, start)
        for event in batch:
            if event.verb in NOTICES and _is_news(session, event):
                deliveries.deliver(session, TELL, str(event.seq), {"seq": event.seq}, due=now)
        if batch:
            events.move_cursor(session, EVERYWHERE, FOLLOWER, batch[-1].seq, now=now)
    return len(batch)


def _is_news(session: Session, event: events.Event) -> bool:
    when = NOTICES[event.verb].when
    return when is None or when(events.detail(session, event.seq))


def tell(database: Database, config: Config, *, seq: int, now: dt.datetime) -> None:
    """Write the letters about one event, from what the database says now. A second time writes none twice."""
    with database.unit() as session:
        event = session.get_one(events.Event, seq)
        notice = NOTICES[event.verb]
        news = News(seq, event.verb, event.subject, event.actor, events.detail(session, seq))
        heard = notice.to(session, config, news)
        if notice.title is not None:
            known = [one.person for one in heard if one.person is not None]
            deaf = letters.who_is_deaf(session, event.verb, known)
            heard = [one for one in heard if one.person not in deaf]
        about = {**notice.about(session, news), "news": news} if heard else {}
        for one in heard:
            title, text = compose(event.verb, one.lang, config=config, to=one, **about)
            key = f"{seq}:{one.place}"
            letters.write(
                session,
                key=key,
                verb=event.verb,
                about=event.subject,
                to=one,
                title=title,
                text=text,
                now=now,
                private=one.private,
                held=notice.held,
            )


def compose(verb: str, lang: str, **about: Any) -> tuple[str, str]:
    """Subject and words of a letter. The first line of a template is the subject.

    `<verb>.zh.txt` is the Chinese one; a `<verb>.txt` alone is in both languages.
    """
    names = [f"{verb}.zh.txt", f"{verb}.txt"] if lang == "zh" else [f"{verb}.txt"]
    template = TEMPLATES.select_template(names)
    said = voice("zh" if lang == "zh" else "en")
    part, section = partial(label_in, said, "part"), partial(label_in, said, "draft_section")
    given = {"day": partial(figures.day, lang=lang, long=True), "word": partial(label_in, said)}
    words = template.render(part=part, section=section, **given, **about)
    title, _, text = words.strip().partition("\n")
    return title.strip(), text.strip() + "\n"


TEMPLATES = Environment(
    loader=FileSystemLoader(ROOT / "templates/mail"), undefined=StrictUndefined, autoescape=False
)
