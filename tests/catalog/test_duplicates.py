"""Cases that say nearly the same: what is found, how much of it, and that nobody hears of what he may not see."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import make
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from bench import generated
from library.catalog import duplicates, likeness, operations
from library.catalog.draft_models import Submission
from library.catalog.models import Case, CaseMark
from library.policy import SYSTEM, VISITOR, Actor

SEEDS = [
    json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(Path("seed_cases").glob("*.json"))
    if '"parties": [' in path.read_text(encoding="utf-8")
]
ZH = "".join(chr(0x4E00 + place) for place in range(400))
EN = " ".join(f"word{place}" for place in range(300))


def story(*texts: str, lang: str = "zh", **over: Any) -> dict[str, Any]:
    """A document whose only long texts are these."""
    sections = [{"kind": "solution", "text": {"zh": "略", lang: text}, "sources": []} for text in texts]
    return make.document(title={"zh": "甲"}, summary={"zh": "乙"}, sections=sections, **over)


def shares(mine: dict[str, Any], theirs: dict[str, Any]) -> list[tuple[str, str, float]]:
    found = likeness.alike(likeness.passages(mine), likeness.passages(theirs))
    return [(pair.mine.field, pair.theirs.field, round(pair.share, 2)) for pair in found]


class TestLikeness:
    def test_the_same_passage_is_found_in_another_field(self) -> None:
        mine, theirs = story(ZH[:80], ZH[100:200]), story(ZH[300:], f"{ZH[100:200]}\n{ZH[200:280]}")
        assert shares(mine, theirs) == [("sections.1.text.zh", "sections.1.text.zh", 1.0)]

    def test_how_much_is_the_part_of_the_shorter(self) -> None:
        mine, theirs = story(ZH[:107]), story(ZH[50:350])
        # 57 characters are 50 of the 100 shingles of mine.
        assert shares(mine, theirs) == [("sections.0.text.zh", "sections.0.text.zh", 0.5)]
        assert shares(story(ZH[:107]), story(ZH[51:351])) == []

    def test_signs_spaces_case_and_width_do_not_matter(self) -> None:
        assert shares(story(f"ＮＢ－ＩｏＴ，{ZH[:40]}。{ZH[40:60]}"), story(f"nb-iot {ZH[:60]}")) == [
            ("sections.0.text.zh", "sections.0.text.zh", 1.0)
        ]
        assert shares(story(EN, lang="en"), story(EN.upper().replace(" ", ", "), lang="en")) == [
            ("sections.0.text.en", "sections.0.text.en", 1.0)
        ]

    def test_short_passages_are_compared_with_their_like(self) -> None:
        title = {"zh": "某某市智能水表远程抄读项目"}
        mine, same = (
            make.document(title=title, summary={"zh": "乙"}),
            make.document(title=title, summary={"zh": "丙"}),
        )
        assert ("title.zh", "title.zh", 1.0) in shares(mine, same)
        inside = story(f"{ZH[:30]}{title['zh']}{ZH[30:60]}")
        assert [field for field, _, _ in shares(mine, inside)] == []

    @given(st.data())
    def test_a_long_enough_run_in_common_is_a_mark_in_common(self, data: st.DataObject) -> None:
        """The guarantee of winnowing: 57 characters, 54 words, whatever stands around them."""
        lang = data.draw(st.sampled_from(("zh", "en")))
        random = Random(data.draw(st.integers(0, 10**6)))
        signs = ZH if lang == "zh" else EN.split()
        joint = "" if lang == "zh" else " "
        run = random.choices(signs, k=likeness.SHINGLE[lang] + likeness.WINDOW - 1)
        around = [[random.choices(signs, k=random.randrange(200)) for _ in "ab"] for _ in "ab"]
        one, other = (joint.join([*before, *run, *after]) for before, after in around)
        marked = [likeness.marks([likeness.Passage("summary", lang, text)]) for text in (one, other)]
        assert marked[0] & marked[1]

    def test_few_marks_are_kept(self) -> None:
        texts = [generated_document(document) for document in generated.documents(50)]
        every = [sum(len(passage.shingles) for passage in likeness.passages(text)) for text in texts]
        kept = [len(likeness.marks(likeness.passages(text))) for text in texts]
        assert 15 < sum(every) / sum(kept) < 30

    @pytest.mark.parametrize("text", ["", " \n\t", "水表", "。，！", "\N{ZERO WIDTH SPACE}" * 50])
    def test_what_is_too_short_leaves_no_mark(self, text: str) -> None:
        said = [likeness.Passage("summary", lang, text) for lang in ("zh", "en")]
        assert likeness.marks(said) == set()
        assert likeness.alike(said, said) == []

    def test_only_public_fields_leave_marks(self) -> None:
        secret = story("略", security={"zh": ZH}, contact={"name": ZH[:50], "email": "a@example.org"})
        assert likeness.passages(secret) == likeness.passages(story("略"))


def generated_document(document: Any) -> dict[str, Any]:
    """A generated search document as a case would say it."""
    said = document.text
    return {"title": said["title"], "summary": said["summary"], "sections": [{"text": said["body"]}]}


def admitted(session: Session, **over: Any) -> Case:
    return make.case(session, **over)


def owned(session: Session, actor: Actor, document: dict[str, Any]) -> Case:
    """A case of the actor's organisation, handed in."""
    case = operations.create(session, actor, origin="submitted", owner=actor.organisation, now=make.NOW)
    case.code = f"MIOT-2026-{case.id:04d}"
    facts = {"number": 1, "digest": "", "findings": [], "at": make.NOW, "fields": []}
    session.add(Submission(case_id=case.id, document=document, **facts))
    session.flush()
    duplicates.remember(session, case, document)
    return case


@pytest.fixture
def author(session: Session) -> Actor:
    return make.member(session, make.organisation(session))


def told(
    session: Session, actor: Actor, case: Case, document: dict[str, Any]
) -> list[tuple[str | None, list[str]]]:
    """Numbers of the cases that are found, and the fields there."""
    return [
        (each.case.code, [pair.theirs.field for pair in each.passages])
        for each in duplicates.find(session, actor, case, document)
    ]


def draft(session: Session, actor: Actor) -> Case:
    return operations.create(session, actor, origin="submitted", owner=actor.organisation, now=make.NOW)


def test_a_copied_passage_names_its_case_and_both_texts(session: Session, author: Actor) -> None:
    source = admitted(session, **{"sections": story(ZH[:200], ZH[200:300])["sections"]})
    admitted(session, sections=story("完全不同的另一段文字" * 9)["sections"])
    copied = story(f"{ZH[300:350]}\n{ZH[:120]}，{ZH[121:200]}")
    (found,) = duplicates.find(session, author, draft(session, author), copied)
    assert found.case.code == source.code
    (pair,) = found.passages
    assert (pair.mine.field, pair.theirs.field) == ("sections.0.text.zh", "sections.0.text.zh")
    assert (pair.mine.text, pair.theirs.text) == (f"{ZH[:120]}，{ZH[121:200]}", ZH[:200])
    assert 0.9 < pair.share < 1


@pytest.mark.parametrize("document", SEEDS[::6], ids=lambda document: document["code"])
def test_a_real_case_retold_with_changes_is_found(
    session: Session, author: Actor, document: dict[str, Any]
) -> None:
    admitted(session)
    make.taxonomy(session)
    fitting = {**document, "sectors": ["water-metering"], "technologies": [], "attachments": []}
    source = make.case(session, **fitting)
    retold = json.loads(json.dumps(document, ensure_ascii=False).replace("，", "；").replace("2025", "2026"))
    found = duplicates.find(session, author, draft(session, author), retold)
    assert found[0].case.code == source.code
    assert found[0].length > 200


def test_the_case_most_alike_comes_first(session: Session, author: Actor) -> None:
    little = admitted(session, sections=story(ZH[:80])["sections"]).code
    much = admitted(session, sections=story(ZH[:80], ZH[100:200], ZH[200:300])["sections"]).code
    mine = story(ZH[:80], ZH[100:200], ZH[200:300])
    assert [code for code, _ in told(session, author, draft(session, author), mine)] == [much, little]


def test_a_case_is_not_like_itself(session: Session, author: Actor) -> None:
    case = owned(session, author, story(ZH[:200]))
    assert told(session, author, case, story(ZH[:200])) == []


def test_what_one_may_not_see_is_not_told(session: Session, author: Actor) -> None:
    """The same passage in a hidden case of each kind; the officer and the owner hear of it, others do not."""
    officer = make.officer(session)
    mine = draft(session, author)
    text = story(ZH[:200])
    archived = admitted(session, state="archived", sections=text["sections"])
    theirs = owned(session, make.member(session, make.organisation(session)), text)
    assert {code for code, _ in told(session, officer, mine, text)} == {archived.code, theirs.code}
    assert told(session, author, mine, text) == []
    assert told(session, VISITOR, mine, text) == []
    own = owned(session, author, text)
    assert [code for code, _ in told(session, author, mine, text)] == [own.code]


def test_a_change_that_waits_is_told_to_its_owner_and_the_ministry(session: Session, author: Actor) -> None:
    public, change = story(ZH[:100]), story(ZH[100:200])
    case = owned(session, author, change)
    loaded = operations.SCHEMA.load({**public, "origin": "submitted", "code": case.code})
    make.taxonomy(session)
    operations.revise(session, SYSTEM, case, now=make.NOW, document=loaded)
    duplicates.remember(session, case, change)
    stranger = make.member(session, make.organisation(session))
    other, mine = draft(session, stranger), draft(session, author)
    assert told(session, make.officer(session), other, change) == [(case.code, ["sections.0.text.zh"])]
    assert told(session, author, mine, change) == [(case.code, ["sections.0.text.zh"])]
    assert told(session, make.officer(session), other, public) == [(case.code, ["sections.0.text.zh"])]
    assert told(session, stranger, other, change) == []


def test_a_revision_forgets_what_the_case_no_longer_says(session: Session, author: Actor) -> None:
    case = admitted(session, sections=story(ZH[:100])["sections"])
    before = set(session.scalars(select(CaseMark.mark).where(CaseMark.case_id == case.id)))
    document = make.document(code=case.code, sections=story(ZH[200:300])["sections"])
    operations.revise(session, SYSTEM, case, now=make.NOW, document=operations.SCHEMA.load(document))
    after = set(session.scalars(select(CaseMark.mark).where(CaseMark.case_id == case.id)))
    assert after == likeness.marks(likeness.passages(document))
    assert before - after


def test_demonstrations_are_compared_with_demonstrations(session: Session, author: Actor) -> None:
    text = story(ZH[:200])
    real = admitted(session, sections=text["sections"]).code
    invented = admitted(session, origin="demo", sections=text["sections"]).code
    house = make.organisation(session, demonstration=True)
    actor = make.member(session, house)
    demo = operations.create(session, actor, origin="demo", owner=house.id, now=make.NOW)
    assert [code for code, _ in told(session, actor, demo, text)] == [invented]
    assert [code for code, _ in told(session, author, draft(session, author), text)] == [real]


def test_a_phrase_of_very_many_cases_is_no_copy(
    session: Session, author: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    phrase = ZH[:70]
    for place in range(4):
        admitted(session, sections=story(f"{phrase}{ZH[100 + 60 * place : 160 + 60 * place]}")["sections"])
    mine = draft(session, author)
    assert len(told(session, author, mine, story(phrase))) == 4
    monkeypatch.setattr(duplicates, "COMMON", 3)
    assert told(session, author, mine, story(phrase)) == []
    # What only one case says is told still, though it stands beside the phrase.
    assert len(told(session, author, mine, story(f"{phrase}{ZH[100:160]}"))) == 1


def test_what_was_admitted_before_there_were_marks_is_caught_up_with(
    session: Session, author: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = [admitted(session, sections=story(ZH[:90])["sections"]).code for _ in range(3)]
    empty = admitted(session, title={"zh": "甲"}, summary={"zh": "乙"}, sections=story("略")["sections"])
    before = set(session.execute(select(CaseMark.mark, CaseMark.case_id)).all())
    session.execute(delete(CaseMark))
    monkeypatch.setattr(duplicates, "BATCH", 2)
    after: int | None = 0
    rounds = 0
    while after is not None:
        after = duplicates.catch_up(session, after=after)
        rounds += 1
    assert set(session.execute(select(CaseMark.mark, CaseMark.case_id)).all()) == before
    assert rounds == 3  # two full ones, and one that finds nothing
    assert empty.id not in {case for _, case in before}
    assert {code for code, _ in told(session, author, draft(session, author), story(ZH[:90]))} == set(codes)


def test_the_search_asks_few_questions(session: Session, author: Actor, statements: list[str]) -> None:
    for place in range(3):
        admitted(session, sections=story(f"{ZH[:100]}{ZH[100 + 50 * place : 150 + 50 * place]}")["sections"])
    mine = draft(session, author)
    statements.clear()
    assert len(duplicates.find(session, author, mine, story(ZH[:100]))) == 3
    assert len(statements) == 2 + 3
    assert session.scalar(select(func.count()).select_from(CaseMark))
