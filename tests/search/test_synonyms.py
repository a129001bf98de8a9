"""Other names: what the lines say, which names a query is found by, and that no name says too much."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from search.analysis import sequence, tokens
from search.synonyms import Known, known, read
from search.tree import Way, Word
from search.wanted import MAX_SYNONYMS, wanted

SEEDS = Path(__file__).parents[2] / "seed_cases"


def found_by(word: Word, text: str) -> bool:
    """Does a text satisfy a word? Terms by position, as matching does it."""
    places = {(term, position) for term, position, _, _ in tokens(text)}
    held = {term for term, _ in places}
    starts = {position for _, position in places}
    return any(
        any(all((term, start + step) in places for step, term in enumerate(way.terms)) for start in starts)
        if way.adjacent
        else held.issuperset(way.terms)
        for way in word.ways
    )


def finds(query: str, text: str) -> bool:
    return all(found_by(word, text) for word in wanted(query))


LINES = """
# a remark
smoke detector = 烟感
meter = 表计
meter > water meter, 燃气表
water meter = 水表
China Mobile = 中国移动
"""


def test_a_line_makes_every_name_find_the_others() -> None:
    table = read(LINES)
    assert table["烟感",] == Known(Way(("烟感",)), (Way(("smoke", "detector"), adjacent=True),))
    assert table["smoke", "detector"] == Known(Way(("smoke", "detector")), (Way(("烟感",)),))


def test_a_kind_is_found_by_what_it_is_a_kind_of_and_not_the_other_way_round() -> None:
    table = read(LINES)
    water, mains = Way(("water", "meter"), adjacent=True), Way(("水表",))
    assert table["表计",].others == (Way(("meter",)), water, mains, Way(("燃气表",)))
    assert table["水表",].others == (water,)
    assert ("燃气表",) not in table


def test_a_name_with_capitals_must_stand_together() -> None:
    assert read(LINES)["china", "mobil"].own == Way(("china", "mobil"), adjacent=True)
    assert read(LINES)["中国", "移动"].own == Way(("中国", "移动"), adjacent=True)


@pytest.mark.parametrize("line", ["a = ", "= a", "?! = a", "a > b, ?"])
def test_a_line_with_a_name_of_nothing_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        read(line)


def test_kinds_of_kinds_are_found_and_a_circle_ends() -> None:
    table = read("a > b\nb > c\nc > a\nb = d")
    assert [way.terms for way in table["a",].others] == [("b",), ("d",), ("c",)]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("narrowband IoT", "鹰潭窄带物联网水表"),
        ("窄带物联网", "Meters on NB-IoT"),
        ("nb iot", "窄带蜂窝物联网"),
        ("LTE-M", "经eMTC接入"),
        ("eMTC trackers", "LTE-M trackers"),
        ("轻量化5G", "cameras on 5G RedCap"),
        ("RedCap", "轻量化5G专网"),
        ("smoke detectors", "独立式感烟火灾探测报警器"),
        ("smoke-detector", "街道烟感"),
        ("烟感", "smoke alarms in homes"),
        ("消防煙感", "烟雾报警器"),
        ("gas meter", "膜式燃气表"),
        ("气表", "a gas-meter on the wall"),
        ("meters", "更换热量表"),
        ("表计", "smart water meters"),
        ("smart water meter", "智慧供水：智能远传水表"),
        ("street lighting", "智慧路灯"),
        ("路灯", "connected street lights"),
        ("parking", "路内停车位"),
        ("井盖", "manhole covers"),
        ("cold chain", "冷链运输"),
        ("wearables", "可穿戴设备"),
        ("elderly care", "居家养老服务"),
        ("pet tracker", "宠物定位器"),
        ("共享单车", "dockless bikes"),
        ("telematics", "车联网平台"),
        ("POS terminal", "收款机"),
        ("AMR", "燃气表远程抄表"),
        ("远程抄表", "advanced metering infrastructure"),
        ("low-power wide-area", "NB-IoT"),
        ("LPWA", "低功耗广域网络"),
        ("漏损", "water leakage of the network"),
        ("CMCC", "中国移动"),
        ("中國電信", "China Telecom"),
        ("China Unicom Shanghai", "上海联通与中国联通"),
        ("Shaanxi", "陕西煤矿"),
        ("smart home", "智能家居"),
        ("环境监测", "environmental monitoring stations"),
        ("internet of things", "物联网"),
        ("定位", "high-precision positioning"),
    ],
)
def test_a_query_finds_a_text_in_the_other_words(query: str, text: str) -> None:
    assert finds(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("水表", "燃气表和电表 gas meters"),
        ("water meter", "gas meters and heat meters"),
        ("水表", "a meter"),
        ("Shanxi", "陕西"),
        ("China Mobile", "mobile phones in China"),
        ("中国移动", "中国的移动物联网"),
        ("park", "停车"),
        ("停车", "an industrial park"),
        ("运营商", "remote operation of cranes"),
        ("建筑", "they build networks"),
        ("奶牛", "肉牛养殖"),
        ("NB-IoT", "5G"),
        ("smoke detector", "烟草"),
        ("Cat1", "LTE-M"),
    ],
)
def test_a_query_does_not_find_what_is_something_else(query: str, text: str) -> None:
    assert not finds(query, text)


def test_titles_of_the_taxonomy_find_each_other_in_both_languages() -> None:
    """Search knows no taxonomy, but what its sectors are called is general language."""
    taxonomy = json.loads((SEEDS / "taxonomy.json").read_text(encoding="utf-8"))
    titles = [one["title"] for one in (*taxonomy["sectors"], *taxonomy["technologies"])]
    assert len(titles) > 30
    missing = [
        f"{asked} ↛ {title[other]}"
        for title in titles
        for asked, other in ((title["en"], "zh"), (title["zh"], "en"))
        if not finds(asked, title[other])
    ]
    assert missing == []


def test_a_synonym_counts_as_one_word() -> None:
    assert len(wanted("smoke detector")) == len(wanted("烟感")) == 1
    assert [word.asked for word in wanted("NB-IoT 水表")] == ["NB-IoT", "水表"]


def test_the_longest_name_counts() -> None:
    (word,) = wanted("automatic meter reading")
    assert word.ways[0] == Way(("automat", "meter", "read"))


def test_names_beyond_the_budget_are_looked_for_as_they_are_written() -> None:
    names = [line.partition("=")[0] for line in sorted(_lines(), key=len, reverse=True) if ">" not in line]
    many = wanted(" ; ".join(names))
    assert sum(len(way.terms) for word in many for way in word.ways[1:]) <= MAX_SYNONYMS
    assert len(many[0].ways) > 1
    assert len(many[-1].ways) == 1


def _lines() -> list[str]:
    text = files("search").joinpath("synonyms.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_every_name_of_the_file_is_told_once() -> None:
    for line in _lines():
        names = [tuple(sequence(name)) for name in line.replace(">", "=").replace(",", "=").split("=")]
        assert len(names) == len(set(names)) > 1, line


def test_every_line_of_equals_is_known_by_each_of_its_names() -> None:
    for line in _lines():
        if ">" not in line:
            names = [tuple(sequence(name)) for name in line.split("=")]
            for name in names:
                found = known(name)
                assert found, line
                assert {name, *(way.terms for way in found.others)}.issuperset(names), line
