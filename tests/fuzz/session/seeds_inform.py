#!/usr/bin/env python3
"""Writes the seeds of fuzz_inform and fuzz_inform_client: conversations as operations (see inform_ops.h)."""
import pathlib
import struct

here = pathlib.Path(__file__).parent
DHCP4, DHCP6, ND, ND_NOWHERE, UDP4, UDP6, RAW, PASS = range(8)


def save(target, name, *parts):
    folder = here / f"corpus_{target}"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"".join(p if isinstance(p, bytes) else bytes([p]) for p in parts))


def blob(data):
    return bytes([len(data)]) + data


def opt(code, value):
    return bytes([code, len(value)]) + value


def o6(code, value):
    return struct.pack(">HH", code, len(value)) + value


def passes(units):
    return bytes([PASS]) + struct.pack(">H", units)


SERVER_ID = 8  # flag of a DHCP6 operation
OTHER = 0x20   # client: the Information-Request's number, not the lease's
net = bytes.fromhex("fd00008000000007") + bytes(8)
ll_server = bytes.fromhex("fe800000000000005e00000000000001")
prefix = struct.pack(">IIB", 100, 200, 56) + net
ia_pd = o6(25, struct.pack(">III", 2, 0, 0) + o6(26, prefix))
ia_na = o6(3, struct.pack(">III", 1, 0, 0))
inform = bytes([DHCP4, 8]) + blob(opt(55, b"\x06,+\x01\xf9\x0f\x79\x77\xfc"))
rs = bytes([ND, 133]) + blob(bytes(4))
ns = bytes([ND | 8, 135]) + blob(bytes(4) + ll_server)
save("inform", "windows", 7, inform, passes(300), inform)
save("inform", "windows-old", 4, bytes([DHCP4, 8]) + blob(opt(55, b"\xf9")), bytes([DHCP4, 1]) + blob(b""))
save("inform", "small", 7, bytes([DHCP4, 8]) + blob(opt(55, b"\x77\x79\x0f") + opt(57, b"\x02\x40")))
save("inform", "ipv6", 15, passes(400), rs, rs, passes(200), ns, bytes([ND_NOWHERE, 133]) + blob(bytes(4)), passes(60000))
save("inform", "dhcp6", 12, *[bytes([DHCP6 | f, t]) + blob(b) for f, t, b in (
    (0, 11, o6(6, b"\0\x20")), (0, 1, ia_pd + ia_na), (0, 1, o6(14, b"") + ia_pd), (SERVER_ID, 3, ia_pd),
    (SERVER_ID, 5, ia_pd), (0, 6, ia_pd + ia_na), (SERVER_ID, 8, ia_pd + ia_na))])
save("inform", "unpulled", 15, bytes([DHCP4 | 0x80, 8]) + blob(b""), bytes([ND | 0x80, 133]) + blob(bytes(4)), bytes([ND | 0x88, 135]) + blob(bytes(4) + ll_server), bytes([DHCP6, 11]) + blob(b""))
ping = bytes([ND | 8, 128]) + blob(bytes(8))
save("inform", "changes", 15, b"\xff\x05", rs, b"\xff\x00", ping, passes(100), b"\xff\x1f", ping, bytes([DHCP6, 4]) + blob(ia_na), b"\xff\x02")
save("inform", "raw", 15, bytes([RAW]) + blob(bytes.fromhex("45000014") + bytes(16)), bytes([UDP6]) + blob(b"\x0b\0\0\1"), bytes([UDP4]) + blob(bytes(200)))

routes = bytes([8, 10, 10, 80, 0, 1, 0, 0, 0, 0, 0])
ack = bytes([DHCP4, 5]) + blob(opt(121, routes) + opt(6, bytes([10, 80, 0, 53])) + opt(15, b"corp.example") + opt(119, b"\x01a\0") + opt(44, bytes(4)) + opt(252, b"http://w/"))
head = bytes([64, 0xC0]) + struct.pack(">HII", 750, 0, 0)
ra = bytes([ND, 134]) + blob(
    head + bytes([3, 4, 64, 0xC0]) + struct.pack(">III", 300, 100, 0) + net + bytes([5, 1, 0, 0]) + struct.pack(">I", 1400)
    + bytes([25, 3, 0, 0]) + struct.pack(">I", 200) + net + bytes([31, 2, 0, 0]) + struct.pack(">I", 200) + b"\x04corp\0\0\0"
    + bytes([24, 2, 48, 8]) + struct.pack(">I", 250) + net[:8])
rapid = bytes([DHCP6 | SERVER_ID, 7]) + blob(o6(14, b"") + ia_pd + o6(23, net))
names = bytes([DHCP6 | SERVER_ID | OTHER, 7]) + blob(o6(23, net) + o6(24, b"\x01b\0") + o6(32, bytes(4)))
reply = bytes([DHCP6 | SERVER_ID, 7]) + blob(ia_pd)
advertise = bytes([DHCP6 | SERVER_ID, 2]) + blob(ia_pd)
gone = bytes([DHCP6 | SERVER_ID, 7]) + blob(o6(25, struct.pack(">III", 2, 0, 0) + o6(26, struct.pack(">IIB", 0, 0, 56) + net)))
save("inform_client", "all", 3, ack, ra, names, rapid, passes(600), reply, passes(60000), ra)
save("inform_client", "silence", 3, passes(60000), passes(60000))
save("inform_client", "request", 3, ra, advertise, reply, passes(520), gone, passes(3000))
save("inform_client", "lifetimes", 2, ack, ra, passes(999), passes(1001), passes(2000), ra, passes(60000))
save("inform_client", "no-duid", 0, ra, names, ns)
save("inform_client", "others", 3, bytes([DHCP4 | 0x10, 5]) + blob(b""), bytes([DHCP6 | SERVER_ID | 0x10, 7]) + blob(ia_pd), bytes([DHCP4, 6]) + blob(b""))
