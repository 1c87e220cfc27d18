/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * ivtd.h - what the files of iova_vtd.ko share.
 *
 * vtd_main.c       parameters, load, unload
 * vtd_acpi.c       the DMAR table: which unit and which reserved memory a device has
 * vtd_hw.c         registers and memory for libvtd; what all units can do
 * vtd_irq.c        the fault interrupt
 * vtd_source.c     source ids of devices and what they are attached to
 * vtd_domain.c     IOMMU domains: life, attach, map and unmap
 * vtd_space.c      the DMA space of a domain: addresses, reservations, lazy timer
 * vtd_firmware.c   memory that firmware uses through devices
 * vtd_inval.c      the way from domains to the invalidation queues
 * vtd_iommu_ops.c  the IOMMU core's view of devices
 * vtd_dma_ops.c    the DMA API: pages and resources
 * vtd_dma_sg.c     the DMA API: scatter lists
 * vtd_dma_alloc.c  the DMA API: buffers
 * vtd_debugfs.c    statistics
 *
 * Locks.  None is taken to map or unmap.  ivtd_lock (a mutex) covers the lists,
 * the source table and everything that attaches; it nests inside the IOMMU
 * core's group mutex.
 */
#ifndef IVTD_H
#define IVTD_H

#define pr_fmt(fmt) "iova_vtd: " fmt

#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/percpu.h>
#include <linux/timer.h>
#include <linux/xarray.h>

#include "dmap.h"
#include "iova.h"
#include "pgtbl.h"
#include "vtd.h"

struct ivtd_domain;

/**
 * struct ivtd_unit - a remapping unit
 * @unit:    libvtd's side of it
 * @index:   position in ivtd.unit[]
 * @segment: PCI segment of its devices
 * @base, @regs, @bytes: its registers
 * @virq:    of the fault interrupt; 0: none
 * @sources: source id -> struct ivtd_source; ivtd_lock, RCU for readers
 * @faults:  records read
 * @fault_timer: runs while the interrupt rests
 */
struct ivtd_unit {
	struct iommu_device iommu;
	struct vtd_unit *unit;
	unsigned int index;
	u16 segment;
	u64 base;
	u64 bytes;
	void __iomem *regs;
	int virq;
	bool listed;
	bool registered;
	struct xarray sources;
	atomic64_t faults;
	struct timer_list fault_timer;
};

/**
 * struct ivtd_source - a source id that some device uses
 * @users:  devices that have it: the device itself, or all behind a bridge
 * @domain: what it is attached to; NULL: blocked
 */
struct ivtd_source {
	unsigned int users;
	struct ivtd_domain *domain;
	atomic64_t faults;
	struct rcu_head rcu;
};

/* Counted on the calling CPU. */
struct ivtd_counters {
	u64 maps;
	u64 unmaps;
	u64 map_errors;
	u64 unmap_errors;
};

/**
 * struct ivtd_domain - page tables, and for the DMA API the addresses in them
 * @pt:       NULL: identity or blocked
 * @space:    addresses for the DMA API; NULL: not a DMA domain, or never attached
 * @home:     the one unit that @space's invalidations go to
 * @host:     the bridge whose windows @iova leaves out; the last one, if there are several
 * @tag:      per unit, libvtd's domain id; 0: not attached there.  Read without a lock.
 * @lazy:     unmaps may wait for a flush
 * @quiet:    the timer (@lazy only) stops or has stopped: who queues something starts it
 * @snoop:    mappings ask for coherent access whatever the device says
 * @mapped:   something was mapped through the IOMMU core
 * @stands_in: holds firmware's memory until the IOMMU core attaches the device
 * @poisoned: the hardware may still use the tables: never free them
 */
struct ivtd_domain {
	struct iommu_domain domain;
	struct pgtbl *pt;
	struct iova_space *iova;
	struct dmap_space *space;
	struct ivtd_unit *home;
	struct pci_host_bridge *host;
	struct ivtd_counters __percpu *count;
	bool lazy;
	bool quiet;
	bool snoop;
	bool mapped;
	bool stands_in;
	bool poisoned;
	struct timer_list timer;
	atomic64_t faults;
	struct list_head node;
	u16 tag[];
};

/**
 * struct ivtd_device - a PCI device; dev_iommu_priv_get() of it
 * @space, @count: of the attached DMA domain; else NULL.  First: map and unmap use them.
 * @prot:       enum pgtbl_prot for each enum dma_data_direction
 * @flush_maps: the unit wants to hear of new mappings
 * @sources:    the source ids of @pdev, @nr of them, the device's own first
 */
struct ivtd_device {
	struct dmap_space *space;
	struct ivtd_counters __percpu *count;
	struct ivtd_domain *domain;
	u8 prot[4];
	bool flush_maps;
	struct ivtd_unit *unit;
	struct pci_dev *pdev;
	struct list_head node;
	unsigned int nr;
	u16 source[];
};

/**
 * struct ivtd_driver - what there is once
 * @unit, @nr:   the units
 * @levels...:   what all of them can do: any domain may be attached to any
 * @domains, @devices: ivtd_lock
 * @lost_iova:   ranges that were still mapped when their domain was freed
 */
struct ivtd_driver {
	struct ivtd_unit *unit;
	unsigned int nr;
	unsigned int levels;
	u64 page_sizes;
	u64 iova_last;
	bool coherent;
	bool pass_through;
	bool snoop_control;
	bool flush_maps;
	bool zero_length_read;
	bool lazy;
	bool trim;
	u64 age_ns;
	struct list_head domains;
	struct list_head devices;
	u64 lost_iova;
};
extern struct ivtd_driver ivtd;
extern struct mutex ivtd_lock;

static inline struct ivtd_domain *to_ivtd(struct iommu_domain *domain)
{
	return container_of(domain, struct ivtd_domain, domain);
}

#define ivtd_count(counters, field) this_cpu_inc((counters)->field)

/* vtd_acpi.c */
int ivtd_dmar_open(void);
void ivtd_dmar_close(void);
int ivtd_dmar_units(struct ivtd_unit **unit, unsigned int *nr);
struct ivtd_unit *ivtd_dmar_unit_of(struct pci_dev *pdev);
int ivtd_dmar_rmrrs(struct pci_dev *pdev, int (*fn)(void *ctx, u64 first, u64 last), void *ctx);

/* vtd_hw.c */
extern const struct plat_mem ivtd_pages;
extern const struct plat_mem ivtd_meta;
s64 ivtd_pages_live(void);
s64 ivtd_meta_live(void);
u64 ivtd_now_ns(void *unused);
void ivtd_flush_lines(void *unused, const void *first, size_t bytes);
u64 ivtd_phys_offset(void);
int ivtd_unit_start(struct ivtd_unit *u);
int ivtd_unit_stop(struct ivtd_unit *u);
int ivtd_common(void);

/* vtd_irq.c */
int ivtd_irq_setup(void);
void ivtd_irq_teardown(void);

/* vtd_source.c */
struct ivtd_device *ivtd_device_create(struct pci_dev *pdev, struct ivtd_unit *u);
void ivtd_device_destroy(struct ivtd_device *vd);
int ivtd_device_attach(struct ivtd_device *vd, struct ivtd_domain *domain);
void ivtd_device_leave(struct ivtd_device *vd);

/* vtd_domain.c */
struct iommu_domain *ivtd_domain_alloc(unsigned int type);
extern const struct iommu_domain_ops ivtd_domain_ops;

/* vtd_space.c */
int ivtd_space_prepare(struct ivtd_domain *d, struct ivtd_device *vd);
void ivtd_space_destroy(struct ivtd_domain *d);
void ivtd_space_wake(struct ivtd_domain *d);
void ivtd_housekeeping_start(void);
void ivtd_housekeeping_stop(void);

/* vtd_firmware.c */
bool ivtd_rmrr_relaxable(struct pci_dev *pdev);
int ivtd_rmrr_map(struct pgtbl *pt, u64 first, u64 last);
int ivtd_firmware_keep(void);
void ivtd_firmware_release(void);

/* vtd_inval.c */
extern const struct dmap_inval_ops ivtd_inval_ops;
int ivtd_domain_flush(struct ivtd_domain *d, const struct vtd_inval_cmd *cmd);
int ivtd_domain_map_flush(struct ivtd_domain *d, u64 first, u64 last);

/* vtd_iommu_ops.c */
extern struct iommu_ops ivtd_iommu_ops;

/* vtd_dma_ops.c, vtd_dma_sg.c, vtd_dma_alloc.c */
extern const struct dma_map_ops ivtd_dma_ops;
dma_addr_t ivtd_map(struct device *dev, phys_addr_t phys, size_t size,
		    enum dma_data_direction dir, unsigned int prot, u64 limit);
void ivtd_unmap(struct device *dev, dma_addr_t addr, size_t size);
void ivtd_unmap_failed(struct device *dev, dma_addr_t addr, size_t size, int err);
int ivtd_map_sg(struct device *dev, struct scatterlist *sg, int nents,
		enum dma_data_direction dir, unsigned long attrs);
void ivtd_unmap_sg(struct device *dev, struct scatterlist *sg, int nents,
		   enum dma_data_direction dir, unsigned long attrs);
u64 ivtd_map_segments(struct ivtd_device *vd, const struct pgtbl_segment *seg, unsigned int nr,
		      unsigned int prot, u64 limit, u64 bytes);
void *ivtd_alloc(struct device *dev, size_t size, dma_addr_t *handle, gfp_t gfp,
		 unsigned long attrs);
void ivtd_free(struct device *dev, size_t size, void *cpu_addr, dma_addr_t handle,
	       unsigned long attrs);
struct page *ivtd_alloc_pages(struct device *dev, size_t size, dma_addr_t *handle,
			      enum dma_data_direction dir, gfp_t gfp);
void ivtd_free_pages(struct device *dev, size_t size, struct page *page, dma_addr_t handle,
		     enum dma_data_direction dir);
int ivtd_mmap(struct device *dev, struct vm_area_struct *vma, void *cpu_addr, dma_addr_t handle,
	      size_t size, unsigned long attrs);
int ivtd_get_sgtable(struct device *dev, struct sg_table *sgt, void *cpu_addr,
		     dma_addr_t handle, size_t size, unsigned long attrs);

/* vtd_debugfs.c */
void ivtd_debugfs_create(void);
void ivtd_debugfs_remove(void);

#endif
