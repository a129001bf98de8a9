"""The pytest side of `preflight`: deselects what cannot run here, and says so after pytest's closing line.

Loaded by the Makefile (`-p not_run`). Nothing is skipped quietly: a test that was not run makes the run fail.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import preflight
import pytest

LACKING = pytest.StashKey[list[str]]()
NOT_RUN = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """The controller looks once and tells the workers."""
    told: list[str] | None = getattr(config, "workerinput", {}).get("lacking")
    config.stash[LACKING] = preflight.missing() if told is None else told
    config.stash[NOT_RUN] = 0


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["lacking"] = node.config.stash[LACKING]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    lacking = config.stash[LACKING]
    blocked = [marker for marker, needs in preflight.MARKERS.items() if set(needs).intersection(lacking)]
    out = [item for item in items if _marked(item, blocked)]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]
    config.stash[NOT_RUN] = len(out)


def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["not_run"] = config.stash[NOT_RUN]
    elif config.stash[NOT_RUN]:
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Every worker collects the same tests, so the counts are equal, not parts of a sum."""
    not_run = getattr(node, "workeroutput", {}).get("not_run", 0)
    node.config.stash[NOT_RUN] = max(node.config.stash[NOT_RUN], not_run)


def pytest_unconfigure(config: pytest.Config) -> None:
    if config.stash.get(NOT_RUN, 0) and not hasattr(config, "workerinput"):
        lacking = config.stash[LACKING]
        wanting, command = " and ".join(lacking), preflight.command(lacking)
        print(f"{config.stash[NOT_RUN]} tests NOT RUN for want of {wanting}. To bring it: {command}")


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The Chromium to start; only tests marked `browser` may ask."""
    path = preflight.browser()
    assert path is not None, "a test that starts Chromium must be marked browser"
    return path


def _marked(item: pytest.Item, markers: Iterable[str]) -> bool:
    return any(item.get_closest_marker(marker) for marker in markers)
