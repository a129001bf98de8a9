"""Somebody who brings files to a case, through the doors."""

from __future__ import annotations

import io
import json
from typing import Any

import make
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sites import Site
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from library.accounts.models import Person
from library.catalog import drafts
from library.catalog.models import Case
from library.catalog.upload_models import Upload
from library.events import Event, EventDetail
from library.policy import SYSTEM
from library.worker import now
from library.workflow import Move, step

TYPE = "application/offset+octet-stream"
NOTES = "安装须知\n第一条\n".encode()


def word(site: Site, client: FlaskClient) -> str:
    """What a form of this browser carries against forgery, without drawing a page for it."""
    with client.session_transaction() as cookie:
        kept = cookie.setdefault("csrf_token", "0" * 40)
    return str(URLSafeTimedSerializer(site.app.secret_key, salt="wtf-csrf-token").dumps(kept))


class Bringer:
    """An editor of an organisation with a draft in front of her."""

    def __init__(self, site: Site) -> None:
        self.site = site
        with site.database.unit() as session:
            owner = make.organisation(session)
            self.actor = make.member(session, owner)
            self.case = drafts.start(session, self.actor, now=now())
            self.organisation, self.key = owner.id, self.case.key
            email = session.get_one(Person, self.actor.person).email
        self.client = site.signed_in(email, organisation=owner.id)
        self.address = f"/work/{self.key}/uploads"
        self.token = word(site, self.client)

    def announce(self, name: str, size: Any) -> TestResponse:
        return self.client.post(
            self.address, json={"name": name, "size": size}, headers={"X-CSRFToken": self.token}
        )

    def part(self, url: str, content: bytes, offset: Any, **headers: str) -> TestResponse:
        given = {"Content-Type": TYPE, "Upload-Offset": str(offset), "X-CSRFToken": self.token, **headers}
        return self.client.patch(url, data=content, headers=given)

    def bring(self, name: str, content: bytes) -> dict[str, Any]:
        """A whole file in parts, as the script does."""
        answer = self.announce(name, len(content)).json
        while answer["state"] == "coming":
            start = answer["offset"]
            reply = self.part(answer["url"], content[start : start + answer["part"]], start)
            assert reply.status_code == 200, reply.json
            answer = reply.json
        return dict(answer)

    def send(self, name: str, content: bytes, **fields: str) -> TestResponse:
        """A file as the form without scripts sends it."""
        file = FileStorage(io.BytesIO(content), name)
        boundary, body = encode_multipart({"csrf_token": self.token, "file": file, **fields})
        return self.client.post(self.address, data=body, content_type=f"multipart/form-data; boundary={boundary}")

    def entries(self) -> list[dict[str, Any]]:
        """What the draft names."""
        with self.site.database.reading() as session:
            return list(
                drafts.contents(session, session.get_one(Case, self.case.id))["files"].get("attachments", [])
            )

    def row(self, key: str) -> Upload:
        with self.site.database.reading() as session:
            return session.scalars(select(Upload).where(Upload.key == key)).one()

    def told(self) -> list[tuple[str, str]]:
        """The events of files: verb and name."""
        with self.site.database.reading() as session:
            rows = session.execute(
                select(Event.verb, EventDetail.detail)
                .join(EventDetail, EventDetail.seq == Event.seq)
                .where(Event.verb.startswith("file."), Event.subject == self.case.subject)
                .order_by(Event.seq)
            )
            return [(verb, json.loads(detail)["name"]) for verb, detail in rows]

    def page(self) -> str:
        return str(self.client.get(f"/work/{self.key}/files").get_data(as_text=True))

    def store(self) -> Any:
        return self.site.app.extensions["files"]


def put(session: Session, case: Case, target: str, *, effect: Any = None, **given: Any) -> None:
    """Put a case into a state, as some move does."""
    move = Move("case.put", frozenset({"draft"}), target, lambda actor, subject: True, effect=effect)
    step([move], session, SYSTEM, case, move.verb, now=now(), **given)


def long_text(size: int) -> bytes:
    return (b"one line of a long text\n" * (size // 24 + 1))[:size]
