"""Beside a draft: comments, how others would see it, and its past."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select
from working import SECRET, Work, page, send, token, value

from library.catalog.draft_models import DraftComment


def test_comments_are_settled_by_author_or_writer(work: Work) -> None:
    key, client, other = work.draft(), work.member("commenter", "韩梅梅"), work.member("commenter", "李雷")
    word = token(client, f"/work/{key}/basics")
    client.post(f"/work/{key}/basics/comments", data={"csrf_token": word, "comment": "一"})
    empty = client.post(f"/work/{key}/basics/comments", data={"csrf_token": word, "comment": " "})
    assert (empty.status_code, 'id="comment-wrong"' in empty.get_data(as_text=True)) == (422, True)
    with work.site.database.reading() as session:
        number = session.scalars(select(DraftComment.id)).one()
    settle = f"/work/{key}/comments/{number}/settle"
    assert settle not in page(other, f"/work/{key}/basics")
    assert other.post(settle, data={"csrf_token": token(other, f"/work/{key}/basics")}).status_code == 403
    assert settle in page(work.browsers["王小明"], f"/work/{key}/basics")
    assert client.post(settle, data={"csrf_token": word}).status_code == 303
    assert settle not in page(client, f"/work/{key}/basics")


def test_whoever_writes_sends_the_section_with_the_comment(work: Work) -> None:
    client, key = work.browsers["王小明"], work.draft({"basics": {"title": {"zh": "旧"}}})
    address = f"/work/{key}/basics"
    assert re.findall(r'name="comment" form="([^"]*)"', page(client, address)) == ["sheet"]
    sent = send(client, address, do="comment", version=1, title__zh="新", comment="为什么？")
    assert (sent.status_code, sent.location) == (303, f"{address}#comments")
    assert work.contents(key)["basics"] == {"title": {"zh": "新"}}
    assert "为什么？" in page(client, address)
    refused = send(client, address, do="comment", version=2, title__zh="更新", comment="长" * 2001)
    text = refused.get_data(as_text=True)
    assert (refused.status_code, 'id="comment-wrong"' in text) == (422, True)
    assert (value(text, "title.zh"), value(text, "version"), value(text, "comment")) == ("更新", "2", "长" * 2001)
    old = send(client, address, do="comment", version=1, title__zh="别的", comment="还在吗？")
    assert (old.status_code, value(old.get_data(as_text=True), "mine.title.zh")) == (409, "别的")
    assert "还在吗？" in page(client, address)
    assert work.contents(key)["basics"] == {"title": {"zh": "新"}}


@pytest.mark.parametrize(
    ("reader", "seen"),
    [
        ("public", set()),
        ("investor", set()),
        ("expert", {"security"}),
        ("officer", {"security", "contact", "masks"}),
    ],
)
def test_a_preview_shows_what_that_reader_would_see(work: Work, reader: str, seen: set[str]) -> None:
    client, key = work.browsers["王小明"], work.draft(work.whole())
    text = page(client, f"/work/{key}/preview?as={reader}")
    assert "Smart water meters" in text
    assert {name for name, words in SECRET.items() if words in text} == seen


def test_a_preview_leaves_out_what_is_wrong_and_says_so(work: Work) -> None:
    client = work.browsers["王小明"]
    counts = [
        {"value": "many", "what": {"zh": "只错的"}},
        {"value": 7, "kind": "stated", "what": {"zh": "只对的"}},
    ]
    key = work.draft({"basics": {"title": {"zh": "水表"}}, "connections": {"connections": counts}})
    assert f"/work/{key}/basics" in page(client, f"/work/{key}/preview"), "without a sector there is no page yet"
    send(client, f"/work/{key}/basics", version=1, title__zh="水表", sectors__0="water-metering")
    text = page(client, f"/work/{key}/preview")
    assert ("只错的" in text, "只对的" in text) == (False, True)
    assert "Connections 1, Number" in text
    page(client, f"/work/{key}/preview?as=nobody", 404)


def test_the_past_is_compared_and_restored(work: Work) -> None:
    client, other = work.browsers["王小明"], work.member("editor", "李雷")
    key = work.draft()
    send(client, f"/work/{key}/basics", version=0, title__zh="旧的标题")
    send(other, f"/work/{key}/basics", version=1, title__zh="新的标题")
    address = f"/work/{key}/history/basics"
    text = page(client, address)
    edits = re.findall(rf'href="{address}\?edit=(\d+)"', text)
    assert "李雷" in text
    old = next(edit for edit in edits if "<del>旧</del>" in page(client, f"{address}?edit={edit}"))
    assert "<ins>新</ins>" in page(client, f"{address}?edit={old}")
    word = token(client, f"{address}?edit={old}")
    sent = client.post(f"{address}/restore", data={"csrf_token": word, "edit": old, "version": "2"})
    assert sent.status_code == 303
    assert work.contents(key)["basics"] == {"title": {"zh": "旧的标题"}}
    stale = client.post(f"{address}/restore", data={"csrf_token": word, "edit": edits[0], "version": "1"})
    assert stale.status_code == 409
