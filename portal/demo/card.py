"""What `manage.py demo --json` prints: addresses, passwords, tokens and keys of the demo (contract)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password, is_password_usable, make_password
from django.utils.crypto import salted_hmac

from accounts.actors import person, system
from accounts.commands import tokens, users
from accounts.models import ApiToken, User
from incidents.models import Incident
from integrations.commands import keys
from integrations.models import IntegrationKey
from oncall.models import Service
from portal.demo.organisation import SANDBOX, Organisation, address_of
from portal.demo.people import PEOPLE

SCOPES = ("read", "write", "admin")
ROLES = ("administrator", "process_owner", "team_manager", "responder", "stakeholder")


def lay_out(made: Organisation, incident: Incident | None) -> dict[str, Any]:
    """Give everybody a new token, every service a new key, and say them all once."""
    sandbox, hashed = made.services[SANDBOX], _hash(made.people.values())
    routing = {service.pk: _new_key(service) for service in made.services.values()}
    pages = {"schedule": f"/schedules/{next(iter(made.schedules.values())).pk}/"}
    if incident is not None:
        pages["incident"] = f"/incidents/{incident.number}/"
    return {
        "url": settings.PORTAL_URL,
        "users": [_user(made.people[name], manages, hashed) for name, _, _, manages in PEOPLE],
        "services": [
            {"name": service.name, "team": service.team.name, "routing_key": routing[service.pk]}
            for service in made.services.values()
            if service.pk != sandbox.pk
        ],
        "sandbox": {"service": SANDBOX, "routing_key": routing[sandbox.pk], "person": "Dev Patel"},
        "pages": pages,
    }


def lines(shown: dict[str, Any]) -> list[str]:
    """What a visitor reads: where the demo's mail is and a story to try; last of all where to sign in, and as whom."""
    story = f"open {shown['url']}{shown['pages']['incident']}" if "incident" in shown["pages"] else "open Now"
    sandbox = shown["sandbox"]
    first = {user["role"]: user for user in reversed(shown["users"])}
    return [
        f"Mail goes to nobody: it is written to {settings.MAIL_DIR} and stands in the delivery log.",
        f"Try: {story}; then send a test event to the service “{sandbox['service']}” (Services, {sandbox['service']},"
        f" Intake), which pages {sandbox['person']}, and answer by the link in the mail.",
        "",
        f"Sign in at   {shown['url']}",
        f"Password     {password()}   (everybody's)",
        *(f"  {role.replace('_', ' '):<15}{first[role]['email']}" for role in ROLES),
    ]


def greeting() -> list[str]:
    """The same in one line when the demo starts, as long as it is true; nothing where there is no demo."""
    first = User.objects.filter(email=address_of(PEOPLE[0][0])).first()
    if first is None or not first.has_usable_password() or not first.check_password(password()):
        return []
    return [f"This is the demo: sign in as {first.email}, password {password()}"]


def password() -> str:
    """Everybody's password: the same at each call, another one in each data directory, and kept nowhere."""
    made = salted_hmac("portal.demo.password", "demo", algorithm="sha256").hexdigest()
    return f"demo-{made[:6]}-{made[6:12]}-{made[12:18]}"


def _hash(people: Iterable[User]) -> str:
    """What is stored of everybody's password: one hash for all, since making or trying one is slow on purpose."""
    [(kept, _)] = Counter(user.password for user in people).most_common(1)
    is_ours = is_password_usable(kept) and check_password(password(), kept)
    return kept if is_ours else make_password(password())


def _user(user: User, manages: bool, hashed: str) -> dict[str, str]:
    """A person with the demo's password and one token with all of its owner's rights; former tokens end."""
    actor = system("Demo")
    # Set only where it is not set: a new one would end the sessions of whoever looks at the demo.
    if user.password != hashed:  # nosemgrep: secret-compared (both are hashes of ours)
        users.set_password(actor, user, password=password(), hashed=hashed)
    for former in ApiToken.objects.filter(user=user, revoked_at=None):
        tokens.revoke(actor, former)
    user = User.objects.get(pk=user.pk)
    _, token = tokens.issue(person(user), user, "demo", SCOPES)
    role = "team_manager" if manages else user.role
    return {"name": user.name, "email": user.email, "password": password(), "role": role, "token": token}


def _new_key(service: Service) -> str:
    actor = system("Demo")
    for former in IntegrationKey.objects.filter(service=service, kind="events", name="demo", revoked_at=None):
        keys.revoke(actor, former)
    return keys.issue(actor, service, kind="events", name="demo")[1]
