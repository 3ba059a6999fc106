"""The real address of a client: the rightmost hop that is not one of our own proxies (A37)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@lru_cache(maxsize=8)
def _networks(proxies: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(proxy, strict=False) for proxy in proxies)


def _address(text: str) -> Address | None:
    """An address in its one spelling (v4 in v6 unwrapped), or None for anything else."""
    try:
        found = ipaddress.ip_address(text.strip().strip("[]"))
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def client_address(meta: Mapping[str, Any]) -> str:
    """The client's address from a WSGI environment.

    `X-Forwarded-For` counts only when the peer is in `TRUSTED_PROXIES`, is read from the right, and only
    as far as the hops are ours: what stands left of the first foreign hop is the client's own word.
    """
    here = _address(str(meta.get("REMOTE_ADDR") or ""))
    if here is None:
        return "unknown"
    networks = _networks(tuple(settings.TRUSTED_PROXIES))
    hops = str(meta.get("HTTP_X_FORWARDED_FOR") or "").split(",")
    while hops and any(here in network for network in networks):
        following = _address(hops.pop())
        if following is None:
            break
        here = following
    return str(here)


def network_of(address: str) -> str:
    """What a throttle counts for a client's address: a household has a whole /64 of IPv6, which is one client (A37)."""
    found = _address(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(found), 64), strict=False))
    return address


def is_proxy(peer: str) -> bool:
    """Whether the address a connection comes from is in `TRUSTED_PROXIES`."""
    here = _address(peer)
    return here is not None and any(here in network for network in _networks(tuple(settings.TRUSTED_PROXIES)))


def is_address(host: str) -> bool:
    """Whether a Host header names the portal by a number, for which browsers make no passkeys."""
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    return _address(name) is not None
