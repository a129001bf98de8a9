"""Every page of the site, by name, with what a reader does to see it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from live import COLLECTED, REVISED
from playwright.sync_api import Page as Tab
from playwright.sync_api import Response
from scene import Scene

LANGUAGES = ("zh", "en")
WORDS = {
    "zh": {"words": "智能水表", "nothing": "木琴", "slip": "水标 连接数:很多"},
    "en": {"words": "smart water meters", "nothing": "xylophone", "slip": "smrt metering connections:many"},
}
SEND = "main form [type=submit]"
HALFWAY = (("#email", "officer@demonstration.example"), ("#password", "{password}"))
# As when a colleague saved the section meanwhile, and the script that would have said so did not run.
STALE = """() => {
    document.querySelector("[name=version]").value = 0;
    document.getElementById("title.zh").value = "城南老城区智能水表二期改造";
}"""


@dataclass(frozen=True)
class Page:
    """`status` is what the site answers; `who` is signed in, if anybody is.

    Before looking, `fill` is typed, `change` happens in the page, and `press` names a control to press.
    """

    name: str
    path: str
    status: int = 200
    press: str = ""
    who: str = ""
    fill: tuple[tuple[str, str], ...] = ()
    change: str = ""

    def open(self, tab: Tab, lang: str, scene: Scene) -> None:
        answer = tab.goto(self.path.format(**WORDS[lang], **scene.places))
        for field, words in self.fill:
            tab.fill(field, words.format(**scene.places))
        if self.change:
            tab.evaluate(self.change)
        if self.press:
            with tab.expect_navigation() as navigation:
                tab.click(self.press)
            answer = navigation.value
        assert _status(answer) == self.status, f"{self.name}: {_status(answer)} instead of {self.status}"


PAGES = (
    Page("home", "/"),
    Page("search-words", "/search?q={words}"),
    Page("search-none", "/search?q={nothing}&sector=agriculture&network=nb-iot"),
    Page("search-filters", "/search?direction=governance&network=nb-iot&status=live"),
    Page("search-widened", "/search?q={slip}"),
    Page("search-explained", "/search?q={words}&explain=1"),
    Page("search-help", "/search/help"),
    Page("searches", "/searches"),
    Page("cases-page-2", "/search?page=2"),
    Page("case-collected", f"/cases/{COLLECTED}"),
    Page("case-rich", "/cases/MIOT-P-0043"),
    Page("case-demonstration", "/cases/DEMO-0001"),
    Page("case-revised", f"/cases/{REVISED}"),
    Page("revisions", f"/cases/{REVISED}/revisions"),
    Page("revision-1-past", f"/cases/{REVISED}/revisions/1"),
    Page("revision-2-changes", f"/cases/{REVISED}/revisions/2"),
    Page("direction", "/sectors/governance"),
    Page("sector", "/sectors/metering"),
    Page("sector-without-cases", "/sectors/wearables"),
    Page("statistics", "/statistics"),
    Page("sources", "/sources"),
    Page("about", "/about"),
    Page("feeds", "/feeds"),
    Page("mail", "/mail"),
    Page("report", f"/cases/{COLLECTED}/report"),
    Page("report-with-errors", f"/cases/{COLLECTED}/report", 422, press=SEND),
    Page("report-sent", f"/cases/{COLLECTED}/report?sent=1"),
    Page("sign-in", "/account/sign-in"),
    Page("sign-in-with-errors", "/account/sign-in", 422, press=SEND),
    Page("sign-in-passkey", "/account/sign-in/passkey"),
    Page("sign-in-help", "/account/sign-in/help"),
    Page("register", "/account/register"),
    Page("register-with-errors", "/account/register", 422, press=SEND),
    Page("register-again", "/account/confirm"),
    Page("recover", "/account/recover"),
    Page("confirm", "/account/confirm/none"),
    Page("error-404", "/nowhere", 404),
    Page("error-404-case", "/cases/MIOT-P-9999", 404),
    Page("error-422", "/search?page=0&sort=best", 422),
    Page("tombstone", "/cases/{tombstone}", 410),
    Page("invitation", "/invitations/{invitation}"),
    Page("sign-in-code", "/account/sign-in", press=SEND, who="halfway", fill=HALFWAY),
    Page("sign-in-recovery-code", "/account/sign-in/recovery-code", who="halfway"),
    # An account
    Page("account", "/account", who="owner"),
    Page("account-password", "/account/password", who="owner"),
    Page("account-password-with-errors", "/account/password", 422, press=SEND, who="owner"),
    Page("account-address", "/account/address", who="owner"),
    Page("account-second-factor", "/account/second-factor", who="owner"),
    Page("account-second-factor-code", "/account/second-factor", press=SEND, who="owner"),
    Page("account-recovery-codes", "/account/recovery-codes", who="owner"),
    Page("account-passkeys", "/account/passkeys", who="owner"),
    Page("account-tokens", "/account/tokens", who="owner"),
    Page("account-letters", "/account/letters", who="owner"),
    Page("account-history", "/account/history", who="owner"),
    Page("account-verify", "/account/verify", who="owner"),
    Page("account-end", "/account/end", who="owner"),
    # What is on public notice
    Page("notices", "/notices"),
    Page("notice", "/notices/{notice}"),
    Page("objection", "/notices/{notice}/objection"),
    Page("objection-wrong", "/notices/{notice}/objection", 422, press=SEND),
    Page("objection-receipt", "/objections/{objection_word}?new=1"),
    Page("objections", "/work/objections", who="owner"),
    Page("objection-reply", "/work/objections/{asked_objection}", who="owner"),
    Page("objection-reply-wrong", "/work/objections/{asked_objection}", 422, press=SEND, who="owner"),
    Page("desk-notices", "/desk/notices", who="officer"),
    Page("desk-objections", "/desk/objections", who="officer"),
    Page("desk-objections-ended", "/desk/objections?view=ended", who="officer"),
    Page("desk-objection", "/desk/objections/{filed_objection}", who="officer"),
    Page("desk-objection-replied", "/desk/objections/{replied_objection}", who="officer"),
    Page(
        "desk-objection-named",
        "/desk/objections/{filed_objection}",
        press="[action*=identity] button",
        who="officer",
    ),
    # An organisation
    Page("organisations", "/organisations", who="owner"),
    Page("organisation-new", "/organisations/new", who="newcomer"),
    Page("organisation", "/organisations/{organisation}", who="owner"),
    Page("organisation-edit", "/organisations/{organisation}/edit", who="owner"),
    Page("organisation-verification", "/organisations/{organisation}/verification", who="owner"),
    Page("organisation-members", "/organisations/{organisation}/members", who="owner"),
    Page("organisation-member", "/organisations/{organisation}/members/{member}", who="owner"),
    Page("organisation-close", "/organisations/{organisation}/close", who="owner"),
    Page("link", f"/cases/{COLLECTED}/link", who="owner"),
    # Its cases
    Page("work", "/work", who="owner"),
    Page("work-new", "/work/new", who="owner"),
    Page("import", "/work/import", who="owner"),
    Page("import-table", "/work/import/{table}", who="owner"),
    Page("draft", "/work/{begun}", who="owner"),
    Page("draft-basics", "/work/{draft}/basics", who="owner"),
    Page("draft-deployment", "/work/{draft}/deployment", who="owner"),
    Page("draft-connections-wrong", "/work/{begun}/connections?check=1", who="owner"),
    Page("draft-story", "/work/{draft}/story", who="owner"),
    Page("draft-results", "/work/{draft}/results", who="owner"),
    Page("draft-sources", "/work/{begun}/sources?check=1", who="owner"),
    Page("draft-files", "/work/{draft}/files", who="owner"),
    Page("draft-declarations", "/work/{draft}/declarations", who="owner"),
    Page("draft-read", "/work/{draft}/basics", who="commenter"),
    Page("draft-conflict", "/work/{draft}/basics", 409, press="[value=next]", who="owner", change=STALE),
    Page("draft-history", "/work/{draft}/history/basics", who="owner"),
    Page("draft-preview", "/work/{draft}/preview", who="owner"),
    Page("draft-submit", "/work/{draft}/submit", who="owner"),
    Page("draft-submit-not-yet", "/work/{begun}/submit", who="owner"),
    Page("returned", "/work/{returned}", who="owner"),
    Page("returned-basics", "/work/{returned}/basics", who="owner"),
    Page("receipt", "/work/{returned}/receipts/1", who="owner"),
    # The desk
    Page("desk", "/desk", who="officer"),
    Page("desk-selected", "/desk?pick={waiting}", who="officer"),
    Page("desk-none", "/desk?q={nothing}", who="officer"),
    Page("desk-batch", "/desk/batches/{batch}", who="officer"),
    Page("desk-case", "/desk/cases/{waiting}", who="officer"),
    Page("desk-case-collected", f"/desk/cases/{COLLECTED}", who="officer"),
    Page("desk-near", "/desk/cases/{waiting}/near", who="officer"),
    Page("desk-rules", "/desk/rules", who="officer"),
    Page("desk-rule", "/desk/rules/title-length", who="officer"),
    Page("desk-rule-new", "/desk/rules/new", who="officer"),
    Page("desk-calendar", "/desk/calendar", who="officer"),
    Page("desk-links", "/desk/links", who="officer"),
    Page("desk-reports", "/desk/reports", who="officer"),
    Page("desk-organisations", "/desk/organisations", who="officer"),
    Page("desk-organisation", "/desk/organisations/{asks}", who="officer"),
    Page("desk-outbox", "/desk/outbox", who="officer"),
    Page("desk-letter", "/desk/outbox/{letter}", who="officer"),
    # Reviews
    Page("reviews", "/reviews", who="expert"),
    Page("review-question", "/reviews/{review_assigned}", who="expert"),
    Page("review-sheet", "/reviews/{review_draft}", who="expert"),
    Page("review-sheet-refused", "/reviews/{review_draft}", 422, press="[value=finish]", who="expert"),
    Page("review-final", "/reviews/{review_final}", who="expert"),
    Page("review-closed", "/reviews/{review_recused}", 403, who="expert"),
    Page("desk-review", "/desk/reviews/{review_final}", who="officer"),
    Page("desk-masks", "/desk/masks/{unmasked}", who="officer"),
    # Experts
    Page("expert-invitation", "/experts/invitations/{expert_word}"),
    Page("expert-own", "/account/expert", who="expert"),
    Page("desk-experts", "/desk/experts", who="officer"),
    Page("desk-expert", "/desk/experts/{expert}", who="officer"),
    Page("desk-expert-wrong", "/desk/experts", 422, press="[action$=experts] button.go", who="officer"),
    Page("desk-ties", "/desk/ties", who="officer"),
    Page("desk-progress", "/desk/calls/{judged}/reviews", who="officer"),
    Page("desk-plan", "/desk/calls/{judged}/plans/{planned}", who="officer"),
    Page("desk-plan-applied", "/desk/calls/{judged}/plans/{applied}", who="officer"),
    Page("desk-judges", "/desk/calls/{judged}/reviews/{judged_entry}", who="officer"),
    Page("desk-ranking", "/desk/calls/{ranked}/ranking", who="officer"),
    Page("desk-run", "/desk/calls/{ranked}/ranking/1", who="officer"),
    Page("desk-run-apart", "/desk/calls/{apart}/ranking/1", who="officer"),
    Page("desk-list", "/desk/calls/{ranked}/list", who="officer"),
    Page("desk-sheet", "/desk/calls/{decided}/list/sheet", who="officer"),
    Page("desk-lists", "/desk/lists", who="officer"),
    # What calls came to
    Page("benchmarks", "/benchmarks"),
    Page("benchmark", "/benchmarks/{project}"),
    Page("benchmark-revoked", "/benchmarks/{revoked}"),
    Page("benchmark-certificate", "/benchmarks/{project}/certificate"),
    Page("verify", "/verify"),
    Page("verify-valid", "/verify/{number}"),
    Page("verify-revoked", "/verify/{void}"),
    Page("verify-none", "/verify/CALL-2026-0001-C-000", 404),
    Page("result", "/calls/{finished}/result"),
    Page("result-report", "/calls/{finished}/report"),
    Page("desk-benchmarks", "/desk/benchmarks", who="officer"),
    Page("desk-benchmark", "/desk/benchmarks/{due}", who="officer"),
    Page("desk-benchmark-wrong", "/desk/benchmarks/{due}", 422, press="main button.go", who="officer"),
    Page("desk-exports", "/desk/calls/{finished_key}/exports", who="officer"),
    Page("searches-for-officers", "/searches", who="officer"),
    Page("audit", "/audit", who="officer"),
    Page("audit-chain", "/audit/chain", who="administrator"),
    # Calls
    Page("calls", "/calls"),
    Page("call", "/calls/{call}"),
    Page("call-finished", "/calls/{finished}"),
    Page("desk-calls", "/desk/calls", who="officer"),
    Page("desk-call", "/desk/calls/{checked_key}", who="officer"),
    Page("desk-call-ranked", "/desk/calls/{ranked}", who="officer"),
    Page("desk-call-finished", "/desk/calls/{finished_key}", who="officer"),
    Page("desk-call-form", "/desk/calls/{checked_key}/edit", who="officer"),
    # Entries
    Page("enter", "/calls/{call}/enter?case={free}", who="owner"),
    Page("enter-with-errors", "/calls/{call}/enter?case={free}", 422, press=SEND, who="owner"),
    Page("enter-closed", "/calls/{checked}/enter", who="owner"),
    Page("entries", "/entries", who="owner"),
    Page("entry", "/entries/{recommended}", who="owner"),
    Page("entry-returned", "/entries/{needs_correction}", who="owner"),
    Page("recommend", "/recommend", who="recommender"),
    Page("recommend-call", "/recommend/{checked}", who="recommender"),
    Page("recommend-entry", "/recommend/entries/{entered}", who="recommender"),
    Page("recommend-entry-with-errors", "/recommend/entries/{entered}", 422, press=SEND, who="recommender"),
    Page("desk-entries", "/desk/calls/{checked_key}/entries", who="officer"),
    Page("desk-entries-selected", "/desk/calls/{checked_key}/entries?pick={recommended}", who="officer"),
    Page("desk-entry", "/desk/entries/{recommended}", who="officer"),
    Page("desk-entry-returned", "/desk/entries/{needs_correction}", who="officer"),
)


def _status(answer: Response | None) -> int | None:
    return answer.status if answer else None


def each(pages: Iterable[Page]) -> pytest.MarkDecorator:
    """Run a test for each of the pages in each language, as `page` and `lang`."""
    both = [pytest.param(page, lang, id=f"{page.name}-{lang}") for page in pages for lang in LANGUAGES]
    return pytest.mark.parametrize(("page", "lang"), both)


EVERY_PAGE = each(PAGES)
