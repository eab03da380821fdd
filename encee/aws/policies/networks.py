"""Networks from which requests may come: CIDRs as people write them."""

import ipaddress
from collections.abc import Iterable
from typing import TypeAlias

from encee.errors import UsageError

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_network(cidr: str) -> Network:
    """A network, or one address.

    Args:
        cidr: Such as `203.0.113.0/24`, `203.0.113.7` or `2001:db8::/32`.

    Raises:
        UsageError: It is neither, or an address inside a network.
    """
    found = read_network(cidr)
    if found is None:
        raise UsageError(
            f"{cidr} is neither a network nor an address", hint="write it as 203.0.113.0/24 or 2001:db8::/32"
        )
    address = cidr.partition("/")[0]
    if ipaddress.ip_address(address) != found.network_address:
        raise UsageError(
            f"{cidr} is an address inside a network", hint=f"the network is {found}, the address {address}"
        )
    return found


def read_network(cidr: str) -> Network | None:
    """A network, one address, or the network that an address is inside; None where it is none of them."""
    _, slash, length = cidr.partition("/")
    if slash and not (length.isascii() and length.isdecimal()):
        return None
    try:
        return ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return None


def covers_all_addresses(networks: Iterable[Network]) -> bool:
    """Whether networks together are every address of IPv4 or of IPv6, and so no restriction."""
    listed = list(networks)
    fours = ipaddress.collapse_addresses(one for one in listed if isinstance(one, ipaddress.IPv4Network))
    sixes = ipaddress.collapse_addresses(one for one in listed if isinstance(one, ipaddress.IPv6Network))
    return any(one.prefixlen == 0 for one in fours) or any(one.prefixlen == 0 for one in sixes)
