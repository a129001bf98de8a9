"""The second factor: setting it up, signing in with it, recovery codes, and the roles that need it."""

from __future__ import annotations

import base64
import re
from functools import partial, reduce
from operator import and_, or_
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from racing import at_once
from signing import ANNA, PASSWORD, account, letters, link, person, post, sign_in, signed_in, verbs
from sites import Site, token
from sqlalchemy import update

from library.accounts import profile, proofs
from library.accounts.models import Person, SignIn
from library.config import Config
from library.db import Database
from library.policy import SYSTEM
from library.worker import now

TO_FINISH = re.compile(r'action="(/account/second-factor/[^"]+)"')
CODE = re.compile(r"<li>([0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4})</li>")
PICTURE = re.compile(r"<svg[^>]*>.*?</svg></div></div>")
KEY = re.compile(r'<code class="key">([^<]+)</code>')


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    return Site(database, tmp_path)


def code(site: Site) -> str:
    """What Anna's app shows now."""
    secret = person(site).tf_totp_secret
    assert secret is not None
    return proofs.codes(site.config).generate_totp_password(secret)


def later(site: Site) -> None:
    """The code that was used is one of the past; the tests need not wait for the next."""
    with site.database.unit() as session:
        session.execute(update(Person).values(totp_counter=Person.totp_counter - 10))


def set_up(site: Site, client: FlaskClient) -> None:
    page = post(client, "/account/second-factor", setup="authenticator").text
    [address], [key] = TO_FINISH.findall(page), KEY.findall(page)
    shown = proofs.codes(site.config)._totp(key=key).generate().token
    assert client.post(address, data={"csrf_token": token(client, "/account"), "code": shown}).status_code == 303
    later(site)


def test_a_wrong_code_while_setting_it_up_keeps_the_key(site: Site) -> None:
    client = signed_in(site)
    page = post(client, "/account/second-factor", setup="authenticator").text
    [address], [key], [picture] = TO_FINISH.findall(page), KEY.findall(page), PICTURE.findall(page)
    form = {"csrf_token": token(client, "/account")}
    for wrong, said in (("000000", "The code is not right, or was used before."), ("", "This field is required.")):
        again = client.post(address, data=form | {"code": wrong})
        assert (again.status_code, said in again.text) == (422, True)
        found = TO_FINISH.findall(again.text), KEY.findall(again.text), PICTURE.findall(again.text)
        assert found == ([address], [key], [picture])
    assert person(site).tf_totp_secret is None
    shown = proofs.codes(site.config)._totp(key=key).generate().token
    assert client.post(address, data=form | {"code": shown}).status_code == 303
    assert person(site).tf_totp_secret is not None


def give(site: Site, role: str) -> None:
    with site.database.unit() as session:
        profile.give_role(session, SYSTEM, profile.by_address(session, ANNA["email"]), role=role, now=now())


def test_setting_it_up_asks_for_it_at_the_next_sign_in(site: Site) -> None:
    client = signed_in(site)
    set_up(site, client)
    post(client, "/account/sign-out", "/account")
    assert sign_in(client).location.startswith("/account/sign-in/code")
    assert client.get("/account").status_code == 303
    assert post(client, "/account/sign-in/code", code=code(site)).location == "/account"
    assert client.get("/account").status_code == 200
    assert len(letters(site, "account.factor")) == 1
    assert verbs(site)[2:] == ["sign_in.begin", "person.factor", "sign_in.end", "sign_in.begin"]


def test_a_wrong_code_lets_nobody_in(site: Site) -> None:
    client = signed_in(site)
    set_up(site, client)
    other = site.client()
    sign_in(other)
    for wrong in ("000000", "", "12 34", "abcdef", "1" * 200, "１２３４５６", "\0"):
        assert post(other, "/account/sign-in/code", code=wrong).status_code == 422, wrong
    assert other.get("/account").status_code == 303


def test_no_code_counts_twice(site: Site) -> None:
    client = signed_in(site)
    set_up(site, client)
    first, second, shown = site.client(), site.client(), code(site)
    for browser, status in ((first, 303), (second, 422)):
        sign_in(browser)
        assert post(browser, "/account/sign-in/code", code=shown).status_code == status
    assert second.get("/account").status_code == 303


@pytest.mark.parametrize("kind", ["code", "recovery-code"])
def test_of_two_who_show_the_same_code_at_once_one_comes_in(site: Site, kind: str) -> None:
    client, address = signed_in(site), f"/account/sign-in/{kind}"
    set_up(site, client)
    spare = CODE.findall(post(client, "/account/recovery-codes").text)
    browsers = [site.client(), site.client()]
    for browser in browsers:
        sign_in(browser)
    form = {"code": code(site) if kind == "code" else spare[0]}
    acts = [
        partial(browser.post, address, data=form | {"csrf_token": token(browser, address)}) for browser in browsers
    ]
    assert sorted(answer.status_code for answer in at_once(site.database, *acts)) == [303, 422]
    assert sorted(browser.get("/account").status_code for browser in browsers) == [200, 303]


def test_guessing_codes_is_stopped(site: Site) -> None:
    client = signed_in(site)
    set_up(site, client)
    other = site.client()
    sign_in(other)
    form = {"csrf_token": token(other, "/account/sign-in/code"), "code": "000000"}
    told = [other.post("/account/sign-in/code", data=form).status_code for _ in range(11)]
    assert told == [422] * 10 + [429]


def test_a_code_without_a_password_is_nothing(site: Site) -> None:
    client = signed_in(site)
    set_up(site, client)
    visitor = site.client()
    form = {"csrf_token": token(visitor, "/account/sign-in"), "code": code(site)}
    assert visitor.post("/account/sign-in/code", data=form).location == "/account/sign-in"
    assert visitor.get("/account").status_code == 303


def test_recovery_codes_are_shown_once_kept_as_digests_and_work_once(site: Site) -> None:
    client = signed_in(site)
    set_up(site, client)
    codes = CODE.findall(post(client, "/account/recovery-codes").text)
    assert len(set(codes)) == 8
    assert CODE.findall(client.get("/account/recovery-codes?show_codes=1").text) == []
    kept = person(site).mf_recovery_codes or []
    assert len(kept) == 8
    assert not set(codes) & set(kept)
    copied = f" {codes[1].upper().replace('-', ' ')} "
    for used, status in ((codes[0], 303), (codes[0], 422), (copied, 303)):
        other = site.client()
        sign_in(other)
        assert post(other, "/account/sign-in/recovery-code", code=used).status_code == status
    assert len(person(site).mf_recovery_codes or []) == 6


def test_new_recovery_codes_end_the_old_ones(site: Site) -> None:
    client = signed_in(site)
    set_up(site, client)
    old = CODE.findall(post(client, "/account/recovery-codes").text)
    post(client, "/account/recovery-codes")
    other = site.client()
    sign_in(other)
    assert post(other, "/account/sign-in/recovery-code", code=old[0]).status_code == 422


def test_a_role_rests_until_a_second_factor_is_set_up(site: Site) -> None:
    hidden = site.add(state="archived")
    account(site)
    give(site, "officer")
    client = site.client()
    assert sign_in(client, next="/account/password").location == "/account/second-factor"
    assert client.get(f"/cases/{hidden}").status_code == 410
    assert "Your roles rest" in client.get("/account").text
    set_up(site, client)
    assert client.get(f"/cases/{hidden}").status_code == 200
    assert "Your roles rest" not in client.get("/account").text


def test_removing_it_rests_the_roles_everywhere(site: Site) -> None:
    hidden = site.add(state="archived")
    client = signed_in(site)
    give(site, "officer")
    set_up(site, client)
    other = site.client()
    sign_in(other)
    post(other, "/account/sign-in/code", code=code(site))
    assert other.get(f"/cases/{hidden}").status_code == 200
    assert post(client, "/account/second-factor", setup="disable").status_code == 303
    assert [each.get(f"/cases/{hidden}").status_code for each in (client, other)] == [410, 410]
    assert person(site).mf_recovery_codes in (None, [])


def test_only_a_browser_that_showed_it_may_change_it(site: Site) -> None:
    """One that was signed in before, or by whoever knows the password only."""
    client, other = signed_in(site), site.client()
    sign_in(other)
    set_up(site, client)
    for address in ("second-factor", "passkeys", "recovery-codes", "address"):
        assert other.get(f"/account/{address}").status_code == 403
    form = {"csrf_token": token(other, "/account"), "setup": "disable"}
    assert other.post("/account/second-factor", data=form).status_code == 403
    assert person(site).tf_totp_secret is not None


def test_a_new_password_by_letter_leaves_it(site: Site) -> None:
    client = signed_in(site)
    set_up(site, client)
    visitor, new = site.client(), "another sentence to remember"
    post(visitor, "/account/recover", email=ANNA["email"])
    post(visitor, link(site, "account.recover"), password=new, password_confirm=new)
    assert sign_in(visitor, password=new).location.startswith("/account/sign-in/code")


def test_changing_it_after_a_while_asks_for_the_password_again(site: Site) -> None:
    client = signed_in(site)
    with client.session_transaction() as cookie:
        cookie["fs_paa"] -= 2 * 3600
    there = client.get("/account/second-factor").location
    assert there.startswith("/account/verify?next=")
    assert post(client, there, password="not the right one").status_code == 422
    assert post(client, there, password=PASSWORD).location == "/account/second-factor"
    assert client.get("/account/second-factor").status_code == 200


def test_every_bit_of_a_key_is_random(config: Config) -> None:
    made = proofs.codes(config)
    keys = [base64.b32decode(made.get_totp_b32_key(made.generate_totp_secret())) for _ in range(32)]
    whole = [int.from_bytes(key) for key in keys]
    assert {len(key) for key in keys} == {20}
    assert (reduce(or_, whole), reduce(and_, whole)) == ((1 << 160) - 1, 0)  # none stands still


def test_the_secret_is_kept_encrypted(site: Site) -> None:
    client = signed_in(site)
    page = post(client, "/account/second-factor", setup="authenticator").text
    [key] = KEY.findall(page)
    set_up(site, client)
    assert key.replace("-", "") not in (person(site).tf_totp_secret or "")
    with site.database.reading() as session:
        assert all(row.second_factor for row in session.query(SignIn))
