"""`manage.py demo --play`: an incident goes by in about two minutes in the demo that runs, so that a page moves."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from accounts.actors import person
from accounts.models import User
from core import clock
from core.errors import Conflict
from incidents.commands import lifecycle, timeline
from incidents.commands.priority import set_priority
from incidents.models import Incident
from incidents.queries.priorities import priority_of_rank
from oncall.models import Page
from portal.demo.organisation import Organisation
from portal.demo.plays import fresh, opened_by, send, take
from portal.demo.stories import Plot

PLOT = Plot("search-api", "critical", "Search answers empty for 12% of queries", alerts=2)
PATIENCE = 20.0  # seconds that a running portal may take to open the incident

Wait = Callable[[float], None]


class NotRunning(Exception):
    """No worker has taken the event: the demo's portal is not running on this data directory."""


@dataclass
class Scene:
    """The incident that is played, who answers for it and who helps."""

    incident: Incident
    owner: User
    helpers: Sequence[User]


def play(made: Organisation, say: Callable[[str], None], wait: Wait = time.sleep) -> Incident:
    """Play it to the end and say each step; raises NotRunning when nobody opens the incident."""
    group = send(made, PLOT)
    incident = _opened(group, wait)
    say(f"Open /incidents/{incident.number}/ in the demo and watch.")  # its port may be of another shell
    wait(8)
    _paged(incident, wait)
    owner = take(incident, random.Random(incident.number))  # noqa: S311 (no secret)
    say(f"{owner.name} has accepted the page.")
    helpers = [each for each in made.colleagues(PLOT.service) if each.pk != owner.pk]
    for seconds, step in _steps(Scene(incident, owner, helpers)):
        wait(seconds)
        try:
            say(step())
        except Conflict as refused:  # whoever watches may move it too; the play goes on
            say(f"Left out: {refused.detail}")
    return fresh(incident)


def _opened(group: str, wait: Wait) -> Incident:
    until = clock.now() + timedelta(seconds=PATIENCE)
    while clock.now() < until:
        try:
            return opened_by(group)
        except RuntimeError:
            wait(0.3)
    raise NotRunning


def _paged(incident: Incident, wait: Wait) -> None:
    """Give the worker a moment where it has not asked anybody yet."""
    until = clock.now() + timedelta(seconds=PATIENCE)
    while clock.now() < until and not Page.objects.filter(subject=incident.subject).exists():
        wait(0.3)


def _steps(scene: Scene) -> Iterator[tuple[float, Callable[[], str]]]:
    """Seconds to wait, then what happens; each says what it did."""
    owner, helper = scene.owner, scene.helpers[0]
    other = scene.helpers[-1]
    yield 7, lambda: _note(scene, owner, "Looking. Short queries work, long ones in German do not.")
    yield 9, lambda: _raise(scene)
    yield 8, lambda: _note(scene, helper, "The analyser of 2.9.0 drops compounds: “Winterjacke” finds nothing.")
    yield 6, lambda: _note(scene, other, "Conversion is down by a tenth since the deploy.")
    yield 7, lambda: _cause(scene)
    yield 8, lambda: _note(scene, helper, "Reverting to 2.8.2, first pod is out.")
    yield 9, lambda: _note(scene, other, "“Winterjacke” finds 214 products again on pod 1.")
    yield 9, lambda: _relief(scene)
    yield 12, lambda: _note(scene, owner, "All pods are on 2.8.2. Watching for ten minutes.")
    yield 10, lambda: _end(scene)


def _note(scene: Scene, author: User, text: str) -> str:
    timeline.note(person(author), fresh(scene.incident), text=text)
    return f"{author.name}: {text}"


def _raise(scene: Scene) -> str:
    set_priority(
        person(scene.owner), fresh(scene.incident), priority=priority_of_rank(1), reason="One in eight searches."
    )
    return f"{scene.owner.name} has raised it to P1."


def _cause(scene: Scene) -> str:
    lifecycle.identify(person(scene.owner), fresh(scene.incident), cause="The analyser of search-api 2.9.0.")
    return "The cause is known."


def _relief(scene: Scene) -> str:
    lifecycle.mitigate(person(scene.owner), fresh(scene.incident), text="Reverted to 2.8.2.")
    return "Shoppers find what they look for again."


def _end(scene: Scene) -> str:
    lifecycle.resolve(person(scene.owner), fresh(scene.incident), resolution="Reverted; a test for compounds is added.")
    return "Resolved."
