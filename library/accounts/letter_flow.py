"""The life of a letter, one row a move."""

from __future__ import annotations

from ..policy import Actor
from ..workflow import Move
from . import letters
from .letter_models import Letter
from .letters import may_post


def _sends(actor: Actor, letter: Letter | None) -> bool:
    return actor.has("system")


FLOW = (
    Move("letter.hold", frozenset({"queued"}), "held", may_post),
    Move("letter.release", frozenset({"held", "failed"}), "queued", may_post, effect=letters.release),
    Move("letter.discard", frozenset({"queued", "held", "failed"}), "discarded", may_post),
    Move("letter.send", frozenset({"queued"}), "sent", _sends, effect=letters.sent),
    Move("letter.fail", frozenset({"queued"}), "failed", _sends, effect=letters.failed),
)
