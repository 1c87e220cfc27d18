/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#include "script.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pgtbl_change.h"

#define WORDS 5

/* 4096, 0x1000, 4K */
static bool number(const char *word, uint64_t *v)
{
	static const char unit[] = "KMGT";
	const char *u;
	char *end;

	errno = 0;
	*v = strtoull(word, &end, 0);
	if (end == word || errno || *word == '-')
		return false;
	u = *end ? strchr(unit, *end) : NULL;
	if (u && !end[1]) {
		unsigned lg2 = 10 * (unsigned)(u - unit + 1);

		if (*v > ~0ull >> lg2)
			return false;
		*v <<= lg2;
		return true;
	}
	return !*end;
}

static bool prot_of(const char *word, unsigned *prot)
{
	static const char letter[] = "rwcnmp"; /* enum pgtbl_prot, from bit 0 on */

	*prot = 0;
	for (; *word; word++) {
		const char *l = strchr(letter, *word);

		if (!l)
			return false;
		*prot |= 1u << (l - letter);
	}
	return true;
}

static int unmap(struct pgtbl *pt, uint64_t iova, uint64_t size, struct pgtbl_gather *gather)
{
	struct pgtbl_report report = { .error = 0 };

	pgtbl_unmap_at(pt, iova, size, gather, &report);
	return report.error;
}

static int replace(struct pgtbl *pt, const uint64_t *v, unsigned prot, struct pgtbl_gather *gather)
{
	struct pgtbl_replacement with = { .iova = v[0], .phys = v[1], .size = v[2], .prot = prot };

	return pgtbl_replace(pt, &with, gather, NULL);
}

/* The operations: name, how many numbers, whether permissions may follow. */
enum op { MAP, REPLACE, UNMAP, DEMOTE, PROMOTE, RESERVE, RECLAIM, NO_OP };

static const struct {
	const char *name;
	unsigned numbers;
	bool prot;
} ops[] = {
	[MAP] = { "map", 3, true },	  [REPLACE] = { "replace", 3, true },
	[UNMAP] = { "unmap", 2, false },  [DEMOTE] = { "demote", 3, false },
	[PROMOTE] = { "promote", 2, false }, [RESERVE] = { "reserve", 3, false },
	[RECLAIM] = { "reclaim", 0, false },
};

static int carry_out(struct pgtbl *pt, enum op op, const uint64_t *v, unsigned prot)
{
	struct pgtbl_gather gather;
	int64_t n = 0;
	int err = 0;

	pgtbl_gather_init(&gather);
	switch (op) {
	case MAP:
		err = pgtbl_map(pt, v[0], v[1], v[2], prot);
		break;
	case REPLACE:
		err = replace(pt, v, prot, &gather);
		break;
	case UNMAP:
		err = unmap(pt, v[0], v[1], &gather);
		break;
	case DEMOTE:
		err = pgtbl_demote(pt, v[0], v[1], v[2], &gather, NULL);
		break;
	case PROMOTE:
		n = pgtbl_promote(pt, v[0], v[0] + (v[1] - 1), &gather);
		break;
	case RESERVE:
		err = pgtbl_reserve(pt, v[0], v[1], v[2], NULL);
		break;
	default:
		n = pgtbl_reclaim(pt, 0, pgtbl_iova_last(pt), &gather);
		break;
	}
	pgtbl_gather_release(pt, &gather);
	return n < 0 ? (int)n : err;
}

static const char *words_line(struct pgtbl *pt, char *line, int *err)
{
	unsigned n = 0, op = 0, prot = PGTBL_READ | PGTBL_WRITE;
	char *word[WORDS + 1], *save;
	uint64_t v[3];

	for (char *w = strtok_r(line, " \t\r\n", &save); w && n <= WORDS;
	     w = strtok_r(NULL, " \t\r\n", &save))
		word[n++] = w;
	if (!n)
		return NULL;
	while (op < NO_OP && strcmp(word[0], ops[op].name))
		op++;
	if (op == NO_OP)
		return "unknown operation";
	if (n < 1 + ops[op].numbers || n > 1 + ops[op].numbers + ops[op].prot)
		return "wrong number of words";
	for (unsigned i = 0; i < ops[op].numbers; i++)
		if (!number(word[1 + i], &v[i]))
			return "not a number";
	if (n > 1 + ops[op].numbers && !prot_of(word[n - 1], &prot))
		return "permissions are letters of rwcnmp";
	*err = carry_out(pt, (enum op)op, v, prot);
	return *err ? "refused" : NULL;
}

/* @field followed by a number. */
static bool field(const char *line, const char *name, uint64_t *v)
{
	const char *at = strstr(line, name);

	if (!at)
		return false;
	*v = strtoull(at + strlen(name), NULL, 0);
	return true;
}

/* A line of a trace; *is: whether it is one. */
static const char *trace_line(struct pgtbl *pt, const char *line, bool *is, int *err)
{
	const char *at = strstr(line, "map: IOMMU: iova=");
	bool unmaps = at && at >= line + 2 && !strncmp(at - 2, "un", 2);
	uint64_t v[3];

	*is = at;
	if (!at)
		return NULL;
	if (!field(at, "iova=", &v[0]))
		return "no iova";
	if (unmaps ? !field(at, "unmapped_size=", &v[1]) : !field(at, " size=", &v[2]))
		return "no size";
	if (unmaps && !v[1])
		return NULL; /* nothing was there */
	if (!unmaps && !field(at, "paddr=", &v[1]))
		return "no paddr";
	*err = carry_out(pt, unmaps ? UNMAP : MAP, v, PGTBL_READ | PGTBL_WRITE);
	return *err ? "refused" : NULL;
}

int script_run(struct pgtbl *pt, FILE *in, const char *name)
{
	char *line = NULL;
	size_t room = 0;
	int ret = 0;

	for (unsigned long n = 1; !ret && getline(&line, &room, in) >= 0; n++) {
		const char *why;
		int err = 0;
		bool is;

		line[strcspn(line, "#")] = 0;
		why = trace_line(pt, line, &is, &err);
		if (!is)
			why = words_line(pt, line, &err);
		if (!why)
			continue;
		fprintf(stderr, "%s:%lu: %s%s%s\n", name, n, why, err ? ": " : "",
			err ? strerror(-err) : "");
		ret = -1;
	}
	free(line);
	return ret;
}
