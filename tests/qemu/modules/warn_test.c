// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* warn_test - what a broken driver does; the runner must not miss it */
#include <linux/delay.h>
#include <linux/module.h>

static char *how = "warn";
module_param(how, charp, 0444);
MODULE_PARM_DESC(how, "warn, oops or stall");

static int __init warn_test_init(void)
{
	if (!strcmp(how, "warn")) {
		WARN_ON(1);
	} else if (!strcmp(how, "oops")) {
		WRITE_ONCE(*(int *)8, 1);
	} else if (!strcmp(how, "stall")) {
		/* Longer than rcupdate.rcu_cpu_stall_timeout, which the scenario lowers. */
		rcu_read_lock();
		mdelay(8000);
		rcu_read_unlock();
	} else {
		return -EINVAL;
	}
	return 0;
}
module_init(warn_test_init);

static void __exit warn_test_exit(void)
{
}
module_exit(warn_test_exit);

MODULE_DESCRIPTION("a module that warns, oopses or stalls");
MODULE_LICENSE("Dual MIT/GPL");
