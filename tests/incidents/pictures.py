"""Pictures that people send, harmless and otherwise."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

PAYLOAD = b"<script>alert(1)</script>"


def picture(kind: str = "PNG", size: tuple[int, int] = (90, 60), *, mode: str = "RGB", **more: Any) -> bytes:
    """A picture of one colour."""
    out = BytesIO()
    Image.new(mode, size, (200, 30, 30) if mode == "RGB" else 0).save(out, kind, **more)
    return out.getvalue()


def located() -> bytes:
    """A photograph that says where it was taken, by which camera, and that it lies on its side (A86)."""
    exif = Image.Exif()
    exif[0x010F] = "Spycam 3000"
    exif[0x0112] = 6
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    return picture("JPEG", (80, 40), exif=exif, comment=PAYLOAD)


def bomb(width: int = 20_000, height: int = 20_000) -> bytes:
    """A PNG of a few bytes that says that it is huge; nobody may find out by decoding it (A86)."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(b"\0" * 100)) + _chunk(b"IEND")


def _chunk(name: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
XXE = b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
PDF = b"%PDF-1.7\n1 0 obj << /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>"
POLYGLOT = b"GIF89a/*" + picture("GIF")[8:] + b"*/=1;alert(1)"
