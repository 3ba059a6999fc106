"""One's own notification rules: when and by which address a page reaches one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.actors import Actor
from accounts.models import User
from core.web.doors import Question, actor_of, confirm, done, signed_in
from core.web.forms import sent
from notifications.queries.lately import only_filed
from oncall.commands import rules
from oncall.forms.rules import RuleForm
from oncall.models import NotificationRule
from oncall.queries.reach import Way, verified_methods, ways_to
from oncall.queries.services import rule_seen_by, rules_seen_by

HOME = ("Your profile", "/profile/")
LIST = ("Notification rules", "/profile/rules/")
URGENCIES = (("high", "High urgency"), ("low", "Low urgency"))


@dataclass(frozen=True, slots=True)
class Part:
    """One urgency as the page shows it: the ways that a page takes now, and the rules that say so."""

    urgency: str
    label: str
    ways: list[Way]
    rules: list[NotificationRule]

    @property
    def only_filed(self) -> bool:
        """Whether all of it is mail that is only written to files, so that the page reaches nobody."""
        return only_filed(way.method for way in self.ways)

    @property
    def late(self) -> int:
        """For how many minutes nothing reaches one; told of high urgency alone, where minutes count."""
        if self.urgency != "high" or not self.ways:
            return 0
        return min(way.delay_minutes for way in self.ways)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def rule_list(request: HttpRequest) -> HttpResponse:
    """Both urgencies with a sentence of what will happen, and a form for one rule more."""
    actor: Actor = actor_of(request)
    me: User = actor_of(request).user
    methods = verified_methods(me.pk)
    form = RuleForm(request.POST or None, methods=methods, initial={"delay_minutes": 0})
    if request.method == "POST":
        made = sent(form, lambda: rules.add(actor, me, **form.values()))
        if made is not None:
            return done(request, "/profile/rules/", "The rule was added.")
    own = list(rules_seen_by(actor))
    context = {
        "form": form,
        "methods": methods,
        "parts": [
            Part(urgency, label, ways_to(me, urgency), [rule for rule in own if rule.urgency == urgency])
            for urgency, label in URGENCIES
        ],
        "any": bool(own),
        "tab": "rules",
        "crumbs": [HOME, ("Notification rules", "")],
    }
    return render(request, "oncall/rules.html", context, status=form.status)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then remove a rule."""
    actor: Actor = actor_of(request)
    rule = rule_seen_by(actor, pk)

    def act() -> str:
        rules.remove(actor, rule)
        return "The rule was removed."

    others = [each for each in rules_seen_by(actor) if each.urgency == rule.urgency and each.pk != rule.pk]
    when = f"after {rule.delay_minutes} min" if rule.delay_minutes else "at once"
    question = Question(
        "Remove this rule?",
        [
            f"Pages of {rule.urgency} urgency no longer reach you {when} by {rule.method.carrier}.",
            _remaining(rule.urgency, others),
        ],
        "Remove the rule",
        "/profile/rules/",
        [HOME, LIST, ("Remove", "")],
    )
    return confirm(request, question, act, "/profile/rules/")


def _remaining(urgency: str, others: Iterable[NotificationRule]) -> str:
    """What is left when a rule has gone."""
    left: Sequence[Way] = [Way(each.delay_minutes, each.method) for each in others]
    if not left:
        return "No rule is left for this urgency, so the default applies: at once by mail and push."
    said = f"What remains: {', '.join(way.sentence for way in left)}."
    first = min(way.delay_minutes for way in left)
    if urgency == "high" and first:
        return f"{said} Nothing reaches you in the first {first} minute{'' if first == 1 else 's'}."
    return said


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest) -> HttpResponse:
    """Ask, then go back to the default."""
    actor: Actor = actor_of(request)
    me: User = actor_of(request).user

    def act() -> str:
        rules.reset(actor, me)
        return "The default applies: at once by mail and push."

    question = Question(
        "Remove all your rules?",
        ["Every page then reaches you at once by mail and push, whatever its urgency."],
        "Use the default",
        "/profile/rules/",
        [HOME, LIST, ("Default", "")],
    )
    return confirm(request, question, act, "/profile/rules/")
