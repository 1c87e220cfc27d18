/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * vtd_reg.h - registers, descriptors and table entries of VT-d: bits only.
 *
 * The names are this project's own.  Offsets and fields are those on which
 * Linux (drivers/iommu/intel) and QEMU (hw/i386/intel_iommu_internal.h) agree.
 * A field that only one of them defines, and a behaviour taken from their
 * comments, carries a '?': compare it with Intel's "Virtualization Technology
 * for Directed I/O" before trusting it on silicon.
 */
#ifndef VTD_REG_H
#define VTD_REG_H

#define VTD_BIT(n) (1ull << (n))
#define VTD_BIT32(n) (1u << (n))

/* Registers: byte offsets from the unit's base. */
#define VTD_VER 0x00 /* 32: major 7:4, minor 3:0 */
#define VTD_CAP 0x08 /* 64 */
#define VTD_ECAP 0x10 /* 64 */
#define VTD_GCMD 0x18 /* 32, write */
#define VTD_GSTS 0x1c /* 32 */
#define VTD_RTADDR 0x20 /* 64 */
#define VTD_FSTS 0x34 /* 32 */
#define VTD_FECTL 0x38 /* 32 */
#define VTD_FEDATA 0x3c /* 32 */
#define VTD_FEADDR 0x40 /* 32 */
#define VTD_FEUADDR 0x44 /* 32 */
#define VTD_IQH 0x80 /* 64 */
#define VTD_IQT 0x88 /* 64 */
#define VTD_IQA 0x90 /* 64 */
#define VTD_REG_MIN_BYTES 0x98 /* everything above lies in it */

/*
 * GCMD and GSTS share bit numbers.  GCMD cannot be read back: software keeps
 * the sticky bits, and changes one bit per write.
 */
#define VTD_GCMD_TE VTD_BIT32(31)   /* translation */
#define VTD_GCMD_SRTP VTD_BIT32(30) /* set root table pointer: one shot */
#define VTD_GCMD_EAFL VTD_BIT32(28) /* advanced fault logging */
#define VTD_GCMD_WBF VTD_BIT32(27)  /* write buffer flush: one shot */
#define VTD_GCMD_QIE VTD_BIT32(26)  /* queued invalidation */
#define VTD_GCMD_IRE VTD_BIT32(25)  /* interrupt remapping */
#define VTD_GCMD_CFI VTD_BIT32(23)  /* compatibility format interrupts */
#define VTD_GCMD_STICKY \
	(VTD_GCMD_TE | VTD_GCMD_EAFL | VTD_GCMD_QIE | VTD_GCMD_IRE | VTD_GCMD_CFI)

/* CAP */
#define VTD_CAP_ND(cap) ((unsigned)((cap) & 7)) /* 2^(4 + 2 ND) domain ids */
#define VTD_CAP_RWBF VTD_BIT(4)
#define VTD_CAP_CM VTD_BIT(7)
#define VTD_CAP_SAGAW(cap) ((unsigned)((cap) >> 8) & 0x1f) /* bit n: n + 2 levels */
#define VTD_CAP_MGAW(cap) ((unsigned)((cap) >> 16) & 0x3f) /* bits - 1 */
#define VTD_CAP_ZLR VTD_BIT(22)
#define VTD_CAP_FRO(cap) ((unsigned)((cap) >> 24) & 0x3ff) /* in 16 bytes */
#define VTD_CAP_SLLPS(cap) ((unsigned)((cap) >> 34) & 0xf) /* bit 0: 2 MiB, bit 1: 1 GiB */
#define VTD_CAP_PSI VTD_BIT(39)
#define VTD_CAP_NFR(cap) ((unsigned)((cap) >> 40) & 0xff) /* records - 1 */
#define VTD_CAP_MAMV(cap) ((unsigned)((cap) >> 48) & 0x3f)
#define VTD_CAP_DWD VTD_BIT(54)
#define VTD_CAP_DRD VTD_BIT(55)
#define VTD_CAP_FL1GP VTD_BIT(56)
#define VTD_CAP_ESRTPS VTD_BIT(63) /* ? Linux only: SRTP also empties the caches */

/* ECAP */
#define VTD_ECAP_C VTD_BIT(0) /* table walks snoop the CPU caches */
#define VTD_ECAP_QI VTD_BIT(1)
#define VTD_ECAP_DT VTD_BIT(2)
#define VTD_ECAP_IR VTD_BIT(3)
#define VTD_ECAP_EIM VTD_BIT(4)
#define VTD_ECAP_PT VTD_BIT(6)
#define VTD_ECAP_SC VTD_BIT(7)
#define VTD_ECAP_IRO(ecap) ((unsigned)((ecap) >> 8) & 0x3ff) /* in 16 bytes */
#define VTD_ECAP_PASID VTD_BIT(40)
#define VTD_ECAP_SMTS VTD_BIT(43)
#define VTD_ECAP_SSTS VTD_BIT(46)
#define VTD_ECAP_FSTS VTD_BIT(47)

/* FSTS: the error bits are cleared by writing 1 */
#define VTD_FSTS_PFO VTD_BIT32(0) /* a fault was lost */
#define VTD_FSTS_PPF VTD_BIT32(1) /* a fault record is pending; follows the records' F bits */
#define VTD_FSTS_IQE VTD_BIT32(4) /* bad descriptor at the queue head */
#define VTD_FSTS_ICE VTD_BIT32(5) /* bad device-TLB completion */
#define VTD_FSTS_ITE VTD_BIT32(6) /* a device did not answer */
#define VTD_FSTS_QUEUE (VTD_FSTS_IQE | VTD_FSTS_ICE | VTD_FSTS_ITE)
#define VTD_FSTS_FRI(fsts) (((fsts) >> 8) & 0xff)

#define VTD_FECTL_IM VTD_BIT32(31)

/* Fault record: 16 bytes; low quadword: page address */
#define VTD_FRR_BYTES 16u
#define VTD_FRR_HI_SID(hi) ((uint16_t)(hi))
#define VTD_FRR_HI_PASID_PRESENT VTD_BIT(31)
#define VTD_FRR_HI_REASON(hi) ((uint8_t)((hi) >> 32))
#define VTD_FRR_HI_PASID(hi) ((uint32_t)((hi) >> 40) & 0xfffff)
#define VTD_FRR_HI_READ VTD_BIT(62)
#define VTD_FRR_HI_F VTD_BIT(63)
#define VTD_FRR_F32 12u /* byte offset of the doubleword with F */
#define VTD_FRR_F32_F VTD_BIT32(31)

/*
 * Queued invalidation, 128-bit descriptors.  One page holds 256; the head and
 * tail registers hold index << 4, and one slot stays empty.
 */
#define VTD_QUEUE_ENTRIES 256u
#define VTD_QUEUE_INDEX_SHIFT 4

#define VTD_DESC_TYPE(lo) ((unsigned)(lo) & 0xf)
#define VTD_DESC_CONTEXT 1u
#define VTD_DESC_IOTLB 2u
#define VTD_DESC_WAIT 5u
#define VTD_DESC_GLOBAL (1ull << 4) /* granularity of context and IOTLB descriptors */
#define VTD_DESC_DOMAIN (2ull << 4)
#define VTD_DESC_SELECTIVE (3ull << 4) /* one source id, or pages */
#define VTD_DESC_DID(did) ((uint64_t)(did) << 16)
#define VTD_DESC_SID(sid) ((uint64_t)(sid) << 32)
#define VTD_DESC_IOTLB_DW VTD_BIT(6)
#define VTD_DESC_IOTLB_DR VTD_BIT(7)
#define VTD_DESC_HI_IH VTD_BIT(6)
#define VTD_DESC_HI_AM_MAX 0x3fu
#define VTD_DESC_WAIT_SW VTD_BIT(5)
#define VTD_DESC_WAIT_FN VTD_BIT(6)
#define VTD_DESC_WAIT_DATA(data) ((uint64_t)(uint32_t)(data) << 32)

/* Root entry, low quadword; the high one is zero in legacy mode. */
#define VTD_ROOT_P VTD_BIT(0)
/* Context entry, legacy mode */
#define VTD_CTX_LO_P VTD_BIT(0)
#define VTD_CTX_LO_TT(tt) ((uint64_t)(tt) << 2)
#define VTD_CTX_TT_TRANSLATE 0u
#define VTD_CTX_TT_PASS 2u
#define VTD_CTX_HI_AW(levels) ((uint64_t)((levels) - 2)) /* 1: 3 levels, 39 bits */
#define VTD_CTX_HI_DID(did) ((uint64_t)(did) << 8)
#define VTD_CTX_HI_SOFT VTD_BIT(3) /* first of 6:3, which hardware leaves to software */

#define VTD_ADDR_MASK 0x000ffffffffff000ull /* 51:12 */
#define VTD_PAGE_LG2 12
#define VTD_PAGE_BYTES 4096u

#endif
