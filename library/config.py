"""The settings of an installation; the only file that reads the environment."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from .errors import Problem, Text

PREFIX = "CASELIB_"
ROOT = Path(__file__).resolve().parent.parent


class SettingError(Problem):
    """A setting is missing or makes no sense; the sentence names its variable."""


@dataclass(frozen=True)
class Config:
    """Every setting, with its default. docs/operations.md says what each is for."""

    env: str
    url: str
    operator: str
    operator_mail: str
    proxies: int
    data: Path
    database_url: str
    files: Path
    secret_key: str
    mail_url: str
    replica: str
    metrics_token: str
    clamav: str
    max_file: int
    max_case: int
    max_files: int
    max_organisation: int
    max_evidence: int
    objections_a_day: int
    objections_an_hour: int
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: str
    oidc_name: str
    seeds: Path = ROOT / "seed_cases"

    @property
    def production(self) -> bool:
        return self.env == "production"

    @property
    def index(self) -> Path:
        return self.data / "index"

    @property
    def letters(self) -> Path:
        return self.data / "mail"

    @classmethod
    def read(cls, env: Mapping[str, str] | None = None) -> Config:
        """Read the settings from `env` (default: the process's own). Raises SettingError."""
        env = os.environ if env is None else env

        def get(name: str, default: str = "") -> str:
            return env.get(PREFIX + name, "").strip() or default

        kind = get("ENV", "development")
        if kind not in {"development", "test", "production"}:
            raise SettingError(Text("CASELIB_ENV must be development, test or production."))
        data = Path(get("DATA", "var")).expanduser().resolve()
        proxies = get("PROXIES", "0")
        if not proxies.isdigit():
            raise SettingError(Text("CASELIB_PROXIES must be the number of trusted proxies."))
        if kind == "production":
            for name in ("SECRET_KEY", "URL", "OPERATOR"):
                if not get(name):
                    raise SettingError(Text("CASELIB_%(name)s is not set; production needs it.", {"name": name}))
        clamav = get("CLAMAV")
        if clamav and "/" not in clamav and not clamav.rpartition(":")[2].isdecimal():
            raise SettingError(Text("CASELIB_CLAMAV must be host:port or the path of a socket."))
        most = {"MAX_FILE_MB": "50", "MAX_CASE_MB": "300", "MAX_FILES": "30", "MAX_ORGANISATION_MB": "3000"}
        most |= {"MAX_EVIDENCE_MB": "20", "OBJECTIONS_A_DAY": "5", "OBJECTIONS_AN_HOUR": "60"}
        limits = {name: get(name, default) for name, default in most.items()}
        for name, given in limits.items():
            if not given.isdecimal() or not int(given):
                raise SettingError(Text("CASELIB_%(name)s must be a whole number above zero.", {"name": name}))
        issuer = get("OIDC_ISSUER")
        for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"):
            if issuer and not get(name):
                raise SettingError(Text("CASELIB_%(name)s is not set; single sign-on needs it.", {"name": name}))
        if kind == "production" and issuer and not issuer.startswith("https://"):
            raise SettingError(Text("CASELIB_OIDC_ISSUER must begin with https:// in production."))
        port = env.get("PORT", "8000")
        return cls(
            env=kind,
            url=get("URL", f"http://localhost:{port}").rstrip("/"),
            operator=get("OPERATOR"),
            operator_mail=get("OPERATOR_MAIL", "library@localhost"),
            proxies=int(proxies),
            data=data,
            database_url=get("DATABASE_URL", f"sqlite:///{data / 'library.db'}"),
            files=Path(get("FILES", str(data / "files"))).resolve(),
            secret_key=get("SECRET_KEY") or _kept_secret(data),
            mail_url=get("MAIL_URL"),
            replica=get("REPLICA", socket.gethostname()),
            metrics_token=get("METRICS_TOKEN"),
            clamav=clamav,
            max_file=int(limits["MAX_FILE_MB"]) << 20,
            max_case=int(limits["MAX_CASE_MB"]) << 20,
            max_files=int(limits["MAX_FILES"]),
            max_organisation=int(limits["MAX_ORGANISATION_MB"]) << 20,
            max_evidence=int(limits["MAX_EVIDENCE_MB"]) << 20,
            objections_a_day=int(limits["OBJECTIONS_A_DAY"]),
            objections_an_hour=int(limits["OBJECTIONS_AN_HOUR"]),
            oidc_issuer=issuer,
            oidc_client_id=get("OIDC_CLIENT_ID"),
            oidc_client_secret=get("OIDC_CLIENT_SECRET"),
            oidc_name=get("OIDC_NAME", urlsplit(issuer).hostname or ""),
        )


def _kept_secret(data: Path) -> str:
    """A secret of this installation, made once and kept beside the database (never in production)."""
    kept = data / "secret"
    if not kept.exists():
        data.mkdir(parents=True, exist_ok=True)
        handle, fresh = tempfile.mkstemp(dir=data)
        with os.fdopen(handle, "w") as out:
            out.write(secrets.token_urlsafe(48))
        # A link is made once: of all who start at the same time one wins, and the others read its secret.
        with contextlib.suppress(FileExistsError):
            os.link(fresh, kept)
        os.unlink(fresh)
    return kept.read_text()
