"""The demo's past: 120 days in which each incident was played through the real commands, in the order of time."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from accounts.actors import system
from core import audit, clock
from core.models import AuditEntry
from incidents.commands.changes import record_change
from incidents.models import Incident
from portal.demo.organisation import Organisation
from portal.demo.plays import incident_story, opened_by
from portal.demo.present import present
from portal.demo.stage import Stage, Story
from portal.demo.stories import DEPLOYS, NEWEST, PLOTS, VERSION, Plot

DAYS = 120
A_DAY = 0.85  # incidents a day
SEED = 20
TOLD = "demo.told"
Deploy = tuple[datetime, str, str]  # when, which service, what is said of it


def tell(made: Organisation, days: int = DAYS) -> Incident:
    """Play the past, then leave the present in the middle of its work; returns the incident that is worked on."""
    now = clock.now()
    dice = random.Random(SEED)  # noqa: S311 (the same past each time, no secret)
    with clock.frozen(now - timedelta(days=days)) as at:
        stage = Stage(at)
        deploys: list[Deploy] = []
        for begun, plot in _drawn(dice, now, days):
            stage.add(begun, incident_story(made, plot, dice))
            if plot.change:
                deploys.append((begun - timedelta(minutes=dice.randint(4, 40)), plot.service, plot.change))
        for at_time, service, summary in numbered([*deploys, *_deploys(dice, now, days)]):
            stage.add(at_time, _deploy(made, service, summary))
        main = present(made, stage, now, dice)
        stage.play(now)
    audit.write(system("Demo"), TOLD, "demo:1")
    return opened_by(main)


def is_told() -> bool:
    """Whether the past was played to its end."""
    return AuditEntry.objects.filter(verb=TOLD).exists()


def _drawn(dice: random.Random, now: datetime, days: int) -> list[tuple[datetime, Plot]]:
    """When what goes wrong: each plot before any comes again, more by day than by night, none in the last 8 hours."""
    found: list[tuple[datetime, Plot]] = []
    bag: list[Plot] = []
    for day in range(days, 0, -1):
        for _ in range(_how_many(dice)):
            bag = bag or dice.sample(PLOTS, len(PLOTS))
            hour = dice.choice((1, 3, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 21, 23))
            begun = now - timedelta(days=day) + timedelta(hours=hour, minutes=dice.randint(0, 59))
            if begun < now - timedelta(hours=8):
                found.append((begun, _varied(bag.pop(), dice)))
    return found


def _how_many(dice: random.Random) -> int:
    """How many incidents a day has: often none or one, now and then a bad day."""
    return dice.choices((0, 1, 2, 4), weights=(45, 33, 17, 5))[0]


def _varied(plot: Plot, dice: random.Random) -> Plot:
    figure = str(dice.choice((3, 4, 6, 7, 9, 12, 14)))

    def fill(text: str) -> str:
        return text.replace("{n}", figure)

    return replace(
        plot,
        title=fill(plot.title),
        notes=tuple(fill(note) for note in plot.notes),
        answer=plot.answer * dice.uniform(0.6, 1.7),
        length=plot.length * dice.uniform(0.7, 1.6),
    )


def _deploys(dice: random.Random, now: datetime, days: int) -> list[Deploy]:
    """Deploys that broke nothing, on working hours of every other day; two of the last hour."""
    found = [
        (now - timedelta(days=day, hours=dice.uniform(1, 8)), dice.choice(DEPLOYS), VERSION)
        for day in range(1, days, 2)
    ]
    recent = [(now - timedelta(minutes=51), "catalogue", VERSION), (now - timedelta(minutes=12), "basket", VERSION)]
    return [(at, service, f"{service} {what} deployed") for at, service, what in [*found, *recent]]


def numbered(deploys: Iterable[Deploy]) -> list[Deploy]:
    """The same with versions that rise from one to the next and end with the service's newest: three to a minor one."""
    later: Counter[str] = Counter()
    found = []
    for at, service, summary in sorted(deploys, reverse=True):
        if VERSION in summary:
            major, newest = NEWEST[service]
            minor, patch = divmod(newest - later[service], 3)
            later[service] += 1
            found.append((at, service, summary.replace(VERSION, f"{major}.{minor}.{patch}")))
        else:
            found.append((at, service, summary))
    return found


def _deploy(made: Organisation, service: str, summary: str) -> Story:
    record_change(system("Jenkins"), made.services[service], summary=summary, source="Jenkins", kind="deploy")
    yield from ()
