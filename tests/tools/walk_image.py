#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR MIT
"""walk_image.py IMAGE JSON - walks a pgtbl-dump image as hardware would, knowing nothing of
the library but the image format, and compares what it finds with pgtbl-dump's JSON.

Status 0: the same runs of addresses with the same read and write permissions.
"""
import json
import struct
import sys


class Bad(Exception):
    pass


def bits(v, high, low):
    return (v >> low) & ((1 << (high - low + 1)) - 1)


def vtdss(e, level, _im):
    if not e & 3:
        return None
    addr = bits(e, 51, 12) << 12
    if level > 1 and not e & 0x80:
        return ("table", addr)
    return ("leaf", addr, e & 1, e >> 1 & 1)


def x86_64(e, level, _im):
    if not e & 1:
        return None
    addr = bits(e, 51, 12) << 12
    if level > 1 and not e & 0x80:
        return ("table", addr)
    return ("leaf", addr, 1, e >> 1 & 1)


def amdv1(e, level, _im):
    if not e & 1:
        return None
    addr, following = bits(e, 51, 12) << 12, bits(e, 11, 9)
    read, write = e >> 61 & 1, e >> 62 & 1
    if following == 7:  # the first 0 from bit 12 up says how large the page is
        lg2 = 12
        while addr >> lg2 & 1:
            lg2 += 1
        size = 2 << lg2
        return ("leaf", addr & -size, read, write, size)
    if following:
        if following != level - 1:
            raise Bad("a level is skipped")
        return ("table", addr)
    return ("leaf", addr, read, write)


def arm(e, level, im, read, write):
    if not e & 1:
        return None
    addr = bits(e, 47, im.page_lg2) << im.page_lg2
    if level > 1 and e & 2:
        return ("table", addr)
    if level == 1 and not e & 2:
        raise Bad("a reserved descriptor")
    return ("leaf", addr, read, write)


def arm_s1(e, level, im):
    return arm(e, level, im, 1, 1 - (e >> 7 & 1))


def arm_s2(e, level, im):
    return arm(e, level, im, e >> 6 & 1, e >> 7 & 1)


def riscv(e, _level, im):
    if not e & 1:
        return None
    ppn = bits(e, 53, 10)
    if not e & 0xe:
        return ("table", ppn << 12)
    if e >> 63:  # NAPOT: 64 KiB
        return ("leaf", (ppn & ~15) << 12, e >> 1 & 1, e >> 2 & 1, 1 << 16)
    return ("leaf", ppn << 12, e >> 1 & 1, e >> 2 & 1)


def tce(e, level, im):
    if not e & 3:
        return None
    if level > 1:
        return ("table", e & ~0xfff)
    return ("leaf", e & -(1 << im.page_lg2), e & 1, e >> 1 & 1)


DECODE = {f.__name__: f for f in (vtdss, x86_64, amdv1, arm_s1, arm_s2, riscv, tce)}


class Image:
    def __init__(self, data):
        if data[:8] != b"PGTBLIMG" or struct.unpack_from("<I", data, 8)[0] != 1:
            raise Bad("not an image of version 1")
        self.levels, = struct.unpack_from("<I", data, 12)
        self.format = data[16:32].rstrip(b"\0").decode()
        self.root, self.page_lg2, self.index_lg2, self.root_lg2 = \
            struct.unpack_from("<QIII", data, 32)
        self.iova_bits, self.oa_bits = struct.unpack_from("<II", data, 52)
        self.tables, at = {}, 64
        while True:
            phys, first, level, size = struct.unpack_from("<QQII", data, at)
            at += 24
            if not level:
                break
            entries = 1 << (self.root_lg2 if level == self.levels else self.index_lg2)
            if size != 8 * entries or phys in self.tables:
                raise Bad("a table of another size, or twice")
            order = ">" if self.format == "tce" else "<"
            self.tables[phys] = (level, first,
                                 struct.unpack_from(f"{order}{entries}Q", data, at))
            at += size
        if at != len(data):
            raise Bad("bytes behind the end")


def walk(im, phys, level, iova, seen, found):
    if phys not in im.tables or im.tables[phys][:2] != (level, iova):
        raise Bad(f"no table of level {level} for {iova:#x} at {phys:#x}")
    seen.add(phys)
    lg2 = im.page_lg2 + im.index_lg2 * (level - 1)
    for i, e in enumerate(im.tables[phys][2]):
        at = iova + (i << lg2)
        what = DECODE[im.format](e, level, im)
        if what is None:
            continue
        if what[0] == "table":
            walk(im, what[1], level - 1, at, seen, found)
            continue
        to = what[1]
        if len(what) > 4:  # a part of a larger page
            to += at & (what[4] - 1)
        if to >> im.oa_bits:
            raise Bad("beyond the width")
        found.append((at, to, 1 << lg2, what[2], what[3]))


def joined(pieces):
    runs = []
    for iova, phys, size, read, write in pieces:
        if runs and runs[-1][0] + runs[-1][2] == iova and runs[-1][1] + runs[-1][2] == phys \
                and runs[-1][3:] == [read, write]:
            runs[-1][2] += size
        else:
            runs.append([iova, phys, size, read, write])
    return runs


def main():
    with open(sys.argv[1], "rb") as f:
        im = Image(f.read())
    with open(sys.argv[2], encoding="ascii") as f:
        said = json.load(f)
    seen, found = set(), []
    walk(im, im.root, im.levels, 0, seen, found)
    if seen != set(im.tables):
        raise Bad("tables that nothing leads to")
    if said["format"] != im.format or said["levels"] != im.levels or \
            int(said["root"], 0) != im.root:
        raise Bad("the heads differ")
    want = joined([(int(r["iova"], 0), int(r["phys"], 0), int(r["page"], 0) * r["count"],
                    int("r" in r["prot"]), int("w" in r["prot"])) for r in said["runs"]])
    have = joined(found)
    if have != want:
        print("# hardware finds", have[:6], "the library says", want[:6])
        return 1
    print(f"# {len(have)} runs in {len(im.tables)} tables")
    return 0 if have else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Bad, struct.error) as e:
        print("#", e)
        sys.exit(1)
