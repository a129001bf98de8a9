"""Structured logs: JSON lines in production, plain lines elsewhere; one line a request."""

from __future__ import annotations

import logging
import sys
import time

import structlog
from flask import Flask, Response, g, request

from .config import Config


def configure(config: Config) -> None:
    """Set up structlog for this process."""
    shape: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if config.production
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            shape,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def init_app(app: Flask, config: Config) -> None:
    """Log every request after it was answered: no query words, no addresses of people."""
    configure(config)
    log = structlog.get_logger("web")

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def answered(response: Response) -> Response:
        if config.production or response.status_code >= 500:
            log.info(
                "request",
                method=request.method,
                endpoint=request.endpoint,
                status=response.status_code,
                ms=round(elapsed() * 1000, 1) if "started" in g else None,
            )
        return response


def elapsed() -> float:
    """Seconds since this request came in."""
    return time.perf_counter() - float(g.started)
