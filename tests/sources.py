"""The source of the library and of made-up libraries, as the checks of house.py read it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from library.config import ROOT

# Earlier chapters first.
CHAPTERS = ("accounts", "catalog", "selection", "tracking", "docking", "statistics")


@dataclass(frozen=True)
class Module:
    """A source file under its dotted name; a package is named without `__init__`."""

    name: str
    text: str
    package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def place(self) -> tuple[str, str]:
        """Chapter and room within the library; the chapter is empty on ground and roof."""
        inner = self.name.split(".")[1:] or [""]
        if inner[0] in CHAPTERS:
            return inner[0], ".".join(inner[1:])
        return "", inner[0]


Sources = Mapping[str, Module]


def read(*folders: str) -> Sources:
    found = {}
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if package else parts)
            found[name] = Module(name, path.read_text(encoding="utf-8"), package)
    return found


def sample(**texts: str) -> Sources:
    """A made-up library; `__` in a name stands for a dot."""
    modules = [Module("library", '"""D."""', package=True)]
    modules += [Module(f"library.{name.replace('__', '.')}", f'"""D."""\n{text}') for name, text in texts.items()]
    return {module.name: module for module in modules}


def imports(module: Module, known: Sources) -> Iterator[str]:
    """What a module imports: a module of ours where there is one of that name, else what is named."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.name.split(".")
                above = parts[: len(parts) - node.level + module.package]
                base = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if inner in known else base
