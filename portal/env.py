"""Typed reader of the environment: every setting is `WATCHBILL_X`, or a file named by `WATCHBILL_X_FILE`."""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import sys
from collections.abc import Sequence
from email.utils import getaddresses
from pathlib import Path
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

PREFIX = "WATCHBILL_"
LETTER = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]"
MAILBOX = re.compile(LETTER + r"(?:\.?" + LETTER + r"){0,63}@[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,251}[A-Za-z0-9])?")
SHORTEST_KEY = 32
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}


def refuse(sentence: str) -> NoReturn:
    """End the start with one sentence and a non-zero exit code (F49)."""
    sys.stderr.write(f"watchbill: {sentence}\n")
    raise SystemExit(78)


def text(name: str, default: str = "") -> str:
    """The value of a setting; `X_FILE` wins over nothing, both at once are refused."""
    key, value = PREFIX + name, os.environ.get(PREFIX + name)
    path = os.environ.get(f"{key}_FILE")
    if path is None:
        return default if value is None else value
    if value is not None:
        refuse(f"{key} and {key}_FILE are both set; keep one.")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        refuse(f"{key}_FILE cannot be read: {error.strerror or 'unknown reason'}.")


def flag(name: str, default: bool = False) -> bool:
    """A yes-or-no setting."""
    value = text(name, "on" if default else "off").strip().lower()
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    refuse(f"{PREFIX}{name} must be on or off, not “{value}”.")


def number(name: str, default: int, *, low: int, high: int) -> int:
    """A whole number between `low` and `high`."""
    value = text(name, str(default)).strip()
    try:
        result = int(value)
    except ValueError:
        refuse(f"{PREFIX}{name} must be a whole number, not “{value}”.")
    if not low <= result <= high:
        refuse(f"{PREFIX}{name} must be between {low} and {high}, not {result}.")
    return result


def words(name: str, default: Sequence[str] = ()) -> list[str]:
    """A comma list."""
    value = text(name, ",".join(default))
    return [part.strip() for part in value.split(",") if part.strip()]


def networks(name: str, *, names: bool) -> list[str]:
    """A comma list of addresses and networks such as 10.0.0.0/8; with `names`, also of host names."""
    found = words(name)
    for word in found:
        try:
            ipaddress.ip_network(word, strict=False)
        except ValueError:
            if not names or "/" in word or " " in word:
                kinds = "an address, a network or a host name" if names else "an address or a network"
                refuse(f"{PREFIX}{name} holds “{word}”, which is not {kinds}.")
    return found


def choice(name: str, default: str, allowed: Sequence[str]) -> str:
    """One of a few words."""
    value = text(name, default).strip()
    if value not in allowed:
        refuse(f"{PREFIX}{name} must be one of {', '.join(allowed)}, not “{value}”.")
    return value


def parts(name: str, value: str, example: str) -> SplitResult:
    """An address taken apart: with a host, and a port that exists where one is named."""
    try:
        found = urlsplit(value)
        port = found.port
    except ValueError:
        port = 0
    if port == 0 or not found.hostname or not value.isprintable() or " " in value:
        refuse(f"{PREFIX}{name} must name a host and, if any, a port from 1 to 65535, such as {example}.")
    return found


def mail_server(name: str) -> str:
    """The address of a mail server, such as smtp://user:password@mail.example.org:587; empty where none is set."""
    value = text(name).strip()
    if not value:
        return ""
    if not value.startswith(("smtp://", "smtp+tls://", "smtps://")):
        refuse(f"{PREFIX}{name} must start with smtp://, smtp+tls:// or smtps://.")
    parts(name, value, "smtp://mail.example.org:587")
    return value


def mailbox(name: str, default: str) -> str:
    """One mail address with or without a name before it; what is made up by default is taken as it is."""
    value = text(name).strip()
    if not value:
        return default
    found = [address for _, address in getaddresses([value])]
    if not value.isprintable() or len(found) != 1 or len(found[0]) > 254 or not MAILBOX.fullmatch(found[0]):
        refuse(f"{PREFIX}{name} must be one mail address such as watchbill@example.org.")
    return value


def identity_provider() -> tuple[str, str, str]:
    """The issuer with which people may sign in, our name and our secret there; three empty texts where none is named.

    The issuer is told character by character in its tokens, so it is taken as it is written.
    """
    names = ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")
    issuer, client, secret = (text(name).strip() for name in names)
    if not any((issuer, client, secret)):
        return "", "", ""
    missing = [f"{PREFIX}{name}" for name, value in zip(names, (issuer, client, secret), strict=True) if not value]
    if missing:
        refuse(f"{' and '.join(missing)} must be set as well; single sign-on needs all three, or none of them.")
    found = parts("OIDC_ISSUER", issuer, "https://login.example.org/realms/main")
    plain = found.scheme == "http" and found.hostname in {"localhost", "127.0.0.1", "::1"}
    if (found.scheme != "https" and not plain) or found.query or found.fragment or "@" in found.netloc:
        refuse(f"{PREFIX}OIDC_ISSUER must be an https address without a question mark, not “{issuer}”.")
    return issuer, client, secret


def field_keys(name: str, path: Path) -> list[str]:
    """The keys that seal stored secrets, the newest first; a guessable one protects nothing (A98).

    The length counts for the first alone, which seals: an older one that is short must still open what it has sealed.
    """
    found = [part.strip() for part in kept_secret(name, path, "field").split(",")]
    if not all(found) or len(found[0]) < SHORTEST_KEY:
        refuse(
            f"{PREFIX}{name} holds an empty key, or its first one is short; "
            f"use a comma list, the newest first, of {SHORTEST_KEY} or more random characters."
        )
    return found


def kept_secret(name: str, path: Path, make: str = "token") -> str:
    """A secret from the environment, or one made at the first start and kept in `path`, mode 0600 (A97)."""
    value = text(name)
    if value:
        return value
    try:
        if path.exists():
            return path.read_text(encoding="ascii").strip()
        made = secrets.token_urlsafe(64) if make == "token" else secrets.token_urlsafe(32)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as handle:
            handle.write(made + "\n")
        return made
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        refuse(f"{path} cannot be written: {error.strerror or 'unknown reason'}.")
