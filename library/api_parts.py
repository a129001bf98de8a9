"""What every route for programs shares: links between pages, entity tags, the shape of a refusal."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Response, abort, g, request
from marshmallow import Schema, fields
from werkzeug.http import quote_etag


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
    if request.if_none_match.contains_weak(digest):
        abort(Response(status=304, headers={"ETag": tag}))
    g.api_headers = {**g.get("api_headers", {}), "ETag": tag}
