"""Slips of the finger."""

import pytest

from search.spelling import Shelves
from search.vocabulary import Vocabulary

COUNTS = {
    "smart": 90,
    "smoke": 40,
    "start": 9,
    "water": 60,
    "later": 70,
    "detector": 30,
    "detection": 20,
    "nbiot": 5,
}


@pytest.fixture
def vocabulary() -> Vocabulary:
    return Vocabulary(("word", word, count) for word, count in COUNTS.items())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("smrt", "smart"),  # one too few
        ("smaart", "smart"),  # one too many
        ("smert", "smart"),  # a wrong one
        ("smoek", "smoke"),  # two the wrong way round
        ("SMOEK", "smoke"),
        ("ｓｍｏｅｋ", "smoke"),
        ("msart", "smart"),
        ("qater", "later"),  # water is as near; later is found more often
        ("wster", "water"),
        ("dtecto", "detector"),  # two slips in a long word
        ("dtctor", "detector"),
    ],
)
def test_a_slip_is_corrected(vocabulary: Vocabulary, typed: str, meant: str) -> None:
    assert vocabulary.correct(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "smart",  # there as it stands
        "sxxrt",  # two slips in a short word
        "dtcor",
        "parking",
        "wtr",  # too short to tell
        "with",  # a word of the language
        "redcap",  # a network, whether anybody has it or not
        "nbiot",
        "cat1",
        "2o24",
        "水表",
        "smrt meter",
        "",
    ],
)
def test_what_is_left_alone(vocabulary: Vocabulary, typed: str) -> None:
    assert vocabulary.correct(typed) is None


def test_the_first_letter_counts_more_than_frequency() -> None:
    assert [near.word for near in Shelves({"later": 1000, "water": 1}).near("watre")] == ["water"]
    assert Vocabulary([("word", "later", 1000), ("word", "water", 1)]).correct("wayer") == "water"


def test_fewer_slips_count_more_than_frequency() -> None:
    found = Vocabulary([("word", "detector", 1), ("word", "detection", 1000)]).correct("detectr")
    assert found == "detector"


def test_counts_of_all_segments_together_decide() -> None:
    meter, metre = Vocabulary([("word", "meter", 3)]), Vocabulary([("word", "metre", 2)])
    for parts, meant in (([meter, metre], "meter"), ([meter, metre, metre], "metre")):
        assert Vocabulary.merged(parts, lambda kind, text: True).correct("metr") == meant


def test_nothing_known_nothing_corrected() -> None:
    assert Vocabulary([]).correct("smrt") is None
