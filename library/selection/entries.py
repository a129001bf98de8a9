"""Writes of entries by applicants and recommenders. Nothing here moves a state; entry_flow.py does."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import events
from ..accounts import queries as accounts
from ..accounts.models import Organisation
from ..catalog import taxonomy
from ..catalog.models import Case
from ..catalog.numbers import ALPHABET, random_key
from ..catalog.operations import filled
from ..errors import Conflict, Forbidden, Invalid, Text
from ..policy import Actor, require
from ..workdays import ZONE
from . import eligibility, entry_queries, queries
from .entry_models import OVER, Entry
from .entry_policy import RULES
from .entry_schemas import EnterForm, MasksForm
from .models import Call, Quota
from .operations import ENDED, hold

Given = Mapping[str, Any]
Said = Mapping[str, Any]
FORM = Text("Something is missing or wrong in the form.")
WIDTHS = (3, 4, 5, 6)
ALIAS = 4
LIKES = ALPHABET.upper()


@dataclass(frozen=True)
class Prospect:
    """A case before a call: where it belongs, and what each check that the call asks for says of it."""

    direction: str
    findings: list[eligibility.Finding]

    @property
    def reasons(self) -> list[Text]:
        return [finding.why for finding in self.findings if finding.why is not None]


def prospect(session: Session, call: Call, case: Case, *, now: dt.datetime) -> Prospect:
    """What stands in the way of a case as the library has it now."""
    return judge(session, call, case, entry_queries.newest_revision(session, case).document, now=now)


def judge(
    session: Session, call: Call, case: Case, document: Given, *, now: dt.datetime, entry: Entry | None = None
) -> Prospect:
    """The same of a document; what `entry` itself takes up is not held against it."""
    direction, sectors = entry_queries.places_in(taxonomy.read(session), document["sectors"])
    term = entry_queries.benchmark_until(session, case)
    entered = dict(entry_queries.entered_directions(session, call, case.owner_id or 0))
    if entry is not None and entered.get(entry.direction) == entry.code:
        del entered[entry.direction]
    facts = eligibility.Facts(
        today=now.astimezone(ZONE).date(),
        direction=direction,
        sectors=sectors,
        benchmark_until=dt.date.fromisoformat(term) if term else None,
        entered=entered,
    )
    return Prospect(direction, eligibility.evaluate(queries.document(call), document, facts))


def closed(session: Session, actor: Actor, call: Call, *, now: dt.datetime) -> Text | None:
    """Why the actor's organisation cannot enter this call now, whichever case; None: it can."""
    shut = queries.closed_to(session, call, actor.organisation or 0, now=now)
    if shut is not None:
        return shut
    if not session.get_one(Organisation, actor.organisation).verified:
        return Text("The organisation is not verified yet: it may write, but not enter a call.")
    return None


def enter(
    session: Session, actor: Actor, call: Call, *, given: Given, now: dt.datetime, rng: random.Random
) -> Entry:
    """Enter a case, frozen as the library has it now. Of two at once the second is told of the first's entry.

    Raises Conflict when the call is closed to the organisation or has the case; Invalid with what the call's
    checks say, or what is wrong in the form.
    """
    require(RULES, actor, "entry.enter")
    said = filled(EnterForm, given)
    hold(session, call)
    if shut := closed(session, actor, call, now=now):
        raise Conflict(shut)
    case = entry_queries.candidate(session, actor, said["case"])
    if case.demonstration != call.demonstration:
        raise Invalid(Text("Invented cases enter demonstration calls, and no others do."))
    if there := entered_as(session, call, case):
        names = {"case": case.code, "entry": there.code}
        raise Conflict(Text("%(case)s is in this call already, as %(entry)s.", names))
    found = prospect(session, call, case, now=now)
    if found.reasons:
        raise Invalid(Text("This case cannot enter this call."), reasons=found.reasons)
    blind = queries.document(call)["review"] == "blind"
    if blind and not said["masks"]:
        raise Invalid(FORM, fields={"masks": [Text("List at least the name of your organisation.")]})
    assert actor.organisation is not None
    taken = set(session.scalars(select(Entry.code).where(Entry.call_id == call.id)))
    row = Entry(
        key=random_key(),
        code=draw_number(call, taken, rng),
        alias=_alias(session, call, rng),
        call_id=call.id,
        case_id=case.id,
        revision_id=entry_queries.newest_revision(session, case).id,
        applicant_id=actor.organisation,
        recommender_id=_recommender(session, actor, call, said["recommender"]),
        direction=found.direction,
        entered_at=now,
        entered_by=actor.id,
        masks=list(dict.fromkeys(said["masks"])) if blind else [],
        fields=[],
        withheld=[],
    )
    session.add(row)
    session.flush()
    detail: dict[str, Any] = {"call": call.code, "case": case.code, "entry": row.code}
    events.record(session, actor, "entry.enter", row.subject, now=now, detail=detail, facts=[entry_fact(row)])
    if blind:
        events.record(session, actor, "mask.declare", row.subject, now=now, detail={"masks": row.masks})
    return row


def entered_as(session: Session, call: Call, case: Case) -> Entry | None:
    """The entry of this case in a call that has not ended."""
    rows = select(Entry).where(Entry.call_id == call.id, Entry.case_id == case.id, Entry.state.not_in(OVER))
    return session.scalar(rows)


def proposed_masks(session: Session, actor: Actor, document: Given) -> list[str]:
    """Words that would tell experts whose case it is, as far as the case and the register say."""
    own = session.get_one(Organisation, actor.organisation)
    contact = document.get("contact") or {}
    words = [*own.name.values(), own.credit_code, *document.get("masks", ())]
    words += [name for party in document["parties"] for name in party["name"].values()]
    words += [contact.get("name"), contact.get("email", "").partition("@")[2]]
    return list(dict.fromkeys(word.strip() for word in words if word and word.strip()))


def declare_masks(session: Session, actor: Actor, entry: Entry, *, given: Given, now: dt.datetime) -> None:
    """The applicant's list anew, until an officer has confirmed one."""
    require(RULES, actor, "entry.enter", entry)
    said = filled(MasksForm, given)
    session.refresh(entry, with_for_update={"of": Entry})
    if entry.state in OVER or entry.masked_at is not None:
        raise Conflict(Text("The list is settled; write to the officers if a word is missing."))
    before, entry.masks = entry.masks, list(dict.fromkeys(said["masks"]))
    detail = {"before": before, "after": entry.masks}
    events.record(session, actor, "mask.declare", entry.subject, now=now, detail=detail)


def in_a_running_call(session: Session, entry: Entry, now: dt.datetime) -> list[Text]:
    """The guard of every move by hand: in a call that was cancelled or has ended nothing more is done."""
    if entry.call.state == "cancelled":
        return [Text("This call was cancelled; nothing more can be done.")]
    return [Text("This call has ended.")] if entry.call.state in ENDED else []


def not_to_recommend(session: Session, entry: Entry, now: dt.datetime) -> list[Text]:
    """The guard of recommending."""
    if ended := not_to_answer(session, entry, now):
        return ended
    reasons = []
    if entry.case.state != "admitted":
        reasons.append(Text("The case is not in the library any more."))
    quota = session.get_one(Quota, (entry.call_id, entry.recommender_id))
    return [*reasons, full(quota)] if quota.free < 1 else reasons


def not_to_answer(session: Session, entry: Entry, now: dt.datetime) -> list[Text]:
    """The guard of declining, and part of that of recommending: until the form check is over."""
    if ended := in_a_running_call(session, entry, now):
        return ended
    takes = entry.call.state in ("announced", *queries.STILL_TAKES)
    return [] if takes else [Text("The time for recommendations has ended.")]


def full(quota: Quota) -> Text:
    return Text("%(used)s of %(places)s used.", {"used": quota.used, "places": quota.places})


def recommend(session: Session, actor: Actor, entry: Entry, *, now: dt.datetime, said: Said) -> events.Facts:
    """One of the recommender's places, its word and its signature. Of two at once, the second sees the first's."""
    not_ones_own(session, actor, entry.applicant)
    quota = _quota(session, entry)
    if quota.free < 1:
        raise Conflict(full(quota))
    quota.used += 1
    gap = ", " if (said["signer"] + said["post"]).isascii() else "\N{FULLWIDTH COMMA}"
    entry.signer, entry.attestation = f"{said['signer']}{gap}{said['post']}", said["attestation"]
    entry.attested_at, entry.recommended_by = now, actor.id
    return [attestation_fact(entry)]


def decline(session: Session, actor: Actor, entry: Entry, *, now: dt.datetime, said: Said) -> None:
    """Not recommended, for a reason that the applicant reads."""
    not_ones_own(session, actor, entry.applicant)
    entry.reason = said["reason"]


def withdraw(session: Session, actor: Actor, entry: Entry, *, now: dt.datetime, said: Said) -> None:
    """Taken back: the recommender's place is free again."""
    if entry.signer is not None:
        _quota(session, entry).used -= 1
    entry.reason, entry.due = said.get("reason"), None


def not_corrected(session: Session, entry: Entry, now: dt.datetime) -> list[Text]:
    """The guard of the correction: the library has a newer revision, and only what was asked for differs."""
    if ended := in_a_running_call(session, entry, now):
        return ended
    newest = entry_queries.newest_revision(session, entry.case)
    if entry.case.state != "admitted":
        return [Text("The case is not in the library any more.")]
    if newest.number <= entry.revision.number:
        return [Text("Change the case first and hand it in: the library has no newer revision of it yet.")]
    others = beyond_what_was_asked(entry, newest.document)
    if others:
        names = {"names": ", ".join(others)}
        return [Text("Only the returned fields may differ; these differ too: %(names)s.", names)]
    return []


def beyond_what_was_asked(entry: Entry, document: Given) -> list[str]:
    """The fields in which a later revision differs though nobody asked for it."""
    asked = {str(path).partition(".")[0] for path in entry.fields}
    return [name for name in entry_queries.differing(entry.revision.document, document) if name not in asked]


def correct(session: Session, actor: Actor, entry: Entry, *, now: dt.datetime, said: Said) -> events.Facts:
    """The entry is what the library says now; it goes back to its checker."""
    entry.revision = entry_queries.newest_revision(session, entry.case)
    entry.revision_id, entry.due = entry.revision.id, None
    return [entry_fact(entry)]


def not_ones_own(session: Session, actor: Actor, organisation: Organisation) -> None:
    """Who belongs to an organisation decides nothing about it, whoever the person acts for at the moment."""
    if actor.person is not None and accounts.membership(session, actor.person, organisation.id):
        named = {"name": organisation.name_zh}
        raise Forbidden(Text("You belong to %(name)s; somebody else decides.", named))


def entry_fact(row: Entry) -> events.Fact:
    """Which revision of which case is in which call, and by which number."""
    names = ("code", "alias", "call_id", "case_id", "revision_id", "applicant_id", "recommender_id", "direction")
    return events.Fact(f"entry:{row.id}", {name: getattr(row, name) for name in names})


def attestation_fact(row: Entry) -> events.Fact:
    """Who vouched for it, when, and in which words."""
    at = row.attested_at and row.attested_at.astimezone(dt.UTC).isoformat()
    content = {"signer": row.signer, "attestation": row.attestation, "at": at, "by": row.recommended_by}
    return events.Fact(f"attestation:{row.id}", content)


def _quota(session: Session, entry: Entry) -> Quota:
    """The recommender's places in the call; until the unit ends, nobody else changes them."""
    rows = select(Quota).where(Quota.call_id == entry.call_id, Quota.organisation_id == entry.recommender_id)
    session.flush()
    return session.scalars(rows.with_for_update().execution_options(populate_existing=True)).one()


def _recommender(session: Session, actor: Actor, call: Call, key: str) -> int:
    found = next((row.organisation for row in queries.quotas(session, call) if row.organisation.key == key), None)
    if found is None:
        raise Invalid(FORM, fields={"recommender": [Text("This organisation has no places in this call.")]})
    if found.id == actor.organisation:
        raise Invalid(FORM, fields={"recommender": [Text("Nobody recommends an entry of its own.")]})
    return found.id


def draw_number(call: Call, taken: set[str], rng: random.Random) -> str:
    """A number of the call that nobody has; from a larger space when more than half of one is taken, so that it
    tells nobody how many compete.
    """
    width = next(width for width in WIDTHS if 2 * len(taken) <= 10**width)
    while (code := f"{call.code}-{rng.randrange(1, 10**width):0{width}d}") in taken:
        pass
    return code


def _alias(session: Session, call: Call, rng: random.Random) -> str:
    taken = set(session.scalars(select(Entry.alias).where(Entry.call_id == call.id)))
    while (alias := "R-" + "".join(rng.choice(LIKES) for _ in range(ALIAS))) in taken:
        pass
    return alias
