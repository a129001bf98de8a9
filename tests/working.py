"""An organisation at work on its cases, through the browsers of its people."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import make
from flask.testing import FlaskClient
from sites import TOKEN, Site
from sqlalchemy import select
from werkzeug.datastructures import iter_multi_items

from library.catalog import drafts, sections
from library.catalog.flow import FLOW
from library.catalog.models import Case
from library.policy import Actor
from library.workflow import step

JSON = {"Accept": "application/json"}
BUTTON = re.compile(r'name="do" value="([^"]+)"')
SECRET = {"security": "只给专家的防护措施", "contact": "contact@secret.example", "masks": "青河水务甲"}


@dataclass
class Work:
    """An organisation with its people at their browsers."""

    site: Site
    organisation: int = 0
    browsers: dict[str, FlaskClient] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)

    def member(self, role: str, name: str, lang: str = "en") -> FlaskClient:
        email = f"{role}{len(self.browsers)}@work.example"
        with self.site.database.unit() as session:
            organisation = session.get_one(make.Organisation, self.organisation)
            self.actors[name] = make.member(session, organisation, role, email=email, name=name)
        self.browsers[name] = self.site.signed_in(email, lang, organisation=self.organisation)
        return self.browsers[name]

    def draft(self, content: dict[str, dict[str, Any]] | None = None) -> str:
        """A draft by the first who joined; its key."""
        actor = next(iter(self.actors.values()))
        with self.site.database.unit() as session:
            case = drafts.start(session, actor, now=make.NOW)
            for name, values in (content or {}).items():
                drafts.save(session, actor, case, name, content=values, version=0, now=make.NOW)
        return case.key

    def whole(self) -> dict[str, dict[str, Any]]:
        """Sections with which a case may be handed in, as long as no rule asks for more."""
        document = make.document(
            data_level="general",
            security={"zh": SECRET["security"]},
            contact={"name": "王小明", "email": SECRET["contact"]},
            masks=[SECRET["masks"]],
        )
        return {name: content for name, content in sections.split(document, {}).items() if content}

    def contents(self, key: str) -> dict[str, dict[str, Any]]:
        with self.site.database.reading() as session:
            return drafts.contents(session, session.scalars(select(Case).where(Case.key == key)).one())

    def move(self, key: str, verb: str, actor: Actor, **given: Any) -> None:
        with self.site.database.unit() as session:
            case = session.scalars(select(Case).where(Case.key == key)).one()
            step(FLOW, session, actor, case, verb, now=make.NOW, **given)

    def officer(self) -> Actor:
        with self.site.database.unit() as session:
            return make.officer(session)


def page(client: FlaskClient, address: str, status: int = 200) -> str:
    response = client.get(address)
    text = response.get_data(as_text=True)
    assert response.status_code == status, text[-800:]
    return text


def token(client: FlaskClient, address: str = "/work/new") -> str:
    found = TOKEN.search(page(client, address))
    assert found
    return found[1]


def send(client: FlaskClient, address: str, *, quiet: bool = False, **typed: Any) -> Any:
    """Send a form of somebody who may write, or as the script does; `__` in a name stands for its dots."""
    data = {name.replace("__", "."): value for name, value in typed.items()}
    if quiet:
        pairs = [[name, str(each)] for name, each in iter_multi_items(data)]
        return client.post(address, json=pairs, headers=JSON | {"X-CSRFToken": token(client)})
    return client.post(address, data={"csrf_token": token(client), **data})


def value(text: str, name: str) -> str:
    """What stands in a control of a page."""
    found = re.search(rf'<input[^>]* name="{re.escape(name)}"[^>]* value="([^"]*)"', text)
    found = found or re.search(rf'<textarea[^>]* name="{re.escape(name)}"[^>]*>\n?([^<]*)</textarea>', text)
    assert found, f"no control {name}"
    return found[1]
