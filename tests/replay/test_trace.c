/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* test_trace.c - what the trace reader accepts, and how it says what is wrong. */
#define _GNU_SOURCE
#include "unit/unit.h"

#include "config.h"
#include "trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

static char path[] = "/tmp/test_trace.XXXXXX";

static void write_bytes(const void *bytes, size_t len)
{
	int fd;

	strcpy(path + sizeof(path) - 7, "XXXXXX");
	fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static struct trace *load(const void *bytes, size_t len, struct trace_error *err)
{
	struct trace *t;
	int ret;

	memset(err, 0, sizeof(*err));
	write_bytes(bytes, len);
	ret = trace_load(&t, path, NULL, NULL, err);
	unlink(path);
	cr_assert_eq(ret, t ? 0 : -1);
	return t;
}

static struct trace *load_text(const char *text, struct trace_error *err)
{
	return load(text, strlen(text), err);
}

static void refuse(const char *text, uint64_t line, const char *says)
{
	struct trace_error err;

	cr_assert_null(load_text(text, &err), "accepted: %s", text);
	cr_assert_eq(err.line, line, "line %" PRIu64 " (%s), not %" PRIu64 ", for: %s", err.line,
		     err.text, line, text);
	cr_assert_not_null(strstr(err.text, says), "\"%s\" does not say \"%s\"", err.text, says);
}

#define MAP "5 1 m 0 fffe0000 2000 ffffffff 6 0 0 10+2\n"
#define UNMAP "7 0 u 0 fffe0000 2000 0 2\n"

Test(trace, strict)
{
	static const char text[] = "# dma-trace v2 small\n# a comment\n" MAP
				   "10 0 m 3 1000 3000 ffffffffffffffff 5 9 1 20,30+2\n" UNMAP
				   "-3 0 m 0 fffe0000 1000 ffffffff 7 0 0 a\n";
	struct trace_error err;
	struct trace *t = load_text(text, &err);

	cr_assert_not_null(t, "%" PRIu64 ": %s", err.line, err.text);
	cr_assert_eq(t->nr_events, 4);
	cr_assert_eq(t->nr_maps, 3);
	cr_assert_eq(t->nr_unmaps, 1);
	cr_assert_eq(t->nr_slots, 2);
	cr_assert_eq(t->nr_domains, 2);
	cr_assert_eq(t->nr_devices, 2);
	cr_assert_eq(t->nr_cpus, 2);
	cr_assert(!t->lazy);
	cr_assert_eq(t->cpu_number[0], 1);
	cr_assert_eq(t->cpu_number[1], 0);
	/* The first event starts the clock, which never runs backwards. */
	cr_assert_eq(t->event[0].time_ns, 0);
	cr_assert_eq(t->event[1].time_ns, 10);
	cr_assert_eq(t->event[2].time_ns, 17);
	cr_assert_eq(t->event[3].time_ns, 17);
	cr_assert_eq(t->span_ns, 17);
	cr_assert_eq(t->event[1].nr_seg, 2);
	cr_assert_eq(t->seg[t->event[1].seg].phys, 0x20000);
	cr_assert_eq(t->seg[t->event[1].seg + 1].phys, 0x30000);
	cr_assert_eq(t->seg[t->event[1].seg + 1].size, 0x2000);
	cr_assert_eq(t->event[2].op, TRACE_UNMAP);
	cr_assert_eq(t->event[2].map, 0);
	cr_assert_eq(t->event[2].slot, t->event[0].slot);
	cr_assert_eq(t->event[3].slot, t->event[0].slot, "a free slot is used again");
	cr_assert_eq(t->live[0], 3);
	cr_assert_eq(t->live[1], 1);
	cr_assert_eq(t->peak_live_bytes, 0x5000);
	trace_free(t);
}

Test(trace, lazy)
{
	static const char text[] = MAP UNMAP "1 0 x 0\n1 0 f 0 fffe0000 2000\n" MAP;
	struct trace_error err;
	struct trace *t = load_text(text, &err);

	cr_assert_not_null(t, "%s", err.text);
	cr_assert(t->lazy);
	cr_assert_eq(t->nr_flushes, 1);
	cr_assert_eq(t->nr_frees, 1);
	cr_assert_eq(t->nr_events, 3);
	/* Frees and flushes take time all the same. */
	cr_assert_eq(t->event[2].time_ns, 7 + 1 + 1 + 5);
	trace_free(t);
}

Test(trace, name)
{
	struct trace_error err;
	struct trace *t;
	char *zst = NULL;

	write_bytes(MAP, strlen(MAP));
	cr_assert_gt(asprintf(&zst, "%s.trace.zst", path), 0);
	cr_assert_eq(rename(path, zst), 0);
	cr_assert_eq(trace_load(&t, zst, NULL, NULL, &err), 0);
	cr_assert_str_eq(t->name, strrchr(path, '/') + 1);
	unlink(zst);
	free(zst);
	trace_free(t);
}

Test(trace, refuses_bad_lines)
{
	refuse("", 0, "no map event");
	refuse("# only a comment\n", 1, "no map event");
	refuse("# dma-trace v3 new\n" MAP, 1, "version");
	refuse("\n", 1, "time");
	refuse("hello world\n", 1, "time");
	refuse("+1 0 m 0 1000 1000 ffff 6 0 0 1\n", 1, "time");
	refuse("99999999999999999999 0 m 0 1000 1000 ffff 6 0 0 1\n", 1, "time");
	refuse(MAP "9223372036854775807 0 x 0\n9223372036854775807 0 x 0\n", 3, "overflow");
	refuse("1 x m 0 1000 1000 ffff 6 0 0 1\n", 1, "cpu");
	refuse("1 65535 m 0 1000 1000 ffff 6 0 0 1\n", 1, "cpu");
	refuse("1 0 q 0 1000 1000 ffff 6 0 0 1\n", 1, "event");
	refuse("1 0 mm 0 1000 1000 ffff 6 0 0 1\n", 1, "event");
	refuse("1 0 m 70000 1000 1000 ffff 6 0 0 1\n", 1, "domain");
	refuse("1 0 m 0 0x1000 1000 ffff 6 0 0 1\n", 1, "iova");
	refuse("1 0 m 0 11111111111111111 1000 ffff 6 0 0 1\n", 1, "iova");
	refuse("1 0 m 0 1800 1000 ffff 6 0 0 1\n", 1, "not page aligned");
	refuse("1 0 m 0 1000 0 ffff 6 0 0 1\n", 1, "zero");
	refuse("1 0 m 0 1000 5dc ffff 6 0 0 1\n", 1, "multiple of a page");
	refuse("1 0 m 0 fffffffffffff000 2000 ffffffffffffffff 6 0 0 1+2\n", 1, "overflows");
	refuse("1 0 m 0 f000 2000 ffff 6 0 0 1+2\n", 1, "limit");
	refuse("1 0 m 0 1000 1000 ffff 4 0 0 1\n", 1, "neither read nor write");
	refuse("1 0 m 0 1000 1000 ffff 64 0 0 1\n", 1, "prot");
	refuse("1 0 m 0 1000 1000 ffff 6 0 4 1\n", 1, "context");
	refuse("1 0 m 0 1000 1000 ffff 6 0 0\n", 1, "no segments");
	refuse("1 0 m 0 1000\n", 1, "size");
	refuse(MAP "1 0 u 0 fffe0000 2000 0 2 extra\n", 2, "end of the line");
	refuse(MAP "1 0 x 0 1\n", 2, "end of the line");
}

Test(trace, refuses_bad_segments)
{
	refuse("1 0 m 0 1000 1000 ffff 6 0 0 1,\n", 1, "segment");
	refuse("1 0 m 0 1000 1000 ffff 6 0 0 ,1\n", 1, "segment");
	refuse("1 0 m 0 1000 1000 ffff 6 0 0 1+0\n", 1, "segment");
	refuse("1 0 m 0 1000 1000 ffff 6 0 0 1 \n", 1, "segment");
	refuse("1 0 m 0 1000 1000 ffff 6 0 0 10000000000\n", 1, "segment");
	refuse("1 0 m 0 1000 2000 ffff 6 0 0 ffffffffff+2\n", 1, "segment");
	refuse("1 0 m 0 1000 2000 ffff 6 0 0 1\n", 1, "add up");
	refuse("1 0 m 0 1000 1000 ffff 6 0 0 1,2\n", 1, "add up");
	refuse("1 0 m 0 1000 1000 ffff 6 0 0 1+ffffffffff\n", 1, "segment");
}

Test(trace, refuses_what_contradicts_itself)
{
	refuse(MAP MAP, 2, "overlaps the live range of line 1");
	refuse(MAP "1 0 m 0 fffe1000 1000 ffffffff 6 0 0 1\n", 2, "overlaps");
	refuse(UNMAP, 1, "not mapped");
	refuse(MAP UNMAP UNMAP, 3, "not mapped");
	refuse(MAP "1 0 u 0 fffe0000 1000 0 2\n", 2, "line 1 mapped 2000");
	refuse(MAP "1 0 u 0 fffe1000 1000 0 2\n", 2, "not mapped");
	refuse(MAP "1 0 u 1 fffe0000 2000 0 2\n", 2, "not mapped");
	refuse(MAP "1 0 f 0 fffe0000 2000\n", 2, "not waiting to be freed");
	refuse(MAP UNMAP "1 0 f 0 fffe0000 1000\n", 3, "mapped 2000");
	refuse(MAP UNMAP "1 0 f 0 fffe0000 2000\n" MAP UNMAP MAP, 6, "not freed");
}

Test(trace, refuses_other_files)
{
	static const char nul[] = "1 0 x 0\0garbage\n";
	struct trace_error err;
	struct trace *t;

	cr_assert_null(load(nul, sizeof(nul) - 1, &err));
	cr_assert_eq(err.line, 1);
	cr_assert_null(load("\x7f"
			    "ELF\x02\x01",
			    6, &err));
	cr_assert_eq(err.line, 1);
	refuse("1 0 m 0 1000 1000 ffff 6 0 0 1", 1, "truncated");
	refuse(MAP "1 0", 2, "truncated");
	cr_assert_eq(trace_load(&t, "/nonexistent/x", NULL, NULL, &err), -1);
	cr_assert_eq(err.line, 0);
	cr_assert_not_null(strstr(err.text, "cannot open"));
	cr_assert_eq(trace_load(&t, "/tmp", NULL, NULL, &err), -1);
	cr_assert_not_null(strstr(err.text, "directory"));
}

Test(trace, long_line)
{
	/* 100000 segments in one mapping: longer than any buffer the reader starts with. */
	enum { SEGS = 100000 };
	char *text = malloc(SEGS * 8 + 100);
	struct trace_error err;
	struct trace *t;
	size_t n;

	n = (size_t)sprintf(text, "1 0 m 0 100000000 %x ffffffffffff 6 0 0 ", SEGS * 4096);
	for (int i = 0; i < SEGS; i++)
		n += (size_t)sprintf(text + n, "%x%s", 2 * i + 1, i < SEGS - 1 ? "," : "\n");
	t = load(text, n, &err);
	cr_assert_not_null(t, "%s", err.text);
	cr_assert_eq(t->nr_segs, SEGS);
	cr_assert_eq(t->seg[SEGS - 1].phys, (2ull * SEGS - 1) << 12);
	trace_free(t);
	free(text);
}

#ifdef HAVE_ZSTD
/* A trace of @lines lines, compressed; *@len bytes. */
static char *compressed(unsigned lines, size_t *len)
{
	char *text = malloc(lines * 64), *out;
	size_t n = 0, bound;

	for (unsigned i = 0; i < lines; i++)
		n += (size_t)sprintf(text + n, "%u 0 m 0 %x000 1000 ffffffff 6 0 0 %x\n", i * 7919,
				     i + 1, i * 2654435761u >> 8);
	bound = ZSTD_compressBound(n);
	out = malloc(bound);
	*len = ZSTD_compress(out, bound, text, n, 3);
	cr_assert(!ZSTD_isError(*len));
	free(text);
	return out;
}

Test(trace, zstd)
{
	size_t len;
	char *data = compressed(50000, &len), *twice = malloc(2 * len);
	struct trace_error err;
	struct trace *t = load(data, len, &err);

	cr_assert_not_null(t, "%s", err.text);
	cr_assert_eq(t->nr_maps, 50000);
	trace_free(t);
	/* Two frames in one file are one text; here its second half overlaps the first. */
	memcpy(twice, data, len);
	memcpy(twice + len, data, len);
	cr_assert_null(load(twice, 2 * len, &err));
	cr_assert_eq(err.line, 50001);
	cr_assert_not_null(strstr(err.text, "overlaps"));
	free(data);
	free(twice);
}

Test(trace, zstd_cut_anywhere)
{
	size_t len;
	char *data = compressed(20000, &len);
	struct trace_error err;

	for (size_t cut = 1; cut < len; cut += len / 97 + 1) {
		cr_assert_null(load(data, cut, &err), "%zu bytes of %zu", cut, len);
		cr_assert_geq(err.line, 1, "%zu bytes", cut);
		if (cut >= 4)
			cr_assert_not_null(strstr(err.text, "truncated"), "%s", err.text);
	}
	free(data);
}

Test(trace, zstd_corrupt)
{
	size_t len;
	char *data = compressed(20000, &len), *more = malloc(len + 8);
	struct trace_error err;

	memset(data + len / 2, 0x5a, 64);
	cr_assert_null(load(data, len, &err));
	cr_assert_geq(err.line, 1);
	free(data);
	/* Something after the last frame that is no frame. */
	data = compressed(20000, &len);
	memcpy(more, data, len);
	memcpy(more + len, "garbage!", 8);
	cr_assert_null(load(more, len + 8, &err));
	cr_assert_geq(err.line, 20001);
	cr_assert_not_null(strstr(err.text, "zstd"), "%s", err.text);
	free(data);
	free(more);
}
#endif
