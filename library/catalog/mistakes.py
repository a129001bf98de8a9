"""What the schema says is wrong, in our own words: one table from marshmallow's sentences to ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..errors import Text

MISSING = Text("Fill this in.")
FORM = Text("This is not in the expected form.")
CHARACTERS = Text("At most %(most)s characters; these are %(count)s.")
ENTRIES = Text("At most %(most)s entries; these are %(count)s.")

# A pattern over the whole of the schema's sentence; its named groups fill the places of ours.
WORDS: Sequence[tuple[str, Text]] = (
    (r"Missing data for required field\.|Field may not be null\.", MISSING),
    (r"Length must be between \d+ and (?P<most>\d+)\.|Longer than maximum length (?P<maximum>\d+)\.", CHARACTERS),
    (r"Shorter than minimum length 1\.", MISSING),
    (
        r"Must be greater than or equal to (?P<least>\d+) and less than or equal to (?P<most>\d+)\.",
        Text("Write a number from %(least)s to %(most)s."),
    ),
    (r"Must be greater than or equal to (?P<least>\d+)\.", Text("Write a number from %(least)s upwards.")),
    (r"Not a valid integer\.", Text("Write a whole number, such as 120000 or 12万.")),
    (
        r"Not a valid number\.|Special numeric values .*|Number too large\.",
        Text("Write a number, such as 35 or 35.50."),
    ),
    (r"Not a valid boolean\.", Text("Answer yes or no.")),
    (r"Not a valid URL\.", Text("Write a whole web address, with https:// or http:// at its beginning.")),
    (r"Not a valid email address\.", Text("Write an e-mail address, such as name@example.org.")),
    (r"Must be one of: .*", Text("Choose one of the values that are offered.")),
    (r"Unknown field\.", Text("A case has no such field.")),
    (
        r"Not a date from 1800 to 2199: .*",
        Text("Write a date as YYYY, YYYY-MM or YYYY-MM-DD, from 1800 to 2199."),
    ),
    (r"Contains a control character\.", Text("Contains a control character.")),
    (r"Contains half a character\.", Text("Contains half a character.")),
    (
        r"Province codes are for China only\.",
        Text("Only places in China have provinces: choose China as the country."),
    ),
    (
        r"Only a planned or contracted count has a due date\.",
        Text("Only a planned or contracted number has a due date."),
    ),
    (r"Only an online count can be verified\.", Text("Only an online count can be verified.")),
    (
        r"A verified count comes from a verification, .*",
        Text("A number becomes verified by a verification, not by its owner."),
    ),
    (
        r"There is no source (?P<cited>\d+); the case lists (?P<known>\d+)\.",
        Text("There is no source %(cited)s; the case lists %(known)s."),
    ),
    (r"Unknown code: .*", Text("Choose one of the values that are offered.")),
    (r"The same code stands here twice\.", Text("The same value stands here twice.")),
)
TABLE = tuple((re.compile(pattern, re.DOTALL), text) for pattern, text in WORDS)


def sentence(said: str | Text, value: Any = None) -> Text:
    """What the schema said about `value`, in our words; a schema of ours may say them itself."""
    if isinstance(said, Text):
        return said
    for pattern, text in TABLE:
        if found := pattern.fullmatch(said):
            places = {name: _grouped(number) for name, number in found.groupdict().items() if number}
            if text is CHARACTERS:
                return _too_long(places.popitem()[1], value)
            return Text(text.id, places)
    return FORM


def flat(errors: Mapping[Any, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """A schema's nested complaints as pairs of a path such as `connections.0.value` and a sentence."""
    for name, inner in errors.items():
        # What is said about a whole stands under `_schema` beside what is said about its parts.
        place = path if name == "_schema" else f"{path}.{name}".lstrip(".")
        if isinstance(inner, Mapping):
            yield from flat(inner, place)
        else:
            yield from ((place, said) for said in inner)


def _too_long(most: str, value: Any) -> Text:
    count = len(value.strip() if isinstance(value, str) else value or ())
    if not count:
        return MISSING
    return Text((ENTRIES if isinstance(value, list) else CHARACTERS).id, {"most": most, "count": f"{count:,}"})


def _grouped(digits: str) -> str:
    return f"{int(digits):,}"
