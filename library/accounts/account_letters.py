"""Letters about somebody's own account, from templates/mail/<verb>.txt or .zh.txt; nobody may silence them.

Those with a link that opens something are private: no officer reads them, and sent or failed ones are forgotten.
"""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.orm import Session

from ..config import ROOT, Config
from . import letters
from .letter_models import Letter
from .models import Person

TEMPLATES = Environment(
    loader=FileSystemLoader(ROOT / "templates/mail"), undefined=StrictUndefined, autoescape=False
)
# For how long the link of a letter opens something. One of another kind has none.
GOOD_FOR = {
    "account.confirm": dt.timedelta(days=2),
    "account.known": dt.timedelta(hours=2),
    "account.recover": dt.timedelta(hours=2),
    "account.address": dt.timedelta(hours=2),
    "invitation.send": dt.timedelta(days=14),
    "expert.invite": dt.timedelta(days=14),
}
SUFFIX = {"zh": ".zh.txt", "en": ".txt"}


def write(
    session: Session,
    config: Config,
    verb: str,
    person: Person,
    *,
    now: dt.datetime,
    address: str | None = None,
    **about: Any,
) -> None:
    """Have a letter sent to the person, or to another `address` that he says is his."""
    template = TEMPLATES.get_template(verb + SUFFIX[person.lang])
    words = template.render(config=config, person=person, now=now, **about)
    title, _, text = words.strip().partition("\n")
    letters.write(
        session,
        key=f"{verb}:{person.id}:{secrets.token_hex(8)}",
        verb=verb,
        about=person.subject,
        to=letters.Recipient(address or person.email, person.lang, person.id),
        title=title.strip(),
        text=text.strip() + "\n",
        now=now,
        private=True,
    )


def why_dead(letter: Letter, now: dt.datetime) -> str | None:
    """Why a letter need not be sent any more: its link opens nothing; None while it does, or has none."""
    good_for = GOOD_FOR.get(letter.verb) if letter.private else None
    return "its link is too old" if good_for and now >= letter.at + good_for else None
