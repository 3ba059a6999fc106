"""Mail: faults of the server, one deadline, no header but our own (F31, A9, A10)."""

from __future__ import annotations

import re
import socket
import stat
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.core import mail as django_mail
from django.core.mail import EmailMultiAlternatives
from pytest_django.fixtures import Settings

from core import smtp, smtp_session
from core.errors import Invalid
from tests.core.certificates import Authority
from tests.core.servers import Scripted, serving


class MailServer:
    """Speaks SMTP; `replies` overrides the answer to a verb, None closes the line, a number hangs that long."""

    def __init__(self, **replies: str | int | None) -> None:
        self.replies = replies
        self.mails: list[bytes] = []
        self.verbs: list[str] = []
        self.features = ["SIZE 1000000", "AUTH PLAIN LOGIN"]
        self.secure: Callable[[socket.socket], socket.socket] | None = None

    def __call__(self, sock: socket.socket, server: Scripted) -> None:
        self._say(sock, server, "greeting", "220 fake ESMTP")
        buffer = b""
        while True:
            while b"\r\n" not in buffer:
                more = sock.recv(65536)
                if not more:
                    return
                buffer += more
            line, _, buffer = buffer.partition(b"\r\n")
            verb = line.split(b" ")[0].split(b":")[0].decode("latin-1").lower()
            self.verbs.append(line.decode("latin-1"))
            if verb == "ehlo":
                lines = ["fake", *self.features]
                text = "\r\n".join(f"250{'-' if n < len(lines) - 1 else ' '}{each}" for n, each in enumerate(lines))
                self._say(sock, server, "ehlo", text)
            elif verb == "data":
                self._say(sock, server, "data", "354 go on")
                buffer = self._body(sock, server, buffer)
            elif verb == "starttls" and self.secure is not None:
                sock.sendall(b"220 ready\r\n")
                sock = self.secure(sock)
            elif verb == "auth":
                self._say(sock, server, "auth", "235 welcome")
            elif verb == "quit":
                self._say(sock, server, "quit", "221 bye")
                return
            else:
                self._say(sock, server, verb, "250 ok")

    def _body(self, sock: socket.socket, server: Scripted, buffer: bytes) -> bytes:
        while b"\r\n.\r\n" not in buffer:
            more = sock.recv(65536)
            if not more:
                raise OSError
            buffer += more
        body, _, rest = buffer.partition(b"\r\n.\r\n")
        self.mails.append(body + b"\r\n")
        self._say(sock, server, "end", "250 queued as 4XyZ")
        return rest

    def _say(self, sock: socket.socket, server: Scripted, verb: str, usual: str) -> None:
        reply = self.replies.get(verb, usual)
        if reply is None:
            raise OSError
        if isinstance(reply, int):
            server.wait(reply)
            reply = usual
        sock.sendall(reply.encode() + b"\r\n")


@pytest.fixture
def at_server(settings: Settings) -> Iterator[Callable[..., MailServer]]:
    """Starts a mail server and points EMAIL_URL at it."""
    running = []

    def start(scheme: str = "smtp", user: str = "", **replies: str | int | None) -> MailServer:
        mailer = MailServer(**replies)
        context = serving(mailer)
        server = context.__enter__()
        running.append(context)
        settings.EMAIL_URL = f"{scheme}://{user}localhost:{server.port}"
        return mailer

    yield start
    for context in running:
        context.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def _sender(settings: Settings, tmp_path: Path) -> None:
    settings.EMAIL_FROM = "Watchbill <watchbill@example.org>"
    settings.PORTAL_URL = "https://watchbill.example"
    settings.MAIL_DIR = tmp_path / "mail"
    settings.EMAIL_URL = ""


def letter(subject: str = "Disk full", to: str = "ana@example.org", text: str = "Hello Ana\n") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Watchbill <watchbill@example.org>"
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = "<page-7@example.org>"
    message.set_content(text)
    return message


# --- the way it should be -------------------------------------------------------------------------


def test_a_mail_arrives_once(at_server: Callable[..., MailServer]) -> None:
    mailer = at_server()
    answer = smtp.deliver(letter("Platte läuft voll ☎", text="Größe: 99 %\n.\nMAIL FROM:<x>\n"))
    assert answer.ref == "page-7@example.org"
    assert "4XyZ" in answer.reply
    (raw,) = mailer.mails
    got = message_from_bytes(raw.replace(b"\r\n..", b"\r\n."))
    assert got["Message-ID"] == "<page-7@example.org>"
    assert got["Date"]
    payload = got.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().splitlines() == ["Größe: 99 %", ".", "MAIL FROM:<x>"]
    assert raw.isascii()
    assert [line for line in mailer.verbs if line.startswith(("mail", "rcpt"))] == [
        "mail FROM:<watchbill@example.org>",
        "rcpt TO:<ana@example.org>",
    ]


def test_the_server_is_signed_in_to(at_server: Callable[..., MailServer]) -> None:
    mailer = at_server(user="bot:p%40ss@")
    smtp.deliver(letter())
    assert any(line.startswith("AUTH ") for line in mailer.verbs)


# --- F31 ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["mail", "rcpt", "data", "end"])
@pytest.mark.parametrize("reply", ["421 closing", "450 busy", "451 try later", "452 full"])
def test_4xx_is_temporary(verb: str, reply: str, at_server: Callable[..., MailServer]) -> None:
    """F31: retried."""
    at_server(**{verb: reply})
    with pytest.raises(smtp.Temporary) as failure:
        smtp.deliver(letter())
    assert failure.value.code == int(reply[:3])
    assert reply in str(failure.value)


@pytest.mark.parametrize("verb", ["rcpt", "data", "end"])
@pytest.mark.parametrize("reply", ["550 no such user", "552 too big", "553-not\r\n553 allowed", "554 refused"])
def test_5xx_is_permanent(verb: str, reply: str, at_server: Callable[..., MailServer]) -> None:
    """F31: the next method is used now; only what was said of the recipient is the address's fault."""
    at_server(**{verb: reply})
    with pytest.raises(smtp.Permanent) as failure:
        smtp.deliver(letter())
    assert failure.value.code == int(reply[:3])
    assert failure.value.address is (verb == "rcpt")


@pytest.mark.parametrize(
    ("verb", "reply"),
    [("mail", "550 no"), ("mail", "553-not\r\n553 allowed"), ("rcpt", "550 5.1.8 domain"), ("rcpt", "553 5.1.7 bad")],
)
def test_a_refused_sender_is_the_operators_to_mend(verb: str, reply: str, at_server: Callable[..., MailServer]) -> None:
    """F31: our own address is wrong, whoever the mail was for; many servers say so only after RCPT."""
    at_server(**{verb: reply})
    with pytest.raises(smtp.Temporary) as failure:
        smtp.deliver(letter())
    assert failure.value.operator
    assert failure.value.code == int(reply[:3])


def test_a_rule_against_us_is_no_fault_of_the_address(at_server: Callable[..., MailServer]) -> None:
    at_server(rcpt="554 5.7.1 <ana@example.org>: relay access denied")
    with pytest.raises(smtp.Permanent) as failure:
        smtp.deliver(letter())
    assert not failure.value.address


def test_a_sender_that_is_no_address_is_the_operators_to_mend(
    at_server: Callable[..., MailServer], settings: Settings
) -> None:
    at_server()
    settings.EMAIL_FROM = "Watchbill"
    with pytest.raises(smtp.Temporary) as failure:
        smtp.deliver(letter())
    assert failure.value.operator


@pytest.mark.parametrize(
    ("verb", "reply"),
    [("greeting", "421 full"), ("greeting", "554 go away"), ("auth", "535 wrong password"), ("auth", "454 later")],
)
def test_trouble_of_ours_does_not_break_an_address(verb: str, reply: str, at_server: Callable[..., MailServer]) -> None:
    """F31: a server that refuses our sign-in says nothing about Ana's mailbox."""
    at_server(user="bot:pass@", **{verb: reply})
    with pytest.raises(smtp.Temporary):
        smtp.deliver(letter())


@pytest.mark.parametrize("verb", ["greeting", "ehlo", "mail", "rcpt", "data", "end"])
def test_a_line_that_breaks_is_temporary(verb: str, at_server: Callable[..., MailServer]) -> None:
    """F31: closes; takes the mail and breaks the line before it says so."""
    at_server(**{verb: None})
    with pytest.raises(smtp.Temporary):
        smtp.deliver(letter())


@pytest.mark.parametrize("reply", [None, 30, "500 what"])
def test_once_taken_it_is_sent_whatever_follows(reply: str | int | None, at_server: Callable[..., MailServer]) -> None:
    """F31: the farewell cannot make a mail unsent, and is not waited for."""
    mailer = at_server(quit=reply)
    before = time.monotonic()
    smtp.deliver(letter())
    assert time.monotonic() - before < 2
    assert len(mailer.mails) == 1


@pytest.mark.parametrize("verb", ["greeting", "ehlo", "mail", "rcpt", "data", "end"])
def test_a_hanging_server_ends_at_the_deadline(verb: str, at_server: Callable[..., MailServer]) -> None:
    """F31: hangs after the greeting, 30 s for a reply."""
    at_server(**{verb: 30})
    before = time.monotonic()
    with pytest.raises(smtp.Temporary, match="timeout"):
        smtp.deliver(letter(), deadline=0.7)
    assert time.monotonic() - before < 1.5


def test_many_slow_replies_share_one_deadline(at_server: Callable[..., MailServer]) -> None:
    """F31, G12: each reply is in time, all together are not."""
    mailer = at_server()

    def slow(sock: socket.socket, server: Scripted, verb: str, usual: str) -> None:
        server.wait(0.3)
        sock.sendall(usual.encode() + b"\r\n")

    mailer._say = slow  # type: ignore[method-assign]
    before = time.monotonic()
    with pytest.raises(smtp.Temporary, match="timeout"):
        smtp.deliver(letter(), deadline=0.8)
    assert time.monotonic() - before < 1.5


@pytest.mark.parametrize("drop", [b"2", b"220-more\r\n"])
def test_a_trickle_ends_at_the_deadline(drop: bytes, settings: Settings) -> None:
    """F31: one byte at a time, or a greeting without end."""

    def script(sock: socket.socket, server: Scripted) -> None:
        while not server.over.is_set():
            sock.sendall(drop)
            server.wait(0.05)

    with serving(script) as server:
        settings.EMAIL_URL = f"smtp://localhost:{server.port}"
        before = time.monotonic()
        with pytest.raises(smtp.Temporary):
            smtp.deliver(letter(), deadline=0.7)
        assert time.monotonic() - before < 1.5


def test_a_server_that_refuses_or_does_not_exist_is_temporary(settings: Settings) -> None:
    """F31: refuses the connection; unknown name."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    settings.EMAIL_URL = f"smtp://127.0.0.1:{port}"
    with pytest.raises(smtp.Temporary):
        smtp.deliver(letter())


@pytest.mark.parametrize("reply", ["rubbish", "999 what", "2", "250" + "x" * 9000])
def test_rubbish_is_temporary(reply: str, at_server: Callable[..., MailServer]) -> None:
    at_server(rcpt=reply)
    with pytest.raises(smtp.Temporary):
        smtp.deliver(letter())


def test_the_servers_words_are_masked(at_server: Callable[..., MailServer]) -> None:
    """A95: an error text that quotes a password or a number."""
    at_server(rcpt="550 password=hunter2 \x1b[31m refused for +491701234567")
    with pytest.raises(smtp.Permanent) as failure:
        smtp.deliver(letter())
    for secret in ("hunter2", "17012345", "\x1b"):
        assert secret not in str(failure.value)


# --- TLS ------------------------------------------------------------------------------------------


def test_starttls_and_smtps(at_server: Callable[..., MailServer], monkeypatch: pytest.MonkeyPatch) -> None:
    """The scheme decides; the certificate has to fit the name."""
    authority = Authority()
    context = authority.server("localhost")
    monkeypatch.setattr(smtp_session, "tls", authority.client)
    mailer = at_server("smtp+tls", user="bot:pass@")
    mailer.features.append("STARTTLS")
    mailer.secure = lambda sock: context.wrap_socket(sock, server_side=True)
    smtp.deliver(letter())
    assert [line.split(" ")[0].lower() for line in mailer.verbs[:4]] == ["ehlo", "starttls", "ehlo", "auth"]
    assert len(mailer.mails) == 1


def test_no_password_goes_out_without_the_promised_tls(at_server: Callable[..., MailServer]) -> None:
    """A server (or somebody between) that does not offer STARTTLS gets nothing."""
    mailer = at_server("smtp+tls", user="bot:pass@")
    with pytest.raises(smtp.Temporary):
        smtp.deliver(letter())
    assert not any(line.lower().startswith(("auth", "mail")) for line in mailer.verbs)


def test_an_unknown_authority_is_not_trusted(settings: Settings) -> None:
    context = Authority().server("localhost")

    def script(sock: socket.socket, server: Scripted) -> None:
        with context.wrap_socket(sock, server_side=True) as sealed:
            MailServer()(sealed, server)

    with serving(script) as server:
        settings.EMAIL_URL = f"smtps://bot:pass@localhost:{server.port}"
        with pytest.raises(smtp.Temporary, match="tls"):
            smtp.deliver(letter(), deadline=3)


# --- A9, A10 --------------------------------------------------------------------------------------

INJECTIONS = [
    "=?utf-8?q?Disk=0D=0ABcc:_eve@evil.example?=",
    "=?utf-8?q?Disk=0ABcc:_eve@evil.example?=",
    "=?utf-8?b?RGlzawpCY2M6IGV2ZUBldmlsLmV4YW1wbGU=?=",
    "=?iso-8859-1?q?Disk=0D=0A=0D=0A<html>?=",
    "=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3D0ABcc:_eve@evil.example=3F=3D?=",
    "Disk =?utf-8?q?=0ABcc:_eve@evil.example?= full",
    "=?utf-8?q?a?= =?utf-8?q?=0ABcc:_eve@evil.example?=",
    "=?utf-8?q?Disk=E2=80=A8Bcc:_eve@evil.example?=",
    "Disk\u2028Bcc: eve@evil.example",
    "Disk\u0085Bcc: eve@evil.example",
    "Disk\x0bBcc: eve@evil.example",
    "Disk\x00Bcc: eve@evil.example",
    "x" * 990 + " Bcc: eve@evil.example",
    "é" * 300 + "\u2029Bcc: eve@evil.example",
]


@pytest.mark.parametrize("subject", INJECTIONS)
def test_a_subject_makes_no_header(subject: str, at_server: Callable[..., MailServer]) -> None:
    """A9: folded to a space; exactly the intended recipients and headers."""
    mailer = at_server()
    message = letter()
    del message["Subject"]
    try:
        message["Subject"] = subject
    except ValueError:
        return  # the mail library itself refuses to hold it
    before = sorted(name.lower() for name in message)
    smtp.deliver(message)
    (raw,) = mailer.mails
    got = message_from_bytes(raw)
    assert sorted(name.lower() for name in got) == sorted([*before, "date"])
    assert got["Bcc"] is None
    assert [line for line in mailer.verbs if line.startswith("rcpt")] == ["rcpt TO:<ana@example.org>"]
    payload = got.get_payload()
    assert isinstance(payload, str)
    assert payload.startswith("Hello Ana")


@pytest.mark.parametrize("name", ["From", "Reply-To", "X-Thing", "References", "To"])
@pytest.mark.parametrize("value", [*INJECTIONS[:8], "a\r\nBcc: eve@evil.example", "a\nb"])
def test_other_headers_with_breaks_are_refused(name: str, value: str, at_server: Callable[..., MailServer]) -> None:
    """A9: 400 for names and addresses."""
    mailer = at_server()
    message = letter()
    del message[name]
    try:
        message[name] = value
    except ValueError:
        return  # the mail library itself refuses to hold it
    with pytest.raises(Invalid):
        smtp.deliver(message)
    assert not mailer.mails


@pytest.mark.parametrize(
    "to",
    [
        *("a@x.example, b@y.example", "a@x.example; b@y.example", "a@x.example\tb@y.example", "a b@x.example"),
        *('"a b"@x.example', '"a@b"@x.example', "a@x@y.example", "@x.example", "a@", "a", "", "ana@exämple.org"),
        *("аna@example.org", "a" * 65 + "@x.example", "a@" + "x" * 320 + ".example", "a..b@x.example", ".a@x.example"),
        *("a.@x.example", "a@[127.0.0.1]", "a@x.example>\r\nRCPT TO:<b@y.example", "<a@x.example> <b@y.example>"),
        *("a@x.example\0", "a@x.example SIZE=1", "a%0ab@x.example\n", "group: a@x.example;", "a@x.example (\r\n b)"),
    ],
)
def test_odd_addresses_are_refused_or_one_plain_address(to: str, at_server: Callable[..., MailServer]) -> None:
    """A10: one address each, plain and ASCII; several in one text are never mailed beyond what is written."""
    mailer = at_server()
    try:
        smtp.deliver(letter(to=to))
    except (Invalid, ValueError, IndexError):  # the last two by the mail library, before it comes to us
        assert not mailer.mails
    else:
        sent = [line for line in mailer.verbs if line.startswith("rcpt")]
        assert all(re.fullmatch(r"rcpt TO:<[a-z0-9%]+@[xy]\.example>", line) for line in sent)


@pytest.mark.parametrize(
    "body", ["a\r.\rMAIL FROM:<x>\r", "a\n.\nMAIL FROM:<x>", "a\r\n.\r\nRSET\r\n", "a\n.\r\nQUIT", ".\n..\n"]
)
def test_a_text_cannot_end_the_mail(body: str, at_server: Callable[..., MailServer]) -> None:
    """A9: no smuggled second mail by lone CR, LF and dots."""
    mailer = at_server()
    smtp.deliver(letter(text=body))
    assert len(mailer.mails) == 1
    assert sum(line.lower().startswith("mail") for line in mailer.verbs) == 1
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", mailer.mails[0])


# --- without a server, and Django's own mails -----------------------------------------------------


def test_without_a_server_mail_is_a_file(settings: Settings) -> None:
    """contract.md: written to the data directory, whole, for the owner alone."""
    answer = smtp.deliver(letter("Disk full"))
    (path,) = list(settings.MAIL_DIR.iterdir())
    assert path.suffix == ".eml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.MAIL_DIR.stat().st_mode) == 0o700
    got = message_from_bytes(path.read_bytes())
    assert (got["Subject"], got["To"], answer.ref) == ("Disk full", "ana@example.org", "page-7@example.org")


def test_a_full_disk_is_temporary(settings: Settings, tmp_path: Path) -> None:
    """F28: said, not swallowed."""
    (tmp_path / "mail").write_text("a file where the folder should be")
    with pytest.raises(smtp.Temporary):
        smtp.deliver(letter())


def test_djangos_own_mails_take_the_same_way(at_server: Callable[..., MailServer], settings: Settings) -> None:
    mailer = at_server()
    settings.EMAIL_BACKEND = "core.smtp.PortalEmailBackend"
    message = EmailMultiAlternatives("Reset", "text", "watchbill@example.org", ["ana@example.org", "bo@example.org"])
    message.attach_alternative("<p>text</p>", "text/html")
    assert message.send() == 1
    assert len(mailer.mails) == 1
    assert sum(line.startswith("rcpt") for line in mailer.verbs) == 2
    with pytest.raises(ValueError):
        django_mail.send_mail("Re\r\nBcc: x@y.example", "text", None, ["ana@example.org"])


def test_djangos_mails_can_fail_in_silence(at_server: Callable[..., MailServer], settings: Settings) -> None:
    at_server(rcpt="550 no")
    settings.EMAIL_BACKEND = "core.smtp.PortalEmailBackend"
    with pytest.raises(smtp.Permanent):
        django_mail.send_mail("Reset", "text", None, ["ana@example.org"])
    assert django_mail.send_mail("Reset", "text", None, ["ana@example.org"], fail_silently=True) == 0
