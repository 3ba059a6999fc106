"""What the board asks at every look: alerts of three hours, changes of one, answers of two weeks."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes alone, the same on both databases."""

    dependencies = [("incidents", "0002_default_priorities")]

    operations = [
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["service", "first_seen", "incident"], name="alert_recent"),
        ),
        migrations.AddIndex(
            model_name="changeevent",
            index=models.Index(fields=["-started_at"], name="change_recent"),
        ),
        migrations.AddIndex(
            model_name="milestone",
            index=models.Index(
                fields=["-at", "incident"], condition=models.Q(kind="acknowledged"), name="milestone_acked"
            ),
        ),
    ]
