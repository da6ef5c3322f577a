#!/usr/bin/env python3
"""A small DHCP server (RFC 2131) for tests that believes nothing: what a message has and must not have is checked against
table 5, and said as BAD. Usage: dhcp_server.py DEVICE OWN-ADDRESS FIRST-ADDRESS SECONDS FOLDER.

A file FOLDER/nak or FOLDER/silent names addresses (or "all") whose renewals are refused, or that are not answered, FOLDER/hold
such as are answered when it is gone;
FOLDER/seconds is another length of leases, with T1 and T2 behind it where they are not a quarter and three. Each message is a line of the log: KIND ADDRESS HOST-NAME HOW."""
import pathlib
import socket
import struct
import sys
import time

DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
COOKIE = b"\x63\x82\x53\x63"


def say(*words):
    print(*words, flush=True)


def text(addr):
    return socket.inet_ntoa(addr)


class Message:
    def __init__(self, data, to):
        self.to = to  # broadcast or unicast
        (self.op, self.htype, self.hlen, self.hops, self.xid, self.secs, self.flags) = struct.unpack(">BBBB4sHH", data[:12])
        self.ciaddr, self.yiaddr, self.siaddr, self.giaddr = (data[i:i + 4] for i in (12, 16, 20, 24))
        self.chaddr = data[28:34]
        assert data[236:240] == COOKIE, "cookie"
        self.options, rest = {}, data[240:]
        while rest[0] != 255:
            if rest[0] == 0:
                rest = rest[1:]
                continue
            assert rest[0] not in self.options, f"option {rest[0]} twice"
            self.options[rest[0]] = rest[2:2 + rest[1]]
            rest = rest[2 + rest[1]:]
        assert len(data) >= 300, "shorter than BOOTP"
        self.kind = self.options[53][0]

    def must(self, *codes):
        for c in codes:
            assert c in self.options, f"option {c} is missing"

    def must_not(self, *codes):
        for c in codes:
            assert c not in self.options, f"option {c} is there"

    def check(self):
        """RFC 2131 table 5. Returns how it is meant."""
        none = bytes(4)
        assert (self.op, self.htype, self.hlen, self.hops) == (1, 1, 6, 0), "head"
        assert self.yiaddr == self.siaddr == self.giaddr == none, "addresses that are a server's"
        self.must(61)
        assert 2 <= len(self.options[61]), "client identifier"
        if self.kind == DISCOVER:
            self.must_not(54)
            assert self.ciaddr == none and self.flags == 0x8000 and self.to == "broadcast"
            return "discover"
        if self.kind == REQUEST and 54 in self.options:
            self.must(50)
            assert self.ciaddr == none and self.flags == 0x8000 and self.to == "broadcast"
            return "select"
        if self.kind == REQUEST and self.ciaddr == none:
            self.must(50)
            assert self.to == "broadcast"
            return "reboot"
        if self.kind == REQUEST:
            self.must_not(50, 54)
            return "renew" if self.to == "unicast" else "rebind"
        self.must(54)
        self.must_not(51, 55, 57, 60, 12)
        if self.kind == DECLINE:
            self.must(50)
            assert self.ciaddr == none and self.to == "broadcast"
            return "decline"
        assert self.kind == RELEASE, f"type {self.kind}"
        self.must_not(50)
        assert self.ciaddr != none and self.to == "unicast" and self.secs == 0
        return "release"


class Server:
    def __init__(self, device, own, first, seconds, folder):
        self.own, self.first, self.seconds = socket.inet_aton(own), struct.unpack(">I", socket.inet_aton(first))[0], int(seconds)
        self.folder = pathlib.Path(folder)
        self.by_id = {}
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.s.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
        self.s.bind(("", 67))

    def lists(self, name, addr):
        try:
            words = (self.folder / name).read_text().split()
        except OSError:
            return False
        return "all" in words or text(addr) in words

    def lease_time(self):
        """Seconds, T1, T2."""
        try:
            n, *times = map(int, (self.folder / "seconds").read_text().split())
        except OSError:
            n, times = self.seconds, []
        return [n, *(times or (n // 4, n * 3 // 4))]

    def reply(self, m, kind, addr, to):
        b = struct.pack(">BBBB4sHH", 2, 1, 6, 0, m.xid, 0, m.flags) + m.ciaddr + (bytes(4) if kind == NAK else addr) + bytes(8)
        b += m.chaddr + bytes(10 + 64 + 128) + COOKIE + bytes([53, 1, kind, 54, 4]) + self.own
        if kind != NAK:
            for option, n in zip(b"\x33\x3a\x3b", self.lease_time()):
                b += bytes([option, 4]) + struct.pack(">I", n)
            b += b"\1\4\xff\xff\xff\0\3\4" + self.own
            b += b"\6\4" + self.own + b"\x2c\4" + self.own
        self.s.sendto((b + b"\xff").ljust(300, b"\0"), (to, 68))

    def answer(self, m, how):
        addr = self.by_id.setdefault(m.options[61], struct.pack(">I", self.first + len(self.by_id)))
        wanted = m.ciaddr if any(m.ciaddr) else m.options.get(50, addr)
        say(how.upper(), text(wanted if how != "discover" else addr), m.options.get(12, b"-").decode(), m.to)
        if self.lists("silent", addr):
            return
        while self.lists("hold", addr):
            time.sleep(0.05)
        if how in ("renew", "rebind"):
            kind = NAK if self.lists("nak", addr) or wanted != addr else ACK
            # RFC 2131 4.1: to ciaddr, a refusal to everybody
            self.reply(m, kind, addr, text(m.ciaddr) if kind == ACK else "255.255.255.255")
        elif how in ("discover", "select", "reboot"):
            kind = OFFER if how == "discover" else ACK if wanted == addr else NAK
            self.reply(m, kind, addr, "255.255.255.255")

    def run(self):
        say("READY")
        while True:
            data, anc, _, _ = self.s.recvmsg(2048, 64)
            dst = next(d for level, kind, d in anc if kind == 8)[8:12]
            try:
                m = Message(data, "broadcast" if dst == b"\xff" * 4 else "unicast")
                how = m.check()
            except (AssertionError, IndexError, KeyError, struct.error) as e:
                say("BAD", repr(e), data.hex())
                continue
            self.answer(m, how)


if __name__ == "__main__":
    Server(*sys.argv[1:]).run()
