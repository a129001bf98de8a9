"""Many cases at once: bring a table, read what it would do and what is wrong, then have it written."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, make_response, redirect, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as Answer

from .. import attached, db, kinds, labels, opening, web, workflow
from ..errors import Invalid, Text
from ..files import Store, too_large
from ..language import voice
from ..tables import as_csv
from ..web import door
from . import bulk, bulk_flow, grids, wording
from .draft_models import BulkImport
from .schemas import DEPLOYMENTS, NOVELTY, ROLES

bp = Blueprint("importing", __name__, url_prefix="/work/import")

MOST_BYTES = 20 << 20
MEDIA = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv"}


@bp.route("", methods=["GET", "POST"])
@door("case.draft", most=lambda config: MOST_BYTES + 100_000)
def index() -> Answer | str | tuple[str, int]:
    """Bring a table; and the ones that were brought."""
    session, actor = web.session(), web.actor()
    errors, status = {}, 200
    if request.method == "POST":
        try:
            row = _begin(request.files.get("table"))
            return redirect(url_for("importing.table", key=row.key), 303)
        except Invalid as problem:
            errors, status = {"table": [web.say(problem.text)]}, problem.status
    page = web.render(
        "catalog/import/index.html", tables=bulk.recent(session, actor), errors=errors, most=grids.MOST_ROWS
    )
    return page, status


@bp.get("/template.<ending>")
@door("case.draft")
def template(ending: str) -> Response:
    """The empty table, with the words of its columns and the codes that go into them."""
    if ending == "csv":
        return attached.csv_file(grids.template_csv(), "cases.csv")
    if ending != "xlsx":
        raise Invalid(Text("The template is there as .xlsx and as .csv."))
    response = make_response(grids.template_xlsx(_words(), _codes()))
    response.mimetype = MEDIA["xlsx"]
    response.headers["Content-Disposition"] = "attachment; filename=cases.xlsx"
    return response


@bp.get("/<key>")
@door("case.draft")
def table(key: str) -> str:
    """What the table would do, or has done, and every mistake by row and column."""
    session, actor = web.session(), web.actor()
    row = bulk.found(session, actor, key)
    moves = workflow.open_moves(bulk_flow.FLOW, session, actor, row, web.now())
    return web.render("catalog/import/table.html", table=row, wrong=_wrong(row), moves=moves, told=bulk.TOLD)


@bp.get("/<key>/progress")
@door("case.draft")
def progress(key: str) -> dict[str, Any]:
    row = bulk.found(web.session(), web.actor(), key)
    return {"state": row.state, "done": row.done, "rows": row.rows}


@bp.get("/<key>/errors.csv")
@door("case.draft")
def errors(key: str) -> Response:
    """The mistakes as a table, to be worked through beside one's own."""
    row = bulk.found(web.session(), web.actor(), key)
    lines = [(each["row"], each["column"], each["text"]) for each in _wrong(row)]
    return attached.csv_file(as_csv(("row", "column", "error"), lines), f"errors-{row.key}.csv")


@bp.post("/<key>/accept")
@door("case.draft")
def accept(key: str) -> Answer:
    session, actor = web.session(), web.actor()
    with db.unit(session):
        workflow.step(
            bulk_flow.FLOW, session, actor, bulk.found(session, actor, key), "import.accept", now=web.now()
        )
    return redirect(url_for("importing.table", key=key), 303)


def _begin(file: FileStorage | None) -> BulkImport:
    """Keep what was sent, once it is known to be what its ending says."""
    name = (file.filename or "") if file else ""
    ending = name.rpartition(".")[2].lower()
    if file is None or ending not in grids.FORMATS:
        raise Invalid(Text("Choose a table: a file that ends in .xlsx, .csv or .json."))
    store: Store = current_app.extensions["files"]
    data = file.stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise too_large(MOST_BYTES)
    if not data:
        raise Invalid(Text("The file is empty."))
    with store.fresh() as path:
        path.write_bytes(data)
        if ending == "xlsx":
            opening.look(path, "table.xlsx")
        elif ending == "csv":
            kinds.look_at_table(path, ending)
        kept = store.keep(path, MEDIA.get(ending, "application/json"))
    session = web.session()
    with db.unit(session):
        return bulk.begin(
            session,
            web.actor(),
            name=name[-200:],
            kept=kept,
            whole=request.form.get("whole") != "no",
            now=web.now(),
        )


def _wrong(row: BulkImport) -> list[dict[str, Any]]:
    told = row.result.get("errors", ())
    return [{**each, "text": web.say(Text(each["id"], each["params"]))} for each in told]


def _words() -> dict[str, str]:
    """What each column means, in both languages."""
    return {name: " / ".join(dict.fromkeys(_word(name, lang) for lang in ("zh", "en"))) for name in grids.COLUMNS}


def _word(name: str, lang: Any) -> str:
    said, parts = voice(lang), name.split(".")
    if name == grids.KEY:
        return said(labels.N_("Your own key of the case"))
    if parts[0] == "story":
        return f"{said(labels.LABELS['section'][parts[1]])} ({parts[2]})"
    words = [said(labels.LABELS["part"].get(part, part)) if not part.isdigit() else part for part in parts]
    return " ".join(words)


def _codes() -> dict[str, list[str]]:
    tree = wording.tree()
    return {
        "sectors": list(tree.sectors),
        "technologies": list(tree.technologies),
        "novelty": list(NOVELTY),
        "networks": list(labels.NETWORKS),
        "place.provinces": list(labels.PROVINCES),
        "status": list(DEPLOYMENTS),
        "parties.role": list(ROLES),
    }
