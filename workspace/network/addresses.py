"""Where a name leads, and whether that is the internet. Standard library only."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable

from workspace.network.rules import AllowedHost, Refused

INTERNET_V6 = ipaddress.ip_network("2000::/3")
"""All that is assigned for it (RFC 4291); mapped, translated and local addresses lie outside."""

TUNNELS = tuple(map(ipaddress.ip_network, ("2002::/16", "2001::/32")))
"""6to4 and Teredo: an IPv4 address is inside, which may be any."""

Resolve = Callable[[str, int], Awaitable[list[str]]]


async def resolve(name: str, port: int) -> list[str]:
    """Return the addresses of a host, best first. Raises OSError."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except UnicodeError as not_a_name:
        raise OSError("its name cannot be looked up") from not_a_name
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def check(addresses: list[str], host: AllowedHost) -> None:
    """Refuse a host when one of its addresses is not on the internet. Raises Refused.

    One is enough: names that lead to several places are how such checks are fooled.
    """
    for address in addresses:
        if ipaddress.ip_address(address.partition("%")[0]).is_link_local:
            raise Refused("its address is link-local")
        if not host.anywhere and not is_public(address):
            raise Refused("its address is private")
        if not host.anywhere and is_of_this_machine(address):
            raise Refused("its address is this machine's own")


def is_public(address: str) -> bool:
    """Whether an address belongs to the internet rather than to a network behind it."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and (
        ip not in INTERNET_V6 or any(ip in tunnel for tunnel in TUNNELS)
    ):
        return False
    return ip.is_global and not ip.is_multicast


def is_of_this_machine(address: str) -> bool:
    """Whether an address is one of this machine: only from such a one does it reach itself."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))  # of a datagram socket this sends nothing
            return bool(probe.getsockname()[0] == address)
    except OSError:
        return False
