"""The routes for programs: what they answer, what they keep back, how they are described."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

BASE = "/api/v1/statistics"


def test_all_series(client: FlaskClient) -> None:
    answer = client.get(f"{BASE}/series").get_json()
    assert answer["total"] == 2
    assert [(one["code"], one["part_of"], len(one["points"])) for one in answer["items"]] == [
        ("mobile-iot-connections", None, 2),
        ("smart-home-connections", "mobile-iot-connections", 1),
    ]


def test_one_series_word_for_word(client: FlaskClient) -> None:
    assert client.get(f"{BASE}/series/smart-home-connections").get_json() == {
        "code": "smart-home-connections",
        "part_of": "mobile-iot-connections",
        "title": {"en": "Smart home", "zh": "Smart home（中）"},
        "definition": {"en": "As labelled.", "zh": "As labelled.（中）"},
        "unit": {"en": "connections", "zh": "connections（中）"},
        "points": [
            {
                "as_of": "2022-12",
                "value": 192_000_000,
                "bound": "exact",
                "note": {"en": "=1+1", "zh": "=1+1（中）"},
                "source": {"title": {"en": "A", "zh": "A（中）"}, "url": None, "link": False, "copied": True},
            }
        ],
    }


def test_a_reader_who_has_it_gets_304(client: FlaskClient) -> None:
    first = client.get(f"{BASE}/series/mobile-iot-connections")
    tag = {"If-None-Match": first.headers["ETag"]}
    assert client.get(f"{BASE}/series/mobile-iot-connections", headers=tag).status_code == 304
    assert client.get(f"{BASE}/series/smart-home-connections", headers=tag).status_code == 200


def test_targets(client: FlaskClient) -> None:
    answer = client.get(f"{BASE}/targets").get_json()
    assert answer["total"] == 2
    assert [(aim["code"], aim["value"], aim["present"]) for aim in answer["items"]] == [
        ("connections-2023", 1_200_000_000, False),
        ("connections-2027", 3_600_000_000, True),
    ]


@pytest.mark.parametrize("path", ["/series", "/series/mobile-iot-connections", "/targets"])
def test_nothing_hidden_and_no_address_of_a_copy(client: FlaskClient, path: str) -> None:
    answer = client.get(BASE + path).get_data(as_text=True)
    assert "paper.example" in answer
    assert "2332000123" not in answer
    assert "copy.example" not in answer


def test_no_such_series(client: FlaskClient) -> None:
    response = client.get(f"{BASE}/series/no-such-series")
    assert (response.status_code, response.mimetype) == (404, "application/problem+json")


def test_the_routes_are_described(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").get_json()
    described = {path for path in document["paths"] if "/statistics/" in path}
    assert described == {f"{BASE}/series", f"{BASE}/series/{{code}}", f"{BASE}/targets"}
    answer = document["paths"][f"{BASE}/series/{{code}}"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/SeriesSeen"}
    assert set(document["components"]["schemas"]["PointSeen"]["required"]) == {
        "as_of", "value", "bound", "note", "source",
    }  # fmt: skip
