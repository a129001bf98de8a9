"""What was copied, what came back, handing in, and the list of one's cases."""

from __future__ import annotations

import re

import handed_in
from sqlalchemy import func, select
from working import BUTTON, Work, page, send, value

from library.catalog.draft_models import Submission
from library.catalog.models import Case

RETURN = {"reason": "摘要太短，请补充。", "fields": ["summary"], "days": 5}
LOST = re.compile(r'<div><dt>([^<]*)</dt><dd class="said"[^>]*>([^<]*)</dd></div>')
READ_BY = re.compile(r"<div><dt>([^<]*)</dt><dd>([^<]*)</dd></div>")


def test_copied_fields_stay_marked_until_confirmed(work: Work) -> None:
    client, key = work.browsers["王小明"], work.draft(work.whole())
    begun = send(client, "/work/new", **{"from": key})
    copy = begun.location.split("/")[2]
    address = f"/work/{copy}/basics"
    text = page(client, address)
    marked = [each for each in BUTTON.findall(text) if each.startswith("confirm:")]
    assert marked == [
        "confirm:title,summary,sectors,technologies",
        *(f"confirm:{each}" for each in marked[0][8:].split(",")),
    ]
    assert "declarations" not in {name for name, content in work.contents(copy).items() if content}
    typed = {"title__zh": "智能水表", "title__en": "Smart water meters", "summary__zh": "改过的摘要"}
    typed |= {"sectors__0": "water-metering", "technologies": "edge-computing"}
    assert send(client, address, version=1, do="confirm:title", **typed).status_code == 303
    left = [each for each in BUTTON.findall(page(client, address)) if each.startswith("confirm:")]
    assert left == ["confirm:sectors,technologies", "confirm:sectors", "confirm:technologies"], (
        "writing confirms too"
    )
    assert "Sectors: copied; look at it and confirm it." in page(client, f"/work/{copy}/submit")


def test_a_copy_of_nothing_is_refused_at_its_field(work: Work) -> None:
    answer = send(work.browsers["王小明"], "/work/new", **{"from": "MIOT-2020-9999"})
    assert answer.status_code == 422
    assert 'id="from-wrong"' in answer.get_data(as_text=True)


def test_what_is_typed_into_a_case_that_was_handed_in_meanwhile_is_refused_and_shown(work: Work) -> None:
    client, key = work.browsers["王小明"], work.draft(work.whole())
    work.move(key, "case.submit", work.actors["王小明"])
    before = work.contents(key)
    assert BUTTON.findall(page(client, f"/work/{key}/basics")) == []
    assert send(client, f"/work/{key}/basics", quiet=True, version=1, title__zh="x").status_code == 409
    sent = send(client, f"/work/{key}/basics", version=1, title__zh="来不及的标题")
    text = sent.get_data(as_text=True)
    assert (sent.status_code, "This case was handed in and waits for an answer" in text) == (409, True)
    assert (dict(LOST.findall(text))["Title, Chinese"], BUTTON.findall(text)) == ("来不及的标题", [])
    assert work.contents(key) == before


def test_of_a_returned_case_only_the_named_field_can_be_written(work: Work) -> None:
    client, key = work.browsers["王小明"], work.draft(work.whole())
    work.move(key, "case.submit", work.actors["王小明"])
    work.move(key, "case.return", work.officer(), given=RETURN)
    assert "摘要太短，请补充。" in page(client, f"/work/{key}")
    text = page(client, f"/work/{key}/basics")
    assert 'name="summary.zh"' in text
    assert 'name="title.zh"' not in text
    typed = {"title__zh": "偷改", "summary__zh": "补正后的摘要"}
    before = work.contents(key)
    sent = send(client, f"/work/{key}/basics", version=1, **typed)
    text = sent.get_data(as_text=True)
    assert (sent.status_code, value(text, "summary.zh")) == (403, "补正后的摘要")
    assert LOST.findall(text) == [("Title, English", "nothing"), ("Title, Chinese", "偷改")]
    assert "Only the fields named when the case was returned may be changed." in text
    quiet = send(client, f"/work/{key}/basics", quiet=True, version=1, **typed)
    assert (quiet.status_code, set(quiet.get_json()["trouble"])) == (403, {"title.zh", "title.en"})
    assert work.contents(key) == before
    assert send(client, f"/work/{key}/basics", version=1, summary__zh="补正后的摘要").status_code == 303
    found = work.contents(key)["basics"]
    assert (found["title"]["zh"], found["summary"]) == ("智能水表", {"zh": "补正后的摘要"})
    states = re.findall(r">(Locked|Returned)<", page(client, f"/work/{key}"))
    assert states.count("Locked") == 7


def test_what_is_missing_is_listed_and_there_is_no_button(work: Work) -> None:
    client, key = work.browsers["王小明"], work.draft({"basics": {"title": {"zh": "水表"}}})
    text = page(client, f"/work/{key}/submit")
    assert "case.submit" not in text
    links = re.findall(r'href="(/work/[^"]+check=1#[^"]+)"', text)
    assert f"/work/{key}/basics?check=1#summary" in links
    for address in links:
        path, _, name = address.partition("#")
        assert f'id="{name}"' in page(client, path), address
    assert "autofocus" not in text
    refused = send(client, f"/work/{key}/moves/case.submit", number=1)
    assert (refused.status_code, refused.get_data(as_text=True).count("autofocus")) == (422, 1)


def test_an_empty_field_meets_no_rule(work: Work) -> None:
    """A summary that is not there is not too long either; nobody is praised for that."""
    with work.site.database.unit() as session:
        handed_in.rules(session)
    met = [
        re.findall(r"(\d+) rules? (?:is|are) met", page(work.browsers["王小明"], f"/work/{work.draft(content)}"))
        for content in ({}, {"basics": {"title": {"zh": "水表"}}})
    ]
    assert met == [[], ["1"]]


def test_before_handing_in_one_reads_who_will_see_what(work: Work) -> None:
    files = [
        {"upload": "a", "title": {"zh": "图纸", "en": "Drawing"}, "audience": "public"},
        {"upload": "b", "title": {"zh": "合同"}, "audience": "investor"},
        {"upload": "c", "audience": "everyone"},
    ]
    content = {"basics": {"title": {"zh": "水表"}}, "files": {"attachments": files}}
    key = work.draft(content | {"declarations": {"security": {"zh": "加密"}, "contact": {"name": "王"}}})
    assert READ_BY.findall(page(work.browsers["王小明"], f"/work/{key}/submit")) == [
        ("Everybody", "Title, file “Drawing”"),
        ("Verified investors", "file “合同”"),
        ("Reviewers", "Security measures"),
        ("The ministry", "Contact, file “Attachments 3”"),
    ]


def test_a_double_click_makes_one_submission(work: Work) -> None:
    client, key = work.browsers["王小明"], work.draft(work.whole())
    text = page(client, f"/work/{key}/submit")
    number = re.search(r'name="number" value="(\d+)"', text)
    assert number
    for _ in range(3):
        sent = send(client, f"/work/{key}/moves/case.submit", number=number[1])
        assert (sent.status_code, sent.location) == (303, f"/work/{key}/receipts/1")
    with work.site.database.reading() as session:
        submission = session.scalars(select(Submission)).one()
        code, digest = session.scalars(select(Case.code)).one(), submission.digest
    receipt = page(client, f"/work/{key}/receipts/1")
    assert f"{code}-R1" in receipt
    assert digest in receipt
    assert receipt.count("<time ") == 3
    page(client, f"/work/{key}/receipts/2", 404)


def test_an_old_form_hands_nothing_in_again_after_a_return(work: Work) -> None:
    client, key = work.browsers["王小明"], work.draft(work.whole())
    send(client, f"/work/{key}/moves/case.submit", number=1)
    work.move(
        key,
        "case.return",
        work.officer(),
        given=RETURN,
    )
    assert send(client, f"/work/{key}/moves/case.submit", number=1).location == f"/work/{key}/receipts/1"
    with work.site.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Submission)) == 1
    unchanged = send(client, f"/work/{key}/moves/case.submit", number=2)
    assert (unchanged.status_code, "Nothing differs from what was returned" in unchanged.text) == (422, True)
    assert send(client, f"/work/{key}/basics", version=1, summary__zh="补正后的摘要").status_code == 303
    assert send(client, f"/work/{key}/moves/case.submit", number=2).location == f"/work/{key}/receipts/2"


def test_a_returned_change_of_a_public_case_says_so_wherever_its_owners_look(work: Work) -> None:
    client, key = work.browsers["王小明"], work.draft(work.whole())
    officer = work.officer()
    send(client, f"/work/{key}/moves/case.submit", number=1)
    work.move(key, "case.admit", officer, given={})
    places = [f"/work/{key}{rest}" for rest in ("", "/submit", "/basics", "/story")]
    told = [
        "Change returned",
        "摘要太短，请补充。",
        "An answer is awaited by",
        f'href="/work/{key}/basics#summary"',
    ]
    assert {word for place in places for word in told if word in page(client, place)} == set()
    assert "Returned" not in page(client, "/work")
    typed = {"title__zh": "智能水表", "summary__zh": "改过的摘要", "sectors__0": "water-metering"}
    send(client, f"/work/{key}/basics", version=1, **typed)
    send(client, f"/work/{key}/moves/case.submit", number=2)
    work.move(key, "case.return", officer, given=RETURN)
    for place in places:
        assert [word for word in told if word in page(client, place)] == told, place
    row = page(client, "/work?state=returned")
    assert f'href="/work/{key}"' in row
    assert "Correct it and hand it in again" in row
    assert f'href="/work/{key}"' not in page(client, "/work?state=admitted")


def test_the_page_offers_the_moves_that_are_open(work: Work) -> None:
    client, key = work.browsers["王小明"], work.draft(work.whole())
    assert re.findall(r"/moves/([a-z.]+)", page(client, f"/work/{key}")) == ["case.withdraw"]
    assert send(client, f"/work/{key}/moves/case.admit").status_code == 404
    assert send(client, f"/work/{key}/moves/case.withdraw").status_code == 303
    text = page(client, f"/work/{key}")
    assert re.findall(r"/moves/([a-z.]+)", text) == []
    assert "Withdrawn" in text


def test_the_list_costs_the_same_for_one_case_and_for_three(work: Work, statements: list[str]) -> None:
    client = work.browsers["王小明"]
    costs = []
    for title in ("甲案例", "乙案例", "丙案例"):
        work.draft({"basics": {"title": {"zh": title}}})
        statements.clear()
        text = page(client, "/work")
        costs.append(len(statements))
    assert [title for title in ("甲案例", "乙案例", "丙案例") if title in text] == ["甲案例", "乙案例", "丙案例"]
    assert costs[0] == costs[2]
    assert "乙案例" not in page(client, "/work?state=admitted")
    assert "乙案例" in page(client, "/work?state=draft")
    page(client, "/work?state=nothing", 422)
    page(client, "/work?page=2", 404)
