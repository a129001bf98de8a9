"""Our variants of the accounts library's parts: where people are kept, codes, passkeys, letters, its forms."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from typing import Any
from urllib.parse import urlsplit

import qrcode
from argon2 import PasswordHasher
from flask import current_app, request, url_for
from flask_security import (
    EmailValidateException,
    LoginForm,
    MailUtil,
    MfRecoveryCodesUtil,
    PasswordUtil,
    RegisterFormV2,
    SQLAlchemySessionUserDatastore,
    Totp,
    TwoFactorRescueForm,
    TwoFactorSetupForm,
    TwoFactorVerifyCodeForm,
    UserMixin,
    WebAuthnRegisterForm,
    WebauthnUtil,
)
from flask_security.utils import get_message
from marshmallow import ValidationError
from qrcode.image.svg import SvgPathImage
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from werkzeug.local import LocalProxy
from wtforms import RadioField, StringField, validators

from .. import web
from ..config import Config
from . import account_letters, profile
from .models import Passkey, Person, PersonRole
from .schemas import Address

SHORTEST, LONGEST = 12, 1000  # a password; argon2 takes any length, a request does not
LONGEST_WAY = 500  # of an address to go on to
ISSUER = "Mobile IoT Case Library"  # how apps and devices name us

# Which link a letter brings: where it leads, and under which name the accounts library hands over its token.
LINKS = {
    "account.confirm": ("security.confirm_email", "confirmation_token"),
    "account.recover": ("security.reset_password", "reset_token"),
    "account.known": ("security.reset_password", "reset_token"),
    "account.address": ("security.change_email_confirm", "token"),
}


class People(SQLAlchemySessionUserDatastore):
    """People in this request's session, whose unit of work is the door's: see identity.py."""

    def __init__(self) -> None:
        super().__init__(LocalProxy(web.session), Person, PersonRole, Passkey)  # type: ignore[arg-type]

    def commit(self) -> None:
        """Left to db.unit()."""

    def create_user(self, **given: Any) -> UserMixin:
        person = super().create_user(**given, create_datetime=web.now(), lang=web.language())
        web.session().flush()  # its number is needed: events and letters name it
        return person

    def create_webauthn(self, *args: Any, **given: Any) -> None:
        super().create_webauthn(*args, **given, create_datetime=web.now())


class Passwords(PasswordUtil):
    """Long enough, and long allowed; no rules of composition, but not the address itself."""

    def validate(self, password: str, is_register: bool, **kwargs: Any) -> tuple[list[str] | None, str]:
        normal = self.normalize(password)
        user = kwargs.get("user")
        address = str(user.email if user else kwargs.get("email") or "")
        if not SHORTEST <= len(normal) <= LONGEST:
            return [get_message("PASSWORD_INVALID_LENGTH", length=SHORTEST)[0]], normal
        if len(set(normal)) < 5 or normal.lower() == address:
            return [get_message("PASSWORD_TOO_SIMPLE")[0]], normal
        return None, normal


class Codes(Totp):
    """Codes of authenticator apps: none counts twice, and the picture may stand in a page."""

    def generate_totp_secret(self) -> str:
        """Of 160 random bits. passlib's own keys have 65 of them, whatever their length."""
        key = base64.b32encode(secrets.token_bytes(20)).decode()
        return str(self._totp(key=key).to_json(encrypt=True))

    def get_last_counter(self, user: Any) -> int | None:
        asked_alone(user, "totp_counter")
        return user.totp_counter

    def set_last_counter(self, user: Any, tmatch: Any) -> None:
        user.totp_counter = tmatch.counter

    def generate_qrcode(self, username: str, totp: str) -> str:
        """SVG to stand in the page itself: our rules for content load no data: addresses."""
        picture = qrcode.make(self.get_totp_uri(username, totp), image_factory=SvgPathImage, border=2)
        return str(picture.to_string(encoding="unicode"))


def asked_alone(person: Any, column: str) -> None:
    """What counts once is read again under a lock: of two who show it at once the second comes after the first."""
    session = web.session()
    session.flush()
    session.refresh(person, [column], with_for_update=True)


def hashed(password: str) -> str:
    """A password as the accounts library keeps it, outside a request. One of our own making is long and random:
    a slow hash would protect nothing."""
    return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(password)


def codes(config: Config) -> Codes:
    """What makes and checks codes, outside a request."""
    return Codes(secrets_of(config), ISSUER)


def secrets_of(config: Config) -> dict[str, str]:
    """What the secrets of authenticator apps are encrypted with in the database."""
    return {"1": _derived(config.secret_key, "totp").hex()}


class RecoveryCodes(MfRecoveryCodesUtil):
    """Shown once, kept as digests that nobody can search through without the secret key."""

    def _encrypt_codes(self, codes: list[str]) -> list[str]:
        return [self._digest(code) for code in codes]

    def get_recovery_codes(self, user: UserMixin) -> list[str]:
        return []

    def check_recovery_code(self, user: UserMixin, code: str) -> bool:
        asked_alone(user, "mf_recovery_codes")
        return self._digest(code) in (user.mf_recovery_codes or [])

    def delete_recovery_code(self, user: Any, code: str) -> bool:
        user.mf_recovery_codes.remove(self._digest(code))
        return True

    def _digest(self, code: str) -> str:
        key = _derived(current_app.extensions["config"].secret_key, "recovery")
        return hmac.new(key, _as_shown(code).encode(), hashlib.sha256).hexdigest()


def _as_shown(code: str) -> str:
    """A recovery code as it stood on the page, however it was copied: in capitals, with spaces or without."""
    marks = re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", code)).lower()
    return "-".join(marks[at : at + 4] for at in range(0, len(marks), 4))


class Passkeys(WebauthnUtil):
    """A passkey stands for two factors: the device, and the finger or PIN that it asks for."""

    def origin(self) -> str:
        return str(current_app.extensions["config"].url)

    def registration_options(
        self, user: UserMixin, usage: str, existing_options: dict[str, Any]
    ) -> dict[str, Any]:
        return super().registration_options(user, usage, existing_options) | self._bound()

    def authentication_options(
        self, user: UserMixin | None, usage: list[str], existing_options: dict[str, Any]
    ) -> dict[str, Any]:
        return super().authentication_options(user, usage, existing_options) | self._bound()

    def authenticator_selection(self, user: UserMixin, usage: str) -> AuthenticatorSelectionCriteria:
        return AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        )

    def user_verification(self, user: UserMixin | None, usage: list[str]) -> UserVerificationRequirement:
        return UserVerificationRequirement.REQUIRED

    def _bound(self) -> dict[str, Any]:
        """To the configured host, whatever the request calls it."""
        return {"rp_id": urlsplit(self.origin()).hostname}


class Letters(MailUtil):
    """Nothing is sent inside a request: a letter is written down, and the worker sends it."""

    def normalize(self, email: str) -> str:
        try:
            return str(Address().deserialize(email))
        except ValidationError:
            raise EmailValidateException(get_message("INVALID_EMAIL_ADDRESS")[0]) from None

    validate = normalize

    def send_mail(self, template: str, subject: str, recipient: Any, *args: Any, **about: Any) -> None:
        """`template` is the verb. The link's host is the configured one, never the request's."""
        if template == "account.known" and about["confirmation_token"]:
            template = "account.confirm"  # registered twice, confirmed never
        link = ""
        if template in LINKS:
            endpoint, name = LINKS[template]
            onward = _onward() if template == "account.confirm" else None
            link = current_app.extensions["config"].url + url_for(endpoint, token=about[name], next=onward)
        write_letter(template, about["user"], link=link, address=str(recipient))


def _onward() -> str | None:
    """Where whoever registers was going, such as to an invitation: the letter may be opened on another device."""
    there = request.form.get("next", "")
    return there if there.startswith("/") and len(there) <= LONGEST_WAY else None


def write_letter(verb: str, person: Person, **about: Any) -> None:
    """A letter about somebody's account, in his language."""
    config: Config = current_app.extensions["config"]
    account_letters.write(web.session(), config, verb, person, now=web.now(), **about)


def _named(form: Any, field: Any) -> None:
    """A person's name, as the account page takes it too."""
    try:
        field.data = profile.NAME.deserialize(unicodedata.normalize("NFC", field.data or ""))
    except ValidationError as error:
        raise validators.ValidationError(web.say(error.messages[0])) from None


class SignIn(LoginForm):
    """The library's, but it always knows where to go next, and a password without end is not hashed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.next.data = self.next.data or url_for("account.index")

    def validate(self, **kwargs: Any) -> bool:
        if len(self.password.data or "") > LONGEST:
            self.form_errors = [get_message("GENERIC_AUTHN_FAILED")[0]]
            return False
        return bool(super().validate(**kwargs))


class Register(RegisterFormV2):
    name = StringField(validators=[_named])


class SecondFactor(TwoFactorSetupForm):
    """`authenticator` or `disable`: nothing else is set up, so that nothing need be chosen from a list."""

    setup = StringField()


class WrongCode(Exception):
    """The code that was to finish the set-up of an app is not right."""

    def __init__(self, form: Code) -> None:
        self.form = form


class Code(TwoFactorVerifyCodeForm):
    """The library begins the set-up again with another key where a code is wrong; entrance.py keeps the key."""

    def validate(self, **kwargs: Any) -> bool:
        right = bool(super().validate(**kwargs))
        if self.is_setup and not right:
            raise WrongCode(self)
        return right


class Rescue(TwoFactorRescueForm):
    """Never shown: what helps stands on a page of its own."""

    help_setup = RadioField(choices=[])


class NewPasskey(WebAuthnRegisterForm):
    """Every passkey is a way to sign in."""

    usage = StringField()

    def validate(self, **kwargs: Any) -> bool:
        self.usage.data = "first"
        return bool(super().validate(**kwargs))


def _derived(secret: str, purpose: str) -> bytes:
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).digest()
