"""The rules of the desk: formal rules, the calendar of working days, and how long things may take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, redirect, request, url_for
from marshmallow import Schema, fields
from werkzeug.wrappers import Response

from .. import db, forms, web, workdays
from ..errors import Conflict, Invalid
from ..web import door
from . import operations, queries, queue, rulebook, rules
from .draft_models import CHECKS, LEVELS, FormalRule
from .schemas import CaseDocument

bp = Blueprint("desk_rules", __name__)

BLANKS = 3  # empty lines under a list of words
NAMED = 10  # numbers of cases that a trial names
GIVEN_BY_US = ("code", "origin")


@bp.get("/desk/rules")
@door("rule.edit")
def index() -> str:
    return web.render("desk/rules.html", rules=rulebook.rules(web.session(), web.actor()), done=_done())


@bp.route("/desk/rules/new", methods=["GET", "POST"])
@door("rule.edit")
def new() -> Response | tuple[str, int]:
    if request.method == "GET":
        return _form(None, {"check": CHECKS[0], "level": "warn", "active": True}), 200
    return _sent(None)


@bp.route("/desk/rules/<code>", methods=["GET", "POST"])
@door("rule.edit")
def rule(code: str) -> Response | tuple[str, int]:
    found = rulebook.rule(web.session(), web.actor(), code)
    if request.method == "GET":
        return _form(found, {name: getattr(found, name) for name in ("code", *rulebook.SET)}), 200
    return _sent(found)


def _sent(found: FormalRule | None) -> Response | tuple[str, int]:
    """Another check chosen, a trial, or a rule to be kept."""
    session, actor, given = web.session(), web.actor(), _given(found)
    step = request.form.get("step", "save")
    try:
        if step == "check":
            return _form(found, {**given, "params": {}}), 200
        if step == "try":
            return _form(found, given, hit=_tried(given)), 200
        with db.unit(session):
            if found is None:
                rulebook.add(session, actor, given=given, now=web.now())
            else:
                version = request.form.get("version", 0, type=int)
                rulebook.edit(session, actor, found, given=given, version=version, now=web.now())
    except Invalid as problem:
        return _form(found, given, errors=web.sentences(problem)), problem.status
    except Conflict as problem:
        session.expire_all()
        return _form(rulebook.rule(session, actor, given["code"]), given, overtaken=True), problem.status
    return redirect(url_for("desk_rules.index", done=given["code"]), 303)


def _given(found: FormalRule | None) -> dict[str, Any]:
    """What was typed, with the parameters as the chosen check has them."""
    check = request.form.get("check", "")
    shown = (_params(check),) if check in CHECKS else ()
    text = {lang: request.form.get(f"text.{lang}", "").strip() for lang in ("zh", "en")}
    return {
        "code": found.code if found else request.form.get("code", "").strip(),
        "check": check,
        "field": request.form.get("field", ""),
        "params": _typed(forms.read(shown, request.form).get("params", {})),
        "level": request.form.get("level", ""),
        "text": {lang: words for lang, words in text.items() if words},
        "active": "active" in request.form,
    }


def _typed(value: Any, name: str = "") -> Any:
    """Where a parameter may be anything simple, true, false and numbers are meant as such."""
    if isinstance(value, Mapping):
        return {key: _typed(inner, key) for key, inner in value.items()}
    if isinstance(value, list) and name == "among":
        return [_typed(each, "value") for each in value]
    if name == "value" and value in ("true", "false"):
        return value == "true"
    return int(value) if name == "value" and str(value).isascii() and str(value).isdecimal() else value


def _params(check: str) -> forms.Control:
    schema: Schema = rules.CHECK[check][1]()
    return forms.Control("params", "params", "group", inner=forms.controls(schema.fields, path="params"))


def _tried(given: Mapping[str, Any]) -> dict[str, Any]:
    """How many of the submissions that wait would not meet this rule, and the first of them."""
    said = SimpleNamespace(**operations.filled(rules.RuleForm, given))
    today, hit, total = web.now().astimezone(workdays.ZONE).date(), [], 0
    for code, document in queue.documents(web.session(), web.actor()):
        total += 1
        if not rules.evaluate([said], document, today=today)[0].met:
            hit.append(code)
    return {"hit": len(hit), "total": total, "codes": hit[:NAMED]}


def _form(
    found: FormalRule | None,
    given: Mapping[str, Any],
    *,
    errors: Mapping[str, list[str]] | None = None,
    hit: Mapping[str, Any] | None = None,
    overtaken: bool = False,
) -> str:
    shown = (_params(given["check"]),) if given.get("check") in CHECKS else ()
    params = given.get("params") or {}
    return web.render(
        "desk/rule.html",
        rule=found,
        given=given,
        controls=sorted(shown[0].inner, key=lambda control: control.kind == "group") if shown else (),
        params=params if isinstance(params, Mapping) else {},
        checks=CHECKS,
        levels=LEVELS,
        paths=paths(),
        sums=[(path, path) for path in paths() if "*" not in path],
        blanks=BLANKS,
        errors=errors or {},
        hit=hit,
        overtaken=overtaken,
    )


@cache
def paths() -> tuple[str, ...]:
    """Every place of a case that a rule may look at."""
    return tuple(path for path in _paths(CaseDocument(), "") if path not in GIVEN_BY_US)


def _paths(schema: Schema, before: str) -> Iterator[str]:
    for key, field in schema.fields.items():
        path = before + (field.data_key or key)
        yield path
        inner: Any = field.inner if isinstance(field, fields.List) else field
        path = f"{path}.*" if isinstance(field, fields.List) else path
        if isinstance(inner, fields.Nested):
            yield from _paths(inner.schema, f"{path}.")


@bp.get("/desk/calendar")
@door("calendar.edit")
def calendar() -> str:
    return _calendar()


@bp.post("/desk/calendar")
@door("calendar.edit")
def set_day() -> Response | tuple[str, int]:
    """Except a day from the week."""
    title = {lang: request.form.get(f"title.{lang}", "").strip() for lang in ("zh", "en")}
    given = {
        "day": request.form.get("day", "").strip(),
        "working": request.form.get("working", ""),
        "title": {lang: words for lang, words in title.items() if words},
    }
    try:
        with db.unit(web.session()) as session:
            rulebook.set_day(session, web.actor(), given=given, now=web.now())
    except Invalid as problem:
        return _calendar(given, web.sentences(problem)), problem.status
    return redirect(url_for("desk_rules.calendar", done=given["day"]), 303)


@bp.post("/desk/calendar/<day>/remove")
@door("calendar.edit")
def remove_day(day: str) -> Response:
    with db.unit(web.session()) as session:
        rulebook.remove_day(session, web.actor(), day, now=web.now())
    return redirect(url_for("desk_rules.calendar", done=day), 303)


@bp.post("/desk/days")
@door("calendar.edit")
def set_days() -> Response | tuple[str, int]:
    given = request.form.to_dict()
    try:
        with db.unit(web.session()) as session:
            rulebook.set_days(session, web.actor(), given=given, now=web.now())
    except Invalid as problem:
        return _calendar(days=given, errors=web.sentences(problem)), problem.status
    return redirect(url_for("desk_rules.calendar", done="days"), 303)


def _calendar(
    given: Mapping[str, Any] | None = None,
    errors: Mapping[str, list[str]] | None = None,
    *,
    days: Mapping[str, Any] | None = None,
) -> str:
    session = web.session()
    return web.render(
        "desk/calendar.html",
        exceptions=rulebook.calendar(session),
        days=days or queries.days(session),
        given=given or {},
        errors=errors or {},
        done=_done(),
    )


def _done() -> str:
    """What was changed just now, by name."""
    return request.args.get("done", "")[:40]
