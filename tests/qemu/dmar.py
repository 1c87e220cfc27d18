#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR MIT
"""dmar.py KIND FILE - an ACPI DMAR table in an uncompressed cpio archive.

Put before an initramfs, the archive makes Linux use this table instead of QEMU's (same
names, higher OEM revision).  It describes QEMU's one unit, with all PCI devices in its scope.

  unit:BASE                   the unit's registers are at BASE
  rmrr:BASE-LAST:BUS:DEV.FN   with a reserved region for that device
  zero-length                 the unit's structure says it has no length
  past-the-end                the unit's structure says it ends behind the table
  truncated-scope             a device scope that does not fit its structure
  no-unit                     no structure at all
"""
import struct
import sys

UNIT_BASE = 0xFED90000
DRHD, RMRR = 0, 1
INCLUDE_PCI_ALL = 1
SCOPE_ENDPOINT = 1


def structure(kind, body, length=None):
    return struct.pack("<HH", kind, 4 + len(body) if length is None else length) + body


def drhd(scope=b"", length=None, base=UNIT_BASE):
    return structure(DRHD, struct.pack("<BBHQ", INCLUDE_PCI_ALL, 0, 0, base) + scope, length)


def rmrr(base, last, bus, device, function):
    scope = struct.pack("<BBHBBBB", SCOPE_ENDPOINT, 8, 0, 0, bus, device, function)
    return structure(RMRR, struct.pack("<HHQQ", 0, 0, base, last) + scope)


def structures(kind):
    if kind.startswith("rmrr:"):
        region, where = kind[5:].split(":", 1)
        base, last = (int(x, 16) for x in region.split("-"))
        bus, rest = where.split(":")
        device, function = rest.split(".")
        return drhd() + rmrr(base, last, int(bus, 16), int(device, 16), int(function, 16))
    if kind.startswith("unit:"):
        return drhd(base=int(kind[5:], 16))
    if kind == "zero-length":
        return drhd(length=0)
    if kind == "past-the-end":
        return drhd(length=4096)
    if kind == "truncated-scope":
        return drhd(scope=struct.pack("<BBHBB", SCOPE_ENDPOINT, 40, 0, 0, 0))
    if kind == "no-unit":
        return b""
    sys.exit(f"dmar.py: unknown kind {kind}")


def table(kind):
    body = structures(kind)
    address_bits_minus_1, flags = 38, 0
    head = struct.pack("<4sIBB6s8sI4sI", b"DMAR", 48 + len(body), 1, 0, b"BOCHS ", b"BXPC    ",
                       0x10000, b"TEST", 1)
    data = bytearray(head + struct.pack("<BB10x", address_bits_minus_1, flags) + body)
    data[9] = -sum(data) & 0xFF  # the checksum: all bytes add up to 0
    return bytes(data)


def cpio(entries):
    """The "newc" format: headers of hexadecimal fields, all padded to 4 bytes."""
    out = b""
    for number, (name, mode, data) in enumerate(entries + [("TRAILER!!!", 0, b"")], 1):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        out += b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return out


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    directories = [("kernel", 0o40755, b""), ("kernel/firmware", 0o40755, b""),
                   ("kernel/firmware/acpi", 0o40755, b"")]
    with open(sys.argv[2], "wb") as f:
        f.write(cpio(directories + [("kernel/firmware/acpi/dmar.aml", 0o100644,
                                     table(sys.argv[1]))]))


if __name__ == "__main__":
    main()
