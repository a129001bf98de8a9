"""The whole assembly on one screen."""

from __future__ import annotations

from flask import Flask
from flask_wtf import CSRFProtect

from search import Index

from . import api, audit, display, feeds, health, logs, outbox, pages, searches, web
from .accounts import account, identity, joining, programs, single_sign_on, vetting
from .accounts import policy as accounts_policy
from .accounts import views as organisations
from .catalog import (
    desk,
    desk_case,
    desk_links,
    desk_rules,
    downloads,
    editor,
    editor_moves,
    editor_past,
    importing,
    linking,
    uploading,
)
from .catalog import policy as catalog_policy
from .catalog import views as catalog
from .catalog.asked_for import Tally
from .config import ROOT, Config
from .db import Database
from .files import Store
from .policy import Rules, anyone
from .selection import (
    benchmark_pages,
    desk_assign,
    desk_benchmarks,
    desk_calls,
    desk_entries,
    desk_experts,
    desk_exports,
    desk_list,
    desk_masks,
    desk_notices,
    desk_objections,
    desk_ranking,
    entering,
    expert,
    notice_pages,
    objection_replies,
    recommending,
    result_pages,
    reviewing,
    verify,
)
from .selection import policy as selection_policy
from .selection import views as selection
from .statistics import policy as statistics_policy
from .statistics import views as statistics

RULES: Rules = {
    "page.see": anyone,
    **accounts_policy.RULES,
    **catalog_policy.RULES,
    **selection_policy.RULES,
    **statistics_policy.RULES,
    **outbox.RULES,
    **audit.RULES,
}


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
    app.extensions["files"] = Store(config.files, max_bytes=config.max_file)
    app.extensions["tally"] = Tally(database)
    logs.init_app(app, config)
    web.init_app(app, config, database, RULES)
    CSRFProtect(app)
    display.init_app(app, config)
    identity.init_app(app)
    single_sign_on.init_app(app, config)
    for part in (
        pages,
        feeds,
        health,
        searches,
        outbox,
        audit,
        account,
        programs,
        single_sign_on,
        organisations,
        joining,
        vetting,
        importing,
        catalog,
        editor,
        editor_moves,
        editor_past,
        uploading,
        downloads,
        desk,
        desk_case,
        desk_rules,
        desk_links,
        linking,
        selection,
        desk_calls,
        desk_experts,
        desk_assign,
        expert,
        desk_ranking,
        desk_list,
        reviewing,
        desk_masks,
        entering,
        recommending,
        desk_entries,
        notice_pages,
        desk_objections,
        desk_notices,
        objection_replies,
        benchmark_pages,
        verify,
        result_pages,
        desk_benchmarks,
        desk_exports,
        statistics,
    ):
        app.register_blueprint(part.bp)
    api.init_app(app)
    return app
