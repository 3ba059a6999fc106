"""Keys at the door: one refusal for all wrong ones, rotation in mid-stream, nothing readable (A45, F54, A95)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.clock import FrozenClock
from incidents.models import Alert
from integrations.commands import keys
from integrations.models import InboundEvent, IntegrationKey
from integrations.queries import keyring
from oncall.models import Service
from tests.integrations.conftest import OWNER, Sender, key_row
from tests.world import World

Trigger = Callable[..., dict[str, Any]]
WRONG: list[Any] = [None, "", 5, [], {}, "x", "f" * 32, "F" * 32, "f" * 4_000, "ключ" * 8, "a b" * 10]


def test_wrong_malformed_revoked_and_expired_keys_hear_the_same_a45(
    sender: Sender, trigger: Trigger, key: str, at: FrozenClock
) -> None:
    expected = {"status": "invalid event", "message": "Event object is invalid", "errors": ["invalid routing key"]}
    for wrong in WRONG:
        answer = sender.post("/v2/enqueue", {**trigger(), "routing_key": wrong})
        assert (answer.status, answer.body) == (400, expected), wrong
    keys.rotate(OWNER, key_row(key), grace=timedelta(hours=1))
    at.move(hours=1)
    assert sender.post("/v2/enqueue", trigger()).body == expected
    keys.revoke(OWNER, key_row(key))
    assert sender.post("/v2/enqueue", trigger()).body == expected
    # a wrong key learns nothing about the rest of its event
    assert sender.post("/v2/enqueue", {"routing_key": "f" * 32, "event_action": "explode"}).body == expected
    assert not InboundEvent.objects.exists()


def test_native_doors_say_403_before_they_read_the_body(sender: Sender, key: str) -> None:
    keys.revoke(OWNER, key_row(key))
    for wrong in ("f" * 32, "x", key):
        for tool in ("alertmanager", "grafana", "generic"):
            answer = sender.post(f"/integrations/{tool}/{wrong}", b"not json")
            assert (answer.status, answer.body["errors"]) == (403, ["invalid routing key"])
    assert sender.post("/integrations/generic", {}).status == 403
    assert sender.post("/v2/alerts", {"message": "m"}).status == 403
    assert sender.post("/v2/alerts", {"message": "m"}, headers={"authorization": f"GenieKey {key}"}).status == 403


def test_both_keys_work_in_the_time_of_grace_and_the_old_one_ends_f54(
    sender: Sender, trigger: Trigger, key: str, at: FrozenClock
) -> None:
    assert sender.post("/v2/enqueue", trigger()).status == 202
    _, successor = keys.rotate(OWNER, key_row(key), grace=timedelta(minutes=10))
    new = {**trigger(), "routing_key": successor}
    assert [sender.post("/v2/enqueue", each).status for each in (trigger(), new)] == [202, 202]
    at.move(minutes=10)
    assert [sender.post("/v2/enqueue", each).status for each in (trigger(), new)] == [400, 202]
    assert Alert.objects.get().count == 4


def test_a_fresh_key_works_at_once_and_a_revoked_one_ends_at_once_f54(
    sender: Sender, trigger: Trigger, busy_world: World, key: str
) -> None:
    assert sender.post("/v2/enqueue", trigger()).status == 202
    row, fresh = keys.issue(OWNER, busy_world.checkout, kind="generic")
    assert sender.post(f"/integrations/generic/{fresh}", {"title": "x"}).status == 202
    keys.revoke(OWNER, row)
    assert sender.post(f"/integrations/generic/{fresh}", {"title": "x"}).status == 403


def test_a_key_revoked_by_another_process_ends_within_a_second_f54(
    sender: Sender, trigger: Trigger, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sender.post("/v2/enqueue", trigger()).status == 202
    row = key_row(key)  # past the command, as another process would: no word reaches this one
    IntegrationKey.objects.filter(pk=row.pk).update(revoked_at=row.created_at, version=2)
    assert sender.post("/v2/enqueue", trigger()).status == 202
    monkeypatch.setattr("integrations.queries.keyring.CHECK_SECONDS", 0.0)
    assert sender.post("/v2/enqueue", trigger()).status == 400


def test_keys_of_an_archived_or_deleted_service_are_refused(
    sender: Sender, trigger: Trigger, key: str, busy_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sender.post("/v2/enqueue", trigger()).status == 202
    monkeypatch.setattr("integrations.queries.keyring.CHECK_SECONDS", 60.0)
    InboundEvent.objects.all().delete()
    Alert.objects.all().delete()
    Service.objects.filter(pk=busy_world.checkout.pk).delete()
    assert sender.post("/v2/enqueue", trigger()).status == 400  # still in memory: the database refuses it
    assert sender.post("/v2/enqueue", trigger()).status == 400


def test_brute_force_costs_few_looks(sender: Sender, trigger: Trigger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown keys share one look at the table, so guessing does not starve the known ones (A45)."""
    looks: list[int] = []
    real = keyring.stamp

    def counted() -> tuple[Any, ...]:
        looks.append(1)
        return real()

    monkeypatch.setattr(keyring, "stamp", counted)
    guesses = [("/v2/enqueue", {**trigger(), "routing_key": f"{n:032x}"}) for n in range(100)]
    assert {answer.status for answer in sender.all(guesses)} == {400}
    assert len(looks) <= 4


def test_no_log_line_holds_a_key_f54_a95(
    sender: Sender, trigger: Trigger, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        sender.post("/v2/enqueue", trigger())
        sender.post(f"/integrations/generic/{key}", {"title": "x", "seen": key})
        sender.post(f"/integrations/generic/{key}", b"{")
        keys.revoke(OWNER, key_row(key))
        sender.post("/v2/enqueue", trigger())
    assert key not in caplog.text
    assert not InboundEvent.objects.filter(body__contains=key).exists()


def test_use_is_noted_to_the_minute(sender: Sender, trigger: Trigger, key: str, at: FrozenClock) -> None:
    sender.post("/v2/enqueue", trigger())
    first = key_row(key).last_used_at
    at.move(seconds=30)
    sender.post("/v2/enqueue", trigger())
    assert key_row(key).last_used_at == first
    at.move(seconds=31)
    sender.post("/v2/enqueue", trigger())
    assert key_row(key).last_used_at == at.at
    assert key_row(key).version == 1
