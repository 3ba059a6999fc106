"""`manage.py config`: what cannot be is refused at its place in the file, all of it at one look."""

from __future__ import annotations

import re
from typing import Any

import pytest

from accounts.models import Team
from core.config import reading
from core.config.reading import Refused
from tests.portal.configs import refused, said
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("sections", "sentence"),
    [
        (
            {"services": [{"name": "X", "team": "Payments", "policy": "Nobody"}]},
            "services[0].policy: there is no policy “Nobody”.",
        ),
        ({"services": [{"name": "X", "team": "Nowhere"}]}, "services[0].team: there is no team “Nowhere”."),
        (
            {"services": [{"name": "X", "team": "Payments", "colour": 1}]},
            "services[0].colour: is not known here;",
        ),
        ({"services": [{"name": "X"}]}, "services[0]: “team” is missing."),
        (
            {"services": [{"name": 7, "team": "Payments"}]},
            "services[0].name: must be a text; put it in quotes.",
        ),
        (
            {"services": [{"name": "X", "team": "Payments", "ack_timeout_minutes": 99999}]},
            "ack_timeout_minutes: Must be a whole number from 1",
        ),
        (
            {"services": [{"name": "X", "team": "Payments", "needs": ["Checkout", "Y"]}]},
            "services[0].needs[1]: there is no service “Y” in use.",
        ),
        ({"services": {"name": "X"}}, "services: must be a list."),
        ({"servcies": []}, "servcies: is no section; there are schema, organisation, people"),
        ({"schema": 2}, "schema: must be 1"),
        ({"people": [{"email": "a b", "name": "A"}]}, "people[0].email: Enter one address"),
        (
            {"people": [{"email": "x@example.org", "name": "X", "role": "king"}]},
            "people[0].role: must be one of stakeholder",
        ),
        (
            {"teams": [{"name": "T", "members": ["zoe@example.org"]}]},
            "teams[0].members[0]: there is nobody with the address “zoe@example.org”.",
        ),
        ({"teams": [{"name": "T", "members": ["sam@example.org"]}]}, "teams[0].user"),
        (
            {
                "policies": [
                    {"name": "P", "team": "Payments", "levels": [{"people": ["bo@example.org"], "schedules": ["Q"]}]}
                ]
            },
            "policies[0].levels[0].schedules[0]: there is no schedule “Q”.",
        ),
        (
            {"policies": [{"name": "P", "team": "Payments", "levels": []}]},
            "policies[0].levels: A policy needs from 1 to 20 levels.",
        ),
        (
            {"policies": [{"name": "P", "team": "Payments", "levels": [{"people": ["eve@example.org"]}]}]},
            "Nobody on this policy can be reached",
        ),
        ({"priorities": [{"rank": 6, "name": "P6"}]}, "priorities[0].rank: must be from 1 to 5."),
        (
            {"event_rules": [{"name": "R", "field": "summary", "operator": "matches", "value": "(", "priority": 1}]},
            "This pattern cannot be used",
        ),
        (
            {"event_rules": [{"name": "R", "field": "colour", "value": "x", "priority": 1}]},
            "event_rules[0].field: Must be one of",
        ),
        (
            {"grouping": [{"service": "Checkout", "mode": "fields"}]},
            "grouping[0].fields: Name 1 to 10 fields.",
        ),
        (
            {"integration_keys": [{"service": "Checkout", "kind": "fax"}]},
            "integration_keys[0].kind: Is not a known kind of tool.",
        ),
        (
            {"heartbeats": [{"service": "Checkout", "name": "b", "interval_seconds": 1}]},
            "heartbeats[0].interval_seconds",
        ),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(world: World, sections: dict[str, Any], sentence: str) -> None:
    findings = [re.sub(r" \(line \d+\)", "", finding) for finding in refused(said(**sections))]
    assert any(sentence in finding for finding in findings), findings


def test_one_look_finds_all_that_is_wrong_and_nothing_is_half_done(world: World) -> None:
    read = said(
        teams=[{"name": "New"}],
        services=[
            {"name": "A", "team": "New", "policy": "X"},
            {"name": "B", "team": "Y"},
            {"name": "C", "team": "New"},
        ],
    )
    assert [finding.split(" ")[0] for finding in refused(read)] == ["services[0].policy", "services[1].team"]
    assert not Team.objects.filter(name="New").exists()


def test_services_that_need_each_other_in_a_circle_are_refused(world: World) -> None:
    """A83, with the path of the circle and the place in the file."""
    read = said(
        services=[
            {"name": "A", "team": "Payments", "needs": ["B"]},
            {"name": "B", "team": "Payments", "needs": ["Checkout"]},
            {"name": "Checkout", "team": "Payments", "needs": ["A"]},
        ]
    )
    [finding] = refused(read)
    assert finding.startswith("services[2].needs (line ")
    assert "Services cannot need each other in a circle" in finding


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("schema: 1\nteams: &a []\nservices: *a\n", "line 2: anchors and aliases"),
        ("schema: 1\nteams: [&a [x, x], [*a, *a]]\n", "line 2: anchors and aliases"),
        ("schema: 1\nteams: !!python/object/apply:os.system [ls]\n", "line 2: tags cannot be used"),
        ("schema: 1\nteams: []\nteams: []\n", "line 3: “teams” stands there twice"),
        ("schema: 1\nteams:\n  - name: a\n    name: b\n", "line 4: “name” stands there twice"),
        ("schema: 1\nteams: " + "[" * 3000, "nested too deeply"),
        ("schema: 1\nteams: [" + "a, " * 600 + "]", "line 2: the file is nested too deeply or holds too much"),
        ("schema: 1\n1: x\n", "line 2: a key must be a text"),
        ("schema: 1\n? [a]\n: x\n", "line 2: a key must be a text"),
        ("schema: 1\nx: 2026-01-01\n", "line 2: “2026-01-01” would be read as a timestamp"),
        ("schema: 1\nx: 1.5\n", "line 2: “1.5” would be read as a float"),
        ("schema: 1\nx: 9:30:00\n", "line 2: “9:30:00” is no plain whole number"),
        ("schema: 1\nx: " + "9" * 5000 + "\n", "is no plain whole number"),
        ("schema: 1\n<<: {a: b}\n", "line 2: a key must be a text"),
        ("- a\n", "line 1: the file must be a mapping"),
        ("", "line 1: the file must be a mapping"),
        ("a: [b\n", "line 2: "),
        ("schema: 1\n---\nschema: 1\n", "line 2: "),
        ("schema: 1\nx: \x07\n", "The file is not YAML"),
    ],
)
def test_traps_of_yaml_are_refused_with_their_line(text: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST", 500)
    with pytest.raises(Refused) as error:
        reading.read(text.encode())
    assert sentence in error.value.findings[0]


def test_a_file_that_is_too_large_or_no_text_is_refused() -> None:
    with pytest.raises(Refused, match="larger than 2 MB"):
        reading.read(b"x" * (reading.LARGEST + 1))
    with pytest.raises(Refused, match="line 2: the file is not UTF-8"):
        reading.read(b"schema: 1\nname: \xff\n")
