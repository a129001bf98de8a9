"""One draft in front of one person: what every page of the editor shows, and what a script is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from flask import Response, jsonify, request
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from .. import db, figures, web, workdays
from ..accounts.queries import person_names
from ..errors import Conflict, Forbidden, Invalid, Missing, Problem, Text
from ..policy import Actor
from . import downloads, draft_comments, draft_past, drafts, sections, sheets, submissions, todos
from .draft_models import DraftComment, DraftSection, Submission
from .models import Case
from .policy import may_comment, may_draft
from .schemas import DRAFT_SECTIONS
from .sheets import Sheet
from .todos import Todo


def quiet() -> bool:
    """Does a script ask, for JSON?"""
    return request.accept_mimetypes.best == "application/json"


def sent() -> MultiDict[str, str]:
    """What the form holds: as forms are sent, or from the script as [name, value] pairs in JSON.

    In JSON, Chinese text takes a third of the bytes and is read in a tenth of the time.
    """
    if not request.is_json:
        return request.form
    pairs = request.get_json(silent=True)
    if isinstance(pairs, list) and all(map(_is_pair, pairs)):
        return MultiDict(pairs)
    raise Invalid(Text("The request could not be understood."))


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(word, str) for word in value)


def sent_version() -> int:
    """The version that a form was drawn from; -1, which no section has, when it does not say."""
    said = sent().get("version", "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 9 else -1


class Workbench:
    """One draft in front of one person, and what every page of it shows."""

    def __init__(self, key: str) -> None:
        self.session: Session = web.session()
        self.actor: Actor = web.actor()
        self.case: Case = drafts.draft(self.session, self.actor, key)
        self.must: list[Todo] = []
        self.may: list[Todo] = []
        self.remarks: list[DraftComment] = []

    @cached_property
    def rows(self) -> dict[str, DraftSection]:
        """Every section as it is kept."""
        return drafts.rows(self.session, self.actor, self.case)

    @property
    def title(self) -> dict[str, str]:
        return self.rows["basics"].content.get("title") or {}

    @cached_property
    def _opened(self) -> tuple[tuple[str, ...] | None, Text | None]:
        if self.case.state == "draft":
            return None, None
        try:
            return drafts.open_fields(self.session, self.case), None
        except Conflict as problem:
            return None, problem.text

    @property
    def named(self) -> tuple[str, ...] | None:
        """The fields that may be changed in a returned case; None: all."""
        return self._opened[0]

    @cached_property
    def sent_back(self) -> Submission | None:
        """What came back for correction and is not handed in again yet."""
        return submissions.sent_back(self.session, self.case)

    @property
    def closed(self) -> Text | None:
        """Why nobody may write now."""
        return self._opened[1]

    @property
    def writes(self) -> bool:
        return may_draft(self.actor, self.case) and self.closed is None

    def sheet(self, section: str, **over: Any) -> Sheet:
        if section not in DRAFT_SECTIONS:
            raise Missing(Text("There is no page at this address."))
        row = self.rows[section]
        given = {"content": row.content, "version": row.version, "unconfirmed": row.unconfirmed, **over}
        cited = [each for each in self.rows["sources"].content.get("sources") or [] if isinstance(each, dict)]
        return Sheet(section, named=self.named, cited=cited, lang=web.language(), **given)

    def contents(self) -> dict[str, dict[str, Any]]:
        return {name: row.content for name, row in self.rows.items()}

    def frame(self) -> dict[str, Any]:
        """What stands around a section: how far the others are, and what is to be done."""
        ready = submissions.readiness(self.session, self.actor, self.case, now=web.now())
        self.rows = dict(ready.rows)
        self.must, self.may = todos.todos(ready, self.contents(), web.say, web.language())
        contents, lang = self.contents(), web.language()
        if may_comment(self.actor, self.case):
            self.remarks = draft_comments.comments(self.session, self.actor, self.case)
        return {
            "case": self.case,
            "title": self.title,
            "states": todos.states(self.contents(), self.must, self.remarks, self.named if self.writes else None),
            "must": self.must,
            "may": self.may,
            # Of a field that is still empty there is nothing to praise.
            "met": [
                figures.pick(finding.text, lang)
                for finding in ready.findings
                if finding.met and sections.at(ready.document, finding.field) not in todos.NOTHING
            ],
            "sent_back": self.sent_back,
            "reopened": [
                (sheets.caption(path, lang), sections.section_of(path), todos.anchor(contents, path))
                for path in (self.sent_back.fields if self.sent_back else ())
            ],
            "writes": self.writes,
            "closed": web.say(self.closed) if self.closed else None,
        }

    def page(self, section: str, *, status: int = 200, **over: Any) -> Any:
        """A section: to be written in, or to be read."""
        frame = self.frame()
        added, check = request.args.get("added", ""), "check" in request.args
        refused: dict[str, list[str]] = over.pop("errors", {})
        beside = {name: over.pop(name, "") for name in ("remark", "lost", "why")}
        errors = refused or self.errors(section, check=check)
        told = [(todo.name, todo.text) for todo in self.must if check and todo.section == section]
        if refused and "comment" not in refused:
            told = [(name, self._said(name, said)) for name, said in refused.items()]
        sheet = self.sheet(section, errors=errors, added=added, **over)
        remarks = [each for each in self.remarks if each.section == section]
        people = {each.person_id for each in remarks} | {self.rows[section].person_id}
        page = web.render(
            "catalog/editor/section.html",
            **frame,
            **beside,
            sheet=sheet,
            draft_section=section,
            comments=remarks,
            may_comment=may_comment(self.actor, self.case),
            reader=self.actor.person,
            names=person_names(self.session, [each for each in people if each]),
            row=self.rows[section],
            check=check,
            told=told if self.writes else [],
            files=downloads.section(self.session, self.actor, self.case) if section == "files" else None,
        )
        return (page, status) if status != 200 else page

    def _said(self, name: str, said: Sequence[str]) -> str:
        """What is wrong with a field, and with which."""
        field = sheets.caption(name, web.language())
        return web.say(Text("%(field)s: %(words)s", {"field": field, "words": " ".join(said)}))

    def errors(self, section: str, *, check: bool) -> dict[str, list[str]]:
        """What is wrong in a section by control; what is only not there yet is told when one asks for a check."""
        found: dict[str, list[str]] = {}
        for todo in self.must:
            if todo.section == section and todo.name and (check or todo.wrong):
                found.setdefault(todo.name, []).append(todo.said)
        return found

    def _at_controls(self, section: str, content: Mapping[str, Any], problem: Problem) -> dict[str, list[str]]:
        """What a problem says of each field, by the name of its control."""
        return {todos.anchor({section: content}, name): said for name, said in web.sentences(problem).items()}

    def saved(self, row: DraftSection) -> Response:
        """What a script needs to know after a save."""
        frame = self.frame()
        return jsonify(
            version=row.version,
            saved_at=f"{row.at.astimezone(workdays.ZONE):%H:%M:%S}",
            findings=[todo.as_dict() for todo in self.must + self.may],
            trouble=self.errors(row.name, check="check" in request.args),
            parts={
                name: web.render(f"catalog/editor/_{name}.html", **frame, draft_section=row.name)
                for name in ("sections", "rules")
            },
        )

    def refused(self, section: str, content: Mapping[str, Any], problem: Problem) -> Any:
        """Nothing was kept: it says why, and what was typed stays in the form."""
        told = self._at_controls(section, content, problem)
        if quiet():
            return jsonify(title=web.say(problem.text), trouble=told), problem.status
        return self.page(section, status=problem.status, content=content, version=sent_version(), errors=told)

    def locked(self, section: str, content: Mapping[str, Any], problem: Conflict | Forbidden) -> Any:
        """What may not be written now, whole or in part: nothing was kept, and what was typed is shown."""
        if quiet() and problem.fields:
            return self.refused(section, content, problem)
        if quiet() or not (problem.fields or self.closed):
            raise problem
        sheet = self.sheet(section)
        lost = [each for each in sheets.differences(sheet, content) if self.closed or sheet.held(each["name"])]
        if self.closed:
            return self.page(section, status=problem.status, lost=lost)
        stands = {name: value for name, value in sheet.content.items() if sheet.locked(name)}
        rest = {name: value for name, value in content.items() if not sheet.locked(name)}
        told = self._at_controls(section, content, problem)
        over = {
            "content": stands | rest,
            "version": sent_version(),
            "errors": {name: said for name, said in told.items() if not sheet.held(name)},
        }
        return self.page(section, status=problem.status, lost=lost, why=web.say(problem.text), **over)

    def comment(self, section: str, **over: Any) -> Any:
        """Keep the remark in the form, if there is nothing wrong with it; else the page that says so."""
        said = request.form.get("comment", "")
        try:
            with db.unit(self.session):
                draft_comments.comment(self.session, self.actor, self.case, section, text=said, now=web.now())
        except Invalid as problem:
            wrong = [sentence for each in web.sentences(problem).values() for sentence in each]
            return self.page(section, status=problem.status, errors={"comment": wrong}, remark=said, **over)
        return None

    def conflict(self, current: DraftSection, mine: Mapping[str, Any]) -> Any:
        """Somebody else was quicker: both texts, field by field, and who it was."""
        self.rows = {**self.rows, current.name: current}
        sheet = self.sheet(current.name)
        touched = self._touched(sheet, mine)
        names = person_names(self.session, [current.person_id] if current.person_id else [])
        given = {
            "case": self.case,
            "title": self.title,
            "draft_section": current.name,
            "version": current.version,
            "who": names.get(current.person_id or 0, ""),
            "at": current.at,
            "fields": [
                {**each, "touched": touched and touched(each["name"])} for each in sheets.differences(sheet, mine)
            ],
        }
        if quiet():
            part = web.render("catalog/editor/_conflict.html", **given)
            return jsonify(version=current.version, who=given["who"], conflict=part), 409
        return web.render("catalog/editor/conflict.html", **given), 409

    def _touched(self, sheet: Sheet, mine: Mapping[str, Any]) -> Callable[[str], bool] | None:
        """Was this control changed since the text that the form was drawn from? None: nobody can tell.

        The script says what it changed. Without it the text with the form's version tells, if that is kept.
        """
        names = sent().getlist("touched")
        if not names:
            past = draft_past.history(self.session, self.actor, self.case, sheet.section)
            start = next((edit.content for edit in past if edit.version == sent_version()), None)
            if start is None:
                return None
            names = [each["name"] for each in sheets.differences(replace(sheet, content=start), mine)]
        return lambda name: any(sections.covered(name, [each]) or sections.covered(each, [name]) for each in names)

    def cite_anew(self, gone: int) -> None:
        """A source was taken out: what cites those after it cites them by their new numbers."""
        for name, content in sheets.without_source(self.contents(), gone).items():
            version = self.rows[name].version
            drafts.save(self.session, self.actor, self.case, name, content=content, version=version, now=web.now())
