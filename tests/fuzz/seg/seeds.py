#!/usr/bin/env python3
"""Makes the seeds of the fuzz targets of seg: super-packets, sequences of packets, packets that do not fit.

Usage: seeds.py. Writes corpus_*/ beside itself; the files are kept in the tree.
"""
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent


def csum(data):
    if len(data) % 2:
        data += b"\0"
    s = sum(struct.unpack(f">{len(data) // 2}H", data))
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return s


def ip(version, proto, transport, ident=1, options=b"", frag=0x4000, partial=False):
    src, dst = ([bytes([198, 18, n, 1]) for n in (1, 2)] if version == 4 else [bytes([0xFD, *[0] * 13, n, 1]) for n in (1, 2)])
    pseudo = csum(src + dst + struct.pack(">HH", proto, len(transport)))
    at = {6: 16, 17: 6}.get(proto)
    if at:
        check = pseudo if partial else ~csum(struct.pack(">H", pseudo) + transport) & 0xFFFF
        transport = transport[:at] + struct.pack(">H", check) + transport[at + 2:]
    if version == 6:
        return struct.pack(">IHBB", 6 << 28, len(transport), proto, 64) + src + dst + transport
    head = struct.pack(">BBHHHBBH", 0x45 + len(options) // 4, 0, 20 + len(options) + len(transport), ident, frag, 64, proto, 0)
    head += src + dst + options
    return head[:10] + struct.pack(">H", ~csum(head) & 0xFFFF) + head[12:] + transport


def tcp(data, seq=1, flags=0x10, options=b""):
    return struct.pack(">HHIIBBHHH", 40000, 443, seq, 7, (20 + len(options)) // 4 << 4, flags, 500, 0, 0) + options + data


def udp(data):
    return struct.pack(">HHHH", 40000, 53, 8 + len(data), 0) + data


def vnet(version, proto, size, head):
    kind = 5 if proto == 17 else 1 if version == 4 else 4
    return struct.pack("=BBHHHH", 1, kind, head, size, 20 if version == 4 else 40, 16 if proto == 6 else 6)


def save(target, name, data):
    folder = HERE / f"corpus_{target}"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)


def main():
    stamps = b"\x01\x01\x08\x0a" + bytes(8)
    data = bytes(range(200))
    for v in (4, 6):
        save("gso", f"tcp{v}", vnet(v, 6, 60, 52) + ip(v, 6, tcp(data, options=stamps, flags=0x99), partial=True))
        save("gso", f"udp{v}", vnet(v, 17, 60, 28) + ip(v, 17, udp(data), partial=True))
        save("gso", f"sum{v}", b"\x01\0" + vnet(v, 17, 0, 0)[2:] + ip(v, 17, udp(data), partial=True))
        flow = [ip(v, 6, tcp(data[:50], 1 + 50 * i, 0x18 if i % 3 == 0 else 0x10, stamps), i) for i in range(6)]
        grams = [ip(v, 17, udp(data[:30]), 9 + i) for i in range(3)]
        same = [ip(v, 6, tcp(data[:50], 1 + 50 * i), 0) for i in range(3)]
        for name, packets in (("flow", flow), ("mixed", [x for pair in zip(flow, grams) for x in pair]), ("same", same)):
            for flags, kind in ((b"\x03", ""), (b"\x07", "-psh")):
                save("gro", f"{name}{kind}{v}", flags + b"".join(struct.pack(">H", len(p)) + p for p in packets))
        save("fit", f"syn{v}", b"\x01\x00" + ip(v, 6, tcp(b"", flags=2, options=b"\x01\x02\x04\x05\xb4\x01\x01\x01")))
        save("fit", f"big{v}", b"\x00\x64" + ip(v, 17, udp(data)))
    save("fit", "frag", b"\x00\x58" + ip(4, 17, udp(data), frag=0, options=b"\x88\x04\xab\xcd\x07\x07\x04\0\0\0\0\0"))
    save("fit", "frag-middle", b"\x00\x58" + ip(4, 17, udp(data), frag=0x2010))


main()
