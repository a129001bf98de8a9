"""Reads of ranking runs: what a run is computed from now, what a run says, whether scores have changed since."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, joinedload, load_only

from .. import events
from ..accounts.models import Person
from ..catalog.models import Case
from ..db import canonical
from ..deliveries import Delivery
from ..errors import Missing, Text
from ..policy import Actor
from . import decision_policy as policy
from . import rubrics, standing
from .decision_models import RankingRun
from .entry_models import Entry
from .expert_models import OPEN_REVIEWS, Review
from .models import Call
from .scores import Score, digest

RANK = "rank"  # of a Delivery; its payload is {"call": id, "number": run, "by": actor}
# Entries that experts have judged, wherever they are now: one that was withdrawn counts no more.
JUDGED = ("in_review", "shortlisted", "not_selected", "in_publicity", "on_hold", "selected", "removed")
NAMED = 8  # of what a guard names
CHANGES = ("review.", "entry.", "expert.", "assignment.")
DRAWN = 10_000  # so many pseudonyms there are


def pseudonyms(session: Session, call: Call, salt: str) -> dict[int, str]:
    """Person -> E and four digits, of everybody who was ever assigned in a call: the same in every run.

    The digits follow from the salt, which stays here; who came later never changes those of who came before.
    """
    first = func.min(Review.id)
    rows = select(Review.person_id).where(Review.call_id == call.id).group_by(Review.person_id).order_by(first)
    found: dict[int, str] = {}
    taken: set[str] = set()
    for person in session.scalars(rows):
        tries = (f"{person}:{attempt}".encode() for attempt in range(DRAWN * DRAWN))
        drawn = (hmac.digest(salt.encode(), each, "sha256") for each in tries)
        names = (f"E{int.from_bytes(each[:8]) % DRAWN:04d}" for each in drawn)
        name = next(name for name in names if name not in taken)
        found[person] = name
        taken.add(name)
    return found


def inputs(session: Session, call: Call, salt: str) -> dict[str, Any]:
    """What a run made now would be computed from; see `standing.computed`. Rows are sorted by case and expert."""
    names = pseudonyms(session, call, salt)
    rubric = call.document["rubric"]
    rows = select(Entry.alias, Review.person_id, Review.scores, Review.confidence).join(Review.entry)
    rows = rows.where(Review.call_id == call.id, Review.state == "final", Entry.state.in_(JUDGED))
    table = []
    for alias, person, scores, confidence in session.execute(rows):
        total = rubrics.total(rubric, scores)
        if total is not None:  # a final sheet is complete
            parts = [rubrics.score(criterion, scores) for criterion in rubric]
            weight = rubrics.WEIGHTS[confidence or "medium"]
            table.append(([alias, names[person], round(total, 6) + 0.0, weight], parts))
    table.sort(key=lambda each: (each[0][0], each[0][1]))
    entered = select(Entry.alias).where(Entry.call_id == call.id, Entry.state.in_(JUDGED))
    return {
        "scores": [row for row, _ in table],
        "criteria": {
            criterion["code"]: [parts[place] for _, parts in table] for place, criterion in enumerate(rubric)
        },
        "entered": list(session.scalars(entered.order_by(Entry.entered_at, Entry.id))),
    }


def inputs_digest(found: Mapping[str, Any]) -> str:
    """As `caselib rank` prints it: over the rows of scores."""
    return digest([Score(*row) for row in found["scores"]])


def text_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def run(session: Session, actor: Actor, call: Call, number: int) -> RankingRun:
    """A run of a call without its long texts. Raises Missing."""
    rows = select(RankingRun).where(
        RankingRun.call_id == call.id, RankingRun.number == number, policy.visible_runs(actor)
    )
    found = session.scalar(rows)
    if found is None:
        raise Missing(Text("This call has no ranking run %(number)s.", {"number": number}))
    return found


def runs(session: Session, actor: Actor, call: Call) -> list[RankingRun]:
    """All runs of a call, the newest first."""
    rows = select(RankingRun).where(RankingRun.call_id == call.id, policy.visible_runs(actor))
    return list(session.scalars(rows.order_by(RankingRun.number.desc())))


def newest(session: Session, call: Call) -> RankingRun | None:
    rows = select(RankingRun).where(RankingRun.call_id == call.id)
    return session.scalar(rows.order_by(RankingRun.number.desc()).limit(1))


def being_made(session: Session, call: Call) -> Delivery | None:
    """The newest run that was ordered and is not there yet, also one that was given up."""
    last = session.scalar(select(func.max(RankingRun.number)).where(RankingRun.call_id == call.id)) or 0
    return session.scalar(select(Delivery).where(Delivery.kind == RANK, Delivery.key == f"{call.id}:{last + 1}"))


class Results:
    """The last results that were read: they never change, so their digest tells them apart for ever."""

    most = 4

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], Any] = OrderedDict()

    def of(self, session: Session, run: RankingRun) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """What a run answered, and its rows as `standing.standing` gives them."""
        key = run.result_sha256, run.parameters["places"]
        if key not in self._kept:
            text = session.scalar(select(RankingRun.result).where(RankingRun.id == run.id)) or "{}"
            result = json.loads(text)
            self._kept[key] = result, standing.standing(result, run.parameters["places"])
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        found: tuple[dict[str, Any], list[dict[str, Any]]] = self._kept[key]
        return found


RESULTS = Results()


def is_stale(session: Session, run: RankingRun) -> bool:
    """Would a run made now be computed from something else? A look at every score."""
    call = session.get_one(Call, run.call_id)
    before = session.scalar(select(RankingRun.inputs).where(RankingRun.id == run.id))
    return canonical(inputs(session, call, run.salt)) != before


class Freshness:
    """Whether a run is stale, looked up anew only when something happened to a review or an entry since."""

    most = 100

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[str, int, bool]] = {}

    def stale(self, session: Session, run: RankingRun) -> bool:
        place = str(session.get_bind().engine.url), f"{run.id}:{run.result_sha256}"
        seq, at = events.head(session)
        kept = self._kept.get(place)
        if kept is None or (kept[0] != at and (kept[1] > seq or _moved(session, kept[1]))):
            if len(self._kept) >= self.most:
                self._kept.clear()
            kept = self._kept[place] = at, seq, is_stale(session, run)
        elif kept[0] != at:
            kept = self._kept[place] = at, seq, kept[2]
        return kept[2]


FRESHNESS = Freshness()


def _moved(session: Session, since: int) -> bool:
    """Did something happen after this link that may change scores?"""
    rows = select(events.Event.seq).where(events.Event.seq > since)
    wanted = [events.Event.verb.startswith(each, autoescape=True) for each in CHANGES]
    return session.scalar(rows.where(or_(*wanted)).limit(1)) is not None


def entries_of(session: Session, call: Call, aliases: list[str]) -> dict[str, Entry]:
    """Alias -> entry with its case's title, of one page."""
    return {row.alias: row for row in session.scalars(_lines(call).where(Entry.alias.in_(aliases)))}


def all_entries(session: Session, call: Call) -> dict[str, Entry]:
    """The same of all that was judged."""
    return {row.alias: row for row in session.scalars(_lines(call).where(Entry.state.in_(JUDGED)))}


def _lines(call: Call) -> Select[Entry]:
    title = load_only(Case.title_zh, Case.title_en, Case.code)
    return select(Entry).where(Entry.call_id == call.id).options(joinedload(Entry.case).options(title))


def not_ended(session: Session, call: Call, now: Any) -> list[Text]:
    """The guard of the ranking: no review is open any more, and there is something to rank."""
    opened = select(Entry.alias).join(Review, Review.entry_id == Entry.id)
    opened = opened.where(Review.call_id == call.id, Review.state.in_(OPEN_REVIEWS), Entry.state == "in_review")
    names = list(session.scalars(opened.order_by(Entry.alias)))
    if names:
        some = ", ".join(dict.fromkeys(names[:NAMED])) + (" …" if len(names) > NAMED else "")
        found = {"num": len(names), "some": some}
        return [Text("%(num)s reviews are still open (%(some)s): wait for them, or take the experts off.", found)]
    final = select(Review.id).where(Review.call_id == call.id, Review.state == "final").limit(1)
    if session.scalar(final) is None:
        return [Text("No review is final yet, so there is nothing to rank.")]
    return []


def few_reviews(session: Session, call: Call) -> list[tuple[str, int]]:
    """Alias and number of final reviews of the entries that have fewer than the call wants, the fewest first."""
    final = select(Review.entry_id, func.count().label("given"))
    final = final.where(Review.call_id == call.id, Review.state == "final").group_by(Review.entry_id)
    counted = final.subquery()
    given = func.coalesce(counted.c.given, 0)
    rows = select(Entry.alias, given).outerjoin(counted, counted.c.entry_id == Entry.id)
    rows = rows.where(Entry.call_id == call.id, Entry.state == "in_review", given < call.document["reviewers"])
    found = session.execute(rows.order_by(given, Entry.alias).limit(50))
    return [(alias, number) for alias, number in found]


def score_table(session: Session, run: RankingRun) -> list[list[Any]]:
    """The rows of the exported table: case, expert, score, weight."""
    text = session.scalar(select(RankingRun.inputs).where(RankingRun.id == run.id)) or "{}"
    found: list[list[Any]] = json.loads(text)["scores"]
    return found


def who_is_who(session: Session, actor: Actor, run: RankingRun) -> dict[str, str]:
    """Pseudonym -> name, for officers. Raises Missing for everybody else."""
    if not policy.may_rank(actor, None):
        raise Missing(Text("There is no such list."))
    call = session.get_one(Call, run.call_id)
    names = pseudonyms(session, call, run.salt)
    people = session.execute(select(Person.id, Person.name).where(Person.id.in_(names)))
    return {names[number]: name for number, name in people}
