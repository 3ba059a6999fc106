"""What people write to each other: addresses can be followed, names are bold, nothing else changes (A2, A87, A92)."""

from __future__ import annotations

import re
import time

import pytest

from core.errors import Invalid
from core.text import plain, to_html

REL = 'rel="noopener nofollow"'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("see https://x.org/a_b?c=1&d=2.", 'see <a href="https://x.org/a_b?c=1&amp;d=2" {rel}>https://x.org/a_b?c=1&amp;d=2</a>.'),
        ("(http://x.org/a)", '(<a href="http://x.org/a" {rel}>http://x.org/a</a>)'),
        ("@Bo, look", "<strong>@Bo</strong>, look"),
        ("ask @bo.chen-2.", "ask <strong>@bo.chen-2</strong>."),
        ("a@b.org and x/@y and @ 3 and @3", "a@b.org and x/@y and @ 3 and @3"),
        ("`@Bo https://x.org`", "<code>@Bo https://x.org</code>"),
        ("[l](https://x.org/@Bo)", '<a href="https://x.org/@Bo" {rel}>l</a>'),
        ("[@Bo](https://x.org)", '<a href="https://x.org" {rel}>@Bo</a>'),
        ("javascript://x and ftp://x.org", "javascript://x and ftp://x.org"),
    ],
)  # fmt: skip
def test_talk(text: str, html: str) -> None:
    assert to_html(text, talk=True).strip() == f"<p>{html.format(rel=REL)}</p>"


def test_other_texts_stay_as_they_were() -> None:
    assert to_html("@Bo https://x.org").strip() == "<p>@Bo https://x.org</p>"
    assert plain("@Bo https://x.org") == "@Bo https://x.org"


@pytest.mark.parametrize(
    "text",
    ['https://x.org/"onmouseover="alert(1)', "https://x.org/<script>alert(1)</script>", "@<img src=x onerror=alert(1)>",
     "https://x.org/'><svg/onload=alert(1)>", '@Bo"><b>', "https://\ud800/x @\ud800"],
)  # fmt: skip
def test_a2_no_address_and_no_name_breaks_out(text: str) -> None:
    made = to_html(text, talk=True)
    assert re.findall(r"<(\w+)", made) in (["p"], ["p", "a"], ["p", "strong"])
    assert not re.search(r"<[^>]*\son", made), made


@pytest.mark.parametrize(
    "text", ["@a " * 3_300, "https://" * 1_200, "https://x.org/" + "a" * 9_900, "@" * 10_000, "@a.-" * 2_500,
             "http://a.b " * 900, "@" + "a" * 9_900],
)  # fmt: skip
def test_a87_a92_a_long_text_takes_no_time(text: str) -> None:
    began = time.monotonic()
    try:
        to_html(text, talk=True)
    except Invalid:
        return
    assert time.monotonic() - began < 1  # 100 ms on a machine of one's own
