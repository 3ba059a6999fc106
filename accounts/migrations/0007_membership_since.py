"""Since when somebody is in a team; who is in one already begins with the day of the upgrade."""

from django.db import migrations, models
from django.db.models.functions import Now

from core import clock


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_staff_factor")]

    operations = [
        migrations.AddField(
            "membership",
            "since",
            models.DateTimeField(db_default=Now(), default=clock.now, editable=False),
        ),
    ]
