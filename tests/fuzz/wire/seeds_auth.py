#!/usr/bin/env python3
"""Writes the seeds of fuzz_pap_pkt, fuzz_chap_pkt, fuzz_mschap_text and fuzz_eap_pkt.

The CHAP packets are [CAP]'s, out of tests/vectors; the others are made here."""
import pathlib
import struct

here = pathlib.Path(__file__).parent
vectors = here.parents[1] / "vectors" / "windows7-rras2008r2.txt"


def packet(code, ident, body):
    return bytes([code, ident]) + struct.pack(">H", len(body) + 4) + body


def mschap(code, op, data):
    return packet(code, 7, bytes([26, op, 3]) + struct.pack(">H", len(data) + 4) + data)


chap = [bytes.fromhex(l.split()[3][12:]) for l in vectors.read_text().splitlines() if " sstp 1000" in l and l.split()[3][8:12] == "c223"]
proof = b"S=407A5589115FD0D6209F510FE9C04566932CDA56"
failure = b"E=691 R=1 C=000102030405060708090A0B0C0D0E0F V=3 M=Wrong password"
seeds = {
    "pap_pkt": {
        "request": packet(1, 1, b"\x04user\x06geheim"),
        "ack": packet(2, 1, b"\x05hello"),
        "ack-bare": packet(2, 1, b""),
        "nak-padded": packet(3, 1, b"\x02no") + b"\0\0\0",
    },
    "chap_pkt": {
        "challenge": chap[0],
        "response": chap[1],
        "success": chap[2],
        "failure": packet(4, 1, failure),
        "change-password": packet(7, 2, b"x" * 582),
    },
    "mschap_text": {
        "success": proof,
        "success-message": proof + b" M=Welcome",
        "failure": failure,
        "failure-order": b"V=3 C=000102030405060708090A0B0C0D0E0F R=0 E=647",
    },
    "eap_pkt": {
        "identity": packet(1, 1, b"\x01"),
        "identity-answer": packet(2, 1, b"\x01DOMAIN\\user"),
        "nak": packet(2, 1, b"\x03\x1a"),
        "expanded": packet(1, 1, b"\xfe\0\0\x09\0\0\0\x01xyz"),
        "success": packet(3, 9, b""),
        "ms-challenge": mschap(1, 1, b"\x10" + b"c" * 16 + b"server"),
        "ms-response": mschap(2, 2, b"\x31" + b"r" * 49 + b"user"),
        "ms-success": mschap(1, 3, proof),
        "ms-failure": mschap(1, 4, failure),
        "ms-success-answer": packet(2, 7, b"\x1a\x03"),
        "ms-torn": packet(1, 7, b"\x1a\x04\x07"),
    },
}
for target, files in seeds.items():
    folder = here / f"corpus_{target}"
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
