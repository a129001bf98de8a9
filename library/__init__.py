"""The Mobile IoT Case Library: the whole assembly on one screen."""

from __future__ import annotations

from flask import Flask
from flask_wtf import CSRFProtect

from search import Index

from . import api, display, feeds, health, logs, pages, searches, web
from .catalog import policy as catalog_policy
from .catalog import views as catalog
from .catalog.asked_for import Tally
from .config import ROOT, Config
from .db import Database
from .files import Store
from .policy import Rules, anyone
from .statistics import policy as statistics_policy
from .statistics import views as statistics

RULES: Rules = {"page.see": anyone, **catalog_policy.RULES, **statistics_policy.RULES}


def create_app(config: Config | None = None, database: Database | None = None) -> Flask:
    """The application. `config` is read from the environment unless given."""
    config = config or Config.read()
    database = database or Database(config.database_url)
    app = Flask(__name__, template_folder=str(ROOT / "templates"))
    app.config.update(
        SECRET_KEY=config.secret_key,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.production,
        MAX_CONTENT_LENGTH=1_000_000,
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.extensions["index"] = Index(config.index)
    app.extensions["files"] = Store(config.files)
    app.extensions["tally"] = Tally(database)
    logs.init_app(app, config)
    web.init_app(app, config, database, RULES)
    CSRFProtect(app)
    display.init_app(app, config)
    for part in (pages, feeds, health, searches, catalog, statistics):
        app.register_blueprint(part.bp)
    api.init_app(app)
    return app
