"""Square codes are drawn as they were made, module by module."""

from __future__ import annotations

import re

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from core.squares import QUIET, square_code


@given(st.text(min_size=1, max_size=120))
@settings(max_examples=30, deadline=None)
def test_every_dark_module_stands_where_it_belongs(text: str) -> None:
    found = square_code(text)
    drawn = {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", found.path)}
    rows = list(segno.make_qr(text, error="m").matrix)
    assert drawn == {(x + QUIET, y + QUIET) for y, row in enumerate(rows) for x, module in enumerate(row) if module}
    assert found.size == len(rows) + 8


def test_what_no_phone_would_read_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        square_code("x" * 1001)
