"""Files are opened by a process that has little memory, and whose end is only the end of the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from library import opening
from library.errors import Invalid


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Twelve million points, which are a few kilobytes as long as nobody opens them."""
    path = tmp_path / '- a name\'; with "signs".png'
    Image.new("RGB", (4000, 3000), "white").save(path)
    assert path.stat().st_size < 60_000
    return path


def test_what_asks_for_too_much_memory_is_refused_and_leaves_nothing(picture: Path, tmp_path: Path) -> None:
    copy, small = tmp_path / "copy", tmp_path / "small"
    with pytest.raises(Invalid) as refused:
        opening.draw(picture, "a.png", copy=copy, small=small, memory=120 << 20)
    assert refused.value.text == opening.TOO_MUCH
    opened = opening.draw(picture, "a.png", copy=copy, small=small)
    assert opened == opening.Opened("image/png", stripped=True, small=True)
    with Image.open(copy) as drawn, Image.open(small) as shrunk:
        assert (drawn.size, shrunk.size, shrunk.format) == ((4000, 3000), (960, 720), "JPEG")


def test_a_process_that_dies_is_told_from_a_library_that_stumbles(
    picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Invalid) as refused:
        opening.draw(picture, "a.png", copy=picture.parent)  # a folder cannot be written
    assert str(refused.value.text) == "The file is damaged and cannot be opened."
    monkeypatch.setattr(opening, "SECONDS", 0)
    with pytest.raises(Invalid) as refused:
        opening.look(picture, "a.png")
    assert refused.value.text == opening.TOO_MUCH


def test_the_process_is_told_no_secret(picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment holds the key of the cookies and the password of the database."""
    monkeypatch.setenv("CASELIB_SECRET_KEY", "a word that nobody must read")
    told = tmp_path / "environment"
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nenv > {told}\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(opening.sys, "executable", str(python))
    with pytest.raises(Invalid):
        opening.look(picture, "a.png")
    assert "LC_ALL=C.UTF-8" in told.read_text()
    assert "CASELIB" not in told.read_text()
