"""Seed files into the library, through the same schema and operations as a person. All of them, or none."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import events
from ..db import alone
from ..errors import Conflict, Invalid, Text
from ..files import Store
from ..policy import Actor
from ..workflow import step
from . import operations, taxonomy
from .flow import FLOW
from .json_lines import Path as Place
from .json_lines import lines_of, repeated
from .models import Case, Revision

TAXONOMY = "taxonomy.json"
FILES = "files"
IMPORT = "import"  # two at once wait for each other: the second finds what the first added


@dataclass(frozen=True)
class Outcome:
    """How many cases an import added, changed, and found as they were or archived; whose text it had to keep."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    archived: int = 0
    kept: tuple[str, ...] = ()


def read(path: Path, schema: Schema) -> dict[str, Any]:
    """A file as its schema loads it. Raises Invalid with a sentence per mistake: file, line, field, rule."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = json.loads(text)
    except UnicodeDecodeError as error:
        raise Invalid(Text("%(file)s is not UTF-8 text.", {"file": path.name})) from error
    except json.JSONDecodeError as error:
        place = {"file": path.name, "line": error.lineno, "problem": error.msg}
        raise Invalid(Text("%(file)s, line %(line)s: not JSON: %(problem)s.", place)) from error
    except (RecursionError, ValueError) as error:  # the latter: more digits than Python makes a number of
        words = Text("%(file)s is nested too deeply, or a number in it is too long.", {"file": path.name})
        raise Invalid(words) from error
    if not isinstance(raw, dict):
        raise Invalid(
            Text("%(file)s holds no JSON object, which begins with { and ends with }.", {"file": path.name})
        )
    if twice := repeated(text):
        raise _mistakes(path.name, text, [(twice, "This key stands here twice.")])
    try:
        return dict(schema.load(raw))
    except ValidationError as error:
        raise _mistakes(path.name, text, _flat(error.normalized_messages())) from error


def import_taxonomy(session: Session, actor: Actor, path: Path, *, now: dt.datetime) -> None:
    given = read(path, taxonomy.TaxonomyShape())
    alone(session, IMPORT)
    if changed := taxonomy.write(session, given):
        detail = {"changed": changed}
        events.record(session, actor, "taxonomy.load", "taxonomy:1", now=now, detail=detail)


def import_cases(
    session: Session,
    actor: Actor,
    paths: Sequence[Path],
    *,
    now: dt.datetime,
    store: Store | None = None,
    over: Collection[str] | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Outcome:
    """Add new cases and revise changed ones, not archived ones. All files are read before any is written.

    `store` takes what cases attach, from the folder `files` beside them; without one such a case is refused.
    `over`: only texts that these actors wrote are replaced, others are kept (None: whoever wrote them).
    """
    documents = [(path, read(path, operations.SCHEMA)) for path in paths]
    for path, document in documents:
        document["attachments"] = [
            _kept(path, number, file, store) for number, file in enumerate(document["attachments"])
        ]
    _no_number_twice(documents)
    alone(session, IMPORT)
    known = _known(session, documents)
    done = {"added": 0, "changed": 0, "unchanged": 0, "archived": 0}
    held = []
    for place, (path, document) in enumerate(documents, 1):
        case, digest, writer = known.get(document["code"], (None, "", ""))
        if case and case.state == "archived":
            done["archived"] += 1
        elif digest == events.Fact("", operations.SCHEMA.dump(document)).digest:
            done["unchanged"] += 1
        elif case and over is not None and writer not in over:
            held.append(document["code"])
        else:
            try:
                _write(session, actor, case, document, now)
            except (Conflict, Invalid) as problem:
                fields = problem.fields or {"_schema": [problem.text]}
                raise _mistakes(path.name, path.read_text(encoding="utf-8"), _flat(fields)) from problem
            done["added" if case is None else "changed"] += 1
        progress(place, len(documents))
    return Outcome(**done, kept=tuple(held))


def _kept(path: Path, number: int, file: Mapping[str, Any], store: Store | None) -> dict[str, Any]:
    """The attached file put into the store: what the document says of it, with hash, size and type."""
    source = path.parent / FILES / file["name"]
    try:
        if store is None or not source.is_file():
            raise Invalid(Text("There is no file %(name)s to attach.", {"name": f"{FILES}/{source.name}"}))
        with source.open("rb") as stream:
            kept = store.put(stream, source.name)
    except Invalid as problem:
        place = ("attachments", number, "name")
        raise _mistakes(path.name, path.read_text(encoding="utf-8"), [(place, str(problem.text))]) from problem
    return {**file, "sha256": kept.sha256, "size": kept.size, "media_type": kept.media_type}


def _write(session: Session, actor: Actor, case: Case | None, document: dict[str, Any], now: dt.datetime) -> None:
    verb = "case.revise"
    if case is None:
        verb, case = "case.collect", operations.create(session, actor, origin=document["origin"], now=now)
    step(FLOW, session, actor, case, verb, now=now, document=document, detail={"code": document["code"]})


def _known(session: Session, documents: Iterable[tuple[Path, dict[str, Any]]]) -> dict[str, tuple[Case, str, str]]:
    """The cases of these numbers, each with the digest and the writer of its present text."""
    codes = [document["code"] for _, document in documents]
    rows = (
        select(Case, Revision.digest, Revision.actor)
        .join(Revision, (Revision.case_id == Case.id) & (Revision.number == Case.revision))
        .where(Case.code.in_(codes))
    )
    return {str(case.code): (case, digest, writer) for case, digest, writer in session.execute(rows)}


def _no_number_twice(documents: Iterable[tuple[Path, dict[str, Any]]]) -> None:
    seen: dict[str, Path] = {}
    for path, document in documents:
        first = seen.setdefault(document["code"], path)
        if first is not path:
            place = {"code": document["code"], "first": first.name, "second": path.name}
            raise Invalid(Text("%(code)s stands in two files: %(first)s and %(second)s.", place))


def _mistakes(name: str, text: str, errors: Iterable[tuple[Place, str]]) -> Invalid:
    lines = lines_of(text)
    reasons = []
    for path, sentence in errors:
        at = next((lines[path[:size]] for size in range(len(path), -1, -1) if path[:size] in lines), 1)
        place = {"file": name, "line": at, "field": ".".join(map(str, path)) or "-", "problem": sentence}
        reasons.append(Text("%(file)s, line %(line)s, %(field)s: %(problem)s", place))
    return Invalid(Text("%(file)s is refused; nothing was changed.", {"file": name}), reasons=reasons)


def _flat(errors: Any, path: Place = ()) -> Iterable[tuple[Place, str]]:
    if isinstance(errors, Mapping):
        for key, inner in errors.items():
            yield from _flat(inner, path if key == "_schema" else (*path, key))
    elif isinstance(errors, str | Text):
        yield path, str(errors)
    else:
        for inner in errors:
            yield from _flat(inner, path)
