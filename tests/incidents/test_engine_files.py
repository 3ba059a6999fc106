"""What people attach is made anew, by its content alone (A6, A7, A86)."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from threading import BoundedSemaphore

import pytest
from PIL import Image

from core.errors import Invalid, TooMany
from incidents.engine import files
from incidents.engine.files import LARGEST, LARGEST_TEXT, TooBig, UnknownKind, made_anew
from tests.incidents import pictures
from tests.incidents.pictures import picture

PEAK = r"""
import re
from incidents.engine.files import made_anew
from tests.incidents.pictures import picture
made_anew("x.png", picture(size=(8000, 5000), mode="RGBA"))
status = open("/proc/self/status").read()  # unlike what getrusage says, it begins anew with the program
print(int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) // 1024)
"""


def opened(content: bytes) -> Image.Image:
    found = Image.open(BytesIO(content))
    found.load()
    return found


@pytest.mark.parametrize(
    ("kind", "mode", "media_type"),
    [("PNG", "RGB", "image/png"), ("PNG", "P", "image/png"), ("PNG", "LA", "image/png"), ("JPEG", "CMYK", "image/jpeg"),
     ("JPEG", "L", "image/jpeg"), ("GIF", "RGB", "image/png"), ("WEBP", "RGBA", "image/webp")],
)  # fmt: skip
def test_pictures_of_four_kinds_and_any_colours(kind: str, mode: str, media_type: str) -> None:
    made = made_anew("x", picture(kind, mode=mode))
    assert (made.media_type, made.width, made.height, made.small) == (media_type, 90, 60, None)
    assert opened(made.content).size == (90, 60)


def test_a_large_picture_has_a_small_one_beside_it() -> None:
    made = made_anew("x.png", picture(size=(2000, 1000)))
    assert made.small is not None
    assert opened(made.small).size == (640, 320)


def test_a86_places_and_cameras_are_gone_and_the_photograph_stands_upright() -> None:
    made = made_anew("x.jpg", pictures.located())
    assert (made.width, made.height) == (40, 80)
    assert not opened(made.content).getexif()
    for secret in (b"Spycam", b"Exif", pictures.PAYLOAD, b"GPS"):
        assert secret not in made.content


def test_a_moving_picture_stands_still() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "green")]
    out = BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    found = opened(made_anew("x.gif", out.getvalue()).content)
    assert getattr(found, "n_frames", 1) == 1
    assert found.getpixel((5, 5)) == (255, 0, 0)


@pytest.mark.parametrize("tail", [pictures.PAYLOAD, pictures.HTML, b"PK\x03\x04 a zip", b"<?php system('id');"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a7_nothing_that_hangs_on_a_picture_stays(kind: str, tail: bytes) -> None:
    assert tail not in made_anew("x", picture(kind) + tail).content


def test_a7_a_picture_that_is_also_a_script_is_only_a_picture_or_nothing() -> None:
    try:
        made = made_anew("x.gif", pictures.POLYGLOT)
    except Invalid:
        return
    assert b"alert" not in made.content


def test_sixteen_bits_of_grey_stay_grey() -> None:
    """A measurement with 65,536 shades: all but the darkest would be white."""
    deep, out = Image.new("I;16", (20, 20)), BytesIO()
    deep.putpixel((3, 3), 0x8000)
    deep.save(out, "PNG")
    assert opened(made_anew("x.png", out.getvalue()).content).getpixel((3, 3)) == (128, 128, 128)


def test_a86_a_photograph_of_thousands_of_scans_is_none() -> None:
    """Each takes a few bytes of the file and goes over all its pixels again: hours for ten megabytes."""
    made = picture("JPEG", progressive=True)
    last = made.rindex(b"\xff\xda")
    assert made_anew("x.jpg", made).media_type == "image/jpeg"
    with pytest.raises(Invalid):
        made_anew("x.jpg", made[:-2] + made[last:-2] * 200 + made[-2:])


def test_a86_a_large_picture_takes_twice_its_own_memory_and_no_more() -> None:
    """40 megapixels are 160 MB; another copy for each step would end small hosts, and the paging on them."""
    made = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True)
    assert int(made.stdout) < 400


def test_a86_whoever_cannot_draw_soon_is_asked_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that wait behind pictures would be missing for those who answer a page."""
    monkeypatch.setattr(files, "PATIENCE", 0.05)
    monkeypatch.setattr(files, "_drawing", BoundedSemaphore(1))
    with files._drawing, pytest.raises(TooMany):
        made_anew("x.png", picture())
    assert made_anew("x.log", b"texts wait for nobody").media_type == "text/plain"
    assert made_anew("x.png", picture()).media_type == "image/png"


def test_what_is_too_wide_for_a_webp_is_told_to_be_too_big(monkeypatch: pytest.MonkeyPatch) -> None:
    noisy, out = Image.effect_noise((17_000, 40), 100), BytesIO()
    noisy.save(out, "PNG")
    monkeypatch.setattr(files, "LARGEST", len(out.getvalue()) + 10)
    with pytest.raises(TooBig):
        made_anew("x.png", out.getvalue())


@pytest.mark.parametrize("size", [(20_000, 20_000), (40_000, 1_001), (2**31 - 1, 2**31 - 1)])
def test_a86_a_bomb_is_refused_by_the_size_that_it_declares(size: tuple[int, int]) -> None:
    with pytest.raises(TooBig) as refusal:
        made_anew("bomb.png", pictures.bomb(*size))
    assert (refusal.value.status, "40 megapixels" in refusal.value.detail) == (413, True)


def test_what_is_too_big_is_refused() -> None:
    with pytest.raises(TooBig):
        made_anew("x.png", picture() + b"x" * LARGEST)
    with pytest.raises(TooBig):
        made_anew("x.log", b"x" * (LARGEST_TEXT + 1))


@pytest.mark.parametrize("cut", [8, 20, 40, 60])
def test_a_broken_picture_is_told_so(cut: int) -> None:
    with pytest.raises(Invalid) as refusal:
        made_anew("x.png", picture()[:cut])
    assert (refusal.value.status, "can be read" in refusal.value.detail) == (400, True)


@pytest.mark.parametrize("name", ["a.svg", "a.png", "a.txt", "a.log", "a.xml", "a", ""])
@pytest.mark.parametrize("content", [pictures.SVG, pictures.XXE, pictures.HTML, pictures.PDF, b"  \n<HTML>", b""])
def test_a6_a7_active_contents_are_415_under_any_name(name: str, content: bytes) -> None:
    if not content and name in ("a.txt", "a.log"):
        return  # an empty log is a log
    with pytest.raises(UnknownKind) as refusal:
        made_anew(name, content)
    assert refusal.value.status == 415


@pytest.mark.parametrize("name", ["a.log", "a.txt", "b.JSON", "c.csv", "d.yaml", "e.yml", "f.patch", "g.diff"])
def test_texts_stay_as_they_are(name: str) -> None:
    content = "pool eu-west: 200 of 200 → <b>full</b> 🚒\n".encode()
    made = made_anew(name, content)
    assert (made.content, made.media_type, made.width) == (content, "text/plain", None)


@pytest.mark.parametrize(
    "content", [b"caf\xe9", b"a\0b", b"\xff\xfea\0", b"\x7fELF\x02\x01\x01\0", b"PK\x03\x04\xff", b"MZ\x90\0"]
)
def test_what_is_no_text_is_415(content: bytes) -> None:
    with pytest.raises(UnknownKind):
        made_anew("core.log", content)
