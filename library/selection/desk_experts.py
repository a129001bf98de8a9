"""The pool of experts and the ties between organisations at the officers' desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, current_app, redirect, request, url_for
from werkzeug.wrappers import Response as Answer

from .. import db, paging, web
from ..accounts.queries import person_names
from ..attached import csv_file
from ..catalog import wording
from ..errors import Conflict, Invalid, TooMany
from ..figures import pick
from ..tables import as_csv
from ..web import door
from . import expert_queries as queries
from . import pool, ties
from .expert_models import Expert
from .expert_schemas import PageArgs, PoolArgs

bp = Blueprint("desk_experts", __name__, url_prefix="/desk")

COLUMNS = ("name", "email", "sectors", "most", "open", "given", "joined", "left", "organisations")
Errors = Mapping[str, list[str]]


@bp.get("/experts")
@door("expert.keep")
def index() -> str:
    return _pool()


@bp.get("/experts.csv")
@door("expert.keep")
def export() -> Response:
    """The whole list, as it is searched for."""
    asked = _asked()
    rows: list[Any] = queries.experts(web.session(), web.actor(), wording.tree(), page=None, **asked)
    lines = [
        (
            person.name,
            person.email,
            " ".join(expert.sectors),
            expert.most,
            waits,
            given,
            expert.joined_at.date().isoformat(),
            expert.ended_at.date().isoformat() if expert.ended_at else "",
            "; ".join(stay.name for stay in expert.past),
        )
        for expert, person, waits, given in rows
    ]
    return csv_file(as_csv(COLUMNS, lines), "experts.csv")


@bp.post("/experts")
@door("expert.keep")
def invite() -> Answer | tuple[str, int]:
    session, given = web.session(), sent()
    config = current_app.extensions["config"]
    try:
        with db.unit(session):
            row = pool.invite(session, web.actor(), given=given, config=config, now=web.now())
    except (Invalid, TooMany) as problem:
        errors = web.sentences(problem) or {"email": [web.say(problem.text)]}
        return _pool(given=given, errors=errors), problem.status
    return redirect(url_for("desk_experts.index", sent=row.id), 303)


@bp.post("/experts/invitations/<int(max=2147483647):number>/<any(again,withdraw):what>")
@door("expert.keep")
def change_invitation(number: int, what: str) -> Answer:
    session, actor, now = web.session(), web.actor(), web.now()
    with db.unit(session):
        row = queries.invitation(session, actor, number)
        if what == "again":
            config = current_app.extensions["config"]
            row = pool.again(session, actor, row, config=config, now=now)
        else:
            pool.withdraw(session, actor, row, now=now)
    return redirect(url_for("desk_experts.index", sent=row.id if what == "again" else None), 303)


@bp.get("/experts/<int(max=2147483647):number>")
@door("expert.keep")
def expert(number: int) -> str:
    return _expert(number)


@bp.post("/experts/<int(max=2147483647):number>/<any(edit,stay,end):what>")
@door("expert.keep")
def write(number: int, what: str) -> Answer | tuple[str, int]:
    """Particulars, a line of the history, or the end."""
    return written(number, what, lambda **more: _expert(number, **more), url_for(".expert", number=number))


@bp.post("/experts/<int(max=2147483647):number>/stays/<int(max=2147483647):stay>")
@door("expert.keep")
def drop(number: int, stay: int) -> Answer:
    session, actor = web.session(), web.actor()
    with db.unit(session):
        pool.drop_stay(session, actor, queries.expert(session, actor, number), number=stay, now=web.now())
    return redirect(url_for(".expert", number=number, done="expert.edit"), 303)


def written(number: int | None, what: str, page: Callable[..., str], back: str) -> Answer | tuple[str, int]:
    """Do what one of the forms about an expert asks for; it comes back with what is wrong at its fields."""
    session, actor, given = web.session(), web.actor(), sent()
    write = {"edit": pool.edit, "stay": pool.add_stay, "end": pool.end}[what]
    try:
        with db.unit(session):
            write(session, actor, queries.expert(session, actor, number), given=given, now=web.now())
    except (Invalid, Conflict) as problem:
        session.expire_all()
        errors = web.sentences(problem) or {"form": [web.say(problem.text)]}
        return page(tried=what, given=given, errors=errors), problem.status
    return redirect(f"{back}?done={'expert.end' if what == 'end' else 'expert.edit'}", 303)


def sent() -> dict[str, Any]:
    """A form about an expert; the ticked sectors as a list."""
    return {**request.form.to_dict(), "sectors": request.form.getlist("sectors")}


def branches() -> list[dict[str, Any]]:
    """The directions with what is below them, as boxes to tick."""
    tree, lang = wording.tree(), web.language()
    found = []
    for direction in tree.children(None):
        below = [code for code in tree.sectors if tree.direction(code) == direction.code]
        leaves = [
            {"code": code, "word": pick(tree.sectors[code].title, lang), "deep": len(tree.path(code)) > 2}
            for code in below
        ]
        found.append({"word": pick(direction.title, lang), "leaves": leaves})
    return found


@bp.get("/ties")
@door("tie.keep")
def all_ties() -> str:
    return _ties()


@bp.post("/ties")
@door("tie.keep")
def add_tie() -> Answer | tuple[str, int]:
    session, given = web.session(), request.form.to_dict()
    try:
        with db.unit(session):
            ties.add(session, web.actor(), given=given, now=web.now())
    except (Invalid, Conflict) as problem:
        return _ties(given=given, errors=web.sentences(problem)), problem.status
    return redirect(url_for("desk_experts.all_ties", done="tie.add"), 303)


@bp.post("/ties/<int(max=2147483647):number>/end")
@door("tie.keep")
def end_tie(number: int) -> Answer:
    session, actor = web.session(), web.actor()
    with db.unit(session):
        ties.end(session, actor, queries.tie(session, actor, number), now=web.now())
    return redirect(url_for("desk_experts.all_ties", done="tie.end"), 303)


def _asked() -> dict[str, Any]:
    args = paging.asked(PoolArgs(), request.args)
    return {name: args[name] for name in ("q", "sector", "state")}


def _pool(*, given: Mapping[str, Any] | None = None, errors: Errors | None = None) -> str:
    session, actor, trees, now = web.session(), web.actor(), wording.tree(), web.now()
    args, asked = paging.asked(PoolArgs(), request.args), _asked()
    total, waiting = queries.total(session, actor, trees, **asked), queries.invitations(session, actor, now=now)
    number = request.args.get("sent", 0, type=int)
    return web.render(
        "selection/desk_experts.html",
        args=args,
        rows=queries.experts(session, actor, trees, page=args["page"], **asked),
        total=total,
        branches=branches(),
        invitations=waiting,
        sent=next((row.email for row in waiting if row.id == number), ""),
        given=given or {},
        errors=errors or {},
        now=now,
        pages=paging.pages(
            args["page"], total, queries.PER_PAGE, lambda page: url_for(".index", **asked, page=page)
        ),
    )


def _expert(
    number: int, *, tried: str = "", given: Mapping[str, Any] | None = None, errors: Errors | None = None
) -> str:
    session, actor = web.session(), web.actor()
    found: Expert = queries.expert(session, actor, number)
    return web.render(
        "selection/desk_expert.html",
        expert=found,
        branches=branches(),
        waits=queries.open_reviews(session, found.person_id),
        names=person_names(session, [found.person_id]),
        tried=tried,
        given=given or {},
        errors=errors or {},
        done=request.args.get("done", ""),
    )


def _ties(*, given: Mapping[str, Any] | None = None, errors: Errors | None = None) -> str:
    session, actor = web.session(), web.actor()
    page, total = paging.asked(PageArgs(), request.args)["page"], queries.ties_total(session, actor)
    return web.render(
        "selection/desk_ties.html",
        ties=queries.ties(session, actor, page=page),
        total=total,
        given=given or {},
        errors=errors or {},
        done=request.args.get("done", ""),
        pages=paging.pages(page, total, queries.PER_PAGE, lambda page: url_for(".all_ties", page=page)),
    )
