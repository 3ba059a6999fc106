"""Which addresses our own calls may reach: one URL parser and one table of networks, no network call (A69-A72, A76)."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from core.errors import Invalid

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LONGEST = 2048

# One grammar: what does not match is refused, so that no second parser can read it differently (A72).
_url = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]{2,45}\]|[a-z0-9_.\-]{1,254})(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>[/?][!$-;=?-\[\]_a-z~]*)?",
    re.IGNORECASE | re.ASCII,
)
_label = re.compile(r"[a-z0-9_](?:[a-z0-9_\-]{0,61}[a-z0-9_])?", re.ASCII)
_numeric = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.ASCII)

# Never reachable, whatever OUTBOUND_ALLOW says: instance metadata, and networks that are no place to call.
_never = [
    ipaddress.ip_network(each)
    for each in (
        *("0.0.0.0/8", "169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"),
        *("224.0.0.0/4", "255.255.255.255/32", "::/128", "fe80::/10", "ff00::/8"),
        *("fd00:ec2::/32", "fd20:ce::254/128", "fd00:42::42/128"),
    )
]
_never_names = {"metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"}
_private = [
    ipaddress.ip_network(each)
    for each in (
        *("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "192.0.0.0/24"),
        *("192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.175.48.0/24"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4"),
        # Of IPv6 only 2000::/3 is public; inside it: protocol assignments, Teredo, documentation, 6to4.
        *("::/3", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "4000::/2", "8000::/1"),
    )
]
_private_endings = (".localhost", ".local", ".internal", ".localdomain", ".home.arpa", ".lan", ".intranet", ".corp")
_mapped = ipaddress.ip_network("::ffff:0:0/96")
_nat64 = ipaddress.ip_network("64:ff9b::/96")

NOT_ALLOWED = "This address is not allowed."
SPELLING = "Write it as http:// or https:// with a host, without a user name and without what follows a #."
INSIDE = (
    "It lies inside a private network. An operator can allow it with the setting WATCHBILL_OUTBOUND_ALLOW"
    " (docs/operations.md, “Addresses inside”)."
)
NEVER = "It belongs to the machine or the network itself, and no setting opens it."


class Refused(Invalid):
    """The address may not be reached, or the request may not be built (400)."""

    code = "address_not_allowed"

    def __init__(self, detail: str = NOT_ALLOWED, *, code: str | None = None, hint: str = SPELLING) -> None:
        super().__init__(detail, code=code, hint=hint)


@dataclass(frozen=True, slots=True)
class Place:
    """A parsed address: the host in lower case without brackets, the path with its query."""

    scheme: str
    host: str
    port: int
    target: str
    literal: Address | None = None

    @property
    def host_header(self) -> str:
        """The value of the Host header."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _usual(self.scheme) else f"{name}:{self.port}"


def parse(url: str) -> Place:
    """The parts of an address; raises Refused for anything but plain http(s) without user, fragment or tricks."""
    found = _url.fullmatch(url) if len(url) <= LONGEST else None
    if found is None:
        raise Refused
    scheme, host = found["scheme"].lower(), found["host"].lower()
    port = int(found["port"]) if found["port"] else _usual(scheme)
    if not 0 < port < 65536:
        raise Refused
    target = found["target"] or "/"
    literal = _literal(host)
    if literal is None:
        host = _name(host)
    return Place(scheme, str(literal or host), port, target if target.startswith("/") else f"/{target}", literal)


def check_place(place: Place) -> None:
    """Raise Refused for what can be told without asking the name service."""
    if place.literal is not None:
        check_address(place.host, place.literal)
        return
    local = "." not in place.host or place.host.endswith(_private_endings)
    if place.host in _never_names:
        raise Refused(hint=NEVER)
    if local and place.host not in _allowed()[0]:
        raise Refused(hint=INSIDE)


def check_address(host: str, address: Address) -> None:
    """Raise Refused when `address`, which `host` led to, is private and not allowed (A71, A76).

    OUTBOUND_ALLOW names a host (which may then be private), an address or a network.
    """
    seen = _inner(address)
    if any(seen in network for network in _never if network.version == seen.version):
        raise Refused(hint=NEVER)
    names, networks = _allowed()
    if host in names or any(seen in network for network in networks if network.version == seen.version):
        return
    if any(seen in network for network in _private if network.version == seen.version):
        raise Refused(hint=INSIDE)


def _inner(address: Address) -> Address:
    """The IPv4 address that a mapped or translated IPv6 address leads to, else the address itself."""
    if isinstance(address, ipaddress.IPv6Address) and (address in _mapped or address in _nat64):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
        return ipaddress.IPv6Address(int(address))
    return address


def _literal(host: str) -> Address | None:
    try:
        if host.startswith("["):
            return ipaddress.IPv6Address(host[1:-1])
        # As the web's own parser says: a host whose last part is a number is an IPv4 address or nothing.
        last = host.rstrip(".").rpartition(".")[2]
        return ipaddress.IPv4Address(host) if _numeric.fullmatch(last) else None
    except ValueError as error:
        raise Refused from error


def _name(host: str) -> str:
    name = host.removesuffix(".")
    if not name or len(name) > 253 or not all(_label.fullmatch(label) for label in name.split(".")):
        raise Refused
    return name


def _usual(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _allowed() -> tuple[frozenset[str], tuple[Network, ...]]:
    return _read_allowed(tuple(settings.OUTBOUND_ALLOW))


@lru_cache(maxsize=8)
def _read_allowed(entries: tuple[str, ...]) -> tuple[frozenset[str], tuple[Network, ...]]:
    names: set[str] = set()
    networks: list[Network] = []
    for entry in entries:
        try:
            networks.append(ipaddress.ip_network(entry.strip("[]"), strict=False))
        except ValueError:
            names.add(entry.lower().removesuffix("."))
    return frozenset(names), tuple(networks)
