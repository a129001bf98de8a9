"""Beside a draft: its past with word by word comparison, remarks on its sections, and how others would see it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from .. import db, web
from ..accounts.queries import person_names
from ..errors import Missing, Text
from ..web import door
from . import diff, draft_comments, draft_past, drafts, operations, queries, sections, wording
from .models import Case
from .schemas import as_seen
from .sheets import caption
from .workbench import Workbench

bp = Blueprint("editor_past", __name__, url_prefix="/work")

# Who looks, and whose fields they read: as policy.audiences gives them to a stranger of that kind.
READERS: Mapping[str, frozenset[str]] = {
    "public": frozenset({"public"}),
    "investor": frozenset({"public", "investor"}),
    "expert": frozenset({"public", "reviewer"}),
    "officer": frozenset({"public", "investor", "reviewer", "ministry"}),
}
BLANK: Mapping[str, Any] = {
    "title": {},
    "summary": {},
    "sectors": [],
    "parties": [],
    "sections": [],
    "place": {"text": {}, "provinces": []},
}
DRAFT = "DRAFT"  # stands where the number will


@bp.get("/<key>/history/<section>")
@door("case.read_draft")
def history(key: str, section: str) -> str:
    """Who wrote in a section and when; one sitting compared with the present text."""
    bench = Workbench(key)
    bench.sheet(section)
    edits = draft_past.history(bench.session, bench.actor, bench.case, section)
    chosen = next((edit for edit in edits if str(edit.id) == request.args.get("edit")), None)
    changes = []
    if chosen is not None:
        found = diff.documents(chosen.content, bench.rows[section].content)
        changes = [(caption(_zero_based(change.path), web.language()), change.parts) for change in found]
    return web.render(
        "catalog/editor/history.html",
        case=bench.case,
        title=bench.title,
        draft_section=section,
        row=bench.rows[section],
        edits=edits,
        chosen=chosen,
        changes=changes,
        names=person_names(bench.session, {edit.person_id for edit in edits if edit.person_id}),
        writes=bench.writes,
    )


def _zero_based(path: tuple[str, ...]) -> str:
    """A path of a difference, which counts from one, as one of a document."""
    return ".".join(str(int(part) - 1) if part.isdecimal() else part for part in path)


@bp.post("/<key>/history/<section>/restore")
@door("case.draft")
def restore(key: str, section: str) -> Response:
    bench = Workbench(key)
    edit, version = (int(said) if said.isdecimal() and len(said) < 10 else -1 for said in _said("edit", "version"))
    with db.unit(bench.session):
        drafts.restore(bench.session, bench.actor, bench.case, section, edit=edit, version=version, now=web.now())
    return redirect(url_for("editor.section", key=key, section=section), 303)


def _said(*names: str) -> list[str]:
    return [request.form.get(name, "") for name in names]


@bp.post("/<key>/<section>/comments")
@door("case.comment")
def comment(key: str, section: str) -> Any:
    """For those who may not write in the section now; the others send a remark with what they typed there."""
    wrong = Workbench(key).comment(section)
    return wrong or redirect(url_for("editor.section", key=key, section=section, _anchor="comments"), 303)


@bp.post("/<key>/comments/<int(max=2147483647):number>/settle")
@door("case.comment")
def settle(key: str, number: int) -> Response:
    bench = Workbench(key)
    with db.unit(bench.session):
        row = draft_comments.settle(bench.session, bench.actor, bench.case, comment=number, now=web.now())
    return redirect(url_for("editor.section", key=key, section=row.section, _anchor="comments"), 303)


@bp.get("/<key>/preview")
@door("case.read_draft")
def preview(key: str) -> str:
    """The case page as somebody else would see it, made of what is right so far."""
    bench = Workbench(key)
    reader = request.args.get("as", "public")
    if reader not in READERS:
        raise Missing(Text("There is no page at this address."))
    raw = {**drafts.document(bench.session, bench.case), "origin": bench.case.origin}
    whole, left_out = shown(raw)
    frame = {
        "key": key,
        "reader": reader,
        "readers": list(READERS),
        "left_out": list(dict.fromkeys(caption(path, web.language()) for path in left_out)),
    }
    if not whole["sectors"]:
        return web.render("catalog/editor/no_preview.html", **frame, case=bench.case)
    doc = as_seen(whole, READERS[reader])
    case = _as_if(bench.case, whole, web.now())
    tree = wording.tree()
    return web.render(
        "catalog/editor/preview.html",
        **frame,
        case=case,
        doc=doc,
        row=queries.row(case, doc, tree) | {"url": ""},
        counts=queries.shown_counts(case),
        path=[tree.sectors[step] for step in tree.path(doc["sectors"][0])],
        attachments=doc.get("attachments", []),
        similar=[],
        jsonld=None,
        may_report=False,
        moves=queries.biography(doc, case),
    )


def shown(raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The part of a draft that is right, as the schema dumps it, and the paths of what had to be left out."""
    kept = {**raw, "code": "DEMO-0000" if raw["origin"] == "demo" else "MIOT-2000-0000"}
    known = wording.tree()
    for name, terms in (("sectors", known.sectors), ("technologies", known.technologies)):
        if isinstance(kept.get(name), list):
            kept[name] = [code for code in kept[name] if code in terms]
    left_out: list[str] = []
    while wrong := [path for path in sections.trouble(kept) if path.split(".")[0] in kept]:
        left_out += wrong
        places: dict[str, set[int]] = {}
        for path in wrong:
            name, _, rest = path.partition(".")
            number = rest.partition(".")[0]
            if number.isdecimal() and isinstance(kept[name], list):
                places.setdefault(name, set()).add(int(number))
            else:
                places[name] = set(range(len(kept[name]))) if isinstance(kept[name], list) else set()
        for name, gone in places.items():
            rest_of = [item for place, item in enumerate(kept[name]) if place not in gone] if gone else []
            kept = {key: value for key, value in kept.items() if key != name} | (
                {name: rest_of} if rest_of else {}
            )
    missing = tuple(name for name in BLANK if name not in kept)
    loaded = operations.SCHEMA.load(kept, partial=missing)
    return {**BLANK, **operations.SCHEMA.dump(loaded)}, left_out


def _as_if(case: Case, document: Mapping[str, Any], now: dt.datetime) -> Case:
    """The case with the columns that its draft would fill; not of any session."""
    made = Case(
        key=case.key, code=case.code or DRAFT, origin=case.origin, revision=case.revision or 1, revised_at=now
    )
    counted = document if document["parties"] else {**document, "parties": [{"name": {"zh": ""}}]}
    made.counts, made.owner = operations.counted(counted), case.owner
    return made
