"""Operators' settings of the providers, and what a provider is given when it sends."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

from django.db import transaction

from accounts.actors import Actor
from accounts.permissions import require
from core import alarms, audit, db, links
from core.models import StoredSecret
from core.secrets import decrypt, encrypt
from notifications.kinds import Permanent, Provider, provider_of
from notifications.models import Delivery, ProviderConfig
from notifications.permissions import PROVIDER_EDIT


@transaction.atomic
def configure(
    actor: Actor, provider_id: str, *, enabled: bool, values: Mapping[str, str], version: int | None = None
) -> ProviderConfig:
    """Store an operator's settings; an empty secret leaves the stored one. Raises Invalid, Conflict (A49, A98)."""
    require(actor, PROVIDER_EDIT)
    provider = provider_of(provider_id)
    config = db.locked(ProviderConfig.objects.filter(provider=provider.id)).first() or blank(provider.id)
    db.check_version(config, version)
    secret = {field.name for field in provider.settings_fields if field.secret}
    given = {k: str(v) for k, v in values.items() if not (k in secret and not v)}
    before = {"enabled": config.enabled, **shown(provider, config)}
    cleaned = provider.clean_settings({**config.settings, **given}) if enabled or given else dict(config.settings)
    replaced = sorted(name for name in secret if cleaned.get(name) != config.settings.get(name))
    config.enabled, config.settings = enabled, cleaned
    db.bump(config)
    config.save()
    end_alarm(provider.id)
    after = {"enabled": enabled, **shown(provider, config), **({"replaced": replaced} if replaced else {})}
    audit.write(actor, "provider.configure", f"provider:{provider.id}", before=before, after=after)
    return config


def blank(provider_id: str) -> ProviderConfig:
    """Unsaved settings with a call-back address of their own."""
    return ProviderConfig(provider=provider_id, version=0, callback_token=secrets.token_urlsafe(32), settings={})


def shown(provider: Provider, config: ProviderConfig) -> dict[str, str]:
    """The settings without the secrets: those are written and never read back (A98)."""
    return {
        field.name: ("set" if config.settings.get(field.name) else "")
        if field.secret
        else config.settings.get(field.name, "")
        for field in provider.settings_fields
    }


def raise_alarm(provider_id: str, reason: str) -> None:
    """Say loudly that the operator must look at this provider."""
    alarms.alarm(f"provider.{provider_id}", f"The provider “{provider_id}” does not work: {reason}.")


def end_alarm(provider_id: str) -> None:
    """It works again; asks first, so that the usual case writes nothing."""
    if any(beat.name == f"alarm:provider.{provider_id}" for beat in alarms.standing()):
        alarms.clear(f"provider.{provider_id}")


def given_to(provider: Provider, delivery: Delivery) -> dict[str, str]:
    """Settings for one sending: the operator's, the portal's own key, the call-back address of this delivery.

    Raises Permanent (the address is not at fault) where the provider is not set up, switched off or unreadable.
    """
    try:
        config = ProviderConfig.objects.filter(provider=provider.id).first()
    except ValueError as error:
        raise Permanent("the provider's settings cannot be opened", broken=False) from error
    if config is not None and not config.enabled:
        raise Permanent("the provider is switched off", broken=False)
    if config is None and provider.needs_set_up:
        raise Permanent("the provider is not set up", broken=False)
    values = dict(config.settings) if config else {}
    if config is not None:
        query = urlencode({"delivery": delivery.pk, "code": delivery.code})
        values["callback_url"] = links.absolute(f"/callbacks/{provider.id}/{config.callback_token}/") + f"?{query}"
    if provider.own_key:
        values["own_key"] = own_key(provider)
    return values


def own_key(provider: Provider) -> str:
    """The portal's own key with this carrier, made once whoever asks first, sealed with FIELD_KEYS."""
    row = StoredSecret.objects.filter(pk=provider.own_key).first()
    if row is None:
        made = StoredSecret(name=provider.own_key, sealed=encrypt(provider.make_secret()))
        StoredSecret.objects.bulk_create([made], ignore_conflicts=True)
        row = StoredSecret.objects.get(pk=provider.own_key)
    return decrypt(row.sealed)
