/* SPDX-License-Identifier: MIT */
/*
 * nearest -- the name somebody probably meant.
 *
 * Counts letters added, dropped, changed or swapped with their neighbour (the
 * slips of typing fingers). Words that are part of a name are near as well:
 * who types `timeout` is helped by `connect-timeout`.
 */
#include "config.h"

#include <string.h>
#include <strings.h>

#include "opt/opt.h"

#define NEAREST_MAX 64	/* longer words are no names */

static size_t
nearest_least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int
nearest_same(char a, char b)
{
	return strncasecmp(&a, &b, 1) == 0;
}

/* Optimal string alignment, in three rows of its matrix. */
static size_t
nearest_distance(const char *a, const char *b)
{
	size_t rows[3][NEAREST_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2], *spare;
	size_t n_b = strlen(b), i, j;

	for (j = 0; j <= n_b; j++)
		last[j] = j;
	for (i = 1; a[i - 1] != '\0'; i++) {
		row[0] = i;
		for (j = 1; j <= n_b; j++) {
			row[j] = nearest_least(last[j], row[j - 1]) + 1;
			row[j] = nearest_least(row[j], last[j - 1] +
				!nearest_same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 &&
			    nearest_same(a[i - 1], b[j - 2]) &&
			    nearest_same(a[i - 2], b[j - 1]))
				row[j] = nearest_least(row[j],
					before[j - 2] + 1);
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[n_b];
}

/* The larger the farther; above `limit` is too far. */
static size_t
nearest_cost(const char *word, const char *name, size_t limit)
{
	size_t len = strlen(word), n_name = strlen(name), cost;

	if (n_name > NEAREST_MAX)
		return limit + 1;
	cost = nearest_distance(word, name);
	/* Nothing in common: all letters were changed. */
	if (cost >= len || cost >= n_name)
		cost = limit + 1;
	if (len >= 3 && strncasecmp(word, name, len) == 0)
		return nearest_least(cost, 1);
	if (len >= 4 && strcasestr(name, word) != NULL)
		return nearest_least(cost, limit);
	return cost;
}

const char *
opt_nearest(const char *word, const char *const *names)
{
	size_t len = strlen(word), limit = (len + 2) / 3;
	size_t least = limit + 1, cost;
	const char *best = NULL;

	if (len == 0 || len > NEAREST_MAX)
		return NULL;
	for (; *names != NULL; names++) {
		cost = nearest_cost(word, *names, limit);
		if (cost < least) {
			least = cost;
			best = *names;
		}
	}
	return best;
}
