"""What applicants, recommenders and checkers fill in."""

from __future__ import annotations

from collections.abc import Mapping

from marshmallow import Schema, ValidationError, fields, validate

from ..catalog.desk_schemas import ReturnForm
from ..errors import Text
from ..fields import Words

MOST_MASKS = 200


class EnterForm(Schema):
    """Which case, by its number, and which recommending body, by its key; `masks`: words no expert may read."""

    case = Words(20, required=True)
    recommender = Words(20, required=True)
    masks = fields.List(Words(100), load_default=list, validate=validate.Length(max=MOST_MASKS))


class MasksForm(Schema):
    masks = fields.List(Words(100), required=True, validate=validate.Length(1, MOST_MASKS))


def _it_is_true(said: bool) -> None:
    if not said:
        raise ValidationError([Text("Say that the materials are true, or decline.")])


class RecommendForm(Schema):
    """The recommender vouches that the materials are true, in its own words, and says who signs: name and post."""

    true_ = fields.Boolean(data_key="true", required=True, validate=_it_is_true)
    attestation = Words(4000, required=True)
    signer = Words(80, required=True)
    post = Words(100, required=True)


class ReasonForm(Schema):
    """Why an entry is not recommended, or fails: its applicant reads it."""

    reason = Words(4000, required=True)


class WithdrawForm(Schema):
    reason = Words(2000)


class NothingForm(Schema):
    """A move that asks for nothing."""


# What a person fills in for a move, by its verb; a move without a form is not made through a person's hand alone.
FORMS: Mapping[str, type[Schema]] = {
    "entry.withdraw": WithdrawForm,
    "entry.correct": NothingForm,
    "entry.recommend": RecommendForm,
    "entry.decline": ReasonForm,
    "entry.pass": NothingForm,
    "entry.return": ReturnForm,
    "entry.fail": ReasonForm,
}
