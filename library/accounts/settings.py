"""How the accounts library is set up: what it does, where it leads, what it says, for how long things hold."""

from __future__ import annotations

import datetime as dt
from typing import Any

from .. import web
from ..config import Config
from . import people, proofs
from .account_letters import GOOD_FOR
from .sentences import GOOD, SAID

DOES = ("REGISTERABLE", "CONFIRMABLE", "RECOVERABLE", "CHANGEABLE", "CHANGE_EMAIL", "TWO_FACTOR", "WEBAUTHN")
PAGES = {
    "LOGIN_USER_TEMPLATE": "sign_in",
    "TWO_FACTOR_VERIFY_CODE_TEMPLATE": "sign_in_code",
    "MULTI_FACTOR_RECOVERY_TEMPLATE": "sign_in_recovery",
    "WAN_SIGNIN_TEMPLATE": "sign_in_passkey",
    "REGISTER_USER_TEMPLATE": "register",
    "SEND_CONFIRMATION_TEMPLATE": "register_again",
    "FORGOT_PASSWORD_TEMPLATE": "recover",
    "RESET_PASSWORD_TEMPLATE": "recover_password",
    "VERIFY_TEMPLATE": "account_verify",
    "WAN_VERIFY_TEMPLATE": "account_verify_passkey",
    "CHANGE_PASSWORD_TEMPLATE": "account_password",
    "CHANGE_EMAIL_TEMPLATE": "account_address",
    "TWO_FACTOR_SETUP_TEMPLATE": "second_factor",
    "MULTI_FACTOR_RECOVERY_CODES_TEMPLATE": "second_factor_codes",
    "WAN_REGISTER_TEMPLATE": "passkeys",
}
# The letters: the verb by which proofs.Letters knows each.
LETTERS = {
    "REGISTER_EMAIL_TEMPLATE": "account.confirm",
    "EMAIL_TEMPLATE_CONFIRM": "account.confirm",
    "REGISTER_EMAIL_EXISTING_TEMPLATE": "account.known",
    "EMAIL_TEMPLATE_PASSWORD_RESET": "account.recover",
    "EMAIL_TEMPLATE_PASSWORD_RESET_NOTICE": "account.password",
    "EMAIL_TEMPLATE_PASSWORD_CHANGE_NOTICE": "account.password",
    "CHANGE_EMAIL_EMAIL_TEMPLATE": "account.address",
}
HERE = "account.index"


def settings(config: Config) -> dict[str, Any]:
    """Everything for app.config."""
    security: dict[str, Any] = {
        **dict.fromkeys(DOES, True),
        **{name: f"accounts/{page}.html" for name, page in PAGES.items()},
        **LETTERS,
        **{f"MSG_{key}": (sentence, "success" if key in GOOD else "error") for key, sentence in SAID.items()},
        "RETURN_GENERIC_RESPONSES": True,
        "DATETIME_FACTORY": web.now,
        "EMAIL_VALIDATOR_ARGS": {"check_deliverability": False},
        "EMAIL_PLAINTEXT": False,  # the letters are ours: proofs.Letters
        "EMAIL_HTML": False,
        "PASSWORD_SINGLE_HASH": ["argon2"],
        "PASSWORD_SCHEMES": ["argon2"],
        # What a link is bound to, in a signed token: an address that the letter goes to, or a slow hash itself.
        # The default takes 0.3 s, under the lock that writing takes, and only where there is an account.
        "HASHING_SCHEMES": ["hex_sha256"],
        "PASSWORD_NORMALIZE_FORM": "NFKC",
        "INPUT_NORMALIZE_FORM": "NFKC",
        "POST_LOGIN_VIEW": HERE,
        "POST_REGISTER_VIEW": "security.login",
        "POST_CHANGE_VIEW": HERE,
        "POST_CHANGE_EMAIL_VIEW": HERE,
        "TWO_FACTOR_POST_SETUP_VIEW": HERE,
        "WAN_POST_REGISTER_VIEW": "security.wan_register",
        "TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "TWO_FACTOR_AUTHENTICATOR_VALIDITY": 30,  # seconds that a clock may be off
        "TWO_FACTOR_RESCUE_EMAIL": False,
        "TOTP_SECRETS": proofs.secrets_of(config),
        "TOTP_ISSUER": proofs.ISSUER,
        "MULTI_FACTOR_RECOVERY_CODES": True,
        "MULTI_FACTOR_RECOVERY_CODES_N": 8,
        "WAN_RP_NAME": proofs.ISSUER,
        "WAN_ALLOW_USER_HINTS": False,
        "WAN_ALLOW_AS_VERIFY": ["first"],
        "FRESHNESS": dt.timedelta(hours=1),
        "FRESHNESS_GRACE_PERIOD": dt.timedelta(minutes=10),
        "CONFIRM_EMAIL_WITHIN": GOOD_FOR["account.confirm"],
        "RESET_PASSWORD_WITHIN": GOOD_FOR["account.recover"],
        "CHANGE_EMAIL_WITHIN": GOOD_FOR["account.address"],
        "API_ENABLED_METHODS": ["session"],
        "CLI_USERS_NAME": None,
        "CLI_ROLES_NAME": None,
    }
    return {
        **{f"SECURITY_{name}": value for name, value in security.items()},
        "SESSION_PROTECTION": None,  # an address that changes on the way is no theft
        "SESSION_REFRESH_EACH_REQUEST": False,
        "PERMANENT_SESSION_LIFETIME": people.FORGOTTEN_AFTER,
    }
