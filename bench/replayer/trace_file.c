/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* trace_file.c - reads a trace line by line; decompresses what is compressed. */
#include "trace_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

#define IN_BYTES (128u << 10)
/* A scatter list of 16 million segments still fits; a longer line is no trace. */
#define LINE_MAX_BYTES (256u << 20)

struct trace_file {
	FILE *in;
	unsigned char *raw; /* what was read from the file */
	size_t raw_len, raw_pos;
	bool raw_eof;
	bool compressed;
	size_t frame_left; /* last answer of the decompressor; 0: between frames */
	char *text;	   /* lines */
	size_t text_cap, text_len, text_pos;
	uint64_t line;
	uint64_t done, total;
#ifdef HAVE_ZSTD
	ZSTD_DStream *zstd;
#endif
};

static int fail(const struct trace_file *file, struct trace_error *err, const char *what,
		const char *detail)
{
	err->line = file->line + 1;
	snprintf(err->text, sizeof(err->text), "%s%s%s", what, detail ? ": " : "",
		 detail ? detail : "");
	return -1;
}

/* Fills raw[]; 0 or -1. */
static int read_raw(struct trace_file *file, struct trace_error *err)
{
	file->raw_pos = 0;
	file->raw_len = fread(file->raw, 1, IN_BYTES, file->in);
	file->done += file->raw_len;
	if (file->raw_len < IN_BYTES) {
		if (ferror(file->in))
			return fail(file, err, "cannot read", strerror(errno));
		file->raw_eof = true;
	}
	return 0;
}

/* A zstd frame, or one of the sixteen kinds of skippable frame (RFC 8878, 3.1). */
static bool is_zstd(const unsigned char *p, size_t len)
{
	uint32_t magic;

	if (len < 4)
		return false;
	magic = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
	return magic == 0xfd2fb528u || (magic & 0xfffffff0u) == 0x184d2a50u;
}

static bool start_zstd(struct trace_file *file, struct trace_error *err)
{
#ifdef HAVE_ZSTD
	file->zstd = ZSTD_createDStream();
	if (!file->zstd) {
		fail(file, err, "out of memory", NULL);
		return false;
	}
	return true;
#else
	fail(file, err, "compressed with zstd, and this program was built without libzstd", NULL);
	return false;
#endif
}

struct trace_file *trace_file_open(const char *path, struct trace_error *err)
{
	struct trace_file *file = calloc(1, sizeof(*file));
	struct stat st;

	err->line = 0;
	if (file)
		file->raw = malloc(IN_BYTES);
	if (!file || !file->raw) {
		snprintf(err->text, sizeof(err->text), "out of memory");
		goto fail;
	}
	file->in = strcmp(path, "-") ? fopen(path, "rb") : stdin;
	if (!file->in) {
		snprintf(err->text, sizeof(err->text), "cannot open: %s", strerror(errno));
		goto fail;
	}
	if (!fstat(fileno(file->in), &st)) {
		file->total = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
		if (S_ISDIR(st.st_mode)) {
			snprintf(err->text, sizeof(err->text), "is a directory");
			goto fail;
		}
	}
	if (read_raw(file, err))
		goto fail;
	file->compressed = is_zstd(file->raw, file->raw_len);
	if (file->compressed && !start_zstd(file, err))
		goto fail;
	return file;
fail:
	if (file)
		trace_file_close(file);
	return NULL;
}

void trace_file_close(struct trace_file *file)
{
#ifdef HAVE_ZSTD
	ZSTD_freeDStream(file->zstd);
#endif
	if (file->in && file->in != stdin)
		fclose(file->in);
	free(file->raw);
	free(file->text);
	free(file);
}

#ifdef HAVE_ZSTD
/* Decompresses into the room of text[]; bytes, 0 at the end, -1 with *err. */
static long more_zstd(struct trace_file *file, struct trace_error *err)
{
	ZSTD_outBuffer out = { file->text + file->text_len, file->text_cap - file->text_len, 0 };
	ZSTD_inBuffer in;

	while (!out.pos) {
		if (file->raw_pos == file->raw_len && !file->raw_eof && read_raw(file, err))
			return -1;
		/*
		 * With all input used the decompressor may still hold output: it says
		 * so by not returning 0.  If it then gives nothing, the frame is cut.
		 */
		in = (ZSTD_inBuffer){ file->raw, file->raw_len, file->raw_pos };
		if (in.pos == in.size && !file->frame_left)
			return 0;
		file->frame_left = ZSTD_decompressStream(file->zstd, &out, &in);
		if (ZSTD_isError(file->frame_left))
			return fail(file, err, "corrupt zstd data",
				    ZSTD_getErrorName(file->frame_left));
		if (in.pos == file->raw_pos && !out.pos && file->raw_eof)
			return fail(file, err, "truncated: the zstd stream ends in mid-frame", NULL);
		file->raw_pos = in.pos;
	}
	return (long)out.pos;
}
#endif

static long more_plain(struct trace_file *file, struct trace_error *err)
{
	size_t n, room = file->text_cap - file->text_len;

	if (file->raw_pos == file->raw_len && !file->raw_eof && read_raw(file, err))
		return -1;
	n = file->raw_len - file->raw_pos;
	if (n > room)
		n = room;
	memcpy(file->text + file->text_len, file->raw + file->raw_pos, n);
	file->raw_pos += n;
	return (long)n;
}

/* Appends to text[], making room first; as more_zstd(). */
static long more_text(struct trace_file *file, struct trace_error *err)
{
	long n;

	if (file->text_pos) {
		memmove(file->text, file->text + file->text_pos, file->text_len - file->text_pos);
		file->text_len -= file->text_pos;
		file->text_pos = 0;
	}
	if (file->text_len == file->text_cap) {
		size_t cap = file->text_cap ? file->text_cap * 2 : 2 * IN_BYTES;
		char *text = cap <= LINE_MAX_BYTES ? realloc(file->text, cap) : NULL;

		if (!text)
			return fail(file, err, "line too long", NULL);
		file->text = text;
		file->text_cap = cap;
	}
#ifdef HAVE_ZSTD
	n = file->compressed ? more_zstd(file, err) : more_plain(file, err);
#else
	n = more_plain(file, err);
#endif
	if (n > 0)
		file->text_len += (size_t)n;
	return n;
}

int trace_file_line(struct trace_file *file, char **line, size_t *len, struct trace_error *err)
{
	size_t scanned = 0;
	char *end = NULL;
	long n;

	for (;;) {
		size_t from = file->text_pos + scanned;

		if (from < file->text_len)
			end = memchr(file->text + from, '\n', file->text_len - from);
		if (end)
			break;
		scanned = file->text_len - file->text_pos;
		n = more_text(file, err);
		if (n < 0)
			return -1;
		if (n == 0 && !scanned)
			return 0;
		if (n == 0)
			return fail(file, err, "truncated: the last line does not end", NULL);
	}
	*line = file->text + file->text_pos;
	*len = (size_t)(end - *line);
	*end = '\0';
	file->text_pos += *len + 1;
	file->line++;
	return 1;
}

void trace_file_position(const struct trace_file *file, uint64_t *done, uint64_t *total)
{
	*done = file->done;
	*total = file->total;
}
