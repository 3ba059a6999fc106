"""The demo's past: each incident is played through the real commands under a stopped clock, oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.actors import link_holder, person, system
from accounts.models import User
from core import clock, worker
from incidents.commands import lifecycle, timeline
from incidents.commands.changes import record_change
from incidents.commands.priority import set_priority
from incidents.kinds import Normalised
from incidents.models import Alert, Incident
from incidents.queries.priorities import priority_of_rank
from integrations.commands.inbound import Arrival, write_batch
from oncall.commands import pages
from oncall.models import Page
from oncall.states import OPEN_PAGES
from portal.demo.organisation import Organisation


@dataclass(frozen=True)
class Story:
    """One incident: when it began (days and hours ago), what was seen, what was said, how long each step took."""

    days: float
    service: str
    severity: str
    title: str
    notes: tuple[str, ...] = ()
    cause: str = ""
    resolution: str = ""
    answer_after: int = 2
    solved_after: int = 25
    alerts: int = 1


PAST: Sequence[Story] = (
    Story(13.6, "search-index", "error", "Search returns stale prices for 3% of queries",
          ("The index is an hour behind.", "Restarted the feeder, it catches up."), "A feeder lost its lease.",
          "Feeder restarted; the lag is back to 4 s.", 3, 52),
    Story(12.3, "postgres-main", "critical", "Replica lag above 60 seconds",
          ("Autovacuum on orders holds it back.",), "A long report ran on the replica.", "Report cancelled.", 1, 18),
    Story(11.8, "notifications", "warning", "Order mails wait longer than 5 minutes", (), "", "Queue drained.", 14, 40),
    Story(10.4, "checkout-api", "error", "Basket totals time out for large baskets",
          ("Only baskets above 80 lines.", "A cache was off after the deploy."), "Cache switched off by 4.16.0.",
          "Flag switched back on.", 2, 34, 3),
    Story(9.1, "message-queue", "error", "Dead letters above 500", ("Malformed currency codes.",), "",
          "Consumer fixed and replayed.", 5, 77),
    Story(7.9, "payments-gateway", "critical", "Acquirer answers slowly in the EU",
          ("They confirm trouble on their side.", "Traffic moved to the second acquirer."), "Trouble at the acquirer.",
          "They report recovery; traffic moved back.", 1, 96, 4),
    Story(6.2, "search-index", "warning", "Disk above 80% on search-3", (), "", "Old segments removed.", 22, 35),
    Story(5.5, "postgres-main", "error", "Connections above 90% of the limit",
          ("A worker leaks connections after its timeout.",), "Leak in the export worker.", "Worker restarted.", 2, 21),
    Story(3.7, "checkout-api", "critical", "Checkout errors above 2%",
          ("Began with 4.17.1.", "Reverting."), "A missing index.", "Reverted to 4.17.0.", 1, 29, 5),
    Story(2.2, "notifications", "error", "Text messages refused by the carrier", ("Credit was used up.",), "",
          "Topped up; alert on credit added.", 4, 44),
    Story(1.1, "payments-gateway", "error", "Refunds stuck in “authorising”", ("17 refunds, all from one batch.",),
          "", "Batch run again.", 3, 58),
)  # fmt: skip


def tell(made: Organisation) -> Incident:
    """Play the past, then leave one incident in mid-response and one waiting; returns the former."""
    now = clock.now()
    for story in PAST:
        _play(made, story, now - timedelta(days=story.days))
    return _present(made, now)


def _play(made: Organisation, story: Story, begun: datetime) -> None:
    """From the first event to the resolution."""
    with clock.frozen(begun) as at:
        incident = _open(made, story)
        at.move(minutes=story.answer_after)
        responder = _answer(incident)
        for note in story.notes:
            at.move(minutes=4)
            timeline.note(person(responder), _fresh(incident), text=note)
        if story.cause:
            at.move(minutes=3)
            lifecycle.identify(person(responder), _fresh(incident), cause=story.cause)
        at.set(begun + timedelta(minutes=story.solved_after))
        incident = lifecycle.resolve(person(responder), _fresh(incident), resolution=story.resolution)
        at.move(minutes=1)
        worker.drain()


def _present(made: Organisation, now: datetime) -> Incident:
    """A P1 in mid-response, and an alert of a minute ago that waits for an answer."""
    with clock.frozen(now - timedelta(minutes=34)) as at:
        checkout = made.services["checkout-api"]
        record_change(
            system("Demo"),
            checkout,
            summary="payments-gateway 4.18.0 deployed",
            source="Jenkins",
            kind="deploy",
            started_at=now - timedelta(minutes=43),
        )
        story = Story(0, "checkout-api", "critical", "Card payments fail at checkout in the EU", alerts=3)
        incident = _open(made, story)
        at.move(minutes=1, seconds=48)
        responder = _answer(incident)
        reason = "One in five card payments fails."
        set_priority(person(responder), _fresh(incident), priority=priority_of_rank(1), reason=reason)
        for minutes, name, text in (
            (4, "Jonas Lindqvist", "Authorisations fail for about 1 in 5 cards, only in the EU."),
            (5, "Mei Tanaka", "4.18.0 dropped keep-alive for the acquirer client. The pool runs dry."),
            (3, "Amara Okafor", "Reverting payments-gateway to 4.17.2."),
            (7, "Jonas Lindqvist", "Authorisation rate is 97.8% and rising."),
        ):
            at.move(minutes=minutes)
            timeline.note(person(made.people[name]), _fresh(incident), text=text)
        lifecycle.identify(person(responder), _fresh(incident), cause="Connections are not kept alive since 4.18.0.")
        worker.drain()
    with clock.frozen(now - timedelta(seconds=50)):
        _open(made, Story(0, "notifications", "error", "Order confirmations delayed by up to 20 minutes"))
    return _fresh(incident)


def _open(made: Organisation, story: Story) -> Incident:
    """Events come in and the worker does what is due: incident, escalation, mail."""
    service = made.services[story.service]
    events = [
        Normalised(
            service_id=service.pk,
            action="trigger",
            key=f"demo-{service.name}-{clock.now():%Y%m%d%H%M}-{number}",
            summary=story.title,
            severity=story.severity,
            source=f"{service.name}-{number + 1}",
            tool="alertmanager",
            tool_group=f"demo-{service.name}-{clock.now():%Y%m%d%H%M}",
            details={"region": "eu-west", "job": service.name},
        )
        for number in range(story.alerts)
    ]
    write_batch([Arrival(service.pk, "alertmanager", events, clock.now())])
    worker.drain()
    alert = Alert.objects.select_related("incident").filter(service=service).order_by("-pk").first()
    if alert is None or alert.incident is None:
        raise RuntimeError(f"the demo's event on {service.name} opened no incident")
    return alert.incident


def _answer(incident: Incident) -> User:
    """The first person who was paged accepts."""
    page = Page.objects.select_related("user").filter(subject=incident.subject, state__in=OPEN_PAGES).first()
    if page is None:
        raise RuntimeError(f"nobody was paged for {incident}")
    pages.accept(link_holder(page.user), page, via="mail link")
    return page.user


def _fresh(incident: Incident) -> Incident:
    return Incident.objects.select_related("service").get(pk=incident.pk)
