"""What an index proposes to somebody who types, or who typed in vain: only what a living document says."""

from collections.abc import Callable

import pytest

from search import Document, Index, Query
from search.documents import Widened

Doc = Callable[..., Document]


@pytest.fixture
def withdrawn(index: Index, doc: Doc) -> Index:
    """Three cases of meters; one of a zebra that is gone, though its segment is still there."""
    index.rebuild(
        [
            *(doc(f"K{number}", f"smart meter {number}", lang="en") for number in range(3)),
            doc("gone", "zebra crossing 斑马", lang="en", names={"organisation": ("Zebra Ltd",)}),
            *(doc(f"other{number}", f"street light {number}", lang="en") for number in range(9)),
        ],
        position=1,
    )
    assert [one.text for one in index.suggest("zeb", "en")] == ["zebra", "Zebra Ltd", "zebra crossing 斑马"]
    assert index.search(Query("smrt OR zebrr")).widened == Widened("spelling", "smart OR zebra")
    assert index.search(Query("smrt OR banma")).widened is not None
    index.apply([("gone", None)], position=2)
    return index


def test_what_is_withdrawn_is_not_offered(withdrawn: Index) -> None:
    for typed in ("zeb", "banma", "bm", "smart zeb", "斑"):
        assert withdrawn.suggest(typed, "en") == []


def test_what_is_withdrawn_corrects_nothing(withdrawn: Index) -> None:
    assert withdrawn.search(Query("smrt OR zebrr")).widened == Widened("spelling", "smart OR zebrr")
    assert withdrawn.search(Query("smrt OR banma")).widened == Widened("spelling", "smart OR banma")
    assert withdrawn.search(Query("zebrr")).widened is None


def test_what_is_kept_back_from_a_reader_is_not_there_for_the_reader(index: Index, doc: Doc) -> None:
    facets = {"network": ("nb-iot",)}
    meters = [doc(f"K{number}", f"smart meter {number}", lang="en", facets=facets) for number in range(3)]
    names = {"organisation": ("Zebra Ltd",)}
    index.rebuild([*meters, doc("kept", "zebra crossing 斑马", lang="en", facets=facets, names=names)], position=1)
    without = frozenset({"kept", "unknown"})
    for typed in ("zeb", "banma", "bm", "smart zeb", "斑"):
        assert index.suggest(typed, "en", without=without) == []
    assert [one.text for one in index.suggest("zeb", "en")] == ["zebra", "Zebra Ltd", "zebra crossing 斑马"]
    everything, less = (
        index.search(Query(facets=("network",), without=each)) for each in (frozenset[str](), without)
    )
    assert (everything.total, everything.facets) == (4, {"network": {"nb-iot": 4}})
    assert (less.total, less.facets) == (3, {"network": {"nb-iot": 3}})
    for words in ("zebra", "zebrr", "-smart", "smrt OR banma"):
        found = index.search(Query(words, without=without))
        assert "kept" not in [hit.key for hit in found.items]
        assert "zebra" not in str((found.widened, found.suggestion))
    rare = index.search(Query("smart", explain=True, without=without)).items[0].explanation
    assert rare is not None
    assert rare.shares[0].documents == 3


def test_a_correction_that_is_gone_makes_room_for_one_that_is_not(index: Index, doc: Doc) -> None:
    index.rebuild([doc("gone", "watar", lang="en"), doc("K", "water", lang="en"), doc("other", "x")], position=1)
    index.apply([("gone", None)], position=2)
    assert index.search(Query("watar")).widened == Widened("spelling", "water")


@pytest.mark.parametrize("limit", [1, 2, 3, 8])
def test_no_more_is_offered_than_was_asked_for(index: Index, doc: Doc, limit: int) -> None:
    titles = ("water meter", "water tower", "water works", "water pipe")
    index.rebuild([doc(f"K{number}", title, lang="en") for number, title in enumerate(titles)], position=1)
    kinds = [one.kind for one in index.suggest("water", "en", limit)]
    assert (
        kinds
        == {1: ["word"], 2: ["word", "title"], 3: ["word", *["title"] * 2], 8: ["word", *["title"] * 3]}[limit]
    )


def test_titles_of_demonstration_come_after_the_others(index: Index, doc: Doc) -> None:
    index.rebuild(
        [
            doc("demo", "water water", lang="en", rank_group=1, boost=1.3),
            doc("real", "a long name in which there is water", lang="en"),
        ],
        position=1,
    )
    assert [one.key for one in index.suggest("water", "en") if one.kind == "title"] == ["real", "demo"]


def test_a_title_in_the_readers_language(index: Index) -> None:
    index.rebuild([Document("K", {"title": {"zh": "智能水表", "en": "Smart meters"}})], position=1)
    for lang, title in (("zh", "智能水表"), ("en", "Smart meters")):
        assert [one.text for one in index.suggest("智能", lang) if one.kind == "title"] == [title]
