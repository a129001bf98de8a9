"""What the templates may call: labels, numbers, dates, ladders, each in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

from flask import Flask, request
from flask_babel import gettext
from markdown_it import MarkdownIt
from markupsafe import Markup
from nh3 import clean

from . import charts, figures, labels, ladder, web
from .catalog import taxonomy
from .config import Config

TAGS = {"p", "ul", "ol", "li", "em", "strong", "br", "h4", "h5", "h6", "blockquote", "code"}
MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable(["link", "image", "autolink"])


def tree() -> taxonomy.Taxonomy:
    """The taxonomies."""
    return web.recall("taxonomy", taxonomy.read)


def label(kind: str, code: str) -> str:
    """The word for a code; a code nobody knows stands for itself."""
    lang = web.language()
    if kind in ("sector", "direction", "technology"):
        nodes = tree().technologies if kind == "technology" else tree().sectors
        return nodes[code].title[lang] if code in nodes else code
    if kind == "country":
        return labels.country(code, lang)
    if kind == "province":
        return labels.province(code, lang) if code in labels.PROVINCES else code
    word = labels.LABELS.get(kind, {}).get(code)
    return gettext(word) if word else code


def prose(text: str) -> Markup:
    """Markdown as a person typed it, as safe HTML: paragraphs, lists and emphasis, no links."""
    return Markup(clean(MARKDOWN.render(text), tags=TAGS, attributes={}))


def here(**changes: str) -> str:
    """This page's address with other words in its query, such as another language."""
    words = request.args.to_dict(flat=False) | {name: [value] for name, value in changes.items()}
    return f"{request.path}?{urlencode(words, doseq=True)}"


def labels_of(kind: str, codes: Iterable[str]) -> str:
    return figures.joined((label(kind, code) for code in codes), web.language())


# What the templates call by its own name. The first two tables get the reader's language, the second also gettext.
SPOKEN = (
    figures.pick,
    figures.fallen,
    figures.tongue,
    figures.stop,
    figures.joined,
    figures.names,
    figures.language,
    figures.lang_key,
    figures.compact,
    figures.exact,
    figures.day,
    ladder.axis_text,
)
WORDED = (figures.deadline, ladder.spoken, charts.tally_words, charts.series_words)
PLAIN = (
    figures.grouped,
    ladder.place,
    ladder.marks,
    ladder.shown,
    ladder.signs,
    ladder.sort_of,
    ladder.rung_lines,
    ladder.scale_lines,
    ladder.axis_ticks,
    ladder.ruler,
    charts.series,
)


def _spoken(function: Callable[..., Any], *more: Any) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*args, web.language(), *more, **kwargs)

    return call


def init_app(app: Flask, config: Config) -> None:
    """Register the names; the language is bound here, so that templates do not repeat it."""
    app.jinja_env.globals.update(
        {function.__name__: function for function in PLAIN}
        | {function.__name__: _spoken(function) for function in SPOKEN}
        | {function.__name__: _spoken(function, gettext) for function in WORDED},
        bounded=lambda number, bound=None: figures.bounded(number, bound, gettext),
        label=label,
        labels=labels_of,
        prose=prose,
        here=here,
        csp_nonce=web.nonce,
        reader=web.language,
        site_url=config.url,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    @app.context_processor
    def reader() -> dict[str, Any]:
        operator = config.operator or gettext("a demonstration, not a site of any ministry")
        return {"lang": web.language(), "operator": operator}
