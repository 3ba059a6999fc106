"""Every read is asked by every kind of caller: it shows what the table says, and nothing private (A57, A62, S34)."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.actors import Actor
from core import figures
from core.errors import Forbidden, Missing
from incidents.models import Alert, Incident, Participant
from tests import world as builders
from tests.flows.security_commands import everybody
from tests.flows.security_doors import ROUNDS, one_of_each
from tests.flows.security_reads import Reads, parameters, reads, table, traces
from tests.flows.security_scene import Scene
from tests.flows.security_scene import scene as scene
from tests.flows.security_scene import scenes as scenes
from tests.flows.security_scene import world as world

pytestmark = pytest.mark.django_db
CALLERS = ("AN", "IK", "ST", "RE", "RX", "IN", "MG", "PO", "AD", "TR", "TW")
# What is to be left out of lists that know incidents by their key alone; no door shows it.
LEFT_OUT = {
    "incidents.queries.access.hidden_incidents",
    "oncall.queries.hidden.hidden_subjects",
    "oncall.queries.hidden.hidden_pages",
    "oncall.queries.hidden.hidden_notices",
}
ADDRESSED = {"pk", "number", "numbers", "text", "word", "key", "event"}  # arguments that somebody may type


def asked(given: Reads, read: str, actor: Actor) -> list[Any]:
    """What the actor is shown; a refusal shows nothing."""
    try:
        return given.call(read, actor)
    except (Forbidden, Missing):
        return []


def test_every_read_stands_in_the_table() -> None:
    """A67: a new read fails here until `reads.txt` says who is shown anything (docs/developers/security.md)."""
    assert set(reads()) - set(table()) == set(), "add these to tests/flows/reads.txt"
    assert set(table()) - set(reads()) == set(), "these are no reads any more: take them out of tests/flows/reads.txt"


@pytest.mark.parametrize("whole", ROUNDS)
def test_every_read_shows_what_the_table_says(scene: Scene, whole: bool) -> None:
    """A57, A62, S34: caller by caller; and nothing private, whether it is asked for the open things or the private.

    `make test` asks for one who may and one who may not, at the next read for the next two.
    """
    given, hidden, callers, wrong = Reads(scene, scene.ids), Reads(scene, scene.hidden), everybody(scene), []
    for number, (read, may) in enumerate(table().items()):
        for who in CALLERS if whole else one_of_each(CALLERS, set(may).__contains__, number):
            found = asked(given, read, callers[who])
            if bool(found) != (who in may):
                wrong.append(f"{read} as {who}: {'shows something' if found else 'shows nothing'}")
            if parameters(read) & ADDRESSED:
                found += asked(hidden, read, callers[who])
            if read not in LEFT_OUT:
                wrong += [f"{read} as {who} tells {each}" for each in traces(scene, found)]
    assert not wrong, "\n".join(wrong)


def test_the_people_of_a_private_incident_are_shown_it(scene: Scene) -> None:
    """S34: the counter-test, or the test above would prove nothing."""
    cy, given, hidden = builders.acts(scene.world.cy), Reads(scene, scene.ids), Reads(scene, scene.hidden)
    told = {read for read in reads() if traces(scene, [*asked(given, read, cy), *asked(hidden, read, cy)])}
    assert len(told - LEFT_OUT) > 20
    assert not told & LEFT_OUT


@pytest.mark.parametrize("who", ["ST", "RX", "AD"])
def test_one_more_private_incident_changes_no_answer(who: str, scene: Scene) -> None:
    """A62: lists, counts, tallies, health, pulses: nobody can tell from any of them that there is one more."""
    given, actor = Reads(scene, scene.ids), everybody(scene)[who]
    before = {read: repr(asked(given, read, actor)) for read in table() if read not in LEFT_OUT}
    given = Reads(scene, scene.ids)
    fresh = scene.private
    fresh.pk, fresh.number = None, 4
    fresh.save()
    Participant.objects.create(incident=fresh, user=scene.world.cy)
    Alert.objects.create(incident=fresh, service=fresh.service, key="fourth", severity="critical")
    said = scene.private.entries.order_by("pk")[0]
    said.pk, said.incident = None, fresh
    said.save()
    figures.forget("*")  # what was counted is kept for seconds
    assert Incident.objects.filter(visibility="private").count() == 2
    changed = [read for read, said in before.items() if repr(asked(given, read, actor)) != said]
    assert changed == []
