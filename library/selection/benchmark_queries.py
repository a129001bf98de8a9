"""Reads of results, benchmark projects and certificates, which everybody may see."""

from __future__ import annotations

import calendar
import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, cast

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session, contains_eager, defer, joinedload

from ..accounts.models import Organisation
from ..catalog import queries as catalog
from ..catalog.counts import PLANS
from ..catalog.models import Case, CaseTerm, ConnectionCount
from ..catalog.taxonomy import Taxonomy
from ..errors import Missing, Text
from ..policy import VISITOR
from ..workdays import LAST_MOMENT, ZONE
from .benchmark_models import STANDING, Benchmark, CallFile, Certificate, Result
from .entry_models import Entry
from .models import Call

PER_PAGE = 20
SORTS = ("newest", "ending", "connections", "title")
# A term is looked at this long before its end, so that whoever reports has a quarter for it.
DUE_MONTHS = 3
DASHES = re.compile(r"[\s\-\u2010-\u2015\u2212\u30fc\u2500_]+")
SPACES = re.compile(r"\s+")

Wanted = Mapping[str, Any]


def months_after(day: str, months: int) -> str:
    """The day with the same number so many months later, or before; else the last day of that month."""
    year, month, number = map(int, day.split("-"))
    year, month = divmod(12 * year + month - 1 + months, 12)
    return dt.date(year, month + 1, min(number, calendar.monthrange(year, month + 1)[1])).isoformat()


def last_day(first: str, months: int) -> str:
    """The last day of a term of so many months from `first` on."""
    return (dt.date.fromisoformat(months_after(first, months)) - dt.timedelta(1)).isoformat()


def today(now: dt.datetime) -> str:
    return now.astimezone(ZONE).date().isoformat()


def is_due(benchmark: Benchmark, now: dt.datetime) -> bool:
    """Is its end near enough to be looked at?"""
    return today(now) > months_after(benchmark.valid_until, -DUE_MONTHS)


def is_over(benchmark: Benchmark, now: dt.datetime) -> bool:
    """Its last day has ended."""
    return today(now) > benchmark.valid_until


def board(
    session: Session, trees: Taxonomy, wanted: Wanted, *, page: int = 1, per_page: int = PER_PAGE
) -> list[Benchmark]:
    """A page of the benchmark projects that are wanted: real ones first, then as `wanted["sort"]` says."""
    rows = _with_parties(_wanted(select(Benchmark), trees, wanted))
    rows = rows.order_by(Benchmark.demonstration, *_order(wanted.get("sort") or SORTS[0]), Benchmark.id.desc())
    return list(session.scalars(rows.limit(per_page).offset(per_page * (page - 1))))


def counted(session: Session, trees: Taxonomy, wanted: Wanted) -> tuple[int, int]:
    """How many real and how many demonstration projects are wanted."""
    every = select(Benchmark.demonstration, func.count())
    rows = _wanted(cast(Select[Any], every), trees, wanted).group_by(Benchmark.demonstration)
    found: dict[bool, int] = dict(iter(session.execute(rows)))
    return found.get(False, 0), found.get(True, 0)


def _wanted(rows: Select[Any], trees: Taxonomy, wanted: Wanted) -> Select[Any]:
    if state := wanted.get("state"):
        rows = rows.where(Benchmark.state.in_(STANDING if state == "standing" else (state,)))
    if direction := wanted.get("direction"):
        rows = rows.where(Benchmark.entry_id.in_(select(Entry.id).where(Entry.direction == direction)))
    if sector := wanted.get("sector"):
        below = [code for code in trees.sectors if sector in trees.path(code)]
        borne = select(CaseTerm.case_id).where(CaseTerm.taxonomy == "sector", CaseTerm.code.in_(below))
        rows = rows.where(Benchmark.case_id.in_(borne))
    if province := wanted.get("province"):
        there = select(Organisation.id).where(Organisation.province == province)
        rows = rows.where(Benchmark.organisation_id.in_(there))
    if call := wanted.get("call"):
        rows = rows.where(Benchmark.call_id.in_(select(Call.id).where(Call.code == call)))
    return rows


def _with_parties(rows: Select[Any]) -> Select[Any]:
    """With what a line of a list says."""
    rows = rows.join(Benchmark.case).join(Benchmark.call)
    return rows.options(
        contains_eager(Benchmark.case),
        contains_eager(Benchmark.call).defer(Call.document),
        joinedload(Benchmark.organisation),
        joinedload(Benchmark.entry).load_only(Entry.code, Entry.direction),
    )


def _order(sort: str) -> list[Any]:
    if sort == "ending":
        return [Benchmark.state.not_in(STANDING), Benchmark.valid_until]
    if sort == "title":
        return [Case.title_zh]
    if sort == "connections":
        own = ConnectionCount.scope == "project"
        rows = select(
            func.coalesce(
                func.max(case((ConnectionCount.verified_on.is_not(None), ConnectionCount.value))),
                func.max(ConnectionCount.value),
            )
        ).where(ConnectionCount.case_id == Benchmark.case_id, own, ConnectionCount.kind.not_in(PLANS))
        return [func.coalesce(rows.correlate(Benchmark).scalar_subquery(), -1).desc()]
    return [Benchmark.valid_from.desc(), Benchmark.code]


def rows_of(session: Session, benchmarks: Iterable[Benchmark], trees: Taxonomy) -> dict[int, dict[str, Any]]:
    """Each one's case as a line of a list, by the number of the benchmark; without those that left the library."""
    wanted = {each.case_id: each.id for each in benchmarks}
    found = catalog.current(session, VISITOR, ids=wanted)
    return {
        wanted[row.id]: catalog.row(row, catalog.document(VISITOR, row, revision), trees)
        for row, revision in found
    }


def benchmark(session: Session, code: str) -> Benchmark:
    """A benchmark project by its number, with what its page says. Raises Missing."""
    rows = _with_parties(select(Benchmark)).options(joinedload(Benchmark.certificate))
    found = session.scalar(rows.where(Benchmark.code == code))
    if found is None:
        raise Missing(Text("There is no benchmark project %(code)s.", {"code": code[:40]}))
    return found


def certificate(session: Session, number: str) -> Certificate | None:
    """The certificate of this number, however it was typed: any case, width, dash, and spaces."""
    said = unicodedata.normalize("NFKC", number).strip().upper()[:100]
    spelt = {DASHES.sub("-", said), DASHES.sub("-", SPACES.sub("", said))}
    rows = select(Certificate).join(Certificate.benchmark).join(Benchmark.case).join(Benchmark.call)
    whole = contains_eager(Certificate.benchmark)
    rows = rows.options(
        whole.contains_eager(Benchmark.case),
        whole.contains_eager(Benchmark.call).defer(Call.document),
        whole.joinedload(Benchmark.organisation),
    )
    return session.scalars(rows.where(Certificate.number.in_(spelt)).order_by(Certificate.id)).first()


def standing_cases(session: Session) -> dict[int, dict[str, str]]:
    """Which cases are benchmark projects now: the number, the state and the last day, by case."""
    named = (Benchmark.case_id, Benchmark.code, Benchmark.state, Benchmark.valid_until)
    rows = select(*named).where(Benchmark.state.in_(STANDING)).order_by(Benchmark.valid_until)
    return {
        case: {"code": code, "state": state, "until": until} for case, code, state, until in session.execute(rows)
    }


def real_standing(session: Session) -> int:
    """How many real projects are benchmarks now: what the front page counts."""
    rows = select(func.count()).where(Benchmark.state.in_(STANDING), ~Benchmark.demonstration)
    return session.scalar(rows) or 0


def real(session: Session, *, limit: int) -> list[Benchmark]:
    """Real benchmark projects, the newest first, as the feed tells them."""
    rows = _with_parties(select(Benchmark)).where(~Benchmark.demonstration)
    return list(session.scalars(rows.order_by(Benchmark.id.desc()).limit(limit)))


def real_pages(session: Session) -> list[tuple[str, dt.datetime]]:
    """Where real benchmark projects and results have their pages, and since when."""
    projects = select(Benchmark.code, Benchmark.at).where(~Benchmark.demonstration).order_by(Benchmark.id)
    results = select(Call.code, Result.at).join(Call, Call.id == Result.call_id).where(~Call.demonstration)
    return [
        *((f"/calls/{code}/result", at) for code, at in session.execute(results.order_by(Call.id))),
        *((f"/benchmarks/{code}", at) for code, at in session.execute(projects)),
    ]


def result(session: Session, call: Call) -> Result | None:
    """What a call came to, once it is published; without the report."""
    return session.get(Result, call.id, options=[defer(Result.report)])


def report(session: Session, call: Call) -> dict[str, Any]:
    """How a call went, in numbers. Raises Missing before that was published."""
    found = session.scalar(select(Result.report).where(Result.call_id == call.id, Result.done_at.is_not(None)))
    if found is None:
        raise Missing(Text("The report on this call is public once the result is."))
    return dict(found)


def states(session: Session, call: Call) -> dict[str, str]:
    """Where the benchmark projects of a call stand now, by number."""
    rows = select(Benchmark.code, Benchmark.state).where(Benchmark.call_id == call.id)
    return dict(iter(session.execute(rows)))


def file(session: Session, call: Call, kind: str, lang: str) -> CallFile | None:
    """The document of a call that a worker made, if it has."""
    return session.get(CallFile, (call.id, kind, lang))


def files(session: Session, call: Call) -> list[CallFile]:
    return list(session.scalars(select(CallFile).where(CallFile.call_id == call.id)))


def last_moment(benchmark: Benchmark) -> dt.datetime:
    """The end of its last day."""
    return dt.datetime.combine(dt.date.fromisoformat(benchmark.valid_until), LAST_MOMENT, ZONE)


def published(session: Session, paper: Certificate) -> dict[str, Any]:
    """What the published list says of the project of a certificate."""
    items = session.scalars(select(Result.items).where(Result.call_id == paper.benchmark.call_id)).one()
    return next(each for each in items if each["entry"] == paper.benchmark.code)


def standing(benchmark: Benchmark, now: dt.datetime) -> str:
    """`valid`, `revoked` or `expired` at that moment, whether or not a worker has come to it."""
    if benchmark.state == "revoked":
        return "revoked"
    return "expired" if benchmark.state == "expired" or is_over(benchmark, now) else "valid"
