"""Whether whoever may enter the administration needs a second factor."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_identities")]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="staff_factor",
            field=models.BooleanField(db_default=True, default=True),
        ),
    ]
