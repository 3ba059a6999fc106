"""The portal's own alarms as alerts of a service of its own, so that a person is paged about them (G14).

The service has a team without people and no policy: its incidents go to the last resort, the administrators,
until somebody gives it a policy. An alarm counts up one alert for as long as it stands; an alarm about nothing
but such incidents counts up theirs, so that they can never call for more of themselves.
"""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts.actors import system
from accounts.commands import teams
from accounts.models import Team
from core import alarms, clock
from core.models import Beat
from core.text import one_line
from incidents.kinds import Normalised
from incidents.models import Alert
from integrations.advice import advice_on
from integrations.commands.inbound import Arrival, write_batch
from integrations.models import OwnService
from integrations.queries.own import concerned_alert, own_service
from oncall.commands import services
from oncall.models import Service

NAME, TOOL = "Watchbill", "watchbill"
#: Pages at once, and unlike a critical one its incident is no major one, so it resolves when the alarm is over (S13).
SEVERITY = "error"
ABOUT = (
    "The portal itself: what its own audit finds wrong. It pages the administrators while it has no policy; "
    "give it one if others look after the portal."
)


@transaction.atomic
def follow_alarm(code: str) -> None:
    """Bring the alert of an alarm to where the alarm stands now: open, counted once more, or resolved."""
    beat = alarms.held(code)
    if beat is not None:
        _trigger(code, beat)
    else:
        _resolve(code)


def _trigger(code: str, beat: Beat) -> None:
    service = _service_in_use()
    concerned = concerned_alert(service, beat.detail.get("things", ()))
    sentence = str(beat.detail.get("sentence", ""))
    _send(
        service,
        "trigger",
        concerned.key if concerned else _key(code),
        f"{one_line(sentence, 150)} {advice_on(code)}",
        {"alarm": code, "what_is_wrong": sentence, "what_to_do": advice_on(code), "since": beat.detail.get("since")},
    )


def _resolve(code: str) -> None:
    service = own_service()
    if service is not None and Alert.objects.filter(service=service, key=_key(code), state="open").exists():
        _send(service, "resolve", _key(code), "The alarm is over.", {"alarm": code})


def _send(service: Service, action: str, key: str, summary: str, details: dict[str, object]) -> None:
    links = [{"href": f"{settings.PORTAL_URL}/healthz/engine", "text": "The engine's health"}]
    event = Normalised(
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
    write_batch([Arrival(service.pk, TOOL, [event], clock.now(), body=summary)])


def _key(code: str) -> str:
    return f"alarm:{code}"


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
