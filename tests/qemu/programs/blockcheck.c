// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * blockcheck write|verify FILE BLOCK_BYTES TOTAL_BYTES SEED [JOBS]
 *
 * write: JOBS processes (default 1) fill the file's first TOTAL_BYTES with a pattern,
 * past the page cache and in blocks of BLOCK_BYTES, out of order; then each reads its
 * blocks back and compares.  verify: only reads, which works on an image file too.
 * Buffers start at every 512-byte offset of a page in turn.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pattern.h"

#define SECTOR_BYTES 512
#define PAGE_BYTES 4096

static const char *path;
static size_t block_bytes;
static uint64_t blocks, seed;
static unsigned int jobs = 1;

static void die(const char *what, uint64_t offset_bytes)
{
	fprintf(stderr, "blockcheck: %s at %llu%s%s\n", what, (unsigned long long)offset_bytes,
		errno ? ": " : "", errno ? strerror(errno) : "");
	exit(1);
}

/* A fixed permutation of 0 .. blocks-1: a stride that has no factor in common. */
static uint64_t stride(void)
{
	uint64_t s = blocks * 5 / 8 | 1, a, b, t;

	for (;; s += 2) {
		for (a = s, b = blocks; b; t = a % b, a = b, b = t)
			;
		if (a == 1)
			return s % blocks ? s % blocks : 1;
	}
}

static void write_blocks(int fd, char *area, unsigned int job)
{
	uint64_t step = stride();

	for (uint64_t i = job; i < blocks; i += jobs) {
		char *buf = area + i % (PAGE_BYTES / SECTOR_BYTES) * SECTOR_BYTES;
		uint64_t offset = i * step % blocks * block_bytes;

		pattern_fill(buf, block_bytes, seed, offset);
		if (pwrite(fd, buf, block_bytes, (off_t)offset) != (ssize_t)block_bytes)
			die("write", offset);
	}
	if (fsync(fd))
		die("fsync", 0);
}

static void verify_blocks(int fd, char *area, unsigned int job)
{
	uint64_t step = stride();

	for (uint64_t i = job; i < blocks; i += jobs) {
		char *buf = area + (i + 3) % (PAGE_BYTES / SECTOR_BYTES) * SECTOR_BYTES;
		uint64_t offset = i * step % blocks * block_bytes;
		long bad;

		memset(buf, 0xee, block_bytes);
		if (pread(fd, buf, block_bytes, (off_t)offset) != (ssize_t)block_bytes)
			die("read", offset);
		bad = pattern_check(buf, block_bytes, seed, offset);
		if (bad >= 0) {
			errno = 0;
			die("wrong data", offset + (uint64_t)bad);
		}
	}
}

static void run_job(bool do_write, unsigned int job)
{
	int fd = open(path, (do_write ? O_RDWR : O_RDONLY) | O_DIRECT);
	void *area;

	if (fd < 0 && !do_write && errno == EINVAL)
		fd = open(path, O_RDONLY); /* a file system without O_DIRECT */
	if (fd < 0)
		die("open", 0);
	if (posix_memalign(&area, PAGE_BYTES, block_bytes + PAGE_BYTES))
		die("memory", 0);
	if (do_write)
		write_blocks(fd, area, job);
	verify_blocks(fd, area, job);
	exit(0);
}

int main(int argc, char **argv)
{
	int bad = 0, status;

	if (argc < 6 || (strcmp(argv[1], "write") && strcmp(argv[1], "verify"))) {
		fprintf(stderr, "usage: blockcheck write|verify FILE BLOCK TOTAL SEED [JOBS]\n");
		return 2;
	}
	path = argv[2];
	block_bytes = strtoull(argv[3], NULL, 0);
	seed = strtoull(argv[5], NULL, 0);
	if (!block_bytes || block_bytes % SECTOR_BYTES) {
		fprintf(stderr, "blockcheck: blocks are multiples of %d\n", SECTOR_BYTES);
		return 2;
	}
	blocks = strtoull(argv[4], NULL, 0) / block_bytes;
	if (argc > 6)
		jobs = (unsigned int)atoi(argv[6]);
	if (!blocks || !jobs) {
		fprintf(stderr, "blockcheck: nothing to do\n");
		return 2;
	}
	for (unsigned int job = 0; job < jobs; job++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork", 0);
		if (!pid)
			run_job(!strcmp(argv[1], "write"), job);
	}
	while (wait(&status) > 0)
		bad |= status;
	return bad ? 1 : 0;
}
