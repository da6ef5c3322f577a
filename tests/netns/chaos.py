#!/usr/bin/env python3
"""A client that misbehaves: climbs some way towards a session, does something wrong there, and ends in some bad way.

Usage: chaos.py SERVER PORT SEED SECONDS SOURCES THREADS

Speaks TLS over memory, so that it can spoil records too, and PAP, whose crypto binding needs no more than HMAC ([MS-SSTP]
3.2.5.2.2: a key of zeros). Each try is a number; its dice are seeded with SEED and that number. Prints what it reached.
"""
import collections
import hashlib
import hmac
import random
import socket
import ssl
import struct
import sys
import threading
import time

URI = b"/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/"
HEAD = b"SSTP_DUPLEX_POST " + URI + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615\r\n\r\n"
LCP, PAP, CHAP, EAP, IPCP, IP6CP, CCP, IP4 = 0xC021, 0xC023, 0xC223, 0xC227, 0x8021, 0x8057, 0x80FD, 0x0021
REQUEST, ACK, NAK, CONNECTED, ABORT, DISCONNECT, DISCONNECT_ACK, ECHO, ECHO_ACK = 1, 2, 3, 4, 5, 6, 7, 8, 9
STAGES = ("tcp", "hello", "tls", "head", "http", "sstp", "lcp", "auth", "accepted", "connected", "up")


class Gone(Exception):
    """The server ended it, as it may."""


def control(kind, *attributes):
    body = b"".join(struct.pack(">BBH", 0, i, 4 + len(v)) + v for i, v in attributes)
    return struct.pack(">BBHHH", 0x10, 1, 8 + len(body), kind, len(attributes)) + body


def data(proto, payload):
    return struct.pack(">BBHHH", 0x10, 0, 8 + len(payload), 0xFF03, proto) + payload


def cp(code, ident, body=b""):
    return struct.pack(">BBH", code, ident, 4 + len(body)) + body


STATUS = struct.pack(">BBBBI", 0, 0, 0, 1, 0)[:8]
REQUEST_FRAME = control(REQUEST, (1, b"\x00\x01"))


class Peer:
    def __init__(self, address, port, source):
        self.s = socket.socket()
        self.s.settimeout(4)
        self.s.bind((source, 0))
        self.s.connect((address, port))
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ctx.check_hostname, ctx.verify_mode = False, ssl.CERT_NONE
        self.ins, self.outs = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = ctx.wrap_bio(self.ins, self.outs)
        self.got, self.address, self.nonce, self.hash = b"", None, None, 2

    def raw(self, b):
        self.s.sendall(b)

    def flush(self):
        b = self.outs.read()
        if b:
            self.raw(b)

    def more(self):
        b = self.s.recv(65536)
        if not b:
            raise Gone("closed")
        self.ins.write(b)

    def shake(self):
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.flush()
                self.more()
        self.flush()

    def send(self, *frames):
        self.tls.write(b"".join(frames))
        self.flush()

    def read(self):
        while True:
            try:
                b = self.tls.read(65536)
                if not b:
                    raise Gone("close_notify")
                return b
            except ssl.SSLWantReadError:
                self.flush()
                self.more()

    def take(self, n):
        while len(self.got) < n:
            self.got += self.read()
        out, self.got = self.got[:n], self.got[n:]
        return out

    def frame(self):
        """(message type, whole frame) or (None, (protocol, packet))."""
        head = self.take(4)
        body = self.take((struct.unpack(">H", head[2:])[0] & 0xFFF) - 4)
        if head[1] & 1:
            kind = struct.unpack(">H", body[:2])[0]
            if kind == ABORT:
                raise Gone("abort")
            if kind == DISCONNECT:
                self.send(control(DISCONNECT_ACK))
                raise Gone("disconnect")
            if kind == ECHO:
                self.send(control(ECHO_ACK))
            return kind, head + body
        if body[:2] == b"\xff\x03":
            body = body[2:]
        return None, (struct.unpack(">H", body[:2])[0], body[2:])

    # ---- the way up ----

    def http(self):
        self.send(HEAD)
        while b"\r\n\r\n" not in self.got:
            self.got += self.read()
        self.got = self.got.split(b"\r\n\r\n", 1)[1]

    def sstp(self):
        self.send(REQUEST_FRAME)
        kind, f = self.frame()
        if kind != ACK:
            raise Gone(f"answer {kind}")
        self.nonce = f[16:48]
        self.hash = 2 if f[15] & 2 else 1

    def lcp(self, method=PAP):
        mine = theirs = False
        self.send(data(LCP, cp(1, 1, b"\x05\x06" + random.randbytes(4))))
        while not (mine and theirs):
            kind, f = self.frame()
            if kind is not None or f[0] != LCP:
                continue
            code, ident, body = f[1][0], f[1][1], f[1][4:]
            if code == 2:
                mine = True
            elif code == 1 and self.auth_of(body) not in (None, method):
                self.send(data(LCP, cp(3, ident, struct.pack(">BBH", 3, 4, method))))
            elif code == 1:
                self.send(data(LCP, cp(2, ident, body)))
                theirs = True

    @staticmethod
    def auth_of(options):
        while len(options) >= 2 and options[1] >= 2:
            if options[0] == 3 and options[1] >= 4:
                return struct.unpack(">H", options[2:4])[0]
            options = options[options[1]:]
        return None

    @staticmethod
    def pap(user=b"mallory", password=b"wonderland", ident=7):
        return data(PAP, cp(1, ident, bytes([len(user)]) + user + bytes([len(password)]) + password))

    def accepted(self):
        self.send(self.pap())
        self.await_proto(PAP, 2)

    def await_proto(self, proto, code):
        while True:
            kind, f = self.frame()
            if kind is None and f[0] == proto and f[1][0] == code:
                return f[1]

    def call_connected(self, wrong=False):
        """[MS-SSTP] 2.2.7, 3.2.5.2: SHA-256, and a higher-layer authentication key of zeros."""
        der = self.tls.getpeercert(True)
        name, size = (hashlib.sha256, 32) if self.hash == 2 else (hashlib.sha1, 20)
        pad = b"\0" * (32 - size)
        fixed = b"\0\0\0" + bytes([self.hash]) + self.nonce + name(der).digest() + pad
        cmk = hmac.new(b"\0" * 32, b"SSTP inner method derived CMK" + struct.pack("<H", size) + b"\x01", name).digest()
        mac = hmac.new(cmk, control(CONNECTED, (3, fixed + b"\0" * 32)), name).digest() + pad
        return control(CONNECTED, (3, fixed + (bytes(reversed(mac)) if wrong else mac)))

    def up(self):
        want, mine, theirs = b"\0\0\0\0", False, False
        self.send(data(IPCP, cp(1, 1, b"\x03\x06" + want)))
        while not (mine and theirs):
            kind, f = self.frame()
            if kind is not None or f[0] != IPCP:
                continue
            code, ident, body = f[1][0], f[1][1], f[1][4:]
            if code == 3:
                want = body[2:6]
                self.send(data(IPCP, cp(1, ident + 1, b"\x03\x06" + want)))
            elif code == 2:
                mine = True
            elif code == 1:
                self.send(data(IPCP, cp(2, ident, body)))
                theirs = True
        self.address = want

    def climb(self, stage):
        steps = {"hello": lambda: (self.tls_hello(), None), "tls": self.shake, "head": lambda: self.send(HEAD[:50]),
                 "http": self.http, "sstp": self.sstp, "lcp": lambda: self.send(data(LCP, cp(1, 1))), "auth": self.lcp,
                 "accepted": self.accepted, "connected": lambda: self.send(self.call_connected()), "up": self.up}
        way = {"tcp": [], "hello": ["hello"], "head": ["tls", "head"], "lcp": ["tls", "http", "sstp", "lcp"]}.get(
            stage, [s for s in STAGES[2:STAGES.index(stage) + 1] if s not in ("head", "lcp")])
        for s in way:
            steps[s]()

    def tls_hello(self):
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        self.raw(self.outs.read()[:100])


# ---- what can be wrong ----

def lengths(d):
    """A frame whose length field, or whose attribute's, is at a border."""
    f = bytearray(d.choice([REQUEST_FRAME, control(ECHO), data(LCP, cp(9, 1, b"\0" * 4)), control(CONNECTED, (3, b"\0" * 100)),
                            control(ABORT, (2, b"\0" * 8)), data(IPCP, cp(1, 1, b"\x03\x06\0\0\0\0"))]))
    at = d.choice([2, 2, 10 if len(f) > 12 else 2])
    struct.pack_into(">H", f, at, d.choice([0, 1, 3, 4, 5, 7, 8, len(f) - 1, len(f) + 1, 4095, 0xFFFF]))
    return bytes(f)


def lcp_odd(d):
    options = d.choice([b"\x01\x04\x00\x00", b"\x01\x04\x00\x40", b"\x01\x04\xff\xff", b"\x01\x00", b"\x01\x01", b"\x03\x03\xc2",
                        b"\x05\x06\0\0\0\0", b"\x0d\x03\x06", d.randbytes(30), b"\x01\x04\x05\x78" * 200])
    return data(LCP, cp(d.choice([1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 255]), d.randrange(256), options))


def packet(d, src):
    return data(IP4, struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28, 1, 0, 64, 17, 0, src, d.randbytes(4)) + d.randbytes(8))


def burst(d, p):
    """One write of frames of any kind, in any order."""
    kinds = [lambda: lengths(d), lambda: lcp_odd(d), lambda: p.pap(ident=d.randrange(256)),
             lambda: p.pap(b"x" * d.randrange(256), b"y" * d.randrange(256)),
             lambda: data(PAP, cp(1, 1, b"\xff" + d.randbytes(20))),
             lambda: data(CHAP, cp(2, d.randrange(256), b"\x31" + d.randbytes(49) + b"alice")) * d.randrange(1, 6),
             lambda: data(CHAP, cp(d.randrange(1, 8), 0, d.randbytes(d.randrange(60)))),
             lambda: data(EAP, cp(d.randrange(1, 5), d.randrange(256), bytes([d.choice([1, 3, 26, 13, 254])]) + d.randbytes(20))) * 5,
             lambda: data(IPCP, cp(1, 1, b"\x03\x06\0\0\0\0" * 100)), lambda: data(IPCP, cp(d.randrange(14), 1, d.randbytes(40))),
             lambda: data(IP6CP, cp(1, 1, b"\x01\x0a" + d.choice([b"\0" * 8, d.randbytes(8)]))), lambda: data(CCP, cp(1, 1)),
             lambda: control(ECHO) * d.choice([1, 3, 400]), lambda: control(ECHO_ACK), lambda: control(ABORT, (2, b"\0" * 8)),
             lambda: control(DISCONNECT, (2, b"\0" * 8)), lambda: control(DISCONNECT_ACK), lambda: REQUEST_FRAME,
             lambda: control(NAK, (2, b"\0" * 8)), lambda: control(d.randrange(65536), *[(d.randrange(6), b"")] * d.randrange(9)),
             lambda: data(LCP, cp(5, 1)), lambda: data(LCP, cp(1, d.randrange(256))) * d.choice([2, 300]),
             lambda: data(LCP, cp(9, 1, d.randbytes(4))) * d.choice([1, 300]), lambda: data(LCP, cp(8, 1, b"\x80\x21")),
             lambda: packet(d, p.address or d.randbytes(4)) * d.choice([1, 200]), lambda: packet(d, d.randbytes(4)),
             lambda: p.call_connected(d.random() < 0.5) * d.choice([1, 2]) if p.nonce else REQUEST_FRAME,
             lambda: data(d.randrange(65536), d.randbytes(d.randrange(1500))), lambda: d.randbytes(d.randrange(1, 3000)),
             lambda: struct.pack(">BBH", 0x10, 0, d.choice([4, 5, 6])) + b"\xff\x03"[:d.randrange(3)]]
    return b"".join(d.choice(kinds)() for _ in range(d.choice([1, 1, 2, 2, 3, 8])))


def misbehave(d, p, stage):
    if stage in ("tcp", "hello"):
        p.raw(d.choice([b"", d.randbytes(d.randrange(1, 2000)), b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + d.randbytes(50),
                        b"\x16\x03\x01\x00\x00" * 50, b"\x17\x03\x03\x40\x00" + d.randbytes(50)]))
    elif stage in ("tls", "head"):
        p.send(d.choice([b"\r\n" * 50, b"A" * 20000, HEAD.replace(b"Host", b"Host\x00"), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                         b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 400, HEAD + HEAD, HEAD + burst(d, p), d.randbytes(500), HEAD[:-4]]))
    else:
        b = burst(d, p)
        how = d.random()
        if how < 0.6:
            p.send(b)
        elif how < 0.8:  # drips
            for i in range(0, min(len(b), 40)):
                p.send(b[i:i + 1])
        else:  # spoils the record
            p.tls.write(b)
            r = bytearray(p.outs.read())
            r[d.randrange(len(r))] ^= 1 << d.randrange(8)
            p.raw(bytes(r[:d.choice([len(r), len(r), d.randrange(1, len(r) + 1)])]))


def reset(p):
    p.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    p.s.close()


def together(p, *frames):
    """Ciphertext of the frames and of close_notify in one write: several reasons to end in one turn of the server's loop."""
    p.tls.write(b"".join(frames))
    try:
        p.tls.unwrap()
    except ssl.SSLError:
        pass
    p.raw(p.outs.read())


def finish(d, p, stage):
    how = d.choice(["close", "reset", "half", "linger", "deaf", "abort+reset", "disconnect+close", "two", "terminate"])
    secure = stage not in ("tcp", "hello")
    if how == "half":
        p.s.shutdown(socket.SHUT_WR)
        p.s.settimeout(1)
        while p.s.recv(65536):
            pass
    elif how == "linger":
        time.sleep(d.random() * 1.5)
    elif how == "deaf" and secure:
        p.s.settimeout(0.5)
        for _ in range(200):
            p.send(control(ECHO) * 100)
    elif how == "abort+reset" and secure:
        p.send(control(ABORT, (2, b"\0" * 8)))
        time.sleep(d.choice([0, 0, 0.001]))
        reset(p)
    elif how == "disconnect+close" and secure:
        together(p, control(DISCONNECT, (2, b"\0" * 8)))
        time.sleep(d.choice([0, 0.5, 1.5]))
    elif how == "two" and secure:
        together(p, control(DISCONNECT, (2, b"\0" * 8)), control(ABORT, (2, b"\0" * 8)), control(DISCONNECT_ACK), control(ECHO))
        reset(p)
    elif how == "terminate" and secure:
        p.send(data(LCP, cp(5, 9)), control(DISCONNECT, (2, b"\0" * 8)))
    if how == "reset":
        reset(p)
    p.s.close()


def one(seed, n, address, port, source, count):
    d = random.Random(f"{seed}/{n}")
    stage = d.choices(STAGES, [1, 1, 2, 2, 2, 4, 4, 6, 6, 8, 14])[0]
    p = None
    try:
        p = Peer(address, port, source)
        p.climb(stage)
        count[stage] += 1
        for _ in range(d.choice([0, 1, 1, 2, 4])):
            misbehave(d, p, stage)
            if d.random() < 0.2:
                time.sleep(d.random() * 0.1)
        finish(d, p, stage)
    except (Gone, OSError, ssl.SSLError) as e:
        count["ended early"] += 1
        count[f"  {type(e).__name__}: {str(e)[:50]}"] += 1
    finally:
        if p:
            p.s.close()


def main():
    address, port, seed, seconds, sources, threads = sys.argv[1], *map(int, sys.argv[2:7])
    count, end, lock, numbers = collections.Counter(), time.monotonic() + seconds, threading.Lock(), iter(range(10**9))

    def work():
        while time.monotonic() < end:
            with lock:
                n = next(numbers)
            one(seed, n, address, port, f"198.19.0.{1 + n % sources}", count)

    team = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
    for t in team:
        t.start()
    for t in team:
        t.join(seconds + 30)
    for k, v in sorted(count.items(), key=str):
        print(k, v)
    print("reached", sum(count[s] for s in STAGES), "up", count["up"], flush=True)


if __name__ == "__main__":
    main()
