/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* pgtbl_hw_decode.c - what words mean to hardware, and which it objects to. */
#include "pgtbl_hw_priv.h"

/* VT-d second stage: R 0, W 1, PS 7 (levels 2 and 3), SNP 11, TM 62. */
static struct hw_entry decode_ss(const struct hw_walker *hw, uint64_t w, unsigned level,
				 struct hw_entry e)
{
	bool page = level == 1 || (w & BIT(7));

	e.phys = w & BITS(51, 12);
	if (!(w & 3)) {
		e.kind = NOTHING;
	} else if (w & BIT(62)) {
		e.kind = RESERVED;
	} else if (!page) {
		e.kind = (w & (BIT(11) | BITS(6, 3))) || (w & BITS(63, 52)) ? RESERVED : TABLE;
	} else if (level > 3 || (level == 1 && (w & BIT(7))) || (!hw->snoop_ctl && (w & BIT(11))) ||
		   (w & BITS(6, 3))) {
		e.kind = RESERVED;
	} else {
		e.prot = (w & BIT(0) ? PGTBL_READ : 0) | (w & BIT(1) ? PGTBL_WRITE : 0) |
			 (w & BIT(11) ? PGTBL_COHERENT : 0);
		e.kind = LEAF;
	}
	return e;
}

/* x86-64: P 0, RW 1, US 2, PWT 3, PCD 4, A 5, D 6, PS 7 (levels 2 and 3), 52 ignored, XD 63. */
static struct hw_entry decode_x86(const struct hw_walker *hw, uint64_t w, unsigned level,
				  struct hw_entry e)
{
	bool page = level == 1 || (w & BIT(7));

	e.phys = w & BITS(51, 12);
	if (!(w & 1)) {
		e.kind = NOTHING;
	} else if (!page) {
		e.kind = FIELD(w, 2, 1) == 3 && !(w & BITS(63, 52)) ? TABLE : RESERVED;
	} else if (level > 3 || (level == 1 && (w & BIT(7))) || (w & BITS(62, 53)) ||
		   (!hw->ad && (!(w & BIT(5)) || ((w & BIT(1)) && !(w & BIT(6)))))) {
		e.kind = RESERVED;
	} else {
		e.prot = PGTBL_READ | (w & BIT(1) ? PGTBL_WRITE : 0) |
			 (w & BIT(2) ? 0 : PGTBL_PRIV) | (w & BIT(63) ? PGTBL_NOEXEC : 0) |
			 (w & BIT(4) ? PGTBL_MMIO : 0);
		e.kind = LEAF;
	}
	return e;
}

/* AMD: PR 0, next level 11:9, address 51:12, 58:52 reserved, FC 60, IR 61, IW 62. */
static struct hw_entry decode_amd(uint64_t w, unsigned level, struct hw_entry e)
{
	unsigned next = FIELD(w, 11, 9);

	if (!(w & 1)) {
		e.kind = NOTHING;
	} else if (w & BITS(58, 52)) {
		e.kind = RESERVED;
	} else if (next && next < 7) {
		e.kind = next == level - 1 && FIELD(w, 62, 61) == 3 ? TABLE : RESERVED;
		e.phys = w & BITS(51, 12);
	} else {
		if (next == 7)
			for (e.lg2 = 13; e.lg2 < 52 && (w & BIT(e.lg2 - 1)); e.lg2++)
				;
		e.phys = w & BITS(51, 12) & ~(next == 7 ? BIT(e.lg2) - 1 : 0);
		e.prot = (w & BIT(61) ? PGTBL_READ : 0) | (w & BIT(62) ? PGTBL_WRITE : 0) |
			 (w & BIT(60) ? PGTBL_COHERENT : 0);
		e.kind = level == 6 ? RESERVED : LEAF;
	}
	return e;
}

/* Leaf of a contiguous set: 4K granule 16; 16K 128, then 32; 64K 32. */
static unsigned arm_set_lg2(const struct hw_walker *hw, unsigned level)
{
	switch (hw->page_lg2) {
	case 12:
		return 4;
	case 14:
		return level == 1 ? 7 : 5;
	default:
		return 5;
	}
}

/* Bits 63:50 of a leaf: 54 and 53 XN, 52 contiguous; 47:12 address; AF must be set. */
static struct hw_entry decode_arm(const struct hw_walker *hw, uint64_t w, unsigned level,
				  struct hw_entry e)
{
	bool s2 = hw->format == HW_ARM_S2, device;
	unsigned type = w & 3, attr = s2 ? FIELD(w, 5, 2) : FIELD(w, 4, 2), xn = FIELD(w, 54, 53);
	unsigned ap = FIELD(w, 7, 6), sh = FIELD(w, 9, 8);

	e.phys = w & BITS(47, 12);
	if (!(w & 1)) {
		e.kind = NOTHING;
		return e;
	}
	if (level > 1 && type == 3) {
		e.kind = w & BITS(63, 48) ? RESERVED : TABLE;
		return e;
	}
	e.kind = RESERVED;
	if (type != (level == 1 ? 3 : 1) || !(w & BIT(10)) || (w & BITS(63, 55)) ||
	    (w & BITS(51, 48)) || level > (hw->page_lg2 == 12 ? 3 : 2))
		return e;
	if (w & BIT(52)) {
		e.lg2 += arm_set_lg2(hw, level);
		e.step = BIT(e.lg2 - arm_set_lg2(hw, level));
	}
	device = attr == (s2 ? 1 : 2);
	if (!device && attr != (sh == 3 ? (s2 ? 15 : 1) : (s2 ? 5 : 0)))
		return e;
	if (sh < 2 || (s2 ? xn & 1 : xn == 1 || xn == 2) || (!s2 && !(w & BIT(11))))
		return e;
	e.prot = (sh == 3 ? PGTBL_COHERENT : 0) | (device ? PGTBL_MMIO : 0) |
		 (xn ? PGTBL_NOEXEC : 0);
	if (s2)
		e.prot |= (ap & 1 ? PGTBL_READ : 0) | (ap & 2 ? PGTBL_WRITE : 0);
	else
		e.prot |= PGTBL_READ | (ap & 2 ? 0 : PGTBL_WRITE) | (ap & 1 ? 0 : PGTBL_PRIV);
	e.kind = LEAF;
	return e;
}

/* RISC-V: V 0, R 1, W 2, X 3, U 4, G 5, A 6, D 7, RSW 9:8, PPN 53:10, PBMT 62:61, N 63. */
static struct hw_entry decode_riscv(const struct hw_walker *hw, uint64_t w, unsigned level,
				    struct hw_entry e)
{
	unsigned rwx = FIELD(w, 3, 1), pbmt = FIELD(w, 62, 61);

	e.phys = FIELD(w, 53, 10) << 12;
	e.kind = RESERVED;
	if (!(w & 1)) {
		e.kind = NOTHING;
	} else if (!rwx) {
		e.kind = level > 1 && !(w & (BITS(7, 4) | BITS(63, 54))) ? TABLE : RESERVED;
	} else if ((rwx & 3) != 2 && !(w & BITS(60, 54)) && pbmt < 3 && (!pbmt || hw->svpbmt) &&
		   (hw->ad || ((w & BIT(6)) && (!(rwx & 2) || (w & BIT(7)))))) {
		if (w & BIT(63)) {
			if (level != 1 || FIELD(w, 13, 10) != 8)
				return e;
			e.lg2 = 16;
			e.phys &= ~BITS(15, 12);
		}
		e.prot = (rwx & 1 ? PGTBL_READ : 0) | (rwx & 2 ? PGTBL_WRITE : 0) |
			 (rwx & 4 ? 0 : PGTBL_NOEXEC) | (w & BIT(4) ? 0 : PGTBL_PRIV) |
			 (pbmt == 2 ? PGTBL_MMIO : 0);
		e.kind = LEAF;
	}
	return e;
}

/* TCE: read 0, write 1, nothing else below the address. */
static struct hw_entry decode_tce(uint64_t w, unsigned level, struct hw_entry e)
{
	e.phys = w & BITS(59, 12);
	e.prot = (w & 1 ? PGTBL_READ : 0) | (w & 2 ? PGTBL_WRITE : 0);
	if (!(w & 3))
		e.kind = NOTHING;
	else if (w & (BITS(63, 60) | (level == 1 ? BITS(11, 2) : BITS(11, 3))))
		e.kind = RESERVED;
	else
		e.kind = level > 1 ? TABLE : LEAF;
	return e;
}

struct hw_entry hw_decode(const struct hw_walker *hw, uint64_t w, unsigned level, unsigned shift)
{
	struct hw_entry e = { .kind = RESERVED, .lg2 = shift };

	switch (hw->format) {
	case HW_VTDSS:
		e = decode_ss(hw, w, level, e);
		break;
	case HW_X86_64:
		e = decode_x86(hw, w, level, e);
		break;
	case HW_AMDV1:
		e = decode_amd(w, level, e);
		break;
	case HW_ARM_S1:
	case HW_ARM_S2:
		e = decode_arm(hw, w, level, e);
		break;
	case HW_RISCV:
		e = decode_riscv(hw, w, level, e);
		break;
	case HW_TCE:
		e = decode_tce(w, level, e);
		break;
	}
	e.accessed = w & hw_accessed(hw->format);
	e.dirty = w & hw_dirty(hw->format);
	/* Leaves are aligned to their size or that of their part, and inside what the bus has. */
	if (e.kind == LEAF &&
	    ((e.phys & ((e.step ? e.step : BIT(e.lg2)) - 1)) || e.phys >> hw->oa_bits))
		e.kind = RESERVED;
	return e;
}
