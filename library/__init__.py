"""The Mobile IoT Case Library. Nothing is loaded here: the process that opens files comes in by this way too."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from .config import Config
    from .db import Database


def create_app(config: Config | None = None, database: Database | None = None) -> Flask:
    """The application; application.py puts it together. `config` is read from the environment unless given."""
    from . import application

    return application.create_app(config, database)
