// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * netpeer                                  the far end, on stdin and stdout
 * netpeer up|down|both ADDRESS PORT BYTES  sends, receives, or both at once
 *
 * Both ends know what every byte has to be.  The client sends a header; the payload
 * follows in the direction or directions asked for; an end that received compares,
 * and the server ends with one byte: 'y' if what came up was right.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pattern.h"

#define CHUNK_BYTES 32768
#define UP_SEED 17
#define DOWN_SEED 42

struct header {
	uint64_t up_bytes;
	uint64_t down_bytes;
};

static int write_all(int fd, const void *buf, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, (const char *)buf + done, len - done);

		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

static int read_all(int fd, void *buf, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = read(fd, (char *)buf + done, len - done);

		if (n <= 0)
			return n ? -errno : -ECONNRESET;
		done += (size_t)n;
	}
	return 0;
}

static int send_payload(int fd, uint64_t bytes, uint64_t seed)
{
	static char buf[CHUNK_BYTES];
	int err = 0;

	for (uint64_t done = 0; done < bytes && !err; done += sizeof(buf)) {
		pattern_fill(buf, sizeof(buf), seed, done);
		err = write_all(fd, buf, sizeof(buf));
	}
	return err;
}

static int receive_payload(int fd, uint64_t bytes, uint64_t seed)
{
	static char buf[CHUNK_BYTES];

	for (uint64_t done = 0; done < bytes; done += sizeof(buf)) {
		int err = read_all(fd, buf, sizeof(buf));

		if (err)
			return err;
		if (pattern_check(buf, sizeof(buf), seed, done) >= 0)
			return -EILSEQ;
	}
	return 0;
}

/* Sends in a process of its own, so that both directions are busy at once. */
static int exchange(int in, uint64_t in_bytes, uint64_t in_seed, int out, uint64_t out_bytes,
		    uint64_t out_seed)
{
	pid_t sender = fork();
	int err, status;

	if (sender < 0)
		return -errno;
	if (!sender)
		_exit(send_payload(out, out_bytes, out_seed) ? 1 : 0);
	err = receive_payload(in, in_bytes, in_seed);
	if (err)
		kill(sender, SIGKILL);
	if (waitpid(sender, &status, 0) != sender || status)
		err = err ? err : -EPIPE;
	return err;
}

static int serve(void)
{
	struct header h;
	char verdict;

	if (read_all(0, &h, sizeof(h)))
		return 1;
	verdict = exchange(0, h.up_bytes, UP_SEED, 1, h.down_bytes, DOWN_SEED) ? 'n' : 'y';
	return write_all(1, &verdict, 1) || verdict != 'y';
}

static int call(struct sockaddr_in *addr, const struct header *h)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), err;
	char verdict = 0;

	if (fd < 0 || connect(fd, (struct sockaddr *)addr, sizeof(*addr)))
		return -errno;
	err = write_all(fd, h, sizeof(*h));
	if (!err)
		err = exchange(fd, h->down_bytes, DOWN_SEED, fd, h->up_bytes, UP_SEED);
	if (!err)
		err = read_all(fd, &verdict, 1);
	if (!err && verdict != 'y')
		err = -EBADMSG;
	close(fd);
	return err;
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	struct header h = { 0 };
	uint64_t bytes;
	int err;

	signal(SIGPIPE, SIG_IGN);
	if (argc == 1)
		return serve();
	if (argc != 5 || inet_pton(AF_INET, argv[2], &addr.sin_addr) != 1) {
		fprintf(stderr, "usage: netpeer | netpeer up|down|both ADDRESS PORT BYTES\n");
		return 2;
	}
	addr.sin_port = htons((uint16_t)atoi(argv[3]));
	bytes = strtoull(argv[4], NULL, 0) / CHUNK_BYTES * CHUNK_BYTES;
	if (strcmp(argv[1], "down"))
		h.up_bytes = bytes;
	if (strcmp(argv[1], "up"))
		h.down_bytes = bytes;
	err = call(&addr, &h);
	if (err)
		fprintf(stderr, "netpeer: %s of %llu bytes: %s\n", argv[1],
			(unsigned long long)bytes, strerror(-err));
	return err ? 1 : 0;
}
