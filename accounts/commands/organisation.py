"""The verb of the organisation: it is given a name, a time zone and the rule on second factors."""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from accounts.commands import shapes
from accounts.models import Organisation
from accounts.permissions import SETTINGS_EDIT, require
from core import audit
from core.db import bump, check_version, locked


@transaction.atomic
def edit_organisation(
    actor: Actor,
    *,
    name: str | None = None,
    time_zone: str | None = None,
    staff_factor: bool | None = None,
    version: int | None = None,
) -> Organisation:
    """Name the organisation, say in which zone it lives and whether staff need a second factor.

    Raises Invalid and Conflict (`stale`).
    """
    require(actor, SETTINGS_EDIT)
    Organisation.objects.bulk_create([Organisation(id=1)], ignore_conflicts=True)
    kept = locked(Organisation.objects.filter(id=1)).get()
    check_version(kept, version)
    before = _said(kept)
    if name is not None:
        kept.name = shapes.name(name, limit=80)
    if time_zone is not None:
        kept.time_zone = shapes.zone(time_zone)
    if staff_factor is not None:
        kept.staff_factor = shapes.flag(staff_factor, "staff_factor")
    bump(kept)
    kept.save()
    before, after = audit.changed(before, _said(kept))
    audit.write(actor, "organisation.edit", "organisation:1", before=before, after=after)
    return kept


def _said(kept: Organisation) -> dict[str, object]:
    return {"name": kept.name, "time_zone": kept.time_zone, "staff_factor": kept.staff_factor}
