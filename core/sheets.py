"""Rows for spreadsheets: CSV that no program takes for formulas (A17)."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO

BOM = "\ufeff"  # spreadsheets take the text for UTF-8 by it
RISKY = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    """The rows as CSV with CRLF; a text that a spreadsheet would compute has an apostrophe in front (A17)."""
    out = StringIO()
    csv.writer(out).writerows([_safe(cell) for cell in row] for row in rows)
    return out.getvalue()


def _safe(cell: object) -> object:
    if isinstance(cell, str) and cell.startswith(RISKY):
        return f"'{cell}"
    return cell
