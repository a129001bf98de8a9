"""How files come in: by parts, or as a whole.

The protocol of parts is the one of tus and of the IETF draft in small: POST announces name and size, PATCH brings
a part for the offset that it names, HEAD tells the offset. Without scripts one form brings one file as a whole.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO

from flask import Blueprint, Response, current_app, jsonify, redirect, request, url_for
from marshmallow import ValidationError
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from .. import db, web
from ..config import Config
from ..db import Database
from ..errors import Conflict, Invalid, Problem, Text, Unavailable
from ..files import Store, too_large
from ..scanning import scanner
from ..web import door
from . import drafts, sheets, upload_checks, uploads
from .draft_files import SECTION
from .models import Case
from .sheets import Sheet
from .upload_models import Upload

bp = Blueprint("uploading", __name__)

FORM = 100_000  # what a form may bring beside its file
STREAM = "application/offset+octet-stream"


@bp.errorhandler(Problem)
def told(problem: Problem) -> Response:
    """A refusal as problem+json for the script, as a page for everybody else."""
    if request.method != "PATCH" and not request.is_json:
        return web.tell(problem)
    response = jsonify(title=web.say(problem.text), status=problem.status)
    response.content_type = "application/problem+json"
    response.status_code = problem.status
    if isinstance(problem, Behind):
        response.headers["Upload-Offset"] = str(problem.offset)
    return response


@bp.errorhandler(RequestEntityTooLarge)
def too_much(error: RequestEntityTooLarge) -> Response:
    problem: Problem = too_large(_config().max_file)
    if request.endpoint == "uploading.part":
        problem = Invalid(Text("A part may have %(limit)s MB at most.", {"limit": uploads.PART >> 20}))
    problem.status = 413
    return told(problem)


class Behind(Conflict):
    """A part that does not go on where the file ends."""

    def __init__(self, offset: int) -> None:
        super().__init__(Text("The file goes on at byte %(offset)s.", {"offset": offset}))
        self.offset = offset


@bp.post("/work/<key>/uploads")
@door("case.draft", most=lambda config: config.max_file + FORM)
def begin(key: str) -> AnyResponse:
    """Announce a file (a script), or bring one as a whole (a form)."""
    if request.is_json:
        try:
            given = uploads.Announcement().load(request.get_json(silent=True) or {})
        except ValidationError as error:
            raise Invalid(
                Text("A file is announced by its name and its size."), fields=error.messages_dict
            ) from None
        upload = _begin(key, **given)
        response = _status(key, upload, offset=0)
        response.status_code = 201
        response.headers["Location"] = url_for("uploading.status", key=key, upload=upload.key)
        return response
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid(Text("Choose a file."))
    with db.unit(web.session()) as session:
        _keep_typed(drafts.draft(session, web.actor(), key))
    upload = _begin(key, name=file.filename, size=file.stream.seek(0, 2))
    file.stream.seek(0)
    _take(key, upload.key, file.stream, offset=0, most=upload.size)
    return _back(key, upload.key)


@bp.patch("/work/<key>/uploads/<upload>")
@door("case.draft", most=lambda config: uploads.PART + 1)  # at the limit itself the server's own stream says no
def part(key: str, upload: str) -> Response:
    """The next part of a file, at the offset that the header names."""
    said = request.headers.get("Upload-Offset", "")
    if request.mimetype != STREAM or not (said.isascii() and said.isdecimal()):
        raise Invalid(Text("A part comes as %(type)s with the header Upload-Offset.", {"type": STREAM}))
    row = _take(key, upload, request.stream, offset=int(said), most=uploads.PART)
    return _status(key, row, offset=row.received)


@bp.get("/work/<key>/uploads/<upload>")
@door("case.read_draft")
def status(key: str, upload: str) -> Response:
    """Where a file stands: how much of it is here, and what was found in it."""
    session, actor = web.session(), web.actor()
    row = uploads.find(session, actor, drafts.draft(session, actor, key), upload)
    return _status(key, row, offset=uploads.offset(row, _store().spool(row.key)))


@bp.post("/work/<key>/uploads/<upload>/discard")
@door("case.draft")
def discard(key: str, upload: str) -> AnyResponse:
    """Forget a file that was refused or never came in full."""
    session, actor = web.session(), web.actor()
    with db.unit(session):
        case = drafts.draft(session, actor, key)
        _keep_typed(case)
        uploads.discard(session, actor, case, upload)
    _store().spool(upload).drop()
    return _back(key, "files")


def _keep_typed(case: Case) -> None:
    """Without scripts the button stands in the form of the section: what was typed there is saved with it."""
    version = request.form.get("version", "")
    if version.isascii() and version.isdecimal():
        session, actor = web.session(), web.actor()
        sheet = Sheet(SECTION, drafts.rows(session, actor, case)[SECTION].content)
        content = sheets.read(sheet, request.form)
        drafts.save(session, actor, case, SECTION, content=content, version=int(version), now=web.now())


def _begin(key: str, *, name: str, size: int) -> Upload:
    session, actor = web.session(), web.actor()
    with db.unit(session):
        case = drafts.draft(session, actor, key)
        return uploads.begin(session, actor, case, name=name, size=size, config=_config(), now=web.now())


def _take(key: str, name: str, stream: IO[bytes], *, offset: int, most: int) -> Upload:
    """Bring bytes to the spool, outside of any transaction, and count them."""
    spool, upload = _store().spool(name), _found(key, name)
    if upload.state != "coming":
        raise Behind(upload.received)
    with spool.held():
        upload = _found(key, name)
        here = uploads.offset(upload, spool)
        if offset != here:
            raise Behind(here)
        web.let_go()
        size = spool.add(stream, at=here, most=min(most, upload.size - here))
        verdict = _verdict(upload, spool.path) if size == upload.size <= uploads.PART else None
        session, actor = web.session(), web.actor()
        with db.unit(session):
            case = drafts.draft(session, actor, key)
            row = uploads.received(session, actor, case, upload, size=size, verdict=verdict, now=web.now())
        if verdict is not None:
            spool.drop()
    return row


def _found(key: str, name: str) -> Upload:
    database: Database = current_app.extensions["database"]
    with database.reading() as session:
        return uploads.find(session, web.actor(), drafts.draft(session, web.actor(), key), name)


def _verdict(upload: Upload, path: Path) -> upload_checks.Verdict | None:
    """A look into a small file at once; None, for the worker to try again, when the scanner does not answer."""
    try:
        return upload_checks.inspect(_store(), scanner(_config().clamav), path, upload.name)
    except Unavailable:
        return None


def _status(key: str, upload: Upload, *, offset: int) -> Response:
    told = {
        "key": upload.key,
        "name": upload.original,
        "size": upload.size,
        "offset": offset,
        "part": uploads.PART,
        "state": upload.state,
        "refused": web.say(Text(**upload.refused)) if upload.refused else None,
        "url": url_for("uploading.status", key=key, upload=upload.key),
    }
    response = jsonify(told)
    response.headers["Upload-Offset"] = str(offset)
    response.headers["Upload-Length"] = str(upload.size)
    response.headers["Cache-Control"] = "no-store"
    return response


def _back(key: str, anchor: str) -> AnyResponse:
    return redirect(url_for("editor.section", key=key, section="files", _anchor=anchor), 303)


def _config() -> Config:
    found: Config = current_app.extensions["config"]
    return found


def _store() -> Store:
    found: Store = current_app.extensions["files"]
    return found
