"""`manage.py config`: a file goes there and back, says what it would do, and does it by the commands or not at all."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.actors import system
from accounts.commands import organisation as organisations
from accounts.models import Membership, Organisation, Team, User
from core.config import applying, plan, reading
from core.config.reading import Refused
from core.models import AuditEntry
from incidents.commands import config as rules
from incidents.models import EventRule, GroupingRule, Priority
from integrations.commands import heartbeats, keys, webhooks
from integrations.kinds import USUAL_KINDS
from integrations.models import Heartbeat, IntegrationKey, OutboundWebhook, OwnService
from notifications.models import ContactMethod
from oncall.commands import services
from oncall.models import EscalationPolicy, NotificationRule, Schedule, Service, ServiceDependency
from tests import world as w
from tests.core.processes import rolled_back
from tests.world import World

pytestmark = pytest.mark.django_db
EMPTIED = (
    *(
        OutboundWebhook,
        OwnService,
        Heartbeat,
        IntegrationKey,
        GroupingRule,
        EventRule,
        ServiceDependency,
        Service,
        EscalationPolicy,
    ),
    *(Schedule, NotificationRule, ContactMethod, Membership, Team, User, Organisation),
)


def empty() -> None:
    """A portal that has just been migrated: nobody is there, and the priorities are as they come."""
    for model in EMPTIED:
        model.objects.all().delete()
    for rank in range(1, 6):
        w.priority(rank)  # a test that had the tables emptied may have come before
        Priority.objects.filter(rank=rank).update(name=f"P{rank}", major=False, urgency="high")
    Priority.objects.update(definition="", ack_timeout_minutes=None, pages=True)


def values(content: bytes) -> dict[str, Any]:
    """The file as another program reads it."""
    found: dict[str, Any] = yaml.safe_load(content)
    return found


def said(**sections: Any) -> reading.Read:
    """A file of these sections."""
    text = yaml.safe_dump({"schema": 1, **sections}, allow_unicode=True, sort_keys=False)
    return reading.read(text.encode())


def change(content: bytes, work: Callable[[dict[str, Any]], None]) -> reading.Read:
    """The file after somebody has worked on it."""
    found = values(content)
    work(found)
    return reading.read(yaml.safe_dump(found, allow_unicode=True, sort_keys=False).encode())


def bring(read: reading.Read, **wishes: bool) -> list[str]:
    """Apply a file as the operator; the first lines of its changes."""
    done = applying.apply(system("config apply"), read, **wishes)
    return [f"{each.sign} {each.noun.name}: {each.label}" for each in done.plan.changes]


def refused(read: reading.Read, **wishes: bool) -> list[str]:
    """What is refused, by the plan and by applying alike; nothing has changed afterwards."""
    before = plan.export()
    with pytest.raises(Refused) as planned:
        applying.rehearse(system("config apply"), read, **wishes)
    with pytest.raises(Refused) as applied:
        applying.apply(system("config apply"), read, **wishes)
    assert planned.value.findings == applied.value.findings
    assert plan.export() == before
    return applied.value.findings


@pytest.fixture
def set_up(world: World) -> World:
    """The world with one of everything that can be set up."""
    actor = system()
    organisations.edit_organisation(actor, name="Northwind ☂", time_zone="Europe/Berlin")
    turns = w.schedule("Search turns", world.search, world.di, world.bo, time_zone="America/New_York")
    second = w.policy("Search on call", world.search, [turns, world.di], [world.bo], repeats=1)
    search = w.service("search", world.search, policy=second, description="Finds things:\n- fast\n- “well”\n")
    w.service("Bare", world.payments, customer_facing=True, ack_timeout_minutes=45)
    services.edit(actor, world.checkout, needs=[search.pk])
    rules.edit_priority(actor, Priority.objects.get(rank=2), name="No", definition="yes", ack_timeout_minutes=17)
    for value in ("disk", "cpu"):
        rules.create_rule(actor, service=search, name="Twice", field="summary", value=value, priority=w.priority(4))
    rules.create_rule(actor, service=None, name="07:30", field="details.job", operator="exists", informational=True)
    rules.set_grouping(actor, search, mode="fields", fields=["component", "details.zone"])
    keys.issue(actor, search, kind="generic", name="null", paths={"summary": "alert.text", "informational": True})
    keys.issue(actor, search)
    keys.issue(actor, search)
    row, _ = heartbeats.create(actor, search, name="backup", interval_seconds=3600)
    heartbeats.pause(actor, row)
    shown, _ = webhooks.create(
        actor, world.search, name="Chat", url="https://hooks.example.org/x", kinds=USUAL_KINDS[:2], services=[search]
    )
    webhooks.pause(actor, shown)
    OwnService.objects.create(pk=1, service=w.service("Watchbill", world.payments))
    return world


def test_export_apply_on_an_empty_database_and_export_give_the_same_bytes(set_up: World) -> None:
    first = plan.export()
    empty()
    bring(reading.read(first))
    assert plan.export() == first
    assert applying.rehearse(system(), reading.read(first)).changes == []
    assert OwnService.objects.get().service.name == "Watchbill"
    assert [user.has_usable_password() for user in User.objects.all()] == [False] * 8
    assert ContactMethod.objects.get(user__email="bo@example.org").address == "bo@example.org"


def test_the_file_is_the_same_each_time_and_holds_no_secret(set_up: World) -> None:
    first = plan.export()
    assert plan.export() == first
    assert b"\r" not in first
    text = first.decode()
    for secret in [*IntegrationKey.objects.values_list("digest", flat=True), User.objects.all()[0].password, "argon2"]:
        assert secret not in text
    assert str(OutboundWebhook.objects.get().secret) not in text
    for key in IntegrationKey.objects.all():
        assert f" {key.prefix}" not in text


def test_another_program_reads_what_we_mean(set_up: World) -> None:
    """Names that look like numbers, times or truth are texts to every reader of YAML."""
    found = values(plan.export())
    assert found["priorities"][1]["name"] == "No"
    assert found["event_rules"][0]["name"] == "07:30"
    assert found["integration_keys"][2]["name"] == "null"
    assert found["services"][2]["description"] == "Finds things:\n- fast\n- “well”\n"
    assert list(found) == [
        *("schema", "organisation", "people", "teams", "schedules", "policies", "services", "priorities"),
        *("event_rules", "grouping", "integration_keys", "heartbeats", "webhooks", "own_alarms"),
    ]


names = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"], max_codepoint=0x1F600), min_size=1, max_size=12
)
unique = st.lists(names, min_size=1, max_size=4, unique_by=lambda name: name.casefold())
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """A file that the rules allow, with all sorts of texts."""
    mails = draw(st.lists(st.from_regex(r"[a-z0-9]{1,8}@ex\.org", fullmatch=True), min_size=1, max_size=4, unique=True))
    teams, turns, ladders, owned = (draw(unique) for _ in range(4))
    some = st.lists(st.sampled_from(mails), min_size=1, max_size=3, unique=True)
    return {
        "organisation": {"name": draw(names), "time_zone": draw(st.sampled_from(["UTC", "Asia/Tokyo"]))},
        "people": [{"email": each, "name": draw(names)} for each in mails],
        "teams": [{"name": each, "description": draw(texts), "members": draw(some)} for each in teams],
        "schedules": [
            {"name": each, "team": draw(st.sampled_from(teams)), "anchor": "2026-01-05T09:00", "members": draw(some)}
            for each in turns
        ],
        "policies": [
            {
                "name": each,
                "team": draw(st.sampled_from(teams)),
                "levels": [{"people": draw(some), "schedules": [draw(st.sampled_from(turns))]}],
            }
            for each in ladders
        ],
        "services": [
            {
                "name": each,
                "team": draw(st.sampled_from(teams)),
                "policy": draw(st.sampled_from([None, *ladders])),
                "description": draw(texts),
                "needs": draw(st.lists(st.sampled_from(owned[place + 1 :] or [each]), max_size=2, unique=True))
                if owned[place + 1 :]
                else [],
            }
            for place, each in enumerate(owned)
        ],
        "event_rules": [
            {
                "service": draw(st.sampled_from([None, *owned])),
                "name": draw(names),
                "field": "summary",
                "value": "x",
                "priority": 2,
            }
            for _ in range(draw(st.integers(0, 3)))
        ],
    }


CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
UNSHRUNK = [Phase.explicit, Phase.reuse, Phase.generate]  # to make a failure smaller takes minutes


@settings(max_examples=6, deadline=None, phases=UNSHRUNK, suppress_health_check=CHECKS)
@given(content=files())
def test_whatever_is_set_up_goes_there_and_back(content: dict[str, Any], db: None) -> None:
    there_and_back(content)


@pytest.mark.long
@settings(max_examples=100, deadline=None, suppress_health_check=CHECKS)
@given(content=files())
def test_a_hundred_set_ups_go_there_and_back(content: dict[str, Any], db: None) -> None:
    there_and_back(content)


def there_and_back(content: dict[str, Any]) -> None:
    """Set it up, export it, bring the export into an empty portal: the same bytes."""
    with rolled_back():
        empty()
        bring(said(**content))
        first = plan.export()
        assert bring(said(**content)) == []
        empty()
        bring(reading.read(first))
        assert plan.export() == first


def test_a_plan_says_what_differs_and_changes_nothing(set_up: World) -> None:
    def work(found: dict[str, Any]) -> None:
        found["services"][1].update(team="Search", quiet_resolve_seconds=5)
        found["policies"][0]["levels"][0]["timeout_minutes"] = 9
        found["teams"].append({"name": "Platform", "managers": ["ANA@example.org"]})

    before = plan.export()
    read = change(before, work)
    assert applying.rehearse(system(), read).lines() == [
        "+ teams: Platform",
        "    managers: [ANA@example.org]",
        "~ policies: Payments on call",
        "    levels[0].timeout_minutes: 5 -> 9",
        "~ services: Checkout",
        "    team: Payments -> Search",
        "    quiet_resolve_seconds: 60 -> 5",
    ]
    assert plan.export() == before
    assert bring(read) == ["+ teams: Platform", "~ policies: Payments on call", "~ services: Checkout"]
    assert bring(read) == [], "what stands needs nothing: the second time there is nothing to do"
    assert Service.objects.get(name="Checkout").team.name == "Search"


def test_each_change_is_in_the_audit_under_the_name_of_the_one_who_applied(set_up: World) -> None:
    bring(said(teams=[{"name": "Payments", "description": "Money"}]))
    entry = AuditEntry.objects.latest("pk")
    assert (entry.verb, entry.label, entry.before, entry.after) == (
        "team.edit",
        "config apply",
        {"description": ""},
        {"description": "Money"},
    )


def test_what_a_file_does_not_say_stays_as_it_is(set_up: World) -> None:
    bring(said(services=[{"name": "checkout", "team": "PAYMENTS", "urgency": "high"}]))
    service = Service.objects.get(name="checkout")
    assert service.policy == set_up.policy
    assert [each.needs.name for each in service.dependencies.all()] == ["search"]
    assert Service.objects.filter(archived_at=None).count() == 4


def test_only_prune_removes_and_never_beyond_the_sections_of_the_file(set_up: World) -> None:
    def work(found: dict[str, Any]) -> None:
        del found["services"][0]
        found["event_rules"] = found["event_rules"][:1]
        found["integration_keys"] = [each for each in found["integration_keys"] if each["kind"] == "generic"]
        del found["people"]
        del found["own_alarms"]

    read = change(plan.export(), work)
    quiet = applying.rehearse(system(), read)
    assert quiet.changes == []
    assert "services: Bare" in quiet.left
    assert bring(read, prune=True) == [
        "- services: Bare",
        "- event_rules: search / Twice",
        "- event_rules: search / Twice",
        "- integration_keys: search / events",
        "- integration_keys: search / events",
    ]
    assert Service.objects.get(name="Bare").archived_at is not None, "archived: its history stays"
    assert IntegrationKey.objects.filter(revoked_at=None).count() == 1
    assert User.objects.filter(is_active=True).count() == 8
    bring(change(plan.export(), lambda found: found["services"].insert(0, {"name": "bare", "team": "Search"})))
    assert Service.objects.get(name="bare").archived_at is None, "named again it comes back"


def test_people_who_are_pruned_are_shut_out_and_come_back_by_name(set_up: World) -> None:
    gone = change(plan.export(), lambda found: found["people"].pop(4))
    assert bring(gone, prune=True) == ["- people: di@example.org"]
    assert "di@example.org" not in plan.export().decode()


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


def test_a_need_can_be_turned_round(world: World) -> None:
    """On the way from A needs B to B needs A there is no circle."""
    pair = [{"name": "A", "team": "Payments", "needs": ["B"]}, {"name": "B", "team": "Payments", "needs": []}]
    bring(said(services=pair))
    pair[0]["needs"], pair[1]["needs"] = [], ["A"]
    assert bring(said(services=pair)) == ["~ services: A", "~ services: B"]
    assert [str(each) for each in ServiceDependency.objects.all()] == ["B needs A"]


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


def command(*words: str) -> tuple[int, str, str]:
    """Exit code, standard output and what was said beside it."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("config", *words, stdout=out, stderr=err)
    except CommandError as error:
        return 1, out.getvalue(), str(error)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., str]:
    """A maker of files of these sections."""

    def write(**sections: Any) -> str:
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump({"schema": 1, **sections}, sort_keys=False))
        return str(path)

    return write


def test_exit_codes_tell_a_script_what_a_plan_found(world: World, file: Callable[..., str]) -> None:
    path = file(teams=[{"name": "Platform"}])
    assert command("plan", path) == (2, "+ teams: Platform\n1 to make, 0 to change, 0 to remove.\n", _left(world))
    assert command("apply", path)[0] == 0
    assert command("plan", path)[:2] == (0, "Nothing to do.\n")
    assert command("apply", path)[:2] == (0, "Nothing to do.\n")
    assert command("plan", file(teams=[{"name": ""}])) == (1, "", "teams[0].name (line 3): A name is needed.")
    assert command("plan", "/nowhere/at/all")[0] == 1
    assert command("export")[1].encode() == plan.export()


def _left(world: World) -> str:
    return "Not in the file and left alone (2; --prune removes them):\n  teams: Payments\n  teams: Search\n"


def test_new_keys_are_shown_only_when_asked(world: World, file: Callable[..., str]) -> None:
    _, out, err = command("apply", file(integration_keys=[{"service": "Checkout", "name": "first"}]))
    assert out == "+ integration_keys: Checkout / events / first\n1 to make, 0 to change, 0 to remove.\n"
    assert "1 keys were made and their texts not shown" in err
    both = [{"service": "Checkout", "name": name} for name in ("first", "second")]
    _, out, err = command("apply", file(integration_keys=both), "--show-new-keys")
    shown = out.splitlines()[-1]
    assert shown.startswith("integration_keys: Checkout / events / second: ")
    assert len(shown.rpartition(" ")[2]) == 32
    assert err == ""


def test_somebody_applies_with_his_or_her_own_rights(world: World, file: Callable[..., str]) -> None:
    """Ana manages Payments: its services are hers, those of Search and the priorities are not (A58)."""
    mine = file(services=[{"name": "Checkout", "team": "Payments", "urgency": "low"}])
    assert command("apply", mine, "--as", "ana@example.org")[0] == 0
    assert AuditEntry.objects.latest("pk").label == "Ana Lima (config apply)"
    code, _, err = command("apply", file(priorities=[{"rank": 1, "name": "Red"}]), "--as", "ana@example.org")
    assert (code, err) == (1, "priorities[0] (line 3): You may not change what the priorities mean.")
    code, _, err = command("apply", file(services=[{"name": "S", "team": "Search"}]), "--as", "ana@example.org")
    assert (code, err) == (1, "services[0] (line 3): You may not change services of this team.")
    assert (
        command("plan", mine, "--as", "nobody@example.org")[2]
        == "There is nobody with the address “nobody@example.org”."
    )


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_a_thing_once(world: World) -> None:
    read = said(teams=[{"name": "Platform", "members": ["bo@example.org"]}])
    done: list[int] = []

    def one() -> None:
        try:
            done.append(len(applying.apply(system(), read).plan.changes))
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 1]
    assert Team.objects.filter(name="Platform").count() == 1


def test_keys_with_a_successor_and_archived_services_are_not_part_of_it(set_up: World) -> None:
    actor = system()
    search = Service.objects.get(name="search")
    first = IntegrationKey.objects.get(kind="generic")
    keys.rotate(actor, first, grace=timedelta(hours=1))
    assert len(values(plan.export())["integration_keys"]) == 3
    with transaction.atomic():
        services.archive(actor, search)
    found = values(plan.export())
    assert found["integration_keys"] == found["heartbeats"] == found["grouping"] == []
    assert found["services"][1]["needs"] == []


def test_the_example_of_the_book_can_be_applied(db: None) -> None:
    empty()
    text = (Path(__file__).parents[2] / "docs/config.md").read_text(encoding="utf-8")
    example = text.partition("```yaml\n")[2].partition("```")[0]
    assert bring(reading.read(example.encode()))
    assert bring(reading.read(example.encode())) == []
    assert bring(reading.read(plan.export())) == []
