"""Tables of cases as people bring them: XLSX, CSV or JSON into rows, and the empty table to begin with."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from ..errors import Invalid, Text
from ..tables import as_csv
from .schemas import DRAFT_SECTIONS
from .schemas import SECTIONS as STORY

KEY = "external_key"
FORMATS = ("xlsx", "csv", "json")
MOST_ROWS = 10_000
LANGUAGES = ("zh", "en")
MANY = re.compile(r"[;；,，、|\n]+")
CODES = (
    "sectors",
    "technologies",
    "novelty",
    "networks",
    "place.provinces",
    "standards",
    "masks",
    "migration.from",
)
FORMULA = Text("This is a formula; put its value into the cell.")
PARTIES, COUNTS, OUTCOMES = 5, 3, 5


def _both(*names: str) -> Iterator[str]:
    return (f"{name}.{lang}" for name in names for lang in LANGUAGES)


def _columns() -> Iterator[str]:
    """The columns of a table. Numbers in them count from one, as people do."""
    yield KEY
    yield from _both("title", "summary")
    yield from ("sectors", "technologies", "novelty", "status", "as_of", "networks")
    yield from _both("network_text")
    yield from ("place.country", "place.provinces")
    yield from _both("place.text")
    for number in range(1, PARTIES + 1):
        yield f"parties.{number}.role"
        yield from _both(f"parties.{number}.name")
    for number in range(1, COUNTS + 1):
        yield from (f"connections.{number}.{name}" for name in ("value", "kind", "as_of", "scope"))
        yield from _both(f"connections.{number}.what")
    yield from _both(*(f"story.{kind}" for kind in STORY))
    yield from _both(*(f"outcomes.{number}" for number in range(1, OUTCOMES + 1)))
    yield from _both("benefits", "replicability.preconditions", "replicability.pitfalls")
    yield from ("standards", "migration.from", "migration.count", "data_level")
    yield from _both("security")
    yield from ("right_to_publish", "unit_cost_band", "masks", "contact.name", "contact.email", "contact.phone")


COLUMNS: Sequence[str] = tuple(_columns())


@dataclass(frozen=True)
class Row:
    """One case of a table: its line, the owner's own key, its document as typed, and what cannot be read.

    `columns` leads from a field's path in the document back to the column that it came from.
    """

    number: int
    key: str
    document: Mapping[str, Any]
    columns: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[str, Text] = field(default_factory=dict)

    def column(self, path: str) -> str:
        """The column of a field, or of the field that it is a part of."""
        above = path
        while above not in self.columns and "." in above:
            above = above.rpartition(".")[0]
        return self.columns.get(above, path)


def read(path: Path, ending: str) -> list[Row]:
    """The rows of a file. Raises Invalid in words when it is no table of cases."""
    rows = list({"xlsx": _sheet, "csv": _lines, "json": _objects}[ending](path))
    if not rows:
        raise Invalid(Text("The table has no rows."))
    if len(rows) > MOST_ROWS:
        raise Invalid(Text("The table has more than %(most)s rows; split it.", {"most": f"{MOST_ROWS:,}"}))
    return rows


def template_csv() -> str:
    """The empty table: its header alone."""
    return as_csv(COLUMNS, [])


def template_xlsx(words: Mapping[str, str], codes: Mapping[str, Iterable[str]]) -> bytes:
    """The empty table as a workbook: the header, a line of explanation, and a sheet of the codes."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "cases"
    sheet.append(list(COLUMNS))
    sheet.append([f"# {words.get(name, '')}".strip() for name in COLUMNS])
    sheet.freeze_panes = "B3"
    for number in range(1, len(COLUMNS) + 1):
        sheet.column_dimensions[get_column_letter(number)].width = 22
    listed = book.create_sheet("codes")
    for name, known in codes.items():
        listed.append([name, *known])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _sheet(path: Path) -> Iterator[Row]:
    try:
        # Not the path: openpyxl goes by the ending of a name, and the store's names have none.
        data = path.read_bytes()
        lines = _cells(data)
        if _calculates(data):
            lines = (_calculated(*both) for both in zip(lines, _cells(data, formulas=True), strict=False))
        yield from _cases([_said(cell) for cell in line] for line in lines)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise Invalid(Text("This workbook cannot be read; save it again as .xlsx.")) from error


def _cells(data: bytes, *, formulas: bool = False) -> Iterator[Sequence[Any]]:
    """The lines of the first sheet: what its formulas gave when it was saved, or the formulas."""
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=not formulas)
    try:
        sheet = book.worksheets[0]
        # What a sheet says of its size is not to be trusted; a million empty rows are not read to their end.
        sheet.reset_dimensions()
        yield from sheet.iter_rows(values_only=True, max_col=400)
    finally:
        book.close()


def _calculates(data: bytes) -> bool:
    """Are there formulas in it? Few tables have one, and to read a sheet twice takes twice as long."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        sheets = (name for name in parts.namelist() if name.startswith("xl/worksheets/"))
        return any(re.search(rb"<f[ >]", parts.read(name)) for name in sheets)


def _calculated(values: Sequence[Any], typed: Sequence[Any]) -> list[Any]:
    """A line with the values of its formulas; one that was saved without a value stays as it was typed."""
    return [
        getattr(cell, "text", cell) if value is None else value for value, cell in zip(values, typed, strict=True)
    ]


def _lines(path: Path) -> Iterator[Row]:
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        break
    else:
        raise Invalid(Text("This file is neither UTF-8 nor GB 18030 text."))
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        yield from _cases(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error as error:
        raise Invalid(Text("This is not a table: %(reason)s.", {"reason": str(error)})) from error


def _objects(path: Path) -> Iterator[Row]:
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Invalid(Text("This file is not JSON.")) from error
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Invalid(Text("A JSON table is a list of objects, one a case."))
    known = {name for names in DRAFT_SECTIONS.values() for name in names} - {"attachments"}
    for number, each in enumerate(found, 1):
        key = str(each.pop(KEY, "") or "").strip()
        wrong = {name: Text("There is no such column.") for name in each.keys() - known}
        yield Row(number, key, {name: value for name, value in each.items() if name in known}, wrong=wrong)


def _cases(lines: Iterable[Sequence[str]]) -> Iterator[Row]:
    """The first line names the columns; lines that begin with # explain; empty ones count for nothing."""
    header: list[str] = []
    for number, line in enumerate(lines, 1):
        cells = [cell.strip() for cell in line]
        if number > 2 * MOST_ROWS:
            break
        if not any(cells):
            continue
        if not header:
            header = cells
            _known(header)
        elif not cells[0].startswith("#"):
            yield _row(number, dict(zip(header, cells, strict=False)))


def _known(header: Sequence[str]) -> None:
    unknown = [name for name in header if name and name not in COLUMNS]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if KEY not in header:
        raise Invalid(Text("The first line has no column external_key; download the template."))
    if unknown:
        raise Invalid(Text("There is no column %(name)s; download the template.", {"name": unknown[0][:60]}))
    if twice:
        raise Invalid(Text("The column %(name)s is there twice.", {"name": twice[0]}))


def _row(number: int, cells: Mapping[str, str]) -> Row:
    document: dict[str, Any] = {}
    columns: dict[str, str] = {}
    wrong = {name: FORMULA for name, cell in cells.items() if name and cell.startswith("=")}
    for name, cell in cells.items():
        if name and name != KEY and cell and name not in wrong:
            path = _path(name, document)
            columns[".".join(map(str, path[:4] if path[0] == "sections" else path))] = name
            _put(document, path, [part for part in MANY.split(cell) if part] if name in CODES else cell)
    return Row(number, cells[KEY], document, columns, wrong)


def _path(name: str, document: Mapping[str, Any]) -> list[str | int]:
    """Where a column's value goes: `connections.1.value` into the first count, `story.plans.zh` by its kind."""
    parts = name.split(".")
    if parts[0] == "story":
        there = document.get("sections", [])
        place = next((at for at, each in enumerate(there) if each.get("kind") == parts[1]), len(there))
        return ["sections", place, "text", parts[2], parts[1]]
    if parts[0] == "outcomes":
        return ["outcomes", int(parts[1]) - 1, "text", parts[2]]
    return [int(part) - 1 if part.isdigit() else part for part in parts]


def _put(document: dict[str, Any], path: Sequence[str | int], value: Any) -> None:
    if path[0] == "sections":
        *path, kind = path
        there = document.setdefault("sections", [])
        if path[1] == len(there):
            there.append({"kind": kind})
    place: Any = document
    for step, then in pairwise(path):
        fresh: Any = [] if isinstance(then, int) else {}
        if isinstance(place, list):
            place.extend({} for _ in range(int(step) - len(place) + 1))
            place = place[int(step)]
        else:
            place = place.setdefault(step, fresh)
    place[path[-1]] = value


def _said(cell: Any) -> str:
    """A cell as it would be typed. Whole numbers lose the point that spreadsheets give them."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if hasattr(cell, "isoformat"):
        return str(cell.isoformat())[:10]
    return str(cell)
