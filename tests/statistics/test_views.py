"""The page and the table, through HTTP."""

from __future__ import annotations

import csv
import io

import pytest
from flask.testing import FlaskClient

from library.figures import NARROW


def table(client: FlaskClient) -> list[dict[str, str]]:
    response = client.get("/statistics.csv")
    assert (response.status_code, response.mimetype) == (200, "text/csv")
    return list(csv.DictReader(io.StringIO(response.get_data().decode("utf-8-sig"))))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_in_both_languages(client: FlaskClient, lang: str) -> None:
    response = client.get(f"/statistics?lang={lang}")
    assert response.status_code == 200
    page = response.get_data(as_text=True)
    assert ("The second notice（中）" in page) == (lang == "zh")
    assert (f"2.12{NARROW}bn" in page, f"21.2{NARROW}亿" in page) == (lang == "en", lang == "zh")


def test_the_page_shows_no_hidden_point_and_links_no_copy(client: FlaskClient) -> None:
    page = client.get("/statistics?lang=en").get_data(as_text=True)
    digits = page.replace(NARROW, "")
    assert "2120000000" in digits
    assert "2332000123" not in digits
    assert 'href="https://paper.example/1"' in page
    assert "copy.example" not in page
    assert page.count("(copy, not linked)") == 2  # two points; the notice as supplied is no copy


def test_the_table_begins_with_a_byte_order_mark(client: FlaskClient) -> None:
    assert client.get("/statistics.csv").get_data().startswith(b"\xef\xbb\xbfseries,")


def test_the_table_has_the_shown_points(client: FlaskClient) -> None:
    keys = ("series", "as_of", "bound", "value", "source_url", "source_copied")
    assert [tuple(row[key] for key in keys) for row in table(client)] == [
        ("mobile-iot-connections", "2019-12", "lower", "1000000000", "", "yes"),
        ("mobile-iot-connections", "2023-06", "exact", "2120000000", "https://paper.example/1", ""),
        ("smart-home-connections", "2022-12", "exact", "192000000", "", "yes"),
    ]


def test_no_cell_of_the_table_is_a_formula(client: FlaskClient) -> None:
    assert table(client)[2]["note_en"] == "'=1+1"
    cells = [cell for row in table(client) for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
