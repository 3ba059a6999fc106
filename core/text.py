"""Text that people and machines send us: checked on the way in, made harmless on the way out (A1-A3, A9, A21)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from html import unescape

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from core import talk as talking
from core.errors import Invalid

LONGEST = 64 * 1024  # characters; every parser below sees at most this much (A87, A92)
DEEPEST = 20
MOST_MARKS, MOST_LINES, MOST_CELLS = 6_000, 4_000, 20_000  # what the parser does within 100 ms (A87)
_marks = re.compile(r"[\[\]*_~`<|&!\\>]")

TAGS = {
    *("a", "br", "code", "del", "em", "s", "strong", "sub", "sup"),
    *("blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"),
    *("table", "tbody", "td", "th", "thead", "tr"),
}
SCHEMES = {"http", "https", "mailto", "tel"}
_link = re.compile(r"(?:https?://|mailto:|tel:|/(?![/\\]))", re.IGNORECASE)
_surrogate = re.compile("[\ud800-\udfff]")
_line_trouble = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# Bidirectional overrides and isolates, byte order marks, tags: they change what a reader believes to read (A19).
_invisible = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f\ud800-\udfff]")
_blank = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class _Renderer(RendererHTML):
    """Images become links: a picture of a foreign host would tell it who reads (A8)."""

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """The text of the picture, linked to it."""
        token = tokens[idx]
        address = nh3.clean_text(str(token.attrs.get("src", "")))
        text = nh3.clean_text(token.content or "picture")
        return f'<a href="{address}">{text}</a>'


_markdown = MarkdownIt("commonmark", {"html": False, "maxNesting": DEEPEST}, renderer_cls=_Renderer)
_markdown.enable(["table", "strikethrough"])
_markdown.core.ruler.push("talk", talking.spoken)


_anchor = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>')


def _only_links(tag: str, attribute: str, value: str) -> str | None:
    """Keep an address only when it is one of ours or has a scheme of the list (A2)."""
    return value if _link.match(value) else None


_cleaner = nh3.Cleaner(
    tags=TAGS,
    clean_content_tags={"script", "style"},
    attributes={"a": {"href", "title"}, "ol": {"start"}},
    attribute_filter=lambda tag, attribute, value: _only_links(tag, attribute, value) if attribute == "href" else value,
    url_schemes=SCHEMES,
    link_rel="noopener nofollow",
    strip_comments=True,
)


def to_html(markdown: str, *, talk: bool = False) -> SafeString:
    """Markdown as clean HTML: an allow list after rendering, no ids, classes or htmx attributes (A2, A3).

    In `talk` bare addresses become links and an @name is bold, as people expect where they speak with each other.
    Raises Invalid for more than 64 KB and for texts that consist of marks (A87).
    """
    if len(markdown) > LONGEST:
        raise Invalid("This text is too long.", code="too_long", hint="Keep it under 64 KB.")
    if _too_dense(markdown):
        raise Invalid("This text holds too many marks.", code="too_dense", hint="Put data into a file instead.")
    rendered = _markdown.render(_surrogate.sub("\ufffd", markdown.replace("\0", "\ufffd")), {"talk": talk})
    return mark_safe(_cleaner.clean(rendered))  # noqa: S308 (cleaned by the allow list)


def _too_dense(markdown: str) -> bool:
    lines = markdown.splitlines()
    widest = max((line.count("|") for line in lines), default=0)
    return len(_marks.findall(markdown)) > MOST_MARKS or len(lines) > MOST_LINES or widest * len(lines) > MOST_CELLS


def plain(markdown: str) -> str:
    """Markdown as text without marks, for mail's text part and speech; cut at 64 KB.

    A link's address follows its text; what is too dense for the parser stays as it was written.
    """
    cut = markdown[:LONGEST]
    if _too_dense(cut):
        return cut
    html = to_html(cut)
    spelt = _anchor.sub(lambda found: found[2] if found[1] == found[2] else f"{found[2]} ({found[1]})", html)
    broken = re.sub(r"</(?:p|li|h[1-6]|tr|pre|blockquote)>|<br>|<hr>", "\n", spelt)
    text = unescape(nh3.clean(broken, tags=set()))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def one_line(text: str, limit: int) -> str:
    """A single line for titles, subjects and SMS: line breaks fold to a space, direction tricks go (A9, A19).

    The result is plain text of at most `limit` characters: whoever puts it into HTML escapes it.
    """
    cut = _blank.sub(" ", _invisible.sub("", text[: max(LONGEST, limit)])).strip()
    if len(cut) <= limit:
        return cut
    end = limit - 1
    while end > 0 and unicodedata.combining(cut[end]):
        end -= 1
    return cut[:end].rstrip() + "…"


def clean_text(value: object, limit: int, field: str = "text") -> str:
    """A text from outside, unchanged; raises Invalid on NUL, lone surrogates or over-length (A21)."""
    if not isinstance(value, str):
        raise _wrong(field, "Must be a text.")
    if len(value) > limit:
        raise _wrong(field, f"Must have {limit} characters at most.")
    if "\0" in value or _surrogate.search(value):
        raise _wrong(field, "Holds a character that cannot be stored.")
    return value


def clean_line(value: object, limit: int, field: str = "text") -> str:
    """As `clean_text`, for names and addresses: line breaks and control characters are refused too (A9)."""
    text = clean_text(value, limit, field)
    if _line_trouble.search(text):
        raise _wrong(field, "Must be a single line without control characters.")
    return text.strip()


def _wrong(field: str, sentence: str) -> Invalid:
    return Invalid(sentence, fields={field: [sentence]})


def _rules(rows: Iterable[tuple[str, str]]) -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(pattern, re.IGNORECASE), shown) for pattern, shown in rows]


# What a secret looks like in a log line or an error text (A95). Each pattern is linear. Some write "\/" in JSON.
_secrets = _rules(
    [
        (r"\bwb_[\w\-]{6,}", "wb_…"),
        (r"\b(bearer|basic|token)(\s+)[\w.~+/=\-]{6,}", r"\1\2…"),
        (r"\b([a-z][a-z0-9+.\-]{1,20}://)[^\s/@:]{0,200}:[^\s/@]{0,200}@", r"\1…@"),
        (
            r"(\\?/(?:integrations\\?/[\w\-]{1,40}|heartbeats|answer|ics|callbacks\\?/[\w\-]{1,40}|setup)\\?/)[^\s/?\"']+",
            r"\1…",
        ),
        (r"(\\?/(?:password\\?/reset\\?/key|confirm-email|invitations?)\\?/)[^\s/?\"']+", r"\1…"),
        (
            r"((?:password|passwd|passphrase|secret|api[_\-]?key|routing[_\-]?key|access[_\-]?token|auth[_\-]?token"
            r"|refresh[_\-]?token|token|nonce|csrf\w{0,20}|sessionid|set-cookie|cookie|authorization|x-api-key"
            r"|secret[_\-]?key|field[_\-]?keys)"
            r"[\"']?\s{0,3}[=:]\s{0,3}[\"']?)(?!…)[^\s\"'&,;}]{1,4096}",
            r"\1…",
        ),
        (r"\b[0-9a-f]{32}(?:[0-9a-f]{8}|[0-9a-f]{32})?\b", "…"),
        (r"(\+\d{2})[\d \-]{4,14}(\d{2})\b", r"\1…\2"),
    ]
)


def mask(text: str) -> str:
    """The text with everything that looks like a secret or a phone number blotted out; cut at 64 KB (A95)."""
    shown = text[:LONGEST]
    for pattern, instead in _secrets:
        shown = pattern.sub(instead, shown)
    return shown
