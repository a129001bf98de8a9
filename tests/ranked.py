"""A call after its expert review: entries with final sheets, put there by hand and cheaply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import entering
import handed_in
import make
from sqlalchemy.orm import Session

from library import events
from library.db import Database
from library.policy import SYSTEM, Actor
from library.selection import list_queries, lists, run_queries, runs
from library.selection.decision_models import RankingRun, SelectionList
from library.selection.entry_models import Entry
from library.selection.expert_models import Review
from library.selection.models import Call

NOW = entering.LATER
# The known answer of issue 5: expert -> case -> score.
KNOWN: Mapping[str, Mapping[str, int]] = {
    "E1": {"A": 88, "B": 85, "C": 80, "F": 82},
    "E2": {"A": 90, "B": 87, "D": 84, "F": 83},
    "E3": {"A": 86, "C": 79, "D": 83, "F": 81},
    "E4": {"B": 70, "C": 66, "D": 69},
}
CALIBRATED = {"A": 85.33, "B": 81.24, "D": 79.52, "F": 79.33, "C": 76.24}
ORDER = "ABDFC"


@dataclass
class Ranked:
    """What there is, by letter; rows are to be read again in each session by their numbers."""

    call: int
    key: str
    officer: Actor
    owners: dict[str, Actor] = field(default_factory=dict)
    entries: dict[str, int] = field(default_factory=dict)
    experts: dict[str, Actor] = field(default_factory=dict)
    reviews: dict[tuple[str, str], int] = field(default_factory=dict)
    recommender: Actor | None = None

    def order(self, database: Database, run: RankingRun | None = None) -> str:
        """The letters of the list, or of a run, in order."""
        letters = {number: letter for letter, number in self.entries.items()}
        with database.reading() as session:
            if run is None:
                row = self.list(session)
                return "".join(letters[choice.entry_id] for choice in row.choices)
            by_alias = {session.get_one(Entry, number).alias: letter for number, letter in letters.items()}
            return "".join(by_alias[row["case"]] for row in run_queries.RESULTS.of(session, run)[1])

    def list(self, session: Session) -> SelectionList:
        return list_queries.one_of_call(session, SYSTEM, session.get_one(Call, self.call))


def call(
    session: Session,
    scores: Mapping[str, Mapping[str, int]] = KNOWN,
    *,
    state: str = "ranking",
    places: int = 2,
    officer: Actor | None = None,
    letters: bool = True,
    **over: object,
) -> Ranked:
    """Every score stands on both criteria alike, so that it is the total of its sheet too."""
    officer = officer or make.officer(session)
    row = entering.call(session, officer, state, **{"selected": places, "reviewers": 3, **over})
    by, boss = entering.recommender(session, row, places=1000)
    found = Ranked(row.id, row.key, officer, recommender=boss)
    for letter in sorted({case for given in scores.values() for case in given}):
        organisation = handed_in.organisation(session, name_zh=f"{letter}企业")
        given_address = {"email": f"{letter.lower()}@people.example"} if letters else {}
        owner = make.member(session, organisation, "owner", **given_address)
        title = {"zh": f"案例{letter}", "en": f"Case {letter}"}
        case = make.case(session, title=title)
        case.origin, case.owner_id = "submitted", organisation.id
        session.flush()
        entry = entering.entry(session, row, "in_review", owner=owner, case=case, by=by)
        found.owners[letter], found.entries[letter] = owner, entry.id
    for name, given in scores.items():
        found.experts[name] = entering.expert(session)
        for letter, score in given.items():
            sheet = {code: {"score": score, "reason": ""} for code in ("effect", "novelty")}
            entry = session.get_one(Entry, found.entries[letter])
            review = entering.review(
                session, entry, found.experts[name], scores=sheet, remarks=f"{name}评{letter}"
            )
            found.reviews[name, letter] = review.id
    return found


def run(database: Database, ranked: Ranked) -> RankingRun:
    """Ordered and computed."""
    with database.unit() as session:
        number = runs.order(session, ranked.officer, session.get_one(Call, ranked.call), now=NOW)
    payload = {"call": ranked.call, "number": number, "by": ranked.officer.id}
    runs.make(database, payload, now=NOW)
    with database.reading() as session:
        return run_queries.run(session, ranked.officer, session.get_one(Call, ranked.call), number)


def begun(database: Database, ranked: Ranked) -> SelectionList:
    """A list from a new run."""
    made = run(database, ranked)
    with database.unit() as session:
        row = session.get_one(RankingRun, made.id)
        return lists.begin(session, ranked.officer, session.get_one(Call, ranked.call), row, now=NOW)


def rescored(session: Session, ranked: Ranked, expert: str, letter: str, score: int) -> None:
    """As after a sheet was reopened and finished anew."""
    review = session.get_one(Review, ranked.reviews[expert, letter])
    review.scores = {code: {"score": score, "reason": ""} for code in ("effect", "novelty")}


def told(session: Session, ranked: Ranked, verb: str) -> None:
    """The event that a step of some review leaves."""
    events.record(session, ranked.officer, verb, "review:1", now=NOW)
