"""What this room does when something happened: a new person gets an address, a broken one is flagged."""

from __future__ import annotations

from accounts.facts import UserCreated
from accounts.models import User
from accounts.queries import managers_of, teams_of
from core import links
from core.facts import on
from notifications.commands.contact_methods import ensure_email
from notifications.commands.notices import tell
from notifications.facts import ContactMethodBroken
from notifications.kinds import provider_of
from notifications.messages import Message
from notifications.models import ContactMethod


@on(UserCreated)
def give_the_sign_in_address(happened: UserCreated) -> None:
    """A person who was made can be reached by the address that he or she signs in with."""
    user = User.objects.filter(pk=happened.user_id).first()
    if user is not None:
        ensure_email(user)


@on(ContactMethodBroken)
def flag_broken_address(happened: ContactMethodBroken) -> None:
    """Its owner learns of it by another address, and so do the managers, who own the roster (F67)."""
    method = ContactMethod.objects.filter(pk=happened.method_id).select_related("user").defer("secrets").first()
    if method is None or method.broken_at is None:
        return
    what = provider_of(method.provider).label
    key = f"broken:{method.pk}:{method.broken_at:%Y%m%d}"
    text = f"{what} {method.masked} was refused: {happened.reason}. Pages go to the other addresses."
    tell(
        method.user,
        key=key,
        without=method.pk,
        message=Message(
            title="One of your addresses does not work", text=text, link=links.absolute("/profile/contact-methods/")
        ),
    )
    managers = {m.pk: m for team in teams_of(method.user) for m in managers_of(team.pk) if m.pk != method.user_id}
    for manager in managers.values():
        about = f"{method.user.name}: {text}"
        tell(manager, key=key, message=Message(title="A responder's address does not work", text=about))
