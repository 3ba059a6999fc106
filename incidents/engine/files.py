"""What people attach is made anew: pictures are drawn again, texts are proven to be text (A6, A7, A86)."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from threading import BoundedSemaphore

from PIL import Image, ImageOps

from core.errors import Invalid, TooMany

LARGEST, LARGEST_TEXT = 10 * 1024 * 1024, 1024 * 1024  # bytes
PIXELS = 40_000_000
SCANS = 100  # of a JPEG; each may go over all its pixels again, and takes but a few bytes of the file
WIDEST_WEBP = 16_383
SMALL = (640, 480)  # what a timeline shows of a picture, in pixels
PLAIN = "text/plain"
SUFFIXES: Mapping[str, str] = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}
TEXTS = ("log", "txt", "json", "csv", "yaml", "yml", "patch", "diff", "md")
ACCEPT = ",".join(["image/png", "image/jpeg", "image/gif", "image/webp", *(f".{each}" for each in TEXTS)])
TAKEN = "Pictures (PNG, JPEG, GIF, WebP) and texts (log, txt, json, csv, yaml, patch) can be attached."
# What a browser or a reader would take for more than text, whatever its name says.
ACTIVE = (
    b"<!doctype",
    b"<html",
    b"<svg",
    b"<?xml",
    b"<script",
    b"<head",
    b"<body",
    b"%pdf-",
    b"{\\rtf",
    b"mime-version:",
)
KINDS = (("PNG", b"\x89PNG\r\n\x1a\n"), ("JPEG", b"\xff\xd8\xff"), ("GIF", b"GIF87a"), ("GIF", b"GIF89a"))
WRITES = {"PNG": "PNG", "GIF": "PNG", "JPEG": "JPEG", "WEBP": "WEBP"}
BROKEN = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, OverflowError, MemoryError, struct.error,
          zlib.error)  # fmt: skip
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
PATIENCE = 5.0  # seconds; whoever waits longer would keep a thread from those who answer a page
_drawing = BoundedSemaphore(2)  # a picture of 40 megapixels takes 320 MB while it is drawn


class TooBig(Invalid):
    """More bytes or pixels than we take (413)."""

    status, code = 413, "too_big"


class UnknownKind(Invalid):
    """Neither a picture nor a text of our list (415)."""

    status, code = 415, "unknown_kind"


@dataclass(frozen=True, slots=True)
class Made:
    """A file as we store it; `small` is what lists show of a picture, None where the picture is small itself."""

    content: bytes
    media_type: str
    width: int | None = None
    height: int | None = None
    small: bytes | None = None


def made_anew(name: str, content: bytes) -> Made:
    """The file in our own form; raises TooBig, UnknownKind, or Invalid for a picture that cannot be read.

    What it is says its content alone; the name only tells which texts are asked for. Raises TooMany where others
    are drawn and do not end.
    """
    if len(content) > LARGEST:
        raise _wrong(TooBig, f"“{name}” is larger than 10 MB.")
    found = _picture_kind(content)
    if not found:
        return _text(name, content)
    if not _drawing.acquire(timeout=PATIENCE):
        raise TooMany(f"“{name}” was not stored: many pictures are being read. Send it again.", retry_after=10)
    try:
        return _picture(name, content, found)
    finally:
        _drawing.release()


def _picture_kind(content: bytes) -> str:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    return next((kind for kind, magic in KINDS if content.startswith(magic)), "")


def _picture(name: str, content: bytes, kind: str) -> Made:
    try:
        picture = _drawn(name, content, kind)
        stored, media_type = _written(picture, WRITES[kind])
        small = _small(picture)
    except BOMBS as error:
        raise _too_many_pixels(name) from error
    except BROKEN as error:
        raise _wrong(Invalid, f"“{name}” is not a picture that can be read.") from error
    if len(stored) > LARGEST:
        raise _wrong(TooBig, f"“{name}” would take more than 10 MB.")
    return Made(stored, media_type, *picture.size, small)


def _drawn(name: str, content: bytes, kind: str) -> Image.Image:
    """Upright, in the colours that we store, and nothing but the picture; what it was read from is let go."""
    if kind == "JPEG" and content.count(b"\xff\xda") > SCANS:  # within data the first of the two never stands bare
        raise ValueError("more scans than a picture has")
    source = Image.open(BytesIO(content), formats=(kind,))
    if source.width * source.height > PIXELS:
        raise _too_many_pixels(name)
    source.load()
    _stand_upright(source)
    if source.mode.startswith("I"):  # 16 bits of grey: as they are, all but the darkest would be white
        picture = source.point(lambda value: value / 256).convert("L").convert("RGB")
    else:
        picture = source.convert("RGBA" if kind != "JPEG" and source.has_transparency_data else "RGB")
    picture.info = {}  # places, names of cameras, profiles: nothing but the picture itself stays
    return picture


def _stand_upright(source: Image.Image) -> None:
    """Turn it as the camera was held; a note about that which cannot be read is left aside."""
    with contextlib.suppress(*BROKEN):
        ImageOps.exif_transpose(source, in_place=True)


def _small(picture: Image.Image) -> bytes | None:
    """The picture as a timeline shows it; None where it is small itself."""
    if picture.width <= SMALL[0] and picture.height <= SMALL[1]:
        return None
    scale = min(SMALL[0] / picture.width, SMALL[1] / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return _written(picture.resize(size, reducing_gap=2.0), "WEBP")[0]


def _written(picture: Image.Image, kind: str) -> tuple[bytes, str]:
    """The bytes and their media type; a PNG of more than 10 MB becomes a WebP, where that can be as wide."""
    out = BytesIO()
    picture.save(out, kind, **({} if kind == "PNG" else {"quality": 88}))
    if kind == "PNG" and out.tell() > LARGEST and max(picture.size) <= WIDEST_WEBP:
        return _written(picture, "WEBP")
    return out.getvalue(), f"image/{kind.lower()}"


def _text(name: str, content: bytes) -> Made:
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    start = content[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()[:20].lower()
    if ending not in TEXTS or start.startswith(ACTIVE) or b"\0" in content:
        raise _wrong(UnknownKind, f"“{name}” cannot be attached. {TAKEN}")
    if len(content) > LARGEST_TEXT:
        raise _wrong(TooBig, f"“{name}” is larger than 1 MB. Attach the part that matters.")
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise _wrong(UnknownKind, f"“{name}” is not text in UTF-8. {TAKEN}") from error
    return Made(content, PLAIN)


def _too_many_pixels(name: str) -> Invalid:
    return _wrong(TooBig, f"“{name}” has more than 40 megapixels.")


def _wrong(kind: type[Invalid], sentence: str) -> Invalid:
    return kind(sentence, fields={"files": [sentence]})
