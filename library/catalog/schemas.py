"""The shape of a case: fields, labels, limits, choices and audiences, for importer, API and forms alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from ..fields import Words, choice, date, text
from ..labels import NETWORKS, PROVINCES
from .models import BOUNDS, KINDS, ORIGINS, SCOPES

AUDIENCES = ("public", "investor", "reviewer", "ministry", "owner")
# Digits are 0 to 9 here: \d alone means those of every script, full-width ones too.
COLLECTED = re.compile(r"MIOT-P-\d{4}", re.ASCII)
SUBMITTED = re.compile(r"MIOT-\d{4}-\d{4}", re.ASCII)
DEMO = re.compile(r"DEMO-\d{4}", re.ASCII)
ROLES = (
    "owner",
    "operator",
    "resale",
    "chip",
    "module",
    "terminal",
    "platform",
    "integrator",
    "user",
    "other",
)
SECTIONS = ("background", "solution", "results", "plans")
FILE_KINDS = ("document", "evidence", "permission", "photo", "diagram")
NOVELTY = ("product", "form", "model")
# The sections of the editor, in its order, and the fields of a case that each holds.
DRAFT_SECTIONS: Mapping[str, tuple[str, ...]] = {
    "basics": ("title", "summary", "sectors", "technologies", "novelty"),
    "deployment": ("status", "as_of", "place", "parties", "networks", "network_text", "standards", "migration"),
    "connections": ("connections",),
    "story": ("sections",),
    "results": ("outcomes", "benefits", "replicability", "timeline"),
    "sources": ("sources",),
    "files": ("attachments",),
    "declarations": ("data_level", "security", "right_to_publish", "unit_cost_band", "masks", "contact"),
}
DEPLOYMENTS = ("pilot", "live", "ended", "unknown")
# ISO 3166-1. Taiwan, Hong Kong and Macao are provinces of China here, as in GB/T 2260: PROVINCES has them.
COUNTRIES = frozenset(
    re.findall(
        "[A-Z]{2}",
        "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW "
        "BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI "
        "FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HM HN HR HT HU ID IE IL IM IN IO "
        "IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF "
        "MG MH MK ML MM MN MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH "
        "PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY "
        "SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM "
        "ZW",
    )
)


class Source(Schema):
    title = Words(400, required=True)
    publisher = Words(200)
    url = fields.URL(schemes={"http", "https"}, validate=validate.Length(max=1000))
    link = fields.Boolean(load_default=False)
    lang = fields.String(validate=validate.Regexp(r"[a-z]{2}(-[A-Za-z]+)?\Z"))
    note = text(200)


class Sourced(Schema):
    sources = fields.List(fields.Integer(strict=True, validate=validate.Range(1)), load_default=list)


class Section(Sourced):
    kind = choice(*SECTIONS, required=True)
    text = text(20_000, required=True)


class Outcome(Sourced):
    text = text(400, required=True)


class Moment(Sourced):
    when = date(required=True)
    text = text(400, required=True)
    planned = fields.Boolean(load_default=False)


class Party(Schema):
    name = text(200, required=True)
    role = choice(*ROLES, required=True)
    lang = fields.String(validate=validate.Regexp(r"[a-z]{2}\Z"))


class Place(Schema):
    country = choice(*sorted(COUNTRIES))
    provinces = fields.List(choice(*PROVINCES), load_default=list)
    text = text(200, required=True)

    @validates_schema
    def provinces_are_chinese(self, data: Mapping[str, Any], **_: Any) -> None:
        if data.get("provinces") and data.get("country") != "CN":
            raise ValidationError("Province codes are for China only.", "provinces")


class Verified(Schema):
    on = date(required=True)
    by = choice("verifier", required=True)


class Count(Schema):
    value = fields.Integer(strict=True, required=True, validate=validate.Range(0, 10**12))
    kind = choice(*KINDS, required=True)
    as_of = date()
    due = date()
    scope = choice(*SCOPES, load_default="project")
    bound = choice(*BOUNDS, load_default="exact")
    what = text(60, required=True)
    source = fields.Integer(strict=True, validate=validate.Range(1))
    verified = fields.Nested(Verified)

    @validates_schema
    def makes_sense(self, data: Mapping[str, Any], **_: Any) -> None:
        if data.get("due") and data.get("kind") not in ("planned", "contracted"):
            raise ValidationError("Only a planned or contracted count has a due date.", "due")
        if data.get("verified") and data.get("kind") != "online":
            raise ValidationError("Only an online count can be verified.", "verified")


class Migration(Schema):
    from_ = fields.List(choice("2g", "3g"), required=True, data_key="from", validate=validate.Length(1))
    count = fields.Integer(strict=True, validate=validate.Range(0, 10**12))
    as_of = date()


class Contact(Schema):
    name = Words(100, required=True)
    email = fields.Email(required=True)
    phone = Words(40)


class AttachedFile(Schema):
    """A file of a case. Its bytes lie in the store under `sha256`, so that a revision fixes the content too."""

    name = fields.String(required=True, validate=validate.Regexp(r"[\w\-]{1,80}(\.[\w\-]{1,20}){1,3}\Z"))
    title = text(200, required=True)
    audience = choice(*AUDIENCES, load_default="public")
    sha256 = fields.String(validate=validate.Regexp(r"[0-9a-f]{64}\Z"))
    size = fields.Integer(strict=True, validate=validate.Range(1))
    media_type = fields.String(validate=validate.Length(max=100))
    kind = choice(*FILE_KINDS, load_default="document")
    public_sha256 = fields.String(validate=validate.Regexp(r"[0-9a-f]{64}\Z"), metadata={"audience": "ministry"})
    public_size = fields.Integer(strict=True, validate=validate.Range(1), metadata={"audience": "ministry"})


class Cost(Schema):
    amount = fields.Decimal(places=2, as_string=True, required=True, validate=validate.Range(0, 1_000_000))
    currency = choice("CNY", "EUR", "USD", load_default="CNY")
    text = text(200)


class Replicability(Schema):
    """What others need to know who want to do the same."""

    preconditions = text(4000)
    pitfalls = text(4000)
    cost_per_connection = fields.Nested(Cost)


class CaseDocument(Schema):
    """Everything a case says. A field is public unless its metadata names the audience that may read it."""

    code = fields.String(required=True)
    origin = choice(*ORIGINS, required=True)
    title = text(120, required=True)
    summary = text(400, required=True)
    sectors = fields.List(fields.String(), required=True, validate=validate.Length(1, 6))
    technologies = fields.List(fields.String(), load_default=list)
    novelty = fields.List(choice(*NOVELTY), load_default=list)
    networks = fields.List(choice(*NETWORKS), load_default=list)
    network_text = text(120)
    place = fields.Nested(Place, required=True)
    status = choice(*DEPLOYMENTS, load_default="unknown")
    as_of = date()
    parties = fields.List(fields.Nested(Party), required=True, validate=validate.Length(1, 20))
    connections = fields.List(fields.Nested(Count), load_default=list)
    sections = fields.List(fields.Nested(Section), required=True, validate=validate.Length(1, 20))
    outcomes = fields.List(fields.Nested(Outcome), load_default=list)
    benefits = text(4000)
    replicability = fields.Nested(Replicability)
    standards = fields.List(Words(120), load_default=list)
    migration = fields.Nested(Migration)
    timeline = fields.List(fields.Nested(Moment), load_default=list)
    sources = fields.List(fields.Nested(Source), load_default=list)
    attachments = fields.List(fields.Nested(AttachedFile), load_default=list, validate=validate.Length(max=30))
    unit_cost_band = choice("<20", "20-50", "50-100", ">100", metadata={"audience": "reviewer"})
    security = text(4000, metadata={"audience": "reviewer"})
    data_level = choice("general", "important", "core", metadata={"audience": "ministry"})
    right_to_publish = fields.Boolean(metadata={"audience": "ministry"})
    masks = fields.List(Words(100), validate=validate.Length(max=60), metadata={"audience": "ministry"})
    contact = fields.Nested(Contact, metadata={"audience": "ministry"})

    @validates_schema(skip_on_field_errors=False)
    def sources_exist(self, data: Mapping[str, Any], **_: Any) -> None:
        known = len(data.get("sources") or ())
        errors: dict[str, dict[int, list[str]]] = {}
        for name in ("sections", "outcomes", "timeline", "connections"):
            for place, item in enumerate(data.get(name) or ()):
                if not isinstance(item, Mapping):
                    continue
                cited = [item["source"]] if "source" in item else item.get("sources", [])
                if missing := [number for number in cited if number > known]:
                    sentence = f"There is no source {missing[0]}; the case lists {known}."
                    errors.setdefault(name, {})[place] = [sentence]
        if errors:
            raise ValidationError(errors)

    @validates_schema
    def number_fits_origin(self, data: Mapping[str, Any], **_: Any) -> None:
        origin, code = data["origin"], data["code"]
        if origin == "collected" and not COLLECTED.fullmatch(code):
            raise ValidationError("A collected case is numbered MIOT-P-NNNN.", "code")
        if origin == "submitted" and not SUBMITTED.fullmatch(code):
            raise ValidationError("A submitted case is numbered MIOT-YYYY-NNNN.", "code")
        if (origin == "demo") != bool(DEMO.fullmatch(code)):
            raise ValidationError("A demonstration case, and no other, is numbered DEMO-NNNN.", "code")
        if origin == "collected" and not data["sources"]:
            raise ValidationError("A collected case names its source.", "sources")
        if origin != "demo" and any("verified" in count for count in data["connections"]):
            raise ValidationError(
                "A verified count comes from a verification, not from a document.", "connections"
            )
        if origin == "collected" and any("source" not in count for count in data["connections"]):
            raise ValidationError("A figure without a source is not shown: name the source.", "connections")


class ReportForm(Schema):
    """What a reader fills in to report an error or to ask for removal."""

    ground = choice("error", "removal", required=True)
    text = Words(2000, required=True)
    contact = Words(200)


def as_seen(document: Mapping[str, Any], audiences: frozenset[str]) -> dict[str, Any]:
    """The document without what none of `audiences` may read.

    The address of a source that is a copy on an unknown host is for the ministry only: others see its title.
    """
    seen = {
        name: document[name]
        for name, field in CaseDocument._declared_fields.items()
        if name in document and field.metadata.get("audience", "public") in audiences
    }
    if "attachments" in seen:
        files = [file for file in seen["attachments"] if file["audience"] in audiences]
        seen["attachments"] = [_file_as_seen(file, audiences) for file in files]
    if "ministry" not in audiences:
        seen["sources"] = [
            source if source["link"] else {key: value for key, value in source.items() if key != "url"}
            for source in document["sources"]
        ]
    return seen


def _file_as_seen(file: Mapping[str, Any], audiences: frozenset[str]) -> Mapping[str, Any]:
    """Who gets the copy without metadata is told its digest and size, and not that there is another."""
    if "ministry" in audiences or "public_sha256" not in file:
        return file
    told = {"sha256": file["public_sha256"], "size": file["public_size"]}
    return {
        name: value for name, value in {**file, **told}.items() if name not in ("public_sha256", "public_size")
    }
