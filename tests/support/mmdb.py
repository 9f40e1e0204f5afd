"""A writer of MaxMind DB files, as small as tests want it (https://maxmind.github.io/MaxMind-DB/)."""

import ipaddress
import struct
from collections.abc import Mapping
from typing import Final

MARKER: Final = b"\xab\xcd\xefMaxMind.com"
_MAP, _UINT16, _UINT32, _UINT64, _STRING, _ARRAY = 7, 5, 6, 9, 2, 11


def mmdb(networks: Mapping[str, object], kind: str = "Test-Country") -> bytes:
    """An IPv6 database in which each network has its record; IPv4 is below ::/96."""
    nodes: list[list[int | None]] = [[None, None]]
    data, places = bytearray(), {}
    for network, record in networks.items():
        places[network] = len(data)
        data += encode(record)
    leaves: dict[tuple[int, int], int] = {}
    for network in networks:
        parsed = ipaddress.ip_network(network)
        shift = 96 if parsed.version == 4 else 0
        bits = f"{int(parsed.network_address):0128b}"[: shift + parsed.prefixlen]
        node = 0
        for bit in bits[:-1]:
            below = nodes[node][int(bit)]
            if below is None:
                below = nodes[node][int(bit)] = len(nodes)
                nodes.append([None, None])
            node = below
        leaves[node, int(bits[-1])] = places[network]
    count = len(nodes)
    tree = bytearray()
    for number, pair in enumerate(nodes):
        for side in (0, 1):
            place = leaves.get((number, side))
            below = pair[side]
            value = count + 16 + place if place is not None else count if below is None else below
            tree += value.to_bytes(4, "big")
    about = {
        "node_count": count, "record_size": 32, "ip_version": 6, "database_type": kind, "languages": [],
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1_800_000_000,
        "description": {},
    }  # fmt: skip
    return bytes(tree) + bytes(16) + bytes(data) + MARKER + encode(about)


def encode(value: object) -> bytes:
    """One value of the data section."""
    match value:
        case str():
            octets = value.encode()
            return _control(_STRING, len(octets)) + octets
        case int():
            octets = struct.pack(">I", value).lstrip(b"\0")
            return _control(_UINT32, len(octets)) + octets
        case dict():
            return _control(_MAP, len(value)) + b"".join(encode(name) + encode(each) for name, each in value.items())
        case list():
            return _control(_ARRAY, len(value)) + b"".join(map(encode, value))
        case _:
            raise TypeError(value)


def _control(kind: int, size: int) -> bytes:
    assert size < 29
    return bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])
