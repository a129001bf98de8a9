"""A call goes to its experts: what must be settled before, what each entry keeps of that moment, and what is
withheld from the experts of a blind call while it is judged (`accounts.withheld_models`, obeyed by the catalogue).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ..accounts.withheld_models import Withheld, WithheldFrom
from ..catalog.policy import is_public
from ..db import insert_unless_there
from ..deliveries import deliver
from ..errors import Text
from ..policy import Actor
from . import queries
from .entry_models import Entry
from .expert_models import Expert, Review
from .expert_queries import of_the_pool
from .models import Call
from .review_schemas import is_blind

HAND = "hand"  # the kind of a Delivery that hands the entries of a call to the experts
UNCHECKED = ("entered", "recommended", "needs_correction")


def not_ready(session: Session, call: Call, now: dt.datetime) -> list[Text]:
    """The guard of call.score: every entry is answered, and there are experts enough."""
    rows = select(Entry.state, func.count(), func.count(Entry.masked_at)).where(Entry.call_id == call.id)
    counts = {state: (many, masked) for state, many, masked in session.execute(rows.group_by(Entry.state))}
    found = []
    if waits := sum(counts.get(state, (0, 0))[0] for state in UNCHECKED):
        found.append(
            Text("%(count)s entries still wait for a recommendation, a check or a correction.", {"count": waits})
        )
    passed, masked = counts.get("check_passed", (0, 0))
    if not passed:
        found.append(Text("No entry has passed the form check."))
    if is_blind(call) and passed > masked:
        found.append(
            Text(
                "The words to be masked are not confirmed for %(count)s entries; the call is blind.",
                {"count": passed - masked},
            )
        )
    wanted = queries.document(call)["reviewers"]
    pool = session.scalar(select(func.count()).select_from(Expert).join(Expert.person).where(of_the_pool(call)))
    if (pool or 0) < wanted:
        few = {"wanted": wanted, "pool": pool or 0}
        found.append(Text("The call asks for %(wanted)s experts a case; the pool has %(pool)s.", few))
    return found


def begin(session: Session, actor: Actor, call: Call, *, now: dt.datetime, reason: str) -> None:
    """Effect of call.score: the entries follow, a hundred at a time."""
    deliver(session, HAND, str(call.id), {"call": call.id}, due=now)


def not_scoring(session: Session, entry: Entry, now: dt.datetime) -> list[Text]:
    """The guard of entry.review."""
    if entry.call.state == "scoring":
        return []
    return [Text("The expert review of this call is not under way.")]


def hand(session: Session, actor: Actor, entry: Entry, *, now: dt.datetime, **_: Any) -> None:
    """Effect of entry.review: was the case public, and from now on it is kept from the experts of a blind call."""
    entry.was_public = is_public(entry.case)
    if is_blind(entry.call):
        insert_unless_there(session, Withheld, why=entry.call.subject, subject=entry.case.subject)


def withhold_from(session: Session, call: Call, person: int, *, now: dt.datetime) -> None:
    """Whoever reviews in a blind call finds none of its cases elsewhere."""
    if is_blind(call):
        insert_unless_there(session, WithheldFrom, why=call.subject, person_id=person, at=now)


def lift_from(session: Session, call: Call, person: int) -> None:
    """Whoever has no review in the call any more, finds its cases again."""
    left = select(Review.id).where(
        Review.call_id == call.id, Review.person_id == person, Review.state != "removed"
    )
    session.flush()
    if session.scalar(left.limit(1)) is None:
        session.execute(
            delete(WithheldFrom).where(WithheldFrom.why == call.subject, WithheldFrom.person_id == person)
        )


def lift(session: Session, call: Call) -> None:
    """The call has ended: nothing is withheld for it any more."""
    for table in (Withheld, WithheldFrom):
        session.execute(delete(table).where(table.why == call.subject))
