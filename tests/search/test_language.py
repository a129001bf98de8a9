"""What is typed → the tree that it means, and what is said of the rest."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hostile import BAD
from hypothesis import example, given
from hypothesis import strategies as st

from search.fields import MOST
from search.language import MAX_LEAVES, MAX_LENGTH, read
from search.tree import EVERYTHING, NOTHING, All, Any, Node, Not, Pick, Prefix, Range, Way, Word
from search.wanted import wanted


def tree(text: str) -> Node:
    """The tree of a text that is wholly understood."""
    reading = read(text)
    assert reading.notes == (), text
    return reading.tree


def word(text: str, field: str = "") -> Word:
    """A word as it is read without the language."""
    (found,) = wanted(text)
    return replace(found, field=field)


def leaves(node: Node) -> Iterator[Node]:
    match node:
        case All(nodes) | Any(nodes):
            for each in nodes:
                yield from leaves(each)
        case Not(inner):
            yield from leaves(inner)
        case _:
            yield node


def depth(node: Node) -> int:
    match node:
        case All(nodes) | Any(nodes):
            return 1 + max(map(depth, nodes), default=0)
        case Not(inner):
            return 1 + depth(inner)
        case _:
            return 1


def asked(node: Node) -> list[str]:
    return [leaf.asked for leaf in leaves(node) if isinstance(leaf, Word | Prefix)]


# -- words and how they are joined --


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lamp cattle", "lamp AND cattle"),
        ("lamp cattle", "(lamp) (cattle)"),
        ("lamp cattle", "  lamp\u3000cattle \t"),
        ("lamp OR cattle", "lamp | cattle"),
        ("lamp OR cattle", "lamp||cattle"),
        ("lamp OR cattle", "(lamp OR cattle)"),
        ("lamp OR cattle OR port", "lamp OR (cattle OR port)"),
        ("lamp cattle OR port", "(lamp AND cattle) OR port"),
        ("lamp -cattle", "lamp NOT cattle"),
        ("lamp -cattle", "lamp AND NOT cattle"),
        ("lamp -cattle", "lamp !cattle"),
        ("lamp -cattle", "lamp －cattle"),
        ("lamp -cattle", "lamp \u2212cattle"),
        ("lamp", "NOT NOT lamp"),
        ("lamp", "-(-lamp)"),
        ("lamp lamp", "lamp"),
        ("-(lamp OR cattle)", "NOT （lamp|cattle）"),
        ('"water meter"', "“water meter”"),
        ('"water meter"', "「water meter」"),
        ('"water meter"', "＂water meter＂"),
    ],
)
def test_spellings_that_mean_the_same(one: str, other: str) -> None:
    def bare(node: Node) -> object:
        """Without how it was written."""
        match node:
            case Word(ways, _, field):
                return ways, field
            case All(nodes) | Any(nodes):
                return type(node), tuple(map(bare, nodes))
            case Not(inner):
                return Not, bare(inner)
            case _:
                return node

    assert bare(tree(one)) == bare(tree(other))
    assert tree(one) not in (EVERYTHING, NOTHING)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("lamp cattle OR port -mine", Any((All(("lamp", "cattle")), All(("port", Not("mine")))))),
        ("lamp AND (cattle OR port)", All(("lamp", Any(("cattle", "port"))))),
        ("-lamp cattle", All((Not("lamp"), "cattle"))),
        ("-lamp", Not("lamp")),
        ("lamp OR -cattle", Any(("lamp", Not("cattle")))),
        ("-(lamp cattle)", Not(All(("lamp", "cattle")))),
        ("lamp or not and", All(("lamp", "not"))),
        ("水表 与 燃气 非", All(("水表", "燃气", "非"))),
        ("low-power gas/oil C++", All(("low-power", "gas", "oil", "C"))),
        ('lamp "street light" -"car park"', All(("lamp", "street light", Not("car park")))),
    ],
)
def test_precedence(text: str, shape: object) -> None:
    def plain(node: Node) -> object:
        match node:
            case All(nodes) | Any(nodes):
                return type(node)(tuple(map(plain, nodes)))  # type: ignore[arg-type]
            case Not(inner):
                return Not(plain(inner))  # type: ignore[arg-type]
            case Word(_, asked):
                return asked
            case _:
                return node

    assert plain(tree(text)) == shape


def test_a_phrase_stands_side_by_side() -> None:
    assert tree('"water meters"') == Word((Way(("water", "meter"), adjacent=True),), "water meters")


def test_words_in_a_row_are_read_together(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[str] = []

    def wanted(text: str) -> list[Word]:
        rows.append(text)
        return [Word((Way((text,)),), text)]

    monkeypatch.setattr("search.language.wanted", wanted)
    read("窄带 物联网 -a b 1\u2009200 (c d) sector:e f title:(g h) network:(i j)")
    assert rows == ["窄带 物联网", "a", "b 1\u2009200", "c d", "e", "f", "g h", "i", "j"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("smok*", Prefix("smok", "smok*")),
        ("SMOK＊", Prefix("smok", "SMOK＊")),
        ("燃*", Prefix("燃", "燃*")),
        ("智慧*", Prefix("智慧", "智慧*")),
        ("標*", Prefix("标", "標*")),
        ("-smok*", Not(Prefix("smok", "smok*"))),
        ("title:smok*", Prefix("smok", "smok*", "title")),
        ("sector:smok*", Prefix("smok", "smok*", "sector")),
        ("智能水*", All((word("智能"), Prefix("水", "智能水*")))),
    ],
)
def test_prefix(text: str, found: Node) -> None:
    assert tree(text) == found


# -- fields --


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("title:lamp", word("lamp", "title")),
        ("標題：lamp", word("lamp", "title")),
        ("TITLE: lamp", word("lamp", "title")),
        ("story:lamp", word("lamp", "body")),
        ("org:lamp", word("lamp", "party")),
        ("-place:lamp", Not(word("lamp", "place"))),
        ("place:-lamp", Not(word("lamp", "place"))),
        ('title:"street lamp"', Word((Way(("street", "lamp"), adjacent=True),), "street lamp", "title")),
        ("sector:parking", Any((Pick("sector", ("parking",)), word("parking", "sector")))),
        ("行业:停车", Any((Pick("sector", ("停车",)), word("停车", "sector")))),
        ("network:NBIoT", Any((Pick("network", ("nbiot",)), word("NBIoT", "term")))),
        ("province:44", Any((Pick("province", ("44",)), word("44", "place")))),
        ("省份:广东", Any((Pick("province", ("广东",)), word("广东", "place")))),
        ("country:es", Any((Pick("country", ("ES",)), word("es", "place")))),
        ("方向:治理智能化", Pick("direction", ("governance",))),
        ("scale:1M", Pick("scale", ("1m",))),
        ("规模:百万级", Pick("scale", ("1m",))),
        ("status:live", Pick("status", ("live",))),
        ("状态:试点", Pick("status", ("pilot",))),
        ("origin:demo", Pick("origin", ("demo",))),
        ("year:2024", Pick("year", ("2024",))),
        ("年份:2024年", Pick("year", ("2024",))),
        ("year:>=2024", Range("date", 20240000, None)),
        ("has:place", Pick("has", ("place",))),
        ("-有:附件", Not(Pick("has", ("attachments",)))),
    ],
)
def test_field(text: str, found: Node) -> None:
    assert tree(text) == found


def test_a_phrase_names_a_code_of_several_words() -> None:
    found = tree('sector:"Fire Safety"')
    assert isinstance(found, Any)
    assert found.nodes[0] == Pick("sector", ("fire-safety",))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sector:(parking OR metering)", "sector:parking OR sector:metering"),
        ("sector:(parking metering)", "sector:parking sector:metering"),
        ("-sector:(parking OR metering)", "-(sector:parking | sector:metering)"),
        ("title:(lamp OR sector:ports)", "title:lamp OR sector:ports"),
        ("connections:(<10k OR >1m)", "connections:<10k OR connections:>1m"),
        ("has:(place date)", "has:place has:date"),
        ("title:lamp port", "(title:lamp) AND port"),
    ],
)
def test_a_field_of_a_group(one: str, other: str) -> None:
    assert tree(one) == tree(other)


@pytest.mark.parametrize("text", ["http://x.example", "18:30", "a:b", "10:1", "Madrid: meters"])
def test_what_is_no_field_is_words(text: str) -> None:
    assert asked(tree(text)) != []


# -- numbers and dates --


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("1000000", 1_000_000, 1_000_000),
        ("1,000,000", 1_000_000, 1_000_000),
        ("=1m", 1_000_000, 1_000_000),
        (">1000000", 1_000_001, None),
        (">=1m", 1_000_000, None),
        ("≥1m", 1_000_000, None),
        ("＞＝１Ｍ", 1_000_000, None),
        ("<1.2M", None, 1_199_999),
        ("<=120万", None, 1_200_000),
        ("≤1.2亿", None, 120_000_000),
        ("<= 100k", None, 100_000),
        (">=百万", 1_000_000, None),
        (">=5千万", 50_000_000, None),
        ("10万..100万", 100_000, 1_000_000),
        ("10万～100万", 100_000, 1_000_000),
        ("10万至100万", 100_000, 1_000_000),
        ("10k…1.5m", 10_000, 1_500_000),
        ("..1m", None, 1_000_000),
        ("1m..", 1_000_000, None),
        ("(1m)", 1_000_000, 1_000_000),
        ('"1m"', 1_000_000, 1_000_000),
        (">" + "9" * 40, MOST + 1, None),
    ],
)
def test_number(value: str, low: int | None, high: int | None) -> None:
    assert tree(f"connections:{value}") == Range("connections", low, high)
    assert tree(f"连接数：{value}") == Range("connections", low, high)


def test_a_comparison_needs_no_colon() -> None:
    assert tree("connections>1m") == tree("connections > 1m") == tree("连接数＞100万") == tree("connections:>1m")
    assert asked(tree("x>1m")) == asked(tree("x 1m"))


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("2024", 20240000, 20241231),
        ("2024年", 20240000, 20241231),
        ("2024-03", 20240300, 20240331),
        ("2024年3月", 20240300, 20240331),
        ("2024-03-15", 20240315, 20240315),
        ("2024/3/15", 20240315, 20240315),
        ("2024年3月15日", 20240315, 20240315),
        (">=2024-03-15", 20240315, None),
        (">2024-03-15", 20240316, None),
        (">=2024", 20240000, None),
        ("<=2024", None, 20241231),
        ("<=2024-03", None, 20240331),
        ("2023..2024", 20230000, 20241231),
        ("2023-11..2024-02-01", 20231100, 20240201),
        ("2023..", 20230000, None),
    ],
)
def test_date(value: str, low: int | None, high: int | None) -> None:
    assert tree(f"date:{value}") == Range("date", low, high)


@pytest.mark.parametrize("known", [20240000, 20240300, 20240315, 20241231])
def test_a_date_known_in_part_is_in_its_year_and_not_after_it(known: int) -> None:
    def holds(text: str) -> bool:
        found = tree(text)
        assert isinstance(found, Range)
        return (found.low is None or found.low <= known) and (found.high is None or known <= found.high)

    assert [
        text for text in ("2024", ">=2024", "<=2024", "2023..2024", ">2023") if not holds(f"date:{text}")
    ] == []
    assert [text for text in ("2023", ">2024", "<2024", ">=2025", "..2023") if holds(f"date:{text}")] == []


# -- what could not be read --


@pytest.mark.parametrize(
    ("text", "code", "about", "same"),
    [
        ('lamp "cattle', "unbalanced_quote", "", "lamp cattle"),
        ("lamp “cattle", "unbalanced_quote", "", "lamp cattle"),
        ("lamp (cattle", "unbalanced_parenthesis", "", "lamp (cattle)"),
        ("lamp) cattle", "unbalanced_parenthesis", "", "(lamp) (cattle)"),
        ("lamp OR", "dangling", "OR", "lamp"),
        ("| lamp", "dangling", "|", "lamp"),
        ("lamp NOT", "dangling", "NOT", "lamp"),
        ("lamp AND OR cattle", "dangling", "AND", "lamp OR cattle"),
        ("(lamp OR) cattle", "dangling", "OR", "(lamp) (cattle)"),
        ("lamp -() cattle", "dangling", "-", "(lamp) (cattle)"),
        ("lamp foo:bar", "unknown_field", "foo:", "lamp foo bar"),
        ("lamp 项目：bar", "unknown_field", "项目:", "lamp 项目 bar"),
        ("lamp title:", "empty_field", "title", "lamp"),
        ("lamp title:()", "empty_field", "title", "lamp"),
        ("lamp title:!!!", "empty_field", "title:!!!", "lamp"),
        ("lamp connections:>abc", "bad_number", "connections:>abc", "lamp"),
        ("lamp connections:-5", "bad_number", "connections:-5", "lamp"),
        ("lamp connections:..", "bad_number", "connections:..", "lamp"),
        ("lamp connections:1m..x", "bad_number", "connections:1m..x", "lamp"),
        ("lamp connections:m", "bad_number", "connections:m", "lamp"),
        ("lamp date:2024-13", "bad_date", "date:2024-13", "lamp"),
        ("lamp date:2023-02-29", "bad_date", "date:2023-02-29", "lamp"),
        ("lamp year:soon", "bad_date", "year:soon", "lamp"),
        ("connections:10m..1m", "range_swapped", "connections:10m..1m", "connections:1m..10m"),
        ("date:2024..2023-05", "range_swapped", "date:2024..2023-05", "date:2023-05..2024"),
        ("lamp has:soul", "unknown_has", "has:soul", "lamp"),
        ("lamp status:x", "unknown_value", "status:x", "lamp"),
        ("lamp *", "star", "*", "lamp"),
        ("lamp s*", "star", "s*", "lamp s"),
        ("lamp ca*le", "star", "ca*le", "lamp ca le"),
    ],
)
def test_what_makes_no_sense_is_left_out_and_said(text: str, code: str, about: str, same: str) -> None:
    found = read(text)
    assert found.notes == ((code, about),)
    assert asked(found.tree) == asked(tree(same))
    assert [type(each) for each in leaves(found.tree)] == [type(each) for each in leaves(tree(same))]


@pytest.mark.parametrize("text", ["", "  \n\u3000", "*", "* *"])
def test_a_blank_or_a_star_asks_for_everything(text: str) -> None:
    assert read(text).tree == EVERYTHING


@pytest.mark.parametrize("text", ["!!!", "😀", "——", "NOT", "connections:>abc", '""', "()", "has:soul"])
def test_signs_and_nonsense_alone_find_nothing(text: str) -> None:
    assert read(text).tree == NOTHING


# -- bad input --


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_bad_input_stays_small(text: str) -> None:
    found = read(text)
    assert len(list(leaves(found.tree))) <= MAX_LEAVES
    assert (("too_long", str(MAX_LENGTH)) in found.notes) is (len(text) > MAX_LENGTH)


def test_limits_are_said() -> None:
    assert read("(" * 9 + "lamp" + ")" * 9).notes == (("too_deep", "8"),)
    many = " OR ".join(f"word{letter}{other}" for letter in "abcdefghi" for other in "abcdefghi")
    assert read(many).notes == (("too_many", "64"),)
    assert len(list(leaves(read(many).tree))) == MAX_LEAVES
    row = " ".join(f"{letter}{other}x" for letter in "abcdefghi" for other in "abcdefghi")
    assert read(row).notes == (("too_many", "64"),)


@pytest.mark.parametrize(
    "text",
    ["'; DROP TABLE cases; --", "1' OR '1'='1", "<script>alert(1)</script>", "${jndi:ldap://x}", "\0\ud800 lamp"],
)
def test_code_is_words(text: str) -> None:
    assert asked(read(text).tree) != []


PIECES = (
    *("lamp", "水表", "(", ")", "（", "）", '"', "“", "AND", "OR", "NOT", "|", "-", "!", "*", "smok*", " ", "\n"),
    *(
        "title:",
        "标题：",
        "connections:>",
        "date:",
        "has:",
        "foo:",
        "2024..",
        "1.2亿",
        "-03",
        "<=",
        "～",
        "😀",
        "\0",
    ),
)


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join) | st.text(max_size=300))
@example("-" * 5 + "(")
@example('a"(')
def test_reading_never_fails_and_stays_small(text: str) -> None:
    found = read(text)
    assert len(list(leaves(found.tree))) <= MAX_LEAVES
    assert depth(found.tree) <= 30
    assert len(found.notes) <= 8
    assert found == read(text)


@given(st.lists(st.sampled_from(["lamp", "cattle", "-port", "title:mine", '"car park"']), min_size=1, max_size=6))
def test_and_is_what_a_blank_is(words: list[str]) -> None:
    assert read(" AND ".join(words)).tree == read(" ".join(f"({word})" for word in words)).tree
