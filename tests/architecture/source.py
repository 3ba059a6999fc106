"""The source tree as the architecture tests see it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ["core", "accounts", "notifications", "oncall", "incidents", "integrations", "portal"]  # low → high


@lru_cache
def tree(path: Path) -> ast.Module:
    """A file, parsed once."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def files(*rooms: str) -> list[Path]:
    """Hand-written Python files of the rooms (default: all), without migrations."""
    return sorted(
        path for room in rooms or ROOMS for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts
    )


def short(path: Path) -> str:
    """A path for a failure's sentence."""
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    """Top-level functions of a file."""
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef):
            yield node
