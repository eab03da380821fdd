"""Parse networks and addresses, and check whether networks contain every address."""

import ipaddress
from collections.abc import Iterable
from typing import TypeAlias

from encee.errors import UsageError

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_network(cidr: str) -> Network:
    """Parse a network or an address.

    Args:
        cidr: Such as `203.0.113.0/24`, `203.0.113.7` or `2001:db8::/32`.

    Raises:
        UsageError: The text is malformed, or has a prefix length but is not the first address of the network.
    """
    network = read_network(cidr)
    if network is None:
        raise UsageError(
            f"{cidr} is neither a network nor an address", hint="write it as 203.0.113.0/24 or 2001:db8::/32"
        )
    address = cidr.partition("/")[0]
    if ipaddress.ip_address(address) != network.network_address:
        raise UsageError(
            f"{cidr} is an address inside a network", hint=f"the network is {network}, the address {address}"
        )
    return network


def read_network(cidr: str) -> Network | None:
    """Parse a network or an address with any prefix length; None if malformed."""
    _, slash, length = cidr.partition("/")
    if slash and not (length.isascii() and length.isdecimal()):
        return None
    try:
        return ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return None


def covers_all_addresses(networks: Iterable[Network]) -> bool:
    """Return whether networks contain every address of IPv4 or of IPv6."""
    listed = list(networks)
    v4 = ipaddress.collapse_addresses(network for network in listed if isinstance(network, ipaddress.IPv4Network))
    v6 = ipaddress.collapse_addresses(network for network in listed if isinstance(network, ipaddress.IPv6Network))
    return any(network.prefixlen == 0 for network in v4) or any(network.prefixlen == 0 for network in v6)
