"""Is everything alive, and how busy is it: for machines that watch this one."""

from __future__ import annotations

import datetime as dt
import hmac

from flask import Blueprint, Response, current_app, g, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from search.errors import IndexBroken, IndexMissing

from . import deliveries, events, indexing, logs, web, worker
from .errors import Missing, Text
from .web import door

bp = Blueprint("health", __name__)

PATIENCE = dt.timedelta(seconds=60)
# A method may be any word that a stranger types; each would stay here as a line of its own.
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})

METRICS = CollectorRegistry()
REQUESTS = Counter("caselib_requests", "Answered requests.", ("endpoint", "method", "status"), registry=METRICS)
SECONDS = Histogram("caselib_request_seconds", "Time to answer.", ("endpoint",), registry=METRICS)
BEHIND = Gauge("caselib_index_events_behind", "Events the index has not seen yet.", registry=METRICS)
WAITING = Gauge("caselib_deliveries_waiting", "Letters and other work still to be done.", registry=METRICS)


@bp.get("/healthz")
@door("page.see")
def healthz() -> tuple[Response, int]:
    """200 when database, index and worker answer, else 503 with the names of those that do not."""
    parts, head = {}, None
    try:
        head = events.head(web.session())
        replica = current_app.extensions["config"].replica
        seen = web.session().get(events.Cursor, (replica, worker.FOLLOWER))
        parts["database"] = "ok"
        alive = seen is not None and seen.seen_at is not None and web.now() - seen.seen_at < PATIENCE
        parts["worker"] = "ok" if alive else "silent"
    except SQLAlchemyError:
        parts["database"] = "unreachable"
    try:
        index = current_app.extensions["index"]
        index.check()
        # The very event, not only its number: a restored database may have come to the same number again.
        parts["index"] = "ok" if head in (None, index.followed) else "building"
    except IndexMissing:
        parts["index"] = "building"
    except IndexBroken:
        parts["index"] = "broken"
    healthy = all(state == "ok" for state in parts.values())
    return jsonify({"status": "ok" if healthy else "unavailable", **parts}), 200 if healthy else 503


@bp.get("/metrics")
@door("page.see")
def metrics() -> Response:
    """Prometheus text, for this machine or a bearer of the token. Nothing here counts cases, entries or drafts."""
    token = current_app.extensions["config"].metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not web.at_this_machine() and not (token and hmac.compare_digest(token.encode(), given.encode())):
        raise Missing(Text("There is no page at this address."))
    session, config = web.session(), current_app.extensions["config"]
    BEHIND.set(events.head(session)[0] - events.position(session, config.replica, indexing.FOLLOWER))
    WAITING.set(deliveries.waiting(session))
    return Response(generate_latest(METRICS), content_type=CONTENT_TYPE_LATEST)


@bp.after_app_request
def count(response: Response) -> Response:
    endpoint = request.endpoint or "none"
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(endpoint, method, str(response.status_code)).inc()
    if "started" in g:
        SECONDS.labels(endpoint).observe(logs.elapsed())
    return response
