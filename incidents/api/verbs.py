"""What can be done with an incident: each verb is a POST that answers with the incident as it is then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actors import Actor
from accounts.queries import person_seen_by
from core.api.base import ApiView, SignedIn
from incidents.api import inputs, shapes
from incidents.api.incidents import shown
from incidents.commands import assignment, lifecycle, priority, returning, splitting, undoing
from incidents.queries.access import incident_seen_by
from incidents.queries.priorities import priority_by_id
from oncall.queries.services import policy_seen_by

Command = Callable[..., Any]
Resolver = Callable[[Actor, dict[str, Any]], dict[str, Any]]


def _as_given(actor: Actor, given: dict[str, Any]) -> dict[str, Any]:
    return given


def _target(actor: Actor, given: dict[str, Any]) -> dict[str, Any]:
    if "user" in given:
        given["user"] = person_seen_by(actor, given["user"])
    if "policy" in given:
        given["policy"] = policy_seen_by(actor, given["policy"])
    return given


def _priority(actor: Actor, given: dict[str, Any]) -> dict[str, Any]:
    return {**given, "priority": priority_by_id(actor, given["priority"])}


def _verb(name: str, command: Command, shape: type[inputs.Input], summary: str, resolve: Resolver = _as_given) -> Any:
    """A view that parses `shape`, calls the command with the client's version and shows the incident."""

    class Verb(ApiView):
        permission_classes = [SignedIn]
        versioned = True

        @extend_schema(operation_id=f"incidents_{name}", summary=summary, request=shape, responses=shapes.DetailShape)
        def post(self, request: Request, number: int) -> Response:
            given = self.parse(shape)
            given.pop("version", None)
            incident = incident_seen_by(self.actor, number)
            command(self.actor, incident, version=self.version(), **resolve(self.actor, given))
            return Response(shown(self.actor, number))

    Verb.__doc__ = Verb.post.__doc__ = summary
    return Verb


Acknowledge = _verb("acknowledge", lifecycle.acknowledge, inputs.VerbInput, "Take it; escalation stops.")
UndoAcknowledge = _verb("undo_acknowledge", undoing.undo_acknowledge, inputs.VerbInput, "Wait for an answer again.")
Snooze = _verb("snooze", returning.snooze, inputs.SnoozeInput, "Acknowledge until a time.")
Identify = _verb("identify", lifecycle.identify, inputs.CauseInput, "The cause is known.")
Mitigate = _verb("mitigate", lifecycle.mitigate, inputs.TextInput, "Customers are no longer hit.")
Relapse = _verb("relapse", lifecycle.relapse, inputs.TextInput, "Customers are hit again.")
Resolve = _verb("resolve", lifecycle.resolve, inputs.ResolveInput, "Nothing more to do now.")
UndoResolve = _verb("undo_resolve", undoing.undo_resolve, inputs.VerbInput, "Take a resolve back within 10 s.")
Reopen = _verb("reopen", lifecycle.reopen, inputs.ReasonInput, "Take it up again.")
Cancel = _verb("cancel", lifecycle.cancel, inputs.ReasonInput, "A false alarm.")
Close = _verb("close", lifecycle.close, inputs.VerbInput, "The review is done.")
Reassign = _verb("reassign", assignment.reassign, inputs.ReassignInput, "Give it to a person or a policy.", _target)
EscalateNow = _verb("escalate_now", assignment.escalate_now, inputs.VerbInput, "Page the next level at once.")
ChangePriority = _verb(
    "priority", priority.set_priority, inputs.PriorityChangeInput, "Raise or lower the priority.", _priority
)


class Split(ApiView):
    """Alerts leave for an incident of their own."""

    permission_classes = [SignedIn]
    versioned = True

    @extend_schema(operation_id="incidents_split", request=inputs.SplitInput, responses={201: shapes.DetailShape})
    def post(self, request: Request, number: int) -> Response:
        """Move alerts into a new incident; answers with the new one."""
        given = self.parse(inputs.SplitInput)
        given.pop("version", None)
        incident = incident_seen_by(self.actor, number)
        fresh = splitting.split(self.actor, incident, version=self.version(), **given)
        return Response(shown(self.actor, fresh.number), status=status.HTTP_201_CREATED)
