"""What a migration may do to a table that has grown for years (docs/developers/house.md)."""

from __future__ import annotations

from django.db import migrations
from django.db.migrations.loader import MigrationLoader

from core.indexes import AddBigIndex, RemoveBigIndex
from tests.architecture.source import ROOMS

BIG = {
    "core": {"auditentry", "duerow", "fact", "feedentry", "bulkjob", "idempotencykey"},
    "notifications": {"delivery", "deliveryattempt"},
    "oncall": {"escalation", "page"},
    "incidents": {"alert", "changeevent", "incident", "milestone", "timelineentry"},
    "integrations": {"inboundevent", "webhookdelivery"},
}
#: Of before this rule: their tables were young.
FORMER = {("incidents", "0003_board"), ("incidents", "0004_attachments"), ("incidents", "0005_search")}


def test_an_index_of_a_big_table_is_built_beside_its_writers() -> None:
    """A plain AddIndex locks every writer of the table out until it is built; `core.indexes.AddBigIndex` does not."""
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    for key, migration in loader.disk_migrations.items():
        if key[0] not in ROOMS:
            continue
        made = {each.name_lower for each in migration.operations if isinstance(each, migrations.CreateModel)}
        for step in migration.operations:
            if isinstance(step, AddBigIndex | RemoveBigIndex):
                assert not migration.atomic, f"{key}: say atomic = False"
            elif isinstance(step, migrations.AddIndex) and key not in FORMER:
                standing = step.model_name_lower in BIG.get(key[0], set()) - made
                assert not standing, f"{key}: {step.index.name} of {step.model_name} must be an AddBigIndex"


def test_big_tables_exist() -> None:
    state = MigrationLoader(None).project_state()
    named = {(room, name) for room, names in BIG.items() for name in names}
    assert named <= state.models.keys()
