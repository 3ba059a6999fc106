"""CSV that no spreadsheet computes."""

from __future__ import annotations

import csv
from io import StringIO

import pytest

from core.sheets import csv_lines


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t1", "\r1"])
def test_a_text_that_would_be_computed_gets_an_apostrophe(text: str) -> None:
    """A17: the apostrophe is the only thing added, so that it can be taken away again."""
    assert next(csv.reader(StringIO(csv_lines([[text]]), newline=""))) == [f"'{text}"]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a;=cmd()", "a;'=cmd()"),
        ("a;@x;-1;b", "a;'@x;'-1;b"),
        ('a;"=cmd()"', 'a;"\'=cmd()"'),
        ('a;""+1', 'a;""\'+1'),
        ('"=1', "\"'=1"),
        ("a\t=1", "a\t'=1"),
        ("a\n=1\r\n+1", "a\n'=1\r\n'+1"),
        ("\t=1", "'\t'=1"),
    ],
)
def test_what_begins_a_cell_for_a_program_that_splits_elsewhere_is_no_formula_either(text: str, written: str) -> None:
    """A17: where the comma is the decimal mark, spreadsheets split at semicolons, and heed no quotation mark inside."""
    assert next(csv.reader(StringIO(csv_lines([[text]]), newline=""))) == [written]
    for mark in ";\t":
        cells = csv.reader(StringIO(csv_lines([["INC-1", text, "P1"]]), newline=""), delimiter=mark)
        assert not [cell for row in cells for cell in row if cell.lstrip('"').startswith(("=", "+", "-", "@"))], mark


@pytest.mark.parametrize("text", ["", "plain", "a=b", 'say "hi", now', "two\nlines", "1-2", "é", "a; b - c", "x;y"])
def test_other_texts_come_back_as_they_were(text: str) -> None:
    assert next(csv.reader(StringIO(csv_lines([[text, 7]]), newline=""))) == [text, "7"]


def test_numbers_are_no_texts() -> None:
    assert csv_lines([[-5, 0]]) == "-5,0\r\n"
