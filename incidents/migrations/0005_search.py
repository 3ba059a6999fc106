"""Saved views, the indexes of the list, and the full-text index of each database (decision 0006)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import core.clock
from incidents.models.search import build, drop


def add(apps, schema_editor):
    """Make the index and fill it from what is there."""
    build(schema_editor.connection)


def remove(apps, schema_editor):
    """Take it away."""
    drop(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0004_attachments"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40)),
                ("query", models.CharField(max_length=200)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(default=core.clock.now)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="saved_views",
                        to="accounts.team",
                    ),
                ),
            ],
            options={"ordering": ["name", "pk"]},
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(fields=("user", "name"), name="saved_view_name_once"),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                fields=[
                    "number",
                    "status",
                    "service",
                    "priority",
                    "visibility",
                    "is_major",
                    "snoozed_until",
                    "created_at",
                ],
                name="incident_found",
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                fields=["-number", "status", "visibility"],
                condition=models.Q(status__in=("triggered", "acknowledged", "identified", "mitigated")),
                name="incident_open_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="milestone",
            index=models.Index(
                fields=["-at", "incident"], condition=models.Q(kind="resolved"), name="milestone_resolved"
            ),
        ),
        migrations.RunPython(add, remove),
    ]
