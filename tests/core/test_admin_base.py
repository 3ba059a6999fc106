"""The base of every page of the administration: forms, lists, deleting and history (A13, A59, A61, A65, A68)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts.models import Team
from core import audit, clock
from core.models import AuditEntry
from incidents.models import EventRule, GroupingRule, Priority
from oncall.commands import services
from oncall.models import EscalationPolicy, Service
from tests import world as builders
from tests.pages import text_of
from tests.world import World, acts

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]
SERVICE = {
    "name": "Checkout", "description": "Takes the money", "urgency": "high", "ack_timeout_minutes": "",
    "reopen_window_minutes": "30", "quiet_resolve_seconds": "60", "needs": "",
}  # fmt: skip


def given(world: World, **changes: Any) -> dict[str, Any]:
    """The form of the service Checkout as Pat sends it."""
    return {**SERVICE, "team": world.payments.pk, "policy": world.policy.pk, **changes}


def address(thing: Any, act: str = "change") -> str:
    """The page of a thing."""
    meta = type(thing)._meta
    return f"/admin/{meta.app_label}/{meta.model_name}/{thing.pk}/{act}/"


# --- forms ----------------------------------------------------------------------------------------
def test_a_commands_refusal_stands_beside_its_field_with_the_typed_text(world: World, browser: Browser) -> None:
    """Pat makes a loop of services: only the command can know; nothing is half done and nothing is lost (A83)."""
    builders.service("Ledger", world.payments)
    client = browser(world.pat)
    assert client.post(address(world.checkout), given(world, needs="Ledger")).status_code == 302
    ledger = Service.objects.get(name="Ledger")
    typed = given(world, name="Ledger", description="What I had typed", needs="Checkout", policy="")
    answer = client.post(address(ledger), typed)
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == ["needs"]
    assert "What I had typed" in text_of(answer)
    ledger.refresh_from_db()
    assert (ledger.description, ledger.dependencies.count()) == ("", 0)


def test_a_name_that_is_taken_is_said_beside_the_name(world: World, browser: Browser) -> None:
    builders.service("Ledger", world.payments)
    answer = browser(world.pat).post(address(world.checkout), given(world, name="LEDGER"))
    assert list(answer.context["adminform"].form.errors) == ["name"]
    assert "Constraint" not in text_of(answer)


def test_a_stale_form_is_refused_and_keeps_what_was_typed(world: World, browser: Browser) -> None:
    """A59: Ana has changed the service since Pat opened it."""
    client = browser(world.pat)
    opened = client.get(address(world.checkout)).context["adminform"].form.opened_version
    services.edit(acts(world.ana), world.checkout, description="Ana's words")
    typed = given(world, description="Pat's words", opened_version=opened)
    for _ in range(2):  # pressing the button again does not win either
        answer = client.post(address(world.checkout), typed)
        assert answer.status_code == 200
        page = text_of(answer)
        assert "Somebody has changed this since you opened it." in page
        assert "Pat&#x27;s words" in page
        typed["opened_version"] = answer.context["adminform"].form.opened_version
    assert Service.objects.get(pk=world.checkout.pk).description == "Ana's words"


def test_a_version_that_is_none_is_refused(world: World, browser: Browser) -> None:
    for wrong in ("x", "-1", "9" * 30):
        answer = browser(world.pat).post(address(world.checkout), given(world, opened_version=wrong))
        assert "This form is not whole." in text_of(answer)
    assert Service.objects.get(pk=world.checkout.pk).urgency == "priority"


def test_what_no_field_can_mend_is_a_page_of_its_own(world: World, browser: Browser) -> None:
    """A60: Ada tries to lower her own role."""
    own = {"name": "Ada Admin", "email": world.ada.email, "role": "responder", "time_zone": "UTC"}
    assert browser(world.ada).post(address(world.ada), own).status_code == 403


def test_an_event_rule_is_judged_by_the_command(world: World, browser: Browser) -> None:
    """A80: a pattern that takes for ever is refused beside its field."""
    rule = {"service": "", "name": "Slow", "position": 1, "field": "summary", "operator": "matches",
            "value": "(a", "priority": "", "urgency": "high", "enabled": "on"}  # fmt: skip
    answer = browser(world.pat).post("/admin/incidents/eventrule/add/", rule)
    assert answer.status_code == 200
    assert "value" in answer.context["adminform"].form.errors
    assert not EventRule.objects.exists()


# --- deleting -------------------------------------------------------------------------------------
def test_what_is_in_use_is_not_deleted_and_the_page_says_why(world: World, browser: Browser) -> None:
    client = browser(world.pat)
    assert "Payments on call" in text_of(client.get(address(world.policy, "delete")))
    answer = client.post(address(world.policy, "delete"), {"post": "yes"}, follow=True)
    assert "Still used by Checkout." in text_of(answer)
    assert EscalationPolicy.objects.filter(pk=world.policy.pk).exists()


def test_deleting_several_is_all_or_none_with_a_report(world: World, browser: Browser) -> None:
    """A61: Pat chooses an unused policy and one that Checkout uses."""
    spare = builders.policy("Spare", world.payments, [world.bo])
    chosen = {"action": "delete_selected", "_selected_action": [spare.pk, world.policy.pk], "post": "yes"}
    answer = browser(world.pat).post("/admin/oncall/escalationpolicy/", chosen, follow=True)
    assert "Nothing was changed. Payments on call: Still used by Checkout." in text_of(answer)
    assert EscalationPolicy.objects.filter(pk=spare.pk).exists()
    chosen["_selected_action"] = [spare.pk]
    browser(world.pat).post("/admin/oncall/escalationpolicy/", chosen)
    assert not EscalationPolicy.objects.filter(pk=spare.pk).exists()


def test_one_that_is_gone_stops_the_whole_act(world: World, browser: Browser) -> None:
    """A61: a number that is not there, or that Pat may not know of, is told and not passed over."""
    chosen = {"action": "archive", "_selected_action": [world.checkout.pk, 999_999]}
    answer = browser(world.pat).post("/admin/oncall/service/", chosen, follow=True)
    assert "not there any more, so nothing was changed" in text_of(answer)
    assert Service.objects.get(pk=world.checkout.pk).archived_at is None


def test_the_question_before_deleting_names_nothing_that_hangs_on_it(world: World, browser: Browser) -> None:
    """A68, S34: Django would list every related row, private ones as well."""
    spare = builders.policy("Spare", world.payments, [world.bo])
    page = text_of(browser(world.pat).get(address(spare, "delete")))
    assert "Spare" in page
    assert "Bo Chen" not in page
    assert "level 1" not in page


# --- lists ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "query",
    [
        "team__name__startswith=P",
        "policy__levels__targets__user__password__startswith=argon",
        "team__secret__startswith=x",
        "version=1",
        "description__contains=money",
        "team__id__in=1,2",
        "name__regex=.*",
    ],
)
def test_only_what_a_list_offers_filters_it(world: World, browser: Browser, query: str) -> None:
    """A13, A65: no other field of this row or of another answers, so that nothing can be guessed sign by sign."""
    assert browser(world.pat).get(f"/admin/oncall/service/?{query}").status_code == 400


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("accounts/user", "password__startswith=argon2"),
        ("accounts/apitoken", "digest__startswith=0"),
        ("integrations/integrationkey", "digest__startswith=0"),
        ("notifications/providerconfig", "callback_token__startswith=a"),
        ("notifications/delivery", "address__startswith=bo"),
        ("integrations/inboundevent", "body__contains=secret"),
    ],
)
def test_secrets_answer_no_filter(world: World, browser: Browser, path: str, query: str) -> None:
    """A13, A68: local fields neither, which Django lets anybody ask."""
    assert browser(world.ada).get(f"/admin/{path}/?{query}").status_code == 400


def test_a_filter_that_is_not_offered_is_no_error_of_ours(
    world: World, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever mistypes an address is told so inside the portal, and nobody who watches the log is alarmed."""
    answer = browser(world.pat).get("/admin/oncall/service/?foo=1")
    assert answer.status_code == 400
    assert "This list has no such filter." in text_of(answer)
    assert [said for said in caplog.records if said.levelno > logging.WARNING] == []


def test_the_filters_that_are_offered_work(world: World, browser: Browser) -> None:
    other = builders.service("Search", world.search)
    client = browser(world.pat)
    page = text_of(client.get(f"/admin/oncall/service/?team__id__exact={world.search.pk}"))
    assert address(other) in page
    assert address(world.checkout) not in page
    assert client.get("/admin/oncall/service/?archived_at__isempty=1").status_code == 200
    assert client.get("/admin/core/fact/?lately=day").status_code == 200
    assert client.get("/admin/core/fact/?lately=%27%20OR%201=1").status_code == 200


@pytest.mark.parametrize(
    "query", ["q=%00", "team__id__exact=%00", "q=" + "x" * 201, "_to_field=password", "_to_field=name&_popup=1"]
)
def test_what_no_list_means_is_a_slip_of_the_sender(world: World, browser: Browser, query: str) -> None:
    """A21, A68, A91: refused before the database sees it."""
    assert browser(world.pat).get(f"/admin/oncall/service/?{query}").status_code == 400


@pytest.mark.parametrize(
    "query", ["p=-1", "p=x", "p=99999999999999999999", "o=99.-7.x", "team__id__exact=9999999999999999999999", "all=1"]
)
def test_odd_pages_and_orders_break_nothing(world: World, browser: Browser, query: str) -> None:
    """A22, A66."""
    assert browser(world.pat).get(f"/admin/oncall/service/?{query}", follow=True).status_code == 200


def test_a_field_that_is_no_key_finds_no_thing(world: World, browser: Browser) -> None:
    """A68: `_to_field` would tell whether somebody has a password's hash or an address."""
    for name in ("password", "email", "name"):
        path = f"/admin/accounts/user/{world.bo.email}/change/?_to_field={name}"
        assert browser(world.ada).get(path).status_code == 400


def test_autocomplete_obeys_the_rights_of_what_it_finds(world: World, browser: Browser) -> None:
    """A68: Pat finds teams and no people; fields that offer none answer nobody."""
    client = browser(world.pat)
    ask = {"app_label": "accounts", "model_name": "membership", "term": ""}
    assert "Payments" in text_of(client.get("/admin/autocomplete/", {**ask, "field_name": "team"}))
    assert client.get("/admin/autocomplete/", {**ask, "field_name": "user"}).status_code == 403
    assert client.get("/admin/autocomplete/", {**ask, "field_name": "role"}).status_code == 403
    token = {"app_label": "accounts", "model_name": "apitoken", "field_name": "user"}
    assert client.get("/admin/autocomplete/", token).status_code == 403
    assert browser(world.eve).get("/admin/autocomplete/", {**ask, "field_name": "team"}).status_code in {302, 403}


def test_no_window_adds_another_thing_in_passing(world: World, browser: Browser) -> None:
    """A68: `_popup` has no buttons that lead to it."""
    page = text_of(browser(world.ada).get(address(world.checkout)))
    assert "related-widget-wrapper-link" not in page
    assert "_popup" not in page


def test_the_search_of_the_administration_knows_only_ones_own_pages(world: World, browser: Browser) -> None:
    """A62, A68: names of pages; a page number that is none breaks nothing."""
    assert "Users" in text_of(browser(world.ada).get("/admin/search/?s=user"))
    assert "Users" not in text_of(browser(world.pat).get("/admin/search/?s=user"))
    assert "Services" in text_of(browser(world.pat).get("/admin/search/?s=serv&page=x"))
    assert "Checkout" not in text_of(browser(world.ada).get("/admin/search/?s=checkout&extended=1"))


# --- history --------------------------------------------------------------------------------------
def test_the_history_tells_who_when_from_where_and_each_field_before_and_after(
    world: World, browser: Browser, at: clock.FrozenClock
) -> None:
    """ADM-01: Pat gives Checkout a policy; the names of things stand there, not their numbers."""
    spare = builders.policy("Night shift", world.payments, [world.bo])
    client = browser(world.pat)
    answer = client.post(address(world.checkout), given(world, policy=spare.pk), REMOTE_ADDR="192.0.2.7")
    assert answer.status_code == 302
    page = text_of(client.get(address(world.checkout, "history")))
    for said in ("Pat", "changed", "16 Nov 2026", "from 192.0.2.7", "Payments on call", "Night shift"):
        assert said in page, said
    assert "Takes the money" in page
    assert AuditEntry.objects.get(verb="service.edit").address == "192.0.2.7"


def test_the_history_is_ours_and_djangos_log_stays_empty(world: World, browser: Browser) -> None:
    """A93: made, edited and deleted in the administration."""
    client = browser(world.pat)
    client.post("/admin/accounts/team/add/", {"name": "Base", "description": ""})
    base = Team.objects.get(name="Base")
    client.post(address(base), {"name": "Ground", "description": ""})
    client.post(address(base, "delete"), {"post": "yes"})
    assert not Team.objects.filter(pk=base.pk).exists()
    assert not LogEntry.objects.exists()
    assert list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True)) == [
        "team.create", "team.edit", "team.delete",
    ]  # fmt: skip


def test_a_history_shows_no_secret(world: World, browser: Browser) -> None:
    """A95: whatever a command once wrote under such a name."""
    audit.write(acts(world.ada), "edit", f"service:{world.checkout.pk}",
                before={"webhook_secret": "wh-0123"}, after={"webhook_secret": "set", "token": "t-0123"})  # fmt: skip
    page = text_of(browser(world.ada).get(address(world.checkout, "history")))
    assert "webhook secret" in page
    assert "0123" not in page


def test_a_history_turns_its_pages(world: World, browser: Browser) -> None:
    for number in range(55):
        audit.write(acts(world.ana), "edit", f"service:{world.checkout.pk}", after={"turn": f"no. {number}."})
    client = browser(world.pat)
    first = client.get(address(world.checkout, "history"))
    assert "no. 54." in text_of(first)
    assert "no. 4." not in text_of(first)
    older = first.context["page"].older
    assert "no. 4." in text_of(client.get(address(world.checkout, "history"), {"before": older}))
    for wrong in ("x", "-1", "²", "9" * 40):
        assert client.get(address(world.checkout, "history"), {"before": wrong}).status_code == 400


def test_a_history_is_for_those_who_may_see_the_thing(world: World, browser: Browser) -> None:
    assert browser(world.pat).get(address(world.bo, "history")).status_code == 403
    assert browser(world.ada).get(address(world.bo, "history")).status_code == 200


def test_the_process_owner_edits_the_priorities_with_history(world: World, browser: Browser) -> None:
    """ADM-01: all editable without code."""
    first = Priority.objects.get(rank=1)
    typed = {"name": "Sev 1", "definition": "Customers cannot pay", "major": "on", "pages": "on",
             "urgency": "high", "ack_timeout_minutes": "20"}  # fmt: skip
    client = browser(world.pat)
    assert client.post(address(first), typed).status_code == 302
    page = text_of(client.get(address(first, "history")))
    assert "Sev 1" in page
    assert "Customers cannot pay" in page


def test_a_grouping_is_typed_by_line(world: World, browser: Browser) -> None:
    """DET-07: no JSON to write."""
    typed = {
        "service": world.checkout.pk,
        "mode": "fields",
        "fields": "component\n details.region ",
        "window_minutes": 5,
    }
    client = browser(world.pat)
    assert client.post("/admin/incidents/groupingrule/add/", typed).status_code == 302
    made = GroupingRule.objects.get()
    assert made.fields == ["component", "details.region"]
    assert "component\ndetails.region" in text_of(client.get(address(made)))
    refused = client.post(address(made), {**typed, "fields": ""})
    assert list(refused.context["adminform"].form.errors) == ["fields"]
    assert "component, details.region" in text_of(client.get(address(made, "history")))
