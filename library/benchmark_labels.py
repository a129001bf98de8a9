"""The words of benchmark projects and of what a call came to."""

from __future__ import annotations

from collections.abc import Mapping

from .language import N_

BENCHMARK_LABELS: Mapping[str, Mapping[str, str]] = {
    "benchmark_state": {
        "active": N_("Active benchmark project"),
        "due_for_review": N_("Benchmark project, due for review"),
        "renewed": N_("Benchmark project, renewed"),
        "expired": N_("Expired"),
        "revoked": N_("Revoked"),
        "standing": N_("In force"),
    },
    "benchmark_sort": {
        "newest": N_("Newest"),
        "ending": N_("First to end"),
        "connections": N_("Connections"),
        "title": N_("Title"),
    },
    "benchmark_move": {
        "benchmark.renew": N_("Renew"),
        "benchmark.revoke": N_("Revoke"),
    },
}
