# The first form of this migration made the same indexes inside a transaction; a database that has them is the same.

from django.db import migrations, models

from core.indexes import AddBigIndex


class Migration(migrations.Migration):

    atomic = False
    dependencies = [
        ('core', '0002_audit_append_only'),
    ]

    operations = [
        AddBigIndex(
            model_name='auditentry',
            index=models.Index(fields=['actor'], name='audit_actor'),
        ),
        AddBigIndex(
            model_name='auditentry',
            index=models.Index(fields=['at'], name='audit_at'),
        ),
    ]
