"""Benchmark projects as everybody reads them: the board, one project, its certificate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app, request, send_file, url_for
from marshmallow import EXCLUDE, Schema, fields, validate

from .. import labels, paging, pdf, tables, web
from ..attached import csv_file, xlsx_file
from ..catalog import wording
from ..catalog.receipts import COMING, UNDRAWN
from ..errors import Missing, Text
from ..fields import Words, choice
from ..web import door
from . import benchmark_queries as queries
from . import certificates
from .benchmark_models import BENCHMARK_STATES, Benchmark

bp = Blueprint("benchmarks", __name__)

MOST = 5000  # rows of a table that is taken away
COLUMNS = (
    *("code", "state", "valid_from", "valid_until", "title_zh", "title_en", "organisation_zh", "organisation_en"),
    *("direction", "call", "case", "demonstration"),
)


class BoardArgs(Schema):
    """What the board is asked for."""

    class Meta:
        unknown = EXCLUDE

    direction = Words(60)
    sector = Words(60)
    province = fields.String(validate=validate.OneOf(tuple(labels.PROVINCES)))
    state = choice(*BENCHMARK_STATES, "standing")
    call = Words(60)
    sort = choice(*queries.SORTS)
    page = fields.Integer(load_default=1, validate=validate.Range(1, 10_000))


@bp.get("/benchmarks")
@door("benchmark.browse")
def index() -> str:
    """Every benchmark project, real ones first and demonstration marked and counted apart."""
    session, trees = web.session(), wording.tree()
    args = paging.asked(BoardArgs(), request.args)
    page, wanted = args.pop("page"), args
    real, invented = queries.counted(session, trees, wanted)
    found = queries.board(session, trees, wanted, page=page)
    rows = queries.rows_of(session, found, trees)
    return web.render(
        "selection/benchmarks.html",
        asked=wanted,
        real=real,
        invented=invented,
        lines=[(each, _linked(rows[each.id]) if each.id in rows else None) for each in found],
        pages=paging.pages(page, real + invented, queries.PER_PAGE, lambda page: _address(wanted, page=page)),
        sorts=[(sort, _address({**wanted, "sort": sort})) for sort in queries.SORTS],
        exports={ending: url_for("benchmarks.listed", ending=ending, **wanted) for ending in ("csv", "xlsx")},
        sectors=[(node.code, len(trees.path(node.code)) - 1) for node in _ordered(trees)],
        provinces=sorted(labels.PROVINCES),
    )


@bp.get("/benchmarks.<ending>")
@door("benchmark.browse")
def listed(ending: str) -> Response:
    """The board as a table."""
    wanted = paging.asked(BoardArgs(exclude=("page",)), request.args)
    found = queries.board(web.session(), wording.tree(), wanted, per_page=MOST)
    rows = [_cells(each) for each in found]
    if ending == "csv":
        return csv_file(tables.as_csv(COLUMNS, rows), "benchmarks.csv")
    if ending == "xlsx":
        return xlsx_file(tables.as_xlsx(COLUMNS, rows, title="benchmarks", made=web.now()), "benchmarks.xlsx")
    raise Missing(Text("There is no page at this address."))


@bp.get("/benchmarks/<code>")
@door("benchmark.see")
def benchmark(code: str) -> str:
    session, trees = web.session(), wording.tree()
    found = queries.benchmark(session, code)
    row = queries.rows_of(session, [found], trees).get(found.id)
    return web.render(
        "selection/benchmark.html",
        benchmark=found,
        row=_linked(row) if row else None,
        last=queries.last_moment(found),
        now=web.now(),
    )


@bp.get("/benchmarks/<code>/certificate")
@door("benchmark.see")
def certificate(code: str) -> str:
    """The print view, which needs no font and no worker."""
    session, paper = web.session(), _paper(code)
    return web.render(
        "selection/certificate.html",
        benchmark=paper.benchmark,
        paper=certificates.content(session, paper, current_app.extensions["config"]),
        drawn=paper.pdf_sha256 is not None,
    )


@bp.get("/benchmarks/<code>/certificate.pdf")
@door("benchmark.see")
def certificate_pdf(code: str) -> Response:
    paper = _paper(code)
    if paper.pdf_sha256 is None:
        raise Missing(UNDRAWN if pdf.font() is None else COMING)
    path = current_app.extensions["files"].path(paper.pdf_sha256)
    name = f"{paper.number}.pdf"
    return send_file(path, mimetype="application/pdf", download_name=name, etag=paper.pdf_sha256)


def _linked(row: dict[str, Any]) -> dict[str, Any]:
    """A case's row with its address."""
    return {**row, "url": url_for("catalog.case", code=row["code"])}


def _paper(code: str) -> Any:
    found = queries.benchmark(web.session(), code)
    if found.certificate is None:
        raise Missing(Text("There is no certificate of this project."))
    return found.certificate


def _address(wanted: Mapping[str, Any], **more: Any) -> str:
    return url_for("benchmarks.index", **{**wanted, **more})


def _ordered(trees: Any) -> Any:
    """The tree of sectors from the top, each above what it includes."""

    def below(code: str | None) -> Any:
        for node in trees.children(code):
            yield node
            yield from below(node.code)

    return below(None)


def _cells(row: Benchmark) -> list[Any]:
    return [
        *(row.code, row.state, row.valid_from, row.valid_until, row.case.title_zh, row.case.title_en),
        *(row.organisation.name_zh, row.organisation.name_en, row.entry.direction, row.call.code, row.case.code),
        "DEMONSTRATION 演示" if row.demonstration else "",
    ]
