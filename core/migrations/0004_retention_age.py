# The first form of this migration made the same index inside a transaction; a database that has it is the same.

from django.db import migrations, models

from core.indexes import AddBigIndex, RemoveBigIndex


class Migration(migrations.Migration):

    atomic = False
    dependencies = [
        ('core', '0003_audit_found'),
    ]

    operations = [
        AddBigIndex(
            model_name='duerow',
            index=models.Index(condition=models.Q(('ended_at__isnull', False)), fields=['ended_at'], name='due_ended_age'),
        ),
        RemoveBigIndex(
            model_name='duerow',
            name='due_done_age',
        ),
    ]
