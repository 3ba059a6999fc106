"""How an incident of the demo goes: events come in, somebody is paged and answers, people write, it ends."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator
from datetime import datetime, timedelta

from accounts.actors import link_holder, person
from accounts.models import User
from core import clock
from incidents.commands import lifecycle, timeline
from incidents.commands.priority import set_priority
from incidents.kinds import Normalised
from incidents.models import Alert, Incident
from incidents.queries.priorities import priority_of_rank
from incidents.states import OPEN
from integrations.commands.inbound import Arrival, write_batch
from oncall.commands import pages
from oncall.models import Page
from oncall.states import OPEN_PAGES
from portal.demo.organisation import Organisation
from portal.demo.stage import Story
from portal.demo.stories import Plot

QUIET = timedelta(seconds=75)  # a little longer than services wait before a machine's end counts


def incident_story(made: Organisation, plot: Plot, dice: random.Random) -> Story:
    """From the first event to the end."""
    begun = clock.now()
    incident, responder = yield from taken_up(made, plot, dice)
    if plot.priority and fresh(incident).priority.rank != plot.priority:
        raised = priority_of_rank(plot.priority)
        set_priority(person(responder), fresh(incident), priority=raised, reason="Shoppers notice it.")
    yield from _worked_on(made, incident, plot, responder, dice, begun + timedelta(minutes=plot.length))
    if plot.by_tool:
        send(made, plot, action="resolve", group=group_of(plot, begun))
        yield clock.now() + QUIET
    if fresh(incident).status in OPEN:
        lifecycle.resolve(person(responder), fresh(incident), resolution=plot.resolution or "It went away by itself.")


def _worked_on(
    made: Organisation, incident: Incident, plot: Plot, responder: User, dice: random.Random, end: datetime
) -> Iterator[datetime]:
    """Notes of the responder and a colleague, the cause, the relief; the last step comes at `end`."""
    team = made.colleagues(plot.service)
    begun = clock.now()
    steps = len(plot.notes) + 2
    for number, note in enumerate(plot.notes, 1):
        yield begun + (end - begun) * (number / steps)
        author = responder if number % 2 else dice.choice(team)
        timeline.note(person(author), fresh(incident), text=note)
        if number == 2 and plot.cause:
            _kept(incident, dice)
            lifecycle.identify(person(responder), fresh(incident), cause=plot.cause)
    if plot.relief:
        yield begun + (end - begun) * ((steps - 1) / steps)
        _kept(incident, dice)
        lifecycle.mitigate(person(responder), fresh(incident), text=plot.relief)
    yield max(end, clock.now())


def _kept(incident: Incident, dice: random.Random) -> None:
    """An acknowledgement that has run out meanwhile is given again."""
    if fresh(incident).status == "triggered":
        take(incident, dice)


def send(made: Organisation, plot: Plot, *, action: str = "trigger", group: str = "") -> str:
    """What the monitoring tool posts, one alert per host; says the group under which the tool keeps them together."""
    service = made.services[plot.service]
    group = group or group_of(plot, clock.now())
    events = [
        Normalised(
            service_id=service.pk,
            action=action,
            key=f"{group}-{number}",
            summary=plot.title,
            severity=plot.severity,
            source=f"{service.name}-{number + 1}",
            tool="alertmanager",
            tool_group=group,
            details={"region": "eu-west", "job": service.name, **plot.details},
        )
        for number in range(plot.alerts)
    ]
    write_batch([Arrival(service.pk, "alertmanager", events, clock.now())])
    return group


def group_of(plot: Plot, begun: datetime) -> str:
    """How the tool names what began at that time."""
    return f"demo-{plot.service}-{begun:%Y%m%d%H%M%S}"


def opened_by(group: str) -> Incident:
    """The incident that the tool's group has opened; raises RuntimeError where there is none."""
    alert = Alert.objects.select_related("incident").filter(key=f"{group}-0").order_by("-pk").first()
    if alert is None or alert.incident is None:
        raise RuntimeError(f"the demo's event {group} opened no incident")
    return fresh(alert.incident)


def taken_up(made: Organisation, plot: Plot, dice: random.Random) -> Generator[datetime, None, tuple[Incident, User]]:
    """The events come, and after the plot's minutes somebody answers: the incident, and who has it."""
    group = send(made, plot)
    yield clock.now() + timedelta(minutes=plot.answer)
    incident = opened_by(group)
    return incident, (yield from _answered(incident, plot, dice))


def _answered(incident: Incident, plot: Plot, dice: random.Random) -> Generator[datetime, None, User]:
    """Whoever is paged accepts, after somebody declined if the plot says so; returns the person who has it."""
    page = _page_of(incident)
    if page is not None and plot.declined:
        pages.decline(link_holder(page.user), page, via="mail link", reason=plot.declined)
        yield clock.now() + timedelta(minutes=dice.uniform(1, 3))
    return take(incident, dice)


def take(incident: Incident, dice: random.Random) -> User:
    """Whoever was paged last accepts; where nobody is paged (P5) somebody of the team takes it from the page."""
    page = _page_of(incident)
    if page is not None:
        pages.accept(link_holder(page.user), page, via=dice.choice(("mail link", "web")))
        return page.user
    found: User = User.objects.filter(memberships__team=fresh(incident).service.team, role="responder").order_by("pk")[
        0
    ]
    if fresh(incident).status == "triggered":
        lifecycle.acknowledge(person(found), fresh(incident))
    return found


def _page_of(incident: Incident) -> Page | None:
    open_pages = Page.objects.select_related("user").filter(subject=incident.subject, state__in=OPEN_PAGES)
    return open_pages.order_by("-pk").first()


def fresh(incident: Incident) -> Incident:
    """The incident as it is now."""
    return Incident.objects.select_related("service__team", "priority").get(pk=incident.pk)
