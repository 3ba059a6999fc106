"""Square codes: an address that a phone's camera reads off the screen, drawn as one path."""

from __future__ import annotations

from dataclasses import dataclass

import segno

QUIET = 4  # modules of light margin on each side, as the code's standard asks for


@dataclass(frozen=True, slots=True)
class SquareCode:
    """`size` modules to a side with the margin, and the dark ones as the data of an SVG path."""

    size: int
    path: str


def square_code(text: str) -> SquareCode:
    """The QR code of a text of at most 1,000 characters, error correction M; raises ValueError for a longer one."""
    if len(text) > 1000:
        raise ValueError("too long for a code that a phone still reads")
    rows = list(segno.make_qr(text, error="m").matrix)
    dark = (f"M{x + QUIET} {y + QUIET}h1v1h-1z" for y, row in enumerate(rows) for x, module in enumerate(row) if module)
    return SquareCode(len(rows) + 2 * QUIET, "".join(dark))
