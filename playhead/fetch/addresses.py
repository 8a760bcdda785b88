"""Which addresses may be connected to."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Python's is_global follows IANA's registries, but differs between its releases and counts multicast as global.
_NEVER = [
    ip_network(text)
    for text in (
        "192.88.99.0/24",  # 6to4 relays: whoever announces them reads along
        "192.0.0.0/24",  # protocol assignments, 192.0.0.192 serves metadata in some clouds
        "168.63.129.16/32",  # the host of an Azure machine, from inside it
        "100.100.100.200/32",  # metadata in Alibaba's cloud
        "2001::/23",  # Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
]
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_6TO4 = IPv6Network("2002::/16")
_TEREDO = IPv6Network("2001::/32")
_ISATAP = {0x00005EFE, 0x02005EFE}


def is_permitted(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether an address is in an allowed network, or is globally routable and carries no address that is not."""
    if any(address in network for network in allowed):
        return True
    if isinstance(address, IPv4Address):
        return _is_public(address)
    carried = embedded(address)
    if any(address in network for network in (_MAPPED, _NAT64)):
        return all(is_permitted(inner, allowed) for inner in carried)
    return address in _GLOBAL_UNICAST and _is_public(address) and all(is_permitted(inner, allowed) for inner in carried)


def embedded(address: IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that a tunnel or translator may send this IPv6 address's packets to."""
    number = int(address)
    found = []
    if address in _MAPPED or address in _NAT64:
        found.append(IPv4Address(number & 0xFFFFFFFF))
    if address in _6TO4:
        found.append(IPv4Address((number >> 80) & 0xFFFFFFFF))
    if address in _TEREDO and address.teredo is not None:
        found.extend(address.teredo)
    if (number >> 32) & 0xFFFFFFFF in _ISATAP:
        found.append(IPv4Address(number & 0xFFFFFFFF))
    return found


def _is_public(address: Address) -> bool:
    special = address.is_multicast or address.is_reserved or address.is_link_local or address.is_unspecified
    return address.is_global and not special and not any(address in network for network in _NEVER)
