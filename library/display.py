"""What the templates may call: labels, numbers, dates, ladders. One Jinja environment a language, so that
the language is bound once and not looked up by every word of a page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import partial
from typing import Any
from urllib.parse import urlencode

from flask import Flask, request
from flask.templating import Environment as FlaskEnvironment
from flask_wtf.csrf import generate_csrf
from jinja2 import Environment, nodes
from jinja2.nodes import EvalContext
from jinja2.visitor import NodeTransformer
from markdown_it import MarkdownIt
from markupsafe import Markup
from nh3 import clean

from . import charts, figures, ladder, web
from .catalog.wording import label_in
from .config import Config
from .errors import Text
from .labels import LABELS
from .language import LOCALES, Voice, voice
from .verbs import VERBS

TAGS = {"p", "ul", "ol", "li", "em", "strong", "br", "h4", "h5", "h6", "blockquote", "code"}
MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable(["link", "image", "autolink"])
NO_OPERATOR = Text("a demonstration, not a site of any ministry")


def prose(text: str) -> Markup:
    """Markdown as a person typed it, as safe HTML: paragraphs, lists and emphasis, no links."""
    return Markup(clean(MARKDOWN.render(text), tags=TAGS, attributes={}))


def here(**changes: str) -> str:
    """This page's address with other words in its query, such as another language."""
    words = request.args.to_dict(flat=False) | {name: [value] for name, value in changes.items()}
    return f"{request.path}?{urlencode(words, doseq=True)}"


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
    figures.moment,
    ladder.axis_text,
)
WORDED = (figures.deadline, ladder.spoken, charts.tally_words, charts.series_words)
PLAIN = (
    figures.grouped,
    figures.size,
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


class Spoken(NodeTransformer):
    """Says while a template is compiled what is always said the same: a page has a hundred such words."""

    def __init__(self, said: Voice, autoescape: bool) -> None:
        self.said, self.autoescape = said, autoescape

    def visit_Call(self, node: nodes.Call, *args: Any, **kwargs: Any) -> nodes.Node:
        match node:
            case nodes.Call(node=nodes.Name(name="_"), args=[nodes.Const(value=str(words))], kwargs=[]):
                words = self.said(words) % {}  # as gettext does: %% is a percent sign
                return nodes.Const(Markup(words) if self.autoescape else words, lineno=node.lineno)
        return self.generic_visit(node, *args, **kwargs)


class Templates(FlaskEnvironment):
    """Of one language, once `said` is set."""

    said: Voice

    def _generate(self, source: nodes.Template, name: str | None, *args: Any, **kwargs: Any) -> str:
        Spoken(self.said, EvalContext(self, name).autoescape).visit(source)
        return super()._generate(source, name, *args, **kwargs)


def init_app(app: Flask, config: Config) -> None:
    """Make the environments; `lang` and gettext are bound here, so that templates do not repeat them."""
    app.jinja_options = {**app.jinja_options, "trim_blocks": True, "lstrip_blocks": True}
    app.jinja_environment = Templates
    app.extensions["environments"] = {lang: _environment(app, config, voice(lang)) for lang in LOCALES}


def _environment(app: Flask, config: Config, said: Voice) -> Environment:
    environment = app.create_jinja_environment()
    assert isinstance(environment, Templates)
    environment.said = said
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_translations(said.translations, newstyle=True)  # type: ignore[attr-defined]
    word = partial(label_in, said)

    def words(kind: str, codes: Iterable[str]) -> str:
        return figures.joined((word(kind, code) for code in codes), said.lang)

    environment.globals.update(
        {function.__name__: function for function in PLAIN}
        | {function.__name__: partial(function, lang=said.lang) for function in SPOKEN}
        | {function.__name__: partial(function, lang=said.lang, _=said) for function in WORDED},
        bounded=lambda number, bound=None: figures.bounded(number, bound, said),
        lang=said.lang,
        label=word,
        verb=lambda code: said(VERBS.get(code, code)),
        choices=lambda table: [(code, said(words)) for code, words in table.items()],
        labelled=lambda kind: [(code, said(words)) for code, words in LABELS[kind].items()],
        instant=dt.datetime.fromisoformat,
        say=said.say,
        said=lambda kept: said.say(Text(kept["id"], kept["params"])),
        labels=words,
        prose=prose,
        here=here,
        csp_nonce=web.nonce,
        csrf_token=generate_csrf,
        operator=config.operator or said.say(NO_OPERATOR),
        site_url=config.url,
    )
    return environment
