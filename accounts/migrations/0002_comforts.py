"""What people choose of their pages: single-letter keys, and what a live page reads out."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="announce",
            field=models.CharField(
                choices=[("all", "Every entry"), ("key", "Key moments"), ("none", "Nothing")],
                db_default="all",
                default="all",
                max_length=4,
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="single_keys",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("announce__in", ["all", "key", "none"])), name="user_announce_known"
            ),
        ),
    ]
