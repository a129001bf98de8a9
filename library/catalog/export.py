"""Cases as tables and as linked data: the same rows as the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .. import tables

LIMIT = 1000
COLUMNS = (
    "code",
    "origin",
    "title_zh",
    "title_en",
    "organisation",
    "direction",
    "sectors",
    "networks",
    "place",
    "connections",
    "kind",
    "bound",
    "as_of",
    "scope",
    "verified_on",
    "source",
    "summary_zh",
    "summary_en",
)


def as_csv(rows: Iterable[Mapping[str, Any]], label: Callable[[str, str], str], lang: str) -> str:
    """The rows as a table, with labels in the reader's language."""
    return tables.as_csv(COLUMNS, (_cells(row, label, lang) for row in rows))


def _names(row: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """Whoever handed the case in, or else the parties that it names."""
    return [row["organisation"]] if row["organisation"] else [party["name"] for party in row["parties"]]


def _cells(row: Mapping[str, Any], label: Callable[[str, str], str], lang: str) -> list[Any]:
    count = row["connections"] or {}
    return [
        row["code"],
        "DEMONSTRATION 演示" if row["origin"] == "demo" else row["origin"],
        row["title"].get("zh"),
        row["title"].get("en"),
        "; ".join(name.get(lang) or name["zh"] for name in _names(row)),
        label("direction", row["direction"]),
        "; ".join(label("sector", code) for code in row["sectors"]),
        "; ".join(label("network", code) for code in row["networks"]),
        row["place"]["text"].get(lang) or row["place"]["text"]["zh"],
        count.get("value"),
        count.get("kind"),
        count.get("bound"),
        count.get("as_of"),
        count.get("scope"),
        (count.get("verified") or {}).get("on"),
        count.get("source"),
        row["summary"].get("zh"),
        row["summary"].get("en"),
    ]


def json_ld(row: Mapping[str, Any], doc: Mapping[str, Any], lang: str, site: str) -> dict[str, Any] | None:
    """A real case as schema.org data; nothing for demonstration records."""
    if row["origin"] == "demo":
        return None
    said = {
        "@context": "https://schema.org",
        "@type": "Article",
        "identifier": row["code"],
        "url": f"{site}/cases/{row['code']}",
        "headline": row["title"].get(lang) or row["title"]["zh"],
        "abstract": row["summary"].get(lang) or row["summary"]["zh"],
        "inLanguage": ["zh-CN", "en"] if row["title"].get("en") else ["zh-CN"],
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "about": [
            {"@type": "Organization", "name": party["name"].get(lang) or party["name"]["zh"]}
            for party in row["parties"]
        ],
        "citation": [
            {
                "@type": "WebPage",
                "name": source["title"],
                **({"url": source["url"]} if source["link"] else {}),
            }
            for source in doc["sources"]
        ],
    }
    if row["as_of"]:
        said["temporalCoverage"] = row["as_of"]
    return said
