"""How a call went, in words: the numbers of report_queries.py as tables for the page, the CSV and the PDF."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import tables
from ..language import N_, Language, voice
from .report_queries import FEWEST, KINDS

Label = Callable[[str, str], str]

STAGES = {
    "entered": N_("Entered"),
    "recommended": N_("Recommended"),
    "checked": N_("Form check passed"),
    "reviewed": N_("Reviewed by experts"),
    "announced": N_("On public notice"),
    "selected": N_("Selected"),
}
TITLES = {
    "direction": N_("By direction"),
    "sector": N_("By leading sector"),
    "province": N_("By province of the applicant"),
    "scale": N_("By size: the rung that the stated number of connections reaches"),
}
DURATIONS = {
    "recommendation": N_("From entering to the recommendation"),
    "check": N_("From the recommendation to the first answer of the form check"),
    "review": N_("From the assignment of an expert to the final score sheet"),
    "notice": N_("On public notice"),
    "objection": N_("From an objection to its last decision"),
}
KEPT_BACK = N_(
    "“<%(few)s” stands where fewer than %(few)s entries were not selected, or where that number would follow from"
    " other rows: such a number could give an applicant away. Who was selected is public."
)
EXPERTS = N_(
    "Experts are listed by the pseudonyms of the table of scores, and only where there are at least %(few)s of"
    " them. A harsh expert has a positive severity."
)
PUBLIC = N_(
    "What was public before cannot be made unknown: %(public)s of %(reviewed)s reviewed cases were in the"
    " library for everybody before their review. In %(recognised)s of %(answers)s score sheets the expert had"
    " recognised the applicant."
)
EXCEPTIONS = N_(
    "Against the order of ranks, with the reasons of the approved list. Those not selected are not named."
)


@dataclass(frozen=True)
class Table:
    """One part of the report. A cell is a number, a word, or None where nothing is told."""

    code: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    note: str = ""
    words: Mapping[str, str] = field(default_factory=dict)


def as_tables(found: Mapping[str, Any], lang: Language, label: Label) -> list[Table]:
    """The report as tables in one language; `label` says what a code is called."""
    made = [_stages(found, lang), *(_broken_down(found, kind, lang, label) for kind in KINDS)]
    return [*made, *_experts(found, lang), *_rest(found, lang, label)]


def as_csv(made: Sequence[Table]) -> str:
    """All tables as one: the part, then its columns."""
    width = max(len(table.columns) for table in made)
    rows: list[list[Any]] = []
    for table in made:
        rows.append([table.title, *table.columns[1:]])
        rows += [list(row) for row in table.rows]
        rows += [[table.note]] if table.note else []
        rows.append([])
    return tables.as_csv([*("" for _ in range(width))], rows)


def _stages(found: Mapping[str, Any], lang: Language) -> Table:
    _, stages = voice(lang), found["stages"]
    whole = stages["entered"]
    rows = [[_(STAGES[name]), stages[name], share(stages[name], whole, lang)] for name in STAGES]
    columns = [_(N_("Stage")), _(N_("Entries")), _(N_("Share of those entered"))]
    return Table("stages", _(N_("How many came how far")), columns, rows)


def _broken_down(found: Mapping[str, Any], kind: str, lang: Language, label: Label) -> Table:
    _ = voice(lang)
    rows, hidden = [], False
    for code, entered, selected in found[kind]:
        word = label(kind, code) if code else _(N_("not stated"))
        hidden = hidden or entered is None
        rest = f"<{FEWEST}" if entered is None else entered - selected
        rows.append([word, entered, selected, rest, None if entered is None else share(selected, entered, lang)])
    columns = [_(TITLES[kind]), _(N_("Entered")), _(N_("Selected")), _(N_("Not selected")), _(N_("Acceptance"))]
    note = _(KEPT_BACK, few=FEWEST) if hidden else ""
    return Table(kind, _(TITLES[kind]), columns, rows, note)


def _experts(found: Mapping[str, Any], lang: Language) -> Iterator[Table]:
    _, experts, blind = voice(lang), found["experts"], found["blind"]
    states = experts["reviews"]
    rows: list[list[Any]] = [
        [_(N_("Experts")), experts["people"]],
        [_(N_("Score sheets that counted")), states.get("final", 0)],
        [_(N_("Abstained")), states.get("abstained", 0)],
        [_(N_("Recused for a conflict")), states.get("recused", 0)],
        [_(N_("Taken off by an officer")), states.get("removed", 0)],
    ]
    answers = blind["recognised"] + blind["not_recognised"]
    note = ""
    if blind["review"] == "blind":
        said = {"public": blind["public_before"], "reviewed": found["stages"]["reviewed"]}
        note = _(PUBLIC, **said, recognised=blind["recognised"], answers=answers)
    yield Table("reviews", _(N_("Expert review")), [_(N_("What")), _(N_("How many"))], rows, note)
    if experts["rows"]:
        columns = [_(N_("Expert")), _(N_("Score sheets")), _(N_("Severity"))]
        yield Table(
            "experts", _(N_("Load and severity of experts")), columns, experts["rows"], _(EXPERTS, few=FEWEST)
        )


def _rest(found: Mapping[str, Any], lang: Language, label: Label) -> Iterator[Table]:
    _ = voice(lang)
    rows: list[list[Any]] = [
        [_(words), *found["durations"][name]] for name, words in DURATIONS.items() if found["durations"][name]
    ]
    columns = [_(N_("Stage")), _(N_("Cases")), _(N_("First quartile")), _(N_("Median")), _(N_("Third quartile"))]
    yield Table("durations", _(N_("How long it took, in working days")), columns, rows)
    rows = [
        [
            label("objection_ground", ground),
            label("objection_state", state),
            label("refusal", refusal) if refusal else None,
            count,
        ]
        for ground, state, refusal, count in found["objections"]
    ]
    columns = [_(N_("Ground")), _(N_("Outcome")), _(N_("Why not admitted")), _(N_("How many"))]
    yield Table("objections", _(N_("Objections")), columns, rows, "" if rows else _(N_("Nobody objected.")))
    rows = [
        [_(N_("selected")) if each["selected"] else _(N_("left out")), each["entry"], each["rank"], each["reason"]]
        for each in found["exceptions"]
    ]
    columns = [_(N_("What")), _(N_("Entry")), _(N_("Rank")), _(N_("Why"))]
    note = _(EXCEPTIONS) if rows else _(N_("None: the list follows the order of ranks."))
    yield Table("exceptions", _(N_("Exceptions to the ranking")), columns, rows, note)
    permits = found["permits"]
    rows = [
        [_(N_("Late entries permitted")), permits["given"]],
        [_(N_("Entered late")), permits["entered_late"]],
        [_(N_("Places moved between recommenders")), found["moved"]],
    ]
    yield Table("permits", _(N_("Late entries and places")), [_(N_("What")), _(N_("How many"))], rows)
    rows = [[(en if lang == "en" and en else zh), places, used] for zh, en, places, used in found["places"]]
    columns = [_(N_("Recommender")), _(N_("Places")), _(N_("Used"))]
    yield Table("places", _(N_("Places of recommenders")), columns, rows)


def share(part: int, whole: int, lang: Language) -> str | None:
    """A share in per cent with one decimal; None of nothing."""
    if not whole:
        return None
    return f"{100 * part / whole:.1f}" + (" %" if lang == "en" else "%")
