"""Tables of cases, brought by the editor of an organisation."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import make
import openpyxl
from flask.testing import FlaskClient
from sites import Site, token
from sqlalchemy import select

from library.accounts.models import Membership
from library.catalog import drafts
from library.catalog.draft_models import BulkImport
from library.catalog.models import Case
from library.db import Database

PLACE = "/work/import"
GOOD = {
    "external_key": "A-1",
    "title.zh": "智能水表远传抄读",
    "title.en": "Remote reading of water meters",
    "sectors": "water-metering；gas-metering",
    "networks": "nb-iot",
    "parties.1.name.zh": "示例水务",
    "parties.1.role": "owner",
    "connections.1.value": "12万",
    "connections.1.kind": "online",
    "story.solution.zh": "水表每日上报。",
    "story.plans.en": "More districts.",
    "outcomes.1.zh": "漏损下降",
    "contact.email": "wang@example.org",
}


def opened(database: Database, tmp_path: Path) -> Site:
    """An installation with an organisation of an editor and a commenter, and another one."""
    site = Site(database, tmp_path)
    with database.unit() as session:
        make.taxonomy(session)
        owner = make.organisation(session)
        make.member(session, owner, "editor", email="li@works.example")
        make.member(session, owner, "commenter", email="wu@works.example")
        make.member(session, make.organisation(session), "owner", email="zhao@other.example")
    return site


def signed_in(site: Site, email: str) -> FlaskClient:
    with site.database.reading() as session:
        number = session.scalar(select(Membership.organisation_id).join(Membership.person).filter_by(email=email))
    return site.signed_in(email, organisation=number)


def table(*rows: dict[str, Any], ending: str = "csv") -> bytes:
    if ending == "json":
        return json.dumps(rows).encode()
    header = list(dict.fromkeys(name for row in rows for name in row))
    if ending == "csv":
        lines = [",".join(header), *(",".join(str(row.get(name, "")) for name in header) for row in rows)]
        return "\n".join(lines).encode("utf-8-sig")
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(header)
    for row in rows:
        book.active.append([row.get(name) for name in header])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def bring(client: FlaskClient, data: bytes, *, name: str = "cases.csv", whole: str = "yes") -> str:
    """Send a table; the address where it is read."""
    given = {"csrf_token": token(client, PLACE), "table": (io.BytesIO(data), name), "whole": whole}
    answer = client.post(PLACE, data=given)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return answer.location


def accept(client: FlaskClient, address: str) -> int:
    return client.post(f"{address}/accept", data={"csrf_token": token(client, PLACE)}).status_code


def state(site: Site) -> tuple[str, dict[str, Any]]:
    with site.database.reading() as session:
        row = session.scalars(select(BulkImport).order_by(BulkImport.id.desc()).limit(1)).one()
    return row.state, row.result


def cases(site: Site) -> dict[str | None, dict[str, Any]]:
    with site.database.reading() as session:
        return {case.external_key: drafts.document(session, case) for case in session.scalars(select(Case))}


def wrong(site: Site) -> list[tuple[int, str]]:
    return [(each["row"], each["column"]) for each in state(site)[1]["errors"]]
