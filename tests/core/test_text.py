"""Text from outside: clean HTML, single lines, refusals, masks (A1-A3, A8, A9, A19, A21, A87, A95)."""

from __future__ import annotations

import contextlib
import time
from html.parser import HTMLParser

import pytest
from django.utils.html import escape
from django.utils.safestring import SafeString

from core import text
from core.errors import Invalid
from tests.core import hostile

SAFE = ("https://", "http://", "mailto:", "tel:", "/")


class Inspector(HTMLParser):
    """Lists every tag and attribute of an HTML text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def assert_inert(html: str) -> None:
    for tag, attributes in Inspector(html).found:
        assert tag in text.TAGS
        assert set(attributes) <= {"href", "title", "rel", "start"}
        href = attributes.get("href")
        assert href is None or (href.lower().startswith(SAFE) and not href.startswith(("//", "/\\")))


def test_there_are_enough_payloads() -> None:
    """A1 asks for at least sixty, A69 too."""
    assert len(hostile.ALL) >= 90
    assert len(hostile.INWARD) >= 60


@pytest.mark.parametrize("payload", hostile.ALL)
def test_markdown_never_becomes_active_html(payload: str) -> None:
    """A1, A2, A3: an allow list after rendering; no ids, classes, handlers or htmx attributes."""
    assert_inert(text.to_html(payload))
    assert_inert(text.to_html(f"**b** {payload}\n\n- {payload}\n\n|a|b|\n|-|-|\n|{payload}|x|"))


@pytest.mark.parametrize("payload", hostile.ALL)
def test_one_line_is_plain_text_that_templates_escape(payload: str) -> None:
    """A1: a title is text, never marked as safe."""
    line = text.one_line(payload, 200)
    assert not isinstance(line, SafeString)
    assert "\n" not in line
    assert Inspector(escape(line)).found == []


@pytest.mark.parametrize("payload", hostile.ALL)
def test_plain_holds_no_tags_of_ours(payload: str) -> None:
    """A8: the text part is text; whoever puts it into HTML escapes it."""
    assert Inspector(escape(text.plain(payload))).found == []


def test_links_carry_rel_and_only_four_schemes() -> None:
    """A2: rel=noopener nofollow; http, https, mailto, tel, and paths of ours."""
    html = text.to_html("[a](https://example.org) [b](mailto:a@example.org) [c](tel:+4930) [d](/incidents/7/)")
    hrefs = [attributes["href"] for tag, attributes in Inspector(html).found if tag == "a"]
    assert hrefs == ["https://example.org", "mailto:a@example.org", "tel:+4930", "/incidents/7/"]
    assert html.count('rel="noopener nofollow"') == 4


def test_a_picture_becomes_a_link() -> None:
    """A8: a tracker is not loaded, what it would have shown can still be opened."""
    assert "<img" not in text.to_html("![graph](https://grafana.example/d.png)")
    assert 'href="https://grafana.example/d.png"' in text.to_html("![graph](https://grafana.example/d.png)")


def test_ordinary_markdown_is_kept() -> None:
    html = text.to_html("# Done\n\n1. one\n2. **two**\n\n|a|b|\n|-|-|\n|1|2|\n\n`x < y`")
    for part in ("<h1>", "<ol>", "<strong>", "<table>", "<td>1</td>", "<code>x &lt; y</code>"):
        assert part in html


def test_plain_text_keeps_the_addresses_of_links() -> None:
    assert (
        text.plain("See [the runbook](https://wiki.example/x) & go.")
        == "See the runbook (https://wiki.example/x) & go."
    )


@pytest.mark.parametrize(
    "bomb",
    [
        *("[" * 65_536, "![" * 32_768, ">" * 65_536, "*a **b " * 9_000, "*_" * 32_768, "`" * 65_536, "<" * 65_536),
        *("|a" * 32_000 + "\n" + "|-" * 100, ("|a" * 50 + "|\n" + "|-" * 50 + "|\n") + "|\n" * 30_000),
        *("[a](" * 16_000, "[a]: /x\n" * 8_000, "- " * 32_000, "<![CDATA[" * 7_000, "&" * 65_536, "a\n" * 32_000),
        *("x" * 70_000, "~~a" * 20_000, "# a\n" * 16_000, "[a]: /x\n" + "[a]" * 20_000, "<!--" * 16_000),
    ],
)
def test_a_markdown_bomb_is_refused_or_harmless(bomb: str) -> None:
    """A87: within 100 ms or refused (measured in CPU time, with room for a busy machine)."""
    before = time.process_time()
    with contextlib.suppress(Invalid):
        text.to_html(bomb)
    text.plain(bomb)
    assert time.process_time() - before < 1


@pytest.mark.parametrize("value", ["a\0b", "a\ud83db", "\udfff"])
def test_what_cannot_be_stored_is_refused(value: str) -> None:
    """A21: the same answer on both databases."""
    with pytest.raises(Invalid) as refusal:
        text.clean_text(value, 100, "title")
    assert "title" in refusal.value.fields


@pytest.mark.parametrize("value", ["a" * 101, 7, None, ["a"], b"a"])
def test_too_long_or_no_text_is_refused(value: object) -> None:
    with pytest.raises(Invalid):
        text.clean_text(value, 100)


@pytest.mark.parametrize("value", ["e" + "\u0301" * 90, "a\u0085b", "a\u200bb", "line\nline", "  x "])
def test_odd_but_storable_text_stays_as_it_is(value: str) -> None:
    """A21: combining marks, U+0085 and zero-width characters are stored as is."""
    assert text.clean_text(value, 100) == value


@pytest.mark.parametrize(
    "value", ["a\rb", "a\nb", "a\r\nBcc: x", "a\u2028b", "a\u2029b", "a\x85b", "a\x0bb", "a\x1bb", "a\tb"]
)
def test_a_name_is_one_line(value: str) -> None:
    """A9: 400 for names and addresses."""
    with pytest.raises(Invalid):
        text.clean_line(value, 100, "name")


@pytest.mark.parametrize("value", ["Disk\r\nBcc: x@y.example", "Disk\nx", "Disk\u2028x", "Disk\x85x", "Disk\t \x0bx"])
def test_breaks_fold_to_a_space(value: str) -> None:
    """A9: in subjects they fold."""
    assert text.one_line(value, 60).startswith("Disk ")
    assert text.one_line(value, 60).isprintable()


def test_direction_tricks_and_hidden_signs_go() -> None:
    """A19: a reader believes to read what is written."""
    assert text.one_line("pay\u202egpj.exe\u2066\ufeff\u200b\ud83d", 60) == "paygpj.exe"


def test_a_cut_line_ends_with_an_ellipsis_within_its_limit() -> None:
    assert text.one_line("disk full on db-1", 10) == "disk full…"
    assert len(text.one_line("a" + "\u0301" * 300, 20)) <= 20
    assert text.one_line("x" * 10, 10) == "x" * 10


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("Authorization: Bearer wb_5f6e7d8c9b0a1f2e", "5f6e7d8c"),
        ("curl -H 'Authorization: Basic YWRhOnBhc3M='", "YWRhOnBhc3M"),
        ("smtp://ada:hunter2@mail.example:25", "hunter2"),
        ("postgres://wb:s3cr3t@db/wb", "s3cr3t"),
        ("POST /integrations/alertmanager/R0VTA4KQ/", "R0VTA4KQ"),
        ("GET /heartbeats/R0VTA4KQ", "R0VTA4KQ"),
        ("GET /ics/abcdef123.ics", "abcdef123"),
        ("GET /answer/MTIz.abc.def/", "MTIz"),
        ("POST /callbacks/twilio/tok123/", "tok123"),
        (r'{"link": "https:\/\/watch.example\/answer\/MTIz.abc.def\/"}', "MTIz"),
        (r'{"url": "https:\/\/watch.example\/integrations\/generic\/R0VTA4KQ"}', "R0VTA4KQ"),
        (r'{"url": "https:\/\/watch.example\/invitations\/aw4d"}', "aw4d"),
        ("GET /accounts/password/reset/key/2-abc-def/", "2-abc"),
        ('{"routing_key": "R0VTA4KQ", "x": 1}', "R0VTA4KQ"),
        ("password=hunter2&x=1", "hunter2"),
        ("{'api_key': 'k-123'}", "k-123"),
        ("token 0123456789abcdef0123456789abcdef used", "89abcdef0123"),
        ("SMS to +49 170 1234567 failed", "1234567"),
        ("SMS to +491701234567 failed", "17012345"),
        ("Set-Cookie: watchbill=abc123; Path=/", "abc123"),
    ],
)
def test_secrets_and_numbers_are_masked(line: str, secret: str) -> None:
    """A95: what looks like a secret never stands in a log or an error text."""
    assert secret not in text.mask(line)
    assert "…" in text.mask(line)


def test_a_mask_leaves_ordinary_lines_alone() -> None:
    line = "incident INC-42 acknowledged by Ana after 3 min at 2026-11-16T09:00:00Z, request 9f3a7c21d4e8b605"
    assert text.mask(line) == line


def test_a_mask_is_quick_on_hostile_lines() -> None:
    """A92: the input is capped, the patterns are linear."""
    before = time.process_time()
    for part in ("password=", "a://", "+49 ", "/answer/", "\\/ics\\/", "bearer ", "token: ", "0123456789abcdef"):
        text.mask(part * 30_000)
    assert time.process_time() - before < 2
