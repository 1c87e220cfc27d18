/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * pgtbl-dump - builds a page table from a text of mappings (script.h) and shows it: as
 * text, JSON or a picture, or as the very bytes that hardware would read.
 *
 * Tables live at physical addresses from 4 GiB on, the same in every run.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "pgtbl_dump.h"
#include "pgtbl_grow.h"
#include "script.h"

#define POOL_PHYS (1ull << 32)
#define POOL_BYTES (1ull << 30)

static const char usage[] =
	"usage: pgtbl-dump [OPTION]... [FILE]\n"
	"Builds a page table from FILE, or standard input, and writes what it looks like.\n\n"
	"  -f, --format=NAME    vtdss (default), x86_64, amdv1, arm_s1, arm_s2, riscv, tce\n"
	"  -l, --levels=N       default: 4\n"
	"      --start-levels=N begin with these, and grow up to --levels\n"
	"      --page-lg2=N     lg2 of the smallest page, where the format lets choose\n"
	"      --table-lg2=N    lg2 of the bytes of a table, likewise\n"
	"      --oa-bits=N      width of physical addresses; default: 46\n"
	"      --iova-bits=N    width of input addresses; default: all\n"
	"      --unlink         unmap takes whole tables away\n"
	"      --split, --widen what unmap does inside a larger leaf; default: refuse\n"
	"  -t, --text           what is mapped, a line for each run of pages (default)\n"
	"  -j, --json           the same as JSON\n"
	"  -s, --svg            a picture of the tables\n"
	"  -i, --image          every table, word for word; format: pgtbl_dump.h\n"
	"  -c, --compare=FILE2  where the tables of FILE and FILE2 differ; status 1 if they do\n"
	"  -o, --output=FILE    instead of standard output\n"
	"      --help, --version\n\n"
	"Lines of FILE: map IOVA PHYS SIZE [rwcnmp]; replace IOVA PHYS SIZE [rwcnmp];\n"
	"unmap IOVA SIZE; demote IOVA SIZE PAGE; promote IOVA SIZE; reserve IOVA SIZE PAGE;\n"
	"reclaim; # comment; or lines of a Linux trace of iommu:map and iommu:unmap.\n";

/* Table pages: one region, so that physical addresses repeat from run to run. */
static uint8_t *pool;
static size_t pool_used;
static void *pool_free_list[64]; /* by lg2 of the size */

static void *pool_alloc(void *ctx, size_t size, size_t align)
{
	void **list = &pool_free_list[__builtin_ctzll(size)], *page = *list;
	size_t at = (pool_used + align - 1) & ~(align - 1);

	(void)ctx;
	if (page) {
		memcpy(list, page, sizeof(*list));
		memset(page, 0, sizeof(*list));
		return page;
	}
	if (size > POOL_BYTES || at > POOL_BYTES - size)
		return NULL;
	pool_used = at + size;
	return pool + at;
}

static void pool_release(void *ctx, void *page, size_t size, size_t align)
{
	void **list = &pool_free_list[__builtin_ctzll(size)];

	(void)ctx, (void)align;
	memcpy(page, list, sizeof(*list));
	*list = page;
}

static const struct plat_mem_ops pool_ops = { .alloc = pool_alloc, .free = pool_release };

static const struct {
	const char *name;
	const struct pgtbl_ops *ops;
} formats[] = {
	{ "vtdss", &pgtbl_vtdss_ops },	 { "x86_64", &pgtbl_x86_64_ops },
	{ "amdv1", &pgtbl_amdv1_ops },	 { "arm_s1", &pgtbl_arm_s1_ops },
	{ "arm_s2", &pgtbl_arm_s2_ops }, { "riscv", &pgtbl_riscv_ops },
	{ "tce", &pgtbl_tce_ops },
};

static bool set_format(struct pgtbl_config *config, const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (!strcmp(name, formats[i].name))
			config->ops = formats[i].ops;
	return config->ops;
}

enum show { TEXT, JSON, SVG, IMAGE, COMPARE };

struct options {
	struct pgtbl_config config;
	struct pgtbl_growth growth;
	enum show show;
	const char *other;
	const char *output;
};

enum { START_LEVELS = 256, PAGE_LG2, TABLE_LG2, OA_BITS, IOVA_BITS, UNLINK, SPLIT, WIDEN, HELP, VERSION };

static const struct option longs[] = {
	{ "format", 1, NULL, 'f' },	    { "levels", 1, NULL, 'l' },
	{ "start-levels", 1, NULL, START_LEVELS },
	{ "page-lg2", 1, NULL, PAGE_LG2 },  { "table-lg2", 1, NULL, TABLE_LG2 },
	{ "oa-bits", 1, NULL, OA_BITS },    { "iova-bits", 1, NULL, IOVA_BITS },
	{ "unlink", 0, NULL, UNLINK },	    { "split", 0, NULL, SPLIT },
	{ "widen", 0, NULL, WIDEN },	    { "text", 0, NULL, 't' },
	{ "json", 0, NULL, 'j' },	    { "svg", 0, NULL, 's' },
	{ "image", 0, NULL, 'i' },	    { "compare", 1, NULL, 'c' },
	{ "output", 1, NULL, 'o' },	    { "help", 0, NULL, HELP },
	{ "version", 0, NULL, VERSION },    { NULL, 0, NULL, 0 },
};

/* There is no hardware to tell. */
static int grown(void *ctx, uint64_t root_phys, unsigned levels)
{
	(void)ctx, (void)root_phys, (void)levels;
	return 0;
}

/* One option; false: it is wrong. */
static bool option(struct options *o, int c)
{
	struct pgtbl_config *config = &o->config;
	unsigned value = optarg ? (unsigned)strtoul(optarg, NULL, 0) : 0;

	switch (c) {
	case 'f':
		config->ops = NULL;
		return set_format(config, optarg);
	case 'l':
		config->levels = value;
		return true;
	case START_LEVELS:
		o->growth.start_levels = value;
		config->growth = &o->growth;
		return true;
	case PAGE_LG2:
		config->page_lg2 = value;
		return true;
	case TABLE_LG2:
		config->table_lg2 = value;
		return true;
	case OA_BITS:
		config->oa_bits = value;
		return true;
	case IOVA_BITS:
		config->iova_bits = value;
		return true;
	case UNLINK:
		config->flags |= PGTBL_UNLINK;
		return true;
	case SPLIT:
		config->flags |= PGTBL_SPLIT;
		return true;
	case WIDEN:
		config->flags |= PGTBL_WIDEN;
		return true;
	case 't':
	case 'j':
	case 's':
	case 'i':
		o->show = c == 't' ? TEXT : c == 'j' ? JSON : c == 's' ? SVG : IMAGE;
		return true;
	case 'c':
		o->show = COMPARE;
		o->other = optarg;
		return true;
	case 'o':
		o->output = optarg;
		return true;
	default:
		return false;
	}
}

static struct pgtbl *build(const struct options *o, const char *name)
{
	bool standard = !strcmp(name, "-");
	FILE *in = standard ? stdin : fopen(name, "r");
	struct pgtbl *pt;
	int err = in ? pgtbl_create(&pt, &o->config) : -errno;

	if (err) {
		fprintf(stderr, "pgtbl-dump: %s: %s\n", in ? "this table" : name, strerror(-err));
		if (in && !standard)
			fclose(in);
		return NULL;
	}
	err = script_run(pt, in, standard ? "standard input" : name);
	if (!standard)
		fclose(in);
	if (!err)
		return pt;
	pgtbl_destroy(pt);
	return NULL;
}

static int print(void *ctx, const char *text, size_t len)
{
	return fwrite(text, 1, len, ctx) == len ? 0 : -EIO;
}

static int write_bytes(void *ctx, const void *bytes, size_t len)
{
	return fwrite(bytes, 1, len, ctx) == len ? 0 : -EIO;
}

struct differences {
	FILE *out;
	unsigned long n;
};

static int print_difference(void *ctx, const struct pgtbl_difference *d)
{
	struct differences *all = ctx;

	all->n++;
	fprintf(all->out, "0x%016llx-0x%016llx", (unsigned long long)d->first,
		(unsigned long long)d->last);
	for (unsigned k = 0; k < 2; k++) {
		fputs(k ? " | " : " ", all->out);
		if (!d->prot[k]) {
			fputs("nothing", all->out);
			continue;
		}
		fprintf(all->out, "0x%016llx ", (unsigned long long)d->phys[k]);
		for (unsigned bit = 0; bit < 6; bit++)
			if (d->prot[k] >> bit & 1)
				fputc("rwcnmp"[bit], all->out);
	}
	fputc('\n', all->out);
	return 0;
}

/* The exit status. */
static int compare(const struct options *o, struct pgtbl *pt, FILE *out)
{
	struct pgtbl *other = build(o, o->other);
	struct differences all = { .out = out };
	int err;

	if (!other)
		return 2;
	err = pgtbl_compare(pt, other, 0, pgtbl_iova_last(pt), print_difference, &all);
	pgtbl_destroy(other);
	if (err)
		fprintf(stderr, "pgtbl-dump: %s\n", strerror(-err));
	return err ? 2 : all.n ? 1 : 0;
}

static int show(const struct options *o, struct pgtbl *pt, FILE *out)
{
	static const enum pgtbl_dump_format format[] = { PGTBL_DUMP_TEXT, PGTBL_DUMP_JSON,
							 PGTBL_DUMP_SVG };
	int err;

	if (o->show == COMPARE)
		return compare(o, pt, out);
	if (o->show == IMAGE)
		err = pgtbl_image(pt, write_bytes, out);
	else
		err = pgtbl_dump(pt, 0, pgtbl_iova_last(pt), format[o->show], print, out);
	if (err)
		fprintf(stderr, "pgtbl-dump: %s\n", strerror(-err));
	return err ? 2 : 0;
}

static int run(struct options *o, const char *name)
{
	FILE *out = o->output ? fopen(o->output, "w") : stdout;
	struct pgtbl *pt;
	int status;

	if (!out) {
		fprintf(stderr, "pgtbl-dump: %s: %s\n", o->output, strerror(errno));
		return 2;
	}
	pool = mmap(NULL, POOL_BYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pool == MAP_FAILED) {
		fprintf(stderr, "pgtbl-dump: no memory\n");
		return 2;
	}
	o->config.pages.ops = &pool_ops;
	o->config.phys_offset = POOL_PHYS - (uint64_t)(uintptr_t)pool;
	pt = build(o, name);
	status = pt ? show(o, pt, out) : 2;
	pgtbl_destroy(pt);
	if (fflush(out) || ferror(out)) {
		fprintf(stderr, "pgtbl-dump: output: %s\n", strerror(errno));
		status = 2;
	}
	return status;
}

int main(int argc, char **argv)
{
	struct options o = {
		.config = { .ops = &pgtbl_vtdss_ops, .levels = 4, .oa_bits = 46 },
		.growth = { .grown = grown },
	};

	for (int c; (c = getopt_long(argc, argv, "f:l:tjsic:o:", longs, NULL)) != -1;) {
		if (c == HELP || c == VERSION) {
			fputs(c == HELP ? usage : "pgtbl-dump " PACKAGE_VERSION "\n", stdout);
			return 0;
		}
		if (!option(&o, c)) {
			fputs(usage, stderr);
			return 2;
		}
	}
	if (argc - optind > 1) {
		fputs(usage, stderr);
		return 2;
	}
	return run(&o, argc > optind ? argv[optind] : "-");
}
