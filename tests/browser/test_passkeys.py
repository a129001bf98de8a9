"""A person from registering to a passkey, with Chromium's virtual authenticator."""

from __future__ import annotations

import re
import time

import live
import pytest
from playwright.sync_api import CDPSession
from playwright.sync_api import Page as Tab

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery staple"
SEND = "main form [type=submit]"
LINK = re.compile(r"http://localhost:\d+(/account/confirm/\S+)")


def registered(tab: Tab, email: str) -> None:
    """An account, confirmed by the link in the letter."""
    tab.goto("/account/register")
    for name, words in {
        "name": "Anna",
        "email": email,
        "password": PASSWORD,
        "password_confirm": PASSWORD,
    }.items():
        tab.fill(f"#{name}", words)
    tab.click(SEND)
    live.until_letter(tab, email)
    found = LINK.search(next(text for text in tab.inner_text("main").split("\n\n") if "/account/confirm/" in text))
    assert found is not None
    tab.goto(found[1])
    tab.click(SEND)
    tab.wait_for_url("**/account/sign-in")


def sign_in(tab: Tab, email: str) -> None:
    tab.goto("/account/sign-in")
    tab.fill("#email", email)
    tab.fill("#password", PASSWORD)
    tab.click(SEND)
    tab.wait_for_url("**/account")


def sign_out(tab: Tab) -> None:
    tab.click(".tools button")
    tab.wait_for_selector(".tools a[href='/account/sign-in']")


def device(tab: Tab, *, knows_its_owner: bool = True) -> CDPSession:
    """A device that answers at once, with the finger or PIN of its owner or without."""
    found = tab.context.new_cdp_session(tab)
    found.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": knows_its_owner,
        "automaticPresenceSimulation": True,
    }
    found.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return found


def add_passkey(tab: Tab, name: str) -> None:
    tab.goto("/account/passkeys")
    tab.fill("#name", name)
    tab.click("#h-new >> xpath=../.. >> [type=submit]")
    tab.wait_for_selector(f"th:has-text('{name}')")


def test_a_passkey_signs_in_without_a_password(reader: live.Reader) -> None:
    tab = reader()
    email = f"anna-{time.monotonic_ns()}@people.example"
    registered(tab, email)
    sign_in(tab, email)
    device(tab)
    add_passkey(tab, "This computer")
    sign_out(tab)
    tab.goto("/account/sign-in")
    tab.click("text=Sign in with a passkey")
    tab.wait_for_url("**/account")
    assert email in tab.inner_text("main")
    tab.goto("/account/passkeys")
    tab.click("main td button")
    tab.wait_for_selector("text=You have no passkey.")
    sign_out(tab)
    tab.goto("/account/sign-in/passkey")
    tab.click(SEND)
    tab.wait_for_url("**/account/sign-in/passkey")
    assert "The passkey was not accepted." in tab.inner_text("main")


def test_a_device_that_does_not_know_its_owner_is_told_apart(reader: live.Reader) -> None:
    """A passkey counts as two factors: the device alone is one."""
    tab = reader()
    device(tab, knows_its_owner=False)
    tab.goto("/account/sign-in/passkey")
    tab.click(SEND)
    tab.wait_for_selector("[role=alert]:visible")
    assert "You can try again." in tab.inner_text("[role=alert]:visible")
