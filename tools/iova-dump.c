/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * iova-dump [--svg] [--demo[=SEED]] [FILE] - plays operations on an IOVA space and shows
 * what it looks like then: numbers and a picture in text, or an SVG.
 *
 * FILE (or standard input) has one operation a line, numbers as in C, ID a number of
 * the caller's choice, '#' begins a comment:
 *
 *   space FIRST LAST [GRANULE_LG2]   first of all; default: 4 GiB of 4 KiB granules
 *   alloc ID SIZE [MAX]
 *   at ID FIRST SIZE                 at a given address
 *   free ID
 *   reserve FIRST LAST
 *
 * An operation that the library refuses is said on standard error, and ends the program
 * with status 1 after the picture.
 */
#include "iova.h"
#include "iova_query.h"
#include "iova_resv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDS (1u << 20)
#define COLUMNS 128u
#define ROWS 48u
#define CELLS (COLUMNS * ROWS)
#define PIXELS 7u

struct picture {
	uint64_t first, last;	  /* bytes shown */
	uint64_t cell;		  /* bytes of a cell, less one */
	double live[CELLS], hole[CELLS]; /* bytes of each cell that are */
};

static struct iova_range held[IDS];
static bool holds[IDS];
static struct iova_space *space;
static struct iova_space_config config = { .first = 0x1000, .last = 0xffffffff,
					   .granule_lg2 = 12 };
static unsigned refused;

static void refuse(unsigned line, const char *what, int error)
{
	fprintf(stderr, "line %u: %s: %s\n", line, what, strerror(-error));
	refused++;
}

static bool make_space(void)
{
	int e = space ? 0 : iova_space_create(&space, &config);

	if (e)
		fprintf(stderr, "iova-dump: no such space: %s\n", strerror(-e));
	return !e;
}

static void keep(uint64_t id, uint64_t first, uint64_t size)
{
	held[id] = (struct iova_range){ first, first + size - 1 };
	holds[id] = true;
}

/* One line; what it says is not a space. */
static void play(unsigned line, const char *op, const uint64_t *v, int nr)
{
	uint64_t id = v[0] % IDS, got;
	int e = -EINVAL;

	if (!strcmp(op, "alloc") && nr >= 2 && !holds[id]) {
		got = iova_space_alloc(space, v[1], nr > 2 ? v[2] : UINT64_MAX);
		e = iova_is_err(got) ? iova_err(got) : 0;
		if (!e)
			keep(id, got, v[1]);
	} else if (!strcmp(op, "at") && nr == 3 && !holds[id]) {
		e = iova_space_alloc_fixed(space, v[1], v[2], NULL);
		if (!e)
			keep(id, v[1], v[2]);
	} else if (!strcmp(op, "free") && nr == 1 && holds[id]) {
		e = iova_space_free(space, held[id].first, held[id].last - held[id].first + 1);
		holds[id] = false;
	} else if (!strcmp(op, "reserve") && nr == 2) {
		e = iova_space_reserve_merge(space, v[0], v[1], NULL);
	}
	if (e)
		refuse(line, op, e);
}

static bool read_file(FILE *in)
{
	char text[256], op[16];

	for (unsigned line = 1; fgets(text, sizeof(text), in); line++) {
		uint64_t v[3] = { 0 };
		int nr;

		text[strcspn(text, "#\n")] = '\0';
		nr = sscanf(text, "%15s %" SCNi64 " %" SCNi64 " %" SCNi64, op, (int64_t *)&v[0],
			    (int64_t *)&v[1], (int64_t *)&v[2]) - 1;
		if (nr < 0)
			continue;
		if (!strcmp(op, "space") && nr >= 2 && !space) {
			config.first = v[0];
			config.last = v[1];
			config.granule_lg2 = (uint8_t)(nr > 2 ? v[2] : 12);
			continue;
		}
		if (!make_space())
			return false;
		play(line, op, v, nr);
	}
	return make_space();
}

/* Ranges of 4 KiB to 1 MiB come and go until a third of 256 MiB is taken. */
static bool demo(uint64_t seed)
{
	config.last = 0xfffffff;
	if (!make_space() || iova_space_reserve(space, 0xfee0000, 0xfeeffff, NULL))
		return false;
	for (unsigned i = 0; i < 6000; i++) {
		uint64_t v[2];

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		v[0] = (seed >> 33) % 1000;
		v[1] = ((seed >> 50) % 16 + 1) << (12 + (seed >> 60) % 5);
		play(i, holds[v[0]] ? "free" : "alloc", v, holds[v[0]] ? 1 : 2);
	}
	return true;
}

/* Adds the part of @range that lies in each cell. */
static void paint(const struct picture *pic, double *cells, const struct iova_range *range)
{
	uint64_t a = range->first, end = range->last < pic->last ? range->last : pic->last;

	while (a <= end && a >= pic->first) {
		uint64_t i = (a - pic->first) / (pic->cell + 1);
		uint64_t stop = pic->first + i * (pic->cell + 1) + pic->cell;

		stop = stop < end && stop >= a ? stop : end;
		cells[i] += (double)(stop - a) + 1;
		if (stop == end)
			break;
		a = stop + 1;
	}
}

static int paint_live(void *ctx, const struct iova_range *range)
{
	struct picture *pic = ctx;

	paint(pic, pic->live, range);
	return 0;
}

static int paint_hole(void *ctx, const struct iova_range *range)
{
	struct picture *pic = ctx;

	paint(pic, pic->hole, range);
	return 0;
}

static void take_picture(struct picture *pic)
{
	uint64_t granule = (1ull << config.granule_lg2) - 1;

	pic->first = config.first;
	pic->last = config.last;
	pic->cell = ((pic->last - pic->first) / CELLS) | granule;
	iova_space_for_each(space, pic->first, pic->last, paint_live, pic);
	iova_space_for_each_hole(space, pic->first, pic->last, paint_hole, pic);
}

/* How many of @of a cell has to show, at least one of what is there at all. */
static unsigned shade(const struct picture *pic, double bytes, unsigned of)
{
	double share = bytes / ((double)pic->cell + 1);
	unsigned n = (unsigned)(share * of + 0.5);

	return bytes > 0 && !n ? 1 : n > of ? of : n;
}

static unsigned nr_cells(const struct picture *pic)
{
	return (unsigned)((pic->last - pic->first) / (pic->cell + 1)) + 1;
}

static void print_text(const struct picture *pic)
{
	static const char live[] = ".:-=+*%@";
	unsigned nr = nr_cells(pic);

	printf("a character is %" PRIu64 " KiB: '.' free, '@' all live, '#' reserved or rounding\n",
	       (pic->cell >> 10) + 1);
	for (unsigned i = 0; i < nr; i++) {
		char c = live[shade(pic, pic->live[i], 7)];

		if (pic->live[i] == 0 && pic->hole[i] == 0)
			c = '#';
		if (i % COLUMNS == 0)
			printf("%016" PRIx64 " ", pic->first + i * (pic->cell + 1));
		putchar(c);
		if (i % COLUMNS == COLUMNS - 1 || i == nr - 1)
			putchar('\n');
	}
}

static void summary(char *text, size_t size)
{
	struct iova_space_stats st;
	struct iova_space_holes holes;

	iova_space_stats(space, &st);
	iova_space_holes(space, &holes);
	snprintf(text, size,
		 "%" PRIu64 " ranges, %" PRIu64 " KiB live, %" PRIu64 " KiB reserved, %" PRIu64
		 " holes, the largest %" PRIu64 " KiB, fragmentation 0.%03u, %" PRIu64
		 " bytes of metadata",
		 st.live_ranges, st.live_bytes >> 10, st.reserved_bytes >> 10, holes.nr,
		 holes.nr ? ((holes.largest.last - holes.largest.first) >> 10) + 1 : 0,
		 holes.fragmentation, st.metadata_bytes);
}

static void print_svg(const struct picture *pic, const char *text)
{
	unsigned nr = nr_cells(pic), rows = (nr + COLUMNS - 1) / COLUMNS;

	printf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\">\n",
	       COLUMNS * PIXELS + 160, rows * PIXELS + 40);
	printf("<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n");
	for (unsigned i = 0; i < nr; i++) {
		unsigned used = shade(pic, pic->live[i], 8), x = i % COLUMNS, y = i / COLUMNS;
		bool gone = pic->live[i] == 0 && pic->hole[i] == 0;

		if (!x)
			printf("<text x=\"4\" y=\"%u\" font-size=\"7\" font-family=\"monospace\">"
			       "%016" PRIx64 "</text>\n", (y + 1) * PIXELS - 1,
			       pic->first + i * (pic->cell + 1));
		printf("<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" fill=\"#%02x%02x%02x\"/>\n",
		       150 + x * PIXELS, y * PIXELS, PIXELS - 1, PIXELS - 1,
		       gone ? 0x60 : 0xee - used * 26, gone ? 0x60 : 0xee - used * 16,
		       gone ? 0x60 : 0xee - used * 4);
	}
	printf("<text x=\"4\" y=\"%u\" font-size=\"11\" font-family=\"sans-serif\">%s; grey: reserved"
	       "</text>\n</svg>\n", rows * PIXELS + 24, text);
}

static int usage(void)
{
	fprintf(stderr, "usage: iova-dump [--svg] [--demo[=SEED]] [FILE]\n");
	return 2;
}

int main(int argc, char **argv)
{
	static struct picture pic;
	const char *name = NULL, *seed = NULL;
	char text[256];
	bool svg = false, ok;
	FILE *in = stdin;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--svg"))
			svg = true;
		else if (!strncmp(argv[i], "--demo", 6) && (!argv[i][6] || argv[i][6] == '='))
			seed = argv[i][6] ? argv[i] + 7 : "1";
		else if (argv[i][0] == '-' || name)
			return usage();
		else
			name = argv[i];
	}
	if (name && (seed || !(in = fopen(name, "r")))) {
		perror(name);
		return seed ? usage() : 2;
	}
	ok = seed ? demo(strtoull(seed, NULL, 0)) : read_file(in);
	if (in != stdin)
		fclose(in);
	if (!ok)
		return 1;
	take_picture(&pic);
	summary(text, sizeof(text));
	if (svg) {
		print_svg(&pic, text);
	} else {
		puts(text);
		print_text(&pic);
	}
	iova_space_destroy(space);
	return refused != 0;
}
