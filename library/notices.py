"""Which event makes whom hear what: the table, and the follower that writes the letters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import partial
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import select
from sqlalchemy.orm import Session

from . import call_notices, deliveries, events, figures
from .accounts import letters
from .accounts.letters import Recipient
from .accounts.models import Organisation, Person
from .catalog import draft_comments
from .catalog.draft_models import CaseLink, DraftComment, Submission
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


def _asker(session: Session, config: Config, news: News) -> list[Recipient]:
    link = session.get_one(CaseLink, news.number)
    return members(session, link.organisation_id, "owner", "editor")


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
    "case.comment": Notice(_colleagues, _comment, N_("A colleague commented on a draft")),
    "case.assign": Notice(_assigned, _case, N_("A submission was assigned to me")),
    **call_notices.NOTICES,
    "link.ask": Notice(officers, _link, N_("An organisation asks to be linked with a case")),
    "link.accept": Notice(_asker, _link),
    "link.refuse": Notice(_asker, _link),
    "organisation.ask": Notice(officers, _organisation, N_("An organisation asks to be verified")),
    "organisation.verify": Notice(_owners, _organisation),
    "organisation.refuse": Notice(_owners, _organisation),
    "organisation.close": Notice(_owners, _organisation),
    "person.role": Notice(_himself, nothing),
    "token.make": Notice(_himself, nothing),
    "identity.link": Notice(_himself, nothing),
    "membership.begin": Notice(_other_owners, _organisation, N_("Somebody joined my organisation")),
    "membership.change": Notice(_that_person, _organisation),
    "membership.transfer": Notice(_that_person, _organisation),
    "membership.end": Notice(_that_person, _organisation),
}


def optional() -> dict[str, str]:
    """The kinds of letters that people may do without, with their names."""
    return {verb: notice.title for verb, notice in NOTICES.items() if notice.title is not None}


def order(database: Database, config: Config, *, now: dt.datetime) -> int:
    """Have letters written about every new event that somebody hears of. One cursor for all machines."""
    with database.reading() as session:
        if events.head_seq(session) <= events.position(session, EVERYWHERE, FOLLOWER):
            return 0
    with database.unit() as session:
        start = events.position(session, EVERYWHERE, FOLLOWER)
        batch = events.since(session, start)
        for event in batch:
            if event.verb in NOTICES:
                deliveries.deliver(session, TELL, str(event.seq), {"seq": event.seq}, due=now)
        if batch:
            events.move_cursor(session, EVERYWHERE, FOLLOWER, batch[-1].seq, now=now)
    return len(batch)


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
            title, text = compose(event.verb, one.lang, config=config, **about)
            key = f"{seq}:{one.place}"
            letters.write(
                session, key=key, verb=event.verb, about=event.subject, to=one, title=title, text=text, now=now
            )


def compose(verb: str, lang: str, **about: Any) -> tuple[str, str]:
    """Subject and words of a letter. The first line of a template is the subject.

    `<verb>.zh.txt` is the Chinese one; a `<verb>.txt` alone is in both languages.
    """
    names = [f"{verb}.zh.txt", f"{verb}.txt"] if lang == "zh" else [f"{verb}.txt"]
    template = TEMPLATES.select_template(names)
    said = voice("zh" if lang == "zh" else "en")
    part, section = partial(label_in, said, "part"), partial(label_in, said, "draft_section")
    words = template.render(day=partial(figures.day, lang=lang, long=True), part=part, section=section, **about)
    title, _, text = words.strip().partition("\n")
    return title.strip(), text.strip() + "\n"


TEMPLATES = Environment(
    loader=FileSystemLoader(ROOT / "templates/mail"), undefined=StrictUndefined, autoescape=False
)
