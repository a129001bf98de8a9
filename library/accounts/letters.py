"""Letters: written when ordered, held or sent, edited or thrown away by an officer, kept with their end."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from .. import events
from ..db import insert_unless_there
from ..deliveries import deliver
from ..errors import Conflict, Forbidden, Invalid, Text
from ..policy import Actor
from .letter_models import HeldKind, Letter, Silenced

POST = "post"  # the kind of a Delivery that sends a letter
LONGEST_TITLE, LONGEST_TEXT = 300, 20_000
SAFETY = ("person.", "token.", "identity.")
KEPT = dt.timedelta(days=730)


@dataclass(frozen=True)
class Recipient:
    """Where a letter goes, in which language, and whose it is when that is somebody with an account.

    `alias` stands for an address of which not even a digest may be told; `private`: no officer reads the letter.
    """

    address: str
    lang: str = "zh"
    person: int | None = None
    alias: str = ""
    private: bool = False

    @property
    def place(self) -> str:
        """Tells it from others without its address, which is forgotten with the account."""
        if self.person is not None:
            return f"person:{self.person}"
        return self.alias or hashlib.sha256(self.address.encode()).hexdigest()


def may_post(actor: Actor, letter: Letter | None) -> bool:
    """The outbox is the officers'. A letter that opens an account is nobody's to read or to hold, and one about
    the safety of an account nobody's to keep back."""
    ours = letter is None or not (letter.private or letter.verb.startswith(SAFETY))
    return actor.has("officer", "administrator") and ours


def write(
    session: Session,
    *,
    key: str,
    verb: str,
    about: str,
    to: Recipient,
    title: str,
    text: str,
    now: dt.datetime,
    private: bool = False,
    held: bool = False,
) -> Letter | None:
    """A letter on its way, or held when it must be or letters of its kind are; None when it was written before."""
    held = not private and (held or session.get(HeldKind, verb) is not None)
    letter = insert_unless_there(
        session,
        Letter,
        key=key,
        verb=verb,
        about=about,
        person_id=to.person,
        address=to.address,
        lang=to.lang,
        title=title[:LONGEST_TITLE],
        text=text,
        private=private,
        state="held" if held else "queued",
        at=now,
    )
    if letter is not None and not held:
        order(session, letter, now=now)
    return letter


def order(session: Session, letter: Letter, *, now: dt.datetime) -> None:
    """Have a letter sent. One that was held and released is ordered anew: its first order found it held."""
    deliver(session, POST, f"{letter.id}@{now.isoformat()}", {"letter": letter.id}, due=now)


def release(session: Session, actor: Actor, letter: Letter, *, now: dt.datetime, **_: Any) -> None:
    """Effect of letter.release."""
    letter.last_error = None
    order(session, letter, now=now)


def sent(session: Session, actor: Actor, letter: Letter, *, now: dt.datetime, **_: Any) -> None:
    """Effect of letter.send. The words of a letter that opens an account are forgotten."""
    letter.sent_at, letter.last_error = now, None
    if letter.private:
        letter.text = None


def failed(session: Session, actor: Actor, letter: Letter, *, error: str, **_: Any) -> None:
    """Effect of letter.fail. A link that opens an account does not lie about until somebody finds it."""
    letter.last_error = error[:2000]
    if letter.private:
        letter.text = None


def digest(letter: Letter) -> str:
    """The words of a letter in short: whoever changes them says which words were read."""
    return hashlib.sha256(f"{letter.title}\n{letter.text}".encode()).hexdigest()


def edit(
    session: Session, actor: Actor, letter: Letter, *, title: str, text: str, seen: str, now: dt.datetime
) -> None:
    """Other words for a letter that waits; `seen` is the digest of those that were read.

    Raises Conflict when it is on its way or gone, or when somebody else has changed it since.
    """
    if not may_post(actor, letter):
        raise Forbidden(Text("You may not do this."))
    session.flush()  # the refresh would forget what was not written
    session.refresh(letter, with_for_update=True)
    if letter.state not in ("held", "failed"):
        raise Conflict(Text("This letter is no longer held; what you wrote was neither kept nor sent."))
    title, text = _typed(title, text)
    if (title, text) == _typed(letter.title, letter.text or ""):
        return
    if seen != digest(letter):
        raise Conflict(Text("Somebody else has changed this letter; what you wrote was neither kept nor sent."))
    errors = {}
    if not 0 < len(title) <= LONGEST_TITLE:
        errors["title"] = [Text("A subject has 1 to %(limit)s characters.", {"limit": LONGEST_TITLE})]
    if not 0 < len(text) <= LONGEST_TEXT or "\0" in text:
        errors["text"] = [Text("A letter has 1 to %(limit)s characters.", {"limit": LONGEST_TEXT})]
    if errors:
        raise Invalid(Text("The letter was not changed."), fields=errors)
    detail = {"before": {"title": letter.title, "text": letter.text}, "after": {"title": title, "text": text}}
    letter.title, letter.text = title, text
    events.record(session, actor, "letter.edit", letter.subject, now=now, detail=detail)


def _typed(title: str, text: str) -> tuple[str, str]:
    """The words of a letter as they are kept, however a browser sends them."""
    return " ".join(title.split()), text.replace("\r\n", "\n").strip()


def held_kinds(session: Session) -> set[str]:
    """The kinds of letters that wait for an officer."""
    return set(session.scalars(select(HeldKind.verb)))


def hold_kinds(session: Session, actor: Actor, *, verbs: Collection[str], now: dt.datetime) -> None:
    """From now on letters of these kinds, and no others, wait for an officer."""
    if not may_post(actor, None):
        raise Forbidden(Text("You may not do this."))
    before = held_kinds(session)
    session.execute(delete(HeldKind).where(HeldKind.verb.not_in(verbs)))
    for verb in sorted(set(verbs) - before):
        session.add(HeldKind(verb=verb))
    if set(verbs) != before:
        detail = {"before": sorted(before), "after": sorted(verbs)}
        events.record(session, actor, "letter.kinds", "letter:0", now=now, detail=detail)


def silenced(session: Session, person: int) -> set[str]:
    """The kinds of letters that this person does not want."""
    return set(session.scalars(select(Silenced.verb).where(Silenced.person_id == person)))


def who_is_deaf(session: Session, verb: str, people: Collection[int]) -> set[int]:
    """Of these people, those who do not want letters of this kind."""
    rows = select(Silenced.person_id).where(Silenced.verb == verb, Silenced.person_id.in_(people))
    return set(session.scalars(rows)) if people else set()


def choose(session: Session, actor: Actor, *, unwanted: Collection[str], now: dt.datetime) -> None:
    """From now on this person gets no letters of these kinds, and all others."""
    if actor.person is None:
        raise Forbidden(Text("You may not do this."))
    before = silenced(session, actor.person)
    session.execute(delete(Silenced).where(Silenced.person_id == actor.person, Silenced.verb.not_in(unwanted)))
    for verb in sorted(set(unwanted) - before):
        session.add(Silenced(person_id=actor.person, verb=verb))
    if set(unwanted) != before:
        detail = {"before": sorted(before), "after": sorted(unwanted)}
        events.record(session, actor, "person.letters", f"person:{actor.person}", now=now, detail=detail)


def forget(session: Session, *, now: dt.datetime) -> None:
    """Letters are kept for two years."""
    ended = ("sent", "discarded")
    session.execute(delete(Letter).where(Letter.at < now - KEPT, Letter.state.in_(ended)))
