"""What every command stands on: the settings, the database, a plain word when something goes wrong, a bar."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from search import Index

from . import logs, serving
from .config import Config
from .db import Database
from .errors import Problem


def plainly(command: Callable[..., Any]) -> Callable[..., Any]:
    """What goes wrong is told in one plain sentence, and the exit code is 1."""

    @wraps(command)
    def told(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except Problem as problem:
            lines = [str(problem.text), *(f"  {reason}" for reason in problem.reasons)]
            raise click.ClickException("\n".join(lines)) from problem
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", error)).splitlines()[0]
            raise click.ClickException(f"The database does not answer: {reason}") from error
        except OSError as error:
            raise click.ClickException(said_of(error)) from error

    return told


def said_of(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    return f"{(error.strerror or str(error)).capitalize()}{where}."


def opened(*, fresh: bool = False) -> tuple[Config, Database, Index]:
    """What a command works with. `fresh`: also where no library was set up yet."""
    config = Config.read()
    logs.configure(config)
    config.data.mkdir(parents=True, exist_ok=True)
    try:
        database = Database(config.database_url)
    except (ArgumentError, ImportError) as error:
        raise click.ClickException("CASELIB_DATABASE_URL names no database that can be used here.") from error
    click.get_current_context().call_on_close(database.engine.dispose)
    if not fresh and not serving.is_set_up(database):
        raise click.ClickException("There is no library here yet: run caselib migrate.")
    return config, database, Index(config.index)


def bar(words: str) -> Callable[[int, int], None]:
    """A progress bar on a terminal; one line at the end elsewhere."""

    def show(done: int, of: int) -> None:
        if sys.stderr.isatty():
            filled = round(24 * done / max(1, of))
            end = "\n" if done >= of else ""
            sys.stderr.write(f"\r{words} [{'#' * filled}{'.' * (24 - filled)}] {done} of {of}{end}")
            sys.stderr.flush()
        elif done == of:
            click.echo(f"{words}: {done} of {of}", err=True)

    return show
