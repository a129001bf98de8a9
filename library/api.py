"""The interface for programs: one OpenAPI 3.1 document over the chapters' blueprints, refusals as problem+json."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g, jsonify
from flask_smorest import Api

from .api_parts import ProblemShape
from .catalog.api import bp as catalog
from .catalog.api_drafts import bp as drafts
from .selection.api import bp as selection
from .selection.api_benchmarks import bp as benchmarks
from .selection.api_entries import bp as entries
from .statistics.api import bp as statistics
from .web import door

REFUSALS = {
    400: "The request could not be understood.",
    401: "The token is unknown, ended or expired.",
    403: "You may not do this; a token may need another scope.",
    404: "There is no such thing, or it is not public.",
    405: "This address does not take that kind of request.",
    410: "It was public once and has left the library.",
    422: "A parameter breaks a rule; `errors` names it.",
    503: "A part is being built or cannot be reached; try again.",
}
# What else a write may be refused for.
REFUSALS_OF_WRITES = {
    409: "The state has moved on; `reasons` say more.",
    412: "This was changed since the version named in If-Match.",
    413: "What was sent is too large.",
    415: "Only application/json is taken.",
    428: "If-Match is missing.",
}
BLUEPRINTS = (catalog, drafts, selection, entries, benchmarks, statistics)


class LibraryApi(Api):  # type: ignore[misc]
    """Flask-smorest with our own refusals: `web.tell` answers, so its error handler stays out."""

    def _register_error_handlers(self) -> None:
        return


def init_app(app: Flask) -> None:
    """Register the blueprints and the document."""
    app.config.update(
        API_TITLE="Mobile IoT Case Library",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
    )
    api = LibraryApi(app)
    api.spec.components.schema("Problem", schema=ProblemShape)
    api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    _document_refusals(api)
    _document_decimals(api)
    document = api.spec.to_dict()

    @app.get("/api/v1/openapi.json")
    @door("page.see")
    def openapi() -> Response:
        """The document itself."""
        return jsonify(document)

    csrf_exempt(app, BLUEPRINTS)

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in g.get("api_headers", {}).items():
            response.headers.setdefault(name, value)
        return response


def csrf_exempt(app: Flask, blueprints: tuple[Any, ...]) -> None:
    """Programs bear tokens, not cookies; nothing under /api/ takes a session."""
    for blueprint in blueprints:
        app.extensions["csrf"].exempt(blueprint)


def _document_refusals(api: Api) -> None:
    """Every operation names every refusal it can give, so that the document is complete."""
    schema = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in api.spec._paths.values():
        for method, operation in path.items():
            if method == "parameters" or not isinstance(operation, dict):
                continue
            for status, words in (REFUSALS | (REFUSALS_OF_WRITES if method != "get" else {})).items():
                operation.setdefault("responses", {})[str(status)] = {"description": words, "content": schema}
            operation["responses"].pop("default", None)


def _document_decimals(api: Api) -> None:
    """They go out as text, so that no digit is lost; a text has no least and no greatest value."""
    for schema in api.spec.components.schemas.values():
        for shape in schema.get("properties", {}).values():
            if isinstance(shape.get("maximum"), str):
                del shape["minimum"], shape["maximum"]
                shape["type"] = "string"
