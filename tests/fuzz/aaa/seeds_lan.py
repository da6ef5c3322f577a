#!/usr/bin/env python3
"""Writes the seeds of fuzz_lan: leases as operations (see there)."""
import pathlib

folder = pathlib.Path(__file__).parent / "corpus_lan"
folder.mkdir(exist_ok=True)
ASK, BACK, SERVER, PASS, LINK, AGAIN, HOLD, DAMAGE = range(8)
OFFER, ACK, NAK = 2, 5, 6


def op(*numbers):
    return bytes(numbers)


def server(kind, addr, seconds=100):
    return op(SERVER, 0, kind, addr, seconds >> 8, seconds & 255)


def get(session, addr):
    return op(ASK, session) + server(OFFER, addr) + server(ACK, addr) + op(PASS, 1)


two = get(0, 10) + get(1, 11)
for name, parts in {
    "two": two + op(PASS, 60) + server(ACK, 10) + op(BACK, 0) + op(BACK, 1),
    "same": get(0, 10) + get(1, 10) + op(PASS, 200),
    "again": two + op(AGAIN, 0x7f) + op(PASS, 60) + op(BACK, 0) + op(AGAIN, 0),
    "refused": two + op(PASS, 50) + server(NAK, 11) + op(PASS, 100) + op(ASK, 2) + server(OFFER, 9) + server(NAK, 9) + op(PASS, 40),
    "link": two + op(LINK, 0) + op(PASS, 20) + op(LINK, 4) + op(PASS, 80) + op(LINK, 0) + op(ASK, 3) + op(AGAIN, 3) + op(PASS, 200),
    "hold": op(HOLD, 2, 77) + server(ACK, 77) + op(PASS, 20) + op(HOLD, 3, 77) + op(PASS, 200),
    "damage": two + op(DAMAGE, 1, 255) + op(AGAIN, 0xff) + op(PASS, 30) + op(ASK, 0) + op(ASK, 6) + op(ASK, 12),
}.items():
    (folder / name).write_bytes(parts)
