"""One small view per verb: GET shows its form and changes nothing, POST calls the command (S51, F45)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.actors import Actor
from accounts.permissions import Permission, require
from core.errors import Conflict, Invalid
from core.web import htmx
from core.web.doors import View, actor_of, done, signed_in
from incidents import permissions
from incidents.commands import assignment, lifecycle, priority, returning, undoing
from incidents.forms import incidents as forms
from incidents.models import Incident
from incidents.queries.access import incident_seen_by
from incidents.queries.details import allowed_verbs
from oncall.commands import pages
from oncall.queries.escalations import my_open_pages


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb as people meet it: `title` heads its page, `button` is what they press, `says` is said afterwards.

    `reach` tells whom it touches, `name` is the verb of the state table; "" where the table does not know it.
    """

    name: str
    title: str
    button: str
    says: str
    run: Callable[..., Any]
    form: type[forms.VerbForm] = forms.VerbForm
    reach: str = ""
    right: Permission | None = None
    undo: str = ""
    danger: bool = False


def _view(verb: Verb) -> View:
    """The door of one verb."""
    right = verb.right or permissions.VERBS[verb.name]

    @signed_in
    @require_http_methods(["GET", "HEAD", "POST"])
    def door(request: HttpRequest, number: int) -> HttpResponse:
        actor: Actor = actor_of(request)
        incident = incident_seen_by(actor, number)
        require(actor, right, incident)
        if request.method != "POST":
            return _page(request, verb, incident, _fresh_form(request, verb, incident))
        return _act(request, verb, incident)

    door.__doc__ = f"{verb.title} an incident."
    return door


def _fresh_form(request: HttpRequest, verb: Verb, incident: Incident) -> forms.VerbForm:
    """The form as it is first shown; a link (of a slash command) may have filled in some of it."""
    given = {name: text for name, text in request.GET.items() if name in verb.form.base_fields and name != "version"}
    return verb.form(actor=actor_of(request), incident=incident, initial=given)


def _act(request: HttpRequest, verb: Verb, incident: Incident) -> HttpResponse:
    actor: Actor = actor_of(request)
    given = request.POST.copy()
    if "version" in request.GET:
        given.setdefault("version", request.GET["version"])
    form = verb.form(given, actor=actor, incident=incident)
    if not form.is_valid():
        form.refuse()
        return _page(request, verb, incident, form)
    try:
        verb.run(actor, incident, version=form.seen(), **form.values())
    except Conflict as conflict:
        return _stale(request, verb, incident, conflict)
    except Invalid as error:
        form.refuse(error)
        return _page(request, verb, incident, form)
    after = incident_seen_by(actor, incident.number)
    undo = f"/incidents/{after.number}/{verb.undo}/?version={after.version}" if verb.undo else ""
    return done(request, f"/incidents/{after.number}/", verb.says.format(incident=after), undo=undo)


def _stale(request: HttpRequest, verb: Verb, incident: Incident, conflict: Conflict) -> HttpResponse:
    """409 with the present state; what was typed stays in the form, which now carries the present version."""
    actor: Actor = actor_of(request)
    fresh = incident_seen_by(actor, incident.number)
    given = request.POST.copy()
    given["version"] = str(fresh.version)
    return _page(request, verb, fresh, verb.form(given, actor=actor, incident=fresh), conflict)


def _page(
    request: HttpRequest,
    verb: Verb,
    incident: Incident,
    form: forms.VerbForm,
    conflict: Conflict | None = None,
) -> HttpResponse:
    actor: Actor = actor_of(request)
    status = conflict.status if conflict else form.status
    possible = not verb.name or verb.name in allowed_verbs(actor, incident)
    context = {
        "incident": incident,
        "verb": verb,
        "form": form,
        "conflict": conflict,
        "possible": possible,
        "crumbs": [("Incidents", "/incidents/"), (str(incident), f"/incidents/{incident.number}/"), (verb.title, "")],
    }
    response = htmx.render_part(request, "incidents/verb.html", "incidents/_verb.html", context, status=status)
    if status >= 400 and htmx.wants_partial(request):
        response["HX-Retarget"], response["HX-Reswap"] = "#sheet", "innerHTML"
    return response


def _decline(actor: Actor, incident: Incident, *, version: int | None, reason: str) -> str:
    """Decline the page that waits for this person; the version of the incident does not matter to it."""
    page = my_open_pages(actor).filter(subject=incident.subject).first()
    if page is None:
        raise Conflict("No page of this incident waits for your answer.", code="answered")
    return pages.decline(actor, page, via="web", reason=reason)


acknowledge = _view(
    Verb(
        "acknowledge",
        "Acknowledge",
        "Acknowledge",
        "You have acknowledged {incident}. Nobody else will be paged.",
        lifecycle.acknowledge,
        reach="The escalation stops: nobody else will be paged.",
        undo="undo-acknowledge",
    )
)
decline = _view(
    Verb(
        "",
        "Decline",
        "Decline",
        "You have declined {incident}.",
        _decline,
        forms.DeclineForm,
        "When everybody on this level has declined, the next level is paged at once.",
        right=permissions.INCIDENT_SEE_ALL,
    )
)
escalate = _view(
    Verb(
        "escalate_now",
        "Escalate now",
        "Page the next level",
        "The next level of {incident} is being paged.",
        assignment.escalate_now,
        reach="The next level is paged now, without waiting. This cannot be taken back.",
    )
)
reassign = _view(
    Verb(
        "reassign",
        "Reassign",
        "Page and reassign",
        "{incident} was given away.",
        assignment.reassign,
        forms.ReassignForm,
        "Whoever you choose is paged at once. The pages sent so far are taken back.",
    )
)
snooze = _view(
    Verb(
        "snooze",
        "Snooze",
        "Snooze",
        "{incident} is snoozed.",
        returning.snooze,
        forms.SnoozeForm,
        "It counts as acknowledged until then, and pages again afterwards. A worse alert ends the snooze.",
        undo="undo-acknowledge",
    )
)
change_priority = _view(
    Verb(
        "",
        "Change the priority",
        "Set priority",
        "The priority of {incident} was set.",
        priority.set_priority,
        forms.PriorityForm,
        "Raising may page people. Lowering takes nothing back.",
        right=permissions.PRIORITY_RAISE,
    )
)
identify = _view(
    Verb(
        "identify",
        "Cause known",
        "Mark as identified",
        "{incident}: the cause is known.",
        lifecycle.identify,
        forms.CauseForm,
    )
)
mitigate = _view(
    Verb(
        "mitigate",
        "Mitigated",
        "Mark as mitigated",
        "{incident} is mitigated.",
        lifecycle.mitigate,
        forms.TextForm,
        "Customers are no longer hit. Resolving is a step of its own.",
    )
)
relapse = _view(
    Verb(
        "relapse",
        "Impact is back",
        "Mark as not mitigated",
        "{incident}: customers are hit again.",
        lifecycle.relapse,
        forms.TextForm,
    )
)
resolve = _view(
    Verb(
        "resolve",
        "Resolve",
        "Resolve",
        "{incident} is resolved.",
        lifecycle.resolve,
        forms.ResolveForm,
        "Paging and timers stop, and its open alerts are closed.",
        undo="undo-resolve",
    )
)
reopen = _view(
    Verb(
        "reopen",
        "Reopen",
        "Reopen",
        "{incident} is open again.",
        lifecycle.reopen,
        forms.ReasonForm,
        "You answer for it from now on. Nobody is paged.",
    )
)
cancel = _view(
    Verb(
        "cancel",
        "Cancel",
        "Cancel as a false alarm",
        "{incident} was cancelled.",
        lifecycle.cancel,
        forms.ReasonForm,
        "A false alarm: everything stops, and it cannot be reopened.",
        danger=True,
    )
)
close = _view(Verb("close", "Close", "Close", "{incident} is closed.", lifecycle.close, reach="The review is done."))
undo_acknowledge = _view(
    Verb(
        "undo_acknowledge",
        "Undo the acknowledgement",
        "Undo",
        "{incident} is {incident.status} again.",
        undoing.undo_acknowledge,
        reach="It stands where it stood before; where nobody had taken it, somebody will be paged again.",
    )
)
undo_resolve = _view(
    Verb("undo_resolve", "Undo the resolve", "Undo", "{incident} is as it was before.", undoing.undo_resolve)
)
