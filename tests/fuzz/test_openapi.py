"""The interface for programs against its own document: whatever is sent, the answer is one that it announces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi import definitions

from library.db import Database
from sites import Site

FOLDER = pytest.StashKey[Path]()
EXAMPLES = 40
CODES = {"code": "MIOT-P-0001"}
