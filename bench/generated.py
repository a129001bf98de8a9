"""Invented bilingual cases in any number, the same ones every time: what the search is measured with.

They are as long as real cases and filled in like them; their words follow Zipf's law. A longer run begins with
the cases of a shorter one.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from bench import words
from library import labels
from library.config import ROOT
from search import Document

FORM = 1
"""Raise it when other cases are generated: what was built from the former ones is not used again."""

NAMES, SHARE = 20_000, 0.05
"""Invented names of a language, and how much of its text they are: the many that are rare."""

Drawn = tuple[tuple[str, ...], list[float]]

RUNGS = ((10**8, "100m"), (10**7, "10m"), (10**6, "1m"), (10**5, "100k"), (10**4, "10k"), (0, "0"))
NETWORKS = ("nb-iot", "lte-cat1", "4g", "5g", "lte-m", "2g", "redcap", "3g", "other")
COUNTRIES = ("CN", "GB", "US", "DE", "ES", "JP", "AU", "IN", "BR", "SA")
STATUSES = ("live", "unknown", "pilot", "ended")
HAS = ("connections", "date", "place", "english", "attachments", "sources", "verified")


def documents(count: int, seed: int = 1) -> Iterator[Document]:
    """The first `count` cases of this seed."""
    random = Random(seed)
    for number in range(1, count + 1):
        yield _document(random, number)


def zipf(size: int) -> list[float]:
    """Cumulative weights by Zipf's law, with Mandelbrot's shift so that the first few are not everywhere."""
    return list(itertools.accumulate(1 / (rank + 2.7) for rank in range(1, size + 1)))


def _document(random: Random, number: int) -> Document:
    code = f"MIOT-G-{number:06d}"
    sectors, technologies = _sectors(), _technologies()
    leaf = random.choices(sectors["order"], cum_weights=sectors["weights"])[0]
    path = sectors["paths"][leaf]
    networks = tuple(dict.fromkeys(_drawn(random, NETWORKS, random.choice((1, 1, 1, 2)))))
    country = _drawn(random, COUNTRIES, 1)[0] if random.random() < 0.4 else "CN"
    province = random.choice(_provinces()) if country == "CN" else None
    technology = (random.choice(technologies),) if random.random() < 0.3 else ()
    year = random.choice((*range(2017, 2027), None))
    value = int(10 ** random.uniform(2, 8.2)) if random.random() < 0.85 else None
    scale = next(rung for floor, rung in RUNGS if value >= floor) if value is not None else "unknown"
    demo = random.random() < 0.02
    status = _drawn(random, STATUSES, 1)[0]

    title = {"zh": _title(random, "zh", leaf), "en": _title(random, "en", leaf)}
    summary = {lang: _passage(random, lang, sentences=2, figure=value) for lang in ("zh", "en")}
    parties = [_party(random, role) for role in ("owner", "operator", "platform")[: random.choice((1, 2, 3))]]
    place = {lang: _place(random, lang, country, province) for lang in ("zh", "en")}
    row = {
        "code": code,
        "origin": "demo" if demo else "collected",
        "title": title,
        "summary": summary,
        "parties": parties,
        "direction": path[-1],
        "sectors": [leaf],
        "technologies": list(technology),
        "networks": list(networks),
        "network_text": None,
        "place": {"country": country, "provinces": [province] if province else [], "text": place},
        "status": status,
        "as_of": str(year) if year else None,
        "connections": {"value": value, "kind": "stated", "as_of": str(year)} if value is not None else None,
        "reported": None,
        "target": None,
        "scale": scale,
    }
    spoken = [labels.NETWORKS[name] for name in networks]
    return Document(
        key=code,
        text={
            "title": title,
            "summary": summary,
            "body": {
                lang: _passage(random, lang, sentences=random.choice((6, 8, 9, 12))) for lang in ("zh", "en")
            },
            "party": {lang: " · ".join(party["name"][lang] for party in parties) for lang in ("zh", "en")},
            "sector": {lang: " · ".join(sectors["names"][step][lang] for step in path) for lang in ("zh", "en")},
            "place": place,
            "term": dict.fromkeys(("zh", "en"), " · ".join((code, *spoken))),
        },
        facets={
            "direction": (path[-1],),
            "sector": path,
            "technology": technology,
            "network": networks,
            "country": (country,),
            "province": (province,) if province else (),
            "scale": (scale,),
            "status": (status,),
            "year": (str(year) if year else "unknown",),
            "origin": (str(row["origin"]),),
            "has": tuple(name for name in HAS if random.random() < 0.5),
        },
        numbers={"connections": value, "date": year * 10_000 if year else None},
        rank_group=1 if demo else 0,
        names={
            "sector": tuple(sectors["titles"][step][lang] for step in path for lang in ("zh", "en")),
            "organisation": tuple(party["name"][lang] for party in parties for lang in ("zh", "en")),
            "place": tuple(name for lang in ("zh", "en") for name in place[lang].split(" · ")[1:]),
        },
        stored=row,
    )


@functools.cache
def _drawable(lang: str) -> Drawn:
    """Every word of a language, the frequent ones first, with what it weighs in the draw."""
    random = Random(lang)
    known = list(words.CHINESE if lang == "zh" else words.ENGLISH)
    for place, phrase in enumerate((*words.TOGETHER[lang], *words.RADIO), 1):
        known.insert(place * 9, phrase)
    names = dict.fromkeys(words.invented(random, lang) for _ in range(NAMES))
    often, seldom = zipf(len(known)), zipf(len(names))
    factor = often[-1] * SHARE / (1 - SHARE) / seldom[-1]
    return (*known, *names), often + [often[-1] + weight * factor for weight in seldom]


def _passage(random: Random, lang: str, *, sentences: int, figure: int | None = None) -> str:
    every, weights = _drawable(lang)
    drawn = random.choices(every, cum_weights=weights, k=sentences * 11)
    said = []
    for start in range(0, len(drawn), 11):
        said.append(_sentence(drawn[start : start + 11], lang))
    if figure is not None:
        said.append(f"共接入{figure}个终端。" if lang == "zh" else f"{figure:,} terminals are connected.")
    return ("" if lang == "zh" else " ").join(said)


def _sentence(drawn: list[str], lang: str) -> str:
    if lang == "zh":
        return f"{''.join(drawn[:6])}，{''.join(drawn[6:])}。"
    return f"{drawn[0].capitalize()} {' '.join(drawn[1:])}."


def _title(random: Random, lang: str, leaf: str) -> str:
    name = words.invented(random, lang)
    subject = _sectors()["titles"][leaf][lang]
    return f"{name}{subject}项目" if lang == "zh" else f"{subject} in {name}"


def _party(random: Random, role: str) -> dict[str, Any]:
    return {
        "name": {
            "zh": words.invented(random, "zh") + random.choice(words.KINDS["zh"]),
            "en": f"{words.invented(random, 'en')} {random.choice(words.KINDS['en'])}",
        },
        "role": role,
    }


def _place(random: Random, lang: str, country: str, province: str | None) -> str:
    town = words.invented(random, lang)
    names = [town, labels.province(province, lang)] if province else [town]
    return " · ".join((*names, _country(country, lang)))


@functools.cache
def _country(code: str, lang: str) -> str:
    return labels.country(code, lang)


def _drawn(random: Random, codes: tuple[str, ...], count: int) -> list[str]:
    return random.choices(codes, cum_weights=_weights(len(codes)), k=count)


_weights = functools.cache(zipf)


@functools.cache
def _provinces() -> tuple[str, ...]:
    return tuple(labels.PROVINCES)


@functools.cache
def _taxonomy() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((ROOT / "seed_cases/taxonomy.json").read_text(encoding="utf-8"))
    return found


@functools.cache
def _technologies() -> tuple[str, ...]:
    return tuple(each["code"] for each in _taxonomy()["technologies"])


@functools.cache
def _sectors() -> dict[str, Any]:
    """The sectors below the directions: their order in the draw, the way up, titles, all that they are called."""
    rows = {each["code"]: each for each in _taxonomy()["sectors"]}
    paths = {}
    for code in rows:
        path = [code]
        while above := rows[path[-1]]["parent"]:
            path.append(above)
        paths[code] = tuple(path)
    order = [code for code, row in rows.items() if row["parent"]]
    names = {
        code: {
            lang: " · ".join((row["title"][lang], *row.get("synonyms", {}).get(lang, ()))) for lang in ("zh", "en")
        }
        for code, row in rows.items()
    }
    titles = {code: row["title"] for code, row in rows.items()}
    return {"order": order, "weights": zipf(len(order)), "paths": paths, "names": names, "titles": titles}
