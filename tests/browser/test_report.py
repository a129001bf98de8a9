"""The form to report an error: what is wrong is said at its field, nothing typed is lost, a letter goes out."""

from __future__ import annotations

import live
import pytest
from addresses import LANGUAGES

pytestmark = pytest.mark.browser

ADDRESS = f"/cases/{live.COLLECTED}/report"
SEND = "main form [type=submit]"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_errors_are_tied_to_their_fields(reader: live.Reader, lang: str) -> None:
    tab = reader(lang)
    tab.goto(ADDRESS)
    calm = tab.title()
    assert tab.query_selector_all("[aria-invalid]") == []
    tab.click(SEND)
    assert tab.title() != calm
    assert tab.title().endswith(calm), "what a voice reads first says that something is wrong"
    wrong = tab.query_selector_all("main [aria-invalid=true]")
    assert [field.get_attribute("id") for field in wrong] == ["ground", "text"]
    summary = [link.inner_text() for link in tab.query_selector_all("[role=alert] a")]
    assert len(set(summary)) == len(summary) == 2, "each link of the summary says what it is about"
    for field, words in zip(wrong, summary, strict=True):
        described = str(field.get_attribute("aria-describedby")).split()
        assert words in [tab.inner_text(f"#{name}") for name in described]


def test_focus_moves_to_the_first_error(reader: live.Reader) -> None:
    tab = reader()
    tab.goto(ADDRESS)
    tab.fill("#text", "Only the ground is missing.")
    tab.click(SEND)
    tab.wait_for_selector("#ground :focus, [role=alert] :focus, [role=alert]:focus")


def test_links_of_the_summary_lead_into_their_fields(reader: live.Reader) -> None:
    tab = reader()
    tab.goto(ADDRESS)
    tab.click(SEND)
    for number, field in enumerate(("ground", "text")):
        tab.click(f"[role=alert] a >> nth={number}")
        assert tab.evaluate("document.activeElement.name") == field


def test_what_was_typed_is_kept(reader: live.Reader) -> None:
    tab = reader()
    tab.goto(ADDRESS)
    tab.check("#ground-removal")
    tab.fill("#contact", "<reader> & “friend”")
    tab.click(SEND)
    assert tab.is_checked("#ground-removal")
    assert tab.input_value("#contact") == "<reader> & “friend”"
    tab.fill("#text", "Now complete: 水表 & <b>meters</b>.")
    tab.click(SEND)
    assert tab.is_visible("[role=status]")
    live.until_letter(tab, "Now complete: 水表 & <b>meters</b>.")
    assert live.COLLECTED in tab.inner_text("main")


def test_sending_twice_by_reload_is_one_report(reader: live.Reader) -> None:
    tab = reader()
    live.file_report(tab, "Sent once and reloaded.")
    tab.reload()
    live.until_letter(tab, "Sent once and reloaded.")
    tab.wait_for_timeout(700)  # longer than the worker rests between two rounds
    tab.reload()
    assert tab.inner_text("main").count("Sent once and reloaded.") == 1
