"""The library that the judged queries are asked of: the real cases, cases planted by hand, and grown ones.

All of them go through the schema, the importer and library.indexing, as cases do in the product. Shared by
tests/search/test_judged.py and bench/judged.py; the data and the method lie in tests/search/judged/.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from library import indexing, seeding
from library.catalog import importer, taxonomy
from library.config import Config
from library.db import Database
from library.labels import NETWORKS, country, province
from library.migrations import upgrade
from library.policy import SYSTEM
from search import Index

DATA = Path(__file__).parent / "search" / "judged"
NOW = dt.datetime(2026, 11, 22, 9, 30, tzinfo=dt.UTC)
GROWN = 221
PLANS = ("planned", "contracted")
Facts = dict[str, Any]


def build(folder: Path) -> tuple[Index, dict[str, Facts]]:
    """The whole library, seeded and indexed in `folder`; and what is true of each of its cases."""
    config = Config.read({"CASELIB_DATA": str(folder / "data"), "CASELIB_ENV": "test"})
    files = [path for path in sorted(config.seeds.glob("*.json")) if path.name not in seeding.NOT_CASES]
    grown_cases = list(grown())
    made = [*planted(), *(case for case, _ in grown_cases)]
    paths = []
    for case in made:
        paths.append(folder / f"{case['code']}.json")
        paths[-1].write_text(json.dumps(case, ensure_ascii=False), encoding="utf-8")
    database, index = Database(config.database_url), Index(config.index)
    upgrade(database)
    for _ in seeding.seed(database, config, demo=False, now=NOW, progress=lambda done, of: None):
        pass
    with database.unit() as session:
        importer.import_cases(session, SYSTEM, paths, now=NOW)
        tree = taxonomy.read(session)
    indexing.rebuild(database, index, "here", now=NOW, progress=lambda done: None)
    database.engine.dispose()
    facts = {case["code"]: facts_of(case, tree) for case in (*map(_load, files), *made)}
    for case, more in grown_cases:
        facts[case["code"]] |= more
    return index, facts


def planted() -> Iterator[dict[str, Any]]:
    """The cases written by hand, as files of seed_cases/ would say them."""
    for case in _load(DATA / "planted.json"):
        spoken = [lang for lang in ("zh", "en") if lang in case]
        told = {lang: dict(zip(("title", "summary", "text"), case[lang], strict=True)) for lang in spoken}
        place, party = ({"zh": case[name][0], "en": case[name][1]} for name in ("place", "party"))
        rest = {name: case.get(name) for name in ("sectors", "networks", "provinces", "connections", "as_of")}
        yield _document(case["code"], told, place=place, party=party, country=case.get("country", "CN"), **rest)


def grown() -> Iterator[tuple[dict[str, Any], Facts]]:
    """The other cases: every thing in every town, told in Chinese, in English or in both; with their facts."""
    patterns = _load(DATA / "patterns.json")
    things, towns = patterns["things"], patterns["towns"]
    for number in range(GROWN):
        thing, town = things[number % len(things)], towns[(number // len(things) + number) % len(towns)]
        turn = number // len(things)
        network = thing["networks"][turn % len(thing["networks"])]
        value = patterns["counts"][(number * 5 + turn) % len(patterns["counts"])]
        when = patterns["dates"][(number * 7 + turn) % len(patterns["dates"])]
        languages = ("zh", "en") if turn % 5 in (0, 3) else ("en",) if turn % 5 == 4 else ("zh",)
        told, place, party = {}, {}, {}
        for lang in languages:
            pattern, words = patterns[lang], thing[lang]
            names = {"town": town[lang], "network": NETWORKS[network], "count": _written(value, lang, turn)}
            names |= {"country": country(town["country"], lang), "unit": words["unit"]}
            names["province"] = province(town["province"], lang) if "province" in town else ""
            names["owner"] = pattern["owner"].format(owner=words["owner"], **names)
            told[lang] = {
                "title": pattern["title"].format(title=_capital(words["title"]), **names),
                "summary": pattern["summary"][turn % 3].format(**names),
                "text": words["text"] + ("" if lang == "zh" else " ") + pattern["more"][(number + turn) % 5],
            }
            place[lang], party[lang] = pattern["place"].format(**names), names["owner"]
        document = _document(
            f"MIOT-P-{3000 + number}",
            told,
            place=place,
            party=party,
            country=town["country"],
            sectors=thing["sectors"],
            networks=[network],
            provinces=[town["province"]] if "province" in town else [],
            connections=value,
            as_of=when,
        )
        yield document, {"thing": thing["thing"], "town": town["en"], "speaks": "+".join(languages)}


def _document(
    code: str,
    told: Mapping[str, Mapping[str, str]],
    *,
    place: Mapping[str, str],
    party: Mapping[str, str],
    country: str,
    sectors: list[str],
    networks: list[str] | None,
    provinces: list[str] | None,
    connections: int | None,
    as_of: str,
) -> dict[str, Any]:
    """A case file. The schema wants Chinese: what is told in English alone stands there untranslated."""

    def both(texts: Mapping[str, str]) -> dict[str, str]:
        said = {lang: text for lang, text in texts.items() if text}
        return {"zh": said.get("zh") or said["en"], **said}

    title, summary, text = (
        both({lang: words[name] for lang, words in told.items()}) for name in ("title", "summary", "text")
    )
    count = {"value": connections, "kind": "stated", "as_of": as_of, "what": {"zh": "个连接"}, "source": 1}
    return {
        "code": code,
        "origin": "collected",
        "title": title,
        "summary": summary,
        "sectors": sectors,
        "networks": networks or [],
        "place": {"country": country, "provinces": provinces or [], "text": both(place)},
        "status": "live",
        "as_of": as_of,
        "parties": [{"name": both(party), "role": "owner"}],
        "connections": [count] if connections else [],
        "sections": [{"kind": "solution", "text": text, "sources": [1]}],
        "sources": [{"title": "Judged set", "link": False}],
    }


def _written(value: int, lang: str, turn: int) -> str:
    """A number in one of the ways in which people write it."""
    if lang == "zh" and value >= 10_000:
        return (f"{value / 10_000:g}万", f"{value:,}", str(value))[turn % 3]
    if lang == "en" and value >= 1_000_000:
        return (f"{value / 1_000_000:g} million", f"{value:,}", f"{value:,}".replace(",", "\u202f"))[turn % 3]
    return (str(value), f"{value:,}")[turn % 2]


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def facts_of(case: Mapping[str, Any], tree: taxonomy.Taxonomy) -> Facts:
    """What a case file states, in the words in which judgements ask for it."""
    reached = [
        count["value"]
        for count in case.get("connections", ())
        if count["kind"] not in PLANS and count.get("scope", "project") == "project"
    ]
    return {
        "sector": tree.with_ancestors(case["sectors"]),
        "direction": tree.direction(case["sectors"][0]),
        "network": case.get("networks", []),
        "country": case["place"].get("country"),
        "province": case["place"].get("provinces", []),
        "status": case["status"],
        "date": case.get("as_of"),
        "connections": reached[0] if reached else None,
    }
