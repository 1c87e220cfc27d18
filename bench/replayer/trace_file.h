/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * trace_file.h - the lines of a trace file, plain or zstd-compressed.
 *
 * A file that starts with a zstd frame is decompressed as it is read; anything
 * else is taken for text.  A file that ends in mid-frame or in mid-line is an
 * error, never a short trace.
 */
#ifndef REPLAY_TRACE_FILE_H
#define REPLAY_TRACE_FILE_H

#include <stddef.h>
#include <stdint.h>

struct trace_file;

struct trace_error {
	uint64_t line; /* 0: the file as a whole */
	char text[256];
};

/* @path "-" is standard input.  NULL with *@err filled in. */
struct trace_file *trace_file_open(const char *path, struct trace_error *err);
void trace_file_close(struct trace_file *file);

/*
 * The next line without its newline, zero-terminated, valid until the next
 * call.  1: a line; 0: clean end of file; -1: *@err says what is wrong.
 */
int trace_file_line(struct trace_file *file, char **line, size_t *len, struct trace_error *err);

/* Bytes of the file read so far, and its size (0: not known), for progress. */
void trace_file_position(const struct trace_file *file, uint64_t *done, uint64_t *total);

#endif
