"""What never varies in a page is said while its template is compiled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment
from sites import Site

from library.db import Database

TEMPLATE = """{% macro cell(words) %}<td title="{{ words }}">{{ words }}</td>{% endmacro %}{{ cell(_('Cases')) }}
{{- '<b>'|e if true }}{{ {'a': _('Sectors')}['a'] }}{{ _('%(count)s selected', count=2) }}
{{- _("no <such> text & 7 %%") }}"""


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return Site(database, tmp_path)


def environment(site: Site, lang: str) -> Environment:
    found: Environment = site.app.extensions["environments"][lang]
    return found


@pytest.mark.parametrize(
    ("lang", "cases", "rest"),
    [("en", "Cases", "Sectors2 selected"), ("zh", "案例", "行业已选2项")],
)
def test_words_are_said_in_their_language(site: Site, lang: str, cases: str, rest: str) -> None:
    said: Any = environment(site, lang).from_string(TEMPLATE).render()
    assert said == f'<td title="{cases}">{cases}</td>&lt;b&gt;{rest}no <such> text & 7 %'


def test_only_what_varies_is_left_for_the_page(site: Site) -> None:
    compiled = environment(site, "zh").compile(TEMPLATE, raw=True)
    assert (compiled.count("'案例'"), "'Cases'" in compiled) == (1, False)
    assert "%(count)s selected" in compiled
