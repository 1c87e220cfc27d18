/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_pgtbl.c - life of a table: configurations, bad arguments, no memory, visit, dump. */
#include "pgtbl_unit.h"
#include "pgtbl_dump.h"

#include <string.h>

static int try_config(const struct pgtbl_config *config)
{
	struct pgtbl *none = NULL;
	int err = pgtbl_create(&none, config);

	if (!err)
		pgtbl_destroy(none);
	else
		cr_expect_null(none);
	return err;
}

Test(pgtbl, configurations)
{
	struct pgtbl_config good, c;

	cr_assert(pool_init(&pool, 16));
	good = unit_config(&pgtbl_vtdss_ops, 4);
#define REFUSED(change)                                               \
	do {                                                          \
		c = good;                                             \
		change;                                               \
		cr_expect_eq(try_config(&c), -EINVAL, "%s", #change); \
	} while (0)
	cr_expect_eq(try_config(&good), 0);
	cr_expect_eq(try_config(NULL), -EINVAL);
	cr_expect_eq(pgtbl_create(NULL, &good), -EINVAL);
	REFUSED(c.ops = NULL);
	REFUSED(c.levels = 2);
	REFUSED(c.levels = 6);
	REFUSED(c.ops = &pgtbl_x86_64_ops; c.levels = 3);
	REFUSED(c.oa_bits = 0);
	REFUSED(c.oa_bits = 12);
	REFUSED(c.oa_bits = 53);
	REFUSED(c.iova_bits = 49);
	REFUSED(c.iova_bits = 29);
	REFUSED(c.page_sizes = M2);
	REFUSED(c.page_sizes = K4 | 1ull << 16);
	REFUSED(c.flags = 1u << 31);
	REFUSED(c.phys_offset = 1);
	c = good;
	c.iova_bits = 39;
	c.page_sizes = K4 | G1;
	cr_expect_eq(try_config(&c), 0);
	cr_expect_eq(pool.live, 0);
	pool_fini(&pool);
}

Test(pgtbl, create_without_memory)
{
	static struct pgtbl_pool meta; /* only to fail */
	struct pgtbl_config c;

	cr_assert(pool_init(&pool, 16));
	c = unit_config(&pgtbl_vtdss_ops, 4);
	pool.fail_at = 1;
	cr_expect_eq(try_config(&c), -ENOMEM);
	pool.fail_at = 0;
	cr_assert(pool_init(&meta, 1));
	meta.fail_at = 1;
	c.meta = pool_mem(&meta);
	cr_expect_eq(try_config(&c), -ENOMEM);
	cr_expect_eq(pool.live, 0);
	pool_fini(&meta);
	pool_fini(&pool);
}

Test(pgtbl, null_handles)
{
	struct pgtbl_segment seg = { 0, K4 };
	uint64_t phys;

	unit_open(&pgtbl_vtdss_ops, 4, 0);
	cr_expect_eq(pgtbl_map(NULL, 0, 0, K4, 3), -EINVAL);
	cr_expect_eq(pgtbl_map_sg(NULL, 0, &seg, 1, 3), -EINVAL);
	cr_expect_eq(pgtbl_map_sg(pt, 0, NULL, 1, 3), -EINVAL);
	cr_expect_eq(pgtbl_unmap(NULL, 0, K4, &gather), 0);
	cr_expect_eq(pgtbl_unmap(pt, 0, K4, NULL), 0);
	cr_expect_eq(pgtbl_translate(NULL, 0, &phys), -EINVAL);
	cr_expect_eq(pgtbl_translate(pt, 0, NULL), -EINVAL);
	cr_expect_eq(pgtbl_drain(NULL), -EINVAL);
	cr_expect_eq(pgtbl_reclaim(NULL, 0, 0, &gather), -EINVAL);
	cr_expect_eq(pgtbl_reclaim(pt, 0, 0, NULL), -EINVAL);
	cr_expect_eq(pgtbl_reclaim(pt, K4, 0, &gather), -EINVAL);
	cr_expect_eq(pgtbl_reclaim(pt, 0, 1ull << 48, &gather), -EINVAL);
	cr_expect_eq(pgtbl_destroy(NULL), 0);
	pgtbl_gather_release(NULL, &gather);
	pgtbl_gather_release(pt, NULL);
	unit_close();
}

Test(pgtbl, destroy_says_what_was_left)
{
	unit_open(&pgtbl_vtdss_ops, 4, 0);
	cr_assert_eq(pgtbl_map(pt, 0x1000, 0x1000, 3 * K4, 3), 0);
	cr_assert_eq(pgtbl_map(pt, 8 * G1, 8 * G1, G1 + M2, 3), 0);
	cr_expect_eq(pgtbl_destroy(pt), 3 * K4 + G1 + M2);
	cr_expect_eq(pool.live, 0);
	cr_expect_null(pool.error);
	pool_fini(&pool);
}

struct seen {
	struct pgtbl_leaf leaf[8];
	unsigned n;
	unsigned stop_at;
};

static int see(void *ctx, const struct pgtbl_leaf *leaf)
{
	struct seen *s = ctx;

	if (s->n == s->stop_at)
		return 42;
	s->leaf[s->n++] = *leaf;
	return 0;
}

Test(pgtbl, visit)
{
	struct seen s = { .stop_at = 8 };

	unit_open(&pgtbl_x86_64_ops, 4, 0);
	cr_assert_eq(pgtbl_map(pt, M2 - K4, G1 - K4, M2 + 2 * K4, PGTBL_READ | PGTBL_PRIV), 0);
	cr_assert_eq(pgtbl_map(pt, 1ull << 46, 0, K4, PGTBL_READ), 0);
	cr_expect_eq(pgtbl_visit(pt, 0, pgtbl_iova_last(pt), see, &s), 0);
	cr_assert_eq(s.n, 4);
	cr_expect_eq(s.leaf[1].iova, M2);
	cr_expect_eq(s.leaf[1].phys, G1);
	cr_expect_eq(s.leaf[1].size, M2);
	cr_expect_eq(s.leaf[1].prot, PGTBL_READ | PGTBL_PRIV);
	cr_expect_eq(s.leaf[3].iova, 1ull << 46);
	/* In the middle of a large leaf. */
	s = (struct seen){ .stop_at = 8 };
	cr_expect_eq(pgtbl_visit(pt, M2 + 5 * K4, M2 + 5 * K4, see, &s), 0);
	cr_assert_eq(s.n, 1);
	cr_expect_eq(s.leaf[0].iova, M2);
	/* Stopped by the callback. */
	s = (struct seen){ .stop_at = 2 };
	cr_expect_eq(pgtbl_visit(pt, 0, pgtbl_iova_last(pt), see, &s), 42);
	cr_expect_eq(s.n, 2);
	cr_expect_eq(pgtbl_visit(pt, 1, 0, see, &s), -EINVAL);
	cr_expect_eq(pgtbl_visit(pt, 0, ~0ull, see, &s), -EINVAL);
	cr_expect_eq(pgtbl_visit(pt, 0, 0, NULL, &s), -EINVAL);
	cr_expect_eq(pgtbl_visit(NULL, 0, 0, see, &s), -EINVAL);
	pgtbl_unmap(pt, 0, 1ull << 47, &gather);
	unit_close();
}

struct text {
	char buf[4096];
	size_t len;
	int refuse;
};

static int collect(void *ctx, const char *text, size_t len)
{
	struct text *t = ctx;

	if (t->refuse)
		return t->refuse;
	cr_assert_lt(t->len + len, sizeof(t->buf));
	memcpy(t->buf + t->len, text, len);
	t->len += len;
	return 0;
}

Test(pgtbl, dump)
{
	struct text t = { .len = 0 };
	struct pgtbl_config c;
	char *nl;

	cr_assert(pool_init(&pool, 64));
	c = unit_config(&pgtbl_vtdss_ops, 3);
	c.flags = PGTBL_SNOOP_CTL;
	unit_open_config(&c);
	cr_assert_eq(pgtbl_map(pt, 0x100000, 0x80100000, 256 * K4, 3), 0);
	cr_assert_eq(pgtbl_map(pt, 0x200000, 0x80200000, 2 * M2, PGTBL_WRITE | PGTBL_COHERENT), 0);
	cr_expect_eq(pgtbl_dump(pt, 0, pgtbl_iova_last(pt), PGTBL_DUMP_TEXT, collect, &t), 0);
	nl = memchr(t.buf, '\n', t.len);
	cr_assert_not_null(nl);
	cr_expect_eq(strncmp(t.buf, "vtdss levels=3 root=0x", 22), 0);
	cr_expect_str_eq(nl + 1, "0x0000000000100000-0x00000000001fffff -> "
				 "0x0000000080100000 256 x 4K rw\n"
				 "0x0000000000200000-0x00000000005fffff -> "
				 "0x0000000080200000 2 x 2M wc\n");
	memset(&t, 0, sizeof(t));
	cr_expect_eq(pgtbl_dump(pt, 0, pgtbl_iova_last(pt), PGTBL_DUMP_JSON, collect, &t), 0);
	nl = memchr(t.buf, '[', t.len);
	cr_assert_not_null(nl);
	cr_expect_str_eq(nl,
			 "[\n{\"iova\":\"0x100000\",\"phys\":\"0x80100000\",\"page\":\"0x1000\","
			 "\"count\":256,\"prot\":\"rw\"},\n"
			 "{\"iova\":\"0x200000\",\"phys\":\"0x80200000\",\"page\":\"0x200000\","
			 "\"count\":2,\"prot\":\"wc\"}\n]}\n");
	/* Neighbours that differ in where they lead, or in what they allow, are not one run. */
	cr_assert_eq(pgtbl_map(pt, 0x900000, 0x7000, K4, PGTBL_READ), 0);
	cr_assert_eq(pgtbl_map(pt, 0x901000, 0x8000, K4, 3), 0);
	cr_assert_eq(pgtbl_map(pt, 0x902000, 0xa000, K4, 3), 0);
	memset(&t, 0, sizeof(t));
	cr_expect_eq(pgtbl_dump(pt, 0x900000, 0x9fffff, PGTBL_DUMP_TEXT, collect, &t), 0);
	nl = memchr(t.buf, '\n', t.len);
	cr_assert_not_null(nl);
	cr_expect_str_eq(nl + 1, "0x0000000000900000-0x0000000000900fff -> "
				 "0x0000000000007000 1 x 4K r\n"
				 "0x0000000000901000-0x0000000000901fff -> "
				 "0x0000000000008000 1 x 4K rw\n"
				 "0x0000000000902000-0x0000000000902fff -> "
				 "0x000000000000a000 1 x 4K rw\n");
	t.refuse = -7;
	cr_expect_eq(pgtbl_dump(pt, 0, 0, PGTBL_DUMP_TEXT, collect, &t), -7);
	cr_expect_eq(pgtbl_dump(pt, 0, 0, (enum pgtbl_dump_format)9, collect, &t), -EINVAL);
	cr_expect_eq(pgtbl_dump(pt, 1, 0, PGTBL_DUMP_TEXT, collect, &t), -EINVAL);
	cr_expect_eq(pgtbl_dump(NULL, 0, 0, PGTBL_DUMP_TEXT, collect, &t), -EINVAL);
	cr_expect_eq(pgtbl_dump(pt, 0, 0, PGTBL_DUMP_TEXT, NULL, &t), -EINVAL);
	pgtbl_unmap(pt, 0, 5 * M2, &gather);
	unit_close();
}
