#!/usr/bin/env python3
"""Writes corpus_roles: one valid message of each kind, as src/server/roles.c makes them; and corpus_state: what a master hands
on (src/server/state.c), behind its fingerprint and version."""
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
         "cert": data("chain") + data("key") + b"\1", "handover": packet + packet,
         "claim": session + addr6 + bytes([1, 1]) + addr6, "claim-none": session + addr6 + bytes([0, 1, 0]), "ndp": bytes([2]) + v6 + v6 + bytes([1]) + addr6,
         "lan": text("eth1") + bytes([2, 0, 0, 0, 0, 1, 10, 1, 0, 1]), "lease": text("eth1") + v4}
kinds = {"claim": 7, "claim-none": 7, "ndp": 8, "lan": 9, "lease": 10}
for i, (name, body) in enumerate(seeds.items()):
    (out / name).write_bytes(bytes([kinds.get(name, i)]) + body)

NO_FD, LISTENS = 0xffffffff, 16


def u32(*n):
    return b"".join(struct.pack(">I", x) for x in n)


def role(kind, index, pid, fd, retiring=0):
    return (bytes([kind]) + u32(index, pid, fd) + bytes([1]) + struct.pack(">Q", 5) + u32(0, 1) + text("0.1.0") + bytes([retiring, 0]) +
            struct.pack(">Q", 99))


limit = u32(1) + session + bytes([1]) + text("staff") + bytes([1]) + v4


def state(roles, listen, nets, routed, lines, own):
    fixed = (b"".join(text(t) for t in ("/etc/adit/aditd.conf", "adit0", "adit", "/run/adit", "kill", "/run/adit/control", "", "/u/users.db")) +
             u32(2, 0) + bytes([1]) + struct.pack(">H", 1400) + u32(3, 10999) + struct.pack(">Q", 7))
    listeners = (u32(20) + text("0.0.0.0:443") + v4 + struct.pack(">H", 443) if listen else u32(NO_FD)) + u32(NO_FD) * (LISTENS - 1)
    host = (u32(21, 2, 22) + bytes([0]) + u32(23) + bytes([1]) + u32(3, 24, 25, 1, 9) + text("eth0") + u32(2) + text("eth1") + u32(4) + u32(len(nets)) + b"".join(nets) +
            u32(len(routed)) + b"".join(net + u32(1) + session + bytes([1]) for net in routed) +
            u32(len(routed)) + b"".join(net + text("eth1") for net in routed) + u32(len(routed)) + b"".join(struct.pack(">H", len(limit)) + limit for _ in routed) + bytes([0]))
    return (fixed + listeners + u32(26, 27) + host + u32(len(roles)) + b"".join(roles) + u32(28, NO_FD, len(lines)) + b"".join(map(text, lines)) +
            text("/usr/sbin/aditd") + u32(29) + bytes([0, 1]) + u32(4) + text("") + data(own))


states = {"small": state([role(0, 0, 100, 30)], False, [], [], [], ""),
          "large": state([role(0, 0, 100, 30), role(1, 2, 101, 31), role(1, 0, 102, 32, 1), role(2, 0, 103, 33)], True, [v4, v6], [v4],
                         ["a line", "another"], "own")}
out = pathlib.Path(__file__).parent / "corpus_state"
out.mkdir(exist_ok=True)
for name, body in states.items():
    (out / name).write_bytes(body)
