"""The two languages: their catalogues, and how a sentence is said in one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from babel.support import NullTranslations, Translations

from .errors import Text

Language = Literal["zh", "en"]
LOCALES: Mapping[Language, str] = {"zh": "zh_Hans_CN", "en": "en"}
CATALOGUES = Path(__file__).parent / "translations"


def N_(message: str) -> str:
    """Marks a message for extraction; it is translated at the glass."""
    return message


@dataclass(frozen=True)
class Voice:
    """One language's catalogue. English has none: its sentences are the sources."""

    lang: Language
    translations: NullTranslations

    @property
    def gettext(self) -> Callable[[str], str]:
        return self.translations.ugettext

    def __call__(self, message: str, /, **params: object) -> str:
        """A sentence in this language, its places filled."""
        return self.gettext(message) % params if params else self.gettext(message)

    def say(self, text: Text | str) -> str:
        return self(text) if isinstance(text, str) else self(text.id, **text.params)


@cache
def voice(lang: Language) -> Voice:
    return Voice(lang, Translations.load(str(CATALOGUES), [LOCALES[lang]]))
