"""Any order of steps by anybody: members of an organisation, and invitations to it, against a table of what is."""

from __future__ import annotations

import datetime as dt
from typing import Any

import hypothesis.strategies as st
import make
from founded import actor, organisation
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, func, select

from library.accounts import invitations, members, queries
from library.accounts.letter_models import Letter
from library.accounts.models import MEMBERSHIPS, Invitation, Membership, Organisation
from library.config import Config
from library.db import Database
from library.deliveries import Delivery
from library.errors import Problem
from library.policy import Actor


class Members(RuleBasedStateMachine):
    """One organisation and five people, against a table of who is what."""

    database: Database

    @initialize()
    def begin(self) -> None:
        with self.database.unit() as session:
            self.people = [make.person(session) for _ in range(5)]
            self.found = make.organisation(session)
            row = Membership(person_id=self.people[0].id, organisation_id=self.found.id, role="owner")
            row.since = make.NOW
            session.add(row)
        self.is_a = {self.people[0].id: "owner"}
        self.changes = 0

    def attempt(self, who: int, whom: int, what: str, role: str = "") -> bool:
        """Did it happen? Both are places in the list of people."""
        doer, other = self.people[who], self.people[whom]
        acting = actor(doer, self.found, self.is_a.get(doer.id, ""))
        try:
            with self.database.unit() as session:
                found = session.get_one(Organisation, self.found.id)
                if what == "leave":
                    members.leave(session, acting, found, now=make.NOW)
                elif what == "begin":
                    members.still_owner(session, acting, found)
                    members.begin(session, acting, found, person=other, role=role, now=make.NOW)
                else:
                    row = next(
                        (row for row in queries.members(session, acting, found) if row.person_id == other.id), None
                    )
                    if row is None:
                        return False
                    more = {"role": role} if what == "change" else {}
                    getattr(members, what)(session, acting, found, member=row, now=make.NOW, **more)
        except Problem:
            return False
        self.changes += 1
        return True

    places = st.integers(0, 4)

    @rule(who=places, whom=places, role=st.sampled_from(MEMBERSHIPS))
    def join(self, who: int, whom: int, role: str) -> None:
        doer, other = self.people[who].id, self.people[whom].id
        expected = self.is_a.get(doer) == "owner" and other not in self.is_a
        assert self.attempt(who, whom, "begin", role) is expected
        if expected:
            self.is_a[other] = role

    @rule(who=places, whom=places, role=st.sampled_from(MEMBERSHIPS))
    def change(self, who: int, whom: int, role: str) -> None:
        doer, other = self.people[who].id, self.people[whom].id
        allowed = self.is_a.get(doer) == "owner" and other in self.is_a
        expected = allowed and not (role != "owner" and self.only_owner(other))
        assert self.attempt(who, whom, "change", role) is expected
        if expected:
            self.is_a[other] = role

    @rule(who=places, whom=places)
    def transfer(self, who: int, whom: int) -> None:
        doer, other = self.people[who].id, self.people[whom].id
        expected = self.is_a.get(doer) == "owner" and other in self.is_a and doer != other
        assert self.attempt(who, whom, "transfer") is expected
        if expected:
            self.is_a[doer], self.is_a[other] = "editor", "owner"

    @rule(who=places, whom=places)
    def remove(self, who: int, whom: int) -> None:
        doer, other = self.people[who].id, self.people[whom].id
        expected = self.is_a.get(doer) == "owner" and other in self.is_a and not self.only_owner(other)
        assert self.attempt(who, whom, "remove") is expected
        if expected:
            del self.is_a[other]

    @rule(who=places)
    def leave(self, who: int) -> None:
        doer = self.people[who].id
        expected = doer in self.is_a and not self.only_owner(doer)
        assert self.attempt(who, who, "leave") is expected
        if expected:
            del self.is_a[doer]

    def only_owner(self, person: int) -> bool:
        return [each for each, role in self.is_a.items() if role == "owner"] == [person]

    @invariant()
    def the_table_is_right_and_there_is_an_owner(self) -> None:
        with self.database.reading() as session:
            live = Membership.ended_at.is_(None), Membership.organisation_id == self.found.id
            found = dict(session.execute(select(Membership.person_id, Membership.role).where(*live)).all())
            assert found == self.is_a
            assert "owner" in found.values()
            count = select(func.count()).select_from(Membership).where(*live)
            assert session.scalar(count) == len(found)  # nobody belongs twice


def test_any_order_of_steps_leaves_an_owner(database: Database) -> None:
    machine = type("Machine", (Members,), {"database": database})
    run_state_machine_as_test(machine, settings=settings(max_examples=8, stateful_step_count=30, deadline=None))


class Invited(RuleBasedStateMachine):
    """One organisation that asks three addresses, three people with the words of the letters, and the clock."""

    database: Database
    config: Config
    found: Organisation
    owner: Actor

    @initialize()
    def begin(self) -> None:
        with self.database.unit() as session:
            self.found, self.owner = organisation(session, credit_code=None)
            self.guests = [make.person(session) for _ in range(3)]
        self.now = make.NOW
        self.joined: set[int] = set()
        # Number of the invitation -> address, end, and what became of it ("" while it can be answered).
        self.asked: dict[int, tuple[str, dt.datetime, str]] = {}

    def attempt(self, what: str, doer: Actor, number: int | None = None, **given: Any) -> Invitation | None:
        """What came of it; None when it was refused."""
        try:
            with self.database.unit() as session:
                here = session.get_one(Organisation, self.found.id)
                if number is not None:
                    given["invitation"] = session.get_one(Invitation, number)
                made = getattr(invitations, what)(session, doer, here, now=self.now, **given)
                return made if isinstance(made, Invitation) else Invitation()
        except Problem:
            return None

    def answerable(self, number: int) -> bool:
        _, end, fate = self.asked[number]
        return not fate and end > self.now

    def end(self, number: int, fate: str) -> None:
        self.asked[number] = (*self.asked[number][:2], fate)

    def note(self, row: Invitation, email: str) -> None:
        self.asked[row.id] = (email, self.now + dt.timedelta(days=14), "")

    @rule(days=st.integers(1, 8))
    def wait(self, days: int) -> None:
        self.now += dt.timedelta(days=days)

    @rule(place=st.integers(0, 2))
    def send(self, place: int) -> None:
        email = f"guest-{place}@people.example"
        open_ones = [number for number in self.asked if self.asked[number][0] == email and self.answerable(number)]
        row = self.attempt("send", self.owner, given={"email": email, "role": "editor"}, config=self.config)
        assert (row is None) is bool(open_ones)
        if row is not None:
            self.note(row, email)

    @precondition(lambda self: self.asked)
    @rule(data=st.data(), what=st.sampled_from(["accept", "decline", "withdraw", "again"]), who=st.integers(0, 2))
    def end_one(self, data: st.DataObject, what: str, who: int) -> None:
        number = data.draw(st.sampled_from(sorted(self.asked)))
        guest = self.guests[who]
        if what == "accept":
            expected = self.answerable(number) and guest.id not in self.joined
        elif what == "decline":
            expected = self.answerable(number)
        else:
            expected = not self.asked[number][2]  # one that ran out may be withdrawn or sent again
        doer = actor(guest) if what in ("accept", "decline") else self.owner
        more = {"config": self.config} if what == "again" else {}
        row = self.attempt(what, doer, number, **more)
        assert (row is not None) is expected
        if row is None:
            return
        self.end(number, "accepted" if what == "accept" else "withdrawn")
        if what == "accept":
            self.joined.add(guest.id)
        if what == "again":
            self.note(row, self.asked[number][0])

    @invariant()
    def the_table_is_right(self) -> None:
        with self.database.reading() as session:
            rows = session.scalars(select(Invitation).order_by(Invitation.id)).all()
            fates = {
                row.id: "accepted" if row.accepted_at else "withdrawn" if row.withdrawn_at else "" for row in rows
            }
            assert fates == {number: fate for number, (_, _, fate) in self.asked.items()}
            members = {each.person_id for each in queries.members(session, self.owner, self.found)}
            assert members == {self.owner.person, *self.joined}
            assert len(session.scalars(select(Letter.id)).all()) == len(rows)


def test_any_order_of_steps_ends_an_invitation_once(database: Database, config: Config) -> None:
    def machine() -> Invited:
        with database.unit() as session:
            for entity in (Letter, Delivery, Invitation):
                session.execute(delete(entity))
        return type("Machine", (Invited,), {"database": database, "config": config})()

    run_state_machine_as_test(machine, settings=settings(max_examples=8, stateful_step_count=25, deadline=None))
