#!/usr/bin/env python3
"""Writes corpus_roles: one valid message of each kind, as src/server/roles.c makes them."""
import pathlib
import struct

out = pathlib.Path(__file__).parent / "corpus_roles"
out.mkdir(exist_ok=True)


def text(s):
    return struct.pack(">H", len(s)) + s.encode()


def data(s):
    return struct.pack(">I", len(s)) + s.encode()


v4 = bytes([4, 32]) + bytes(10) + b"\xff\xff" + bytes([10, 80, 0, 2])
v6 = bytes([6, 64]) + bytes([0xfd]) + bytes(15)
addr6 = bytes([6, 128]) + bytes([0xfd]) + bytes(14) + b"\7"
session = struct.pack(">Q", 0x100000005)
ask = (session + text("48B82435-099A-4158-A987-052E7570CFAA") + text("198.18.0.7:4711") + text("198.18.0.1:443") + b"\xc5" * 32 +
       text("MSRASV5.20") + bytes([3, 7]) + data("alice") + data("") + data("c" * 16) + data("r" * 49) + data(""))
params = bytes([1]) + v4 + bytes([0]) + struct.pack(">IIIII", 0x0a500001, 1, 2, 3, 4) + bytes([1]) + v6 + v6 + bytes([0, 1, 2]) + struct.pack(">HIII", 1400, 1, 2, 3)
verdict = session + bytes([1, 0, 1, 0]) + bytes(16) + b"\x3a" * 32 + data("") + data("S=" + "0" * 40) + text("alice") + text("") + params
own = struct.pack(">I", 3) + session + bytes([2]) + v4 + v6
counters = session + struct.pack(">QQQQQ", 1, 2, 3, 4, 5) + text("cause")
packet = struct.pack(">I", 20) + bytes(10) + b"\x45" + bytes(19)
seeds = {"ask": ask, "verdict": verdict, "own": own, "counters": counters, "end": session + text("replaced"),
         "cert": data("chain") + data("key"), "handover": packet + packet,
         "claim": session + addr6 + bytes([1, 1]) + addr6, "claim-none": session + addr6 + bytes([0, 1, 0]), "ndp": bytes([2]) + v6 + v6}
kinds = {"claim": 7, "claim-none": 7, "ndp": 8}
for i, (name, body) in enumerate(seeds.items()):
    (out / name).write_bytes(bytes([kinds.get(name, i)]) + body)
