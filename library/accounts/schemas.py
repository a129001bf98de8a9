"""What the forms about organisations and their members take."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from email_validator import EmailNotValidError, validate_email
from marshmallow import Schema, ValidationError, fields, validates
from stdnum.cn import uscc

from ..errors import Invalid, Text
from ..fields import Words, choice, one_script
from ..labels import PROVINCES
from .models import KINDS, MEMBERSHIPS

CODE_LENGTH = 18
NOT_IN_CODES = "IOSVZ"
HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
# What a person is told, whichever of marshmallow's rules was broken. Our own rules bring their sentences.
TROUBLE = {
    "name_zh": Text("Write the Chinese name, in 200 characters at most."),
    "name_en": Text("A name may have 200 characters at most."),
    "kind": Text("Choose what kind of organisation it is."),
    "credit_code": Text("The code consists of digits and letters only."),
    "province": Text("Choose a province from the list."),
    "note": Text("Say what the file shows, in 2000 characters at most."),
    "reason": Text("Write a reason, in 1000 characters at most."),
    "email": Text("This is not an e-mail address."),
    "role": Text("Choose one of the roles."),
}


def credit_code(typed: str) -> str:
    """The Unified Social Credit Code in its one spelling. Raises ValidationError with the rule that is broken.

    The library's own validate() wants digits in the first two places, where rural collectives have an N and
    others a Y or an A; so only its check character is asked.
    """
    code = uscc.compact(unicodedata.normalize("NFKC", typed))
    if len(code) != CODE_LENGTH:
        places = {"wanted": CODE_LENGTH, "given": len(code)}
        raise ValidationError([Text("The code has %(wanted)s characters; this has %(given)s.", places)])
    for place, char in enumerate(code, 1):
        if char in NOT_IN_CODES:
            where = {"place": place, "char": char}
            raise ValidationError(
                [Text("The letters I, O, S, V and Z are never used; in place %(place)s stands %(char)s.", where)]
            )
        if not re.fullmatch("[0-9A-Z]", char):
            raise ValidationError([Text("The code consists of digits and letters only.")])
    if not re.fullmatch("[0-9]{6}", code[2:8]):
        raise ValidationError([Text("Places 3 to 8 of the code are digits: the region.")])
    if code[-1] != uscc.calc_check_digit(code[:-1]):
        raise ValidationError([Text("The last character does not fit the others: one of them is mistyped.")])
    return code


class CreditCode(fields.String):
    """A code as people type it: spaces, hyphens, full-width and small letters do not matter."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        return credit_code(super()._deserialize(value, *args, **kwargs))


class Address(fields.String):
    """An e-mail address, spelt as it is kept."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        typed = super()._deserialize(value, *args, **kwargs).strip()
        try:
            found = validate_email(typed, check_deliverability=False).normalized.lower()
        except EmailNotValidError as error:
            raise ValidationError("Not an address.") from error
        return found


class OrganisationForm(Schema):
    """What an organisation says about itself."""

    name_zh = Words(200, required=True)
    name_en = Words(200, load_default=None)
    kind = choice(*KINDS, required=True)
    credit_code = CreditCode(load_default=None)
    province = choice(*PROVINCES, load_default=None)

    @validates("name_zh", "name_en")
    def no_imitations(self, value: str | None, data_key: str) -> None:
        try:
            one_script(value or "")
        except ValidationError as error:
            sentence = Text("Mixes letters of different scripts, or has a character that cannot be seen.")
            raise ValidationError([sentence]) from error
        if data_key == "name_zh" and not HAN.search(value or ""):
            raise ValidationError([Text("Write the Chinese name, as it stands in the registration.")])


class EvidenceForm(Schema):
    """What goes with the file that shows who an organisation is."""

    note = Words(2000, required=True)


class ReasonForm(Schema):
    """Why something was decided; the other side reads it."""

    reason = Words(1000, required=True)


class InvitationForm(Schema):
    """Whom to ask, and as what."""

    email = Address(required=True)
    role = choice(*MEMBERSHIPS, required=True)


def loaded(schema: Schema, given: Mapping[str, Any], refusal: Text) -> dict[str, Any]:
    """What a form says, as its schema reads it. Raises Invalid with a sentence a field."""
    try:
        return dict(schema.load({name: given[name] for name in schema.fields.keys() & given.keys()}))
    except ValidationError as error:
        wrong = error.normalized_messages()
        said = {name: [each for each in wrong[name] if isinstance(each, Text)] for name in wrong}
        raise Invalid(refusal, fields={name: said[name] or [TROUBLE[name]] for name in wrong}) from error
