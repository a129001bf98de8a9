"""What people fill in about notices: an objection, what an officer answers, a reply, why another notice."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from ..errors import Text
from ..fields import Words, choice, one_script
from .notice_models import GROUNDS, REFUSALS, REPLIERS

MAIL = re.compile(r"[^\s@,;<>]{1,64}@[^\s@,;<>]{1,180}\.[^\s@,;<>.]{2,}")
TELEPHONE = re.compile(r"\+?[0-9][0-9 ()/-]{5,28}[0-9]", re.ASCII)
NAMELESS = re.compile(r"匿名.*|无名.*|.*某某?.*|anonym.*|nobody|n/?a|none|\W*", re.IGNORECASE)


def is_mail(contact: str) -> bool:
    """Can a letter be sent there?"""
    return bool(MAIL.fullmatch(contact))


def real_name(said: str) -> None:
    """Names can be made up; what says of itself that it is none is told so at once."""
    one_script(said)
    if len(re.sub(r"\W", "", said)) < 2 or NAMELESS.fullmatch(said):
        raise ValidationError(
            [Text("Write your real name: anonymous objections are not admitted. It is shown to nobody else.")]
        )


def reachable(said: str) -> None:
    if not is_mail(said) and not TELEPHONE.fullmatch(said):
        raise ValidationError([Text("Write an e-mail address or a telephone number at which you are reached.")])


TICK = Text("Tick this: an objection cannot be examined without it.")


def agreed(said: bool) -> None:
    if not said:
        raise ValidationError([TICK])


class Contact(Words):
    """An address as it is compared: without blanks around it, an e-mail address in small letters."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        said = super()._deserialize(value, *args, **kwargs)
        return said.lower() if "@" in said else said


def _words(limit: int, *more: Any, kind: type[Words] = Words) -> Words:
    field = kind(limit, required=True)
    field.validators.extend(more)
    return field


class ObjectionForm(Schema):
    """What somebody holds against an entry, and who that is."""

    entry = fields.String(required=True, validate=validate.Length(1, 40))
    ground = choice(*GROUNDS, required=True)
    text = Words(4000, required=True)
    name = _words(100, real_name)
    contact = _words(200, reachable, kind=Contact)
    consent = fields.Boolean(required=True, validate=agreed, error_messages={"required": [TICK]})


class AdmitForm(Schema):
    """Why an objection is admitted, what the parties read of it, who answers within how many working days."""

    reason = Words(2000, required=True)
    forwarded = Words(4000, required=True)
    asked = choice(*REPLIERS, required=True)
    days = fields.Integer(required=True, validate=validate.Range(1, 60))


class RefuseForm(Schema):
    """Which rule keeps an objection out, and how."""

    refusal = choice(*REFUSALS, required=True)
    reason = Words(2000, required=True)


class ReplyForm(Schema):
    """What the organisation answers that is asked."""

    reply = Words(8000, required=True)


class UpholdForm(Schema):
    """Why an objection is upheld."""

    reason = Words(4000, required=True)


class DismissForm(UpholdForm):
    """Why an objection is dismissed; `changed`: the case was corrected, and is announced again as it is now."""

    changed = fields.Boolean(load_default=False)


class WhyForm(Schema):
    """Why an entry moves up, or a notice is put up once more."""

    reason = Words(2000, required=True)
