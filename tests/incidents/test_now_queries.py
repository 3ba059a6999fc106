"""Now costs the same whatever has happened: queries are recorded, and every one finds its rows by an index (P7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import clock, figures
from incidents.commands.changes import record_change
from incidents.models import Alert, Incident, Milestone
from incidents.queries.now import now_of
from oncall.models import Escalation, Page
from tests import world as make
from tests.incidents.conftest import Stage
from tests.pages import count, recorded

Browser = Callable[..., Client]
LIMIT = 14
# These tables are as large as the organisation, not as its past: reading all of one of them is no harm.
SMALL = ("oncall_service", "oncall_schedule", "accounts_", "incidents_priority", "oncall_schedulemember")


def lived_in(stage: Stage) -> None:
    """Bo waits for one page, Cy is on call as level 2, a change and a night with pages lie behind."""
    figures.forget()
    turns = make.schedule("Payments", stage.world.payments, stage.world.cy, stage.world.ana)
    stage.service.policy = make.policy("Real", stage.world.payments, [stage.world.bo], [turns])
    stage.service.save()
    record_change(make.acts(stage.world.bo), stage.service, summary="Checkout 4.18", started_at=clock.now())
    stage.fire("disk", severity="critical")


def more(stage: Stage, number: int) -> None:
    """So many further open incidents, each with an alert, an acknowledgement and a page of its own."""
    ranks = {name: make.priority(3) for name in ("priority", "initial_priority", "peak_priority")}
    last = Incident.objects.count()
    rows = [
        Incident(number=last + n, title=f"no {n}", service=stage.service, status="triggered", **ranks)
        for n in range(1, number + 1)
    ]
    rows = Incident.objects.bulk_create(rows)
    Alert.objects.bulk_create(
        [Alert(service=stage.service, incident=row, key=f"key {row.number}", summary="again") for row in rows]
    )
    at = clock.now() - timedelta(days=1)
    Milestone.objects.bulk_create([Milestone(incident=row, kind="acknowledged", at=at) for row in rows])
    runs = Escalation.objects.bulk_create(
        [Escalation(subject=row.subject, due_at=clock.now() + timedelta(minutes=5)) for row in rows]
    )
    Page.objects.bulk_create(
        [Page(escalation=run, subject=run.subject, user=stage.world.cy, level=1, pass_number=1) for run in runs]
    )


def test_ten_and_five_thousand_open_incidents_cost_the_same(stage: Stage, browser: Browser) -> None:
    paths = {"now": "/now/", "now_regions": "/now/regions/?scope=mine"}
    lived_in(stage)
    more(stage, 9)
    bo = browser(stage.world.bo)
    few = {name: count(bo, path) for name, path in paths.items()}
    more(stage, 4990)
    for name, path in paths.items():
        assert count(bo, path) == few[name] == recorded(__file__)[name]
        assert few[name] <= LIMIT


@pytest.mark.parametrize("path", ["/now/", "/now/?scope=all", "/incidents/1/"])
def test_the_first_page_in_a_fresh_process_is_within_the_limit_too(stage: Stage, browser: Browser, path: str) -> None:
    """14, session, person, the sidebar's figures, the card of duty, the pace and the last night included."""
    lived_in(stage)
    bo = browser(stage.world.bo)
    bo.get(path)
    figures.forget("*")
    with CaptureQueriesContext(connection) as asked:
        assert bo.get(path).status_code == 200
    assert len(asked) <= LIMIT


def test_everything_costs_no_more_than_ones_own_teams(stage: Stage, browser: Browser) -> None:
    lived_in(stage)
    bo = browser(stage.world.bo)
    assert count(bo, "/now/?scope=all") <= recorded(__file__)["now"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the plans of SQLite")
@pytest.mark.parametrize("scope", ["mine", "all"])
def test_no_query_reads_a_large_table_from_end_to_end(stage: Stage, scope: str) -> None:
    """Open incidents by their partial index, alerts by service and time, acknowledgements by time, pages by key."""
    lived_in(stage)
    more(stage, 20)
    with CaptureQueriesContext(connection) as asked:
        now_of(make.acts(stage.world.bo), scope)
    whole = []
    with connection.cursor() as cursor:
        for query in asked:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            whole += [row[3] for row in cursor.fetchall() if row[3].startswith("SCAN ")]
    assert [step for step in whole if not step.removeprefix("SCAN ").startswith(SMALL)] == ["SCAN U0"], (
        "the one scan goes down the primary key of pages and ends after 5,000"
    )
