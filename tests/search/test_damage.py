"""Damage on disk: it is noticed before anything is read from it, and a rebuild mends it."""

import json
import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from search import Document, Index, Query
from search.errors import IndexBroken

Doc = Callable[..., Document]


def keys(index: Index, text: str = "") -> list[str]:
    return sorted(hit.key for hit in index.search(Query(text, per_page=100)).items)


@pytest.fixture
def built(index: Index, doc: Doc) -> Path:
    """The folder of an index of two segments, with a deletion."""
    index.rebuild([doc(f"K{n}", f"智能水表{n}", body="路灯" * 50) for n in range(20)], position=1)
    index.apply([("K0", None), ("K20", doc("K20", "智能水表20"))], position=2)
    return index._generations.path


def files(path: Path) -> list[Path]:
    return sorted(file for file in (path / "current").iterdir() if not file.name.endswith("LOCK"))


def truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0x40
    file.write_bytes(content)


def empty(file: Path) -> None:
    os.truncate(file, 0)


@pytest.mark.parametrize("damage", [truncate, flip, empty, Path.unlink])
def test_damage_to_any_file_is_noticed(
    built: Path, doc: Doc, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    names = [file.name for file in files(built)]
    assert len(names) > 8
    for number, name in enumerate(names):
        copy = tmp_path / f"copy{number}"
        shutil.copytree(built, copy, symlinks=True)
        running = Index(copy)
        running.check()
        damage(copy / "current" / name)
        assert len(keys(running, "水表")) == 20, "what was opened before stays right"
        fresh = Index(copy)
        for question in (
            running.check,
            fresh.check,
            fresh.refresh,
            lambda fresh=fresh: fresh.search(Query("水表")),
            lambda fresh=fresh: fresh.apply([("X", doc("X"))], position=3),
        ):
            with pytest.raises(IndexBroken):
                question()
        fresh.rebuild([doc("a", "水表")], position=3)
        assert keys(running, "水表") == keys(fresh) == ["a"], "a rebuild mends it"


def test_damage_to_a_new_generation_leaves_its_readers_with_the_one_before(built: Path, doc: Doc) -> None:
    reader, writer = Index(built), Index(built)
    before = keys(reader, "水表")
    writer.apply([("N", doc("N", "智能水表"))], position=3)
    [newest] = [file for file in files(built) if file.suffix == ".pst" and file.stat().st_nlink == 1]
    flip(newest)
    for _ in range(2):
        assert keys(reader, "水表") == before
    with pytest.raises(IndexBroken):
        reader.check()
    writer.rebuild([doc("a", "水表")], position=4)
    reader.check()
    assert keys(reader, "水表") == ["a"]


def test_a_lost_folder_is_noticed(built: Path) -> None:
    shutil.rmtree(built / os.readlink(built / "current"))
    with pytest.raises(IndexBroken):
        Index(built).check()


def test_a_pointer_that_is_none_is_noticed(built: Path) -> None:
    (built / "current").unlink()
    (built / "current").write_text("gen-000001-aaaa")
    with pytest.raises(IndexBroken):
        Index(built).search(Query())


def test_a_copy_in_which_links_became_folders(built: Path, doc: Doc, tmp_path: Path) -> None:
    shutil.copytree(built, tmp_path / "copy")
    shutil.rmtree(built)
    (tmp_path / "copy").rename(built)
    index = Index(built)
    with pytest.raises(IndexBroken):
        index.check()
    for number in range(2):
        index.rebuild([doc("a", "水表")], position=3 + number)
        index.check()
        assert keys(index, "水表") == ["a"]
    assert (built / "current").is_symlink()
    assert len(list(built.glob("gen-*"))) == 2


def rewrite_manifest(built: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = built / "current" / "manifest.json"
    facts = json.loads(manifest.read_bytes().partition(b"\n")[2])
    change(facts)
    body = json.dumps(facts).encode()
    manifest.write_bytes(b"%08x\n%s" % (zlib.crc32(body), body))


def test_an_index_from_before_there_were_marks(built: Path) -> None:
    rewrite_manifest(built, lambda facts: facts.pop("mark"))
    assert Index(built).followed == (2, "")


def test_an_index_of_another_form_is_not_read(built: Path) -> None:
    rewrite_manifest(built, lambda facts: facts.update(form=facts["form"] + 1))
    with pytest.raises(IndexBroken, match="has form"):
        Index(built).search(Query())


# In a process of its own: what Whoosh had open when it failed is closed when that ends.
FULL_DISK = """
import resource, sys
from search import Document, Index
path, size, whole = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "True"
index = Index(path)
texts = [{"title": {"zh": "智能水表"}, "body": {"zh": f"路灯{n}" * 400}} for n in range(30)]
more = [(f"N{n}", Document(f"N{n}", text)) for n, text in enumerate(texts)]
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    index.rebuild((one for _, one in more), 3) if whole else index.apply(more, 3)
except OSError:
    sys.exit(42)
"""


@pytest.mark.parametrize("size", [0, 300, 3000, 30_000])
@pytest.mark.parametrize("whole", [False, True])
def test_a_full_disk_changes_nothing(built: Path, doc: Doc, size: int, whole: bool) -> None:
    running = Index(built)
    before = keys(running, "水表")
    writer = subprocess.run([sys.executable, "-c", FULL_DISK, str(built), str(size), str(whole)], check=False)
    assert writer.returncode == 42
    for index in (running, Index(built)):
        index.check()
        assert (keys(index, "水表"), index.position) == (before, 2)
    running.apply([("N", doc("N", "智能水表"))], position=3)
    assert keys(running, "水表") == sorted([*before, "N"])
    assert len(list(built.glob("gen-*"))) == 2, "nothing is left lying about"
