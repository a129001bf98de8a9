"""What officers and approvers fill in for a decision."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from ..fields import Words

MOST_REASON = 2000


class VersionForm(Schema):
    """Which version of the list was read."""

    version = fields.Integer(required=True, validate=validate.Range(1))


class ReturnForm(VersionForm):
    """What has to be changed, and why."""

    reason = Words(MOST_REASON, required=True)
