"""Letters on their way: over SMTP, or into DATA/mail where there is no mail server."""

from __future__ import annotations

import datetime as dt
import re
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .accounts.letter_models import Letter
from .config import Config

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def send(config: Config, letter: Letter, *, now: dt.datetime) -> None:
    """Send one letter. Its key names the message, so that a second attempt is the same one."""
    key = letter.key
    host = urlsplit(config.url).hostname or "localhost"
    message = EmailMessage(policy=SMTP.clone(max_line_length=900))
    message["From"] = config.operator_mail
    message["To"] = letter.address
    message["Subject"] = " ".join(letter.title.split())
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{_plain(key)}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = {"zh": "zh-CN"}.get(letter.lang, letter.lang)
    message.set_content(letter.text or "")
    if config.mail_url:
        _over_smtp(config.mail_url, message)
    else:
        _into_folder(config.letters, key, message)


def _over_smtp(url: str, message: EmailMessage) -> None:
    """`smtp://user:password@host:587` (STARTTLS when offered), or `smtps://` for TLS from the start."""
    at = urlsplit(url)
    secure = at.scheme == "smtps"
    context = ssl.create_default_context()
    host, port = at.hostname or "localhost", at.port or (465 if secure else 25)
    kind = (
        smtplib.SMTP_SSL(host, port, timeout=20, context=context)
        if secure
        else smtplib.SMTP(host, port, timeout=20)
    )
    with kind as server:
        server.ehlo()
        if not secure and server.has_extn("starttls"):
            server.starttls(context=context)
            secure = True
        if at.username and not secure and host not in LOOPBACK:
            raise smtplib.SMTPNotSupportedError("no TLS is offered; the password is not sent in the clear")
        if at.username:
            server.login(unquote(at.username), unquote(at.password or ""))
        server.send_message(message)


def _plain(key: str) -> str:
    """The key as a message id and a file name may have it."""
    return re.sub(r"[^\w.]+", "-", key, flags=re.ASCII).strip("-.")


def _into_folder(folder: Path, key: str, message: EmailMessage) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = _plain(key)
    fresh = folder / f".{name}.tmp"
    fresh.write_bytes(message.as_bytes())
    fresh.replace(folder / f"{name}.eml")
