"""What can go wrong, said without Flask: a Problem carries a Text, and the door turns it into words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Text:
    """A sentence not yet translated: the English source with named places, and what goes into them."""

    id: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.id % self.params if self.params else self.id


class Problem(Exception):
    """A refusal that a person can act on.

    `reasons` are further sentences, one per rule that was broken; `fields` maps a field's path to its sentences.
    """

    status = 400
    slug = "bad-request"

    def __init__(
        self,
        text: Text | str,
        *,
        reasons: Sequence[Text] = (),
        fields: Mapping[str, Sequence[Text | str]] | None = None,
    ) -> None:
        self.text = text if isinstance(text, Text) else Text(text)
        self.reasons = tuple(reasons)
        self.fields = dict(fields or {})
        super().__init__(str(self.text))


class Missing(Problem):
    """There is no such thing, or the reader may not know of it."""

    status = 404
    slug = "not-found"


class Gone(Problem):
    """It was here for everybody to see, and is not any more."""

    status = 410
    slug = "gone"


class Unauthenticated(Problem):
    """A program showed a token that does not count (any more)."""

    status = 401
    slug = "unauthenticated"


class Forbidden(Problem):
    status = 403
    slug = "forbidden"


class Conflict(Problem):
    """It was right a moment ago: somebody else was quicker, or the state has moved on."""

    status = 409
    slug = "conflict"


class Changed(Problem):
    """The version that the request was made for is no longer the present one."""

    status = 412
    slug = "changed"


class VersionMissing(Problem):
    """A write must say which version it was made for."""

    status = 428
    slug = "version-missing"


class Invalid(Problem):
    """The words are understood and break a rule."""

    status = 422
    slug = "invalid"


class TooMany(Problem):
    status = 429
    slug = "too-many-requests"


class Unavailable(Problem):
    """A part is being built or cannot be reached; trying again later helps."""

    status = 503
    slug = "unavailable"
