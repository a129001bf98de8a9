"""The editor: what is typed is kept, two at once lose nothing, others see no more than is theirs."""

from __future__ import annotations

import re
from typing import Any

import make
import pytest
from sqlalchemy import select
from working import BUTTON, JSON, SECRET, Work, page, send, token, value


def test_a_case_is_begun_and_a_section_is_kept(work: Work) -> None:
    client = work.browsers["王小明"]
    begun = send(client, "/work/new")
    assert begun.status_code == 303
    key = begun.location.split("/")[2]
    sent = send(client, f"/work/{key}/basics", version=0, title__zh="水表", summary__zh="<b>每日</b>\r\n上报")
    assert (sent.status_code, sent.location) == (303, f"/work/{key}/basics")
    text = page(client, f"/work/{key}/basics")
    assert (value(text, "title.zh"), value(text, "version")) == ("水表", "1")
    assert value(text, "summary.zh") == "&lt;b&gt;每日&lt;/b&gt;\n上报"
    assert work.contents(key)["basics"] == {"title": {"zh": "水表"}, "summary": {"zh": "<b>每日</b>\n上报"}}


def test_every_section_can_be_opened_and_sent_as_it_is(work: Work) -> None:
    client, key = work.browsers["王小明"], work.draft(work.whole())
    before = work.contents(key)
    for name in before:
        text = page(client, f"/work/{key}/{name}?check=1")
        assert f'action="/work/{key}/{name}' in text
    page(client, f"/work/{key}/nothing", 404)
    page(client, "/work/nobody/basics", 404)
    assert work.contents(key) == before, "looking changes nothing"


def test_a_refused_form_keeps_the_version_that_it_was_drawn_from(work: Work) -> None:
    """Or the next attempt would write over what somebody else saved meanwhile."""
    client, key = work.browsers["王小明"], work.draft({"basics": {"title": {"zh": "乙"}}})
    sent = send(client, f"/work/{key}/basics", version=0, title__zh="水" * 5000)
    assert (sent.status_code, value(sent.get_data(as_text=True), "version")) == (422, "0")


def test_a_script_hears_version_time_and_what_is_wrong(work: Work) -> None:
    client, key = work.browsers["王小明"], work.draft()
    address = f"/work/{key}/connections"
    typed = {"connections__0__value": "many", "connections__0__scope": "project"}
    answer = send(client, address, quiet=True, version=0, **typed)
    assert answer.status_code == 200
    found = answer.get_json()
    assert found["version"] == 1
    assert re.fullmatch(r"\d\d:\d\d:\d\d", found["saved_at"])
    assert found["trouble"] == {"connections.0.value": ["Write a whole number, such as 120000 or 12万."]}
    missing = [todo["name"] for todo in found["findings"] if todo["section"] == "connections"]
    assert missing == ["connections.0.value", "connections.0.kind", "connections.0.what"]
    assert set(found["parts"]) == {"sections", "rules"}
    again = send(client, address, quiet=True, version=0, **typed)
    assert again.get_json()["version"] == 1, "the same once more is no new version, and no conflict"
    assert len(answer.data) < 12_000, "the answer is no page"


@pytest.mark.parametrize(
    "body", ["[", "{}", "null", '"version"', '[["version"]]', '[["version", 0]]', '[[["a"], "b"]]']
)
def test_what_is_no_list_of_names_with_values_is_refused(work: Work, body: str) -> None:
    client, key = work.browsers["王小明"], work.draft({"basics": {"title": {"zh": "水表"}}})
    given = {"headers": JSON | {"X-CSRFToken": token(client)}, "content_type": "application/json"}
    answer = client.post(f"/work/{key}/basics", data=body, **given)
    assert (answer.status_code, "could not be understood" in answer.get_data(as_text=True)) == (422, True)
    assert work.contents(key)["basics"] == {"title": {"zh": "水表"}}


def test_half_a_character_is_refused_at_its_field(work: Work) -> None:
    client, key = work.browsers["王小明"], work.draft()
    sent = send(client, f"/work/{key}/basics", quiet=True, version=0, title__zh="水\ud83d")
    assert (sent.status_code, sent.get_json()["trouble"]) == (422, {"title.zh": ["Contains half a character."]})
    assert work.contents(key)["basics"] == {}


def test_a_script_of_another_page_saves_nothing(work: Work) -> None:
    client, key = work.browsers["王小明"], work.draft()
    for headers in (JSON, JSON | {"X-CSRFToken": "guessed"}):
        pairs = [["version", "0"], ["title.zh", "水表"]]
        assert client.post(f"/work/{key}/basics", json=pairs, headers=headers).status_code == 400
    assert work.contents(key)["basics"] == {}


def test_what_is_only_missing_is_told_at_its_field_when_asked(work: Work) -> None:
    client, key = work.browsers["王小明"], work.draft()
    assert 'id="title-wrong"' not in page(client, f"/work/{key}/basics")
    checked = page(client, f"/work/{key}/basics?check=1")
    assert 'id="title-wrong"' in checked
    assert 'role="alert"' in checked


def test_what_may_not_be_kept_is_refused_and_stays_in_the_form(work: Work) -> None:
    client, key = work.browsers["王小明"], work.draft()
    long = "水" * 5000
    sent = send(client, f"/work/{key}/basics", version=0, title__zh=long)
    assert sent.status_code == 422
    text = sent.get_data(as_text=True)
    assert (value(text, "title.zh"), value(text, "version")) == (long, "0")
    assert "At most 1,200 characters are kept here." in text
    quiet = send(client, f"/work/{key}/basics", quiet=True, version=0, title__zh="a\x00b")
    assert (quiet.status_code, quiet.get_json()["trouble"]) == (
        422,
        {"title.zh": ["Contains a control character."]},
    )
    assert work.contents(key)["basics"] == {}


@pytest.mark.parametrize(
    ("do", "expected"),
    [
        ("add:standards", ["a", "b", "c"]),
        ("remove:standards.1", ["a", "c"]),
        ("up:standards.2", ["a", "c", "b"]),
        ("up:standards.0", ["a", "b", "c"]),
        ("down:standards.0", ["b", "a", "c"]),
        ("down:standards.2", ["a", "b", "c"]),
    ],
)
def test_buttons_for_items_keep_everything_typed(work: Work, do: str, expected: list[str]) -> None:
    client, key = work.browsers["王小明"], work.draft()
    typed = {f"standards__{place}": word for place, word in enumerate("abc")}
    sent = send(client, f"/work/{key}/deployment", version=0, do=do, as_of="2026-01", **typed)
    assert sent.status_code == 303
    assert work.contents(key)["deployment"] == {"as_of": "2026-01", "standards": expected}
    shown = page(client, sent.location)
    assert ('name="standards.3"' in shown) == do.startswith("add")


@pytest.mark.parametrize(
    "do", ["remove:standards", "up:", "down:x.y", "remove:standards.-1", "remove:standards.99999"]
)
def test_a_button_that_the_page_does_not_have_is_refused(work: Work, do: str) -> None:
    client, key = work.browsers["王小明"], work.draft()
    assert send(client, f"/work/{key}/deployment", version=0, do=do).status_code == 404


def test_taking_a_source_out_renumbers_what_cites_the_others(work: Work) -> None:
    client = work.browsers["王小明"]
    cited = {"connections": [{"value": 1, "source": 3}, {"value": 2, "source": 2}, {"value": 3, "source": 1}]}
    told = {"sections": [{"kind": "plans", "text": {"zh": "明年"}, "sources": [1, 2, 3]}]}
    sources = {"sources": [{"title": "甲"}, {"title": "乙"}, {"title": "丙"}]}
    key = work.draft({"sources": sources, "connections": cited, "story": told})
    typed = {f"sources__{place}__title": title for place, title in enumerate("甲乙丙")}
    assert send(client, f"/work/{key}/sources", version=1, do="remove:sources.1", **typed).status_code == 303
    found = work.contents(key)
    assert found["sources"] == {"sources": [{"title": "甲"}, {"title": "丙"}]}
    assert found["connections"] == {
        "connections": [{"value": 1, "source": 2}, {"value": 2}, {"value": 3, "source": 1}]
    }
    assert found["story"]["sections"][0]["sources"] == [1, 2]


def test_the_second_to_save_sees_both_texts_and_who_it_was(work: Work) -> None:
    mine, theirs = work.browsers["王小明"], work.member("editor", "李雷")
    key = work.draft({"basics": {"title": {"zh": "水表"}, "summary": {"zh": "相同"}}})
    address = f"/work/{key}/basics"
    assert send(theirs, address, quiet=True, version=1, title__zh="水表乙", summary__zh="相同").status_code == 200
    for quiet in (False, True):
        answer = send(
            mine, address, quiet=quiet, version=1, title__zh="水表甲", summary__zh="相同", title__en="Mine"
        )
        assert answer.status_code == 409
        text = answer.get_json()["conflict"] if quiet else answer.get_data(as_text=True)
        assert re.findall(r'name="differs" value="([^"]+)"', text) == ["title.zh", "title.en"]
        assert "李雷" in text
        assert ("水表乙" in text, value(text, "mine.title.zh"), value(text, "mine.title.en")) == (
            True,
            "水表甲",
            "Mine",
        )
    assert work.contents(key)["basics"]["title"] == {"zh": "水表乙"}


CHOSEN = re.compile(r'name="take\.([a-z.]+)" value="(mine|theirs)" checked')


@pytest.mark.parametrize(
    ("version", "found", "told", "chosen"),
    [
        (2, "水表甲", {"touched": ["", "summary.zh"]}, [("title.zh", "theirs"), ("summary.zh", "mine")]),
        (1, "水表", {}, [("title.zh", "theirs"), ("summary.zh", "mine")]),  # this version is in the history
        (2, "水表甲", {}, []),  # of a sitting only its last text is kept
    ],
)
def test_of_what_one_did_not_change_theirs_is_chosen_beforehand(
    work: Work, version: int, found: str, told: dict[str, list[str]], chosen: list[tuple[str, str]]
) -> None:
    mine, theirs = work.browsers["王小明"], work.member("editor", "李雷")
    key = work.draft({"basics": {"title": {"zh": "水表"}, "summary": {"zh": "摘要"}}})
    address = f"/work/{key}/basics"
    for number, title in enumerate(("水表甲", "水表乙", "水表丙"), 1):
        send(theirs, address, quiet=True, version=number, title__zh=title, summary__zh="摘要")
    text = send(mine, address, version=version, title__zh=found, summary__zh="我的摘要", **told).text
    assert CHOSEN.findall(text) == chosen
    given: dict[str, Any] = {f"mine.{name}": value(text, f"mine.{name}") for name in ("title.zh", "summary.zh")}
    given |= {f"take.{name}": each for name, each in chosen}
    given |= {name: re.findall(rf'name="{name}" value="([^"]+)"', text) for name in ("differs", "untouched")}
    # "All of mine" is what I wrote; and where nothing is chosen theirs stays.
    sent = send(mine, address, version=4, do="merge", all="mine" if chosen else "", **given)
    assert (sent.status_code, work.contents(key)["basics"]) == (
        303,
        {"title": {"zh": "水表丙"}, "summary": {"zh": "我的摘要" if chosen else "摘要"}},
    )


@pytest.mark.parametrize(
    ("chosen", "title"),
    [
        ({"take.title.zh": "theirs", "take.title.en": "mine"}, {"zh": "乙", "en": "Mine"}),
        ({"take.title.zh": "mine", "take.title.en": "theirs"}, {"zh": "甲与乙"}),
        ({"all": "mine"}, {"zh": "甲与乙", "en": "Mine"}),
        ({"all": "theirs"}, {"zh": "乙"}),
    ],
)
def test_one_chooses_theirs_mine_or_a_text_of_both(
    work: Work, chosen: dict[str, str], title: dict[str, str]
) -> None:
    client, key = work.browsers["王小明"], work.draft({"basics": {"title": {"zh": "乙"}, "summary": {"zh": "同"}}})
    given = {"differs": ["title.zh", "title.en"], "mine.title.zh": "甲与乙", "mine.title.en": "Mine", **chosen}
    assert send(client, f"/work/{key}/basics", version=1, do="merge", **given).status_code == 303
    assert work.contents(key)["basics"] == {"title": title, "summary": {"zh": "同"}}


def test_a_choice_between_texts_that_have_changed_again_is_asked_once_more(work: Work) -> None:
    client, key = work.browsers["王小明"], work.draft({"basics": {"title": {"zh": "丙"}}})
    given = {"differs": "title.zh", "mine.title.zh": "甲", "take.title.zh": "mine"}
    answer = send(client, f"/work/{key}/basics", version=0, do="merge", **given)
    assert answer.status_code == 409
    assert value(answer.get_data(as_text=True), "mine.title.zh") == "甲"
    assert work.contents(key)["basics"] == {"title": {"zh": "丙"}}


def test_a_commenter_reads_and_comments_and_nothing_else(work: Work) -> None:
    key, client = work.draft(work.whole()), work.member("commenter", "韩梅梅")
    for name in work.contents(key):
        text = page(client, f"/work/{key}/{name}")
        assert BUTTON.findall(text) == []
        assert 'name="version"' not in text
        assert "editor.js" not in text
    assert SECRET["security"] in page(client, f"/work/{key}/declarations")
    before = work.contents(key)
    word = token(client, f"/work/{key}/basics")
    for address in ("basics", "moves/case.submit", "moves/case.withdraw", "history/basics/restore"):
        sent = client.post(f"/work/{key}/{address}", data={"csrf_token": word, "version": "1", "title.zh": "x"})
        assert sent.status_code == 403, address
    assert client.get(f"/work/{key}/submit").status_code == 403
    assert client.get("/work/new").status_code == 403
    assert work.contents(key) == before
    sent = client.post(f"/work/{key}/basics/comments", data={"csrf_token": word, "comment": "请补充背景"})
    assert sent.status_code == 303
    assert "请补充背景" in page(client, f"/work/{key}/basics")


def test_another_organisation_finds_nothing(work: Work) -> None:
    key = work.draft(work.whole())
    with work.site.database.unit() as session:
        other = make.organisation(session, state="verified", verified_at=make.NOW, name_zh="别家")
        make.member(session, other, "owner", email="other@work.example")
    client = work.site.signed_in("other@work.example", organisation=other.id)
    word = token(client)
    for address in ("", "/basics", "/submit", "/preview?as=officer", "/history/basics", "/receipts/1"):
        answer = client.get(f"/work/{key}{address}")
        assert answer.status_code == 404, address
        assert SECRET["security"] not in answer.get_data(as_text=True)
    for address in ("/basics", "/basics/comments", "/moves/case.submit"):
        assert client.post(f"/work/{key}{address}", data={"csrf_token": word}).status_code == 404, address

    assert key not in page(client, "/work")


def test_a_member_who_was_removed_meanwhile_is_told_by_status(work: Work) -> None:
    client, key = work.member("editor", "李雷"), work.draft()
    word = token(client, f"/work/{key}/basics")
    with work.site.database.unit() as session:
        person = work.actors["李雷"].person
        session.scalars(
            select(make.Membership).where(make.Membership.person_id == person)
        ).one().ended_at = make.NOW
    sent = client.post(
        f"/work/{key}/basics", data={"csrf_token": word, "version": "0", "title.zh": "x"}, headers=JSON
    )
    assert sent.status_code == 403
    assert work.contents(key)["basics"] == {}
