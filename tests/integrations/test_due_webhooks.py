"""What webhooks are sent: in time, signed, tried again, paused, never private (A70, A71, A74, A75, S34, F4)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core import clock, due, worker
from core.claims import claim
from core.health import report
from core.models import AuditEntry, DueRow
from incidents.commands import lifecycle, priority
from incidents.models import Incident, Participant
from integrations.commands import webhook_log, webhook_sending, webhooks
from integrations.models import OutboundWebhook, WebhookDelivery
from integrations.outgoing import signature
from integrations.queries.webhooks import deliveries_of
from notifications.models import Delivery
from tests import world as builders
from tests.fakes import Carrier, drain, run_until, stopwatch
from tests.integrations.receivers import acknowledge, hook, log_of, opened, secret_hook, states
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings: Any, at: clock.FrozenClock) -> Iterator[Carrier]:
    """A receiver on loopback that the guard lets us reach."""
    made = Carrier()
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    yield made
    made.close()


def fresh(row: OutboundWebhook) -> OutboundWebhook:
    return OutboundWebhook.objects.get(pk=row.pk)


def told(receiver: Carrier) -> list[str]:
    return [request.headers["watchbill-event"].removeprefix("incident.") for request in receiver.requests]


class TestWhatIsTold:
    def test_an_incident_from_its_opening_to_its_end(self, world: World, receiver: Carrier) -> None:
        row = hook(world, receiver)
        incident = opened(world)
        acknowledge(world, incident)
        priority.set_priority(builders.acts(world.bo), incident, priority=builders.priority(1), reason="all of Europe")
        lifecycle.resolve(builders.acts(world.bo), incident, resolution="rolled back")
        drain()
        assert told(receiver) == ["opened", "acknowledged", "priority_raised", "resolved"]
        first, second, third, last = [request.json for request in receiver.requests]
        assert first["incident"]["number"] == incident.number
        assert first["incident"]["url"] == f"http://localhost:8000/incidents/{incident.number}/"
        assert (first["version"], first["kind"], first["change"]) == (1, "incident.opened", {"via": "web"})
        assert (first["incident"]["service"]["name"], first["incident"]["team"]["name"]) == ("Checkout", "Payments")
        assert second["incident"]["seq"] > first["incident"]["seq"], "receivers can order by it"
        assert third["change"] == {"before": 3, "after": 1}
        assert last["incident"]["status"] == "resolved"
        assert len({each["id"] for each in (first, second, third, last)}) == 4
        assert {state for _, state in states(row)} == {"sent"}
        assert first["id"] == receiver.requests[0].headers["watchbill-event-id"]
        assert "resolution" not in json.dumps(last), "no free texts but the title"

    def test_only_what_was_chosen(self, world: World, receiver: Carrier) -> None:
        """Kinds, services and the team narrow it: Search hears nothing of Payments."""
        refunds = builders.service("Refunds", world.payments, policy=world.policy)
        hook(world, receiver, kinds=["incident.acknowledged"])
        hook(world, receiver, name="Refunds only", url=f"{receiver.url}/refunds", services=[refunds])
        hook(world, receiver, name="Search", url=f"{receiver.url}/search", team=world.search, by=world.pat)
        hook(world, receiver, name="All", url=f"{receiver.url}/all", team=None, by=world.pat)
        incident = opened(world)
        acknowledge(world, incident)
        drain()
        assert [request.path for request in receiver.requests] == ["/all", "/hook", "/all"]

    def test_many_are_told_in_as_many_statements_as_two(self, world: World, receiver: Carrier) -> None:
        """One insert for the events and one for the queue, so that the write lock is not held for each webhook."""
        incident = opened(world)
        asked = []
        for many in (2, 20):
            rows = [hook(world, receiver, name=f"Bridge {many}.{each}") for each in range(many)]
            webhooks.pause(builders.acts(world.ana), rows[-1])
            with CaptureQueriesContext(connection) as queries:
                webhook_log.tell("incident.opened", incident.number, {"via": "web"})
            asked.append(len(queries))
        assert asked[1] <= asked[0]
        live = DueRow.objects.filter(kind=webhook_log.KIND, state=DueRow.WAITING)
        assert live.count() == 20, "the two paused ones wait"
        drain()
        assert len(receiver.requests) == 1 + 20
        assert WebhookDelivery.objects.exclude(webhook__state="paused").exclude(state="sent").count() == 0

    def test_without_webhooks_a_change_costs_one_look(self, world: World, at: clock.FrozenClock) -> None:
        opened(world)
        assert not DueRow.objects.filter(kind=webhook_log.KIND).exists()
        assert not WebhookDelivery.objects.exists()


class TestPrivate:
    def make_private(self, incident: Incident) -> None:
        Incident.objects.filter(pk=incident.pk).update(visibility="private", codename="Blue Heron")

    def test_a_private_incident_is_told_of_to_nobody(self, world: World, receiver: Carrier) -> None:
        """S34: nothing leaves, and nothing of it stands in the log."""
        row = hook(world, receiver)
        incident = opened(world, "Payroll data stolen", drained=False)
        self.make_private(incident)
        drain()
        acknowledge(world, incident)
        drain()
        assert receiver.requests == []
        assert log_of(row) == []

    def test_one_made_private_while_its_event_waits(
        self, world: World, receiver: Carrier, at: clock.FrozenClock
    ) -> None:
        """S34: what waits is not sent, its words are forgotten, and it cannot be sent again."""
        row = hook(world, receiver)
        receiver.fail("500")
        incident = opened(world, "Payroll data stolen")
        self.make_private(incident)
        at.move(minutes=5)
        drain()
        assert len(receiver.requests) == 1, "the attempt before"
        [event] = log_of(row)
        assert (event.state, event.body, event.detail) == ("skipped", "", webhook_sending.SKIPPED)
        webhook_log.replay(builders.acts(world.ana), event)
        drain()
        assert len(receiver.requests) == 1

    def test_right_before_it_would_leave(
        self, world: World, receiver: Carrier, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """S34: between the look at the queue and the sending."""
        row = hook(world, receiver)
        incident = opened(world, drained=False)
        while not WebhookDelivery.objects.exists():
            [item] = claim(1)
            worker.do(item, strict=True)
        whole = due.Item.still_mine

        def still_mine(item: due.Item) -> bool:
            self.make_private(incident)
            return whole(item)

        monkeypatch.setattr(due.Item, "still_mine", still_mine)
        drain()
        assert receiver.requests == []
        assert states(row) == [("opened", "skipped")]


class TestSignatures:
    def test_each_attempt_is_signed_anew(self, world: World, receiver: Carrier, at: clock.FrozenClock) -> None:
        """A49, A50: the time is that of the attempt, the id stays."""
        _, secret = secret_hook(world, receiver)
        receiver.fail("500")
        opened(world)
        at.move(seconds=10)
        drain()
        first, second = receiver.requests
        assert first.headers["watchbill-event-id"] == second.headers["watchbill-event-id"]
        assert first.body == second.body
        assert first.headers["watchbill-signature"] != second.headers["watchbill-signature"]
        assert second.headers["watchbill-signature"] == signature([secret], at.at, second.body)
        assert first.headers["user-agent"] == "Watchbill-Webhook/1"

    def test_both_secrets_sign_until_the_grace_is_over(
        self, world: World, receiver: Carrier, at: clock.FrozenClock
    ) -> None:
        row, old = secret_hook(world, receiver)
        _, new = webhooks.rotate(builders.acts(world.ana), row, grace=timedelta(hours=1))
        opened(world)
        both = receiver.requests[-1]
        assert both.headers["watchbill-signature"] == signature([new, old], at.at, both.body)
        at.move(hours=1)
        opened(world, "Another")
        alone = receiver.requests[-1]
        assert alone.headers["watchbill-signature"] == signature([new], at.at, alone.body)

    def test_a_secret_that_cannot_be_opened_pauses_it(self, world: World, receiver: Carrier, settings: Any) -> None:
        """A98: nothing leaves unsigned; a rotation mends it."""
        row = hook(world, receiver)
        settings.FIELD_KEYS = ["another-key-of-thirty-two-characters-or-more"]
        opened(world)
        assert receiver.requests == []
        assert fresh_state(row) == "paused"
        webhooks.rotate(builders.acts(world.ana), row)
        webhooks.resume(builders.acts(world.ana), row)
        drain()
        assert len(receiver.requests) == 1


def fresh_state(row: OutboundWebhook) -> str:
    return OutboundWebhook.objects.values_list("state", flat=True).get(pk=row.pk)


class TestTriedAgain:
    def test_ever_more_rarely_for_a_day(self, world: World, receiver: Carrier, at: clock.FrozenClock) -> None:
        row = hook(world, receiver)
        receiver.always = "500"
        begun = at.at
        opened(world)
        run_until(at, begun + timedelta(hours=23))
        assert fresh_state(row) == "active"
        gaps = [json_at(each) - begun for each in log_of(row)[0].attempts]
        assert [gap.total_seconds() for gap in gaps] == [0, 10, 70, 370, 2170, 9370, 30970, 52570, 74170]
        assert all((each["outcome"], each["took"]) == ("5xx", "under 1 s") for each in log_of(row)[0].attempts)
        run_until(at, begun + timedelta(hours=25))
        assert states(row) == [("opened", "failed")]
        assert fresh_state(row) == "paused", "nothing was taken for a day"

    def test_one_that_is_not_taken_does_not_hold_up_the_others(
        self, world: World, receiver: Carrier, at: clock.FrozenClock
    ) -> None:
        """Flapping: a text that the receiver chokes on waits by itself."""
        row = hook(world, receiver)
        receiver.fail("500", "ok", "500")
        opened(world)
        opened(world, "Another")
        opened(world, "A third")
        run_until(at, at.at + timedelta(minutes=2))
        assert [state for _, state in states(row)] == ["sent", "sent", "sent"]
        assert fresh(row).failing_since is None

    def test_a_dead_receiver_is_asked_for_one_thing_at_a_time(
        self, world: World, receiver: Carrier, at: clock.FrozenClock
    ) -> None:
        hook(world, receiver)
        receiver.always = "500"
        for number in range(10):
            opened(world, f"Incident {number}")
        assert len(receiver.requests) == 1, "then it rests"
        run_until(at, at.at + timedelta(seconds=39))
        assert len(receiver.requests) == 2

    def test_a_webhook_has_one_row_of_the_due_queue(self, world: World, receiver: Carrier) -> None:
        hook(world, receiver)
        receiver.always = "500"
        for number in range(5):
            opened(world, f"Incident {number}")
        live = DueRow.objects.filter(kind=webhook_log.KIND, state__in=[DueRow.WAITING, DueRow.LEASED])
        assert live.count() == 1

    def test_a_new_event_is_not_held_up_by_one_that_waits_for_hours(
        self, world: World, receiver: Carrier, at: clock.FrozenClock
    ) -> None:
        row = hook(world, receiver)
        receiver.fail(*["500"] * 5)
        opened(world)
        run_until(at, at.at + timedelta(hours=1))
        opened(world, "Another")
        assert states(row) == [("opened", "waiting"), ("opened", "sent")]
        run_until(at, at.at + timedelta(hours=3))
        assert states(row) == [("opened", "sent"), ("opened", "sent")]

    @pytest.mark.parametrize("mode", ["429", "redirect", "404", "reset", "endless"])
    def test_whatever_is_no_2xx_is_tried_again(
        self, world: World, receiver: Carrier, at: clock.FrozenClock, mode: str
    ) -> None:
        """A70, A74: a redirect is not followed, an endless answer of a 2xx is cut and taken."""
        row = hook(world, receiver)
        receiver.fail(mode)
        opened(world)
        wanted = {"429": "4xx", "redirect": "3xx", "404": "4xx", "reset": "no answer", "endless": "2xx"}[mode]
        assert log_of(row)[0].attempts[0]["outcome"] == wanted
        at.move(seconds=10)
        drain()
        assert states(row) == [("opened", "sent")]
        assert {request.path for request in receiver.requests} == {"/hook"}

    def test_retry_after_is_kept(
        self, world: World, receiver: Carrier, at: clock.FrozenClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        row = hook(world, receiver)
        monkeypatch.setattr(webhook_sending, "retry_after", lambda headers: 600.0)
        receiver.fail("429")
        opened(world)
        waiting = log_of(row)[0]
        assert waiting.next_try_at == at.at + timedelta(minutes=10)
        run_until(at, at.at + timedelta(minutes=9))
        assert len(receiver.requests) == 1

    def test_a_receiver_that_hangs_is_left_in_time(
        self, world: World, receiver: Carrier, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A74: one attempt ends by a deadline, in a lane of its own and after every page."""
        row = hook(world, receiver)
        monkeypatch.setattr(webhook_sending, "DEADLINE", 1.2)
        receiver.fail("hang")
        with stopwatch() as took:
            opened(world)
        assert took[0] < 5
        assert [(each["outcome"], each["took"]) for each in log_of(row)[0].attempts] == [("no answer", "1 to 3 s")]
        queued = DueRow.objects.filter(kind=webhook_log.KIND)
        assert set(queued.values_list("lane", "priority")) == {("webhooks", due.Priority.SUBSCRIBER)}

    def test_a_name_that_leads_inside_by_now(self, world: World, receiver: Carrier, settings: Any) -> None:
        """A71: allowed when it was saved, refused at the connection."""
        row = hook(world, receiver)
        settings.OUTBOUND_ALLOW = []
        opened(world)
        assert receiver.requests == []
        assert log_of(row)[0].attempts[0]["outcome"] == "address not allowed"

    def test_what_a_receiver_answers_is_kept_nowhere(self, world: World, receiver: Carrier) -> None:
        """A75: status class and time bucket."""
        row = hook(world, receiver)
        receiver.fail("404")
        opened(world)
        kept = json.dumps(list(WebhookDelivery.objects.filter(webhook=row).values()), default=str)
        assert "secret inner text" not in kept
        assert "404" not in json.dumps(log_of(row)[0].attempts)

    def test_killed_between_sending_and_marking(
        self, world: World, receiver: Carrier, at: clock.FrozenClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """F4: sent again with the same id, never lost."""
        row = hook(world, receiver)
        opened(world, drained=False)
        whole = webhook_sending._settle

        def die(*given: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(webhook_sending, "_settle", die)
        with pytest.raises(KeyboardInterrupt):
            drain()
        monkeypatch.setattr(webhook_sending, "_settle", whole)
        assert states(row) == [("opened", "waiting")]
        at.move(seconds=30)  # the lease ends
        drain()
        first, second = receiver.requests
        assert first.headers["watchbill-event-id"] == second.headers["watchbill-event-id"]
        assert states(row) == [("opened", "sent")]

    def test_a_worker_that_lost_its_lease_sends_nothing(self, world: World, receiver: Carrier) -> None:
        hook(world, receiver)
        opened(world, drained=False)
        while not DueRow.objects.filter(kind=webhook_log.KIND).exists():
            [item] = claim(1)
            worker.do(item, strict=True)
        [item] = claim(1, kinds=[webhook_log.KIND])
        DueRow.objects.filter(pk=item.id).update(lease_owner="another")
        worker.do(item)
        assert receiver.requests == []


class TestPaused:
    def test_gone_pauses_at_once_and_visibly(self, world: World, receiver: Carrier) -> None:
        row = hook(world, receiver)
        receiver.always = "410"
        opened(world)
        opened(world, "Another")
        assert len(receiver.requests) == 1
        stored = fresh(row)
        assert (stored.state, stored.paused_by_itself) == ("paused", True)
        assert "410" in stored.paused_reason
        assert [state for _, state in states(row)] == ["waiting", "waiting"], "nothing is lost"
        [mail] = Delivery.objects.filter(purpose="notice")
        assert mail.user == world.ana, "who made it manages the team as well: one mail"
        assert any("Chat bridge is paused" in each["sentence"] for each in report()["warnings"])
        entry = AuditEntry.objects.filter(verb="webhook.pause").get()
        assert (entry.actor, entry.thing) == ("system", f"webhook:{row.pk}")

    def test_the_administrators_hear_of_it_where_its_maker_has_left(self, world: World, receiver: Carrier) -> None:
        row = hook(world, receiver, team=None, by=world.pat)
        builders.method(world.ada)
        User.objects.filter(pk=world.pat.pk).update(is_active=False)
        assert webhook_sending.owners_of(row) == [world.ada]

    def test_twenty_events_that_failed_for_an_hour(
        self, world: World, receiver: Carrier, at: clock.FrozenClock
    ) -> None:
        row = hook(world, receiver)
        receiver.always = "500"
        for number in range(25):
            opened(world, f"Incident {number}")
        run_until(at, at.at + timedelta(minutes=59))
        assert fresh_state(row) == "active", "a short outage in a storm pauses nothing"
        run_until(at, at.at + timedelta(minutes=65))
        assert fresh_state(row) == "paused"
        asked = len(receiver.requests)
        assert asked < 40
        run_until(at, at.at + timedelta(days=2))
        assert len(receiver.requests) == asked
        assert {state for _, state in states(row)} == {"waiting"}

    def test_resumed_it_sends_what_waited(self, world: World, receiver: Carrier, at: clock.FrozenClock) -> None:
        row = hook(world, receiver)
        webhooks.pause(builders.acts(world.ana), row)
        incident = opened(world)
        acknowledge(world, incident)
        run_until(at, at.at + timedelta(days=2))
        assert receiver.requests == []
        webhooks.resume(builders.acts(world.ana), row)
        drain()
        assert told(receiver)[:2] == ["opened", "acknowledged"]

    def test_or_leaves_it_out(self, world: World, receiver: Carrier) -> None:
        row = hook(world, receiver)
        webhooks.pause(builders.acts(world.ana), row)
        incident = opened(world)
        webhooks.resume(builders.acts(world.ana), row, send_waiting=False)
        acknowledge(world, incident)
        drain()
        assert told(receiver) == ["acknowledged"]
        assert states(row) == [("opened", "skipped"), ("acknowledged", "sent")]

    def test_paused_while_a_worker_holds_its_row(self, world: World, receiver: Carrier) -> None:
        row = hook(world, receiver)
        opened(world, drained=False)
        while not DueRow.objects.filter(kind=webhook_log.KIND).exists():
            [item] = claim(1)
            worker.do(item, strict=True)
        [item] = claim(1, kinds=[webhook_log.KIND])
        webhooks.pause(builders.acts(world.ana), row)
        worker.do(item, strict=True)
        assert receiver.requests == []
        webhooks.resume(builders.acts(world.ana), row)
        drain()
        assert told(receiver) == ["opened"]

    def test_a_test_is_sent_though_it_is_paused(self, world: World, receiver: Carrier) -> None:
        """A75: the log tells the class and the time, and a test that fails counts for nothing."""
        row = hook(world, receiver)
        webhooks.pause(builders.acts(world.ana), row)
        opened(world)
        receiver.fail("500")
        for _ in range(2):
            webhook_log.ping(builders.acts(world.ana), row)
            drain()
        assert told(receiver) == ["ping", "ping"]
        assert receiver.requests[0].json["webhook"] == {"id": row.pk, "name": "Chat bridge"}
        assert states(row) == [("opened", "waiting"), ("ping", "failed"), ("ping", "sent")]
        assert fresh(row).failures == 0


class TestReplay:
    def test_one_event_again_with_its_own_id(self, world: World, receiver: Carrier, at: clock.FrozenClock) -> None:
        row = hook(world, receiver)
        opened(world)
        [event] = log_of(row)
        at.move(minutes=1)
        for _ in range(2):  # asked for twice before the worker comes: sent once
            webhook_log.replay(builders.acts(world.ana), event)
        drain()
        first, second = receiver.requests
        assert first.body == second.body
        assert first.headers["watchbill-event-id"] == second.headers["watchbill-event-id"] == str(event.event)
        assert first.headers["watchbill-signature"] != second.headers["watchbill-signature"]

    def test_everything_that_was_not_taken(self, world: World, receiver: Carrier, at: clock.FrozenClock) -> None:
        row, ana = hook(world, receiver), builders.acts(world.ana)
        for title in ("One", "Two", "Three"):
            opened(world, title)
            at.move(hours=1)
        rows = WebhookDelivery.objects.filter(webhook=row)
        rows.update(state="failed", next_try_at=None)
        receiver.requests.clear()
        since = at.at - timedelta(hours=2, minutes=30)
        assert webhook_log.replay_failed(ana, row, since=since) == 2
        assert webhook_log.replay_failed(ana, row, since=since) == 0, "what waits is not asked for again"
        drain()
        assert [request.json["incident"]["title"] for request in receiver.requests] == ["Two", "Three"]
        assert [state for _, state in states(row)] == ["failed", "sent", "sent"]


def json_at(attempt: dict[str, str]) -> Any:
    return datetime.fromisoformat(attempt["at"])


def test_the_log_is_kept_for_thirty_days(world: World, receiver: Carrier, at: clock.FrozenClock) -> None:
    row = hook(world, receiver)
    opened(world)
    at.move(days=29)
    opened(world, "Another")
    at.move(days=2)
    assert webhook_log.prune() == 1
    assert len(log_of(row)) == 1


def test_people_on_a_private_incident_see_its_events(world: World, receiver: Carrier) -> None:
    """S34: its log lines are nobody else's, not even those of the team's manager."""
    row = hook(world, receiver)
    incident = opened(world)
    Incident.objects.filter(pk=incident.pk).update(visibility="private")
    ana = builders.acts(world.ana)
    assert deliveries_of(ana, row).count() == 0
    Participant.objects.create(incident=incident, user=world.ana)
    assert deliveries_of(ana, row).count() == 1
