"""From where a request comes: one name for one household or office, for the limits that count it.

uvicorn has already put what a trusted proxy says in the place of its own address
(TAQUILLA_TRUSTED_PROXIES); what anybody else claims in X-Forwarded-For is not looked at.
"""

from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

from starlette.types import Scope

IPV6_PREFIX_BITS = 64
"""What a provider gives to one subscriber at the least; each has 2^64 addresses to choose from."""
UNREADABLE = "unreadable"
"""Whatever a proxy of ours calls an address and is none: all of it counts as one."""


def find_network(scope: Scope) -> str | None:
    """An IPv4 address, or an IPv6 /64. None where there is no network at all: a unix socket."""
    client = scope.get("client")
    return network_of(str(client[0])) if client and client[0] else None


@lru_cache(maxsize=4096)
def network_of(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return UNREADABLE
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), IPV6_PREFIX_BITS), strict=False))
