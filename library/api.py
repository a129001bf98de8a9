"""The interface for programs: one OpenAPI 3.1 document over the chapters' blueprints, refusals as problem+json."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g, jsonify
from flask_smorest import Api

from .api_parts import ProblemShape
from .catalog.api import bp as catalog
from .statistics.api import bp as statistics
from .web import door

REFUSALS = {
    400: "The request could not be understood.",
    404: "There is no such thing, or it is not public.",
    405: "This address does not take that kind of request.",
    422: "A parameter breaks a rule; `errors` names it.",
    503: "A part is being built or cannot be reached; try again.",
}


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
    for blueprint in (catalog, statistics):
        api.register_blueprint(blueprint)
    _document_refusals(api)
    document = api.spec.to_dict()

    @app.get("/api/v1/openapi.json")
    @door("page.see")
    def openapi() -> Response:
        """The document itself."""
        return jsonify(document)

    csrf_exempt(app, (catalog, statistics))

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
            for status, words in REFUSALS.items():
                operation.setdefault("responses", {})[str(status)] = {"description": words, "content": schema}
            operation["responses"].pop("default", None)
