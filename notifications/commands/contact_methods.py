"""A person's addresses: add, prove, test, remove. Only the person does that, signed in; tokens never (matrix, A43)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.actors import Actor
from accounts.models import User
from accounts.permissions import require
from core import audit, clock, links, throttle
from core.errors import Conflict, Invalid
from core.facts import record
from core.text import clean_line
from notifications.commands import deliveries
from notifications.facts import ContactMethodRemoved, ContactMethodVerified
from notifications.kinds import Provider, provider_of
from notifications.messages import Message
from notifications.models import ContactMethod, Delivery, ProviderConfig, Verification
from notifications.permissions import CONTACT_EDIT

LIFE = timedelta(minutes=15)
TRIES = 5
SENDS_PER_HOUR = 4  # the first code and three more, per number and whoever asks (A43)
TESTS_PER_HOUR = 10
MOST = 20


@transaction.atomic
def add(
    actor: Actor,
    user: User,
    *,
    provider: str,
    address: str,
    label: str = "",
    secrets_given: Mapping[str, str] | None = None,
) -> ContactMethod:
    """Add an address and send its code where the carrier wants one; raises Invalid, Conflict and TooMany (A10, A43)."""
    require(actor, CONTACT_EDIT, ContactMethod(user=user))
    carrier = provider_of(provider)
    ready_for_use(carrier)
    method = ContactMethod(
        user=user,
        provider=carrier.id,
        address=carrier.clean_address(clean_line(address, 500, "address")),
        label=clean_line(label, 60, "label"),
        secrets=carrier.clean_secrets(secrets_given or {}),
        verified_at=None if carrier.proof == "code" else clock.now(),
    )
    if ContactMethod.objects.filter(user=user).count() >= MOST:
        raise Invalid(f"Nobody needs more than {MOST} addresses.", code="too_many_addresses")
    try:
        with transaction.atomic():
            method.save(force_insert=True)
    except IntegrityError as error:
        raise Conflict("You have this address already.", code="taken") from error
    if method.verified_at is None:
        _send_code(method)
    else:
        record(ContactMethodVerified(method.pk, user.pk, carrier.id))
    audit.write(actor, "contact_method.add", f"contact_method:{method.pk}", after=_shown(method))
    return method


def ready_for_use(carrier: Provider) -> None:
    """Called down: refuse a carrier that the operator has not set up or has switched off; raises Invalid."""
    config = ProviderConfig.objects.filter(provider=carrier.id).only("enabled").first()
    if (config is None and carrier.needs_set_up) or (config is not None and not config.enabled):
        sentence = f"{carrier.label} is not set up here."
        raise Invalid(sentence, code="not_set_up", hint="Ask an administrator.", fields={"provider": [sentence]})


@transaction.atomic
def send_code(actor: Actor, method: ContactMethod) -> Verification:
    """Send a new code to an unproven address; the former one ends. Raises Conflict and TooMany (A43)."""
    require(actor, CONTACT_EDIT, method)
    if method.verified_at is not None:
        raise Conflict("This address is proven already.", code="verified")
    return _send_code(method)


def _send_code(method: ContactMethod) -> Verification:
    throttle.hit("contact.code", f"{method.provider}:{method.address}", SENDS_PER_HOUR, 3600)
    now = clock.now()
    code = f"{secrets.randbelow(10**6):06d}"
    made, _ = Verification.objects.update_or_create(
        method=method,
        defaults={"digest": digest(method.pk, code), "expires_at": now + LIFE, "tries": 0, "sent_at": now},
    )
    spoken = " ".join(code)
    deliveries.queue(
        key=f"verify:{method.pk}:{secrets.token_hex(8)}",
        purpose="verify",
        purpose_key=f"{method.pk}:{now.timestamp():.0f}",
        method=method,
        message=Message(
            title=f"Your code is {code}",
            text=f"{code} proves this address for Watchbill. It is good for 15 minutes. Not you? Then do nothing.",
            speech=f"Your Watchbill code is {spoken}. Again: {spoken}.",
            link=links.absolute("/"),
        ),
        rank=5,
        first=False,
    )
    return made


def digest(method_id: int, code: str) -> str:
    """What is stored of a code: keyed with the portal's secret and bound to its address."""
    return salted_hmac("watchbill.contact.code", f"{method_id}:{code}", algorithm="sha256").hexdigest()


def verify(actor: Actor, method: ContactMethod, *, code: str) -> ContactMethod:
    """Prove an address by its code; raises Invalid (`wrong_code`, `expired`) and Conflict.

    Each try is counted before it is looked at, in a transaction of its own: a refusal must not undo the count (A43).
    """
    require(actor, CONTACT_EDIT, method)
    if method.verified_at is not None:
        raise Conflict("This address is proven already.", code="verified")
    now = clock.now()
    live = Verification.objects.filter(method=method, tries__lt=TRIES, expires_at__gt=now)
    if not live.update(tries=F("tries") + 1):
        raise Invalid("This code is no longer good.", code="expired", hint="Ask for a new one.")
    found = Verification.objects.get(method=method)
    if not constant_time_compare(found.digest, digest(method.pk, clean_line(code, 40, "code").replace(" ", ""))):
        left = TRIES - found.tries
        hint = f"{left} tries are left." if left else "Ask for a new one."
        raise Invalid("That is not the code.", code="wrong_code", hint=hint, fields={"code": ["That is not the code."]})
    return _proven(actor, method)


@transaction.atomic
def _proven(actor: Actor, method: ContactMethod) -> ContactMethod:
    Verification.objects.filter(method=method).delete()
    method.verified_at = clock.now()
    method.broken_at, method.broken_reason = None, ""
    method.save(update_fields=["verified_at", "broken_at", "broken_reason"])
    record(ContactMethodVerified(method.pk, method.user_id, method.provider))
    audit.write(actor, "contact_method.verify", f"contact_method:{method.pk}", after=_shown(method))
    return method


@transaction.atomic
def rename(actor: Actor, method: ContactMethod, *, label: str) -> ContactMethod:
    """Give an address another label; raises Invalid."""
    require(actor, CONTACT_EDIT, method)
    method.label = clean_line(label, 60, "label")
    method.save(update_fields=["label"])
    return method


@transaction.atomic
def remove(actor: Actor, method: ContactMethod) -> None:
    """Take an address away; what waits for it fails, so that the person's other addresses are used (O29)."""
    require(actor, CONTACT_EDIT, method)
    shown, pk = _shown(method), method.pk
    record(ContactMethodRemoved(pk, method.user_id, method.provider))
    method.delete()
    audit.write(actor, "contact_method.remove", f"contact_method:{pk}", before=shown)


@transaction.atomic
def send_test(actor: Actor, method: ContactMethod) -> Delivery:
    """Send a test message now; raises Conflict for an unproven address and TooMany."""
    require(actor, CONTACT_EDIT, method)
    if method.verified_at is None:
        raise Conflict("Prove this address first.", code="unverified")
    throttle.hit("contact.test", f"{method.provider}:{method.address}", TESTS_PER_HOUR, 3600)
    text = "This is a test from Watchbill. If you read or hear it, pages reach you here."
    queued = deliveries.queue(
        key=f"test:{method.pk}:{secrets.token_hex(8)}",
        purpose="test",
        purpose_key=str(method.pk),
        method=method,
        message=Message(title="Watchbill test", text=text, speech=text, link=links.absolute("/now/"), rank=5),
        rank=5,
        first=False,
    )
    if queued is None:
        raise Conflict("This test was sent before.", code="taken")
    return queued


@transaction.atomic
def ensure_email(user: User) -> ContactMethod:
    """Called down when a person is made: the sign-in address, for which the administrator vouches, takes pages."""
    method, made = ContactMethod.objects.get_or_create(
        user=user,
        provider="email",
        address=user.email,
        defaults={"verified_at": clock.now(), "label": "Sign-in address"},
    )
    if made:
        record(ContactMethodVerified(method.pk, user.pk, "email"))
    return method


def _shown(method: ContactMethod) -> dict[str, str]:
    """What the audit keeps: never the whole address (A95)."""
    return {"provider": method.provider, "address": method.masked, "label": method.label}
