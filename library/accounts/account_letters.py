"""Letters about somebody's own account, from templates/mail/<verb>.txt or .zh.txt; nobody may silence them.

Those with a link that opens something are private: no officer reads them, and sent ones are forgotten.
"""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.orm import Session

from ..config import ROOT, Config
from . import letters
from .models import Person

TEMPLATES = Environment(
    loader=FileSystemLoader(ROOT / "templates/mail"), undefined=StrictUndefined, autoescape=False
)
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
