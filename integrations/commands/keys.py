"""Integration keys: issued, rotated with a time of grace, revoked; the text of a key is shown once (A45, F54)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from accounts.permissions import require
from core import audit, clock, db
from core.errors import Conflict, Invalid
from core.text import clean_line
from integrations import permissions
from integrations.adapters.generic import check_paths
from integrations.kinds import adapter_of
from integrations.models import IntegrationKey
from integrations.queries import keyring
from oncall.models import Service

GRACE = timedelta(hours=24)
LONGEST_GRACE = timedelta(days=30)
MOST = 50
SHOWN = 4


@transaction.atomic
def issue(
    actor: Actor, service: Service, *, kind: str = "events", name: str = "", paths: Mapping[str, Any] | None = None
) -> tuple[IntegrationKey, str]:
    """Make a key for a service; returns it with its text, which nobody can read again."""
    require(actor, permissions.KEY_EDIT, service)
    if adapter_of(kind) is None:
        raise Invalid("There is no such kind of tool.", fields={"kind": ["Is not a known kind of tool."]})
    if service.archived_at is not None:
        raise Conflict("This service is archived.", code="archived")
    if _live(service).count() >= MOST:
        raise Conflict(f"A service has {MOST} keys at most; revoke one first.", code="too_many_keys")
    made = _make(service, kind, clean_line(name, 80, "name"), check_paths(paths or {}))
    _record(actor, "issue", made[0])
    return made


@transaction.atomic
def rotate(actor: Actor, key: IntegrationKey, *, grace: timedelta = GRACE) -> tuple[IntegrationKey, str]:
    """Make a successor; the old key is accepted until `grace` is over, so that no event is lost meanwhile (F54)."""
    require(actor, permissions.KEY_EDIT, key)
    if not timedelta(0) <= grace <= LONGEST_GRACE:
        raise Invalid("The time of grace must be between nothing and 30 days.", fields={"grace": ["Is out of range."]})
    key = db.locked(IntegrationKey.objects.filter(pk=key.pk)).get()
    if key.revoked_at is not None or key.valid_until is not None:
        raise Conflict("This key is revoked or has a successor already.", code="illegal_move")
    key.valid_until = clock.now() + grace
    db.bump(key)
    key.save(update_fields=["valid_until", "version"])
    made = _make(key.service, key.kind, key.name, key.paths)
    _record(actor, "rotate", key, successor=made[0].pk)
    return made


@transaction.atomic
def revoke(actor: Actor, key: IntegrationKey) -> IntegrationKey:
    """Refuse a key from now on, in every process within a second; doing it again changes nothing."""
    require(actor, permissions.KEY_EDIT, key)
    key = db.locked(IntegrationKey.objects.filter(pk=key.pk)).get()
    if key.revoked_at is None:
        key.revoked_at = clock.now()
        db.bump(key)
        key.save(update_fields=["revoked_at", "version"])
        _record(actor, "revoke", key)
    return key


@transaction.atomic
def edit(
    actor: Actor,
    key: IntegrationKey,
    *,
    name: str | None = None,
    paths: Mapping[str, Any] | None = None,
    version: int | None = None,
) -> IntegrationKey:
    """Rename a key or choose other paths; raises Conflict when `version` is not the present one."""
    require(actor, permissions.KEY_EDIT, key)
    key = db.locked(IntegrationKey.objects.filter(pk=key.pk)).get()
    db.check_version(key, version)
    before = {"name": key.name, "paths": key.paths}
    key.name = key.name if name is None else clean_line(name, 80, "name")
    key.paths = key.paths if paths is None else check_paths(paths)
    db.bump(key)
    key.save(update_fields=["name", "paths", "version"])
    transaction.on_commit(keyring.changed)
    old, new = audit.changed(before, {"name": key.name, "paths": key.paths})
    audit.write(actor, "edit", f"key:{key.pk}", before=old, after=new)
    return key


def _live(service: Service) -> Any:
    return IntegrationKey.objects.filter(service=service, revoked_at=None)


def _make(service: Service, kind: str, name: str, paths: Mapping[str, Any]) -> tuple[IntegrationKey, str]:
    raw = secrets.token_hex(16)  # 32 characters, as senders of PagerDuty's format expect
    key = IntegrationKey.objects.create(
        service=service, kind=kind, name=name, prefix=raw[:SHOWN], digest=keyring.digest_of(raw), paths=dict(paths)
    )
    return key, raw


def _record(actor: Actor, verb: str, key: IntegrationKey, **more: Any) -> None:
    transaction.on_commit(keyring.changed)
    said = {"service": key.service_id, "kind": key.kind, "name": key.name, "prefix": key.prefix, **more}
    audit.write(actor, verb, f"key:{key.pk}", after=said)
