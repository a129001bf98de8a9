"""Released decisions on their way: killed at each step, nobody told before all are, no letter twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import entering
import make
import pytest
import ranked
from flask.testing import FlaskClient
from ranked import NOW, Ranked
from sites import Site
from sqlalchemy import event, select

from library import notices
from library.accounts.letter_models import Letter
from library.accounts.models import Person
from library.db import Database
from library.events import Event
from library.policy import Actor
from library.selection import decision_flow, feedback, lists, outcomes, release
from library.selection.entry_models import Entry
from library.selection.expert_models import Review
from library.selection.models import Call

SECRET = "夜航灯塔"


class Killed(BaseException):
    """The process is gone."""


def approved(database: Database, **over: object) -> Ranked:
    """A list that everybody has approved: A and D selected, B passed over with a reason."""
    with database.unit() as session:
        call = ranked.call(session, **over)
    go_on(database, call)
    return call


def go_on(database: Database, call: Ranked) -> None:
    with database.unit() as session:
        people = [make.officer(session, "approver") for _ in range(2)]
    ranked.begun(database, call)
    with database.unit() as session:
        wanted = {call.entries[letter]: (letter == "D", SECRET) for letter in "BD"}
        lists.edit(session, call.officer, call.list(session), wanted=wanted, version=1, now=NOW)
    with database.unit() as session:
        decision_flow.submit(session, call.officer, call.list(session), given={"version": 2}, now=NOW)
    for person in people:
        with database.unit() as session:
            decision_flow.approve(session, person, call.list(session), given={"version": 2}, now=NOW)


def let_out(database: Database, call: Ranked) -> int:
    with database.unit() as session:
        row = call.list(session)
        decision_flow.release(session, call.officer, row, given={}, now=NOW)
        return row.id


def states(database: Database, call: Ranked) -> str:
    """S shortlisted, N not selected, - under review: A to F."""
    signs = {"shortlisted": "S", "not_selected": "N", "in_review": "-", "withdrawn": "W"}
    with database.reading() as session:
        return "".join(signs[session.get_one(Entry, call.entries[letter]).state] for letter in "ABCDF")


@contextmanager
def dying(database: Database, at: int) -> Iterator[None]:
    """The process ends before the statement of this number; COMMIT counts as one."""
    asked = [0]

    def count(*_: object) -> None:
        asked[0] += 1
        if asked[0] == at:
            raise Killed

    names = ("before_cursor_execute", "commit")
    for name in names:
        event.listen(database.engine, name, count)
    try:
        yield
    finally:
        for name in names:
            event.remove(database.engine, name, count)


def test_killed_anywhere_it_goes_on_and_nobody_is_told_before_all_are(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Portions of two, so that a death falls into, before and after each of them; every fifth statement."""
    monkeypatch.setattr(outcomes, "PORTION", 2)
    call = approved(sqlite)
    number = let_out(sqlite, call)
    found, at = [states(sqlite, call)], 1
    while "-" in found[-1] or at < 400:
        with sqlite.reading() as session:
            hidden = feedback.untold(session, [call.call])
        try:
            with dying(sqlite, at):
                release.go(sqlite, number=number, now=NOW)
            break
        except Killed:
            at += 5
        assert hidden, "told before all had their outcome"
        found.append(states(sqlite, call))
    assert states(sqlite, call) == "SNNSN"
    assert len(set(found)) > 1
    for before, after in pairwise(found):
        assert all(old in ("-", new) for old, new in zip(before, after, strict=True))
        assert before.count("-") - after.count("-") in (0, 1, 2, 3, 4, 5)
    with sqlite.reading() as session:
        assert feedback.untold(session, [call.call]) == set()
        rows = select(Event.subject).where(Event.verb.in_(("entry.shortlist", "entry.leave_out")))
        told = session.scalars(rows).all()
    assert len(told) == len(set(told)) == 5


def test_started_twice_or_after_its_end_it_changes_nothing(database: Database) -> None:
    call = approved(database)
    number = let_out(database, call)
    for _ in range(2):
        release.go(database, number=number, now=NOW)
    assert states(database, call) == "SNNSN"
    with database.reading() as session:
        rows = select(Event.seq).where(Event.verb.in_(("entry.shortlist", "entry.leave_out")))
        assert len(session.scalars(rows).all()) == 5


def test_who_withdrew_meanwhile_gets_no_outcome(database: Database) -> None:
    call = approved(database)
    number = let_out(database, call)
    with database.unit() as session:
        entering.put(session, session.get_one(Entry, call.entries["D"]), "withdrawn")
    release.go(database, number=number, now=NOW)
    assert states(database, call) == "SNNWN"


@pytest.mark.parametrize(
    ("allowed", "reason", "remarks"),
    [("none", None, 0), ("outcome", SECRET, 0), ("remarks", SECRET, 3)],
)
def test_applicants_read_what_the_call_allows(
    database: Database, allowed: str, reason: str | None, remarks: int
) -> None:
    call = approved(database, feedback=allowed)
    with database.reading() as session:
        entry = session.get_one(Entry, call.entries["B"])
        assert feedback.feedback(session, call.owners["B"], entry) is None
    release.go(database, number=let_out(database, call), now=NOW)
    with database.reading() as session:
        entry = session.get_one(Entry, call.entries["B"])
        assert entry.reason == reason
        found = feedback.feedback(session, call.owners["B"], entry)
        assert found is not None
        assert (found["outcome"], found["reason"], len(found["remarks"])) == ("not_selected", reason, remarks)
        assert call.recommender is not None
        theirs = feedback.feedback(session, call.recommender, entry)
        assert theirs is not None
        assert (theirs["outcome"], theirs["remarks"]) == ("not_selected", [])
        for stranger in (call.owners["A"], make.OFFICER, Actor()):
            allowed_to = stranger is make.OFFICER
            assert (feedback.feedback(session, stranger, entry) is not None) == allowed_to
        taken = feedback.feedback(session, call.owners["D"], session.get_one(Entry, call.entries["D"]))
        assert taken is not None
        assert taken["reason"] is None


def test_remarks_stand_in_an_order_that_gives_nobody_away(database: Database) -> None:
    """The same words in another order of experts are read in the same order."""
    call = approved(database, feedback="remarks")
    release.go(database, number=let_out(database, call), now=NOW)
    with database.unit() as session:
        entry = session.get_one(Entry, call.entries["A"])
        before = feedback.feedback(session, call.owners["A"], entry)
        assert before is not None
        reviews = [session.get_one(Review, row) for (_, letter), row in call.reviews.items() if letter == "A"]
        said = [review.remarks for review in reviews]
        for review, words in zip(reviews, reversed(said), strict=True):
            review.remarks = words
        session.flush()
        after = feedback.feedback(session, call.owners["A"], entry)
    assert after == before
    assert len(before["remarks"]) == 3


CHANGING = re.compile(
    r'name="csrf_token" value="[^"]*"|nonce="[^"]*"|"took_ms": ?[\d.]+|datetime="[^"]*"|\d+ days? left'
)


# These tell of machines, of the whole chain or of one's own account, not of entries; or are shut to all of them.
SILENT = (
    *("/account", "/desk", "/audit", "/healthz", "/metrics", "/feeds/anchors", "/api/v1/openapi", "/mail"),
    *("/statistics", "/sources", "/about", "/searches", "/organisations", "/work/new", "/work/import"),
)


def channels(site: Site, browser: FlaskClient, codes: Mapping[str, str]) -> dict[str, str]:
    """Every page, feed and list without a name in its address, and those of the call, its entries, its cases."""
    rules = (rule for rule in site.app.url_map.iter_rules() if not rule.arguments)
    addresses = {rule.rule for rule in rules if "GET" in (rule.methods or ()) and not rule.rule.startswith(SILENT)}
    for letter in "ABD":
        names = {name: codes[f"{name}-{letter}"] for name in ("entry", "case")}
        addresses |= {
            f"/entries/{names['entry']}",
            f"/recommend/entries/{names['entry']}",
            f"/api/v1/calls/{codes['call']}/entries/{names['entry']}",
            f"/cases/{names['case']}",
            f"/api/v1/cases/{names['case']}",
            f"/search?q={names['case']}",
        }
    addresses |= {f"{start}{codes['call']}" for start in ("/calls/", "/api/v1/calls/", "/recommend/")}
    addresses |= {f"/api/v1/calls/{codes['call']}/entries", f"/search?q={SECRET}", "/search?sort=newest"}
    found = {}
    for address in sorted(addresses):
        answer = browser.get(address)
        found[address] = f"{answer.status_code} {CHANGING.sub('', answer.get_data(as_text=True))}"
    return found


def test_pending_decisions_show_nowhere_until_all_are_told_at_once(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scenario 10: pages, feeds, searches, counts say the same before and while decisions are pending."""
    monkeypatch.setattr(outcomes, "PORTION", 2)
    database, site = sqlite, Site(sqlite, tmp_path)
    with database.unit() as session:
        call = ranked.call(session, feedback="remarks")
        assert call.recommender is not None
        rows = {letter: session.get_one(Entry, number) for letter, number in call.entries.items()}
        codes = {f"entry-{letter}": row.code for letter, row in rows.items()}
        codes |= {f"case-{letter}": str(row.case.code) for letter, row in rows.items()}
        codes["call"] = str(session.get_one(Call, call.call).code)
        people = {
            name: (session.get_one(Person, actor.person).email, actor.organisation)
            for name, actor in {
                "B": call.owners["B"],
                "D": call.owners["D"],
                "recommender": call.recommender,
            }.items()
        }
    site.work()
    readers = {name: site.signed_in(email, organisation=place) for name, (email, place) in people.items()}
    readers["visitor"] = site.client()

    def look() -> dict[str, dict[str, str]]:
        return {name: channels(site, browser, codes) for name, browser in readers.items()}

    def differing(now: dict[str, dict[str, str]]) -> list[tuple[str, str]]:
        return [(name, at) for name in before for at in before[name] if before[name][at] != now[name][at]]

    with database.unit() as session:
        entering.put(session, session.get_one(Call, call.call), "approval")  # everybody may know where the call is
    before = look()
    assert any(page.startswith("200") and "Under review" in page for page in before["B"].values())
    go_on(database, call)
    assert differing(look()) == []
    number = let_out(database, call)
    assert release._portion(database, number, NOW)
    notices.order(database, site.config, now=NOW)
    assert {"S", "N", "-"} >= set(states(database, call)) != {"-"}
    assert differing(look()) == []
    with database.reading() as session:
        assert set(session.scalars(select(Letter.state).where(Letter.about.startswith("entry:")))) <= {"held"}
    release.go(database, number=number, now=NOW)
    after = look()
    assert (f"/entries/{codes['entry-B']}" in {at for name, at in differing(after) if name == "B"}) is True
    assert SECRET in after["B"][f"/entries/{codes['entry-B']}"]
    assert "E1评B" in after["B"][f"/entries/{codes['entry-B']}"]
    assert "E1评B" not in after["recommender"][f"/recommend/entries/{codes['entry-B']}"]
    told = {name for name, _ in differing(after)}
    assert "recommender" in told
    assert "visitor" not in told
