# kernel-shim/plat_impl.h
# SPDX-License-Identifier: GPL-2.0-only OR MIT
# An interrupt between the test of the control word and the store to the other.
/plat_word_collect(/,/^}/{
	s/local_irq_save(flags);/flags = 0;/
	s/local_irq_restore(flags);/(void)flags;/
}
