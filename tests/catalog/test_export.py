"""Tables and linked data say what the screen says, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from typing import Any

import make
import pytest
from sqlalchemy.orm import Session

from library.catalog import queries, taxonomy
from library.catalog.export import COLUMNS, as_csv, json_ld
from library.policy import VISITOR
from library.tables import safe_cell


def shown(session: Session, **over: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Row and document of a case as a visitor gets them."""
    case = make.case(session, **over)
    session.flush()
    [(case, revision)] = queries.current(session, VISITOR, ids=[case.id])
    document = queries.document(VISITOR, case, revision)
    return queries.row(case, document, taxonomy.read(session)), document


def table(*rows: dict[str, Any], lang: str = "en") -> list[dict[str, str]]:
    text = as_csv(rows, lambda kind, code: f"{kind} {code}", lang)
    assert text.startswith("\ufeffcode,")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.parametrize("text", ["=1+1", "+86 10", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize(("value", "cell"), [(None, ""), (0, "0"), ("1-2", "1-2"), ("a=b", "a=b"), ("水", "水")])
def test_other_cells_stay_as_they_are(value: Any, cell: str) -> None:
    assert safe_cell(value) == cell


def test_a_case_as_a_line(session: Session) -> None:
    row, _ = shown(session, sectors=["water-metering", "smart-home"], networks=["nb-iot", "5g"])
    [line] = table(row)
    assert tuple(line) == COLUMNS
    assert (
        line
        | {
            "code": "MIOT-P-0001",
            "origin": "collected",
            "title_zh": "智能水表",
            "organisation": "City Water",
            "direction": "direction governance",
            "sectors": "sector water-metering; sector smart-home",
            "networks": "network nb-iot; network 5g",
            "place": "Guangdong",
            "connections": "120000",
            "kind": "stated",
            "as_of": "2025-08",
            "verified_on": "",
            "source": "The Paper",
        }
        == line
    )


def test_a_line_of_a_case_of_which_little_is_known(session: Session) -> None:
    row, _ = shown(session, title={"zh": "=智能"}, summary={"zh": "只有中文"}, connections=[], networks=[])
    [line] = table(row)
    assert (line["title_zh"], line["title_en"], line["connections"], line["networks"]) == ("'=智能", "", "", "")


def test_an_invented_case_says_so_in_the_file(session: Session) -> None:
    row, document = shown(session, origin="demo")
    assert table(row)[0]["origin"] == "DEMONSTRATION 演示"
    assert json_ld(row, document, "en", "https://library.example") is None


def test_linked_data(session: Session) -> None:
    sources = [
        {"title": "Meters in town", "publisher": "The Paper", "url": "https://example.org/1", "link": True},
        {"title": "A copy", "url": "https://copy.example/2", "link": False},
    ]
    row, document = shown(session, title={"zh": "智能水表"}, sources=sources)
    said = json_ld(row, document, "en", "https://library.example")
    assert said is not None
    assert (said["headline"], said["abstract"]) == ("智能水表", "Water meters read over NB-IoT.")
    assert said["url"] == "https://library.example/cases/MIOT-P-0001"
    assert said["inLanguage"] == ["zh-CN"]
    assert said["about"] == [{"@type": "Organization", "name": "City Water"}]
    assert said["citation"] == [
        {"@type": "WebPage", "name": "Meters in town", "url": "https://example.org/1"},
        {"@type": "WebPage", "name": "A copy"},
    ]
    assert said["temporalCoverage"] == "2025-08"
