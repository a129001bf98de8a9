"""What is filled in about experts, ties and assignments, and what lists of them are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

from ..accounts.schemas import Address
from ..errors import Text
from ..fields import Words, choice, partial_date, plain
from .expert_models import MOST_LOAD, TIES

PROGRESS = ("all", "lacking", "overdue", "done")


class InviteForm(Schema):
    """Whom to ask by letter, and what the person is thought to know."""

    email = Address(required=True)
    sectors = fields.List(fields.String(), load_default=list)


class ExpertForm(Schema):
    """What an expert knows and takes on. No sector: any."""

    sectors = fields.List(fields.String(), load_default=list)
    most = fields.Integer(required=True, validate=validate.Range(0, MOST_LOAD))
    about = fields.String(load_default="", validate=[validate.Length(max=2000), plain])


class StayForm(Schema):
    """An organisation by its registered name or code, or in the expert's own words; days, months or years."""

    name = Words(200, required=True)
    since = fields.String(load_default=None, validate=partial_date)
    until = fields.String(load_default=None, validate=partial_date)

    @validates_schema
    def ends_after_it_begins(self, data: Mapping[str, Any], **_: Any) -> None:
        since, until = data.get("since"), data.get("until")
        if since and until and since > until:
            raise ValidationError([Text("It ends after it begins.")], "until")


class TieForm(Schema):
    """Two organisations as they are registered, and how one knows."""

    kind = choice(*TIES, required=True)
    one = Words(200, required=True)
    other = Words(200, required=True)
    source = Words(400, required=True)


class PlanForm(Schema):
    """How a plan is made. With `known`, nobody from outside a sector is taken even where a gap remains."""

    reviewers = fields.Integer(required=True, validate=validate.Range(1, 15))
    most_each = fields.Integer(required=True, validate=validate.Range(1, MOST_LOAD))
    seed = fields.Integer(load_default=1, validate=validate.Range(0, 10**6))
    known = fields.Boolean(load_default=False)


class AssignForm(Schema):
    """One expert for one entry by hand, and why."""

    person = fields.Integer(required=True, validate=validate.Range(1, 2**31 - 1))
    reason = Words(2000, required=True)


class TakeForm(Schema):
    """Why an expert is taken off."""

    take_reason = Words(2000, required=True)


class PoolArgs(Schema):
    """What a list of experts is asked for."""

    class Meta:
        unknown = EXCLUDE

    q = fields.String(load_default="", validate=[validate.Length(max=100), plain])
    sector = fields.String(load_default="", validate=[validate.Length(max=40), plain])
    state = choice("present", "ended", load_default="present")
    page = fields.Integer(load_default=1, validate=validate.Range(1, 10_000))


class PageArgs(Schema):
    """Which page of a list."""

    class Meta:
        unknown = EXCLUDE

    page = fields.Integer(load_default=1, validate=validate.Range(1, 10_000))


class ProgressArgs(PageArgs):
    """Which entries of a call's reviews."""

    view = choice(*PROGRESS, load_default="all")


class CandidateArgs(PageArgs):
    """Which experts for an entry."""

    q = fields.String(load_default="", validate=[validate.Length(max=100), plain])
