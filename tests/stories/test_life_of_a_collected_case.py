"""The whole life of a case collected from public sources, from its file to its removal."""

from __future__ import annotations

import json
from pathlib import Path

import make
from flask.testing import FlaskClient
from sites import DESK, URL, Site, rows, token

CODE = "MIOT-P-9001"
BEFORE, AFTER = "Nine thousand kestrel nests report nightly.", "Eleven thousand kestrel nests report nightly."
EVERYWHERE = (
    "/search",
    "/search?q=kestrel",
    "/search?q=%E7%BA%A2%E9%9A%BC",
    "/search.csv",
    "/sectors/water-metering",
    "/sources",
    "/sitemap.xml",
    "/feeds/cases.atom",
    "/feeds/cases.json",
    "/api/v1/cases?q=kestrel",
)
OWN = ("", ".csv", "/revisions", "/revisions/1", "/revisions/2", "/report", "/files/nothing")


def write(folder: Path, solution: str) -> str:
    """The case as a seed file; its path."""
    document = make.document(
        code=CODE,
        title={"en": "Kestrel nests on NB-IoT", "zh": "红隼巢箱联网"},
        sections=[{"kind": "solution", "text": {"en": solution, "zh": "红隼巢箱每晚上报。"}, "sources": [1]}],
    )
    return str(make.file(folder, document))


def report(client: FlaskClient, text: str) -> str:
    """Send the form; the page that follows."""
    address = f"/cases/{CODE}/report"
    form = {
        "csrf_token": token(client, address),
        "ground": "removal",
        "text": text,
        "contact": "reader@example.org",
    }
    sent = client.post(address, data=form)
    assert (sent.status_code, sent.headers["Location"]) == (303, f"{address}?sent=1")
    return client.get(sent.headers["Location"]).get_data(as_text=True)


def test_life(seeded: Site, tmp_path: Path) -> None:
    english, chinese = seeded.client("en"), seeded.client("zh-CN")

    # Collected: nobody finds it before, everybody after.
    assert rows(english, "/search?q=kestrel") == []
    assert seeded.command("import", write(tmp_path, BEFORE)).output == f"{CODE.lower()}.json was added.\n"
    seeded.work()
    assert rows(english, "/search?q=kestrel") == [CODE]
    assert rows(chinese, "/search?q=红隼") == [CODE]
    assert BEFORE in english.get(f"/cases/{CODE}").get_data(as_text=True)
    assert "红隼巢箱每晚上报。" in chinese.get(f"/cases/{CODE}").get_data(as_text=True)
    shown = {address: CODE in english.get(address).get_data(as_text=True) for address in EVERYWHERE}
    assert shown == dict.fromkeys(EVERYWHERE, True)

    # A reader asks for its removal; the operator gets one letter with all that is needed.
    assert "Your report has arrived" in report(english, "Those are <our> nests.\nPlease take them down.")
    seeded.work()
    [letter] = seeded.letters()
    assert letter["To"] == DESK
    assert CODE in letter["Subject"]
    text = "\n".join(letter.get_content().splitlines())
    for said in (f"{URL}/cases/{CODE}", "Those are <our> nests.\nPlease take them down.", "reader@example.org"):
        assert said in text

    # The officer sees it, answers, and it is off the list.
    listed = seeded.command("reports").output
    assert f"{CODE}  removal  reader@example.org" in listed
    number = listed.split()[0]
    assert seeded.command("reports", "--answer", number, "The figure was corrected.").output == ""
    assert "answered before" in seeded.command("reports", "--answer", number, "Again.").output
    seeded.work()
    assert len(seeded.letters()) == 1

    # Revised: the new text is found, the old one stays readable, the difference stands word by word.
    assert "revised" in seeded.command("import", "--revise", write(tmp_path, AFTER)).output
    assert "known already" in seeded.command("import", write(tmp_path, AFTER)).output
    seeded.work()
    assert rows(english, "/search?q=eleven+kestrel") == [CODE]
    assert rows(english, "/search?q=nine+kestrel") == []
    assert BEFORE in english.get(f"/cases/{CODE}/revisions/1").get_data(as_text=True)
    second = english.get(f"/cases/{CODE}/revisions/2").get_data(as_text=True)
    assert "<del>Nine</del><ins>Eleven</ins> thousand kestrel nests report nightly." in second
    assert [item["number"] for item in english.get(f"/api/v1/cases/{CODE}/revisions").json["items"]] == [2, 1]

    # Archived: gone everywhere, in words.
    assert seeded.command("reports", "--archive", CODE, "--why", "Its owner asked for it.").exit_code == 0
    seeded.work()
    shown = {address: CODE in english.get(address).get_data(as_text=True) for address in EVERYWHERE}
    assert shown == dict.fromkeys(EVERYWHERE, False)
    for tail in OWN:
        gone = english.get(f"/cases/{CODE}{tail}")
        said = gone.get_data(as_text=True)
        assert (gone.status_code, "Its owner asked for it." in said, "estrel" in said) == (410, True, False), tail
    for tail in ("", "/revisions", "/similar"):
        gone = english.get(f"/api/v1/cases/{CODE}{tail}")
        assert (gone.status_code, gone.mimetype) == (410, "application/problem+json"), tail
        assert gone.json["title"] == f"{CODE} is no longer in the library.", tail
        assert gone.json["reasons"][1:] == ["Why it left: Its owner asked for it."], tail
    assert "红隼" not in chinese.get(f"/cases/{CODE}").get_data(as_text=True)

    # What happened stays on record, unbroken, and importing the file again does not bring the case back.
    assert "is archived; nothing was changed" in seeded.command("import", write(tmp_path, BEFORE)).output
    checked = json.loads(seeded.command("check-chain", "--json").output)
    assert (checked["unbroken"], checked["rows_changed"]) == (True, [])
