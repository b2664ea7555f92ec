/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_ORIGIN_ROUTE_H
#define FETCHALL_ORIGIN_ROUTE_H

#include <stddef.h>

struct buf;
struct conn;

enum route_flags {
	ROUTE_ASIDE = 1 << 0,	/* not counted and not held up by --delay */
};

/* One thing the server can do. */
struct route {
	const char *prefix;	/* "/bytes" */
	const char *args;	/* "/N": what follows it, for people; NULL:
				 * nothing may follow */
	unsigned flags;
	const char *brief;
	/*
	 * Answers conn's request, now or through conn_later() and the like.
	 * `rest` is what follows the prefix and a slash, "" when nothing
	 * does; it lasts until the reply has ended.
	 */
	void (*serve)(struct conn *conn, const char *rest);
};

/* The routes of one file. */
struct route_set {
	const struct route *rows;
	size_t n;
};

#define ROUTE_ROWS(array) \
	.rows = (array), .n = sizeof(array) / sizeof *(array)

/* One word a file; each ends in `const struct route_set NAME`. */
#define ROUTE_SETS(X) \
	X(routes_plain) \
	X(routes_ranges) \
	X(routes_timed) \
	X(routes_hops) \
	X(routes_broken) \
	X(routes_counted) \
	X(site_routes)

#define ROUTE_DECLARE(name) extern const struct route_set name;
ROUTE_SETS(ROUTE_DECLARE)
#undef ROUTE_DECLARE

/*
 * The row for a path, *ret_rest as serve() wants it. For an unknown path it is
 * one that answers 404 with the list of routes.
 */
const struct route *route_find(const char *path, const char **ret_rest);

/* A line for each route. */
void route_list(struct buf *out);

#endif
