# kernel-shim/plat_impl.h
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# An interrupt between the load and the store of an allocation.
/plat_word_take(/,/^}/{
	s/local_irq_save(flags);/flags = 0;/
	s/local_irq_restore(flags);/(void)flags;/
}
