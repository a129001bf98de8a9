"""People, the organisations they act for, what opens something to them, and how they prove who they are.

Names that the accounts library asks for (`fs_uniquifier`, `tf_totp_secret`, …) are its own; see identity.py.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_security import AsaList, RoleMixin, UserMixin, WebAuthnMixin
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..db import Base

KINDS = ("enterprise", "operator", "resale", "institute", "investor", "authority", "other")
ORGANISATION_STATES = ("unverified", "asked", "verified", "closed")
MEMBERSHIPS = ("owner", "editor", "commenter")
# What a person is for the whole library; what an organisation's member may do follows from the membership.
ROLES = ("officer", "approver", "administrator", "expert", "verifier")
AUDIENCES = ("investor", "reviewer", "ministry")
OPEN = "ended_at IS NULL"


class Organisation(Base):
    """A body that somebody can act for. Never deleted, only closed."""

    __tablename__ = "organisation"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(20), unique=True)
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str | None] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    credit_code: Mapped[str | None] = mapped_column(String(18), unique=True)
    province: Mapped[str | None] = mapped_column(String(2))
    state: Mapped[str] = mapped_column(String(12), default="unverified", server_default="unverified")
    demonstration: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime]
    asked_at: Mapped[dt.datetime | None]
    evidence: Mapped[str | None] = mapped_column(Text)
    """What the organisation says for its verification; the file beside it lies in the store."""
    evidence_name: Mapped[str | None] = mapped_column(String(200))
    evidence_sha256: Mapped[str | None] = mapped_column(String(64))
    evidence_type: Mapped[str | None] = mapped_column(String(100))
    verified_at: Mapped[dt.datetime | None]
    verified_by: Mapped[str | None] = mapped_column(String(60))
    closed_at: Mapped[dt.datetime | None]

    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint(f"state IN {ORGANISATION_STATES}", name="state"),
        CheckConstraint("credit_code IS NULL OR length(credit_code) = 18", name="credit_code_length"),
        CheckConstraint("state <> 'verified' OR verified_at IS NOT NULL", name="verified_at"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_at"),
        Index("ix_organisation_state_asked_at", "state", "asked_at"),
    )

    @property
    def subject(self) -> str:
        return f"organisation:{self.id}"

    @property
    def name(self) -> dict[str, str]:
        return {lang: said for lang, said in (("zh", self.name_zh), ("en", self.name_en)) if said}

    @property
    def verified(self) -> bool:
        return self.state == "verified"


class Person(Base, UserMixin):
    """Somebody with an account. Erased people keep their row, without anything personal in it."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    name: Mapped[str] = mapped_column(String(100), default="")
    lang: Mapped[str] = mapped_column(String(2), default="zh")
    demonstration: Mapped[bool] = mapped_column(default=False)
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    confirmed_at: Mapped[dt.datetime | None]
    create_datetime: Mapped[dt.datetime]
    erased_at: Mapped[dt.datetime | None]
    tf_primary_method: Mapped[str | None] = mapped_column(String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(String(255))
    totp_counter: Mapped[int | None] = mapped_column(BigInteger)
    """The step of time whose code was used last: no code counts twice."""
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(AsaList()))
    fs_webauthn_user_handle: Mapped[str | None] = mapped_column(  # type: ignore[assignment]
        String(64), unique=True
    )

    roles: Mapped[list[PersonRole]] = relationship(  # type: ignore[assignment]
        cascade="all, delete-orphan", lazy="selectin"
    )
    webauthn: Mapped[list[Passkey]] = relationship(  # type: ignore[assignment]
        back_populates="user", cascade="all, delete-orphan"
    )
    memberships: Mapped[list[Membership]] = relationship(back_populates="person")

    __table_args__ = (CheckConstraint("lang IN ('zh', 'en')", name="lang"),)

    @property
    def subject(self) -> str:
        return f"person:{self.id}"


class PersonRole(Base, RoleMixin):
    """A person bears a role for the whole library."""

    __tablename__ = "person_role"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    given_at: Mapped[dt.datetime]

    __table_args__ = (CheckConstraint(f"name IN {ROLES}", name="role"),)


class Passkey(Base, WebAuthnMixin):
    """A credential of a person's device (WebAuthn)."""

    __tablename__ = "passkey"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1024), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(default=0)
    transports: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(AsaList()))
    backup_state: Mapped[bool]
    device_type: Mapped[str] = mapped_column(String(64))
    extensions: Mapped[str | None] = mapped_column(String(255))
    create_datetime: Mapped[dt.datetime]
    lastuse_datetime: Mapped[dt.datetime]
    name: Mapped[str] = mapped_column(String(64))
    usage: Mapped[str] = mapped_column(String(64))

    user: Mapped[Person] = relationship(back_populates="webauthn")


class ExternalIdentity(Base):
    """Somebody known by an identity provider: issuer and subject, never an address, say who it is."""

    __tablename__ = "external_identity"

    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    linked_at: Mapped[dt.datetime]


class SignIn(Base):
    """One browser that a person is signed in with: to be listed, and to be ended from another one."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the random word in the cookie."""
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    """For whom the person acts in this browser."""
    second_factor: Mapped[bool] = mapped_column(default=False)
    browser: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]


class ApiToken(Base):
    """A word with which a program acts for a person, within the named scopes, until a day."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(12))
    """The first characters, by which its owner tells it from the others."""
    name: Mapped[str] = mapped_column(String(100))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    scopes: Mapped[list[Any]]
    made_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]

    organisation: Mapped[Organisation | None] = relationship()

    __table_args__ = (CheckConstraint("expires_at > made_at", name="expires_later"),)


class IdempotentAnswer(Base):
    """What a program was answered to a request that it may send again, under a key that it chose."""

    __tablename__ = "idempotent_answer"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the address and of what was sent there."""
    body: Mapped[dict[str, Any]]
    at: Mapped[dt.datetime] = mapped_column(index=True)


class Membership(Base):
    """A person belongs to an organisation, as one of MEMBERSHIPS, until it ends."""

    __tablename__ = "membership"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    role: Mapped[str] = mapped_column(String(12))
    since: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]

    person: Mapped[Person] = relationship(back_populates="memberships")
    organisation: Mapped[Organisation] = relationship()

    __table_args__ = (
        CheckConstraint(f"role IN {MEMBERSHIPS}", name="role"),
        Index(
            "uq_membership_open",
            "person_id",
            "organisation_id",
            unique=True,
            sqlite_where=text(OPEN),
            postgresql_where=text(OPEN),
        ),
    )


class Invitation(Base):
    """Somebody is asked by letter to join an organisation. The word in the letter is kept as its digest."""

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    email: Mapped[str] = mapped_column(String(255), index=True)
    role: Mapped[str] = mapped_column(String(12))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    invited_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    accepted_at: Mapped[dt.datetime | None]
    accepted_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    withdrawn_at: Mapped[dt.datetime | None]

    __table_args__ = (
        CheckConstraint(f"role IN {MEMBERSHIPS}", name="role"),
        CheckConstraint("(accepted_at IS NULL) = (accepted_by IS NULL)", name="accepted_by"),
        CheckConstraint("accepted_at IS NULL OR withdrawn_at IS NULL", name="one_end"),
    )

    @property
    def subject(self) -> str:
        return f"invitation:{self.id}"


class Grant(Base):
    """Opens one subject's fields for an audience to a person or an organisation, until a time, for a reason.

    Written by later chapters and by officers; the chapter that owns the subject only reads it.
    """

    __tablename__ = "opened_to"

    id: Mapped[int] = mapped_column(primary_key=True)
    to: Mapped[str] = mapped_column(String(60), index=True)
    """The subject that is opened, such as `case:17`."""
    audience: Mapped[str] = mapped_column(String(12))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    why: Mapped[str] = mapped_column(String(200))
    at: Mapped[dt.datetime]
    until: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]

    __table_args__ = (
        CheckConstraint(f"audience IN {AUDIENCES}", name="audience"),
        CheckConstraint("(person_id IS NULL) <> (organisation_id IS NULL)", name="to_one"),
    )

    @property
    def subject(self) -> str:
        return f"grant:{self.id}"
