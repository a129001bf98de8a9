"""How files are handed out, and what pages show of them without opening them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, send_file
from sqlalchemy.orm import Session

from .. import previews, web
from ..config import Config
from ..errors import Missing, Text
from ..files import SHOWN, Store
from ..kinds import TYPES
from ..policy import Actor
from ..web import door
from . import drafts, policy, queries, uploads
from .models import Attachment, Case

bp = Blueprint("downloads", __name__)

# What is handed out runs nothing, and knows nothing of this site. Browsers show no PDF in a sandbox; their viewers
# let it reach nothing either.
SANDBOX = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox"
NO_SANDBOX = "default-src 'none'; style-src 'unsafe-inline'"


@bp.get("/cases/<code>/files/<key>")
@door("case.see")
def attachment(code: str, key: str) -> Response:
    """A file of a case; who is neither its owner nor of the ministry gets the copy without metadata."""
    case, file = _attachment(code, key)
    return _handed_out(_copy(case, file), file.media_type, file.name)


@bp.get("/cases/<code>/files/<key>/preview")
@door("case.see")
def preview(code: str, key: str) -> Response:
    """The small picture of a picture; for everybody it is that of the copy without metadata."""
    _, file = _attachment(code, key)
    return _picture(file.public_sha256 or file.sha256)


@bp.get("/work/<key>/files/<sha256>")
@door("case.read_draft")
def original(key: str, sha256: str) -> Response:
    """A file of a draft as its owner brought it, for the organisation and, once handed in, for the ministry."""
    file = _draft_file(key, sha256)
    return _handed_out(sha256, file.media_type, file.name)


@bp.get("/work/<key>/files/<sha256>/preview")
@door("case.read_draft")
def draft_preview(key: str, sha256: str) -> Response:
    return _picture(_draft_file(key, sha256).public_sha256 or sha256)


def listed(session: Session, actor: Actor, case: Case) -> list[dict[str, Any]]:
    """The files of a case as its page shows them: each with the size of the copy that this reader gets."""
    return [
        {
            "key": file.key,
            "name": file.name,
            "title": file.title,
            "size": file.size if policy.gets_original(actor, case) else file.public_size or file.size,
            **_shown(file),
        }
        for file in queries.attachments(session, actor, case)
    ]


def section(session: Session, actor: Actor, case: Case) -> dict[str, Any]:
    """What the section of files in the editor shows beside its form."""
    config: Config = current_app.extensions["config"]
    found = uploads.overview(session, actor, case)
    return {
        "known": {key: {"file": file, **_shown(file)} for key, file in found.known.items()},
        "others": found.others,
        "taken": found.taken,
        "limits": {
            "files": config.max_files,
            "file": config.max_file >> 20,
            "case": config.max_case >> 20,
            "bytes": config.max_file,
        },
        "endings": ",".join(f".{ending}" for ending in TYPES),
        "scanned": bool(config.clamav),
    }


def _shown(file: Any) -> dict[str, Any]:
    """What a page shows of a file without opening it, of the copy for everybody."""
    sha256 = getattr(file, "public_sha256", None) or file.sha256
    if sha256 is None:
        return {"picture": False, "page": None}
    path = _store().path(sha256)
    page = previews.first_page(path, file.media_type) if path.exists() else None
    return {"picture": _store().preview(sha256).exists(), "page": page}


def _attachment(code: str, key: str) -> tuple[Case, Attachment]:
    session, actor = web.session(), web.actor()
    case = queries.case(session, actor, code)
    return case, queries.attachment(session, actor, case, key)


def _copy(case: Case, file: Attachment) -> str:
    return file.sha256 if policy.gets_original(web.actor(), case) else file.public_sha256 or file.sha256


def _draft_file(key: str, sha256: str) -> Any:
    session, actor = web.session(), web.actor()
    return uploads.content(session, actor, drafts.draft(session, actor, key), sha256)


def _handed_out(sha256: str, media_type: str, name: str) -> Response:
    path = _store().path(sha256)
    if not path.exists():
        raise Missing(Text("This case has no such file."))
    response = send_file(
        path, mimetype=media_type, download_name=name, as_attachment=media_type not in SHOWN, etag=sha256
    )
    if media_type == "text/plain":
        with path.open("rb") as file:
            encoding = previews.beginning(file.read(previews.BEGINNING))[1].removesuffix("-sig")
        response.headers["Content-Type"] = f"text/plain; charset={encoding}"
    response.headers["Content-Security-Policy"] = NO_SANDBOX if media_type == "application/pdf" else SANDBOX
    response.headers["Cache-Control"] = "private, no-cache"  # another reader may get another copy
    return response


def _picture(sha256: str) -> Response:
    path = _store().preview(sha256)
    if not path.exists():
        raise Missing(Text("This file has no preview."))
    response = send_file(path, mimetype="image/jpeg", etag=sha256)
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _store() -> Store:
    found: Store = current_app.extensions["files"]
    return found
