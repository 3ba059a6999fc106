"""Issuing, rotating, revoking: the text once, the rest on record (A45, A95, F54)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.errors import Conflict, Forbidden, Invalid
from core.models import AuditEntry
from integrations.commands import inbound, keys
from integrations.models import IntegrationKey
from integrations.queries.keyring import digest_of
from integrations.queries.keys import key_health
from tests.integrations.conftest import OWNER
from tests.world import World, acts


def test_a_key_is_shown_once_and_stored_as_a_digest_a45(world: World) -> None:
    row, raw = keys.issue(acts(world.ana), world.checkout, kind="alertmanager", name="Prod cluster")
    assert len(raw) == 32
    assert row.digest == digest_of(raw)
    assert raw.startswith(row.prefix)
    assert raw not in str(list(IntegrationKey.objects.values()))
    entry = AuditEntry.objects.get(thing=f"key:{row.pk}")
    assert (entry.actor, entry.verb) == (f"user:{world.ana.pk}", "issue")
    assert raw not in str(entry.__dict__)
    assert row.digest not in str(entry.__dict__)


def test_only_managers_and_process_owners_issue_keys(world: World) -> None:
    row, _ = keys.issue(acts(world.pat), world.checkout)
    for user in (world.bo, world.di, world.eve, world.sam):
        with pytest.raises(Forbidden):
            keys.issue(acts(user), world.checkout)
        for verb in (keys.rotate, keys.revoke, keys.edit):
            with pytest.raises(Forbidden):
                verb(acts(user), row)
    with pytest.raises(Forbidden):
        inbound.send_test(acts(world.eve), world.checkout)


@pytest.mark.parametrize(
    "wrong", [{"kind": "nagios"}, {"name": "x" * 81}, {"name": "a\x00b"}, {"paths": {"summary": ".."}}]
)
def test_wrong_values_are_refused(world: World, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        keys.issue(OWNER, world.checkout, **{"kind": "generic", **wrong})


def test_rotation_keeps_name_and_paths_and_happens_once_f54(world: World) -> None:
    row, raw = keys.issue(OWNER, world.checkout, kind="generic", name="Old script", paths={"summary": "a.b"})
    new, text = keys.rotate(OWNER, row, grace=timedelta(hours=2))
    assert (new.name, new.kind, new.paths) == ("Old script", "generic", {"summary": "a.b"})
    assert text != raw
    row.refresh_from_db()
    assert row.valid_until is not None
    with pytest.raises(Conflict):
        keys.rotate(OWNER, row)
    for grace in (timedelta(seconds=-1), timedelta(days=31)):
        with pytest.raises(Invalid):
            keys.rotate(OWNER, new, grace=grace)


def test_revoking_twice_changes_nothing(world: World) -> None:
    row, _ = keys.issue(OWNER, world.checkout)
    first = keys.revoke(OWNER, row)
    second = keys.revoke(OWNER, row)
    assert (first.revoked_at, first.version) == (second.revoked_at, second.version)
    with pytest.raises(Conflict):
        keys.rotate(OWNER, second)


def test_a_stale_form_is_refused(world: World) -> None:
    row, _ = keys.issue(OWNER, world.checkout)
    keys.edit(OWNER, row, name="New", version=1)
    with pytest.raises(Conflict):
        keys.edit(OWNER, row, name="Other", version=1)


def test_a_service_has_a_bounded_number_of_keys(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MOST", 2)
    keys.issue(OWNER, world.checkout)
    keys.issue(OWNER, world.checkout)
    with pytest.raises(Conflict):
        keys.issue(OWNER, world.checkout)


def test_a_silent_key_is_seen_det_13(world: World) -> None:
    row, _ = keys.issue(OWNER, world.checkout)
    assert key_health(world.checkout)[row.pk].last_event_at is None
