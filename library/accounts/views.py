"""Pages of an organisation: enter one, read and change what it says, have it verified, close it."""

from __future__ import annotations

from typing import BinaryIO, cast

from flask import Blueprint, current_app, redirect, request, send_file, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from .. import db, labels, web
from ..errors import Invalid, Missing, Problem, Text, TooMany
from ..files import Kept, Store, given_name, too_large
from ..policy import require
from ..web import door
from ..workflow import open_moves, step
from . import flow, identity, operations, people, policy, queries, register
from .models import Organisation
from .schemas import OrganisationForm

Answer = Response | str | tuple[str, int]

bp = Blueprint("organisations", __name__, url_prefix="/organisations")


READ = 64 << 20  # of a file that is too large so much is read, so that the note beside it can be shown again


@bp.errorhandler(RequestEntityTooLarge)
def too_much(error: RequestEntityTooLarge) -> Response:
    """More than a form may bring, or a file: of that the limit is named."""
    file = request.endpoint == "organisations.verification"
    problem = too_large(operations.EVIDENCE_BYTES) if file else Problem(Text("What was sent is too large."))
    problem.status = error.code
    return web.tell(problem)


@bp.get("")
@door("organisation.see")
def index() -> str:
    """Those that one belongs to."""
    mine = queries.organisations_of(web.session(), web.actor().person or 0)
    return web.render("accounts/organisations.html", mine=mine, acts_for=web.actor().organisation)


@bp.route("/new", methods=["GET", "POST"])
@door("organisation.create")
def new() -> Answer:
    given, errors, status = typed(), {}, 200
    if request.method == "POST":
        session = web.session()
        try:
            with db.unit(session):
                found = operations.create(session, web.actor(), given=given, now=web.now())
                act_for(found)
            return redirect(url_for(".organisation", key=found.key), 303)
        except (Invalid, TooMany) as problem:
            errors, status = told(problem, "name_zh"), problem.status
    return _form(given, errors, None, status)


@bp.get("/<key>")
@door("organisation.see")
def organisation(key: str) -> str:
    session, actor = web.session(), web.actor()
    found = queries.organisation(session, actor, key)
    return web.render(
        "accounts/organisation.html",
        organisation=found,
        actor=actor,
        moves={move.verb: reasons for move, reasons in open_moves(flow.FLOW, session, actor, found, web.now())},
        members=len(queries.members(session, actor, found)),
        waiting=len(queries.pending(session, actor, found, now=web.now())),
        refused=register.last_word(session, actor, found) if found.state == "unverified" else "",
        evidence=policy.may_read_evidence(actor, found),
    )


@bp.route("/<key>/edit", methods=["GET", "POST"])
@door("organisation.keep")
def edit(key: str) -> Answer:
    session, actor = web.session(), web.actor()
    found = kept_by(key)
    given = {name: getattr(found, name) or "" for name in operations.IDENTITY}
    errors, status = {}, 200
    if request.method == "POST":
        given = typed()
        try:
            with db.unit(session):
                flow.edit(session, actor, found, given=given, now=web.now())
            return redirect(url_for(".organisation", key=key), 303)
        except Invalid as problem:
            errors, status = told(problem, "name_zh"), problem.status
    return _form(given, errors, found, status)


@bp.route("/<key>/verification", methods=["GET", "POST"])
@door("organisation.keep", most=lambda config: READ)
def verification(key: str) -> Answer:
    """The file and the note that show who the organisation is; sent together with the request."""
    session, actor = web.session(), web.actor()
    found = kept_by(key)
    given = {"note": found.evidence or ""}
    errors, status = {}, 200
    if request.method == "POST":
        given = {"note": request.form.get("note", "")}
        try:
            name, kept = _evidence(request.files.get("file"))
            with db.unit(session):
                operations.prove(session, actor, found, note=given["note"], kept=kept, name=name, now=web.now())
                step(flow.FLOW, session, actor, found, "organisation.ask", now=web.now())
            return redirect(url_for(".organisation", key=key), 303)
        except Invalid as problem:
            errors = told(problem, "file")
            errors = errors | {"file": list(map(web.say, problem.reasons))} if problem.reasons else errors
            status = problem.status
    page = web.render(
        "accounts/organisation_verification.html",
        organisation=found,
        given=given,
        errors=errors,
        megabytes=operations.EVIDENCE_BYTES >> 20,
    )
    return page, status


@bp.get("/<key>/evidence")
@door("organisation.evidence")
def evidence(key: str) -> Response:
    found = queries.organisation(web.session(), web.actor(), key)
    if not policy.may_read_evidence(web.actor(), found) or found.evidence_sha256 is None:
        raise Missing(Text("There is no page at this address."))
    response = send_file(
        current_app.extensions["files"].path(found.evidence_sha256),
        mimetype=found.evidence_type,
        download_name=found.evidence_name,
        etag=found.evidence_sha256,
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response


@bp.route("/<key>/close", methods=["GET", "POST"])
@door("organisation.close")
def close(key: str) -> Answer:
    session, actor = web.session(), web.actor()
    found = queries.organisation(session, actor, key)
    if not policy.may_close(actor, found):
        raise Missing(Text("There is no page at this address."))
    reason, errors, status = request.form.get("reason", ""), {}, 200
    if request.method == "POST":
        try:
            with db.unit(session):
                flow.decide(session, actor, found, "organisation.close", reason=reason, now=web.now())
            return redirect(url_for(".index"), 303)
        except Invalid as problem:
            errors, status = told(problem, "reason"), problem.status
    page = web.render("accounts/organisation_close.html", organisation=found, reason=reason, errors=errors)
    return page, status


def kept_by(key: str) -> Organisation:
    """The organisation of this key, for its owners."""
    found = queries.organisation(web.session(), web.actor(), key)
    require(policy.RULES, web.actor(), "organisation.keep", found)
    return found


def act_for(found: Organisation) -> None:
    """Whoever has entered or joined an organisation goes on there."""
    at = identity.recognised()
    if at is not None:
        people.act_for(web.session(), at, organisation=found.id)


def typed() -> dict[str, str]:
    """What the form about an organisation says, without what was left empty."""
    names = OrganisationForm().fields
    return {name: request.form[name] for name in names if request.form.get(name, "").strip()}


def told(problem: Problem, field: str) -> dict[str, list[str]]:
    """What is wrong with each field; a sentence about the whole stands at `field`."""
    return web.sentences(problem) or {field: [web.say(problem.text)]}


def _form(given: dict[str, str], errors: dict[str, list[str]], found: Organisation | None, status: int) -> Answer:
    template = "accounts/organisation_edit.html"
    provinces = [(code, labels.province(code, web.language())) for code in labels.PROVINCES]
    return web.render(template, organisation=found, given=given, errors=errors, provinces=provinces), status


def _evidence(sent: FileStorage | None) -> tuple[str | None, Kept | None]:
    """The file that was sent along, kept in the store; nothing when none was chosen."""
    if sent is None or not sent.filename:
        return None, None
    try:
        if not sent.filename.lower().endswith(operations.EVIDENCE):
            raise Invalid(Text("Send a PDF, PNG or JPG file."))
        name = given_name(sent.filename)
        store = Store(current_app.extensions["files"].root, max_bytes=operations.EVIDENCE_BYTES)
        return name, store.put(cast(BinaryIO, sent.stream), name)
    except Invalid as problem:
        raise Invalid(operations.NOT_YET, fields={"file": [problem.text]}) from problem
