#!/usr/bin/env python3
"""A server that misbehaves towards adit, in one way that its argument names.

Usage: hostile_server.py ADDRESS PORT CHAIN KEY KIND

Agrees on PAP ([MS-SSTP] 3.2.5.2.2: the binding's key is zeros then, and a server may leave the binding unchecked), so that it
can lead a client to any stage. Says `there` once it is where it wants to be, goes on until the client leaves, and says then
in one line how many bytes it sent, and how long it was from the call's beginning.
"""
import os
import signal
import socket
import ssl
import struct
import sys
import time

from chaos import ABORT, ACK, CHAP, DISCONNECT, DISCONNECT_ACK, EAP, ECHO, IP4, IPCP, LCP, PAP, control, cp, data

ADDRESS, PORT, CHAIN, KEY, KIND = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5]
OK = b"HTTP/1.1 200 \r\nContent-Length: 18446744073709551615\r\nServer: x\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n"
REQUEST_ACK = control(ACK, (4, b"\0\0\0\x03" + os.urandom(32)))


class Server:
    def __init__(self):
        listener = socket.create_server((ADDRESS, PORT))
        print("listening", flush=True)
        s, _ = listener.accept()
        s.settimeout(240)
        self.sent, self.got, self.began, self.said = 0, b"", time.monotonic(), False
        if KIND == "tls-garbage":
            self.s = s
            return
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ctx.load_cert_chain(CHAIN, KEY)
        self.s = ctx.wrap_socket(s, server_side=True)

    def send(self, *frames):
        b = b"".join(frames)
        self.s.sendall(b)
        self.sent += len(b)

    def take(self, n):
        while len(self.got) < n:
            b = self.s.recv(65536)
            if not b:
                raise EOFError
            self.got += b
        out, self.got = self.got[:n], self.got[n:]
        return out

    def frame(self):
        head = self.take(4)
        body = self.take((struct.unpack(">H", head[2:])[0] & 0xFFF) - 4)
        if head[1] & 1:
            return struct.unpack(">H", body[:2])[0], body
        body = body[2:] if body[:2] == b"\xff\x03" else body
        return None, (struct.unpack(">H", body[:2])[0], body[2:])

    def head(self):
        while b"\r\n\r\n" not in self.got:
            b = self.s.recv(65536)
            if not b:
                raise EOFError
            self.got += b
        self.got = b""

    def sstp(self):
        self.head()
        self.send(OK)
        self.frame()
        self.send(REQUEST_ACK)

    def lcp(self, auth=struct.pack(">BBH", 3, 4, PAP), extra=b""):
        self.send(data(LCP, cp(1, 1, auth + extra)))
        mine = theirs = False
        while not (mine and theirs):
            kind, f = self.frame()
            if kind is not None or f[0] != LCP:
                continue
            code, ident, body = f[1][0], f[1][1], f[1][4:]
            if code == 1:
                self.send(data(LCP, cp(2, ident, body)))
                theirs = True
            elif code == 2:
                mine = True
            elif code == 3:  # what we ask for is refused
                self.there()

    def pap(self):
        while True:
            kind, f = self.frame()
            if kind is None and f[0] == PAP:
                self.send(data(PAP, cp(2, f[1][1], b"\0")))
                return

    def ipcp(self, address, dns, peer):
        self.send(data(IPCP, cp(1, 1, b"\x03\x06" + socket.inet_aton(peer))))
        told = {3: address, 129: dns, 131: dns}
        mine = theirs = False
        while not (mine and theirs):
            kind, f = self.frame()
            if kind is not None or f[0] != IPCP:
                continue
            code, ident, body = f[1][0], f[1][1], f[1][4:]
            if code == 2:
                mine = True
            if code != 1:
                continue
            options, want = body, b""
            while options:
                want += options[:2] + (socket.inet_aton(told[options[0]]) if options[0] in told else options[2:options[1]])
                options = options[options[1]:]
            self.send(data(IPCP, cp(2 if want == body else 3, ident, want)))
            theirs = want == body

    def up(self, address="10.99.0.2", dns="10.99.0.1", peer="10.99.0.1"):
        self.sstp()
        self.lcp()
        self.pap()
        self.ipcp(address, dns, peer)

    def there(self):
        if not self.said:
            print("there", flush=True)
        self.said = True

    def for_ever(self, *frames):
        n = 0
        while True:
            self.send(*frames)
            n += 1
            if n == 200:
                self.there()

    def read_for_ever(self):
        self.there()
        while True:
            kind, _ = self.frame()
            if kind == DISCONNECT:
                self.send(control(DISCONNECT_ACK))

    # ---- the kinds ----

    def tls_garbage(self):
        self.for_ever(os.urandom(1000))

    def http_garbage(self):
        self.head()
        self.for_ever(os.urandom(1000))

    def http_1xx(self):
        self.head()
        self.for_ever(b"HTTP/1.1 100 Continue\r\n\r\n" * 10)

    def http_huge(self):
        self.head()
        self.send(b"HTTP/1.1 200\r\n")
        self.for_ever(b"X-A: " + b"a" * 900 + b"\r\n")

    def http_drip(self):
        self.head()
        for n, b in enumerate(OK):
            self.send(bytes([b]))
            if n == 2:
                self.there()
            time.sleep(1)

    def sstp_garbage(self):
        self.head()
        self.send(OK)
        self.for_ever(os.urandom(1000))

    def sstp_echo_flood(self):
        self.up()
        self.for_ever(control(ECHO) * 500)

    def two_ends(self):
        self.up()
        time.sleep(0.5)
        self.send(control(DISCONNECT, (2, b"\0" * 8)), control(ABORT, (2, b"\0" * 8)), control(DISCONNECT_ACK))
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise EOFError

    def lcp_for_ever(self):
        """A new request for each answer: never the same, never agreed on."""
        self.sstp()
        n = 0
        while True:
            n += 1
            self.send(data(LCP, cp(1, n & 255, struct.pack(">BBHBBH", 3, 4, PAP, 1, 4, 1400 + n % 50))))
            kind, f = self.frame()
            if kind is None and f[0] == LCP and f[1][0] == 1:
                self.send(data(LCP, cp(3, f[1][1], struct.pack(">BBH", 1, 4, 576 + n % 800))))

    def lcp_mru(self):
        self.sstp()
        self.lcp(extra=b"\x01\x04\x00\x00")
        self.read_for_ever()

    def eap_for_ever(self):
        self.sstp()
        self.lcp(auth=struct.pack(">BBH", 3, 4, EAP))
        n = 0
        while True:
            n += 1
            self.send(data(EAP, cp(1, n & 255, b"\x01")))
            self.frame()
            if n == 50:
                self.there()

    def chap_for_ever(self):
        self.sstp()
        self.lcp(auth=struct.pack(">BBHB", 3, 5, CHAP, 0x81))
        n = 0
        while True:
            n += 1
            self.send(data(CHAP, cp(1, n & 255, b"\x10" + os.urandom(16) + b"x")))
            self.frame()
            if n == 50:
                self.there()

    def silent_auth(self):
        self.sstp()
        self.lcp()
        self.frame()  # the client's word
        self.read_for_ever()

    def burst(self):
        """On SIGUSR1 as many small packets in one go as the client's buffers hold, then silence."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        self.up()
        self.there()
        signal.sigwait({signal.SIGUSR1})
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28, 1, 0x4000, 64, 17, 0, b"\x0a\x63\0\x01", b"\x0a\x63\0\x02") + b"\0" * 8
        self.send(data(IP4, ip) * 1500)
        self.read_for_ever()

    def quiet(self):
        self.up()
        self.read_for_ever()

    def address(self, our, dns="10.99.0.1", peer="10.99.0.1"):
        self.up(our, dns, peer)
        self.read_for_ever()


def main():
    s = Server()
    try:
        if KIND.startswith("address="):
            s.address(*KIND[8:].split(","))
        else:
            getattr(s, KIND.replace("-", "_"))()
    except (EOFError, OSError) as e:
        print(f"left after {s.sent} bytes and {time.monotonic() - s.began:.1f} s: {e!r}", flush=True)


main()
