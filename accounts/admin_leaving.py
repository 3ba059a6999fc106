"""What is asked in the administration before people are shut out: what ends, and what loses them (S50)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest
from django.template.response import TemplateResponse

from accounts.kinds import resting_on
from accounts.models import ApiToken, Membership, User
from accounts.queries import managers_of, places_of
from accounts.sessions import keys_of

SHOWN = 10  # people of whom the page tells all; of more it tells the number


@dataclass(frozen=True, slots=True)
class Leaving:
    """A person, and what happens when he or she is shut out, in sentences."""

    user: User
    sentences: Sequence[str]


def what_happens(user: User) -> list[str]:
    """What shutting this person out ends and leaves behind, in sentences."""
    if not user.is_active:
        return ["Is shut out already: nothing changes."]
    sessions, tokens = len(keys_of(user)), ApiToken.objects.filter(user=user, revoked_at=None).count()
    ends = f"{_count(sessions, 'session')} and {_count(tokens, 'API token')} end at once, and no sign-in is possible."
    return [ends, *_teams(user), *resting_on(user)]


def _teams(user: User) -> list[str]:
    places = [place.team for place in places_of(user) if place.role == Membership.MANAGER]
    alone = [team.name for team in places if not managers_of(team.pk).exclude(pk=user.pk).exists()]
    return [f"Nobody manages {', '.join(alone)} any more: the administrators answer for it."] if alone else []


def _count(number: int, noun: str) -> str:
    return f"{number or 'No'} {noun}{'' if number == 1 else 's'}"


def question(admin: Any, request: HttpRequest, chosen: Sequence[User]) -> TemplateResponse:
    """The page that asks; its form, which needs no script, sends the act again with the answer."""
    context = {
        **admin.admin_site.each_context(request),
        "title": f"Deactivate {chosen[0].name}?" if len(chosen) == 1 else f"Deactivate {len(chosen)} people?",
        "opts": admin.opts,
        "leaving": [Leaving(user, what_happens(user)) for user in chosen[:SHOWN]],
        "more": max(0, len(chosen) - SHOWN),
        "chosen": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "across": request.POST.get("select_across") == "1",
        "back": len(chosen) == 1,
    }
    request.current_app = admin.admin_site.name
    return TemplateResponse(request, "admin/accounts/user/deactivate.html", context)
