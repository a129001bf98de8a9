"""The outbox: letters that wait, went out or failed, for officers; and which letters a person wants."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request, url_for
from marshmallow import EXCLUDE, Schema, fields, validate
from sqlalchemy import Select, func, or_, select
from werkzeug.wrappers import Response

from . import db, notices, web, workflow
from .accounts import letters
from .accounts.letter_flow import FLOW
from .accounts.letter_models import LETTER_STATES, Letter
from .errors import Conflict, Forbidden, Invalid, Missing, Text
from .fields import typed_line
from .paging import asked, number, pages
from .policy import Rules
from .verbs import VERBS
from .web import door

bp = Blueprint("outbox", __name__)

RULES: Rules = {"letter.post": letters.may_post}
PER_PAGE = 50
MOST = 500  # letters of one click; what is left is said


class Asked(Schema):
    """Which letters a page shows; an empty choice is none."""

    class Meta:
        unknown = EXCLUDE

    state = fields.String(load_default="", validate=validate.OneOf(["", *LETTER_STATES]))
    verb = typed_line(60)
    q = typed_line(100)
    page = fields.Integer(load_default=1, validate=validate.Range(1, 10_000))
    left = fields.Integer(load_default=0, validate=validate.Range(0, 10_000))


# Never those that open an account, or are about the safety of one.
OURS = Letter.private.is_(False) & ~or_(*(Letter.verb.startswith(kind) for kind in letters.SAFETY))


def wanted(args: dict[str, Any]) -> Select[Letter]:
    """The letters that the address asks for, newest first."""
    rows = select(Letter).where(OURS).order_by(Letter.at.desc(), Letter.id.desc())
    if args["state"]:
        rows = rows.where(Letter.state == args["state"])
    if args["verb"]:
        rows = rows.where(Letter.verb == args["verb"])
    if args["q"]:
        rows = rows.where(
            Letter.address.contains(args["q"], autoescape=True) | Letter.title.contains(args["q"], autoescape=True)
        )
    return rows


@bp.get("/desk/outbox")
@door("letter.post")
def outbox() -> str:
    session, args = web.session(), asked(Asked(), request.args)
    rows = wanted(args)
    total = session.scalar(select(func.count()).select_from(rows.order_by(None).subquery())) or 0
    shown = session.scalars(rows.limit(PER_PAGE).offset(PER_PAGE * (args["page"] - 1)))
    states = select(Letter.state, func.count()).where(OURS).group_by(Letter.state)
    return web.render(
        "outbox/index.html",
        args=args,
        letters=list(shown),
        total=total,
        states=dict(iter(session.execute(states))),
        kinds=kinds(),
        held=letters.held_kinds(session),
        always=sorted(notices.always_held()),
        pages=pages(args["page"], total, PER_PAGE, lambda page: _address({**args, "page": page, "left": 0})),
    )


@bp.post("/desk/outbox")
@door("letter.post")
def move() -> Response:
    """One step for the chosen letters, or for all that the filter finds; each that may take it takes it, and how
    many of the chosen could not is said."""
    session, verb = web.session(), request.form.get("move", "")
    args = asked(Asked(), request.form)
    rows, chosen = wanted(args), set[int]()
    if request.form.get("all") != "yes":
        chosen = set(map(number, request.form.getlist("letter")))
        rows = wanted(Asked().load({})).where(Letter.id.in_(chosen))
    step = next((row for row in FLOW if row.verb == verb), None)
    if step is None:
        raise Invalid(Text("There is no step called %(verb)s.", {"verb": verb}))
    with db.unit(session):
        found = list(session.scalars(rows.where(Letter.state.in_(step.source)).limit(MOST)))
        for letter in found:
            workflow.step(FLOW, session, web.actor(), letter, verb, now=web.now())
    return redirect(_address({**args, "page": 1, "left": max(0, len(chosen) - len(found))}), 303)


@bp.post("/desk/outbox/kinds")
@door("letter.post")
def hold_kinds() -> Response:
    chosen = set(request.form.getlist("verb")) & (kinds().keys() - notices.always_held())
    with db.unit(web.session()) as session:
        letters.hold_kinds(session, web.actor(), verbs=chosen, now=web.now())
    return redirect(url_for("outbox.outbox"), 303)


@bp.route("/desk/outbox/<int(max=2147483647):number>", methods=["GET", "POST"])
@door("letter.post")
def letter(number: int) -> str | Response | tuple[str, int]:
    """One letter as it goes out. Its words can be changed while it waits; what stands in the boxes is sent."""
    session, actor = web.session(), web.actor()
    found = session.get(Letter, number)
    if found is None or not letters.may_post(actor, found):
        raise Missing(Text("There is no such letter."))
    typed = {name: request.form[name] for name in ("title", "text") if name in request.form}
    problem, verb = None, request.form.get("move", "")
    if request.method == "POST":
        try:
            with db.unit(session):
                if typed and verb != "letter.discard":
                    letters.edit(
                        session,
                        actor,
                        found,
                        title=typed.get("title", ""),
                        text=typed.get("text", ""),
                        seen=request.form.get("seen", ""),
                        now=web.now(),
                    )
                if verb:
                    workflow.step(FLOW, session, actor, found, verb, now=web.now())
            return redirect(url_for("outbox.letter", number=number, changed=None if verb else 1), 303)
        except (Invalid, Conflict) as told:
            problem = told
    moves = workflow.open_moves(FLOW, session, actor, found, web.now())
    page = web.render(
        "outbox/letter.html",
        letter=found,
        given={"title": found.title, "text": found.text or "", **typed},
        seen=letters.digest(found),
        errors=web.sentences(problem) if problem else {},
        conflict=web.say(problem.text) if isinstance(problem, Conflict) else "",
        kind=kinds().get(found.verb, found.verb),
        verbs=[row.verb for row, _ in moves],
        changed="changed" in request.args,
    )
    return page, problem.status if problem else 200


@bp.route("/account/letters", methods=["GET", "POST"])
@door("account.own")
def choices() -> str | Response:
    """Which letters a person gets; some nobody may do without."""
    session, actor = web.session(), web.actor()
    if actor.person is None or actor.scopes is not None:
        raise Forbidden(Text("You may not do this."))
    if request.method == "POST":
        unwanted = notices.optional().keys() - set(request.form.getlist("verb"))
        with db.unit(session):
            letters.choose(session, actor, unwanted=unwanted, now=web.now())
        return redirect(url_for("outbox.choices", saved=1), 303)
    return web.render(
        "outbox/choices.html",
        choices=notices.optional(),
        unwanted=letters.silenced(session, actor.person),
        saved="saved" in request.args,
    )


def _address(args: dict[str, Any]) -> str:
    return url_for("outbox.outbox", **{name: value for name, value in args.items() if value})


def kinds() -> dict[str, str]:
    """The kinds of letters, by verb."""
    return {verb: VERBS[verb] for verb in notices.NOTICES if not verb.startswith(letters.SAFETY)}
