#!/usr/bin/env python3
"""Writes corpus_admin: one valid message of each kind, as src/admin/msgs.c makes them, and some requests."""
import pathlib
import struct

out = pathlib.Path(__file__).parent / "corpus_admin"
out.mkdir(exist_ok=True)


def text(s):
    return struct.pack(">H", len(s)) + s.encode()


v4 = bytes([4, 32]) + bytes(10) + b"\xff\xff" + bytes([10, 80, 0, 2])
session = (struct.pack(">Q", 0x100000003) + text("alice") + text("48B82435-099A-4158-A987-052E7570CFAA") + text("198.18.0.7:4711") +
           text("198.18.0.1:443") + text("mschapv2") + text("TLSv1.3") + text("TLS_AES_128_GCM_SHA256") + text("SHA-256") +
           text("MSRASV5.20") + bytes([1]) + v4 + struct.pack(">HHI8Q", 1400, 1400, 1, *range(8)))
role = text("worker") + struct.pack(">IIIQQ", 0, 11, 2, 3000, 4000)
status = (text("0.1.0") + text("/etc/adit/aditd.conf") + text("adit0") + text("info") + struct.pack(">IQBB", 1, 60000, 0, 1) +
          text("0.0.0.0:443") + struct.pack(">H", 1) + role)
line = text("2026-11-20T08:30:00.123Z notice 1101 SESSION_UP worker user=alice: a session is up")


def request(method, path, value=b"", body=b""):
    return bytes([method, len(path)]) + path + bytes([len(value)]) + value + body


seeds = [(0, "sessions", struct.pack(">IH", 7, 2) + session * 2), (1, "status", status), (2, "worker", bytes(range(84))),
         (3, "events", line * 2), (4, "done", b"\0" + text("words")), (5, "end", struct.pack(">Q", 3) + text("because")),
         (5, "end_user", text("bob") + text("because")), (6, "get", request(0, b"/v1/sessions", b"50")),
         (6, "one", request(0, b"/v1/sessions/0-100000003")), (6, "user", request(1, b"/v1/users/a/disconnect", b"", b'{"reason":"x"}')),
         (6, "level", request(2, b"/v1/log-level", b"", b'{"level":"debug"}'))]
for kind, name, body in seeds:
    (out / name).write_bytes(bytes([kind]) + body)
