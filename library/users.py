"""The operator looks after people: `caselib user …`."""

from __future__ import annotations

import secrets

import click
from sqlalchemy import select

from .accounts import erasure, people, profile, proofs
from .accounts.models import ROLES, Person
from .commands import opened, plainly
from .policy import SYSTEM, Actor
from .worker import now

OPERATOR = Actor("operator", roles=SYSTEM.roles)  # its own name: in the chain one sees who gave which role


@click.group()
def user() -> None:
    """People with accounts: list, add, give a role, sign out, erase."""


@user.command("list")
@plainly
def show() -> None:
    """Everybody with an account."""
    _, database, _ = opened()
    with database.reading() as session:
        for person in session.scalars(select(Person).where(Person.erased_at.is_(None)).order_by(Person.id)):
            marks = [role.name for role in person.roles]
            marks += ["demonstration"] * person.demonstration + ["unconfirmed"] * (person.confirmed_at is None)
            factor = "second factor" if profile.has_factor(person) else "-"
            click.echo(f"{person.id:5}  {person.email}  {person.name}  {factor}  {', '.join(marks) or '-'}")


@user.command()
@click.argument("email")
@click.option("--name", help="As colleagues know the person; default: the address before the @.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@plainly
def add(email: str, name: str | None, lang: str) -> None:
    """Make an account with a confirmed address; prints its first password."""
    _, database, _ = opened()
    password = secrets.token_urlsafe(15)
    name = name or email.partition("@")[0]
    with database.unit() as session:
        hashed = proofs.hashed(password)
        profile.add(session, OPERATOR, email=email, name=name, lang=lang, password=hashed, now=now())
    click.echo(f"{email} may sign in with {password} and should choose another password then.")


@user.command()
@click.argument("email")
@click.argument("role", type=click.Choice(ROLES))
@click.option("--take", is_flag=True, help="Take the role away.")
@plainly
def role(email: str, role: str, take: bool) -> None:
    """Give somebody a role for the whole library. It counts once a second factor is set up."""
    _, database, _ = opened()
    with database.unit() as session:
        person = profile.by_address(session, email)
        profile.give_role(session, OPERATOR, person, role=role, take=take, now=now())
        held = ", ".join(sorted(each.name for each in person.roles)) or "no role"
    click.echo(f"{email}: {held}.")


@user.command()
@click.argument("email")
@plainly
def code(email: str) -> None:
    """The code that a demonstration account's authenticator app would show now."""
    config, database, _ = opened()
    with database.reading() as session:
        person = profile.by_address(session, email)
        if not person.demonstration or not person.tf_totp_secret:
            raise click.ClickException(f"{email} is no demonstration account with a second factor.")
        click.echo(proofs.codes(config).generate_totp_password(person.tf_totp_secret))


@user.command()
@click.argument("email")
@plainly
def end(email: str) -> None:
    """Sign somebody out everywhere."""
    _, database, _ = opened()
    with database.unit() as session:
        ended = people.end_sign_ins(session, OPERATOR, profile.by_address(session, email), now=now())
    click.echo(f"{ended} sign-ins ended.")


@user.command()
@click.argument("email")
@click.confirmation_option(prompt="Everything personal of this account goes for good. Go on?")
@plainly
def erase(email: str) -> None:
    """Erase an account; what it did stays in the record, without name and address."""
    _, database, _ = opened()
    with database.unit() as session:
        erasure.erase(session, OPERATOR, profile.by_address(session, email), now=now())
    click.echo(f"{email} is erased.")
