"""Who judges: experts are asked by letter, join, say where they work and worked, and leave."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import events, figures
from ..accounts import letters, profile
from ..accounts.account_letters import GOOD_FOR, SUFFIX, TEMPLATES
from ..accounts.letters import Recipient
from ..accounts.models import Person
from ..catalog import taxonomy
from ..catalog.operations import filled
from ..config import Config
from ..errors import Conflict, Invalid, Missing, Text, TooMany
from ..policy import SYSTEM, Actor, require
from . import expert_queries as queries
from .expert_models import Expert, ExpertInvitation, ExpertPast
from .expert_policy import NO_EXPERTS, RULES
from .expert_schemas import ExpertForm, InviteForm, StayForm, TakeForm

Given = Mapping[str, Any]
FORM = Text("Something is missing or wrong in the form.")
MOST_A_DAY = 200  # letters of all officers together
MOST_STAYS = 40
DAY = dt.timedelta(days=1)


def invite(session: Session, actor: Actor, *, given: Given, config: Config, now: dt.datetime) -> ExpertInvitation:
    """Ask somebody by a letter with a link that expires and works once."""
    require(RULES, actor, "expert.keep")
    said = filled(InviteForm, given)
    _known_sectors(session, said["sectors"])
    same = ExpertInvitation.email == said["email"]
    if session.scalar(select(ExpertInvitation.id).where(same, queries.unanswered(now))) is not None:
        waits = Text("This address was invited already; withdraw that invitation or send it again.")
        raise Invalid(FORM, fields={"email": [waits]})
    there = select(Expert.person_id).join(Expert.person)
    if session.scalar(there.where(Person.email == said["email"], Expert.ended_at.is_(None))) is not None:
        raise Invalid(FORM, fields={"email": [Text("The person with this address is in the pool already.")]})
    return _write(session, actor, said, config, now)


def again(
    session: Session, actor: Actor, invitation: ExpertInvitation, *, config: Config, now: dt.datetime
) -> ExpertInvitation:
    """Ask once more, with a new word and a new term; the former word stops working."""
    withdraw(session, actor, invitation, now=now)
    return _write(session, actor, {"email": invitation.email, "sectors": invitation.sectors}, config, now)


def withdraw(session: Session, actor: Actor, invitation: ExpertInvitation, *, now: dt.datetime) -> None:
    """Take an invitation back."""
    require(RULES, actor, "expert.keep")
    _lock(session, invitation)
    if invitation.accepted_at is not None or invitation.withdrawn_at is not None:
        raise Conflict(Text("This invitation was answered or withdrawn meanwhile."))
    invitation.withdrawn_at = now
    events.record(session, actor, "expert.withdraw", invitation.subject, now=now)


def decline(session: Session, actor: Actor, invitation: ExpertInvitation, *, now: dt.datetime) -> None:
    """Whoever holds the word does not want to join; no account is needed for a no."""
    _answerable(session, invitation, now)
    invitation.withdrawn_at = now
    detail = {"declined": True}
    events.record(session, actor, "expert.withdraw", invitation.subject, now=now, detail=detail)


def accept(session: Session, actor: Actor, invitation: ExpertInvitation, *, now: dt.datetime) -> Expert:
    """Whoever holds the word joins the pool and is given the role; it counts once a second factor is shown."""
    require(RULES, actor, "expert.answer")
    _answerable(session, invitation, now)
    person = session.get_one(Person, actor.person)
    if roles := NO_EXPERTS & {role.name for role in person.roles}:
        who = {"roles": ", ".join(sorted(roles))}
        raise Conflict(
            Text("Whoever prepares or approves decisions does not judge as well; you are: %(roles)s.", who)
        )
    row = session.get(Expert, person.id, with_for_update=True)
    if row is not None and row.ended_at is None:
        raise Conflict(Text("You are in the pool already; there is nothing to accept."))
    if row is None:
        row = Expert(person_id=person.id, sectors=list(invitation.sectors), joined_at=now)
        session.add(row)
    row.ended_at, row.joined_at = None, now
    invitation.accepted_at, invitation.accepted_by = now, person.id
    profile.give_role(session, SYSTEM, person, role="expert", now=now)
    session.flush()
    detail = {"invitation": invitation.id}
    events.record(session, actor, "expert.join", row.subject, now=now, detail=detail)
    return row


def why_not(invitation: ExpertInvitation, now: dt.datetime) -> Text | None:
    """Why an invitation cannot be answered; None when it can."""
    if invitation.accepted_at is not None:
        return Text("This invitation was accepted before; it works once.")
    if invitation.withdrawn_at is not None:
        return Text("This invitation was withdrawn, declined or sent again; only the newest letter counts.")
    if invitation.expires_at <= now:
        return Text("This invitation ran out; ask the secretariat to send it again.")
    return None


def edit(session: Session, actor: Actor, expert: Expert, *, given: Given, now: dt.datetime) -> None:
    """What an expert knows, and how many cases of a call at most."""
    require(RULES, actor, "expert.own", expert)
    said = filled(ExpertForm, given)
    _known_sectors(session, said["sectors"])
    before = {name: getattr(expert, name) for name in said}
    if changed := [name for name in said if before[name] != said[name]]:
        for name in changed:
            setattr(expert, name, said[name])
        detail = {side: {name: of[name] for name in changed} for side, of in (("before", before), ("after", said))}
        events.record(session, actor, "expert.edit", expert.subject, now=now, detail=detail)


def add_stay(session: Session, actor: Actor, expert: Expert, *, given: Given, now: dt.datetime) -> ExpertPast:
    """An organisation where the expert is or was: the registered one where name or code names exactly one."""
    require(RULES, actor, "expert.own", expert)
    said = filled(StayForm, {name: value for name, value in given.items() if value})
    if len(expert.past) >= MOST_STAYS:
        raise Invalid(FORM, fields={"name": [Text("At most %(most)s organisations.", {"most": MOST_STAYS})]})
    known = queries.registered(session, said["name"])
    row = ExpertPast(**said)
    if known is not None:
        row.organisation_id, row.name = known.id, known.name_zh
    expert.past.append(row)
    session.flush()
    detail = {"added": {"organisation": row.organisation_id, "name": row.name, **_days(row)}}
    events.record(session, actor, "expert.edit", expert.subject, now=now, detail=detail)
    return row


def drop_stay(session: Session, actor: Actor, expert: Expert, *, number: int, now: dt.datetime) -> None:
    """Take a line out of the history; the event keeps what it said."""
    require(RULES, actor, "expert.own", expert)
    row = next((each for each in expert.past if each.id == number), None)
    if row is None:
        raise Missing(Text("This line was taken out before."))
    detail = {"dropped": {"organisation": row.organisation_id, "name": row.name, **_days(row)}}
    expert.past.remove(row)
    events.record(session, actor, "expert.edit", expert.subject, now=now, detail=detail)


def end(session: Session, actor: Actor, expert: Expert, *, given: Given, now: dt.datetime) -> None:
    """Somebody leaves the pool and loses the role. Open reviews are taken off first: they need other experts."""
    require(RULES, actor, "expert.keep", expert)
    reason = filled(TakeForm, given)["take_reason"]
    session.refresh(expert, with_for_update={"of": Expert})
    if expert.ended_at is not None:
        raise Conflict(Text("This expert has left the pool already."))
    if waits := queries.open_reviews(session, expert.person_id):
        raise Conflict(
            Text("%(count)s reviews are open; take the expert off these cases first.", {"count": waits})
        )
    expert.ended_at = now
    profile.give_role(session, SYSTEM, expert.person, role="expert", take=True, now=now)
    events.record(session, actor, "expert.end", expert.subject, now=now, detail={"reason": reason})


def _days(row: ExpertPast) -> dict[str, str | None]:
    return {"since": row.since, "until": row.until}


def _lock(session: Session, invitation: ExpertInvitation) -> None:
    session.refresh(invitation, with_for_update=True)


def _answerable(session: Session, invitation: ExpertInvitation, now: dt.datetime) -> None:
    _lock(session, invitation)
    if reason := why_not(invitation, now):
        raise Conflict(reason)


def _known_sectors(session: Session, codes: list[str]) -> None:
    if set(codes) - taxonomy.read(session).sectors.keys():
        raise Invalid(FORM, fields={"sectors": [Text("Choose sectors from the list.")]})


def _write(session: Session, actor: Actor, said: Given, config: Config, now: dt.datetime) -> ExpertInvitation:
    today = session.scalar(select(func.count()).where(ExpertInvitation.at > now - DAY)) or 0
    if today >= MOST_A_DAY:
        raise TooMany(Text("At most %(limit)s experts are invited a day; go on tomorrow.", {"limit": MOST_A_DAY}))
    word = secrets.token_urlsafe(32)
    row = ExpertInvitation(
        email=said["email"],
        sectors=list(said["sectors"]),
        digest=queries.digest(word),
        invited_by=actor.person,
        at=now,
        expires_at=now + GOOD_FOR["expert.invite"],
    )
    session.add(row)
    session.flush()
    _post(session, config, row, word, now)
    events.record(session, actor, "expert.invite", row.subject, now=now, detail={"sectors": row.sectors})
    return row


def _post(session: Session, config: Config, row: ExpertInvitation, word: str, now: dt.datetime) -> None:
    """The letter with the word, in the language of whoever has an account there, else of whoever invites."""
    known = session.scalar(select(Person).where(Person.email == row.email, Person.active))
    lang = (known or session.get_one(Person, row.invited_by)).lang
    words = TEMPLATES.get_template("expert.invite" + SUFFIX[lang]).render(
        config=config,
        link=f"{config.url}/experts/invitations/{word}",
        until=figures.day(row.expires_at, lang, long=True),
    )
    title, _, text = words.strip().partition("\n")
    letters.write(
        session,
        key=row.subject,
        verb="expert.invite",
        about=row.subject,
        to=Recipient(row.email, lang, known.id if known else None),
        title=title.strip(),
        text=text.strip() + "\n",
        now=now,
        private=True,
    )
