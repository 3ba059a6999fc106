"""System checks with ids: what must be right before the portal may start (F49, A97, A99, A100).

| id | says |
|-|-|
| core.E001 | work is put into the due queue that nobody can do |
| core.E002 | no room has said who asks |
| core.E003 | SQLite without immediate transactions |
| core.E004 | Redis on another host without a password |
| core.E005 | a secret file that others can read |
| core.E006 | stored secrets are encrypted with SECRET_KEY |
| core.E007 | django-q2 with another broker, or with a retry that is shorter than its work |
| core.E008 | sessions or cache in the memory of one process |
| core.I001 | mail is only written to files |
"""

from __future__ import annotations

import ast
import ipaddress
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, register

from core import due
from core.web import access

Found = list[CheckMessage]


def _call_kinds(tree: ast.AST) -> Iterator[str]:
    """The kinds that a module names in `due.put(key, "kind", …)` and `DueRow(kind="…")`, also by a constant."""
    constants = {
        target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        given = {word.arg: word.value for word in call.keywords}
        kind = given.get("kind") if name in {"put", "DueRow"} else None
        if name == "put" and kind is None and len(call.args) > 1:
            kind = call.args[1]
        value = constants.get(kind.id) if isinstance(kind, ast.Name) else getattr(kind, "value", None)
        if isinstance(value, str) and "." in value:
            yield value


def named_kinds(folder: Path) -> dict[str, Path]:
    """Every kind of due work that the modules below a folder name, with the first module that does."""
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if ".put(" in source or "DueRow(" in source:
            for kind in _call_kinds(ast.parse(source)):
                found.setdefault(kind, path)
    return found


@register()
def every_kind_has_a_handler(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """core.E001: a row that nobody can do would wait for ever."""
    handlers = due.handlers()
    found: Found = []
    for config in apps.get_app_configs():
        folder = Path(config.path)
        if not folder.is_relative_to(settings.BASE_DIR) or "site-packages" in folder.parts:
            continue
        for kind, path in named_kinds(folder).items():
            if kind not in handlers:
                said = f"{path.relative_to(settings.BASE_DIR)} puts “{kind}” into the due queue and nobody can do it."
                found.append(Error(said, hint="Register a handler with @due in the room's due.py.", id="core.E001"))
    return found


@register()
def somebody_says_who_asks(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """core.E002: the registry through which `core` learns the actor is filled."""
    return [Error(f"core.web.access has no {slot}.", id="core.E002") for slot in access.unfilled()]


@register()
def transactions_are_immediate(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """core.E003: deferred transactions fail with “database is locked” in a storm."""
    database = settings.DATABASES["default"]
    mode = database.get("OPTIONS", {}).get("transaction_mode")
    if database["ENGINE"].endswith("sqlite3") and mode != "IMMEDIATE":
        return [Error("SQLite needs transaction_mode IMMEDIATE.", id="core.E003")]
    return []


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@register(Tags.security)
def redis_has_a_password(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """core.E004: a Redis that anybody can reach lets anybody forge hints and cached values (A100)."""
    if not settings.REDIS_URL:
        return []
    address = urlsplit(settings.REDIS_URL)
    if address.scheme == "unix" or address.password or _is_loopback(address.hostname or ""):
        return []
    hint = "Set requirepass and put the password into WATCHBILL_REDIS_URL."
    return [Error("WATCHBILL_REDIS_URL names another host and no password.", hint=hint, id="core.E004")]


@register(Tags.security)
def secret_files_are_private(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """core.E005: the files made at the first start are for their owner alone (A97)."""
    found: Found = []
    for name in ("secret-key", "field-keys"):
        path = Path(settings.DATA_DIR) / name
        if path.exists() and path.stat().st_mode & 0o077:
            found.append(Error(f"{path} can be read by others.", hint=f"Use chmod 600 {path}.", id="core.E005"))
    return found


@register(Tags.security)
def secrets_have_their_own_key(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """core.E006: whoever learns SECRET_KEY must not be able to open stored secrets (A98)."""
    if settings.SECRET_KEY in settings.FIELD_KEYS:
        return [Error("WATCHBILL_FIELD_KEYS contains WATCHBILL_SECRET_KEY.", id="core.E006")]
    return []


@register()
def bulk_queue_is_safe(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """core.E007: only the ORM broker survives a kill, and a task must end before it is tried again (stack 2)."""
    queue: dict[str, Any] = settings.Q_CLUSTER
    waits = queue["timeout"] * (queue["queue_limit"] / queue["workers"] + 1)
    if queue.get("orm") == "default" and queue["retry"] > waits:
        return []
    return [Error("Q_CLUSTER must use the ORM broker and retry later than a full queue takes.", id="core.E007")]


@register()
def state_is_shared(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """core.E008: a revoked session must be dead in every process (stack 5)."""
    backends = (settings.SESSION_ENGINE, settings.CACHES["default"]["BACKEND"])
    wrong = [name for name in backends if "signed_cookies" in name or "locmem" in name or name.endswith(".cache")]
    return [Error(f"{name} is not shared by all processes.", id="core.E008") for name in wrong]


@register(Tags.security, deploy=True)
def mail_leaves(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Found:
    """core.I001: without a mail server no page leaves by mail."""
    if settings.EMAIL_URL:
        return []
    hint = "Set WATCHBILL_EMAIL_URL, such as smtp://user:password@mail.example.org:587."
    return [Info("Mail is written to the data directory and sent to nobody.", hint=hint, id="core.I001")]
