"""What the templates may call: labels, numbers, dates, ladders, each in the reader's language."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Flask, g, request
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
    """The taxonomies, read once a request."""
    if "taxonomy" not in g:
        g.taxonomy = taxonomy.read(web.session())
    found: taxonomy.Taxonomy = g.taxonomy
    return found


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
    query = urlencode(words, doseq=True)
    return f"{request.path}?{query}"


def init_app(app: Flask, config: Config) -> None:
    """Register the names; the language is bound here, so that templates do not repeat it."""
    app.jinja_env.globals.update(
        label=label,
        prose=prose,
        here=here,
        csp_nonce=web.nonce,
        ladder=ladder,
        charts=charts,
        figures=figures,
        site_url=config.url,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    @app.context_processor
    def reader() -> dict[str, Any]:
        lang = web.language()
        return {
            "lang": lang,
            "operator": config.operator or gettext("a demonstration, not a site of any ministry"),
            "pick": lambda text: figures.pick(text, lang),
            "tongue": lambda text: figures.tongue(text, lang),
            "compact": lambda value: figures.compact(value, lang),
            "exact": lambda value: figures.exact(value, lang),
            "day": lambda when, long=False: figures.day(when, lang, long=long),
        }
