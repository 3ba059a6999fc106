"""Verbs of services: create, edit, archive, restore, and what a service needs to work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from accounts.models import Team
from accounts.permissions import require
from core import audit, clock
from core.db import bump, check_version, locked
from core.errors import Conflict, Missing
from core.text import clean_text
from oncall import permissions
from oncall.commands import shapes
from oncall.models import EscalationPolicy, Service, ServiceDependency
from oncall.queries.services import Needs, needs_of_all

URGENCIES = ("priority", "high", "low")
MOST_NEEDS, LONGEST = 200, 4000


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise shapes.wrong("customer_facing", "Must be true or false.")
    return value


def _timeout(value: Any) -> int | None:
    return None if value is None else shapes.number(value, "ack_timeout_minutes", 1, 10080)


FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "name": shapes.name,
    "description": lambda value: clean_text(value, LONGEST, "description"),
    "urgency": lambda value: shapes.choice(value, "urgency", URGENCIES),
    "ack_timeout_minutes": _timeout,
    "reopen_window_minutes": lambda value: shapes.number(value, "reopen_window_minutes", 0, 43200),
    "quiet_resolve_seconds": lambda value: shapes.number(value, "quiet_resolve_seconds", 0, 86400),
    "customer_facing": _flag,
}


@transaction.atomic
def create(
    actor: Actor,
    team: Team,
    *,
    name: str,
    policy: EscalationPolicy | None = None,
    needs: Iterable[int] = (),
    **fields: Any,
) -> Service:
    """Make a service; `fields` are the keys of FIELDS. Raises Invalid for a taken name or a policy without levels."""
    require(actor, permissions.SERVICE_EDIT, team)
    service = Service(team=team, policy=_usable(actor, team, policy, None))
    _set_fields(service, {"name": name, **fields})
    shapes.store(service)
    _write_needs(service, needs, None)
    audit.write(actor, "service.create", f"service:{service.pk}", after=_document(service))
    return service


@transaction.atomic
def edit(
    actor: Actor,
    service: Service,
    *,
    version: int | None = None,
    team: Team | None = None,
    policy: EscalationPolicy | None = None,
    keep_policy: bool = True,
    needs: Iterable[int] | None = None,
    known: Needs | None = None,
    **fields: Any,
) -> Service:
    """Change a service; `keep_policy` off with no `policy` takes it away, so that the last resort answers.

    Whoever edits many in one transaction hands over the same `known` of `all_needs`, which is then read once.
    Raises Conflict (`stale`) when it has changed since `version`, and Invalid as `create` does.
    """
    require(actor, permissions.SERVICE_EDIT, service)
    service = _locked(service)
    check_version(service, version)
    before = _document(service)
    if team is not None:
        require(actor, permissions.SERVICE_EDIT, team)
        service.team = team
    if policy is not None or not keep_policy:
        service.policy = _usable(actor, service.team, policy, service.policy_id)
    _set_fields(service, fields)
    bump(service)
    shapes.store(service)
    if needs is not None:
        _write_needs(service, needs, known)
    said = audit.changed(before, _document(service))
    audit.write(actor, "service.edit", f"service:{service.pk}", before=said[0], after=said[1])
    return service


@transaction.atomic
def archive(actor: Actor, service: Service, *, version: int | None = None) -> Service:
    """Take a service out of use; its history stays. Raises Conflict when it is archived already."""
    require(actor, permissions.SERVICE_EDIT, service)
    service = _locked(service)
    check_version(service, version)
    if service.archived_at is not None:
        raise Conflict("This service is archived already.", code="archived")
    service.archived_at = clock.now()
    bump(service)
    service.save(update_fields=["archived_at", "version"])
    audit.write(actor, "service.archive", f"service:{service.pk}", before={"name": service.name})
    return service


@transaction.atomic
def restore(actor: Actor, service: Service, *, version: int | None = None) -> Service:
    """Bring an archived service back into use. Raises Conflict when it is in use."""
    require(actor, permissions.SERVICE_EDIT, service)
    service = _locked(service)
    check_version(service, version)
    if service.archived_at is None:
        raise Conflict("This service is in use.", code="in_use")
    service.archived_at = None
    bump(service)
    service.save(update_fields=["archived_at", "version"])
    audit.write(actor, "service.restore", f"service:{service.pk}", after={"name": service.name})
    return service


def _locked(service: Service) -> Service:
    found = locked(Service.objects.select_related("team", "policy").filter(pk=service.pk)).first()
    if found is None:
        raise Missing("There is no such service.")
    return found


def _set_fields(service: Service, fields: Mapping[str, Any]) -> None:
    for field, value in fields.items():
        setattr(service, field, FIELDS[field](value))


def _usable(actor: Actor, team: Team, policy: EscalationPolicy | None, known: int | None) -> EscalationPolicy | None:
    if policy is None:
        return None
    if not policy.levels.filter(targets__isnull=False).exists():
        raise shapes.wrong("policy", f"{policy.name} has no levels: nobody would be paged.")
    shapes.refuse_foreign(actor, team, [policy], {known} if known else set(), "policy")
    return policy


def all_needs() -> Needs:
    """Who needs whom; all services stay locked, so that two edits at once cannot close a loop between them."""
    return needs_of_all(locked(Service.objects.order_by("pk")))


def _write_needs(service: Service, needs: Iterable[int], known: Needs | None) -> None:
    """Replace what the service needs; a loop is refused with its path (A83). `known` is kept up to date."""
    wanted = list(dict.fromkeys(needs))
    if len(wanted) > MOST_NEEDS:
        raise shapes.wrong("needs", f"A service can need {MOST_NEEDS} others at most.")
    found = known or (all_needs() if wanted else Needs({}, {}))
    for pk in wanted:
        if pk not in found.names:
            raise shapes.wrong("needs", "There is no such service.")
        path = found.path(pk, service.pk)
        if path is not None:
            said = " → ".join(found.names[step] for step in [service.pk, *path])
            raise shapes.wrong("needs", f"Services cannot need each other in a circle: {said}.")
    service.dependencies.all().delete()
    ServiceDependency.objects.bulk_create([ServiceDependency(service=service, needs_id=pk) for pk in wanted])
    found.needed[service.pk] = wanted


def _document(service: Service) -> dict[str, Any]:
    found = {field: getattr(service, field) for field in FIELDS}
    needs = sorted(service.dependencies.values_list("needs_id", flat=True))
    return {**found, "team": service.team_id, "policy": service.policy_id, "needs": needs}
