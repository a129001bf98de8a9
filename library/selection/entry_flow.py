"""The life of an entry, one row a move, in the order in which the chapter's rooms come to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..accounts.models import Organisation
from ..catalog.operations import filled
from ..errors import Forbidden, Text
from ..policy import SYSTEM, Actor
from ..workflow import Move, step
from . import announcing, checks, entries, objections, outcomes, publishing, scoring
from .benchmark_policy import may_carry_out
from .decision_policy import may_release_entries
from .entry_models import BEFORE_PUBLICITY, Entry
from .entry_policy import may_check, may_enter, may_recommend, may_withdraw
from .entry_schemas import FORMS
from .models import Call
from .notice_policy import may_be_told
from .operations import ENDED

ENTERED = frozenset({"entered"})
# Why the system withdraws; everybody reads both languages.
CLOSED = {"reason": "申报单位已关闭。 / The organisation was closed."}
MOST_IN_A_UNIT = 100
RECOMMENDED = frozenset({"recommended"})
RETURNED = frozenset({"needs_correction"})
IN_REVIEW = frozenset({"in_review"})
SHORTLISTED = frozenset({"shortlisted"})

APPLICANT = (
    Move(
        "entry.correct",
        RETURNED,
        "recommended",
        may_enter,
        guard=entries.not_corrected,
        effect=entries.correct,
        note=Text("The checker sees what has changed."),
    ),
    Move(
        "entry.withdraw",
        frozenset(BEFORE_PUBLICITY),
        "withdrawn",
        may_withdraw,
        guard=entries.in_a_running_call,
        effect=entries.withdraw,
        note=Text("This cannot be undone; the place of the recommending body is free again."),
    ),
)

RECOMMENDER = (
    Move(
        "entry.recommend",
        ENTERED,
        "recommended",
        may_recommend,
        guard=entries.not_to_recommend,
        effect=entries.recommend,
    ),
    Move(
        "entry.decline",
        ENTERED,
        "not_recommended",
        may_recommend,
        guard=entries.not_to_answer,
        effect=entries.decline,
    ),
)

CHECK = (
    Move(
        "entry.pass",
        RECOMMENDED,
        "check_passed",
        may_check,
        guard=checks.not_in_check,
        effect=checks.check_pass,
    ),
    Move(
        "entry.return",
        RECOMMENDED | RETURNED,
        "needs_correction",
        may_check,
        guard=checks.not_in_check_or_awaited,
        effect=checks.send_back,
    ),
    Move(
        "entry.fail",
        RECOMMENDED | RETURNED,
        "check_failed",
        may_check,
        guard=checks.not_in_check_or_awaited,
        effect=checks.fail,
    ),
)

# Rows of the rooms that come later: expert review, the decision, the public notice and what follows it.
REVIEW = (
    Move(
        "entry.review",
        frozenset({"check_passed"}),
        "in_review",
        may_be_told,
        guard=scoring.not_scoring,
        effect=scoring.hand,
    ),
)
DECISION = (
    Move("entry.shortlist", IN_REVIEW, "shortlisted", may_release_entries, effect=outcomes.shortlist),
    Move("entry.leave_out", IN_REVIEW, "not_selected", may_release_entries, effect=outcomes.leave_out),
)
# Steps of the public notice: the flows of notices and objections make them, and no form of an entry's own.
NOTICE = (
    Move("entry.announce", SHORTLISTED, "in_publicity", may_be_told, guard=announcing.not_announced),
    Move("entry.hold", frozenset({"in_publicity"}), "on_hold", may_check, guard=objections.not_held),
    Move("entry.resume", frozenset({"on_hold"}), "in_publicity", may_check, guard=objections.still_held),
    Move(
        "entry.remove",
        frozenset({"in_publicity", "on_hold"}),
        "removed",
        may_check,
        guard=objections.not_upheld,
        effect=objections.remove,
    ),
    Move("entry.move_up", frozenset({"not_selected"}), "shortlisted", may_check, guard=announcing.not_next),
)
# A worker makes of what was published what the list says.
RESULT = (
    Move(
        "entry.select",
        frozenset({"in_publicity"}),
        "selected",
        may_carry_out,
        guard=publishing.published,
        effect=publishing.select_entry,
    ),
)

FLOW = (*APPLICANT, *RECOMMENDER, *CHECK, *REVIEW, *DECISION, *NOTICE, *RESULT)


def decide(
    session: Session, actor: Actor, entry: Entry, verb: str, *, given: Mapping[str, Any], now: dt.datetime
) -> None:
    """A move that a person makes with a form (FORMS); what was filled in is in the event."""
    if not any(move.verb == verb and move.who(actor, entry) for move in FLOW):
        raise Forbidden(Text("You may not do this."))
    said = filled(FORMS[verb], given)
    step(FLOW, session, actor, entry, verb, now=now, detail=said, said=said)


def wind_up(session: Session, *, now: dt.datetime) -> int:
    """Withdraw what organisations that were closed have left in running calls, at most a hundred at once."""
    left = (
        select(Entry)
        .join(Organisation, Organisation.id == Entry.applicant_id)
        .join(Call, Call.id == Entry.call_id)
        .where(Organisation.state == "closed", Entry.state.in_(BEFORE_PUBLICITY), Call.state.not_in(ENDED))
        .order_by(Entry.id)
        .limit(MOST_IN_A_UNIT)
    )
    rows = session.scalars(left.with_for_update(of=Entry, skip_locked=True)).all()
    for row in rows:
        step(FLOW, session, SYSTEM, row, "entry.withdraw", now=now, detail=CLOSED, said=CLOSED)
    return len(rows)
