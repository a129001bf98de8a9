"""Who acts: people at browsers and with tokens, and their sign-ins."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, update
from sqlalchemy.orm import Session, joinedload

from .. import events
from ..errors import Missing, Text
from ..policy import VISITOR, Actor
from .models import ApiToken, Grant, Membership, Organisation, Person, SignIn
from .withheld_models import Withheld, WithheldFrom

NOTED_EVERY = dt.timedelta(minutes=5)
FORGOTTEN_AFTER = dt.timedelta(days=14)  # a browser that was not seen for so long is signed out
BROWSER = 200

# Asked with every request of somebody who is signed in, so they are put together once.
BY_WORD = (
    select(SignIn, Person, Organisation, Membership.role)
    .join(Person, Person.id == SignIn.person_id)
    .outerjoin(
        Membership,
        and_(
            Membership.person_id == SignIn.person_id,
            Membership.organisation_id == SignIn.organisation_id,
            Membership.ended_at.is_(None),
        ),
    )
    .outerjoin(Organisation, and_(Organisation.id == Membership.organisation_id, Organisation.closed_at.is_(None)))
    .options(joinedload(Person.roles))
    .where(
        SignIn.digest == bindparam("digest"),
        SignIn.ended_at.is_(None),
        SignIn.seen_at > bindparam("since"),
        Person.active,
    )
)
OPENED_TO = select(Grant.to, Grant.audience).where(
    or_(Grant.person_id == bindparam("person"), Grant.organisation_id == bindparam("organisation")),
    Grant.ended_at.is_(None),
    Grant.at <= bindparam("now"),
    Grant.until > bindparam("now"),
)
# What is kept back from somebody: the reverse of a grant.
WITHHELD = (
    select(Withheld.subject)
    .join(WithheldFrom, WithheldFrom.why == Withheld.why)
    .where(WithheldFrom.person_id == bindparam("person"))
    .distinct()
)


@dataclass(frozen=True)
class Recognised:
    """A browser that somebody is signed in with, the person, and for whom the person acts in it."""

    sign_in: SignIn
    person: Person
    organisation: Organisation | None
    membership: str

    @property
    def roles(self) -> frozenset[str]:
        """What the person is for the whole library; nothing unless a second factor was shown."""
        given = {role.name for role in self.person.roles} if self.sign_in.second_factor else set()
        return frozenset(given | _investor(self.organisation))


def sign_in(
    session: Session,
    person: Person,
    *,
    browser: str,
    second_factor: bool,
    organisation: int | None = None,
    now: dt.datetime,
) -> str:
    """A new sign-in; the random word that the browser's cookie keeps, of which we keep the digest."""
    word = secrets.token_urlsafe(32)
    row = SignIn(digest=_digest(word), person_id=person.id, organisation_id=organisation)
    row.second_factor, row.browser, row.at, row.seen_at = second_factor, browser[:BROWSER], now, now
    session.add(row)
    session.flush()
    detail = {"sign_in": row.id, "browser": row.browser, "second_factor": second_factor}
    events.record(session, himself(person), "sign_in.begin", person.subject, now=now, detail=detail)
    return word


def recognise(session: Session, word: str, *, now: dt.datetime) -> Recognised | None:
    """Whose browser keeps this word; None when nobody's, or the sign-in has ended. One statement."""
    given = {"digest": _digest(word), "since": now - FORGOTTEN_AFTER}
    row = session.execute(BY_WORD, given).unique().first()
    if row is None:
        return None
    found, person, organisation, membership = row
    return Recognised(found, person, organisation, membership if organisation else "")


def actor_of(session: Session, word: str, *, now: dt.datetime) -> Actor:
    """Who acts in the browser that keeps this word; a visitor when nobody does."""
    found = recognise(session, word, now=now)
    return acting(session, found, now=now) if found else VISITOR


def acting(session: Session, found: Recognised, *, now: dt.datetime) -> Actor:
    """The actor in a recognised browser, with what is opened to the person and the organisation."""
    organisation = found.organisation.id if found.organisation else None
    return Actor(
        found.person.subject,
        organisation,
        found.roles,
        found.person.id,
        found.membership,
        _opened(session, found.person.id, organisation, now),
        withheld=withheld(session, found.person),
    )


def with_token(session: Session, token: ApiToken, *, now: dt.datetime) -> Actor:
    """The actor of a program: its person within the token's scopes. Roles are for `tokens.actor_of` to add."""
    row = session.execute(
        select(Person, Membership.role, Organisation)
        .outerjoin(
            Membership,
            and_(
                Membership.person_id == Person.id,
                Membership.organisation_id == token.organisation_id,
                Membership.ended_at.is_(None),
            ),
        )
        .outerjoin(Organisation, and_(Organisation.id == Membership.organisation_id, ~_closed()))
        .where(Person.id == token.person_id, Person.active)
    ).first()
    if row is None:
        return VISITOR
    person, membership, organisation = row
    acts_for = organisation.id if organisation else None
    return Actor(
        person.subject,
        acts_for,
        frozenset(_investor(organisation)),
        person.id,
        membership if organisation else "",
        _opened(session, person.id, acts_for, now),
        frozenset(token.scopes),
    )


def withheld(session: Session, person: Person) -> frozenset[str]:
    """The subjects that are kept back from somebody. Only from experts, also while no second factor was shown:
    everybody else costs no statement."""
    if not any(role.name == "expert" for role in person.roles):
        return frozenset()
    return frozenset(session.scalars(WITHHELD, {"person": person.id}))


def himself(person: Person) -> Actor:
    """The person as the doer of something that happens before or beside a sign-in."""
    return Actor(person.subject, person=person.id)


def usual_organisation(session: Session, person: Person) -> int | None:
    """For whom somebody acts after signing in: as at the last sign-in, else for the first that there is."""
    open_ones = (
        select(Membership.organisation_id)
        .join(Organisation)
        .where(Membership.person_id == person.id, Membership.ended_at.is_(None), ~_closed())
    )
    mine = session.scalars(open_ones.order_by(Membership.id)).all()
    before = select(SignIn.organisation_id).where(SignIn.person_id == person.id).order_by(SignIn.id.desc())
    last = session.execute(before.limit(1)).first()
    if last and (last[0] is None or last[0] in mine):
        return last[0]
    return mine[0] if mine else None


def act_for(session: Session, found: Recognised, *, organisation: int | None) -> None:
    """From now on the person acts for this organisation in this browser; None: for nobody."""
    if organisation is not None:
        belongs = (
            select(Membership.id)
            .join(Organisation)
            .where(
                Membership.person_id == found.person.id,
                Membership.organisation_id == organisation,
                Membership.ended_at.is_(None),
                ~_closed(),
            )
        )
        if session.scalar(belongs) is None:
            raise Missing(Text("You do not belong to this organisation."))
    found.sign_in.organisation_id = organisation


def sign_ins(session: Session, actor: Actor, *, now: dt.datetime) -> list[SignIn]:
    """The browsers that the actor is signed in with, the newest first."""
    rows = select(SignIn).where(SignIn.person_id == actor.person, _live(now))
    return list(session.scalars(rows.order_by(SignIn.id.desc())))


def is_new_browser(session: Session, person: Person, browser: str) -> bool:
    """Has the person signed in before, but never with a browser of this name?"""
    names = set(session.scalars(select(SignIn.browser).where(SignIn.person_id == person.id).distinct()))
    return bool(names) and browser not in names


def end_sign_in(session: Session, actor: Actor, number: int, *, now: dt.datetime) -> None:
    """One of the actor's own."""
    row = session.get(SignIn, number)
    if row is None or row.person_id != actor.person:
        raise Missing(Text("You are not signed in there."))
    _end(session, actor, row.person_id, SignIn.id == number, now)


def end_sign_ins(
    session: Session, actor: Actor, person: Person, *, but: SignIn | None = None, now: dt.datetime
) -> int:
    """All sign-ins of a person, but one that is kept; how many there were."""
    others = SignIn.id != but.id if but else SignIn.id.is_not(None)
    return _end(session, actor, person.id, others, now)


def note_seen(session: Session, number: int, *, now: dt.datetime) -> None:
    """The browser was here just now."""
    session.execute(update(SignIn).where(SignIn.id == number, SignIn.seen_at < now).values(seen_at=now))


def _end(session: Session, actor: Actor, person: int, which: ColumnElement[bool], now: dt.datetime) -> int:
    mine = and_(SignIn.person_id == person, SignIn.ended_at.is_(None), which)
    ended = list(session.scalars(update(SignIn).where(mine).values(ended_at=now).returning(SignIn.id)))
    for number in sorted(ended):
        subject = f"person:{person}"
        events.record(session, actor, "sign_in.end", subject, now=now, detail={"sign_in": number})
    return len(ended)


def _digest(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()


def _live(now: dt.datetime) -> ColumnElement[bool]:
    return and_(SignIn.ended_at.is_(None), SignIn.seen_at > now - FORGOTTEN_AFTER)


def _closed() -> ColumnElement[bool]:
    return Organisation.closed_at.is_not(None)


def _investor(organisation: Organisation | None) -> set[str]:
    return {"investor"} if organisation and organisation.verified and organisation.kind == "investor" else set()


def _opened(
    session: Session, person: int, organisation: int | None, now: dt.datetime
) -> Mapping[str, frozenset[str]]:
    opened: dict[str, frozenset[str]] = {}
    given = {"person": person, "organisation": organisation, "now": now}
    for to, audience in session.execute(OPENED_TO, given):
        opened[to] = opened.get(to, frozenset()) | {audience}
    return opened
