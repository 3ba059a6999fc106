"""Rows for spreadsheets: CSV that no program takes for formulas (A17)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from io import StringIO

BOM = "\ufeff"  # spreadsheets take the text for UTF-8 by it
# What begins a formula, at the beginning of a text or where a program that splits lines at something else than a comma
# (";" where the comma is the decimal mark) begins a cell; quotation marks do not hinder it.
_risky = re.compile(r"""\A(?=[=+\-@\t\r])|(?:\A|(?<=[;\t\r\n]))"*(?=[=+\-@])""")


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    """The rows as CSV with CRLF; an apostrophe stands before whatever a spreadsheet would compute (A17)."""
    out = StringIO()
    csv.writer(out).writerows([_safe(cell) for cell in row] for row in rows)
    return out.getvalue()


def _safe(cell: object) -> object:
    return _risky.sub(r"\g<0>'", cell) if isinstance(cell, str) else cell
