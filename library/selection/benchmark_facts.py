"""What events about results, benchmark projects and certificates fix, as the tables have it now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from . import benchmarks, publishing
from .benchmark_models import Benchmark, Certificate, Result


def _result(session: Session, number: int) -> Any:
    row = session.get(Result, number)
    return publishing.result_fact(row).content if row else None


def _benchmark(session: Session, number: int) -> Any:
    row = session.get(Benchmark, number)
    return benchmarks.benchmark_fact(row, row.state).content if row else None


def _certificate(session: Session, number: int) -> Any:
    row = session.get(Certificate, number)
    return publishing.certificate_fact(row).content if row else None


RECOMPUTE: Mapping[str, Callable[[Session, int], Any]] = {
    "result": _result,
    "benchmark": _benchmark,
    "certificate": _certificate,
}
