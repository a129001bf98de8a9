"""Fixtures of the accounts chapter: the settings that letters need, and a provider of single sign-on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sites import URL
from sso import BACK, EMAIL

from library.config import Config


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config.read({"CASELIB_ENV": "test", "CASELIB_URL": URL, "CASELIB_DATA": str(tmp_path)})


@pytest.fixture
def provider(iam_server: Any) -> Iterator[Any]:
    """The provider, with the library as its client and somebody who has signed in there and agreed."""
    mapping = iam_server.app.config["CANAILLE_OIDC"]["USERINFO_MAPPING"]
    with iam_server.app.app_context():
        client = iam_server.models.Client(
            client_id="library",
            client_secret="between us",
            client_id_issued_at=datetime.now(UTC),
            client_name="The library",
            client_uri=URL,
            redirect_uris=[URL + BACK],
            token_endpoint_auth_method="client_secret_basic",
            grant_types=["authorization_code"],
            response_types=["code"],
            scope=["openid", "profile", "email"],
        )
        iam_server.backend.save(client)
        user = iam_server.models.User(
            user_name="lilei", formatted_name="李雷", family_name="李", emails=[EMAIL], password="correct horse"
        )
        iam_server.backend.save(user)
    mapping["EMAIL_VERIFIED"] = "true"
    iam_server.login(user)
    iam_server.consent(user, client)
    yield iam_server
    iam_server.logout()
    mapping.pop("EMAIL_VERIFIED", None)
    with iam_server.app.app_context():
        for model in (iam_server.models.Consent, iam_server.models.Token, iam_server.models.AuthorizationCode):
            for row in iam_server.backend.query(model):
                iam_server.backend.delete(row)
        iam_server.backend.delete(client)
        iam_server.backend.delete(user)


@pytest.fixture
def issuer(provider: Any) -> str:
    return str(provider.url).rstrip("/")
