"""The command line: set up, seed, work, look after an installation."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import signal
import sys
import threading
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from . import chain, demonstration, demonstration_calls, events, indexing, migrations, seeding, serving, users
from .application import RULES
from .catalog import asked_for, operations, queries
from .catalog.flow import FLOW
from .catalog.models import CaseReport
from .commands import bar, opened, plainly
from .config import Config
from .db import Database, canonical
from .errors import Invalid, Problem
from .language import CATALOGUES
from .policy import SYSTEM
from .selection import facts, ranking
from .selection.scores import read as read_scores
from .worker import Worker, now


@click.group()
def main() -> None:
    """The Mobile IoT Case Library."""


main.add_command(users.user)


@main.command()
@plainly
def migrate() -> None:
    """Bring the database to the newest version."""
    _, database, _ = opened(fresh=True)
    migrations.upgrade(database)


@main.command()
@click.option("--demo", is_flag=True, help="Also the fictional demonstration records.")
@plainly
def seed(demo: bool) -> None:
    """Load taxonomy, statistics and the collected cases; what was corrected here stays."""
    config, database, _ = opened()
    if demo and config.production:
        raise click.ClickException("Demonstration records are refused when CASELIB_ENV=production.")
    for line in seeding.seed(database, config, demo=demo, now=now(), progress=bar("Cases")):
        click.echo(line)
    if demo and demonstration.make(database, config, now=now()):
        click.echo(f"Demonstration accounts were made; their passwords are in {demonstration.kept_in(config)}.")
    if demo and demonstration_calls.make(database, config, now=now()):
        click.echo("Demonstration calls were made.")


@main.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--revise", is_flag=True, help="The case is here already; give it the text of FILE.")
@plainly
def import_file(file: Path, revise: bool) -> None:
    """Add one collected case from FILE (format: seed_cases/README.md), or revise it."""
    config, database, _ = opened()
    click.echo(seeding.one_case(database, config, file, revise=revise, now=now()))


@main.command()
@plainly
def work() -> None:
    """Run the background worker until it is told to stop."""
    config, database, index = opened()
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    Worker(config, database, index).run(stop)


@main.command()
@click.option("--setup", is_flag=True, help="First bring database, cases and index up to date.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", envvar="PORT", type=int, default=8000, show_default=True)
@click.option("--threads", default=4, show_default=True, help="Requests answered at the same time.")
@plainly
def serve(setup: bool, host: str, port: int, threads: int) -> None:
    """Run the site and its worker until Ctrl-C."""
    config = Config.read()
    serving.check_port(host, port)
    serving.check_folder(config.data)
    for line in serving.compiled(CATALOGUES):
        click.echo(line)
    config, database, index = opened(fresh=setup)
    demonstration.refuse(database, config)
    if setup:
        for line in serving.set_up(config, database, index, bar):
            click.echo(line)

    def ready() -> None:
        click.echo(f"\nThe library is open: http://localhost:{port}    (Ctrl-C stops it)")
        if not config.mail_url and not config.production:
            click.echo(f"Letters are written to {config.letters} and can be read at http://localhost:{port}/mail")
        for line in demonstration.told(config):
            click.echo(line)
        if setup:  # cases that a newer version brings; the site is open meanwhile
            _bring_in_new(config, database)

    serving.serve(host, port, threads, ready)


def _bring_in_new(config: Config, database: Database) -> None:
    """What goes wrong with packaged cases is told, and does not close a site that is open."""
    try:
        demo = not config.production
        for line in seeding.seed(database, config, demo=demo, now=now(), progress=lambda done, of: None):
            click.echo(line)
    except (Problem, SQLAlchemyError) as trouble:
        reasons = [str(reason) for reason in trouble.reasons] if isinstance(trouble, Problem) else []
        click.echo("\n  ".join(["The packaged cases were not brought in.", str(trouble), *reasons]), err=True)


@main.command()
@plainly
def reindex() -> None:
    """Build this machine's search index anew; readers go on reading the old one meanwhile."""
    config, database, index = opened()
    with database.reading() as session:
        total = queries.total(session, SYSTEM)
    show = bar("Cases indexed")
    indexing.rebuild(database, index, config.replica, now=now(), progress=lambda done: show(done, total))
    click.echo(f"The index holds the public cases of {total}.")


@main.command()
def rules() -> None:
    """List every rule of access and every move of every flow."""
    for name in sorted(RULES):
        click.echo(f"may   {name}")
    for move in FLOW:
        click.echo(f"move  {move.verb}: {', '.join(sorted(move.source))} -> {move.target}")


@main.command("check-chain")
@click.argument("export", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--anchors", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A kept anchors.json."
)
@click.option("--json", "as_json", is_flag=True)
@plainly
def check_chain(export: Path | None, anchors: Path | None, as_json: bool) -> None:
    """Is the chain of events whole, and do the tables say what it fixed? EXPORT: check a file instead."""
    kept = _kept(anchors) if anchors else None
    if export:
        try:
            report = chain.check_export(export, kept)
        except UnicodeDecodeError as error:
            raise click.ClickException(f"{export.name} is not UTF-8 text.") from error
    else:
        _, database, _ = opened()
        with database.reading() as session:
            known = kept if kept is not None else {row.seq: row.hash for row in events.anchors(session)}
            report = chain.check_chain(session, facts.RECOMPUTE, known)
    if as_json:
        click.echo(json.dumps(report.as_dict(), ensure_ascii=False))
    else:
        state = "unbroken" if report.unbroken else f"BROKEN at event {report.first_broken}"
        click.echo(f"{report.events} events, {state}; {report.rows_checked} fixed rows checked.")
        for row in report.rows_changed:
            click.echo(f"CHANGED since event {row['event']}: {row['subject']}")
        for seq in report.anchors_missing:
            click.echo(f"MISSING: the anchored event {seq} is not in this chain.")
    sys.exit(0 if report.sound else 1)


class Penalty(click.ParamType[float | None]):
    name = "number or reml"

    def convert(self, value: object, param: object, ctx: object) -> float | None:
        if value == "reml" or value is None:
            return None
        try:
            penalty = float(str(value))
        except ValueError:
            penalty = -1.0
        if not 0 <= penalty < float("inf"):
            self.fail("a penalty is a number that is not negative, or reml")
        return penalty


@main.command()
@click.argument("scores", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--penalty", type=Penalty(), default=ranking.PENALTY, show_default=True, help="On severity.")
@click.option("--json", "as_json", is_flag=True)
@plainly
def rank(scores: Path, penalty: float | None, as_json: bool) -> None:
    """Compute a ranking again from its score table, a CSV file: case, expert, score and, if there, weight."""
    try:
        found = ranking.ranking(read_scores(scores.read_bytes()), penalty=penalty)
    except Invalid as problem:
        click.echo(f"{scores.name}: {problem.text}", err=True)
        sys.exit(2)
    if as_json:
        click.echo(canonical(found))
        return
    if not found["ranked"]:
        click.echo("No expert links these groups of cases, so there is no order of all of them:")
        for group in found["components"]:
            click.echo(f"  {', '.join(group['cases'])}")
    for row in found["cases"]:
        place = f"{row['rank']} ({row['rank_low']}-{row['rank_high']})" if found["ranked"] else "-"
        click.echo(f"{place:>14}  {row['calibrated']:10.2f}  raw {row['raw']:8.2f}  {row['case']}")
    click.echo(f"penalty {found['penalty']:g}, scores {found['inputs_sha256']}")


def _kept(file: Path) -> dict[int, str]:
    """Number and hash of every anchor in a copy of /feeds/anchors.json."""
    try:
        return {int(row["seq"]): str(row["hash"]) for row in json.loads(file.read_bytes())["anchors"]}
    except (ValueError, KeyError, TypeError) as error:
        raise click.ClickException(f"{file.name} is not a copy of anchors.json.") from error


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@plainly
def export(file: Path) -> None:
    """Write the chain of events to FILE, a line an event, for `check-chain FILE` elsewhere."""
    _, database, _ = opened()
    with database.reading() as session:
        count = chain.write_export(session, file)
    click.echo(f"{count} events written to {file}.")


@main.command()
@click.option("--answer", type=(int, str), metavar="NUMBER TEXT", help="Say what was done about a report.")
@click.option("--archive", metavar="CODE", help="Take a case out of the public library, as a report asks.")
@click.option("--why", metavar="TEXT", help="What everybody reads at the address of a case taken out.")
@plainly
def reports(answer: tuple[int, str] | None, archive: str | None, why: str | None) -> None:
    """What readers report about collected cases, and asking for removal."""
    _, database, _ = opened()
    if answer:
        number, words = answer
        with database.unit() as session:
            report = session.get(CaseReport, number)
            if report is None:
                raise click.ClickException(f"There is no report {number}.")
            operations.answer_report(session, SYSTEM, report, answer=words, now=now())
    if archive:
        with database.unit() as session:
            seeding.archive(session, archive, why=why, now=now())
    with database.reading() as session:
        for report, case in queries.open_reports(session, SYSTEM):
            click.echo(f"{report.id}  {report.at:%Y-%m-%d}  {case.code}  {report.ground}  {report.contact or '-'}")
            click.echo(f"    {report.text}")


@main.command()
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True)
@click.option("--json", "as_json", is_flag=True)
@plainly
def searches(days: int, as_json: bool) -> None:
    """What readers search for: first the words that find nothing."""
    _, database, _ = opened()
    with database.reading() as session:
        found = asked_for.report(session, SYSTEM, since=now().date() - dt.timedelta(days=days))
    if as_json:
        words = [dataclasses.asdict(line) for line in found]
        click.echo(json.dumps({"days": days, "words": words}, ensure_ascii=False))
        return
    click.echo(f"{'searches':>8} {'in vain':>8} {'widened':>8}  words -> opened cases")
    for line in found:
        opened_cases = ", ".join(f"{code} x {times}" for code, times in line.opened.items())
        told = f"{line.words} ({line.lang}){' -> ' if opened_cases else ''}{opened_cases}"
        click.echo(f"{line.searches:8} {line.in_vain:8} {line.widened:8}  {told}")


if __name__ == "__main__":
    main()
