"""What every route for programs shares: links between pages, entity tags, the shape of a refusal."""

from __future__ import annotations

import re
from json import JSONDecodeError
from typing import Any
from urllib.parse import urlencode

from flask import Request, Response, abort, g, request
from flask_smorest import Blueprint as FlaskBlueprint
from marshmallow import Schema, fields
from webargs.flaskparser import FlaskParser
from werkzeug.http import quote_etag

from .errors import Changed, Invalid, Text, VersionMissing
from .web import SAFE_METHODS

# What the description of a route says of who may use it, and of requests that may be sent again.
TOKEN: list[dict[str, list[str]]] = [{"token": []}]
KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "description": "The same request under the same key is done once and answered alike, for a day.",
}


class Parser(FlaskParser):
    """The library's, but what is nested without end is no JSON either, instead of a fault of ours."""

    def _raw_load_json(self, req: Request) -> Any:
        try:
            return super()._raw_load_json(req)
        except RecursionError as error:
            raise JSONDecodeError("Nested too deeply.", "[", 0) from error


class Blueprint(FlaskBlueprint):  # type: ignore[misc]
    """Routes that take JSON."""

    ARGUMENTS_PARSER = Parser()


class ProblemShape(Schema):
    """RFC 9457: what was refused and why."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    reasons = fields.List(fields.String())
    errors = fields.Dict(keys=fields.String(), values=fields.List(fields.String()))


def paged(total: int, page: int, per_page: int) -> None:
    """Put Link headers to the neighbouring pages on the response."""
    last = max(1, -(-total // per_page))
    words = request.args.to_dict(flat=False)

    def link(number: int, rel: str) -> str:
        query = urlencode({**words, "page": [number]}, doseq=True)
        return f'<{request.path}?{query}>; rel="{rel}"'

    links = [link(1, "first"), link(last, "last")]
    if page > 1:
        links.append(link(min(page - 1, last), "prev"))
    if page < last:
        links.append(link(page + 1, "next"))
    g.api_headers = {**g.get("api_headers", {}), "Link": ", ".join(links)}


def tagged(digest: str) -> None:
    """Give the response an entity tag; ends the request with 304 when the reader has this very version."""
    tag = quote_etag(digest)
    if request.method in SAFE_METHODS and request.if_none_match.contains_weak(digest):
        abort(Response(status=304, headers={"ETag": tag}))
    g.api_headers = {**g.get("api_headers", {}), "ETag": tag}


def matching(digest: str, *, required: bool = False) -> None:
    """Raise Changed unless the request was made for this version; VersionMissing when it says none and must."""
    if "If-Match" not in request.headers:
        if required:
            raise VersionMissing(Text("Say in If-Match which version this is for: the ETag of what you read."))
    elif not request.if_match.contains(digest):
        raise Changed(Text("This was changed meanwhile; read it again and repeat."))


def key_sent() -> str | None:
    """The Idempotency-Key of this request. Raises Invalid."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not re.fullmatch("[!-~]{1,255}", key):
        words = Text("An Idempotency-Key has 1 to 255 characters: letters, digits and signs, no spaces.")
        raise Invalid(words, fields={"Idempotency-Key": [words]})
    return key


def only_json() -> None:
    """Refuse a body that is something else."""
    if request.content_length and not request.is_json:
        abort(415)
