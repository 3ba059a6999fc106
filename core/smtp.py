"""Mail out: one wall-clock deadline, temporary told from permanent refusals, no header but our own (F31, A9).

`EMAIL_URL` decides: `smtp://` plain, `smtp+tls://` with STARTTLS, `smtps://` TLS from the start. Without it,
mail is written into `MAIL_DIR`.
"""

from __future__ import annotations

import os
import re
import secrets
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses, make_msgid
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage as DjangoMessage

from core import clock
from core.dial import Deadline
from core.errors import Invalid, Unreachable
from core.smtp_session import MailError, Permanent, Session, Temporary, configured, said
from core.text import one_line

__all__ = ["MailError", "Permanent", "PortalEmailBackend", "SmtpAnswer", "Temporary", "deliver"]

DEADLINE = 10.0  # seconds of wall clock (G12)
SUBJECT = 250
_address = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-](?:\.?[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]){0,63}@[A-Za-z0-9.\-]{1,253}"
)
_break = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|=\?")
_line_end = re.compile(rb"\r\n|\r|\n")
_plain = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class SmtpAnswer:
    """The mail was taken: its Message-ID, and what the server said."""

    ref: str
    reply: str = ""


def deliver(message: EmailMessage, *, deadline: float = DEADLINE) -> SmtpAnswer:
    """Hand one mail over to its `To` addresses, within `deadline` seconds of wall clock.

    Raises Temporary or Permanent (F31), and Invalid for addresses or headers that hold more than one line
    would (A9, A10). Call it outside transactions.
    """
    recipients = [address for _, address in getaddresses([str(message["To"] or "")])]
    raw = _sealed(message)
    reply = _hand_over(settings.EMAIL_FROM, recipients, raw, Deadline(deadline))
    return SmtpAnswer(ref=str(message["Message-ID"]).strip("<> "), reply=reply)


class PortalEmailBackend(BaseEmailBackend):
    """Django's own mails (sign-in, password reset) by the same way."""

    def send_messages(self, email_messages: Sequence[DjangoMessage]) -> int:
        """Send each; returns how many were taken, raises MailError unless `fail_silently`."""
        taken = 0
        for message in email_messages:
            message.extra_headers.setdefault("Message-ID", _new_id())
            raw = message.message().as_bytes(linesep="\r\n")
            try:
                _hand_over(message.from_email, message.recipients(), raw, Deadline(DEADLINE))
            except MailError:
                if not self.fail_silently:
                    raise
            else:
                taken += 1
        return taken


def _sealed(message: EmailMessage) -> bytes:
    """The mail as it goes over the wire, with exactly the headers that it was given (A9).

    Python decodes encoded words when a header is set, so `=?utf-8?q?=0D=0ABcc:…?=` in a title would become a
    header of its own: subjects are folded to one line, anything else with such a mark is refused.
    """
    subject = str(message["Subject"] or "")
    del message["Subject"]
    message["Subject"] = one_line(subject, SUBJECT).replace("=?", "= ?")
    if message["Message-ID"] is None:
        message["Message-ID"] = _new_id()
    if message["Date"] is None:
        message["Date"] = format_datetime(clock.now())
    for name, value in message.items():
        if _break.search(str(value)):
            raise Invalid(f"The header {name} cannot be sent.", code="bad_header")
    raw = _line_end.sub(b"\r\n", message.as_bytes(policy=_plain))
    head = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    names = [line.partition(b":")[0].decode("latin-1") for line in head if not line.startswith((b" ", b"\t"))]
    if names != message.keys():
        raise Invalid("The headers of this mail cannot be sent.", code="bad_header")
    return raw


def _new_id() -> str:
    return make_msgid(domain=urlsplit(settings.PORTAL_URL).hostname or "localhost")


def _bare(address: str) -> str:
    """The mailbox alone; raises Invalid unless it is one plain ASCII address (A10)."""
    found = [mailbox for _, mailbox in getaddresses([address])]
    if len(found) != 1 or len(found[0]) > 254 or not _address.fullmatch(found[0]):
        raise Invalid("This is not one plain mail address.", fields={"address": ["Must be one plain address."]})
    return found[0]


def _sender(address: str) -> str:
    """Our own mailbox; raises Temporary where the operator has set none that can be used: no recipient's fault."""
    try:
        return _bare(address)
    except Invalid as error:
        raise Temporary("the portal's own mail address is not one plain address", operator=True) from error


def _hand_over(sender: str, recipients: Sequence[str], raw: bytes, deadline: Deadline) -> str:
    envelope = [_bare(recipient) for recipient in recipients]
    if not envelope:
        raise Invalid("This mail has no recipient.", fields={"address": ["Must be one plain address."]})
    if not settings.EMAIL_URL:
        return _file(raw)
    try:
        session = Session(configured(), deadline)
    except Unreachable as error:
        raise Temporary(f"the mail server did not answer ({error.code})") from error
    try:
        session.begin()
        return session.hand_over(_sender(sender), envelope, raw)
    except Unreachable as error:
        raise Temporary(f"the mail server did not answer ({error.code})") from error
    except smtplib.SMTPResponseException as error:
        # Greeting, STARTTLS and sign-in: the trouble is ours, whatever the code, and not the address's.
        raise Temporary(
            said("the mail server refused us", error.smtp_code, error.smtp_error), error.smtp_code
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise Temporary(f"the mail server broke off ({type(error).__name__})") from error
    finally:
        session.close()


def _file(raw: bytes) -> str:
    """Write the mail whole or not at all; raises Temporary when the disk refuses."""
    name = f"{clock.now():%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}.eml"
    whole, part = settings.MAIL_DIR / name, settings.MAIL_DIR / f".{name}.part"
    try:
        settings.MAIL_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            handle.write(raw)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(whole)
    except OSError as error:
        raise Temporary(f"mail cannot be written into the data directory ({error.strerror})") from error
    return name
