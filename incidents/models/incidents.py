"""The incident itself."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.actors import Actor
from core import clock
from incidents.models.priorities import Priority
from incidents.states import OPEN
from oncall.models import Service

STATUSES = (*OPEN, "resolved", "closed", "merged", "cancelled")


class IncidentCounter(models.Model):
    """The last number given; its row lock puts openings into an order."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="incident_counter_once")]

    def __str__(self) -> str:
        return f"last number {self.last}"


class IsOpen(models.Func):
    """Whether a status is an open one, spelt out: SQLite uses the partial index for literals alone."""

    template = "%(expressions)s IN (" + ", ".join(f"'{status}'" for status in OPEN) + ")"
    output_field = models.BooleanField()


class IncidentQuerySet(models.QuerySet["Incident"]):
    """Reads of incidents; every one starts with `visible_to`."""

    def visible_to(self, actor: Actor) -> IncidentQuerySet:
        """What this actor may know of: private ones are absent for all but their people (S34)."""
        if actor.kind == "system":
            return self
        if actor.user is None or not actor.user.is_active:
            return self.none()
        if actor.scopes is not None and "read" not in actor.scopes:
            return self.none()
        own = Participant.objects.filter(incident=models.OuterRef("pk"), user=actor.user)
        return self.filter(models.Q(visibility="open") | models.Exists(own))

    def open(self) -> IncidentQuerySet:
        """Not yet resolved. The range holds for all: by it SQLite looks into the partial index, not a wider one."""
        return self.filter(IsOpen("status"), priority__gt=0)


class Incident(models.Model):
    """Something is wrong and somebody answers for it."""

    number = models.PositiveIntegerField(unique=True)
    title = models.CharField(max_length=255)
    description = models.TextField(blank=True, default="")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="incidents")
    status = models.CharField(max_length=14, default="triggered")
    priority = models.ForeignKey(Priority, on_delete=models.PROTECT, related_name="+")
    initial_priority = models.ForeignKey(Priority, on_delete=models.PROTECT, related_name="+")
    peak_priority = models.ForeignKey(Priority, on_delete=models.PROTECT, related_name="+")
    is_major = models.BooleanField(default=False)
    urgency = models.CharField(max_length=5, default="high")
    kind = models.CharField(max_length=10, default="real")
    visibility = models.CharField(max_length=8, default="open")
    codename = models.CharField(max_length=60, blank=True, default="")
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    declared_via = models.CharField(max_length=30, default="event")
    customer_impact = models.TextField(blank=True, default="")
    suspected_cause = models.TextField(blank=True, default="")
    resolution = models.TextField(blank=True, default="")
    resolution_code = models.CharField(max_length=16, blank=True, default="")
    review_later = models.BooleanField(default=False)
    reopen_count = models.PositiveIntegerField(default=0)
    recurrence_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="recurrences"
    )
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="sources")
    group_key = models.CharField(max_length=128, blank=True, default="")
    group_until = models.DateTimeField(null=True, blank=True)
    flood = models.BooleanField(default=False)
    alert_count = models.PositiveIntegerField(default=0)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    status_since = models.DateTimeField(default=clock.now)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now)
    last_entry_at = models.DateTimeField(default=clock.now)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=STATUSES), name="incident_status_known"),
            models.UniqueConstraint(
                fields=["service", "group_key"],
                condition=models.Q(status__in=OPEN) & ~models.Q(group_key=""),
                name="incident_one_open_per_group",
            ),
        ]
        indexes = [
            models.Index(fields=["priority", "created_at"], condition=models.Q(status__in=OPEN), name="incident_open"),
            models.Index(fields=["service", "-number"], name="incident_service_recent"),
            models.Index(
                fields=["-number", "status", "visibility"],
                condition=models.Q(status__in=OPEN),
                name="incident_open_newest",
            ),
            # Whatever a list is narrowed by, it is looked for in this alone: 100,000 incidents are 6 MB of it (P7).
            models.Index(
                fields=[
                    *("number", "status", "service", "priority", "visibility", "is_major"),
                    *("snoozed_until", "created_at"),
                ],
                name="incident_found",
            ),
        ]

    def __str__(self) -> str:
        return f"INC-{self.number}"

    @property
    def owning_team_id(self) -> int:
        """The team of the incident's service."""
        return self.service.team_id

    @property
    def subject(self) -> str:
        """The key under which escalations and the live feed know it."""
        return f"incident:{self.number}"

    @property
    def public_name(self) -> str:
        """What a page, a mail or a list outside the incident may call it: a private one by its codename (S34)."""
        return self.title if self.visibility == "open" else self.codename or "Private incident"

    @property
    def is_open(self) -> bool:
        """Whether work is still expected."""
        return self.status in OPEN


class Participant(models.Model):
    """A person on the incident: assignee, responder or invited to a private one."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="participants")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="participations")
    assignee = models.BooleanField(default=False)
    joined_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "user"], name="participant_once")]

    def __str__(self) -> str:
        return f"{self.user} on {self.incident}"


class Milestone(models.Model):
    """When something was reached: `at` is the time that figures use, `recorded_at` when it was written (S20)."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="milestones")
    kind = models.CharField(max_length=14)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now)
    source = models.CharField(max_length=6, default="auto")
    edits = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "kind"], name="milestone_once")]
        indexes = [
            models.Index(fields=["-at", "incident"], condition=models.Q(kind="acknowledged"), name="milestone_acked"),
            models.Index(fields=["-at", "incident"], condition=models.Q(kind="resolved"), name="milestone_resolved"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.incident}"


class ImpactInterval(models.Model):
    """A span in which customers were hit."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="impact_intervals")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"impact of {self.incident}"


class PriorityChange(models.Model):
    """One move along P1 to P5; the time in each is derived."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="priority_changes")
    before = models.ForeignKey(Priority, on_delete=models.PROTECT, related_name="+")
    after = models.ForeignKey(Priority, on_delete=models.PROTECT, related_name="+")
    actor = models.CharField(max_length=120)
    reason = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.before} to {self.after}"
