"""One case at the officers' desk: as handed in, what the rules say, what was said before, and the answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from .. import db, figures, labels, web, workflow
from ..accounts import queries as accounts
from ..accounts.models import Organisation
from ..errors import Conflict, Invalid, Missing, Text
from ..events import Event
from ..web import door
from . import admission, diff, duplicates, policy, queries, queue, receipts, submissions, wording
from .draft_models import Submission
from .flow import FLOW
from .models import Case
from .queue import age_bar
from .schemas import DRAFT_SECTIONS, as_seen
from .wording import field_name

bp = Blueprint("desk_case", __name__)

PASSAGES = 5  # of one other case

# What an officer does with a case; the other verbs are its owner's.
ANSWERS = ("case.admit", "case.return", "case.decline")
# Fields that the public face of a case does not show.
FURTHER = (
    *("benefits", "replicability", "unit_cost_band", "security", "data_level", "right_to_publish"),
    *("masks", "contact"),
)
# What the page shows in both languages anyway.
IN_BOTH = ("title", "summary", "sections", "outcomes", *FURTHER)
MOVES = (*ANSWERS, "case.release", "case.archive", "case.restore")


@bp.get("/desk/cases/<code>")
@door("case.judge")
def case(code: str) -> str:
    return _page(queries.case(web.session(), web.actor(), code))


@bp.get("/desk/cases/<code>/near")
@door("case.judge")
def near(code: str) -> str:
    """Which other cases say nearly the same, passage beside passage."""
    session, actor = web.session(), web.actor()
    found = queries.case(session, actor, code)
    row = next(iter(queries.submissions(session, actor, found)), None)
    whole = row.document if row else queries.revision(session, actor, found).document
    alike = [
        {
            "case": each.case,
            "passages": [
                {
                    "field": field_name(_counted(pair.mine.field)),
                    "share": round(pair.share * 100),
                    "parts": diff.words(pair.theirs.text, pair.mine.text),
                    "lang": pair.mine.lang,
                }
                for pair in each.passages[:PASSAGES]
            ],
            "more": max(0, len(each.passages) - PASSAGES),
        }
        for each in duplicates.find(session, actor, found, whole)
    ]
    return web.render("desk/near.html", case=found, title=whole["title"], near=alike)


@bp.post("/desk/cases/<code>/assign")
@door("case.judge")
def assign(code: str) -> Response:
    """Give a case to an officer; to nobody in particular when none is named."""
    session, actor = web.session(), web.actor()
    row = submissions.waiting(session, queries.case(session, actor, code))
    if row is None:
        raise Conflict(Text("Nothing of this case waits for an answer."))
    with db.unit(session):
        admission.assign(session, actor, row, officer=request.form.get("officer", type=int), now=web.now())
    return redirect(url_for("desk_case.case", code=code), 303)


@bp.post("/desk/cases/<code>/moves/<verb>")
@door("case.judge")
def move(code: str, verb: str) -> Response | tuple[str, int]:
    """Make one of the moves that the page offers; the form says to which submission it is the answer."""
    session, actor = web.session(), web.actor()
    found = queries.case(session, actor, code)
    if verb not in MOVES:
        raise Missing(Text("There is no step called %(verb)s.", {"verb": verb[:60]}))
    given = _given(verb)
    filled: dict[str, Any] = {} if given is None else {"given": given}
    if verb in ANSWERS:
        filled["number"] = request.form.get("submission", 0, type=int)
    try:
        with db.unit(session):
            workflow.step(FLOW, session, actor, found, verb, now=web.now(), **filled)
    except (Conflict, Invalid) as problem:
        if problem.fields:
            return _page(queries.case(session, actor, code), verb, given, web.sentences(problem)), problem.status
        raise (_quicker(found) if verb in ANSWERS else None) or problem from problem
    return redirect(url_for("desk_case.case", code=code, done=verb), 303)


def _given(verb: str) -> dict[str, Any] | None:
    """What was filled in for a move; None where it asks for nothing."""
    if verb not in admission.FORMS:
        return None
    given: dict[str, Any] = {name: value for name, value in request.form.items() if value.strip()}
    return {**given, "fields": request.form.getlist("fields")} if verb == "case.return" else given


def _quicker(found: Case) -> Conflict | None:
    """Who has answered meanwhile, when and how, instead of a conflict without a name."""
    session, actor = web.session(), web.actor()
    row = next((row for row in queries.submissions(session, actor, found) if row.outcome), None)
    if row is None or submissions.waiting(session, found) is not None:
        return None
    who = _names([row.decided_by]).get(str(row.decided_by), "")
    time = figures.moment(row.decided_at, web.language()) if row.decided_at else ""
    said = Text("%(name)s has answered this submission at %(time)s.", {"name": who, "time": time})
    words = labels.LABELS["outcome"]
    return Conflict(said, reasons=[Text(words[str(row.outcome)])])


def _page(
    found: Case,
    verb: str = "",
    given: Mapping[str, Any] | None = None,
    errors: Mapping[str, list[str]] | None = None,
) -> str:
    session, actor, now = web.session(), web.actor(), web.now()
    desk = queue.desk(session, actor, now=now)
    rows = queries.submissions(session, actor, found)
    row = rows[0] if rows else None
    whole = row.document if row else queries.revision(session, actor, found).document
    doc = as_seen(whole, policy.audiences(actor, found))
    words = receipts.Words(web.language(), wording.tree())
    findings = submissions.judged(session, row, now=now) if row and not row.outcome else []
    lines = _folded(queue.history(session, actor, found))
    age = desk.age(row.at) if row else 0
    return web.render(
        "desk/case.html",
        case=found,
        submission=row,
        doc=doc,
        findings=findings,
        unmet={finding.field.partition(".")[0] for finding in findings if finding.blocks},
        own=found.owner_id in desk.own,
        limit=desk.limit,
        correction=desk.correction,
        age={"age": age, "bar": age_bar(age, desk.limit)},
        organisation=session.get(Organisation, found.owner_id) if found.owner_id else None,
        moves=_moves(found, row, own=found.owner_id in desk.own),
        changes=_changes(found, rows, whole),
        past=[each for each in rows if each.outcome],
        lines=lines,
        names=_names((*(line["actor"] for line in lines), *(each.decided_by for each in rows))),
        officers=queue.officers(session).items(),
        sections=DRAFT_SECTIONS,
        other=_in_the_other(doc),
        extra=[line for name in FURTHER for line in words.rows(name, doc.get(name))],
        say=web.say,
        tried=verb,
        given=given or {},
        errors=errors or {},
        done=request.args.get("done", ""),
    )


def _in_the_other(doc: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the page shows in the reader's language and is also there in the other one: it becomes public too."""
    lang = web.language()
    rest = {name: value for name, value in doc.items() if name not in IN_BOTH}
    return [
        (field_name(path), str(pair[figures.other(lang)]))
        for path, pair in _pairs(rest)
        if pair.get(lang) and pair.get(figures.other(lang))
    ]


def _pairs(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Every text in two languages with its path; items count from one."""
    if isinstance(value, Mapping) and value and value.keys() <= {"zh", "en"}:
        yield path, value
        return
    named = value.items() if isinstance(value, Mapping) else ()
    inside = enumerate(value, 1) if isinstance(value, list) else named
    for step, inner in inside:
        yield from _pairs(inner, (*path, str(step)))


def _folded(history: Iterable[tuple[Event, str]]) -> list[dict[str, Any]]:
    """What happened, a line each; what somebody did to one section after the other is one line."""
    lines: list[dict[str, Any]] = []
    for event, section in history:
        last = lines[-1] if lines else None
        if section and last and last["sections"] and (last["verb"], last["actor"]) == (event.verb, event.actor):
            last["sections"].setdefault(section)
        else:
            sections = {section: None} if section else {}
            lines.append({"verb": event.verb, "actor": event.actor, "at": event.at, "sections": sections})
    return lines


def _moves(found: Case, row: Submission | None, *, own: bool) -> dict[str, list[Text]]:
    """The moves that are open to this officer, each with what stands in its way; none in one's own case."""
    open_ones = workflow.open_moves(FLOW, web.session(), web.actor(), found, web.now()) if not own else []
    waits = row is not None and row.outcome is None
    verbs = MOVES if waits else [verb for verb in MOVES if verb not in ANSWERS]
    return {move.verb: reasons for move, reasons in open_ones if move.verb in verbs}


def _changes(found: Case, rows: list[Submission], whole: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What differs from what was handed in before, or from what the library shows."""
    session, actor = web.session(), web.actor()
    if len(rows) > 1:
        before = rows[1].document
    elif rows and found.revision and not rows[0].outcome:
        before = queries.revision(session, actor, found).document
    else:
        return []
    return [
        {"name": field_name(change.path), "tongue": change.path[-1], "parts": change.parts}
        for change in diff.documents(before, whole)
    ]


def _counted(place: str) -> tuple[str, ...]:
    """A place in a document, whose items count from nought, as a path that counts from one."""
    return tuple(str(int(step) + 1) if step.isdecimal() else step for step in place.split("."))


def _names(actors: Iterable[str | None]) -> dict[str, str]:
    """Names of those who act, as events name them."""
    numbers = {int(actor[7:]): actor for actor in actors if actor and actor.startswith("person:")}
    return {numbers[number]: name for number, name in accounts.person_names(web.session(), numbers).items()}
