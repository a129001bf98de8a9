"""Small documents for the search tests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from search import Document, Index

Doc = Callable[..., Document]


@pytest.fixture
def doc() -> Doc:
    """doc("K1", "标题", body="…", facets={…}): every text is both Chinese and English enough for a test."""

    def doc(key: str, title: str = "", *, lang: str = "zh", **rest: Any) -> Document:
        text = {
            name: {lang: rest.pop(name)} for name in ("summary", "body", "party", "sector", "term") if name in rest
        }
        return Document(key=key, text={"title": {lang: title}, **text}, **rest)

    return doc


@pytest.fixture
def index(tmp_path: Path) -> Index:
    """An index that has been built and holds nothing."""
    index = Index(tmp_path / "index")
    index.rebuild([], position=0)
    return index


@pytest.fixture
def holding(index: Index) -> Callable[..., Index]:
    """holding(document, …): the index with these documents in it."""

    def holding(*documents: Document) -> Index:
        index.rebuild(documents, position=1)
        return index

    return holding
