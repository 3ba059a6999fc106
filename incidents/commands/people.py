"""Who answers for an incident: never nobody (DET-09, S50)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Exists, OuterRef

from accounts import queries as people
from accounts.models import User
from incidents.models import Incident, Participant


def assignees_of(incident: Incident) -> list[int]:
    """The ids of the people who answer for it, in the order in which they joined."""
    found = incident.participants.filter(assignee=True).order_by("joined_at", "pk")
    return list(found.values_list("user_id", flat=True))


def join(incident: Incident, user_ids: Iterable[int], *, assignee: bool = False) -> None:
    """Put people on the incident; those who are on it stay what they are, or become assignees too."""
    ids = sorted(set(user_ids))
    Participant.objects.bulk_create(
        [Participant(incident=incident, user_id=pk, assignee=assignee) for pk in ids], ignore_conflicts=True
    )
    if assignee:
        incident.participants.filter(user_id__in=ids).update(assignee=True)


def assign(incident: Incident, user_ids: Collection[int]) -> None:
    """Make exactly these people the assignees; nobody is never an answer, so an empty list changes nothing."""
    if not user_ids:
        return
    incident.participants.filter(assignee=True).exclude(user_id__in=user_ids).update(assignee=False)
    join(incident, user_ids, assignee=True)


def ensure_assignee(incident: Incident) -> None:
    """Where nobody has been paged: the team's managers, else its administrators answer for it (domain.md)."""
    if incident.participants.filter(assignee=True, user__is_active=True).exists():
        return
    assign(incident, [user.pk for user in stand_ins(incident)])


def stand_ins(incident: Incident) -> list[User]:
    """The managers of the owning team, else the administrators."""
    return list(people.managers_of(incident.owning_team_id)) or list(people.administrators())


def orphaned_by(user_id: int) -> list[int]:
    """Numbers of the open incidents of which this person is the only active assignee (S50)."""
    others = Participant.objects.filter(incident=OuterRef("pk"), assignee=True, user__is_active=True)
    held = Participant.objects.filter(incident=OuterRef("pk"), assignee=True, user_id=user_id)
    lonely = Incident.objects.open().filter(Exists(held), ~Exists(others.exclude(user_id=user_id)))
    return list(lonely.order_by("number").values_list("number", flat=True))
