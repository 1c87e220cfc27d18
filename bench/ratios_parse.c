// SPDX-License-Identifier: GPL-2.0-only OR MIT
#define _GNU_SOURCE
#include "config.h"
#include "ratios_parse.h"

#include <errno.h>
#ifdef HAVE_JSONC
#include <json-c/json.h>
#endif
#include <stdlib.h>
#include <string.h>

int rounds_parse_count(unsigned *count, const char *text, unsigned least)
{
	char *end;
	unsigned long n;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	n = strtoul(text, &end, 10);
	if (*end || n < least || n > ROUNDS_MAX)
		return -EINVAL;
	*count = (unsigned)n;
	return 0;
}

int rounds_parse_lines(struct rounds *rounds, FILE *in)
{
	char line[128], rest;

	while (fgets(line, sizeof(line), in)) {
		if (rounds->n == ROUNDS_MAX ||
		    sscanf(line, "%lf %lf %c", &rounds->ours[rounds->n], &rounds->peer[rounds->n],
			   &rest) != 2)
			return -EINVAL;
		rounds->n++;
	}
	return 0;
}

#ifdef HAVE_JSONC
static int get_array(double *to, size_t *n, struct json_object *object, const char *key)
{
	struct json_object *array;
	size_t i;

	if (!json_object_object_get_ex(object, key, &array) ||
	    !json_object_is_type(array, json_type_array))
		return -EINVAL;
	*n = json_object_array_length(array);
	if (*n > ROUNDS_MAX)
		return -EINVAL;
	for (i = 0; i < *n; i++)
		to[i] = json_object_get_double(json_object_array_get_idx(array, i));
	return 0;
}

int rounds_parse_json(struct rounds *rounds, FILE *in)
{
	struct json_object *object;
	char *text = NULL;
	size_t size = 0, nr_peer = 0;
	int err = 0;

	if (getdelim(&text, &size, 0, in) < 0) {
		free(text);
		return -EINVAL;
	}
	object = json_tokener_parse(text);
	free(text);
	if (!object)
		return -EINVAL;
	if (get_array(rounds->ours, &rounds->n, object, "ours_ns") ||
	    get_array(rounds->peer, &nr_peer, object, "peer_ns") || nr_peer != rounds->n)
		err = -EINVAL;
	json_object_put(object);
	return err;
}
#else
int rounds_parse_json(struct rounds *rounds, FILE *in)
{
	(void)rounds, (void)in;
	return -ENOTSUP;
}
#endif
