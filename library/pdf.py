"""Documents as PDF, drawn by typst: tagged for readers who listen, and the same bytes for the same input.

Words come in as data and are never read as typst. Without a Chinese font nothing is drawn: empty boxes are no
document.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .config import ROOT
from .errors import Text, Unavailable

if TYPE_CHECKING:
    import typst  # it takes 7 MB, so it is loaded by a process that draws and by no other

TEMPLATES = ROOT / "templates"
# The families that draw simplified Chinese, the best first: of Linux, macOS and Windows.
CHINESE = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Noto Serif CJK SC",
    "SimSun",
    "Droid Sans Fallback",
)
UNDRAWN = "could not be displayed"


@cache
def _fonts() -> typst.Fonts:
    """Those of this machine; looking for them takes a fifth of a second."""
    import typst

    return typst.Fonts(include_embedded_fonts=False)


def font() -> str | None:
    """The family that draws Chinese on this machine, if there is one."""
    there = set(_fonts().families())
    found = next((family for family in CHINESE if family in there), None)
    if found is None:
        _fonts.cache_clear()  # one may come while we run
    return found


def draw(template: str, data: Mapping[str, Any], *, at: dt.datetime) -> bytes:
    """`template` (of templates/) filled with `data`; `at` is the date that the file bears.

    Raises Unavailable where no font draws Chinese.
    """
    import typst

    family = font()
    if family is None:
        raise Unavailable(
            Text(
                "This machine has no Chinese font, so no PDF can be drawn. The print view works; a font such as"
                " Noto Sans CJK helps."
            )
        )
    source = Path(TEMPLATES, template).read_bytes()
    given = {**data, "font": family}
    try:
        return _drawn(source, given, at)
    except typst.TypstError as error:
        if UNDRAWN not in error.message:
            raise
        return _drawn(source, _spelt(given), at)


def _drawn(source: bytes, data: Mapping[str, Any], at: dt.datetime) -> bytes:
    import typst

    compiler = typst.Compiler(source, font_paths=_fonts(), ignore_system_fonts=True)
    # PDF/UA is asked for because it refuses a character without a glyph; plain PDF would print a box.
    made = compiler.compile(
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        pdf_standards="ua-1",
        timestamp=at.astimezone(dt.UTC).replace(microsecond=0),  # typst takes whole seconds only
    )
    if not isinstance(made, bytes):
        raise TypeError("typst drew something else than one file")
    return made


def _spelt(value: Any) -> Any:
    """The same, with what not every Chinese font draws spelt by its number: [U+1F600]."""
    if isinstance(value, Mapping):
        return {key: _spelt(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_spelt(inner) for inner in value]
    return "".join(map(_spelt_one, value)) if isinstance(value, str) else value


def _spelt_one(char: str) -> str:
    try:
        char.encode("gbk")  # the characters of GBK are in every Chinese font
    except UnicodeEncodeError:
        return f"[U+{ord(char):04X}]"
    return char
