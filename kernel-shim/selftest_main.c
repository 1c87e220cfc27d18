// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * selftest_main.c - iova_selftest.ko: the libraries under hard interrupts.
 *
 * Loading it runs the tests; it needs no IOMMU.  A result a line,
 * "selftest: ok N - name" or "selftest: not ok N - name", and at the end
 * "selftest: N passed, N failed".  Loading succeeds if none failed.
 */
#include "selftest.h"

#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/string.h>

unsigned int st_seconds = 2;
module_param_named(seconds, st_seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "how long each of the tests with interrupts runs (default 2)");
u64 st_seed;
module_param_named(seed, st_seed, ullong, 0444);
MODULE_PARM_DESC(seed, "of the random numbers (default: a new one, printed)");

static char *tests = "words,iova,pgtbl,dmap";
module_param(tests, charp, 0444);
MODULE_PARM_DESC(tests, "which ones, from words,iova,pgtbl,dmap (default: all of them)");

static unsigned int passed, failed;

static void result(bool ok, const char *what, const char *suffix)
{
	if (ok)
		passed++;
	else
		failed++;
	pr_info("%sok %u - %s%s\n", ok ? "" : "not ", passed + failed, what, suffix);
}

bool st_ok(bool ok, const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	result(ok, text, "");
	return ok;
}

void st_skip(const char *what, const char *why)
{
	char suffix[80];

	snprintf(suffix, sizeof(suffix), " # SKIP %s", why);
	result(true, what, suffix);
}

u64 st_random(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void run(const char *name, void (*fn)(void))
{
	if (strstr(tests, name))
		fn();
}

static int __init iova_selftest_init(void)
{
	if (!st_seed)
		get_random_bytes(&st_seed, sizeof(st_seed));
	pr_info("seed=%llu seconds=%u\n", st_seed, st_seconds);
	run("words", st_words);
	run("iova", st_iova);
	run("pgtbl", st_pgtbl);
	run("dmap", st_dmap);
	pr_info("%u passed, %u failed\n", passed, failed);
	return failed || !passed ? -EINVAL : 0;
}
module_init(iova_selftest_init);

static void __exit iova_selftest_exit(void)
{
}
module_exit(iova_selftest_exit);

MODULE_DESCRIPTION("Self-test of iova_core under hard interrupts");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_IMPORT_NS(LIBIOVA);
