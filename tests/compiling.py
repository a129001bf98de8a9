"""What follows from the code alone is made once a process, not once a test: every test has an application and an
engine of its own, and most of their time went into making the same things again."""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from flask_smorest import Blueprint
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Dialect, Engine
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from library import db
from library.language import LOCALES


class Compiled(BytecodeCache):
    """Templates, for each language."""

    def __init__(self) -> None:
        self.code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if found := self.code.get(bucket.key):
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.code[bucket.key] = bucket.bytecode_to_string()


COMPILED = {lang: Compiled() for lang in LOCALES}
ROUTES: dict[tuple[object, ...], dict[str, Any]] = {}
COMPILE = Rule.compile
DESCRIBED: list[dict[str, Any]] = []
DESCRIBE, DESCRIPTION = Blueprint.register_views_in_doc, APISpec.to_dict
STATEMENTS = LRUCache(5_000)  # type: ignore[var-annotated]
ENGINE = db._engine


def compiled(rule: Rule) -> None:
    """What finds and builds the addresses of a route."""
    key = (rule.rule, repr(rule.defaults), rule.strict_slashes, rule.merge_slashes, rule.subdomain)
    if key not in ROUTES:
        COMPILE(rule)
        ROUTES[key] = {name: vars(rule)[name] for name in ("_parts", "_trace", "_converters", "arguments")}
        ROUTES[key] |= {name: vars(rule)[name].__func__ for name in ("_build", "_build_unknown")}
    for name, part in ROUTES[key].items():
        setattr(rule, name, part.__get__(rule) if name.startswith("_build") else part)


def describe(blueprint: Blueprint, *args: Any, **given: Any) -> None:
    """The document of the interface for programs: no setting changes it."""
    if not DESCRIBED:
        DESCRIBE(blueprint, *args, **given)


def description(spec: APISpec) -> dict[str, Any]:
    if not DESCRIBED:
        DESCRIBED.append(DESCRIPTION(spec))
    return DESCRIBED[0]


def engine(url: str, pool_size: int) -> Engine:
    """Statements. They are kept under the dialect that compiled them, and every engine has a dialect of its own:
    those of one database count as the same below."""
    made = ENGINE(url, pool_size)
    made._compiled_cache = STATEMENTS
    return made


def install() -> None:
    Rule.compile = compiled  # type: ignore[method-assign]
    Blueprint.register_views_in_doc = describe
    APISpec.to_dict = description
    db._engine = engine
    Dialect.__eq__ = lambda one, other: type(one) is type(other)  # type: ignore[method-assign]
    Dialect.__hash__ = lambda one: hash(type(one))  # type: ignore[method-assign]
