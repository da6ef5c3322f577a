#!/usr/bin/env python3
"""Writes the seeds of fuzz_client_msgs: one good message of each kind, and a plan with everything in it."""
import pathlib
import struct

out = pathlib.Path(__file__).parent / "corpus_client_msgs"
out.mkdir(exist_ok=True)


def text(s):
    return struct.pack(">H", len(s)) + s


FOUR = b"\4\x20" + bytes(10) + b"\xff\xff" + b"\xc6\x12\0\1"
ADDRESS6 = b"\6\x40\xfd" + bytes(14) + b"\1"
SIX = b"\6\x80\xfd" + bytes(14) + b"\1"


def plan(password, pins, methods, addresses):
    return (b"\0" + text(b"vpn.example.com") + b"\0\x01\xbb" + text(b"vpn.example.com") + text(b"0D528CAC-464E-423A-A399-9470E234BC54")
            + text(b"EXAMPLE\\alice") + text(password) + bytes([len(pins)]) + b"".join(pins) + bytes([len(methods), *methods])
            + bytes([len(addresses)]) + b"".join(addresses) + b"\1\1\0\0\1" + bytes(8) + b"\0\4" + bytes(16))


def offer(flags=bytes(4), addresses=(), routes=(), dns=(), nbns=(), domain=b"", search=(), delegated=(), mtu=0, wpad=b""):
    return (flags + bytes([len(addresses)]) + b"".join(addresses) + bytes([len(routes)]) + b"".join(r + bytes(16) + b"\1" for r in routes)
            + bytes([len(dns)]) + b"".join(dns) + bytes([len(nbns)]) + b"".join(nbns) + text(domain) + bytes([len(search)])
            + b"".join(map(text, search)) + bytes([len(delegated)]) + b"".join(delegated) + struct.pack(">H", mtu) + text(wpad))


seeds = {
    "plan": plan(b"wonderland", [], [4, 3], [FOUR]),
    "plan-full": plan(b"\0" * 1024, [bytes(32)] * 8, [1, 2, 3, 4], [FOUR, SIX] * 8),
    "addresses": b"\1" + text(b"") + b"\2" + FOUR + SIX,
    "no-addresses": b"\1" + text(b"Name or service not known") + b"\0",
    "up": b"\2\1\1" + bytes.fromhex("0a500002" "0a500001" "c0a80001" "00000000" "0102030405060708" "1112131415161718" "0578"),
    "offer-empty": b"\4" + offer(),
    "offer": b"\4" + offer(b"\1\1\0\1", [ADDRESS6 + b"\0"], [b"\4\x08" + FOUR[2:], b"\6\0" + bytes(16)], [FOUR, SIX], [FOUR],
                           b"corp.example", [b"lab.example", b"x"], [b"\6\x38\xfd" + bytes(15)], 1400, b"http://wpad/"),
    "offer-evil": b"\4" + offer(domain=b"a\nnameserver 192.0.2.66"),
    "peer": b"\3" + SIX,
    "peer-network": b"\3" + b"\4\x08" + FOUR[2:],
}
for name, data in seeds.items():
    (out / name).write_bytes(data)
