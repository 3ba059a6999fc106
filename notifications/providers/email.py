"""Mail by SMTP: text and HTML parts, the same Message-ID for the same words, marked as sent by a machine (F59)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from email.message import EmailMessage
from typing import ClassVar
from urllib.parse import urlsplit

import nh3
from django.conf import settings as portal
from django.utils.html import escape

from accounts import emails
from core import smtp
from core.errors import Invalid
from core.text import one_line
from notifications.kinds import Field, Message, Permanent, Provider, Sent, Temporary, register_provider

INLINE = {"p", "br", "strong", "em", "code", "pre", "ul", "ol", "li", "blockquote"}
DEADLINE = 10.0  # seconds of wall clock for one attempt (G12)
LONGEST = 16_000  # characters of text in one mail (A12)


def mail_is_filed() -> bool:
    """Whether mail is written into the data directory, because no mail server is set."""
    return not portal.EMAIL_URL


class Email(Provider):
    """A mailbox."""

    id: ClassVar[str] = "email"
    label: ClassVar[str] = "E-mail"
    address_field: ClassVar[Field] = Field("address", "E-mail address", kind="email")
    via: ClassVar[str] = "mail link"

    def clean_address(self, value: str) -> str:
        """Exactly one ASCII address in lower case; raises Invalid (A10)."""
        return emails.clean(value, "address")

    def send(
        self, message: Message, address: str, secrets: Mapping[str, str], settings: Mapping[str, str], key: str
    ) -> Sent:
        """One mail to one mailbox; raises Temporary (4xx, no answer, our sender refused) or Permanent (5xx)."""
        try:
            answer = smtp.deliver(compose(message, address, key), deadline=DEADLINE)
        except smtp.Temporary as error:
            raise Temporary(_reason(error), operator=error.operator) from error
        except smtp.Permanent as error:
            raise Permanent(_reason(error), broken=error.address) from error
        except Invalid as error:
            raise Permanent(error.detail, broken="address" in error.fields) from error
        return Sent(ref=str(answer.ref), filed=mail_is_filed())


def _reason(error: Exception) -> str:
    return one_line(str(error) or type(error).__name__, 280)


def compose(message: Message, address: str, key: str) -> EmailMessage:
    """The mail: nothing of a title can make a header (A9), nothing of a text can make a mark (A8)."""
    host = _host()
    mail = EmailMessage()
    mail["From"] = portal.EMAIL_FROM
    mail["To"] = address
    mail["Subject"] = one_line(_subject(message), 180).replace("=?", "= ?")
    mail["Message-ID"] = f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{host}>"
    if message.incident:
        thread = "".join(c for c in message.incident if c.isascii() and (c.isalnum() or c == "-"))
        mail["References"] = f"<{thread.lower()}.incident@{host}>"
    # RFC 3834 and its neighbours: no automatic answer may come back, and ours is known as ours (F59).
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["X-Watchbill-Origin"] = portal.PORTAL_URL
    mail.set_content(_text(message))
    mail.add_alternative(_html(message), subtype="html")
    return mail


def _host() -> str:
    return portal.EMAIL_FROM.rpartition("@")[2].strip("> ") or urlsplit(portal.PORTAL_URL).hostname or "localhost"


def _subject(message: Message) -> str:
    number = f"[{message.incident}] " if message.incident else ""
    return f"{number}P{message.rank} {message.title}" if message.incident else message.title


def _text(message: Message) -> str:
    parts = [message.heading, message.text[:LONGEST]]
    if message.answer_link:
        parts.append(f"Accept or decline: {message.answer_link}")
    if message.link:
        parts.append(f"Open: {message.link}")
    return "\n\n".join(_storable(part) for part in parts if part.strip()) + "\n"


def _storable(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _html(message: Message) -> str:
    """The HTML part: our own layout, the text escaped or cleaned, no pictures, links to our own host only (A8)."""
    body = nh3.clean(message.html[:LONGEST], tags=INLINE, attributes={}) if message.html else _paragraphs(message.text)
    buttons = "".join(
        f'<p><a href="{escape(link)}" style="{style}">{label}</a></p>'
        for link, label, style in (
            (message.answer_link, "Accept or decline", BUTTON),
            (message.link, "Open in Watchbill", "color:#1f5fa8"),
        )
        if link.startswith(f"{portal.PORTAL_URL}/")
    )
    return (
        '<!doctype html><html lang="en"><body style="font:16px/1.5 sans-serif;color:#1c2430;margin:16px">'
        f'<h1 style="font-size:20px;margin:0 0 12px">{escape(_storable(message.heading))}</h1>{body}{buttons}'
        "</body></html>"
    )


BUTTON = "display:inline-block;padding:10px 16px;background:#1f5fa8;color:#ffffff;text-decoration:none"


def _paragraphs(text: str) -> str:
    lines = escape(_storable(text[:LONGEST])).strip().split("\n\n")
    return "".join(f"<p>{line}</p>".replace("\n", "<br>") for line in lines if line.strip())


register_provider(Email())
