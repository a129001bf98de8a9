"""What the accounts library says to people, in our sentences. They are translated at the glass."""

from __future__ import annotations

from collections.abc import Mapping

from ..labels import N_

# A key of the accounts library, its sentence. Sentences about addresses never say whether there is an account.
SAID: Mapping[str, str] = {
    "GENERIC_AUTHN_FAILED": N_("The address and the password do not fit together, or the address is unconfirmed."),
    "GENERIC_RECOVERY": N_("If there is an account with this address, a letter is on its way to it."),
    "PASSWORD_RESET_REQUEST": N_("If there is an account with this address, a letter is on its way to it."),
    "CONFIRMATION_REQUEST": N_("If there is an account with this address, a letter is on its way to it."),
    "CONFIRM_REGISTRATION": N_("A letter is on its way to %(email)s. Follow the link in it to open your account."),
    "CHANGE_EMAIL_SENT": N_("A letter is on its way to %(email)s. Follow the link in it to use this address."),
    "CHANGE_EMAIL_EXPIRED": N_("This link is too old. Ask for a new one."),
    "CHANGE_EMAIL_CONFIRMED": N_("Your letters go to the new address from now on."),
    "EMAIL_CONFIRMED": N_("Your address is confirmed. You can sign in now."),
    "ALREADY_CONFIRMED": N_("This address was confirmed before."),
    "CONFIRMATION_REQUIRED": N_("Follow the link in the letter that we sent to this address first."),
    "CONFIRMATION_EXPIRED": N_("This link is too old. Ask for a new one."),
    "INVALID_CONFIRMATION_TOKEN": N_("This link is not valid, or was used before."),
    "INVALID_RESET_PASSWORD_TOKEN": N_("This link is not valid, or was used before."),
    "PASSWORD_RESET_EXPIRED": N_("This link is too old. Ask for a new one."),
    "EMAIL_NOT_PROVIDED": N_("Write an e-mail address."),
    "INVALID_EMAIL_ADDRESS": N_("This is not an e-mail address."),
    "EMAIL_ALREADY_ASSOCIATED": N_("This address cannot be used."),
    "USER_DOES_NOT_EXIST": N_("This address cannot be used."),
    "DISABLED_ACCOUNT": N_("This account is closed."),
    "PASSWORD_NOT_PROVIDED": N_("Write a password."),
    "PASSWORD_INVALID_LENGTH": N_("A password has at least %(length)s and at most 1,000 characters."),
    "PASSWORD_TOO_SIMPLE": N_("This password is easily guessed; choose another."),
    "PASSWORD_IS_THE_SAME": N_("This is the password you have already."),
    "INVALID_PASSWORD": N_("The password is not right."),
    "RETYPE_PASSWORD_MISMATCH": N_("The two passwords are not the same."),
    "PASSWORD_CHANGE": N_("Your password is changed. Every other browser is signed out."),
    "PASSWORD_RESET_NO_LOGIN": N_("Your password is changed. Sign in with the new one."),
    "REAUTHENTICATION_SUCCESSFUL": N_("Thank you, it is you."),
    "REAUTHENTICATION_REQUIRED": N_("Show that it is you before you change this."),
    "UNAUTHENTICATED": N_("Sign in first."),
    "UNAUTHORIZED": N_("You may not do this."),
    "INVALID_REDIRECT": N_("This link leads out of the library."),
    "TWO_FACTOR_INVALID_TOKEN": N_("The code is not right, or was used before."),
    "TWO_FACTOR_LOGIN_SUCCESSFUL": N_("You are signed in."),
    "TWO_FACTOR_CHANGE_METHOD_SUCCESSFUL": N_("Your second factor is set up. Make recovery codes now."),
    "TWO_FACTOR_DISABLED": N_("Your second factor is removed."),
    "TWO_FACTOR_PERMISSION_DENIED": N_("This step took too long. Sign in again."),
    "TWO_FACTOR_METHOD_NOT_AVAILABLE": N_("There is no such second factor."),
    "TWO_FACTOR_SETUP_EXPIRED": N_("This step took too long. Begin again."),
    "INVALID_RECOVERY_CODE": N_("The recovery code is not right, or was used before."),
    "NO_RECOVERY_CODES_SETUP": N_("You have no recovery codes."),
    "WEBAUTHN_EXPIRED": N_("This step took too long. Begin again."),
    "WEBAUTHN_NAME_REQUIRED": N_("Give the passkey a name."),
    "WEBAUTHN_NAME_INUSE": N_("You have a passkey of this name already."),
    "WEBAUTHN_NAME_NOT_FOUND": N_("You have no passkey of this name."),
    "WEBAUTHN_NAME_DISALLOWED_CHARACTERS": N_("A name has letters, digits, spaces and hyphens only."),
    "INVALID_INPUT_LENGTH": N_("A name has at most %(length)s characters."),
    "WEBAUTHN_CREDENTIAL_DELETED": N_("The passkey “%(name)s” is removed."),
    "WEBAUTHN_REGISTER_SUCCESSFUL": N_("The passkey “%(name)s” is added."),
    "WEBAUTHN_CREDENTIAL_ID_INUSE": N_("This passkey is known already."),
    "WEBAUTHN_UNKNOWN_CREDENTIAL_ID": N_("The passkey was not accepted."),
    "WEBAUTHN_ORPHAN_CREDENTIAL_ID": N_("The passkey was not accepted."),
    "WEBAUTHN_NO_VERIFY": N_("The passkey was not accepted."),
    "WEBAUTHN_CREDENTIAL_WRONG_USAGE": N_("The passkey was not accepted."),
    "WEBAUTHN_MISMATCH_USER_HANDLE": N_("The passkey was not accepted."),
    "API_ERROR": N_("The request could not be understood."),
    "INVALID_INPUT": N_("The request could not be understood."),
}
# What its forms say by themselves.
ALSO_SAID = (N_("This field is required."),)
# Those that are good news; the others are refusals or news.
GOOD = frozenset(
    {
        *("EMAIL_CONFIRMED", "CHANGE_EMAIL_CONFIRMED", "PASSWORD_CHANGE", "PASSWORD_RESET_NO_LOGIN"),
        *("CONFIRM_REGISTRATION", "CHANGE_EMAIL_SENT", "CONFIRMATION_REQUEST", "PASSWORD_RESET_REQUEST"),
        *("TWO_FACTOR_LOGIN_SUCCESSFUL", "TWO_FACTOR_CHANGE_METHOD_SUCCESSFUL", "TWO_FACTOR_DISABLED"),
        *("WEBAUTHN_CREDENTIAL_DELETED", "WEBAUTHN_REGISTER_SUCCESSFUL", "REAUTHENTICATION_SUCCESSFUL"),
    }
)
