"""Settings: defaults, the environment, and refusals that name the variable."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from library.config import ROOT, Config, SettingError

PRODUCTION = {
    "CASELIB_ENV": "production",
    "CASELIB_SECRET_KEY": "s",
    "CASELIB_URL": "https://library.example/",
    "CASELIB_OPERATOR": "An operator",
}
OIDC = {
    "CASELIB_OIDC_ISSUER": "https://id.example/realm/",
    "CASELIB_OIDC_CLIENT_ID": "c",
    "CASELIB_OIDC_CLIENT_SECRET": "s",
}


def read(tmp_path: Path, **env: str) -> Config:
    return Config.read({"CASELIB_DATA": str(tmp_path), **env})


def test_defaults_are_a_development_installation_in_its_data_folder(tmp_path: Path) -> None:
    config = read(tmp_path)
    assert (config.env, config.production, config.url, config.proxies) == (
        "development",
        False,
        "http://localhost:8000",
        0,
    )
    assert config.database_url == f"sqlite:///{tmp_path / 'library.db'}"
    assert (config.oidc_issuer, config.oidc_name) == ("", "")
    assert (config.index, config.files, config.letters) == (
        tmp_path / "index",
        tmp_path / "files",
        tmp_path / "mail",
    )
    assert config.seeds == ROOT / "seed_cases"
    assert (config.max_file, config.max_case, config.max_files, config.clamav) == (50 << 20, 300 << 20, 30, "")


def test_limits_of_files_are_settings(tmp_path: Path) -> None:
    given = {"CASELIB_MAX_FILE_MB": "2", "CASELIB_MAX_CASE_MB": "5", "CASELIB_MAX_FILES": "3"}
    config = read(tmp_path, **given, CASELIB_CLAMAV="/run/clamav/clamd.ctl")
    assert (config.max_file, config.max_case, config.max_files) == (2 << 20, 5 << 20, 3)
    assert config.clamav == "/run/clamav/clamd.ctl"
    for name in given:
        for wrong in ("0", "-1", "many", "1.5"):
            with pytest.raises(SettingError, match=f"{name} must be a whole number above zero"):
                read(tmp_path, **{name: wrong})
    with pytest.raises(SettingError, match="CASELIB_CLAMAV must be host:port"):
        read(tmp_path, CASELIB_CLAMAV="localhost")


def test_the_environment_says_otherwise(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        CASELIB_URL="https://library.example/",
        CASELIB_PROXIES="2",
        CASELIB_DATABASE_URL="postgresql+psycopg://db/library",
        CASELIB_FILES=str(tmp_path / "mounted"),
        CASELIB_OPERATOR="  An operator ",
        CASELIB_REPLICA="b",
        CASELIB_METRICS_TOKEN="t",
    )
    assert config.url == "https://library.example"
    assert config.proxies == 2
    assert config.database_url == "postgresql+psycopg://db/library"
    assert config.files == tmp_path / "mounted"
    assert (config.operator, config.replica, config.metrics_token) == ("An operator", "b", "t")


def test_the_port_of_make_run_is_in_the_default_address(tmp_path: Path) -> None:
    assert read(tmp_path, PORT="9000").url == "http://localhost:9000"


def test_a_home_folder_and_a_relative_one_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert Config.read({"CASELIB_DATA": "~/here"}).data == tmp_path / "here"
    assert Config.read({}).data == tmp_path / "var"


def test_the_process_environment_is_read_unless_another_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CASELIB_DATA", str(tmp_path))
    monkeypatch.setenv("CASELIB_OPERATOR", "From the environment")
    assert Config.read().operator == "From the environment"


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"CASELIB_ENV": "staging"}, "CASELIB_ENV must be development, test or production."),
        ({"CASELIB_PROXIES": "many"}, "CASELIB_PROXIES must be the number of trusted proxies."),
        ({"CASELIB_PROXIES": "-1"}, "CASELIB_PROXIES must be the number of trusted proxies."),
        *(
            ({**PRODUCTION, name: blank}, f"{name} is not set; production needs it.")
            for name in ("CASELIB_SECRET_KEY", "CASELIB_URL", "CASELIB_OPERATOR")
            for blank in ("", "  ")
        ),
        (
            {"CASELIB_OIDC_ISSUER": "https://id.example", "CASELIB_OIDC_CLIENT_SECRET": "s"},
            "CASELIB_OIDC_CLIENT_ID is not set; single sign-on needs it.",
        ),
        (
            {"CASELIB_OIDC_ISSUER": "https://id.example", "CASELIB_OIDC_CLIENT_ID": "c"},
            "CASELIB_OIDC_CLIENT_SECRET is not set; single sign-on needs it.",
        ),
        (
            {**PRODUCTION, **OIDC, "CASELIB_OIDC_ISSUER": "http://id.example"},
            "CASELIB_OIDC_ISSUER must begin with https:// in production.",
        ),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(tmp_path: Path, env: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingError) as refused:
        read(tmp_path, **env)
    assert str(refused.value) == sentence


def test_the_provider_of_single_sign_on_is_named_after_its_host(tmp_path: Path) -> None:
    config = read(tmp_path, **OIDC)
    assert (config.oidc_issuer, config.oidc_name) == ("https://id.example/realm/", "id.example")
    assert read(tmp_path, **OIDC, CASELIB_OIDC_NAME="The door").oidc_name == "The door"


def test_production_with_what_it_needs_writes_nothing(tmp_path: Path) -> None:
    config = read(tmp_path, **PRODUCTION)
    assert (config.production, config.secret_key) == (True, "s")
    assert list(tmp_path.iterdir()) == []


def test_a_secret_is_made_once_and_kept_for_its_owner_only(tmp_path: Path) -> None:
    data = tmp_path / "new" / "folder"
    first = read(data).secret_key
    assert len(first) >= 48
    assert read(data).secret_key == first
    assert read(tmp_path / "other").secret_key != first
    assert [path.name for path in data.iterdir()] == ["secret"]
    assert stat.S_IMODE((data / "secret").stat().st_mode) == 0o600


def test_all_who_start_at_once_agree_on_the_secret(tmp_path: Path) -> None:
    """The site and its worker are started together; two secrets would end each other's sessions."""
    start = Barrier(8)

    def begin(_: int) -> str:
        start.wait()
        return read(tmp_path).secret_key

    with ThreadPoolExecutor(8) as threads:
        secrets = set(threads.map(begin, range(8)))
    assert len(secrets) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
