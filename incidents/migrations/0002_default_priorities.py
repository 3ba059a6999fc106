"""P1 to P5 with the engine's defaults; every value is the process owner's to change (TRI-02)."""

from django.db import migrations

MEANINGS = {
    1: "Critical: customers cannot use the product, or data is at risk. Everybody needed is called at once.",
    2: "Severe: an important part fails for many customers, or several teams are needed.",
    3: "Limited: a part fails for some customers; one team can answer.",
    4: "Minor: hardly anybody notices; it can wait for working hours.",
    5: "For information: listed, nobody is paged.",
}
#        rank: (major, pages, urgency, minutes until an acknowledgement times out)
DEFAULTS = {
    1: (True, True, "high", 30),
    2: (True, True, "high", 30),
    3: (False, True, "high", 120),
    4: (False, True, "low", None),
    5: (False, False, "low", None),
}


def add(apps, schema_editor):
    Priority = apps.get_model("incidents", "Priority")
    for rank, (major, pages, urgency, minutes) in DEFAULTS.items():
        Priority.objects.get_or_create(
            rank=rank,
            defaults={
                "name": f"P{rank}",
                "definition": MEANINGS[rank],
                "major": major,
                "pages": pages,
                "urgency": urgency,
                "ack_timeout_minutes": minutes,
            },
        )
    apps.get_model("incidents", "IncidentCounter").objects.get_or_create(id=1)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0001_initial")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
