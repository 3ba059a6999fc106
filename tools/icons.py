"""Draws the mark as the PNG files that a phone's home screen wants: `python -m tools.icons`."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

FOLDER = Path(__file__).resolve().parent.parent / "static"
GREY, ACCENT, GROUND = "#878a87", "#0f5468", "#ffffff"
GRID = 24.0  # the units of mark.svg: arcs of radius 9 about the centre, 4.2 wide
ARCS = ((-66, -17, GREY), (17, 66, GREY), (114, 163, GREY), (197, 246, ACCENT))  # degrees, clockwise from the right
FINE = 4  # drawn this many times larger, then made smaller: smooth edges


def draw(size: int, part: float) -> Image.Image:
    """The mark on its ground, filling `part` of the width of `size` pixels."""
    full = size * FINE
    picture = Image.new("RGB", (full, full), GROUND)
    pen = ImageDraw.Draw(picture)
    unit = full * part / GRID
    outer = (9 + 2.1) * unit
    box = (full / 2 - outer, full / 2 - outer, full / 2 + outer, full / 2 + outer)
    for start, end, colour in ARCS:
        pen.arc(box, start, end, fill=colour, width=round(4.2 * unit))
    return picture.resize((size, size), Image.Resampling.LANCZOS).quantize(64)


def main() -> None:
    """Write them; a maskable icon keeps its middle when a system cuts it into a circle."""
    for name, size, part in (("mark-192", 192, 0.86), ("mark-512", 512, 0.86), ("mark-maskable", 512, 0.62)):
        draw(size, part).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
