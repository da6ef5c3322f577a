#!/usr/bin/env python3
"""Writes the seeds of fuzz_imsg: messages that the monitor's table accepts, and near misses."""
import pathlib, struct

out = pathlib.Path(__file__).parent / "corpus_imsg"
out.mkdir(exist_ok=True)


def message(fds, phase, kind, body, length=None, magic=0x61646931):
    head = struct.pack(">IIII", magic, kind, 7, len(body) if length is None else length)
    return bytes([fds, phase]) + head + body


seeds = {
    "hello": message(0, 0, 1, b""),
    "ask": message(0, 1, 2, b"\0\0\0\5"),
    "socket": message(1, 1, 3, b"x" * 100),
    "pair": message(2, 2, 4, b"p"),
    "pair-late": message(0, 3, 4, b"pp"),
    "many": message(8, 0, 5, b""),
    "too-many": message(9, 0, 5, b""),
    "wrong-magic": message(0, 0, 1, b"", magic=0x61646932),
    "wrong-length": message(0, 0, 1, b"abc", length=4),
    "short": message(0, 0, 1, b"")[:10],
}
for name, data in seeds.items():
    (out / name).write_bytes(data)
