"""Letters with a link that opens an account: what becomes of the link when they cannot be sent."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from founded import invite, organisation
from signing import ANNA, account, letters, post
from sites import Site

from library.db import Database
from library.worker import now

HOUR = dt.timedelta(hours=1)
NOBODY = "smtp://localhost:1"


def test_the_link_of_a_letter_that_was_given_up_is_kept_nowhere(database: Database, tmp_path: Path) -> None:
    site = Site(database, tmp_path, MAIL_URL=NOBODY)
    with database.unit() as session:
        found, owner = organisation(session)
        invite(session, site.config, found, owner, now=now())
    post(site.client(), "/account/register", **ANNA)
    waiting = [*letters(site, "invitation.send"), *letters(site, "account.confirm")]
    assert ["https://library.example/" in (each.text or "") for each in waiting] == [True, True]
    for hours in range(8):
        site.work(now() + hours * 2 * HOUR)
    told = [*letters(site, "invitation.send"), *letters(site, "account.confirm")]
    assert [(each.state, each.text) for each in told] == [("failed", None)] * 2
    assert ["refused" in str(each.last_error).lower() for each in told] == [True, True]


@pytest.mark.parametrize(
    ("late", "states", "sent"), [(HOUR, ["sent"], 1), (2 * HOUR, ["failed"], 0)], ids=["in time", "too late"]
)
def test_no_link_goes_out_that_opens_nothing(
    database: Database, tmp_path: Path, late: dt.timedelta, states: list[str], sent: int
) -> None:
    site = Site(database, tmp_path)
    client = account(site)
    site.work()
    before = len(site.letters())
    post(client, "/account/recover", email=ANNA["email"])
    site.work(now() + late)
    told = letters(site, "account.recover")
    assert ([each.state for each in told], len(site.letters()) - before) == (states, sent)
    assert [each.text for each in told] == [None]
