"""Who hears what, and how letters travel: into a folder, or over a real SMTP server of the test's own."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import make
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from sites import DESK, URL, Site
from sqlalchemy import select

from library import notices
from library.accounts import letter_flow, letters
from library.accounts.letter_models import Letter
from library.catalog import operations, queries
from library.catalog.models import Case
from library.db import Database
from library.deliveries import Delivery
from library.errors import Conflict, Forbidden, Invalid
from library.policy import SYSTEM, VISITOR, Actor
from library.worker import now
from library.workflow import step

CERTIFICATE = Path(__file__).parent / "localhost.pem"
USER, PASSWORD = "desk@library.example", "p/s:s @w"
QUOTED = "desk%40library.example:p%2Fs%3As%20%40w"
IN_BOTH = {"case.report"}  # to the operator, whose language we do not know
# Written where the link is made, not from an event.
WITH_LINKS = ("account.", "invitation.send", "objection.receipt", "expert.invite")
LONG = "水表的数字不对。" * 200


class Postbox:
    """What a mail server took: message, whether the line was encrypted, whether the sender was known."""

    def __init__(self) -> None:
        self.got: list[tuple[Any, bool, bool]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        encrypted = session.ssl is not None or isinstance(
            server.transport.get_extra_info("ssl_object"), ssl.SSLObject
        )
        self.got.append((message, encrypted, session.authenticated or False))
        return "250 OK"


Serve = Callable[..., tuple[int, Postbox]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """serve(…): a mail server with aiosmtpd's options; its port and its postbox."""
    running = []

    def knows(_: Any, __: Any, ___: Any, mechanism: str, given: Any) -> AuthResult:
        return AuthResult(success=given == LoginPassword(USER.encode(), PASSWORD.encode()), handled=False)

    def serve(**options: Any) -> tuple[int, Postbox]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        box = Postbox()
        controller = Controller(box, hostname="127.0.0.1", port=port, authenticator=knows, **options)
        controller.start()
        running.append(controller)
        return port, box

    yield serve
    for controller in running:
        controller.stop()


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))


def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def report(site: Site, **given: str) -> None:
    """A reader's report of the one case."""
    with site.database.unit() as session:
        case = session.scalars(select(Case)).first()
        assert case is not None
        operations.report(session, VISITOR, case, given={"ground": "error", "text": LONG, **given}, now=now())


def installation(database: Database, folder: Path, mail_url: str = "") -> Site:
    site = Site(database, folder, MAIL_URL=mail_url)
    site.add()
    return site


def deliveries(site: Site, kind: str = letters.POST) -> list[Delivery]:
    with site.database.reading() as session:
        return list(session.scalars(select(Delivery).where(Delivery.kind == kind).order_by(Delivery.id)))


def written(site: Site) -> list[Letter]:
    with site.database.reading() as session:
        return list(session.scalars(select(Letter).order_by(Letter.id)))


def test_a_letter_says_what_is_asked_and_how_to_answer(database: Database, tmp_path: Path) -> None:
    site = installation(database, tmp_path)
    report(site, contact="王女士 <wang@example.org>")
    report(site, ground="removal", text="Please remove it.")
    site.work()
    error, removal = sorted(site.letters(), key=lambda letter: "Removal" in letter["Subject"])
    assert "MIOT-P-0001 收到纠错反馈 · Error reported" in error["Subject"]
    assert "MIOT-P-0001 收到移除请求 · Removal asked" in removal["Subject"]
    for letter in (error, removal):
        assert (letter["To"], letter["From"], letter["Auto-Submitted"]) == (DESK, DESK, "auto-generated")
        assert f"{URL}/cases/MIOT-P-0001" in letter.get_content()
        assert "caselib reports" in letter.get_content()
    assert LONG in error.get_content()
    assert "王女士 <wang@example.org>" in error.get_content()
    assert "No contact given" in removal.get_content()


def test_the_key_of_a_letter_tells_places_apart_and_names_none() -> None:
    mine = [letters.Recipient(DESK, person=7), letters.Recipient("new@people.example", person=7)]
    desks = [letters.Recipient(DESK), letters.Recipient("other@library.example")]
    assert len({one.place for one in mine + desks}) == 3
    assert [one.place for one in mine + desks if "example" in one.place] == []


def test_an_event_is_told_once_and_only_those_that_somebody_hears_of(database: Database, tmp_path: Path) -> None:
    site = installation(database, tmp_path)
    assert notices.order(database, site.config, now=now()) == 1
    assert deliveries(site, notices.TELL) == []
    report(site)
    assert [notices.order(database, site.config, now=now()) for _ in range(2)] == [1, 0]
    [row] = deliveries(site, notices.TELL)
    for _ in range(2):  # a lease that ran out hands the same work out twice
        notices.tell(database, site.config, seq=row.payload["seq"], now=now())
    assert [(letter.verb, letter.address) for letter in written(site)] == [("case.report", DESK)]
    assert len(deliveries(site)) == 1


def test_every_notice_has_its_template_in_both_languages() -> None:
    there = set(notices.TEMPLATES.list_templates())
    english = {f"{verb}.txt" for verb in notices.NOTICES}
    chinese = {f"{verb}.zh.txt" for verb in notices.NOTICES if verb not in IN_BOTH}
    assert (english | chinese) - there == set()
    assert {name for name in there - english - chinese if not name.startswith(WITH_LINKS)} == set()


def test_names_of_files_and_messages_are_plain(database: Database, tmp_path: Path) -> None:
    site = Site(database, tmp_path, OPERATOR_MAIL="The desk <../desk@library.example>")
    site.add()
    report(site)
    site.work()
    [file] = site.config.letters.iterdir()
    assert file.parent == site.config.letters
    [letter] = site.letters()
    assert letter["Message-ID"] == f"<{file.stem}@library.example>"
    assert letter["Subject"].startswith("移动物联网资源库")


def test_over_smtp_with_a_password(database: Database, tmp_path: Path, serve: Serve) -> None:
    port, box = serve(auth_require_tls=False)
    site = installation(database, tmp_path, f"smtp://{QUOTED}@localhost:{port}")
    report(site)
    site.work()
    [(letter, encrypted, known)] = box.got
    assert (letter["To"], encrypted, known) == (DESK, False, True)
    assert LONG in letter.get_content()
    assert site.letters() == []
    assert [row.done_at is None for row in deliveries(site)] == [False]


def test_encryption_is_used_where_it_is_offered(
    database: Database, tmp_path: Path, serve: Serve, trusted: None
) -> None:
    port, box = serve(tls_context=tls(), require_starttls=True, auth_required=True)
    site = installation(database, tmp_path, f"smtp://{QUOTED}@localhost:{port}")
    report(site)
    site.work()
    assert [(letter["To"], *rest) for letter, *rest in box.got] == [(DESK, True, True)]


def test_encryption_from_the_start(database: Database, tmp_path: Path, serve: Serve, trusted: None) -> None:
    port, box = serve(ssl_context=tls())
    site = installation(database, tmp_path, f"smtps://localhost:{port}")
    report(site)
    site.work()
    assert [(letter["To"], encrypted) for letter, encrypted, _ in box.got] == [(DESK, True)]


def test_a_server_that_nobody_vouches_for_gets_nothing(database: Database, tmp_path: Path, serve: Serve) -> None:
    port, box = serve(tls_context=tls())
    site = installation(database, tmp_path, f"smtp://localhost:{port}")
    report(site)
    site.work()
    assert box.got == []
    [row] = deliveries(site)
    assert "CERTIFICATE_VERIFY_FAILED" in str(row.last_error)


def test_a_letter_that_fails_is_tried_again_and_is_the_same_letter(
    database: Database, tmp_path: Path, serve: Serve
) -> None:
    port, box = serve(auth_require_tls=False)
    wrong = installation(database, tmp_path, f"smtp://desk:wrong@localhost:{port}")
    right = Site(database, tmp_path, MAIL_URL=f"smtp://{QUOTED}@localhost:{port}")
    report(wrong)
    wrong.work()
    [row] = deliveries(wrong)
    assert (row.done_at, row.attempts, "Authentication" in str(row.last_error)) == (None, 1, True)
    key = written(wrong)[0].key
    right.work(now() + dt.timedelta(seconds=50))
    assert box.got == []
    right.work(now() + dt.timedelta(seconds=70))
    [(letter, *_)] = box.got
    assert letter["Message-ID"] == f"<{key.replace(':', '-').replace('@', '-')}@library.example>"
    [row] = deliveries(wrong)
    assert (row.done_at is None, row.attempts, row.last_error) == (False, 2, None)


def test_a_letter_that_always_fails_is_given_up_at_last(database: Database, tmp_path: Path) -> None:
    site = installation(database, tmp_path, "smtp://localhost:1")
    report(site)
    at = now()
    for _ in range(10):
        site.work(at)
        at += dt.timedelta(hours=3)
    [row] = deliveries(site)
    assert (row.attempts, row.done_at, row.given_up_at is None) == (8, None, False)
    [letter] = written(site)
    assert (letter.state, "refused" in str(letter.last_error).lower()) == ("failed", True)


def test_a_letter_that_failed_is_sent_again_when_an_officer_says_so(
    database: Database, tmp_path: Path, serve: Serve
) -> None:
    port, box = serve(auth_require_tls=False)
    wrong = installation(database, tmp_path, "smtp://localhost:1")
    right = Site(database, tmp_path, MAIL_URL=f"smtp://{QUOTED}@localhost:{port}")
    report(wrong)
    at = now()
    for _ in range(10):
        wrong.work(at)
        at += dt.timedelta(hours=3)
    with database.unit() as session:
        letter = session.scalars(select(Letter)).one()
        step(letter_flow.FLOW, session, make.OFFICER, letter, "letter.release", now=at)
    right.work(at)
    assert [(letter["To"], LONG in letter.get_content()) for letter, *_ in box.got] == [(DESK, True)]
    [letter] = written(right)
    assert (letter.state, letter.last_error) == ("sent", None)


def test_a_kind_that_is_held_waits_for_an_officer_who_may_change_it(database: Database, tmp_path: Path) -> None:
    site = installation(database, tmp_path)
    with database.unit() as session:
        letters.hold_kinds(session, make.OFFICER, verbs=["case.report"], now=now())
    report(site)
    report(site, ground="removal", text="Please remove it.")
    site.work()
    assert ([letter.state for letter in written(site)], site.letters()) == (["held", "held"], [])
    with database.unit() as session:
        first, second = session.scalars(select(Letter).order_by(Letter.id))
        seen = letters.digest(first)
        letters.edit(session, make.OFFICER, first, title="Changed", text="Other words.", seen=seen, now=now())
        step(letter_flow.FLOW, session, make.OFFICER, first, "letter.release", now=now())
        step(letter_flow.FLOW, session, make.OFFICER, second, "letter.discard", now=now())
    site.work()
    [sent] = site.letters()
    assert (sent["Subject"], sent.get_content().strip()) == ("Changed", "Other words.")
    assert [letter.state for letter in written(site)] == ["sent", "discarded"]


def test_a_letter_held_on_its_way_does_not_go_out(database: Database, tmp_path: Path) -> None:
    site = installation(database, tmp_path)
    report(site)
    notices.order(database, site.config, now=now())
    [row] = deliveries(site, notices.TELL)
    notices.tell(database, site.config, seq=row.payload["seq"], now=now())
    with database.unit() as session:
        letter = session.scalars(select(Letter)).one()
        step(letter_flow.FLOW, session, make.OFFICER, letter, "letter.hold", now=now())
        with pytest.raises(Invalid):
            letters.edit(session, make.OFFICER, letter, title=" ", text="", seen=letters.digest(letter), now=now())
    site.work()
    assert site.letters() == []
    with database.unit() as session:
        letter = session.scalars(select(Letter)).one()
        step(letter_flow.FLOW, session, make.OFFICER, letter, "letter.release", now=now())
        with pytest.raises(Conflict):
            letters.edit(session, make.OFFICER, letter, title="Too late", text="Too late", seen="", now=now())


def test_a_private_letter_is_nobodys_to_read_and_is_forgotten_once_sent(
    database: Database, tmp_path: Path
) -> None:
    site = installation(database, tmp_path)
    with database.unit() as session:
        to = letters.Recipient("li@people.example")
        letter = letters.write(
            session,
            key="secret:1",
            verb="account.recover",
            about="person:1",
            to=to,
            title="A link",
            text="https://library.example/account/recover/abc",
            now=now(),
            private=True,
        )
        assert letter is not None
        assert not letters.may_post(make.OFFICER, letter)
        with pytest.raises(Forbidden):
            step(letter_flow.FLOW, session, make.OFFICER, letter, "letter.hold", now=now())
    site.work()
    [sent] = site.letters()
    assert "/recover/abc" in sent.get_content()
    assert [(letter.state, letter.text) for letter in written(site)] == [("sent", None)]


def test_people_do_without_what_they_do_not_want_and_get_the_rest(database: Database) -> None:
    with database.unit() as session:
        who, other = make.person(session), make.person(session)
        actor = Actor(who.subject, person=who.id)
        letters.choose(session, actor, unwanted=["case.comment"], now=now())
        assert letters.who_is_deaf(session, "case.comment", [who.id, other.id]) == {who.id}
        letters.choose(session, actor, unwanted=["case.assign"], now=now())
        assert letters.who_is_deaf(session, "case.comment", [who.id, other.id]) == set()
        with pytest.raises(Forbidden):
            letters.choose(session, VISITOR, unwanted=["case.comment"], now=now())


def test_answers_tell_nobody(database: Database, tmp_path: Path) -> None:
    site = installation(database, tmp_path)
    report(site)
    site.work()
    with database.unit() as session:
        [(row, _)] = queries.open_reports(session, SYSTEM)
        operations.answer_report(session, SYSTEM, row, answer="Corrected.", now=now())
    site.work()
    assert len(site.letters()) == 1
