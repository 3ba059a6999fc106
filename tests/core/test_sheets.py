"""CSV that no spreadsheet computes."""

from __future__ import annotations

import csv
from io import StringIO

import pytest

from core.sheets import csv_lines


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_that_would_be_computed_gets_an_apostrophe(text: str) -> None:
    """A17: the apostrophe is the only thing added, so that it can be taken away again."""
    assert next(csv.reader(StringIO(csv_lines([[text]]), newline=""))) == [f"'{text}"]


@pytest.mark.parametrize("text", ["", "plain", "a=b", 'say "hi", now', "two\nlines", "1-2", "é"])
def test_other_texts_come_back_as_they_were(text: str) -> None:
    assert next(csv.reader(StringIO(csv_lines([[text, 7]]), newline=""))) == [text, "7"]


def test_numbers_are_no_texts() -> None:
    assert csv_lines([[-5, 0]]) == "-5,0\r\n"
