#!/usr/bin/env python3
"""Writes the scripts of this folder. The frames are made here, checksums too, from RFC 2131, RFC 826 and RFC 768 and not from what
the client sends: byte for byte the two must agree."""
import pathlib
import socket
import struct

here = pathlib.Path(__file__).parent
OWN, SERVER, OTHER, ALL = (bytes.fromhex(h) for h in ("020000000001", "0200000000fe", "020000000077", "ffffffffffff"))
ID, HOST = b"\0adit\0\1\2", b"vpn-alice"
DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE = range(1, 8)
ip = socket.inet_aton
ADDR, DHCP, NONE, BROADCAST = ip("10.1.0.66"), ip("10.1.0.1"), bytes(4), b"\xff" * 4
XID = b"\x11\x22\x33\x44"


def csum(data):
    data += b"\0" * (len(data) % 2)
    s = sum(struct.unpack(f">{len(data) // 2}H", data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


def opt(code, value):
    return bytes([code, len(value)]) + value


def frame(to, frm, src, dst, sport, dport, body):
    udp = struct.pack(">HHHH", sport, dport, 8 + len(body), 0) + body
    c = csum(src + dst + b"\0\x11" + struct.pack(">H", len(udp)) + udp) or 0xffff
    udp = udp[:6] + struct.pack(">H", c) + udp[8:]
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0x4000, 64, 17, 0) + src + dst
    return to + frm + b"\x08\0" + head[:10] + struct.pack(">H", csum(head)) + head[12:] + udp


def bootp(op, xid, secs, flags, ciaddr, yiaddr, options):
    b = bytes([op, 1, 6, 0]) + xid + struct.pack(">HH", secs, flags) + ciaddr + yiaddr + bytes(8) + OWN + bytes(10 + 64 + 128)
    return (b + b"\x63\x82\x53\x63" + options + b"\xff").ljust(300, b"\0")


def client(kind, xid=XID, secs=0, ciaddr=NONE, more=b"", to=None, tail=True):
    """`to`: (hardware address, address) of a server that is spoken to alone."""
    flags = 0x8000 if ciaddr == NONE and kind != DECLINE else 0
    options = opt(53, bytes([kind])) + opt(61, ID) + more
    if tail:
        options += opt(57, b"\x05\xdc") + opt(55, bytes([1, 3, 6, 44, 51, 58, 59])) + opt(12, HOST)
    mac, dst = to or (ALL, BROADCAST)
    return frame(mac, OWN, ciaddr, dst, 68, 67, bootp(1, xid, secs, flags, ciaddr, NONE, options))


def server(kind, xid=XID, addr=ADDR, seconds=1000):
    options = opt(53, bytes([kind])) + opt(54, DHCP)
    if kind != NAK:
        options += opt(51, struct.pack(">I", seconds)) + opt(1, ip("255.255.255.0"))
    return frame(OWN, SERVER, DHCP, BROADCAST, 67, 68, bootp(2, xid, 0, 0x8000, NONE, NONE if kind == NAK else addr, options))


def arp(op, mac, sender, target):
    return ALL + mac + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x800, 6, 4, op) + mac + sender + bytes(6) + target + bytes(18)


def line(verb, data):
    return f"{verb} {data.hex()}"


PROBE = line("EXPECT", arp(1, OWN, NONE, ADDR))
SELECT = opt(50, ADDR) + opt(54, DHCP)
# A number for the exchange, then dice in the middle: no jitter.
OPEN = ["RANDOM 11223344 000003e8 000003e8 55667788 99aabbcc", f"OPEN dhcp-client mac={OWN.hex()} id={ID.hex()} host={HOST.decode()}"]
ASKED = [*OPEN, "STATE SELECTING", line("EXPECT", client(DISCOVER)), "DUE 4s", line("FEED", server(OFFER)), "STATE REQUESTING",
         line("EXPECT", client(REQUEST, more=SELECT))]
GRANTED = [*ASKED, line("FEED", server(ACK)), "STATE CHECKING", PROBE]
GOT = [*GRANTED, "AFTER 300ms", PROBE, "AFTER 300ms", "EVENT GOT addr=0x0a010042 server=0x0a010001 seconds=1000 t1=500 t2=875",
       "STATE BOUND", "DUE 499400ms", "AFTER 499399ms", "EXPECT -", "AFTER 1ms", "STATE RENEWING"]
NEXT = b"\x55\x66\x77\x88"
RENEW = line("EXPECT", client(REQUEST, NEXT, 0, ADDR, to=(SERVER, DHCP)))
scripts = {
    "renewed-and-released": ("RFC 2131 4.4.5, 4.4.6: renewed at T1, from the server alone; given back", [
        *GOT, RENEW, line("FEED", server(ACK, NEXT)), "EVENT RENEWED", "STATE BOUND", "DUE 500s", "ANSWER release",
        line("EXPECT", client(RELEASE, b"\x99\xaa\xbb\xcc", 0, ADDR, opt(54, DHCP), (SERVER, DHCP), False)), "STATE ENDED", "DUE never"]),
    "rebound": ("RFC 2131 4.4.5: asked again after half of the time until T2, but a minute at least; then everybody is asked", [
        *GOT, RENEW, "AFTER 187500ms", line("EXPECT", client(REQUEST, NEXT, 187, ADDR, to=(SERVER, DHCP))),
        "AFTER 93750ms", line("EXPECT", client(REQUEST, NEXT, 281, ADDR, to=(SERVER, DHCP))),
        "AFTER 60s", line("EXPECT", client(REQUEST, NEXT, 341, ADDR, to=(SERVER, DHCP))), "AFTER 33750ms", "STATE REBINDING", line("EXPECT", client(REQUEST, b"\x99\xaa\xbb\xcc", 0, ADDR)),
        line("FEED", server(ACK, b"\x99\xaa\xbb\xcc")), "EVENT RENEWED", "STATE BOUND", "DUE 500s"]),
    "refused-later": ("RFC 2131 4.4.5: a DHCPNAK at T1: it may not be used any more", [
        *GOT, RENEW, line("FEED", server(NAK, NEXT)), "EVENT LOST why=refused", "STATE ENDED", "EXPECT -", "DUE never"]),
    "conflict": ("RFC 2131 3.1, 5 and RFC 5227 2.1.1: somebody answers for it: declined, and anew after ten seconds", [
        *GRANTED, line("FEED", arp(2, OTHER, ADDR, ip("10.1.0.9"))), f"EVENT CONFLICT mac={OTHER.hex()}",
        line("EXPECT", client(DECLINE, more=SELECT, tail=False)), "STATE INIT", "DUE 10s", "AFTER 10s", "STATE SELECTING",
        line("EXPECT", client(DISCOVER, NEXT))]),
    "not-for-us": ("Another client's answers, another number, and an offer that is none are passed over", [
        *ASKED, line("FEED", server(ACK, b"\x11\x22\x33\x45")), line("FEED", server(ACK, addr=ip("10.1.0.67"))),
        line("FEED", server(ACK, seconds=0)), line("FEED", arp(2, OTHER, ADDR, DHCP)), "STATE REQUESTING", "EXPECT -"]),
    "malformed": ("A checksum that does not hold is no answer", [
        *ASKED, line("FEED", server(ACK)[:-1] + b"\1"), "ERROR", "STATE REQUESTING"]),
    "kept": ("RFC 2131 4.3.2, INIT-REBOOT: it had the address before, and nobody knows for how long", [
        "RANDOM 11223344 000003e8", OPEN[1] + " keep=0x0a010042", "STATE REBOOTING",
        line("EXPECT", client(REQUEST, more=opt(50, ADDR))), line("FEED", server(ACK)), "EVENT GOT", "STATE BOUND", "DUE 500s"]),
    "silence": ("RFC 2131 4.1: asked again after 4 and 8 seconds; no longer than a login waits", [
        "RANDOM 11223344 000003e8 000003e8 000003e8", OPEN[1], line("EXPECT", client(DISCOVER)), "AFTER 4s",
        line("EXPECT", client(DISCOVER, secs=4)), "AFTER 8s", line("EXPECT", client(DISCOVER, secs=12)), "AFTER 8s",
        "EVENT NOT_GOT why=silence", "EXPECT -", "STATE ENDED", "DUE never"]),
}
for name, (what, lines) in scripts.items():
    (here / f"{name}.txt").write_text(f"# {what}. Made by make.py.\n" + "\n".join(lines) + "\n")
