"""Pages about who belongs to an organisation: members, invitations, and the answer to one."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, make_response, redirect, request, url_for
from werkzeug.wrappers import Response

from .. import db, web
from ..errors import Conflict, Invalid, TooMany
from ..policy import can
from ..web import door
from . import invitations, members, policy, queries
from .models import MEMBERSHIPS, Organisation
from .views import Answer, act_for, kept_by, told

bp = Blueprint("joining", __name__)


@bp.get("/organisations/<key>/members")
@door("organisation.see")
def index(key: str) -> Answer:
    found = queries.organisation(web.session(), web.actor(), key)
    sent = request.args.get("sent", 0, type=int)
    return _page(found, sent=next((each.email for each in _pending(found) if each.id == sent), None))


@bp.post("/organisations/<key>/members")
@door("organisation.keep")
def invite(key: str) -> Answer:
    session, found = web.session(), kept_by(key)
    given = {name: request.form.get(name, "") for name in ("email", "role")}
    try:
        with db.unit(session):
            row = invitations.send(
                session, web.actor(), found, given=given, config=current_app.extensions["config"], now=web.now()
            )
        return redirect(url_for(".index", key=key, sent=row.id), 303)
    except (Invalid, TooMany) as problem:
        return _page(found, given=given, errors=told(problem, "email"), status=problem.status)


@bp.post("/organisations/<key>/invitations/<int(max=2147483647):number>/again")
@door("organisation.keep")
def again(key: str, number: int) -> Answer:
    session, actor, found = web.session(), web.actor(), kept_by(key)
    with db.unit(session):
        old = queries.invitation(session, actor, found, number)
        config = current_app.extensions["config"]
        row = invitations.again(session, actor, found, invitation=old, config=config, now=web.now())
    return redirect(url_for(".index", key=key, sent=row.id), 303)


@bp.post("/organisations/<key>/invitations/<int(max=2147483647):number>/withdraw")
@door("organisation.keep")
def withdraw(key: str, number: int) -> Answer:
    session, actor, found = web.session(), web.actor(), kept_by(key)
    with db.unit(session):
        old = queries.invitation(session, actor, found, number)
        invitations.withdraw(session, actor, found, invitation=old, now=web.now())
    return redirect(url_for(".index", key=key), 303)


@bp.route("/organisations/<key>/members/<int(max=2147483647):number>", methods=["GET", "POST"])
@door("organisation.keep")
def member(key: str, number: int) -> Answer:
    """One member, for the owners: another role, the whole organisation, or the end."""
    session, actor, found = web.session(), web.actor(), kept_by(key)
    row = queries.member(session, actor, found, number)
    errors, status = {}, 200
    if request.method == "POST":
        what = request.form.get("what", "")
        try:
            with db.unit(session):
                if what == "transfer":
                    members.transfer(session, actor, found, member=row, now=web.now())
                elif what == "remove":
                    members.remove(session, actor, found, member=row, now=web.now())
                else:
                    role = request.form.get("role", "")
                    members.change(session, actor, found, member=row, role=role, now=web.now())
            return redirect(url_for(".index", key=key), 303)
        except (Invalid, Conflict) as problem:
            errors, status = told(problem, "role"), problem.status
    page = web.render(
        "accounts/member.html", organisation=found, member=row, actor=actor, roles=MEMBERSHIPS, errors=errors
    )
    return page, status


@bp.post("/organisations/<key>/leave")
@door("organisation.leave")
def leave(key: str) -> Answer:
    session, actor = web.session(), web.actor()
    found = queries.organisation(session, actor, key)
    try:
        with db.unit(session):
            members.leave(session, actor, found, now=web.now())
    except Conflict as problem:
        return _page(found, errors={"leave": [web.say(problem.text)]}, status=problem.status)
    return redirect(url_for("organisations.index"), 303)


@bp.get("/invitations/<word>")
@door("invitation.read")
def invitation(word: str) -> Response:
    session, actor = web.session(), web.actor()
    row, found, inviter = queries.invitation_by_word(session, word)
    person = queries.person(session, actor.person)
    reason = invitations.why_not(found, row, web.now())
    response = make_response(
        web.render(
            "accounts/invitation.html",
            invitation=row,
            organisation=found,
            inviter=inviter,
            person=person,
            belongs=queries.belongs(session, actor.person, found.id),
            why_not=web.say(reason) if reason else None,
            word=word,
        )
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/invitations/<word>/accept")
@door("invitation.answer")
def accept(word: str) -> Answer:
    session = web.session()
    with db.unit(session):
        row, found, _ = queries.invitation_by_word(session, word)
        invitations.accept(session, web.actor(), found, invitation=row, now=web.now())
        act_for(found)
    return redirect(url_for("organisations.organisation", key=found.key), 303)


@bp.post("/invitations/<word>/decline")
@door("invitation.read")
def decline(word: str) -> Answer:
    session = web.session()
    with db.unit(session):
        row, found, _ = queries.invitation_by_word(session, word)
        invitations.decline(session, web.actor(), found, invitation=row, now=web.now())
    return redirect(url_for(".invitation", word=word), 303)


@bp.post("/account/invitations/<int(max=2147483647):number>/accept")
@door("invitation.answer")
def join(number: int) -> Answer:
    """Whose confirmed address was invited needs no letter."""
    session, actor = web.session(), web.actor()
    with db.unit(session):
        row, found = queries.invitation_to(session, actor, number, now=web.now())
        invitations.accept(session, actor, found, invitation=row, now=web.now())
        act_for(found)
    return redirect(url_for("organisations.organisation", key=found.key), 303)


@bp.post("/account/invitations/<int(max=2147483647):number>/decline")
@door("invitation.answer")
def refuse(number: int) -> Answer:
    session, actor = web.session(), web.actor()
    with db.unit(session):
        row, found = queries.invitation_to(session, actor, number, now=web.now())
        invitations.decline(session, actor, found, invitation=row, now=web.now())
    return redirect(url_for("account.index"), 303)


def _page(found: Organisation, *, status: int = 200, **more: Any) -> Answer:
    session, actor = web.session(), web.actor()
    page = web.render(
        "accounts/members.html",
        organisation=found,
        members=queries.members(session, actor, found),
        invitations=_pending(found),
        actor=actor,
        keeps=can(policy.RULES, actor, "organisation.keep", found),
        roles=MEMBERSHIPS,
        now=web.now(),
        **{"given": {}, "errors": {}, "sent": None, **more},
    )
    return page, status


def _pending(found: Organisation) -> list[Any]:
    return queries.pending(web.session(), web.actor(), found, now=web.now())
