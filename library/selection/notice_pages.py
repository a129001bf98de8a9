"""Public notices as everybody reads them, the form of an objection, and what its author reads of it later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, current_app, make_response, redirect, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from .. import db, paging, tables, web
from ..attached import csv_file
from ..config import Config
from ..errors import Invalid, Missing, Problem, Text, TooMany
from ..files import Kept, Store, too_large
from ..kinds import TYPES
from ..quarantine import hold, quarantine
from ..scanning import scanner
from ..web import door
from . import notice_queries as queries
from . import objections
from .notice_models import Notice
from .views import ListArgs

bp = Blueprint("notice_pages", __name__)

FORM = 100_000  # what the form may bring beside its files
COLUMNS = (
    *("entry", "title_zh", "title_en", "applicant_zh", "applicant_en", "recommender_zh", "recommender_en"),
    *("direction", "note"),
)
PAIRS = ("title", "applicant", "recommender")


@bp.get("/notices")
@door("notice.see")
def index() -> str:
    session = web.session()
    page, total = paging.asked(ListArgs(), request.args)["page"], queries.total(session)
    return web.render(
        "selection/notices.html",
        notices=queries.notices(session, page=page),
        total=total,
        now=web.now(),
        pages=paging.pages(page, total, queries.PER_PAGE, lambda page: url_for("notice_pages.index", page=page)),
    )


@bp.get("/notices/<code>")
@door("notice.see")
def notice(code: str) -> str:
    session = web.session()
    found = queries.notice(session, code)
    return web.render(
        "selection/notice.html",
        notice=found,
        states=queries.states(session, found),
        others=[each for each in queries.of_call(session, found.call) if each.id != found.id],
        closed=objections.closed(found, web.now()),
        now=web.now(),
    )


@bp.get("/notices/<code>/list.<ending>")
@door("notice.see")
def listed(code: str, ending: str) -> Response:
    """The list to be kept: for people (csv, xlsx), and exactly as its SHA-256 was taken (json)."""
    found = queries.notice(web.session(), code)
    if ending == "json":
        response = make_response(db.canonical(found.items))
        response.mimetype = "application/json"
    elif ending == "csv":
        return csv_file(tables.as_csv(COLUMNS, _rows(found)), f"{found.code}.csv")
    elif ending == "xlsx":
        book = tables.as_xlsx(COLUMNS, _rows(found), title=found.code, made=found.begins_at)
        response = make_response(book)
        response.mimetype = TYPES["xlsx"]
    else:
        raise Missing(Text("There is no page at this address."))
    response.headers["Content-Disposition"] = f"attachment; filename={found.code}.{ending}"
    return response


def _rows(found: Notice) -> list[list[Any]]:
    return [
        [
            item["entry"],
            *(item[name].get(lang) for name in PAIRS for lang in ("zh", "en")),
            item["direction"],
            "DEMONSTRATION 演示" if item["demonstration"] else "",
        ]
        for item in found.items
    ]


@bp.route("/notices/<code>/objection", methods=["GET", "POST"])
@door("objection.file", most=lambda config: objections.MOST_FILES * config.max_evidence + FORM)
def objection(code: str) -> AnyResponse | str | tuple[str, int]:
    """The form, for everybody. What was typed comes back with what is wrong; files must be chosen again."""
    found = queries.notice(web.session(), code)
    if request.method == "GET":
        return _form(found, {"entry": request.args.get("entry", "")}), 200
    given = request.form.to_dict()
    try:
        word = _filed(found, given)
    except (Invalid, TooMany) as problem:
        return _form(queries.notice(web.session(), code), given, problem), problem.status
    return redirect(url_for("notice_pages.receipt", word=word, new=1), 303)


@bp.errorhandler(RequestEntityTooLarge)
def too_much(error: RequestEntityTooLarge) -> Response:
    problem: Problem = too_large(_config().max_evidence)
    problem.status = 413
    return web.tell(problem)


@bp.get("/objections/<word>")
@door("objection.track")
def receipt(word: str) -> Response:
    """What the author of an objection reads, who has no account but the word of the receipt."""
    row = queries.by_word(web.session(), word)
    page = web.render("selection/objection_receipt.html", objection=row, word=word, new="new" in request.args)
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _filed(found: Notice, given: Mapping[str, str]) -> str:
    session, actor, config = web.session(), web.actor(), _config()
    files = [each for each in request.files.getlist("evidence") if each.filename]
    objections.checked(session, actor, found, given=given, files=len(files), now=web.now())
    code = found.code
    web.let_go()  # no transaction is open while files are read
    evidence = _held(files)
    with db.unit(session):
        found = queries.notice(session, code)
        _, word = objections.file(
            session,
            web.actor(),
            found,
            given=given,
            evidence=evidence,
            lang=web.language(),
            config=config,
            now=web.now(),
        )
    return word


def _held(files: Sequence[Any]) -> list[tuple[Kept, str]]:
    try:
        return [hold(_quarantine(), scanner(_config().clamav), each.stream, each.filename) for each in files]
    except Invalid as problem:
        raise Invalid(objections.NOT_FILED, fields={"evidence": [problem.text]}) from problem


def _form(found: Notice, given: Mapping[str, str], problem: Problem | None = None) -> str:
    states = queries.states(web.session(), found)
    return web.render(
        "selection/objection.html",
        notice=found,
        items=[item for item in found.items if states.get(item["entry"]) in objections.ANNOUNCED],
        closed=objections.closed(found, web.now()),
        given=given,
        errors=web.sentences(problem) if problem else {},
        refused="" if problem is None or problem.fields else web.say((*problem.reasons, problem.text)[0]),
        limits={"file": _config().max_evidence >> 20, "files": objections.MOST_FILES},
        endings=",".join(f".{ending}" for ending in TYPES),
        scanned=bool(_config().clamav),
        now=web.now(),
    )


def _config() -> Config:
    found: Config = current_app.extensions["config"]
    return found


def _quarantine() -> Store:
    return quarantine(_config().files, max_bytes=_config().max_evidence)
