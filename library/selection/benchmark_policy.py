"""Who may publish a result, and who may do what with a benchmark project. Everybody may read all of them."""

from __future__ import annotations

from ..policy import Actor, Rules, anyone
from .benchmark_models import Benchmark
from .entry_models import Entry


def may_carry_out(actor: Actor, subject: Entry | Benchmark | None) -> bool:
    """What was published, and what dates bring, the library carries out, nobody's hand."""
    return actor.has("system")


def may_renew(actor: Actor, benchmark: Benchmark | None) -> bool:
    """An officer, at a browser, but not for the own organisation."""
    return actor.has("officer") and _at_desk(actor, benchmark)


def may_revoke(actor: Actor, benchmark: Benchmark | None) -> bool:
    """An approver: whoever moves calls on does not take away what came of them."""
    return actor.has("approver") and _at_desk(actor, benchmark)


def may_keep(actor: Actor, benchmark: Benchmark | None) -> bool:
    """Those who have something to do with benchmark projects at the desk."""
    return may_renew(actor, benchmark) or may_revoke(actor, benchmark)


def may_export(actor: Actor, subject: object) -> bool:
    """Officers take lists and whole calls away, at a browser."""
    return actor.has("officer") and actor.scopes is None


def _at_desk(actor: Actor, benchmark: Benchmark | None) -> bool:
    ours = benchmark is not None and benchmark.organisation_id == actor.organisation
    return actor.scopes is None and not ours


RULES: Rules = {
    "benchmark.browse": anyone,
    "benchmark.see": anyone,
    "certificate.verify": anyone,
    "report.see": anyone,
    "benchmark.keep": may_keep,
    "call.export": may_export,
}
