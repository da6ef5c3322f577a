#!/usr/bin/env python3
"""Writes the seeds of fuzz_dhcp4, fuzz_dhcp6 and fuzz_nd: one message of each kind, by hand."""
import pathlib
import struct

here = pathlib.Path(__file__).parent


def save(target, name, data):
    folder = here / f"corpus_{target}"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)


def opt(code, value):
    return bytes([code, len(value)]) + value


def dhcp4(op, *options, sname=b"", file=b""):
    head = bytes([op, 8, 0, 0]) + b"\x0e\xa5\x5e\xc3" + b"\6\0\0\0" + bytes([10, 80, 0, 7]) + bytes(12) + bytes(16)
    return head + sname.ljust(64, b"\0") + file.ljust(128, b"\0") + b"\x63\x82\x53\x63" + b"".join(options) + b"\xff"


search = b"\x03eng\x05apple\x03com\x00\x09marketing\xc0\x04"  # RFC 3397 2
routes = bytes([8, 10, 10, 80, 0, 1, 24, 10, 0, 0, 10, 80, 0, 1, 0, 0, 0, 0, 0])
save("dhcp4", "inform", dhcp4(1, opt(53, b"\x08"), opt(61, b"\0" + bytes(16)), opt(12, b"WIN7"), opt(60, b"MSFT 5.0"), opt(55, b"\x06,+\x01\xf9\x0f")))
save("dhcp4", "ack", dhcp4(2, opt(53, b"\x05"), opt(54, bytes([10, 80, 0, 1])), opt(6, bytes(8)), opt(121, routes), opt(119, search), opt(15, b"corp.example.com\0")))
save("dhcp4", "split", dhcp4(2, opt(119, search[:9]), opt(53, b"\x05"), opt(119, search[9:])))
save("dhcp4", "overload", dhcp4(2, opt(53, b"\x05"), opt(52, b"\x03"), opt(119, search[:5]), file=opt(119, search[5:20]) + b"\xff", sname=opt(119, search[20:]) + b"\xff"))
save("dhcp4", "offer", dhcp4(2, opt(53, b"\x02"), opt(1, b"\xff\xff\xff\0"), opt(3, bytes(4)), opt(51, bytes(4)), opt(44, bytes(4)), opt(77, b"RRAS.Microsoft"), opt(252, b"http://wpad/")))


def o6(code, value):
    return struct.pack(">HH", code, len(value)) + value


def dhcp6(kind, *options):
    return bytes([kind, 1, 2, 3]) + b"".join(options)


duid = b"\0\3\0\x08client"
server = b"\0\2\0\0\0\x09server"
prefix = struct.pack(">IIB", 100, 200, 56) + bytes.fromhex("fd008077") + bytes(12)
ia_pd = o6(25, struct.pack(">III", 2, 50, 80) + o6(26, prefix))
ia_na = o6(3, struct.pack(">III", 1, 0, 0) + o6(5, bytes.fromhex("fd00") + bytes(14) + struct.pack(">II", 1, 2)) + o6(13, b"\0\2none"))
save("dhcp6", "solicit", dhcp6(1, o6(1, duid), o6(14, b""), o6(8, b"\0\1"), o6(6, b"\0\x17\0\x18\0\x20"), ia_pd, ia_na))
save("dhcp6", "advertise", dhcp6(2, o6(1, duid), o6(2, server), o6(7, b"\xff"), ia_pd))
save("dhcp6", "reply", dhcp6(7, o6(1, duid), o6(2, server), ia_na, ia_pd, o6(23, bytes(32)), o6(24, b"\x04corp\x07example\0"), o6(32, bytes(4))))
save("dhcp6", "information", dhcp6(11, o6(6, b"\0\x17"), o6(8, b"\0\0")))
save("dhcp6", "release", dhcp6(8, o6(1, duid), o6(2, server), o6(13, b"\0\0"), o6(99, b"x")))

FROM_LL, FROM_NOWHERE = 0, 1
TO_NODES, TO_SOLICITED = 2 << 2, 3 << 2
ra = bytes([64, 0x48]) + struct.pack(">HII", 750, 0, 0)
net = bytes.fromhex("fd00008000000007") + bytes(8)
options = [
    bytes([3, 4, 64, 0xC0]) + struct.pack(">III", 86400, 14400, 0) + net,
    bytes([5, 1, 0, 0]) + struct.pack(">I", 1400),
    bytes([25, 3, 0, 0]) + struct.pack(">I", 750) + net,
    bytes([31, 3, 0, 0]) + struct.pack(">I", 750) + b"\x04corp\x07example\0\0\0",
    bytes([24, 2, 48, 8]) + struct.pack(">I", 750) + net[:8],
    bytes([24, 3, 128, 0x18]) + struct.pack(">I", 750) + net,
]
save("nd", "ra", bytes([FROM_LL | TO_NODES, 1, 134, 0]) + ra + b"".join(options))
for n, o in enumerate(options):
    save("nd", f"ra-{n}", bytes([FROM_LL | TO_NODES, 1, 134, 0]) + ra + o)
save("nd", "rs", bytes([FROM_NOWHERE | TO_NODES, 1, 133, 0]) + bytes(4))
save("nd", "ns", bytes([FROM_NOWHERE | TO_SOLICITED, 1, 135, 0]) + bytes(4) + net)
save("nd", "na", bytes([FROM_LL, 1, 136, 0]) + b"\x60\0\0\0" + net + bytes([2, 1, 0, 0, 0, 0, 0, 0]))
save("nd", "far", bytes([FROM_LL | TO_NODES, 64, 134, 0]) + ra)
