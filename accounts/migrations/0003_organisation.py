"""The organisation's name and time zone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_comforts")]

    operations = [
        migrations.CreateModel(
            name="Organisation",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("name", models.CharField(blank=True, default="", max_length=80)),
                ("time_zone", models.CharField(default="UTC", max_length=64)),
                ("version", models.PositiveIntegerField(default=1)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="organisation_once")],
            },
        ),
    ]
