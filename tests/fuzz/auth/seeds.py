#!/usr/bin/env python3
"""Writes the seeds of fuzz_auth_client, fuzz_auth_server and fuzz_eap_server: conversations as operations.

The operations are those of the targets' switches; the first byte of the first two picks the method."""
import pathlib
import struct

here = pathlib.Path(__file__).parent
PAP, MD5, MSCHAPV2, EAP = range(4)


def packet(code, ident, body):
    return bytes([code, ident]) + struct.pack(">H", len(body) + 4) + body


def op(number, *data):
    return bytes([number]) + b"".join(bytes([len(d)]) + d if isinstance(d, bytes) else bytes([d]) for d in data)


def client(method, *ops):
    return bytes([method]) + b"".join(ops)


FEED, TICK, HONEST = 0, 1, 2
failure = b"E=691 R=1 C=000102030405060708090A0B0C0D0E0F V=3 M=Wrong password"
clients = {
    "pap": client(PAP, op(TICK, 13), op(HONEST)),
    "pap-nak": client(PAP, op(FEED, packet(3, 1, b"\x02no"))),
    "pap-silence": client(PAP, *[op(TICK, 12)] * 12),
    "md5": client(MD5, op(HONEST), op(HONEST)),
    "md5-failure": client(MD5, op(FEED, packet(1, 5, b"\x04abcdserver")), op(FEED, packet(4, 5, b"no"))),
    "mschap": client(MSCHAPV2, op(HONEST), op(HONEST), op(HONEST), op(HONEST)),
    "mschap-wrong-proof": client(MSCHAPV2, op(HONEST), op(FEED, packet(3, 0, b"S=" + b"0" * 40))),
    "mschap-failure": client(MSCHAPV2, op(HONEST), op(FEED, packet(4, 0, failure))),
    "eap": client(EAP, op(FEED, packet(1, 0, b"\x01")), op(HONEST), op(HONEST), op(HONEST)),
    "eap-nak": client(EAP, op(FEED, packet(1, 9, b"\x0dx")), op(FEED, packet(1, 10, b"\xfe" + bytes(7))), op(HONEST)),
    "eap-early": client(EAP, op(HONEST), op(FEED, packet(3, 1, b""))),
    "eap-failure": client(EAP, op(HONEST), op(FEED, packet(1, 8, b"\x1a\x04\x01" + struct.pack(">H", 4 + len(failure)) + failure)), op(TICK, 12)),
}

WELL, ANSWER = 2, 3
MORE, ACCEPT, REFUSE, LATE, RETRY, KEYED, KEY = 0, 1, 2, 4, 8, 16, 32
request = packet(1, 77, b"\x1a\x01")
servers = {
    "pap": client(PAP, op(WELL, b"user"), op(ANSWER, ACCEPT, b"hi"), op(WELL, b"user")),
    "pap-retry": client(PAP, op(WELL, b"a"), op(ANSWER, REFUSE | RETRY, b"no"), op(WELL, b"b"), op(ANSWER, ACCEPT, b"")),
    "md5": client(MD5, op(TICK, 12), op(WELL, b"user"), op(ANSWER, ACCEPT, b"hi")),
    "mschap": client(MSCHAPV2, op(WELL, b"user"), op(ANSWER, ACCEPT | KEYED | KEY, b"S=")),
    "mschap-no-key": client(MSCHAPV2, op(WELL, b"user"), op(ANSWER, ACCEPT | KEYED, b"S=")),
    "mschap-retry": client(MSCHAPV2, op(WELL, b"u"), op(ANSWER, REFUSE | RETRY, failure), op(WELL, b"u"), op(ANSWER, ACCEPT | KEYED | KEY | LATE, b"S="), op(ANSWER, ACCEPT | KEYED | KEY, b"S=")),
    "mschap-change": client(MSCHAPV2, op(FEED, packet(7, 1, b"x"))),
    "eap": client(EAP, op(ANSWER, MORE, request), op(WELL, b"x"), op(ANSWER, MORE, packet(1, 78, b"\x1a")), op(WELL, b"y"), op(ANSWER, ACCEPT | KEYED | KEY, packet(3, 78, b""))),
    "eap-silence": client(EAP, op(ANSWER, MORE, request), *[op(TICK, 12)] * 12),
    "no-verdict": client(MSCHAPV2, op(WELL, b"user"), op(TICK, 255), op(ANSWER, ACCEPT | KEYED | KEY, b"S=")),
}

TYPED, RIGHT, WRONG, RECORD = 1, 2, 3, 4
identity = op(TYPED, 1, b"D\\user")
ack, sorry = op(TYPED, 0xf3, b""), op(TYPED, 0xf4, b"")
eaps = {
    "good": identity + op(RIGHT) + op(RECORD, 1) + ack,
    "third": identity + (op(WRONG) + op(RECORD, 1)) * 2 + op(RIGHT) + op(RECORD, 1) + ack,
    "wrong": identity + (op(WRONG) + op(RECORD, 1)) * 3 + sorry,
    "unknown": identity + op(RIGHT) + op(RECORD, 0) + sorry,
    "disabled": identity + op(RIGHT) + op(RECORD, 3) + sorry,
    "nak": identity + op(TYPED, 3, b"\x19\x0d"),
    "change": identity + op(WRONG) + op(RECORD, 1) + op(TYPED, 0xf7, b"x"),
    "torn": identity + op(FEED, b"\x02\x00\x00\x07\x1a\x02\x00"),
}

for target, seeds in {"auth_client": clients, "auth_server": servers, "eap_server": eaps}.items():
    folder = here / f"corpus_{target}"
    folder.mkdir(exist_ok=True)
    for name, data in seeds.items():
        (folder / name).write_bytes(data)
