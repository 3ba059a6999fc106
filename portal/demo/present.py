"""The demo's present: a P1 in mid-response, a P2 that waits for an answer, and four others that go on."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from accounts.actors import person, system
from core import clock
from incidents.commands import describing, lifecycle, returning, timeline
from incidents.commands.changes import record_change
from incidents.commands.priority import set_priority
from incidents.models import TimelineEntry
from incidents.queries.priorities import priority_of_rank
from integrations.commands import webhooks
from integrations.kinds import USUAL_KINDS
from portal.demo.organisation import Organisation
from portal.demo.plays import fresh, group_of, send, taken_up
from portal.demo.stage import Stage, Story
from portal.demo.stories import Plot

CHECKOUT = Plot("checkout-api", "critical", "Card payments fail at checkout in the EU", answer=1.8, alerts=3)
IMPACT = "About 1 in 5 card payments fails for shoppers in the EU"
#: minutes after the step before, who, what he or she says
TALK = (
    (0.8, "Jonas Lindqvist", "Authorisations fail for about 1 in 5 cards, only in the EU."),
    (3, "Sofia Marchetti", "Acquirer says: all fine on their side, fewer calls than usual from us."),
    (3, "Mei Tanaka", "4.18.0 dropped keep-alive for the acquirer client. Every authorisation opens a new connection, "
                      "so the pool runs dry."),
    (4, "Amara Okafor", "Reverting payments-gateway to 4.17.2. Objections? None heard."),
    (3, "Jonas Lindqvist", "Revert is out on 4 of 6 pods."),
    (3, "Sofia Marchetti", "Support has 212 calls; the text for the hotline is up."),
    (4, "Jonas Lindqvist", "Authorisation rate is 97.8% and rising. Two of six EU pods still drain old connections."),
)  # fmt: skip


def present(made: Organisation, stage: Stage, now: datetime, dice: random.Random) -> str:
    """Put the stories of today on the stage; returns the group of the P1's alerts."""
    minute = timedelta(minutes=1)
    stage.add(now - 33 * 60 * minute, _asleep(made, dice, now + 80 * minute))
    stage.add(now - 28 * 60 * minute, _taken(made, dice))
    stage.add(now - 190 * minute, _found(made, dice))
    stage.add(now - 112 * minute, _eased(made, dice))
    begun = now - 34 * minute
    stage.add(now - 43 * minute, _deployed(made))
    stage.add(begun - minute, _bridged(made))
    stage.add(begun, _main(made, dice))
    stage.add(now - timedelta(seconds=50), _unanswered(made))
    return group_of(CHECKOUT, begun)


def _asleep(made: Organisation, dice: random.Random, until: datetime) -> Story:
    plot = Plot("reporting", "info", "Nightly report job exceeded its usual run time", answer=120)
    incident, owner = yield from taken_up(made, plot, dice)
    returning.snooze(person(owner), fresh(incident), until=until)


def _taken(made: Organisation, dice: random.Random) -> Story:
    plot = Plot("edge", "warning", "Certificate for partners.fernhill.example expires in 6 days", answer=11)
    incident, owner = yield from taken_up(made, plot, dice)
    yield clock.now() + timedelta(hours=1)
    timeline.note(person(owner), fresh(incident), text="Asked the partner for the new key; they answer by tomorrow.")


def _found(made: Organisation, dice: random.Random) -> Story:
    plot = Plot("warehouse-sync", "error", "Warehouse sync backlog above 15,000 jobs", answer=6)
    incident, owner = yield from taken_up(made, plot, dice)
    yield clock.now() + timedelta(minutes=25)
    cause = "Warehouse 3 sends each pallet as its own file since this morning."
    lifecycle.identify(person(owner), fresh(incident), cause=cause)
    yield clock.now() + timedelta(minutes=50)
    timeline.note(person(owner), fresh(incident), text="Two more importers started; 9,000 jobs are left.")


def _eased(made: Organisation, dice: random.Random) -> Story:
    plot = Plot("search-api", "critical", "Search returns stale prices for 3% of queries", alerts=2, answer=2)
    incident, owner = yield from taken_up(made, plot, dice)
    yield clock.now() + timedelta(minutes=15)
    timeline.note(person(owner), fresh(incident), text="One of the feeders is an hour behind.", kind="finding")
    yield clock.now() + timedelta(minutes=9)
    lifecycle.identify(person(owner), fresh(incident), cause="A feeder lost its lease and nobody noticed.")
    yield clock.now() + timedelta(minutes=31)
    lifecycle.mitigate(person(owner), fresh(incident), text="Prices come from the catalogue until the index is level.")


def _deployed(made: Organisation) -> Story:
    service = made.services["payments-gateway"]
    text = "payments-gateway 4.18.0 deployed"
    record_change(system("Jenkins"), service, summary=text, source="Jenkins", kind="deploy")
    yield from ()


def _bridged(made: Organisation) -> Story:
    """A webhook whose receiver is not there yet: paused from the start, so that the demo calls nobody."""
    actor, url = system("Demo"), "https://chat.fernhill.example/hooks/watchbill"
    row, _ = webhooks.create(actor, made.teams["Payments"], name="Chat bridge", url=url, kinds=USUAL_KINDS)
    webhooks.pause(actor, row)
    yield from ()


def _main(made: Organisation, dice: random.Random) -> Story:
    incident, responder = yield from taken_up(made, CHECKOUT, dice)
    reason = "One in five card payments fails."
    set_priority(person(responder), fresh(incident), priority=priority_of_rank(1), reason=reason)
    yield clock.now() + timedelta(minutes=1.2)
    describing.describe(person(responder), fresh(incident), customer_impact=IMPACT)
    written = []
    for minutes, name, text in TALK:
        yield clock.now() + timedelta(minutes=minutes)
        written.append(timeline.note(person(made.people[name]), fresh(incident), text=text))
        if "keep-alive" in text:
            cause = "Connections are not kept alive since payments-gateway 4.18.0."
            lifecycle.identify(person(responder), fresh(incident), cause=cause)
    _pinned(made, written)


def _pinned(made: Organisation, written: Sequence[TimelineEntry]) -> None:
    for entry in written[2:4]:
        timeline.pin(person(made.people["Amara Okafor"]), entry)


def _unanswered(made: Organisation) -> Story:
    send(made, Plot("notifications", "critical", "Order confirmations delayed by up to 20 minutes", alerts=2))
    yield from ()
