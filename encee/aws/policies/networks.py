"""Networks from which requests may come: CIDRs as people write them."""

import ipaddress
from collections.abc import Iterable
from typing import TypeAlias

from encee.errors import UsageError

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def network(cidr: str) -> Network:
    """A network, or one address.

    Args:
        cidr: Such as `203.0.113.0/24`, `203.0.113.7` or `2001:db8::/32`.

    Raises:
        UsageError: It is neither, or an address inside a network.
    """
    base, slash, length = cidr.partition("/")
    try:
        if slash and not (length.isascii() and length.isdecimal()):
            raise ValueError(length)
        found = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        raise UsageError(
            f"{cidr} is neither a network nor an address", hint="write it as 203.0.113.0/24 or 2001:db8::/32"
        ) from None
    if ipaddress.ip_address(base) != found.network_address:
        raise UsageError(f"{cidr} is an address inside a network", hint=f"the network is {found}, the address {base}")
    return found


def is_world(networks: Iterable[Network]) -> bool:
    """Whether networks together are every address of IPv4 or of IPv6, and so no restriction."""
    listed = list(networks)
    fours = ipaddress.collapse_addresses(one for one in listed if isinstance(one, ipaddress.IPv4Network))
    sixes = ipaddress.collapse_addresses(one for one in listed if isinstance(one, ipaddress.IPv6Network))
    return any(one.prefixlen == 0 for one in fours) or any(one.prefixlen == 0 for one in sixes)
