"""Following events and rebuilding."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from search import Document, Index, Query
from search.documents import Sort
from search.errors import IndexMissing
from search.generations import Contents, Generations

Doc = Callable[..., Document]


def keys(index: Index, text: str = "") -> list[str]:
    return sorted(hit.key for hit in index.search(Query(text, per_page=100)).items)


def generations(path: Path) -> list[str]:
    return sorted(folder.name for folder in path.glob("gen-*"))


def test_no_index_is_missing_in_every_question(tmp_path: Path, doc: Doc) -> None:
    index = Index(tmp_path / "nowhere")
    for question in (index.check, index.refresh, lambda: index.search(Query()), lambda: index.position):
        with pytest.raises(IndexMissing):
            question()
    with pytest.raises(IndexMissing):
        index.apply([("K", doc("K"))], position=1)


def test_an_empty_index_answers(index: Index) -> None:
    index.check()
    hits = index.search(Query("水表", facets=("network",)))
    assert (hits.total, hits.total_by_group, hits.items, hits.facets) == (
        0,
        {0: 0, 1: 0},
        [],
        {"network": {}},
    )


@pytest.mark.parametrize("sort", ["relevance", "newest", "connections", "title"])
def test_an_empty_index_can_be_sorted(index: Index, sort: Sort) -> None:
    assert [index.search(Query(text, sort=sort)).items for text in ("", "水表")] == [[], []]


def test_changes_put_replace_and_delete(index: Index, doc: Doc) -> None:
    index.apply([("a", doc("a", "水表")), ("b", doc("b", "水表"))], position=5)
    assert (keys(index, "水表"), index.position) == (["a", "b"], 5)
    index.apply([("a", doc("a", "路灯")), ("b", None), ("never there", None)], position=9)
    assert (keys(index, "水表"), keys(index), index.position) == ([], ["a"], 9)


def test_of_two_changes_to_one_key_the_last_counts(index: Index, doc: Doc) -> None:
    """Whoosh alone would keep both: an update does not see what the same writer added."""
    index.apply([("a", doc("a", "水表")), ("a", doc("a", "路灯")), ("b", doc("b")), ("b", None)], position=1)
    assert keys(index) == ["a"]
    assert keys(index, "路灯") == ["a"]


def test_a_deleted_document_leaves_counts_and_orders(index: Index, doc: Doc) -> None:
    networks = {"network": ("nb-iot",)}
    index.apply([(key, doc(key, "水表", facets=networks, rank_group=key == "b")) for key in "abc"], position=1)
    index.apply([("b", None), ("c", None)], position=2)
    hits = index.search(Query(facets=("network",), sort="title"))
    assert [hit.key for hit in hits.items] == ["a"]
    assert (hits.total_by_group, hits.facets["network"]) == ({0: 1, 1: 0}, {"nb-iot": 1})


def test_many_commits_agree_with_one_rebuild(index: Index, doc: Doc, tmp_path: Path) -> None:
    documents = [
        doc(f"K{n:02}", f"水表{n}", body="路灯" * (n % 4), facets={"n": (str(n % 3),)}, numbers={"date": n})
        for n in range(30)
    ]
    for n, document in enumerate(documents):
        index.apply([(document.key, doc(document.key, "旧"))], position=2 * n)
        index.apply([(document.key, document)], position=2 * n + 1)
    rebuilt = Index(tmp_path / "rebuilt")
    rebuilt.rebuild(documents, position=1)
    for query in (
        Query("水表", facets=("n",)), Query(sort="newest", facets=("n",)), Query("路灯", {"n": ("1",)}, per_page=3)
    ):  # fmt: skip
        followed, anew = index.search(query), rebuilt.search(query)
        assert {hit.key for hit in followed.items} == {hit.key for hit in anew.items}
        assert (followed.total, followed.facets) == (anew.total, anew.facets)
    assert keys(index, "旧") == []


def test_a_position_alone_moves_on_without_opening_anything(index: Index, doc: Doc) -> None:
    index.apply([("a", doc("a", "水表"))], position=1)
    before = index.search(Query("水表")).items
    opened = index._current.snapshot
    index.apply([], position=7)
    assert index.position == 7
    assert index.search(Query("水表")).items == before
    assert index._current.snapshot is opened


def test_a_position_has_a_mark_of_its_own(index: Index, doc: Doc) -> None:
    index.rebuild([doc("a")], position=4, mark="one")
    assert Index(index._generations.path).followed == (4, "one")
    index.apply([], position=4, mark="other")
    assert index.followed == (4, "other")


@pytest.mark.parametrize("whole", [True, False], ids=["rebuild", "apply"])
def test_what_fails_changes_nothing(index: Index, doc: Doc, tmp_path: Path, whole: bool) -> None:
    index.apply([("a", doc("a", "水表"))], position=3)

    def failing() -> Iterator[Document]:
        yield doc("b", "路灯")
        raise ZeroDivisionError

    if whole:
        with pytest.raises(ZeroDivisionError):
            index.rebuild(failing(), position=4)
    else:
        with pytest.raises(ValueError, match="b: the document says other"):
            index.apply([("c", doc("c")), ("b", doc("other"))], position=4)
    index.check()
    assert (keys(index), index.position) == (["a"], 3)
    assert len(generations(tmp_path / "index")) == 2, "the current one and the one before it"
    index.apply([("b", doc("b"))], position=4)
    assert (keys(index), index.position) == (["a", "b"], 4)


@pytest.mark.parametrize("whole", [True, False], ids=["rebuild", "apply"])
def test_a_switch_that_fails_leaves_nothing_behind(
    index: Index, doc: Doc, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    def fail(*_: object) -> None:
        raise PermissionError

    path = index._generations.path
    before = sorted(path.iterdir())
    monkeypatch.setattr(os, "replace", fail)
    for _ in range(3):
        with pytest.raises(PermissionError):
            index.rebuild([doc("a")], position=1) if whole else index.apply([("a", doc("a"))], position=1)
    assert sorted(path.iterdir()) == before
    monkeypatch.undo()
    index.apply([("a", doc("a"))], position=1)
    assert keys(index) == ["a"]


def test_a_rebuild_takes_a_key_once(index: Index, doc: Doc) -> None:
    with pytest.raises(ValueError, match="two documents with the key a"):
        index.rebuild([doc("a"), doc("a")], position=1)


def test_a_rebuild_says_how_far_it_is(index: Index, doc: Doc) -> None:
    told: list[int] = []
    index.rebuild((doc(f"K{n}") for n in range(250)), position=1, progress=told.append)
    assert told == [100, 200, 250]


def test_old_generations_and_leftovers_are_swept(index: Index, doc: Doc, tmp_path: Path) -> None:
    path = tmp_path / "index"
    leftover = path / "gen-000999-dead"
    leftover.mkdir()
    (leftover / "_MAIN_1.toc").write_bytes(b"half")
    for n in range(6):
        index.apply([(f"K{n}", doc(f"K{n}"))], position=n)
    index.rebuild([doc("a")], position=9)
    names = generations(path)
    assert len(names) == 2
    assert os.readlink(path / "current") == names[1]
    assert leftover.name not in names


def test_strange_names_beside_the_generations_are_let_alone(index: Index, doc: Doc, tmp_path: Path) -> None:
    strange = [tmp_path / "index" / name for name in ("gen-000009x", "gen-2", "gen-000003-cafe.bak", "notes")]
    for folder in strange:
        folder.mkdir()
    index.apply([("a", doc("a"))], position=1)
    index.rebuild([doc("b")], position=2)
    assert keys(index) == ["b"]
    assert all(folder.is_dir() for folder in strange)


def test_a_reader_slower_than_two_commits_starts_again(
    index: Index, doc: Doc, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Generations.read

    def slow(self: Generations, name: str, *rest: Any) -> Contents:
        while writer.position < 4:
            n = writer.position + 1
            writer.apply([(f"K{n}", doc(f"K{n}"))], position=n)
        return read(self, name, *rest)

    writer = Index(index._generations.path)
    monkeypatch.setattr(Generations, "read", slow)
    assert len(keys(index)) == 4


def test_a_file_system_without_links_will_do(index: Index, doc: Doc, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    index.apply([("a", doc("a"))], position=1)
    monkeypatch.setattr(os, "link", refuse)
    index.apply([("b", doc("b"))], position=2)
    Index(index._generations.path).check()
    assert keys(index) == ["a", "b"]
