"""The portal's own alarms as alerts of a service of its own, so that a person is paged about them (G14).

The service has a team without people and no policy: its incidents go to the last resort, the administrators,
until somebody gives it a policy. An alarm counts up one alert for as long as it stands, and one for each incident
that it is about; an alarm about such incidents of the portal counts up theirs, so that they can never call for
more of themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from accounts.actors import Actor, system
from accounts.commands import teams
from accounts.models import Team
from accounts.permissions import SETTINGS_EDIT, require
from core import alarms, audit, clock
from core.text import one_line
from incidents.kinds import Normalised
from integrations.advice import advice_on
from integrations.commands.inbound import Arrival, write_batch
from integrations.models import OwnService
from integrations.queries.own import concerned_alerts, incident_number, open_keys, own_numbers, own_service
from oncall.commands import services
from oncall.models import Service

NAME, TOOL = "Watchbill", "watchbill"
#: Pages at once, and unlike a critical one its incident is no major one, so it resolves when the alarm is over (S13).
SEVERITY = "error"
#: So many incidents of one alarm have an alert each and page; further ones are counted on the alarm's.
SINGLED = 10
ABOUT = (
    "The portal itself: what its own audit finds wrong. It pages the administrators while it has no policy; "
    "give it one if others look after the portal."
)


@transaction.atomic
def follow_alarm(code: str) -> None:
    """Bring the alerts of an alarm to where the alarm stands now: open, counted once more, or resolved."""
    beat = alarms.held(code)
    service = own_service() if beat is None else _service_in_use()
    if service is None:
        return
    wanted = _wanted(service, code, beat.detail) if beat else {}
    over = [key for key in open_keys(service, _key(code)) if key not in wanted]
    events = [_event(service, "resolve", key, "The alarm is over.", {"alarm": code}) for key in over]
    for key, sentence in wanted.items():
        about = {"alarm": code, "what_is_wrong": sentence, "what_to_do": advice_on(code)}
        about["since"] = str(beat.detail.get("since", "")) if beat else ""
        events.append(_event(service, "trigger", key, f"{one_line(sentence, 150)} {advice_on(code)}", about))
    if events:
        write_batch([Arrival(service.pk, TOOL, events, clock.now(), body=events[-1].summary)])


@transaction.atomic
def give_to(actor: Actor, service: Service) -> Service:
    """Have the alarms of the portal itself come to this service from now on; the open ones stay where they are."""
    require(actor, SETTINGS_EDIT)
    former = own_service()
    if former is not None and former.pk == service.pk:
        return service
    OwnService.objects.update_or_create(pk=1, defaults={"service": service})
    before = {"service": former.pk} if former else {}
    audit.write(actor, "own_alarms.give", f"service:{service.pk}", before=before, after={"service": service.pk})
    return service


def _wanted(service: Service, code: str, detail: Mapping[str, Any]) -> dict[str, str]:
    """The keys of the alerts that stand for an alarm, each with its sentence.

    An incident has one of its own, so that a second forgotten one pages although the first is known; what is not an
    incident, or is one too many, is counted on the alarm's.
    """
    things, said = list(detail.get("things", ())), detail.get("said", {})
    numbers = {thing: number for thing in things if (number := incident_number(thing)) is not None}
    own = own_numbers(service, numbers.values())
    counted = concerned_alerts(service, own)
    others = [thing for thing in numbers if numbers[thing] not in own]
    singled = _singled(code, others, set(open_keys(service, _key(code))))
    rest = [thing for thing in things if thing not in singled and numbers.get(thing) not in counted]
    whole = str(detail.get("sentence", ""))
    wanted = {counted[number].key: said.get(thing, whole) for thing, number in numbers.items() if number in counted}
    if rest or not things:
        more = f" (and {len(rest) - 1} more)" if len(rest) > 1 else ""
        wanted[_key(code)] = f"{said[rest[0]]}{more}" if len(rest) < len(things) and rest[0] in said else whole
    return wanted | {_key(code, thing): said.get(thing, whole) for thing in singled}


def _singled(code: str, things: Sequence[str], open_now: Collection[str]) -> list[str]:
    """Which things have an alert of their own: all while they are few, else the first of them.

    In a storm nobody takes the place of one that is over, or the pages would go on for as long as it ebbs.
    """
    held = [thing for thing in things if _key(code, thing) in open_now]
    if len(things) <= SINGLED:
        return list(things)
    fresh = [] if _key(code) in open_now else [thing for thing in things if thing not in held]
    return [*held, *fresh][:SINGLED]


def _event(service: Service, action: str, key: str, summary: str, details: dict[str, str]) -> Normalised:
    links = [{"href": f"{settings.PORTAL_URL}/healthz/engine", "text": "The engine's health"}]
    return Normalised(
        service_id=service.pk,
        action=action,
        key=key,
        summary=summary,
        severity=SEVERITY,
        source=NAME,
        kind="alarm",
        tool=TOOL,
        details=details,
        links=links,
    )


def _key(code: str, thing: str = "") -> str:
    """The key of an alarm's alert, or of that about a thing: sealed, since it may name what is private (S34)."""
    return f"alarm:{code}:{salted_hmac('own alarm', thing).hexdigest()[:24]}" if thing else f"alarm:{code}"


def _service_in_use() -> Service:
    service = own_service() or _make_service()
    return services.restore(system(), service) if service.archived_at is not None else service


def _make_service() -> Service:
    """Two workers may come here at once: the second fails on the name and finds the first one's when it tries again."""
    team = teams.create(system(), name=_free_name(Team.objects.all()), description=ABOUT)
    # Urgent whatever a priority is set to: the people who would be called are not.
    made = services.create(system(), team, name=_free_name(Service.objects.all()), description=ABOUT, urgency="high")
    OwnService.objects.create(pk=1, service=made)
    return made


def _free_name(taken: QuerySet[Team] | QuerySet[Service]) -> str:
    """Watchbill, or with a number where the people of the portal have named something of theirs so."""
    used = {name.lower() for name in taken.filter(name__istartswith=NAME).values_list("name", flat=True)}
    names = [NAME, *(f"{NAME} {number}" for number in range(2, len(used) + 2))]
    return next(name for name in names if name.lower() not in used)
