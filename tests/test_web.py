"""The frame of every door: headers, languages, refusals, and whatever strangers send."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import pytest
from flask.testing import FlaskClient
from sites import URL, Site, token
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse, encode_multipart

from library.db import Database

CODE = "MIOT-P-0001"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
CSP = "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
FORGED = {
    "Host": "evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "evil",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Port": "666",
    "X-Original-URL": "/evil",
    "Forwarded": "host=evil.example;proto=evil",
}
WEIRD = (
    ("If-None-Match", '"' * 999),
    ("If-Modified-Since", "never"),
    ("Range", "bytes=9-1"),
    ("Content-Type", "text/;;"),
    ("Content-Length", "abc"),
    ("Accept", "a/b/c"),
    ("Host", "a b:x"),
)
# What is typed into an address, and the status that it gets.
ADDRESSES = {
    "/search?page=-1": 422,
    "/search?page=0": 422,
    "/search?page=1000000000": 422,
    "/search?page=abc": 422,
    "/search?page=1.5": 422,
    "/search?page=99999": 404,
    "/search?per_page=101": 422,
    "/search?sort=price": 422,
    "/search?q=" + "x" * 400: 200,
    "/search?q=" + "x" * 8000: 422,
    "/search?q=%00": 200,
    "/search?q=%ff%fe%c0": 200,
    "/search?q=%ed%a0%80": 200,
    "/search?q=%22%28%5B%7E*%20AND%20OR%20NOT": 200,
    "/search?q=<script>alert(1)</script>": 200,
    "/search?sector=%00&year=%ff&network=nb-iot%00": 200,
    "/search?" + "&".join(f"sector=s{number}" for number in range(41)): 422,
    "/search?sector=" + "x" * 61: 422,
    "/search?page=1&page=2&q=a&q=b&sort=title&sort=newest": 200,
    "/search?lang=xx&lang=zh": 200,
    "/search?" + "a=b&" * 500: 200,
    "/search/": 404,
    "//search": 200,
    "/cases//" + CODE: 404,
    "/cases/": 404,
    "/cases/%00": 404,
    "/cases/%ff": 404,
    "/cases/..%2f..%2fetc": 404,
    "/cases/" + "x" * 5000: 404,
    "/cases/MIOT-P-9999": 404,
    "/cases/" + CODE.lower(): 404,
    f"/cases/{CODE}/revisions/0": 404,
    f"/cases/{CODE}/revisions/2": 404,
    f"/cases/{CODE}/revisions/2147483648": 404,
    f"/cases/{CODE}/revisions/99999999999999999999": 404,
    f"/cases/{CODE}/files/%00": 404,
    "/sectors/%00": 404,
    "/sectors/nonsense": 404,
    "/static/../config.py": 404,
    "/nowhere": 404,
    "/api/v1/nowhere": 404,
    "/api/v1/cases/%00": 404,
    "/api/v1/cases/MIOT-P-9999": 404,
    "/api/v1/cases?page=abc&per_page=0": 422,
    "/api/v1/statistics/series/%00": 404,
}


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    """An installation with one case."""
    site = Site(database, tmp_path)
    assert site.add() == CODE
    site.work()
    return site


def get(client: FlaskClient, address: str, **rest: Any) -> TestResponse:
    """Ask for the path to the letter; the client by itself takes `//search` for a host."""
    path, _, query = address.partition("?")
    return client.get("/", query_string=query, environ_overrides={"PATH_INFO": unquote(path, "latin-1")}, **rest)


def test_every_answer_has_the_security_headers(site: Site) -> None:
    client = site.client()
    answers = [client.get(address) for address in (*site.addresses(CODE).values(), "/nowhere", "/search?page=0")]
    answers += [client.get("/static/site.css", buffered=True), client.post("/search"), client.options("/search")]
    for answer in answers:
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, answer.request.path
        policy = answer.headers["Content-Security-Policy"]
        assert CSP in policy
        assert "unsafe" not in policy
        assert "Strict-Transport-Security" not in answer.headers
        assert not re.search(r"werkzeug|python|granian", str(answer.headers), re.IGNORECASE)


def test_production_asks_for_https(sqlite: Database, tmp_path: Path) -> None:
    settings = {"ENV": "production", "SECRET_KEY": "s" * 40, "OPERATOR": "An operator"}
    site = Site(sqlite, tmp_path, **settings)
    answer = site.client().get(f"/cases/{site.add()}/report")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    cookie = answer.headers["Set-Cookie"]
    assert all(word in cookie for word in ("session=", "Secure", "HttpOnly", "SameSite=Lax"))


@pytest.mark.parametrize("lang", ["en", "zh-CN"])
def test_bad_input_is_told_in_words(site: Site, lang: str) -> None:
    client = site.client(lang)
    for address, status in ADDRESSES.items():
        answer = get(client, address)
        assert answer.status_code == status, address[:80]
        if status == 200:
            continue
        if address.startswith("/api/"):
            assert answer.content_type == "application/problem+json"
            assert (answer.json["status"], bool(answer.json["title"])) == (status, True)
            said = [
                answer.json["title"],
                *(words for each in answer.json.get("errors", {}).values() for words in each),
            ]
        else:
            page = answer.get_data(as_text=True)
            said = re.findall(r"<h1>(.+)</h1>", page) + re.findall(r"</svg></span>([^<]+)</li>", page)
        assert len(said) >= (2 if status == 422 else 1), address[:80]
        assert all(bool(re.search("[一-鿿]", words)) == (lang == "zh-CN") for words in said), (address[:80], said)


def test_nothing_typed_is_markup(site: Site) -> None:
    typed = "<script>alert(1)</script>\"'><img src=x>"
    for address in ("/search", "/api/v1/cases", "/sectors/water-metering", "/"):
        page = site.client().get(address, query_string={"q": typed, "sector": typed[:20], typed: typed})
        if page.mimetype == "text/html":
            assert "<script>alert" not in page.get_data(as_text=True)
            assert "<img src=x" not in page.get_data(as_text=True)


def test_forged_hosts_are_in_no_answer(site: Site) -> None:
    client = site.client()
    for address in (*site.addresses(CODE).values(), *ADDRESSES, "", "/search?lang=zh"):
        answer = get(client, address, headers=FORGED)
        assert "evil" not in answer.get_data(as_text=True) + str(answer.headers), address[:80]
    assert "//evil" not in get(client, "//evil.example/").get_data(as_text=True)
    form = {"csrf_token": token(client, f"/cases/{CODE}/report"), "ground": "error", "text": "It errs."}
    sent = client.post(f"/cases/{CODE}/report", data=form, headers=FORGED)
    assert sent.headers.get("Location", f"/cases/{CODE}/report?sent=1") == f"/cases/{CODE}/report?sent=1"
    site.work()
    assert "evil" not in "".join(letter.as_string() for letter in site.letters())
    assert f"{URL}/cases/{CODE}" in client.get("/sitemap.xml", headers=FORGED).get_data(as_text=True)


def test_a_trusted_proxy_says_how_but_never_where(sqlite: Database, tmp_path: Path) -> None:
    site = Site(sqlite, tmp_path, PROXIES="1")
    answer = site.client().get("/about?lang=zh", headers=FORGED | {"X-Forwarded-Proto": "https"})
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "evil" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "NONSENSE"])
def test_wrong_methods_are_told_which_are_right(site: Site, method: str) -> None:
    for address in ("/", "/search", "/api/v1/sectors", f"/cases/{CODE}", "/healthz"):
        answer = site.client().open(address, method=method)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS"), address


def test_head_and_options(site: Site) -> None:
    client = site.client()
    for address in site.addresses(CODE, method="GET").values():
        got, head, options = client.get(address), client.head(address), client.options(address)
        assert (head.status_code, head.get_data()) == (got.status_code, b""), address
        assert head.content_type == got.content_type, address
        if options.status_code in (303, 401, 403):  # not a visitor, whatever the method
            assert got.status_code in (303, 401, 403), address
        else:
            allowed = options.headers.get("Allow", "")
            assert (options.status_code, "GET" in allowed) == (200, True), (address, options.status_code)


def test_weird_headers(site: Site) -> None:
    client = site.client()
    for accepted in ("", "*", ";q=1", "xx-YY;q=abc, ,,;", "zh;q=nan", "en;q=-1", "é", "a" * 9000, "zh-Hant-TW"):
        assert client.get("/", headers={"Accept-Language": accepted}).status_code == 200, accepted[:20]
    for cookie in ("lang=", "lang=xx", "session=forged; lang=zh", "a" * 60000, "=;;=", "lang=\x80"):
        assert client.get("/", headers={"Cookie": cookie}).status_code == 200, cookie[:20]
    for name, value in WEIRD:
        for address in ("/", "/feeds/cases.atom", f"/api/v1/cases/{CODE}"):
            assert client.get(address, headers={name: value}).status_code < 500, (name, address)


def test_a_form_from_elsewhere_is_refused_in_words(site: Site) -> None:
    client, address = site.client(), f"/cases/{CODE}/report"
    form = {"ground": "error", "text": "It errs."}
    stolen = token(site.client(), address)
    for given in ({}, {"csrf_token": "x"}, {"csrf_token": stolen}):
        refused = client.post(address, data={**form, **given})
        assert refused.status_code == 400
        assert "came from elsewhere" in refused.get_data(as_text=True)
    site.work()
    assert site.letters() == []
    sent = client.post(address, data={**form, "csrf_token": token(client, address)})
    assert sent.status_code == 303
    site.work()
    assert len(site.letters()) == 1


def test_a_body_that_is_too_large_is_refused_in_words(site: Site) -> None:
    client, address = site.client(), f"/cases/{CODE}/report"
    good = token(client, address)
    long, many = {"text": "x" * 1_100_000}, {f"name{number}": "x" for number in range(2_000)}
    for kind, data in (
        ("application/x-www-form-urlencoded", urlencode({"csrf_token": good, **long}).encode()),
        ("multipart/form-data; boundary=x", encode_multipart({"csrf_token": good, **long}, boundary="x")[1]),
        ("multipart/form-data; boundary=x", encode_multipart({"csrf_token": good, **many}, boundary="x")[1]),
    ):
        refused = client.post(address, data=data, content_type=kind)
        assert refused.status_code == 413
        assert "too large" in refused.get_data(as_text=True)
    broken: dict[str, Any] = {"data": b"--x\r\nnonsense", "content_type": "multipart/form-data; boundary=x"}
    assert client.post(address, **broken).status_code == 400


def test_the_language_is_asked_for_remembered_or_the_browsers(site: Site) -> None:
    client = site.client("de")
    tag = re.compile(r'<html lang="([^"]+)">')

    def seen(address: str, **headers: str) -> str:
        answer = client.get(address, headers=headers)
        assert answer.headers["Content-Language"] == tag.findall(answer.get_data(as_text=True))[0]
        assert {"Accept-Language", "Cookie"} <= set(answer.headers["Vary"].split(", "))
        return str(answer.headers["Content-Language"])

    assert seen("/about") == "zh-CN"
    assert seen("/about", **{"Accept-Language": "en-GB,zh;q=0.8"}) == "en"
    assert seen("/about", **{"Accept-Language": "zh-TW,en;q=0.8"}) == "zh-CN"
    assert seen("/about?lang=en") == "en"
    assert seen("/about", **{"Accept-Language": "zh"}) == "en"
    assert seen("/about?lang=xx") == "en"
    assert seen("/about?lang=zh") == "zh-CN"


def test_a_database_that_does_not_answer_is_a_503_and_a_fault_is_a_500(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(error: Exception) -> Any:
        def get(*_: Any, **__: Any) -> None:
            raise error

        return get

    client = site.client()
    monkeypatch.setattr(Database, "reading", raising(OperationalError("SELECT 1", {}, Exception("gone"))))
    for address in (f"/cases/{CODE}", f"/api/v1/cases/{CODE}"):
        busy = client.get(address)
        assert (busy.status_code, busy.headers["Retry-After"]) == (503, "10")
        assert "The database does not answer" in busy.get_data(as_text=True)
    monkeypatch.setattr(Database, "reading", raising(ValueError("the secret reason")))
    for address in (f"/cases/{CODE}", f"/api/v1/cases/{CODE}"):
        fault = client.get(address)
        assert fault.status_code == 500
        assert "it has been noted" in fault.get_data(as_text=True)
        assert "secret reason" not in fault.get_data(as_text=True)
