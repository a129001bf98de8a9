"""The receipt of an objection: written with it, because only then the secret word is known."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from ..accounts import letters
from ..accounts.account_letters import SUFFIX, TEMPLATES
from ..config import Config
from .entry_models import Entry
from .notice_models import Notice, Objection
from .notice_schemas import is_mail
from .queries import local


def recipient(row: Objection) -> letters.Recipient | None:
    """Whoever objected, where an e-mail address was given that is not erased. No officer reads such a letter."""
    if row.objector is None or not is_mail(row.objector.contact):
        return None
    return letters.Recipient(row.objector.contact, row.lang, alias="objector", private=True)


def receipt(
    session: Session,
    row: Objection,
    notice: Notice,
    entry: Entry,
    *,
    word: str,
    config: Config,
    now: dt.datetime,
) -> None:
    """Have it sent, where there is an address."""
    to = recipient(row)
    if to is None:
        return
    template = TEMPLATES.get_template("objection.receipt" + SUFFIX[row.lang])
    said = template.render(config=config, objection=row, notice=notice, entry=entry, word=word, at=local(now))
    title, _, text = said.strip().partition("\n")
    letters.write(
        session,
        key=f"objection.receipt:{row.key}",
        verb="objection.file",
        about=row.subject,
        to=to,
        title=title.strip(),
        text=text.strip() + "\n",
        now=now,
        private=True,
    )
