"""The doors for programs: verbs, audience, versions, hostile input (A57-A62, S18, S51, DET-06, TRI-02, TRI-06)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Membership, User
from core import clock
from core.errors import Invalid
from core.models import IdempotencyKey
from incidents.commands import config, timeline
from incidents.models import EventRule, Incident, Participant, Priority, TimelineEntry
from tests.incidents.conftest import Stage
from tests.world import acts, priority

Client = Callable[..., APIClient]
ROOT = "/api/v1/"


@pytest.fixture
def one(stage: Stage) -> Iterator[Stage]:
    """One triggered incident, INC-1."""
    stage.fire()
    return stage  # type: ignore[return-value]


def post(client: APIClient, path: str, body: Any = None, **extra: Any) -> Any:
    return client.post(ROOT + path, body or {}, format="json", **extra)


def test_det_02_declare(stage: Stage, api: Client) -> None:
    answer = post(api(stage.world.di), "incidents/", {"title": "Slow", "service": stage.service.pk})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["number"], body["status"], body["priority"]["name"]) == (1, "triggered", "P3")
    assert [each["name"] for each in body["assignees"]] == ["Bo Chen"]
    assert body["waiting"]["people"][0]["name"] == "Bo Chen"


def test_declaring_twice_with_one_key_makes_one(stage: Stage, api: Client) -> None:
    client = api(stage.world.di)
    for _ in range(2):
        answer = post(client, "incidents/", {"title": "x", "service": stage.service.pk}, HTTP_IDEMPOTENCY_KEY="k1")
        assert answer.json()["number"] == 1
    assert stage.count() == 1


@pytest.mark.parametrize("change", ["role", "teams", "scopes"])
def test_a_kept_answer_is_not_given_to_somebody_whose_rights_have_changed(
    stage: Stage, api: Client, change: str
) -> None:
    """A58: nor is it done again. Bo's answer shows what responders see."""
    bo, body = stage.world.bo, {"title": "Slow", "service": stage.service.pk}
    client = api(bo, "read", "write", "admin")
    assert post(client, "incidents/", body, HTTP_IDEMPOTENCY_KEY="k1").status_code == 201
    assert post(client, "incidents/", body, HTTP_IDEMPOTENCY_KEY="k1")["Idempotent-Replay"] == "true"
    if change == "role":
        User.objects.filter(pk=bo.pk).update(role="stakeholder")
    elif change == "teams":
        Membership.objects.filter(user=bo).delete()
    else:
        client = api(bo, "write")
    answer = post(client, "incidents/", body, HTTP_IDEMPOTENCY_KEY="k1")
    assert (answer.status_code, answer.json()["code"]) == (403, "rights_changed")
    assert stage.count() == 1


def test_a_kept_answer_about_what_has_become_private_is_not_given(stage: Stage, api: Client) -> None:
    """S34, A57: of the one declared, of one acted on, and of several at once."""
    di = api(stage.world.di)
    ways = (
        ("incidents/", {"title": "Slow", "service": stage.service.pk}),
        ("incidents/1/timeline/", {"text": "Payroll is gone"}),
        ("incidents/bulk/", {"verb": "acknowledge", "numbers": [1]}),
    )
    for path, body in ways:
        assert post(di, path, body, HTTP_IDEMPOTENCY_KEY=path).status_code in (200, 201), path
    Participant.objects.filter(user=stage.world.di).delete()
    Incident.objects.update(visibility="private", codename="Blue Heron")
    for path, body in ways:
        answer = post(di, path, body, HTTP_IDEMPOTENCY_KEY=path)
        assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such incident."), path


def test_s18_a_secret_that_was_removed_is_in_no_kept_answer(one: Stage, api: Client) -> None:
    """Not as it was first written, not as it was corrected; and nothing is written a second time."""
    bo = api(one.world.bo)
    path, body = "incidents/1/timeline/", {"text": "password is hunter2"}
    made = post(bo, path, body, HTTP_IDEMPOTENCY_KEY="k1").json()
    assert IdempotencyKey.objects.filter(body__text__icontains="hunter2").exists()
    entry = TimelineEntry.objects.get(pk=made["id"])
    timeline.edit(acts(one.world.bo), entry, text="password is hunter3")
    timeline.strike(acts(one.world.bo), entry, reason="A secret", redact=True)
    assert not IdempotencyKey.objects.filter(body__text__icontains="hunter2").exists()
    answer = post(bo, path, body, HTTP_IDEMPOTENCY_KEY="k1")
    assert (answer.status_code, answer["Idempotent-Replay"], answer.content) == (201, "true", b"")
    assert not TimelineEntry.objects.filter(text__contains="hunter").exists()


def test_a59_fields_that_are_not_ours_are_refused(stage: Stage, api: Client) -> None:
    for extra in ({"status": "closed"}, {"assignee": 1}, {"visibility": "private"}, {"number": 7}):
        body = {"title": "x", "service": stage.service.pk, **extra}
        assert post(api(stage.world.bo), "incidents/", body).status_code == 400
    assert stage.count() == 0


@pytest.mark.parametrize("title", ["", "a\0b", "\ud800", "x" * 256, 7, None, ["x"]])
def test_hostile_titles(stage: Stage, api: Client, title: object) -> None:
    import json

    client = api(stage.world.bo)
    raw = json.dumps({"title": title, "service": stage.service.pk})
    answer = client.post(ROOT + "incidents/", raw, content_type="application/json")
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) & {"title", "body"}


def test_the_way_of_an_incident(one: Stage, api: Client) -> None:
    bo = api(one.world.bo)
    steps = [
        ("acknowledge", {}, "acknowledged"),
        ("undo-acknowledge", {}, "triggered"),
        ("snooze", {"until": (clock.now() + timedelta(hours=1)).isoformat()}, "acknowledged"),
        ("escalate-now", {}, "triggered"),
        ("acknowledge", {}, "acknowledged"),
        ("identify", {"cause": "A full disk"}, "identified"),
        ("mitigate", {"text": "Moved away"}, "mitigated"),
        ("relapse", {"text": "It is back"}, "acknowledged"),
        ("resolve", {"resolution": "Grown", "code": "fixed"}, "resolved"),
        ("undo-resolve", {}, "acknowledged"),
        ("reassign", {"user": one.world.cy.pk, "reason": "Knows it"}, "triggered"),
        ("reassign", {"policy": one.world.policy.pk}, "triggered"),
        ("resolve", {}, "resolved"),
        ("reopen", {"reason": "Not yet"}, "acknowledged"),
        ("cancel", {"reason": "A test"}, "cancelled"),
    ]
    for verb, body, status in steps:
        answer = post(bo, f"incidents/1/{verb}/", body)
        assert (answer.status_code, answer.json().get("status")) == (200, status), (verb, answer.content)
    assert post(bo, "incidents/1/resolve/").json()["code"] == "illegal_move"


def test_closing(one: Stage, api: Client) -> None:
    post(api(one.world.bo), "incidents/1/resolve/")
    assert post(api(one.world.bo), "incidents/1/close/").status_code == 403
    assert post(api(one.world.ana), "incidents/1/close/").json()["status"] == "closed"


def test_s51_stale_versions_are_409_with_what_changed(one: Stage, api: Client) -> None:
    version = api(one.world.bo).get(ROOT + "incidents/1/").json()["version"]
    assert post(api(one.world.bo), "incidents/1/acknowledge/", {"version": version}).status_code == 200
    for extra in ({"body": {"version": version}}, {"HTTP_IF_MATCH": f'"{version}"'}):
        answer = post(api(one.world.cy), "incidents/1/resolve/", extra.pop("body", {}), **extra)
        assert (answer.status_code, answer.json()["code"]) == (409, "stale")
        assert "Bo Chen acknowledged it" in answer.json()["detail"]


def test_refusals_name_times_in_utc_whatever_the_zone_of_the_person(one: Stage, api: Client) -> None:
    """Programs read them: with a token, and from a browser's session."""
    one.world.cy.time_zone = "Europe/Berlin"
    one.world.cy.save()
    post(api(one.world.bo), "incidents/1/acknowledge/")
    session = APIClient()
    session.force_login(one.world.cy)
    for client in (api(one.world.cy), session):
        answer = post(client, "incidents/1/acknowledge/")
        assert (answer.status_code, answer.json()["detail"]) == (409, "Bo Chen acknowledged it at 09:00 UTC.")


def test_allowed_verbs_follow_state_and_rights(one: Stage, api: Client) -> None:
    def allowed(user: Any) -> set[str]:
        return set(api(user).get(ROOT + "incidents/1/").json()["allowed"])

    assert {"acknowledge", "resolve", "reassign", "escalate_now", "cancel", "snooze"} == allowed(one.world.bo)
    assert allowed(one.world.eve) == allowed(one.world.sam) == set()


def test_a57_roles_and_routes(one: Stage, api: Client) -> None:
    verbs = ["acknowledge", "resolve", "identify", "cancel", "escalate-now", "reopen", "close", "undo-acknowledge"]
    for verb in verbs:
        for outsider in (one.world.eve, one.world.di, one.world.sam):
            assert post(api(outsider), f"incidents/1/{verb}/").status_code == 403, verb
        assert post(api(), f"incidents/1/{verb}/").status_code == 401
        assert post(api(one.world.bo, "read"), f"incidents/1/{verb}/").status_code == 403
        assert post(api(one.world.bo), f"incidents/99/{verb}/").status_code == 404
    assert one.incident().status == "triggered"


def test_s34_private_incidents_are_404_for_others(one: Stage, api: Client) -> None:
    Incident.objects.update(visibility="private")
    for path in ("", "timeline/", "alerts/", "changes/"):
        for outsider in (one.world.cy, one.world.eve, one.world.ada, one.world.sam):
            assert api(outsider).get(f"{ROOT}incidents/1/{path}").status_code == 404
        assert api(one.world.bo).get(f"{ROOT}incidents/1/{path}").status_code == 200
    assert api(one.world.ada).get(ROOT + "incidents/").json()["results"] == []
    assert post(api(one.world.ada), "incidents/1/acknowledge/").status_code == 404
    assert len(api(one.world.bo).get(ROOT + "incidents/").json()["results"]) == 1


def test_s36_a_stakeholder_gets_the_summary(one: Stage, api: Client) -> None:
    body = api(one.world.sam).get(ROOT + "incidents/1/").json()
    assert (body["title"], body["waiting"], body["suspected_cause"]) == ("disk is bad", None, "")
    assert api(one.world.sam).get(ROOT + "incidents/1/alerts/").json()["results"] == []
    kinds = {each["kind"] for each in api(one.world.sam).get(ROOT + "incidents/1/timeline/").json()["results"]}
    assert kinds == {"opened"}


def test_lists_have_filters_pages_and_few_queries(
    stage: Stage, api: Client, django_assert_max_num_queries: Any
) -> None:
    client = api(stage.world.bo)
    for number in range(12):
        stage.fire(f"key {number}", severity="critical" if number % 2 else "warning")
    with django_assert_max_num_queries(8):
        first = client.get(ROOT + "incidents/?page_size=5").json()
    assert [each["number"] for each in first["results"]] == [12, 11, 10, 9, 8]
    second = client.get(first["next"]).json()
    assert [each["number"] for each in second["results"]] == [7, 6, 5, 4, 3]
    major = client.get(ROOT + "incidents/?major=true&status=triggered&priority=2").json()["results"]
    assert len(major) == 6
    assert client.get(ROOT + "incidents/?status=nothing").status_code == 400
    assert client.get(ROOT + "incidents/?status__in=x").status_code == 400


def test_tri_03_priority(one: Stage, api: Client) -> None:
    body = {"priority": priority(1).pk, "reason": "Everybody is hit"}
    assert post(api(one.world.eve), "incidents/1/priority/", body).json()["is_major"]
    assert post(api(one.world.eve), "incidents/1/priority/", {"priority": priority(4).pk}).status_code == 403
    assert post(api(one.world.sam), "incidents/1/priority/", body).status_code == 403
    assert post(api(one.world.bo), "incidents/1/priority/", {"priority": 999}).status_code == 404


def test_s18_timeline_entries_are_never_deleted(one: Stage, api: Client) -> None:
    bo = api(one.world.bo)
    made = post(bo, "incidents/1/timeline/", {"text": "Looking", "kind": "finding"}).json()
    path = f"{ROOT}incidents/1/timeline/{made['id']}/"
    assert bo.delete(path).status_code == 405
    assert bo.patch(path, {"text": "Looked"}, format="json").json()["text"] == "Looked"
    assert bo.get(path + "revisions/").json()[0]["text"] == "Looking"
    assert post(bo, f"incidents/1/timeline/{made['id']}/pin/", {"pinned": True}).json()["pinned"]
    assert post(api(one.world.cy), f"incidents/1/timeline/{made['id']}/strike/", {"reason": "x"}).status_code == 403
    assert post(bo, f"incidents/1/timeline/{made['id']}/strike/", {"reason": "x"}).json()["struck_reason"] == "x"
    seen = api(one.world.cy).get(f"{ROOT}incidents/1/timeline/?since={made['seq'] - 1}").json()["results"]
    assert seen[0]["text"] == ""
    later = (clock.now() + timedelta(hours=1)).isoformat()
    assert post(bo, "incidents/1/timeline/", {"text": "x", "occurred_at": later}).status_code == 400


def test_a58_an_entry_is_addressed_through_its_own_incident(one: Stage, api: Client) -> None:
    one.fire("other")
    made = post(api(one.world.bo), "incidents/1/timeline/", {"text": "Mine"}).json()
    path = f"{ROOT}incidents/2/timeline/{made['id']}/"
    assert api(one.world.bo).patch(path, {"text": "x"}, format="json").status_code == 404


def test_the_undo_data_stay_inside(one: Stage, api: Client) -> None:
    post(api(one.world.bo), "incidents/1/acknowledge/")
    entries = api(one.world.bo).get(ROOT + "incidents/1/timeline/").json()["results"]
    assert all("before" not in each["data"] for each in entries)


def test_milestones(one: Stage, api: Client) -> None:
    one.at.move(minutes=5)
    post(api(one.world.bo), "incidents/1/acknowledge/")
    body = {"kind": "acknowledged", "at": (clock.now() - timedelta(minutes=2)).isoformat(), "why": "By phone"}
    assert post(api(one.world.bo), "incidents/1/milestones/", body).json()["source"] == "edited"
    body["at"] = (clock.now() - timedelta(hours=2)).isoformat()
    assert post(api(one.world.bo), "incidents/1/milestones/", body).json()["code"] == "out_of_order"


def test_det_07_split(stage: Stage, api: Client) -> None:
    for key in "abc":
        stage.fire(key, tool_group="g")
    ids = [each["id"] for each in api(stage.world.bo).get(ROOT + "incidents/1/alerts/").json()["results"]]
    answer = post(api(stage.world.bo), "incidents/1/split/", {"alerts": ids[:2], "title": "The other one"})
    assert (answer.status_code, answer.json()["number"], answer.json()["alert_count"]) == (201, 2, 2)
    assert post(api(stage.world.eve), "incidents/1/split/", {"alerts": ids[2:]}).status_code == 403


def test_tri_02_a_process_owner_renames_a_priority(one: Stage, api: Client) -> None:
    pk = priority(3).pk
    path = f"{ROOT}priorities/{pk}/"
    assert api(one.world.ana).patch(path, {"name": "SEV-3"}, format="json").status_code == 403
    assert api(one.world.pat).patch(path, {"name": "SEV-3"}, format="json").json()["name"] == "SEV-3"
    assert api(one.world.bo).get(ROOT + "incidents/1/").json()["priority"]["name"] == "SEV-3"
    assert api(one.world.pat).patch(path, {"name": "P1"}, format="json").status_code == 400
    assert api(one.world.pat).patch(path, {"rank": 1}, format="json").status_code == 400
    assert Priority.objects.get(pk=pk).rank == 3
    for absurd in (-1, 10_081, 9_000_000_000):
        refused = api(one.world.pat).patch(path, {"ack_timeout_minutes": absurd}, format="json")
        assert (refused.status_code, list(refused.json()["fields"])) == (400, ["ack_timeout_minutes"])
        with pytest.raises(Invalid, match="10080 minutes"):  # the administration's form knows no bound of its own
            config.edit_priority(acts(one.world.pat), priority(3), ack_timeout_minutes=absurd)


def test_tri_06_managers_edit_their_own_services_rules(stage: Stage, api: Client) -> None:
    ana, bo, pat = api(stage.world.ana), api(stage.world.bo), api(stage.world.pat)
    body = {"service": stage.service.pk, "name": "Zone", "field": "details.zone", "operator": "exists"}
    body["priority"] = priority(1).pk
    assert post(bo, "event-rules/", body).status_code == 403
    made = post(ana, "event-rules/", body)
    assert made.status_code == 201
    general = {key: value for key, value in body.items() if key != "service"}
    assert post(ana, "event-rules/", general).status_code == 403
    assert post(pat, "event-rules/", general).status_code == 201
    path = f"{ROOT}event-rules/{made.json()['id']}/"
    assert ana.patch(path, {"service": 77}, format="json").status_code == 400
    assert ana.patch(path, {"enabled": False}, format="json").json()["version"] == 2
    assert ana.patch(path, {"enabled": True, "version": 1}, format="json").json()["code"] == "stale"
    assert bo.delete(path).status_code == 403
    assert ana.delete(path).status_code == 204
    assert EventRule.objects.count() == 1


def test_a80_a_pattern_that_cannot_be_used_is_refused(stage: Stage, api: Client) -> None:
    body = {"service": stage.service.pk, "name": "x", "field": "summary", "operator": "matches", "urgency": "low"}
    answer = post(api(stage.world.ana), "event-rules/", {**body, "value": "(?=x)"})
    assert answer.status_code == 400
    assert "pattern" in answer.json()["fields"]["value"][0]
    assert post(api(stage.world.ana), "event-rules/", {**body, "value": "(a+)+$"}).status_code == 201


def test_det_06_the_tester_names_rule_and_priority(stage: Stage, api: Client) -> None:
    rule = EventRule.objects.create(
        service=stage.service, name="Zone", field="details.zone", operator="equals", value="eu", priority=priority(1)
    )
    path = f"services/{stage.service.pk}/event-rules/try/"
    found = post(api(stage.world.bo), path, {"severity": "info", "details": {"zone": "EU"}}).json()
    assert (found["rule"], found["rule_name"], found["priority"]["name"]) == (rule.pk, "Zone", "P1")
    found = post(api(stage.world.bo), path, {"severity": "info"}).json()
    assert (found["rule"], found["priority"]["name"]) == (None, "P5")
    assert stage.count() == 0


def test_grouping(stage: Stage, api: Client) -> None:
    ana, path = api(stage.world.ana), f"{ROOT}services/{stage.service.pk}/grouping/"
    assert ana.get(path).json()["mode"] == "tool"
    body = {"mode": "fields", "by": ["component", "details.zone"], "window_minutes": 5}
    assert ana.put(path, body, format="json").json()["by"] == ["component", "details.zone"]
    assert api(stage.world.bo).put(path, body, format="json").status_code == 403
    for wrong in ({"mode": "fields"}, {"mode": "fields", "by": ["nothing"]}, {"mode": "window", "window_minutes": 0}):
        assert ana.put(path, wrong, format="json").status_code == 400


def test_tri_08_changes_near_an_incident_come_nearest_first(stage: Stage, api: Client) -> None:
    bo = api(stage.world.bo)
    for minutes in (300, 6, 90):
        at = (clock.now() - timedelta(minutes=minutes)).isoformat()
        body = {"service": stage.service.pk, "summary": f"{minutes} min", "started_at": at}
        assert post(bo, "changes/", body).status_code == 201
    stage.fire()
    near = bo.get(ROOT + "incidents/1/changes/").json()
    assert [each["change"]["summary"] for each in near] == ["6 min", "90 min", "300 min"]
    assert near[0]["seconds_before"] == 360
    assert post(api(stage.world.eve), "changes/", body).status_code == 403
    assert len(bo.get(f"{ROOT}services/{stage.service.pk}/changes/").json()["results"]) == 3
