/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* trace_parse.c - takes one line of a trace apart. */
#include "trace_parse.h"

#include "trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define PFN_MAX ((UINT64_C(1) << TRACE_FRAME_BITS) - 1)

static bool bad(struct trace_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool bad(struct trace_error *err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	return false;
}

static int digit(char c, unsigned base)
{
	int v;

	if (c >= '0' && c <= '9')
		v = c - '0';
	else if (c >= 'a' && c <= 'f')
		v = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		v = c - 'A' + 10;
	else
		return -1;
	return v < (int)base ? v : -1;
}

/* False: no digit at all, or the number exceeds @max. */
static bool number(const char **text, unsigned base, uint64_t max, uint64_t *value)
{
	const char *p = *text;
	uint64_t v = 0;
	int d;

	for (; (d = digit(*p, base)) >= 0; p++)
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v) || v > max)
			return false;
	if (p == *text)
		return false;
	*text = p;
	*value = v;
	return true;
}

/* A number and the blank, or end of line, after it. */
static bool field(const char **text, const char *name, unsigned base, uint64_t max,
		  uint64_t *value, struct trace_error *err)
{
	const char *p = *text;

	if (!number(&p, base, max, value) || (*p != ' ' && *p != '\0'))
		return bad(err, "%s: expected a %s number of at most %" PRIu64 " here: \"%.40s\"",
			   name, base == 10 ? "decimal" : "hexadecimal", max, *text);
	while (*p == ' ')
		p++;
	*text = p;
	return true;
}

static bool small(const char **text, const char *name, uint16_t *value, struct trace_error *err)
{
	uint64_t v;

	/* One less than fits: dense numbering counts from one. */
	if (!field(text, name, 10, UINT16_MAX - 1, &v, err))
		return false;
	*value = (uint16_t)v;
	return true;
}

/* "dt cpu op dom" */
static bool parse_head(struct trace_line *line, const char **text, struct trace_error *err)
{
	bool negative = **text == '-';
	uint64_t dt;

	*text += negative;
	if (!field(text, "time", 10, INT64_MAX, &dt, err) || !small(text, "cpu", &line->cpu, err))
		return false;
	line->dt_ns = negative ? -(int64_t)dt : (int64_t)dt;
	line->op = **text;
	if ((line->op != 'm' && line->op != 'u' && line->op != 'f' && line->op != 'x') ||
	    (*text)[1] != ' ')
		return bad(err, "expected an event m, u, f or x here: \"%.40s\"", *text);
	*text += 2;
	return small(text, "domain", &line->domain, err);
}

/* "iova size" */
static bool parse_range(struct trace_line *line, const char **text, struct trace_error *err)
{
	uint64_t last;

	if (!field(text, "iova", 16, UINT64_MAX, &line->iova, err) ||
	    !field(text, "size", 16, UINT64_MAX, &line->size_bytes, err))
		return false;
	if (!line->size_bytes)
		return bad(err, "size is zero");
	if (line->size_bytes % TRACE_PAGE_BYTES)
		return bad(err, "size %" PRIx64 " is not a multiple of a page", line->size_bytes);
	if (line->iova % TRACE_PAGE_BYTES)
		return bad(err, "iova %" PRIx64 " is not page aligned", line->iova);
	if (__builtin_add_overflow(line->iova, line->size_bytes - 1, &last))
		return bad(err, "iova %" PRIx64 " + size %" PRIx64 " overflows", line->iova,
			   line->size_bytes);
	return true;
}

/* "limit prot dev ctx seg..." */
static bool parse_map(struct trace_line *line, const char **text, struct trace_error *err)
{
	uint64_t v, context;

	if (!field(text, "limit", 16, UINT64_MAX, &line->limit, err) ||
	    !field(text, "prot", 10, 63, &v, err) || !small(text, "device", &line->device, err) ||
	    !field(text, "context", 10, 3, &context, err))
		return false;
	if (!(v & (PGTBL_READ | PGTBL_WRITE)))
		return bad(err, "prot %" PRIu64 " allows neither read nor write", v);
	if (line->iova + line->size_bytes - 1 > line->limit)
		return bad(err, "range ends beyond the limit %" PRIx64, line->limit);
	line->prot = (uint8_t)v;
	line->context = (uint8_t)context;
	line->segments = *text;
	if (**text == '\0')
		return bad(err, "no segments");
	return true;
}

bool trace_parse_line(struct trace_line *line, const char *text, size_t len,
		      struct trace_error *err)
{
	const char *p = text;
	uint64_t context;

	*line = (struct trace_line){ 0 };
	if (!parse_head(line, &p, err))
		return false;
	if (line->op != 'x' && !parse_range(line, &p, err))
		return false;
	if (line->op == 'm')
		return parse_map(line, &p, err);
	if (line->op == 'u') {
		if (!small(&p, "device", &line->device, err) ||
		    !field(&p, "context", 10, 3, &context, err))
			return false;
		line->context = (uint8_t)context;
	}
	if (p != text + len)
		return bad(err, "unexpected text at the end of the line: \"%.40s\"", p);
	return true;
}

int trace_parse_segment(const char **text, uint64_t *pfn, uint64_t *pages,
			struct trace_error *err)
{
	const char *p = *text;

	if (*p == '\0')
		return 0;
	*pages = 1;
	if (!number(&p, 16, PFN_MAX, pfn))
		goto bad;
	if (*p == '+') {
		p++;
		if (!number(&p, 16, PFN_MAX, pages) || !*pages || *pfn + *pages - 1 > PFN_MAX)
			goto bad;
	}
	if (*p == ',' && p[1] != '\0')
		p++;
	else if (*p != '\0')
		goto bad;
	*text = p;
	return 1;
bad:
	bad(err, "segment: expected page frame[+pages] below 2^%d here: \"%.40s\"",
	    TRACE_FRAME_BITS, *text);
	return -1;
}
