#!/usr/bin/env python3
"""Writes the seeds of fuzz_dhcp_client: leases as operations (see there)."""
import pathlib
import struct

folder = pathlib.Path(__file__).parent / "corpus_dhcp_client"
folder.mkdir(exist_ok=True)
SERVER, ARP, RAW, PASS, RELEASE = range(5)
OFFER, ACK, NAK = 2, 5, 6


def say(kind, seconds, addr=0x42, more=b""):
    options = b"\x36\4\x0a\1\0\1" + b"\x33\4" + struct.pack(">I", seconds) + b"\1\4\xff\xff\xff\0" + more
    return bytes([SERVER, kind, addr, len(options)]) + options


def arp(sender, target):
    return bytes([ARP, sender, target])


def wait(ms):
    return bytes([PASS]) + struct.pack(">H", ms // 100)


def save(name, how, *parts):
    (folder / name).write_bytes(bytes([how]) + b"".join(parts))


got = say(OFFER, 100) + say(ACK, 100) + wait(600)
save("renew", 0, got, wait(50000), say(ACK, 100), wait(50000), say(ACK, 20, more=b"\x3a\4\0\0\0\5\x3b\4\0\0\0\7"), bytes([RELEASE]))
save("rebind", 1, got, wait(90000), say(ACK, 100), wait(100000))
save("nak", 0, say(OFFER, 100), say(NAK, 0), wait(1000), got, wait(50000), say(NAK, 0))
save("changed", 0, got, wait(50000), say(ACK, 100, 0x43))
save("conflict", 0, say(OFFER, 100), say(ACK, 100), arp(0x42, 1), wait(10000), got)
save("reboot", 2, say(ACK, 50), wait(25000), say(ACK, 50))
save("silence", 0, wait(30000))
save("short", 0, say(OFFER, 4), say(ACK, 4), wait(600), wait(3000), say(ACK, 4), wait(3000), say(ACK, 0xffffffff), wait(6000000))
save("raw", 0, bytes([RAW, 60]) + bytes(12) + b"\x08\x06\0\1\x08\0\6\4\0\1" + bytes(38))
