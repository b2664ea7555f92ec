/* SPDX-License-Identifier: MIT */
/*
 * route -- finds who answers a path.
 *
 * The rows live with their handlers in the routes_*.c files; the order in
 * which files and rows stand does not matter, since no prefix is another's
 * first segments.
 */
#include "config.h"

#include <string.h>

#include "base/buf.h"
#include "origin/reply.h"
#include "origin/route.h"

static const struct route_set *const route_sets[] = {
#define ROUTE_SET(name) &name,
	ROUTE_SETS(ROUTE_SET)
#undef ROUTE_SET
};

#define ROUTE_N_SETS (sizeof route_sets / sizeof *route_sets)

/* What follows the prefix; NULL when the route is not meant. */
static const char *
route_rest(const struct route *route, const char *path)
{
	size_t len = strlen(route->prefix);

	if (strncmp(path, route->prefix, len) != 0)
		return NULL;
	path += len;
	if (*path == '\0')
		return path;
	return *path == '/' && route->args != NULL ? path + 1 : NULL;
}

void
route_list(struct buf *out)
{
	size_t i, k;

	for (i = 0; i < ROUTE_N_SETS; i++)
		for (k = 0; k < route_sets[i]->n; k++) {
			const struct route *route = &route_sets[i]->rows[k];
			const char *args = route->args;
			size_t len = strlen(route->prefix);

			args = args == NULL ? "" : args;
			buf_printf(out, "  %s%-*s %s\n", route->prefix,
				len < 28 ? (int)(28 - len) : 0, args,
				route->brief);
		}
}

/* "/" is where people look first, so there the list is no error. */
static void
route_missing_serve(struct conn *conn, const char *rest)
{
	struct buf *text = reply_buf(conn);
	int home = strcmp(rest, "/") == 0;

	buf_add_text(text, home ? "fetchall-origin answers:\n" :
		"No such route. There are:\n");
	route_list(text);
	reply_send(conn, home ? 200 : 404, REPLY_PLAIN, text->data, text->len);
}

static const struct route route_missing = {
	.prefix = "",
	.brief = "the list of routes",
	.serve = route_missing_serve,
};

const struct route *
route_find(const char *path, const char **ret_rest)
{
	size_t i, k;

	for (i = 0; i < ROUTE_N_SETS; i++)
		for (k = 0; k < route_sets[i]->n; k++) {
			const struct route *route = &route_sets[i]->rows[k];
			const char *rest = route_rest(route, path);

			if (rest == NULL)
				continue;
			*ret_rest = rest;
			return route;
		}
	*ret_rest = path;
	return &route_missing;
}
