"""What is masked in a case of a blind call: words, as an officer confirms them, and files that stay closed.

A file is open to experts only where it is certain that no masked word stands in it, or where an officer has looked
and says so. A masked word in its text closes it, whatever anybody ticks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from marshmallow import ValidationError
from sqlalchemy.orm import Session

from .. import events, opening
from ..catalog.operations import filled
from ..errors import Conflict, Invalid, Text
from ..fields import plain
from ..files import Store
from ..kinds import TYPES
from ..policy import Actor, require
from . import masking
from .entry_models import Entry
from .masking import Masks
from .policy import RULES
from .review_schemas import MASK, MOST_MASKS, MaskForm

STATES = ("check_passed", "in_review")
# Why a file is closed.
WORDS, UNREAD, OFFICER = "words", "unread", "officer"
ENDINGS = {media_type: ending for ending, media_type in reversed(TYPES.items())}


@dataclass(frozen=True)
class File:
    """A file of an entry, as it was entered. `key` is the digest of what was brought, `copy` of what is shown."""

    key: str
    number: int
    name: str
    title: Mapping[str, str]
    media_type: str
    size: int
    copy: str
    found: list[str] = field(default_factory=list)
    """Masked words in its text or in what is left of its metadata."""
    read: bool = False
    """All that it says was read: no picture, no text that cannot be told."""

    @property
    def neutral(self) -> str:
        """The name that experts see."""
        return f"attachment-{self.number}.{ENDINGS.get(self.media_type, 'bin')}"


def files(entry: Entry) -> list[File]:
    """The files that experts may get at all, numbered as experts see them."""
    offered = (each for each in entry.revision.document.get("attachments", ()) if "sha256" in each)
    return [
        File(
            key=each["sha256"],
            number=number,
            name=each["name"],
            title=each["title"],
            media_type=each.get("media_type") or TYPES.get(each["name"].rpartition(".")[2].lower(), ""),
            size=each.get("public_size") or each.get("size") or 0,
            copy=each.get("public_sha256") or each["sha256"],
        )
        for number, each in enumerate(offered, 1)
        if each["audience"] in masking.READERS
    ]


def closed(entry: Entry) -> dict[str, dict[str, Any]]:
    """Why files of an entry are closed, by their keys."""
    return {each["key"]: dict(each) for each in entry.withheld if isinstance(each, Mapping)}


def shown(entry: Entry, *, blind: bool) -> list[File]:
    """The files that experts get."""
    shut = closed(entry) if blind else {}
    return [file for file in files(entry) if file.key not in shut]


def declared(entry: Entry) -> list[str]:
    """The words that stand now: as confirmed, else as the applicant declared them."""
    return [str(word) for word in entry.masks or entry.revision.document.get("masks", ())]


def proposed(entry: Entry) -> list[str]:
    """Words of the case that the list does not hide yet."""
    applicant = entry.applicant
    names = (applicant.name_zh, applicant.name_en, entry.recommender.name_zh, entry.recommender.name_en)
    masks = Masks(declared(entry))
    found = masking.proposed(entry.revision.document, names)
    return [word for word in found if masks.hide(word) == word]


def words(said: str) -> list[str]:
    """The words of a list, one a line, each once. Raises Invalid with what is wrong."""
    found = list(dict.fromkeys(line.strip() for line in said.splitlines() if line.strip()))
    wrong: list[Text] = []
    try:
        plain(said)
    except ValidationError:
        wrong.append(Text("A word holds a character that cannot be kept."))
    if not found:
        wrong.append(Text("Write at least one word, such as the name of the applicant."))
    if len(found) > MOST_MASKS:
        wrong.append(
            Text("At most %(most)s words; these are %(there)s.", {"most": MOST_MASKS, "there": len(found)})
        )
    for word in found:
        if len(word) > MASK:
            wrong.append(
                Text("A word has at most %(most)s characters: %(word)s…", {"most": MASK, "word": word[:30]})
            )
        elif not Masks([word]).spans(word):
            wrong.append(Text("“%(word)s” is too short: it would hide half of the text.", {"word": word}))
    if wrong:
        raise Invalid(Text("This list cannot be kept."), fields={"masks": wrong})
    return found


def look(store: Store, entry: Entry, masks: Masks) -> list[File]:
    """Read the files that experts would get and say which of the words stand in them. Takes seconds a file."""
    return [_looked(store, file, masks) for file in files(entry)]


def _looked(store: Store, file: File, masks: Masks) -> File:
    path: Path = store.path(file.copy)
    try:
        text, opened = opening.read(path, file.neutral)
    except (Invalid, OSError):
        return file
    found = masks.found_in(text)
    return File(**{**vars(file), "found": found[:20], "read": opened.whole and not opened.pictures})


def confirm(
    session: Session,
    actor: Actor,
    entry: Entry,
    *,
    given: Mapping[str, Any],
    looked: Sequence[File],
    now: dt.datetime,
) -> None:
    """The list that counts from now on, and the files that stay closed. `looked`: the files, read with it."""
    require(RULES, actor, "mask.confirm", entry)
    said = filled(MaskForm, given)
    found = words(said["masks"])
    session.refresh(entry, with_for_update={"of": Entry})
    if entry.state not in STATES:
        raise Conflict(Text("This entry is not waiting for experts; its masks stay as they are."))
    entry.masks, entry.masked_at, entry.masked_by = found, now, actor.id
    entry.withheld = [shut for file in looked if (shut := _shut(file, frozenset(said["shown"])))]
    detail = {"masks": found, "closed": [each["key"] for each in entry.withheld]}
    events.record(session, actor, "mask.confirm", entry.subject, now=now, detail=detail)


def _shut(file: File, ticked: frozenset[str]) -> dict[str, Any] | None:
    if file.found:
        return {"key": file.key, "why": WORDS, "words": file.found}
    if file.key in ticked:
        return None
    return {"key": file.key, "why": OFFICER if file.read else UNREAD}
