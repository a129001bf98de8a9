"""What a hit shows."""

import html
import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search import Document, Index, Query
from search.analysis import words
from search.documents import Hit
from search.highlight import SNIPPET

Doc = Callable[..., Document]
Holding = Callable[..., Index]
Marked = Callable[..., str]


def first(index: Index, text: str) -> Hit:
    return index.search(Query(text)).items[0]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return Index(tmp_path_factory.mktemp("marks"))


@pytest.fixture(scope="module")
def marked(shelf: Index) -> Callable[..., str]:
    """marked(content, text, field): the content as a hit for the text shows it; "" when it is none."""

    def marked(content: str, text: str, field: str = "title") -> str:
        shelf.rebuild([Document("K", {field: {"zh": content}})], position=1)
        hits = shelf.search(Query(text)).items
        return hits[0].highlights.get(f"{field}.zh", "") if hits else ""

    return marked


def test_a_hit_hands_back_what_was_stored_and_says_where_it_matched(doc: Doc, holding: Holding) -> None:
    stored = {"title": {"zh": "水表"}, "n": 1, "list": [None, True]}
    hit = first(holding(doc("K", "水表", body="远传水表与路灯", party="某公司", stored=stored)), "水表")
    assert hit.stored == stored
    assert hit.matched == ("title", "body")
    assert hit.highlights == {"title.zh": "<mark>水表</mark>", "body.zh": "远传<mark>水表</mark>与路灯"}


@pytest.mark.parametrize(
    ("asked", "found", "alike"),
    [
        ("meters", "Meter", True),
        ("烟感", "烟感", True),
        ("companies", "company", True),
        ("cat1", "Cat.1", True),
        ("smok*", "Smoke", True),
        ("烟感", "smoke detector", False),
        ("NB-IoT", "窄带物联网", False),
        ("1.2m", "120万", False),
    ],
)
def test_a_hit_says_why_it_was_found(doc: Doc, holding: Holding, asked: str, found: str, alike: bool) -> None:
    [because] = first(holding(doc("K", found)), asked).because
    assert because[:1] + because[2:] == (asked, "title", "zh", alike)
    assert because.found in found


def test_what_the_reader_can_read_explains_best(holding: Holding) -> None:
    index = holding(Document("K", {"title": {"zh": "消防烟感", "en": "Smoke detectors"}, "body": {"en": "smoke"}}))
    told = {lang: index.search(Query("smoke detector", lang=lang)).items[0].because for lang in ("zh", "en")}  # type: ignore[arg-type]
    assert [(each.found, each.field, each.alike) for each in told["en"]] == [("Smoke", "title", True)]
    assert [(each.found, each.field, each.alike) for each in told["zh"]] == [("烟感", "title", False)]


def test_without_words_nothing_is_marked(doc: Doc, holding: Holding) -> None:
    hit = first(holding(doc("K", "水表")), "")
    assert (hit.highlights, hit.matched) == ({}, ())


def test_languages_are_marked_apart(holding: Holding) -> None:
    hit = first(holding(Document("K", {"title": {"zh": "NB-IoT水表", "en": "Water meters on NB-IoT"}})), "nb-iot")
    assert hit.highlights == {
        "title.zh": "<mark>NB-IoT</mark>水表",
        "title.en": "Water meters on <mark>NB-IoT</mark>",
    }


@pytest.mark.parametrize(
    ("content", "text", "expected"),
    [
        ("智能水表", "智能水表", "<mark>智能水表</mark>"),
        ("智能远传水表", "智能水表", "<mark>智能</mark>远传<mark>水表</mark>"),
        ("智慧水錶", "水表", "智慧<mark>水錶</mark>"),
        ("LTE Cat 1 modules", "cat1", "<mark>LTE Cat 1</mark> modules"),
        ("Smart metering", "meters", "Smart <mark>metering</mark>"),
        ("Ma\u0301laga", "malaga", "<mark>Ma\u0301laga</mark>"),
        ("鹏讯科技的讯息", "鹏讯", "<mark>鹏讯</mark>科技的讯息"),
        ("鹏城", "鹏讯", ""),
        ("AT&T <b>", "at&t", "<mark>AT&amp;T</mark> &lt;b&gt;"),
        ("<b>水表</b> & 'x'", "水表", "&lt;b&gt;<mark>水表</mark>&lt;/b&gt; &amp; &#x27;x&#x27;"),
        ("<script>alert(1)</script>", "script", None),
    ],
)
def test_marks(marked: Marked, content: str, text: str, expected: str | None) -> None:
    if expected is None:
        expected = "&lt;<mark>script</mark>&gt;alert(1)&lt;/<mark>script</mark>&gt;"
    assert marked(content, text) == expected


def test_a_title_is_shown_whole_and_a_body_in_part(marked: Marked) -> None:
    long = "一段说明。" * 60 + "这里有水表。" + "一段说明。" * 60
    assert plain(marked(long, "水表")) == long
    snippet = plain(marked(long, "水表", field="body"))
    assert "水表" in snippet
    assert len(snippet) <= SNIPPET
    assert snippet[0] == snippet[-1] == "…"


@pytest.mark.parametrize(
    "filler", ["meters counting everywhere ", "信息化部门的共和国，", "在gas-meter与NB-IoT之间"]
)
@pytest.mark.parametrize("lead", range(0, 60, 7))
def test_a_snippet_is_cut_between_words(marked: Marked, filler: str, lead: int) -> None:
    long = filler * 20 + "1" * lead + " antenna " + filler * 20
    shown = plain(marked(long, "antenna", field="body"))
    snippet = shown.strip("…")
    assert "antenna" in snippet
    assert 100 < len(shown) <= SNIPPET
    start = long.find(snippet)
    for word in words(long):
        for cut in (start, start + len(snippet)):
            assert not word.whole.start < cut < word.whole.end


def test_a_snippet_shows_where_most_is_marked(marked: Marked) -> None:
    long = "水表。" + "一段说明。" * 60 + "燃气与水表。" + "一段说明。" * 60
    assert "<mark>燃气</mark>与<mark>水表</mark>" in marked(long, "燃气 水表", field="body")


def test_a_snippet_leaves_out_the_scraps_of_passages_in_which_nothing_is_marked(marked: Marked) -> None:
    long = "一段说明。" * 60 + "\n前面是水表与路灯。\n" + "一段说明。" * 60
    assert plain(marked(long, "水表", field="body")) == "…前面是水表与路灯。…"
    two = "一段说明。" * 60 + "\n前面是水表。\n后面是路灯。\n" + "一段说明。" * 60
    assert plain(marked(two, "水表 路灯", field="body")) == "…前面是水表。\n后面是路灯。…"


def plain(marked_up: str) -> str:
    return html.unescape(re.sub("</?mark>", "", marked_up))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    content=st.text(alphabet=st.sampled_from("水表智能 <>&\"'a1-.é\u0301\n，ﬁ"), max_size=600),
    text=st.sampled_from(["水表", "智能水表", "a", "fi", "a-1", "é", "表能"]),
    field=st.sampled_from(["title", "body"]),
)
def test_only_mark_is_added_and_nothing_is_lost(marked: Marked, content: str, text: str, field: str) -> None:
    result = marked(content, text, field)
    bare = re.sub("</?mark>", "", result)
    assert not re.search("[<>\"']", bare)
    assert not re.search("&(?!lt;|gt;|amp;|quot;|#x27;)", bare)
    assert html.unescape(bare).removeprefix("…").removesuffix("…") in content
    assert result.count("<mark>") == result.count("</mark>")
    if field == "body":
        assert len(html.unescape(bare)) <= SNIPPET
    elif result:
        assert html.unescape(bare) == content
