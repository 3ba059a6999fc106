"""Alerts that no rule has seen yet: in a storm they wait for the worker (O38). The partial index `alert_waiting`.

The conditions are spelt out instead of passed as values, since SQLite uses a partial index for literals alone.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection

from incidents.models import Alert

UNSEEN = """a."state" = 'open' AND a.incident_id IS NULL AND a.judged_severity = ''"""


def services_waiting(services: Collection[int]) -> dict[int, str]:
    """Which of these services have such alerts: "critical" where one of them is, else "any"."""
    if not services:
        return {}
    rows = f"SELECT 1 FROM incidents_alert a WHERE a.service_id = w.s AND {UNSEEN}"  # noqa: S608 (own names)
    marks = ", ".join(["(%s)"] * len(services))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""WITH w (s) AS (VALUES {marks}) SELECT s,
                CASE WHEN EXISTS ({rows} AND a.severity = 'critical') THEN 'critical' ELSE 'any' END
                FROM w WHERE EXISTS ({rows})""",  # noqa: S608 (own names)
            list(services),
        )
        return dict(cursor.fetchall())


def alerts_behind(first: Alert, limit: int) -> list[Alert]:
    """The alerts of the same service and tool that came with or after `first`, oldest first, locked.

    Those that another worker holds are left to it, and so are those that their tool has acknowledged.
    """
    skip = "FOR UPDATE OF a SKIP LOCKED" if connection.vendor == "postgresql" else ""
    found = Alert.objects.raw(
        f"""SELECT a.* FROM incidents_alert a WHERE a.service_id = %s AND {UNSEEN} AND a.acknowledged_at IS NULL
            AND a.tool = %s AND a.first_seen >= %s ORDER BY a.id LIMIT {int(limit)} {skip}""",  # noqa: S608 (own names)
        [first.service_id, first.tool, connection.ops.adapt_datetimefield_value(first.first_seen)],
    )
    return list(found)
