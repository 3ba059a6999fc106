"""What carriers tell afterwards: a state, a pressed key, a reply. Called down by the call-back view."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import IntegrityError, OperationalError, transaction
from django.utils.crypto import constant_time_compare

from core import clock, throttle
from core.errors import Missing, PortalError, TooMany
from core.models import IdempotencyKey
from notifications.commands import outcomes
from notifications.kinds import CallbackNews, CallbackRequest, Provider, provider_of, purpose_of
from notifications.models import Delivery, ProviderConfig
from notifications.states import CONFIRMED, QUEUED, SENT

log = logging.getLogger(__name__)
ANSWERABLE = timedelta(hours=24)
UNKNOWN = "This does not belong to a page that waits for an answer."
GUESSES = 10  # wrong codes from one sender in an hour


def config_for(provider_id: str, token: str) -> tuple[Provider, ProviderConfig]:
    """The provider and settings behind a call-back address; raises Missing for every other case alike."""
    provider = provider_of(provider_id)
    config = ProviderConfig.objects.filter(provider=provider.id, enabled=True).first()
    if config is None or not constant_time_compare(config.callback_token, token):
        raise Missing("There is nothing here.")
    return provider, config


def receive(provider: Provider, config: ProviderConfig, request: CallbackRequest) -> str:
    """Act on a carrier's post once its signature fits; returns the sentence for the person, if any.

    Raises BadCallback. Unknown, doubled and late news have no effect and are logged (F35, A48, A50).
    """
    sentence = ""
    for news in provider.parse_callback(request, config.settings):
        sentence = _take(provider, news) or sentence
    return sentence


def _take(provider: Provider, news: CallbackNews) -> str:
    if news.kind == "answer":
        return _answer(provider, news)
    with transaction.atomic():
        delivery = _by_ref(provider, news)
        if delivery is None or not outcomes.news(delivery, news.state, news.detail):
            log.info("a call-back of %s without effect: %s", provider.id, news.state)
    return ""


def _by_ref(provider: Provider, news: CallbackNews) -> Delivery | None:
    """By the carrier's own number; by ours where the carrier was faster than our mark (F4)."""
    rows = Delivery.objects.filter(provider=provider.id).defer("message")
    found = rows.filter(provider_ref=news.ref).first() if news.ref else None
    if found is None and news.delivery.isascii() and news.delivery.isdigit() and len(news.delivery) <= 18:
        found = rows.filter(pk=int(news.delivery), provider_ref__in=["", news.ref]).first()
    return found


def _answer(provider: Provider, news: CallbackNews) -> str:
    """Pass an answer on, once, when its code is the message's own (O30, A48)."""
    delivery = _answered_delivery(provider, news)
    if delivery is None or not news.answer:
        log.warning("an answer by %s was ignored: no such message, code or key", provider.id)
        return UNKNOWN
    try:
        return _answer_once(provider, news, delivery)
    except OperationalError:  # a deadlock with somebody who holds these pages in another order: once more
        return _answer_once(provider, news, delivery)


def _answer_once(provider: Provider, news: CallbackNews, delivery: Delivery) -> str:
    try:
        with transaction.atomic():
            IdempotencyKey.objects.create(key=f"callback:{provider.id}:{news.id}"[:200], actor=provider.id)
            return answer(delivery, news.answer, provider.via)
    except IntegrityError:
        log.info("a repeated answer by %s was ignored", provider.id)
        return "This answer has been taken already."
    except PortalError as error:
        return error.detail


def _answered_delivery(provider: Provider, news: CallbackNews) -> Delivery | None:
    if not news.code:
        return None
    recent = Delivery.objects.filter(
        provider=provider.id, state__in=[QUEUED, SENT, CONFIRMED], created_at__gt=clock.now() - ANSWERABLE
    ).defer("message")
    if news.sender:
        try:
            throttle.hit("callback.reply", f"{provider.id}:{news.sender}", GUESSES, 3600)
        except TooMany:
            return None
        found = recent.filter(address=news.sender, code=news.code).order_by("-pk").first()
        if found is not None:
            throttle.forget("callback.reply", f"{provider.id}:{news.sender}")
        return found
    if not (news.delivery.isascii() and news.delivery.isdigit() and len(news.delivery) <= 18):
        return None
    found = recent.filter(pk=int(news.delivery)).first()
    known = found is not None and bool(found.code) and constant_time_compare(found.code, news.code)
    fits = found is not None and found.provider_ref in {"", news.ref}
    return found if known and fits else None


def answer(delivery: Delivery, given: str, via: str) -> str:
    """Tell the purposes of a message, and of all that it carried along; returns the first one's sentence.

    Called in a transaction. A carrier that lets us know an answer has delivered the message.
    """
    group = [delivery, *Delivery.objects.filter(bundled_into=delivery).defer("message")]
    outcomes.refresh(group)
    sentences: dict[int, str] = {}
    for each in sorted(group, key=lambda member: member.pk):  # one order of locks for everybody
        try:
            with transaction.atomic():
                sentences[each.pk] = purpose_of(each.purpose).answered(each, given, via)
        except PortalError as error:
            sentences[each.pk] = error.detail
    if delivery.state in {QUEUED, SENT}:
        outcomes.news(delivery, "confirmed", "")
    first = sentences[delivery.pk]
    return first if len(sentences) == 1 else f"{first} {len(sentences)} pages were answered."
