"""Everything a reader may see has a Chinese text with the same places to fill."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from library import labels
from library.config import ROOT
from library.language import voice

PO = ROOT / "library/translations/zh_Hans_CN/LC_MESSAGES/messages.po"
PLACE = re.compile(r"%\(\w+\)[a-z]|\{\w*\}|https?://\S+")


@pytest.fixture(scope="module")
def catalogues() -> ModuleType:
    """The tool behind `make catalogues`; .ci is no package."""
    spec = importlib.util.spec_from_file_location("catalogues", ROOT / ".ci/catalogues.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def wanted(catalogues: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Every text of the code and the templates."""
    template = tmp_path_factory.mktemp("texts") / "messages.pot"
    words = ("extract", "-F", "pyproject.toml", *catalogues.KEYWORDS, "-o", str(template), ".")
    subprocess.run([sys.executable, "-m", "babel.messages.frontend", "--quiet", *words], check=True, cwd=ROOT)
    found: Catalog = catalogues.read(template, "en")
    return found


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file)


def test_the_catalogue_is_complete(catalogues: ModuleType, wanted: Catalog) -> None:
    assert list(catalogues.complaints(PO, wanted)) == []
    assert len(wanted) > 250


@pytest.mark.parametrize(
    ("pattern", "becomes", "said"),
    [
        (r'(msgid "Cases"\nmsgstr )".+"', r'\1""', "not translated: 'Cases'"),
        ('msgid "Cases"', 'msgid "Casks"', "missing (make catalogues): 'Cases'"),
        ('msgid "Cases"', 'msgid "Casks"', "no longer used (make catalogues): 'Casks'"),
        (r"没有案例%\(code\)s", "没有案例%(kode)s", "There is no case"),
    ],
)
def test_an_incomplete_catalogue_is_found_out(
    catalogues: ModuleType,
    wanted: Catalog,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    pattern: str,
    becomes: str,
    said: str,
) -> None:
    broken = tmp_path / "messages.po"
    changed, times = re.subn(pattern, becomes, PO.read_text())
    broken.write_text(changed)
    monkeypatch.setattr(catalogues, "TRANSLATIONS", tmp_path)
    assert times > 0
    assert [line for line in catalogues.complaints(broken, wanted) if said in line] != []


def test_every_place_is_filled_in_both_languages(wanted: Catalog, chinese: Catalog) -> None:
    wrong = []
    for message in wanted:
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        found = chinese.get(ids[0])
        assert found is not None, ids[0]
        texts = found.string if isinstance(found.string, (list, tuple)) else (found.string,)
        # A singular may leave its number unsaid; Chinese has only the form of the plural.
        if any(set(PLACE.findall(text)) != set(PLACE.findall(ids[-1])) for text in texts):
            wrong.append((ids, texts))
    assert wrong == []


def test_every_label_has_a_chinese_word() -> None:
    """But the networks and a kind of hash, whose names are the same everywhere."""
    said = voice("zh")
    words = {(kind, code): word for kind, table in labels.LABELS.items() for code, word in table.items()}
    alike = {key for key, word in words.items() if said.say(word) == word}
    named = {("network", code) for code in labels.NETWORKS if code != "other"} | {("part", "sha256")}
    assert alike == named


def test_no_chinese_text_is_still_english(chinese: Catalog) -> None:
    """A text that only repeats its source is a name, or was forgotten."""
    names = re.compile(r"[A-Z0-9][\w.\- %()]*")
    same = [message.id for message in chinese if message.id and message.string == message.id]
    assert [
        text for text in same if not (isinstance(text, str) and names.fullmatch(text) and len(text) < 20)
    ] == []
