"""An organisation through HTTP: entered, joined by letter, verified by an officer, handed over, closed."""

from __future__ import annotations

import io
import re

import make
import pikepdf
import pytest
from flask.testing import FlaskClient
from sites import Site, token
from sqlalchemy import select
from werkzeug.test import TestResponse

from library.accounts.models import Organisation, Person

CODE = "91330106MA2CFH6U3L"
LINK = re.compile(r"https://library\.example(/invitations/\S+)")
FORM = {"name_zh": "杭州清河水务有限公司", "name_en": "Qinghe Water", "kind": "enterprise", "province": "33"}


def people(site: Site) -> None:
    with site.database.unit() as session:
        make.person(session, email="owner@people.example", name="Li Owner", lang="en")
        make.person(session, email="guest@people.example", name="Wang Guest", lang="en")
        make.person(session, email="officer@people.example", name="Zhao Officer", roles=("officer",))
        make.person(session, email="chief@people.example", name="Qian Chief", roles=("administrator",))


def post(client: FlaskClient, form: str, address: str = "", **fields: object) -> TestResponse:
    """Fill in the form on the page `form` and send it there or to `address`."""
    return client.post(address or form, data={"csrf_token": token(client, form), **fields})


def text(client: FlaskClient, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status, address
    return response.get_data(as_text=True)


def test_from_entering_to_closing(site: Site) -> None:
    people(site)
    owner = site.signed_in("owner@people.example")
    # Entered; a mistyped code is told with its rule, and what was typed stays.
    refused = post(owner, "/organisations/new", **FORM, credit_code=CODE[:-1] + "A")
    assert refused.status_code == 422
    page = refused.get_data(as_text=True)
    assert "one of them is mistyped" in page
    assert FORM["name_zh"] in page
    home = post(owner, "/organisations/new", **FORM, credit_code=f" {CODE.lower()} ").location
    assert "You act for it as owner." in text(owner, home)
    # Verification: the file is looked into, the officer sees it, a refusal says why, the second try passes.
    ask = f"{home}/verification"
    wrong = post(owner, ask, note="Licence.", file=(io.BytesIO(b"MZ"), "licence.exe"))
    assert wrong.status_code == 422
    assert "Send a PDF, PNG or JPG file." in wrong.get_data(as_text=True)
    assert post(owner, ask, note="Licence.", file=(io.BytesIO(minimal_pdf()), "licence.pdf")).status_code == 303
    officer = site.signed_in("officer@people.example")
    desk = f"/desk{home}"
    assert home.rpartition("/")[2] in text(officer, "/desk/organisations")
    decided = {"reason": "The licence names another body.", "seen": seen(officer, desk)}
    assert post(officer, desk, f"{desk}/moves/organisation.refuse", **decided).status_code == 303
    assert "The licence names another body." in text(owner, home)
    assert post(owner, ask, note="The right licence.").status_code == 303
    stale = post(officer, desk, f"{desk}/moves/organisation.verify", **decided)
    assert stale.status_code == 409  # what the officer saw was the first request
    decided = {"reason": "Compared with the licence.", "seen": seen(officer, desk)}
    assert post(officer, desk, f"{desk}/moves/organisation.verify", **decided).status_code == 303
    assert "Verified by the library" in text(owner, home)
    # Other words: not verified any more, and the desk shows what was changed.
    assert post(owner, f"{home}/edit", **FORM | {"name_en": "Qinghe"}, credit_code=CODE).status_code == 303
    assert "Not verified" in text(owner, home)
    assert "Qinghe Water → Qinghe<" in text(officer, desk)
    # Closing needs a reason, ends the acting, and frees the code.
    assert post(owner, f"{home}/close", reason=" ").status_code == 422
    assert post(owner, f"{home}/close", reason="Merged.").status_code == 303
    assert "is closed; nobody can act for it" in text(owner, home, 403)
    assert post(owner, "/organisations/new", **FORM, credit_code=CODE).status_code == 303
    chief = site.signed_in("chief@people.example")
    again = post(chief, desk, f"{desk}/moves/organisation.reopen", reason="A mistake.", seen="")
    assert again.status_code == 303
    with site.database.reading() as session:
        found = session.scalars(select(Organisation).order_by(Organisation.id)).all()
    assert [(each.state, each.credit_code) for each in found] == [("unverified", None), ("unverified", CODE)]


def test_a_colleague_joins_by_letter_takes_over_and_the_founder_leaves(site: Site) -> None:
    people(site)
    owner = site.signed_in("owner@people.example")
    home = post(owner, "/organisations/new", **FORM).location
    sent = post(owner, f"{home}/members", email="Guest@People.example", role="editor")
    assert sent.status_code == 303
    site.work()
    (letter,) = [each for each in site.letters() if each["To"] == "guest@people.example"]
    found = LINK.search(letter.get_content())
    assert found
    link = found[1]
    # Signed out one sees who invites and is led to the sign-in and back; a no needs no account, a yes does.
    stranger = site.client()
    page = text(stranger, link)
    assert "Li Owner" in page
    assert "Qinghe Water" in page
    assert f"next={link}" in page.replace("%2F", "/")
    assert post(stranger, link, f"{link}/accept").status_code in (303, 403)
    guest = site.signed_in("guest@people.example")
    assert post(guest, link, f"{link}/accept").location == home
    assert "You act for it as editor." in text(guest, home)
    used = text(stranger, link)
    assert "works once" in used
    assert "/accept" not in used
    # An editor changes nobody; the owner cannot leave alone, hands over, leaves, and is refused in words.
    assert guest.get(f"{home}/members/1").status_code == 403
    alone = post(owner, f"{home}/members", f"{home}/leave")
    assert alone.status_code == 409
    assert "last owner" in alone.get_data(as_text=True)
    row = re.search(rf'{home}/members/(\d+)">Change<span class="off"> Wang Guest', text(owner, f"{home}/members"))
    assert row
    member = f"{home}/members/{row[1]}"
    assert post(owner, member, what="transfer").status_code == 303
    assert "You act for it as owner." in text(guest, home)
    assert post(owner, f"{home}/members", f"{home}/leave").status_code == 303
    assert "You do not belong to 杭州清河水务有限公司 any more." in text(owner, home, 403)
    assert "Li Owner" not in text(guest, f"{home}/members")


def test_a_member_is_removed_with_a_form_open(site: Site) -> None:
    people(site)
    with site.database.unit() as session:
        organisation = make.organisation(session, name_zh="清河水务")
        make.member(session, organisation, "owner", email="first@people.example")
        make.member(session, organisation, "owner", email="second@people.example", name="Second")
    first = site.signed_in("first@people.example", organisation=organisation.id)
    second = site.signed_in("second@people.example", organisation=organisation.id)
    home = f"/organisations/{organisation.key}"
    opened = token(second, f"{home}/edit")
    with site.database.reading() as session:
        gone = session.scalars(select(Person).where(Person.email == "second@people.example")).one().memberships[0]
    assert post(first, f"{home}/members/{gone.id}", what="remove").status_code == 303
    sent = second.post(f"{home}/edit", data={"csrf_token": opened, **FORM})
    assert (sent.status_code, "What you sent was not saved." in sent.get_data(as_text=True)) == (403, True)
    assert "You do not belong to 清河水务 any more." in text(second, home, 403)
    with site.database.reading() as session:
        assert session.get_one(Organisation, organisation.id).name_zh == "清河水务"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_nothing_of_another_organisation_is_shown(site: Site, lang: str) -> None:
    with site.database.unit() as session:
        secret = make.organisation(session, name_zh="秘密单位", name_en="Secret Body", evidence_sha256="0" * 64)
        owner = make.member(session, secret, "owner", email="owner@people.example")
        make.member(session, secret, "commenter", email="commenter@people.example")
        other = make.organisation(session, name_zh="别的单位")
        make.member(session, other, "owner", email="other@people.example")
        key = secret.key
    assert owner.organisation == secret.id
    outsider = site.signed_in("other@people.example", lang, organisation=other.id)
    own = {"": 404, "/edit": 404, "/verification": 404, "/evidence": 404, "/close": 404, "/members": 404}
    told = {ending: outsider.get(f"/organisations/{key}{ending}") for ending in own}
    assert {ending: answer.status_code for ending, answer in told.items()} == own
    pages = "".join(answer.get_data(as_text=True) for answer in told.values())
    assert "秘密" not in pages
    assert "Secret" not in pages
    commenter = site.signed_in("commenter@people.example", lang, organisation=secret.id)
    assert commenter.get(f"/organisations/{key}").status_code == 200
    assert commenter.get(f"/organisations/{key}/evidence").status_code == 403


def seen(officer: FlaskClient, desk: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', text(officer, desk))
    assert found
    return found[1]


def minimal_pdf() -> bytes:
    with pikepdf.new() as document, io.BytesIO() as out:
        document.add_blank_page()
        document.save(out)
        return out.getvalue()
