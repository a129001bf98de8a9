"""What the catalogue answers programs with: every field of a row, a search, a case."""

from __future__ import annotations

from typing import get_args

from marshmallow import Schema, fields, validate

from search.documents import WideningKind

from ..fields import bilingual
from .finding import SearchArgs
from .schemas import CaseDocument, Migration, Party


class CountShape(Schema):
    value = fields.Integer(required=True)
    kind = fields.String(required=True)
    as_of = fields.String(allow_none=True)
    due = fields.String(allow_none=True)
    scope = fields.String(required=True)
    bound = fields.String(required=True)
    what = fields.Nested(bilingual(60))
    verified = fields.Dict(allow_none=True)
    source = fields.String(required=True)


class PlaceShape(Schema):
    country = fields.String(allow_none=True)
    provinces = fields.List(fields.String())
    text = fields.Nested(bilingual(200))


class BecauseShape(Schema):
    asked = fields.String(required=True)
    found = fields.String(required=True)
    field = fields.String(required=True)
    lang = fields.String(required=True)
    alike = fields.Boolean(
        required=True, metadata={"description": "Whether what was found looks like what was asked for."}
    )


class ShareShape(Schema):
    asked = fields.String(required=True)
    documents = fields.Integer(required=True, metadata={"description": "How many cases have the word."})
    score = fields.Float(required=True)


class ExplanationShape(Schema):
    """The sum of the shares, times a gentle boost for scale and freshness, is the score."""

    score = fields.Float(required=True)
    boost = fields.Float(required=True)
    shares = fields.List(fields.Nested(ShareShape), required=True)


class RowShape(Schema):
    """A case as one item of a list."""

    code = fields.String(required=True)
    origin = fields.String(required=True)
    title = fields.Nested(bilingual(120), required=True)
    summary = fields.Nested(bilingual(400), required=True)
    organisation = fields.Nested(bilingual(200), allow_none=True, required=True)
    """Whoever handed it in; nobody has handed in a collected case."""
    parties = fields.List(fields.Nested(Party), required=True)
    direction = fields.String(required=True)
    sectors = fields.List(fields.String(), required=True)
    technologies = fields.List(fields.String(), required=True)
    networks = fields.List(fields.String(), required=True)
    network_text = fields.Nested(bilingual(120), allow_none=True)
    place = fields.Nested(PlaceShape, required=True)
    status = fields.String(required=True)
    as_of = fields.String(allow_none=True)
    connections = fields.Nested(CountShape, allow_none=True, required=True)
    reported = fields.Nested(CountShape, allow_none=True)
    target = fields.Nested(CountShape, allow_none=True)
    scale = fields.String(required=True)
    url = fields.String(required=True)
    highlights = fields.Dict(keys=fields.String(), values=fields.String())
    matched = fields.List(fields.String())
    because = fields.List(
        fields.Nested(BecauseShape),
        metadata={"description": "For every word of `q` what the case has for it, and in which field."},
    )
    explanation = fields.Nested(
        ExplanationShape, allow_none=True, metadata={"description": "Only when asked for by `explain=true`."}
    )


class FacetShape(Schema):
    code = fields.String(required=True)
    label = fields.String(required=True)
    count = fields.Integer(required=True)


class WidenedShape(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(get_args(WideningKind)))
    query = fields.String(required=True)


class FoundShape(Schema):
    total = fields.Integer(required=True)
    demonstration = fields.Integer(
        required=True, metadata={"description": "How many of the total are demonstration records; they come last."}
    )
    page = fields.Integer(required=True)
    per_page = fields.Integer(required=True)
    items = fields.List(fields.Nested(RowShape), required=True)
    facets = fields.Dict(keys=fields.String(), values=fields.List(fields.Nested(FacetShape)), required=True)
    suggestion = fields.String(
        allow_none=True, required=True, metadata={"description": "Another spelling that finds more."}
    )
    widened = fields.Nested(
        WidenedShape,
        allow_none=True,
        required=True,
        metadata={"description": "Set when nothing has what was asked for: the items are those for `query`."},
    )
    ignored = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "What of `q` could not be read and was left out, in sentences."},
    )
    took_ms = fields.Float(required=True)


class ApiSearchArgs(SearchArgs):
    lang = fields.String(metadata={"description": "zh or en: the language of labels and of the title order."})


class MigrationShape(Migration):
    """A kept document has it by the name that Python reserves."""

    from_ = fields.List(fields.String(), attribute="from", data_key="from", required=True)


class CaseShape(CaseDocument):
    """The public fields of one case, with its counts and its address."""

    class Meta:
        exclude = ("contact", "right_to_publish", "data_level", "unit_cost_band")

    connections = fields.List(fields.Nested(CountShape))
    migration = fields.Nested(MigrationShape)
    direction = fields.String()
    scale = fields.String()
    revision = fields.Integer(required=True)
    admitted_at = fields.AwareDateTime(required=True)
    revised_at = fields.AwareDateTime(required=True)
    url = fields.String(required=True)


class RevisionShape(Schema):
    number = fields.Integer(required=True)
    at = fields.AwareDateTime(required=True)
    note = fields.String(allow_none=True)
    digest = fields.String(required=True)
    url = fields.String(required=True)


class RevisionsShape(Schema):
    total = fields.Integer(required=True)
    items = fields.List(fields.Nested(RevisionShape), required=True)


class RowsShape(Schema):
    total = fields.Integer(required=True)
    items = fields.List(fields.Nested(RowShape), required=True)


class TermShape(Schema):
    code = fields.String(required=True)
    parent = fields.String(allow_none=True)
    title = fields.Nested(bilingual(60, english=True), required=True)
    named_in_notice = fields.Boolean(required=True)


class SectorsShape(Schema):
    sectors = fields.List(fields.Nested(TermShape), required=True)
    technologies = fields.List(fields.Nested(TermShape), required=True)


class CodeShape(Schema):
    code = fields.String(required=True)
    title = fields.Nested(bilingual(60, english=True), required=True)


class CodesShape(Schema):
    items = fields.List(fields.Nested(CodeShape), required=True)
