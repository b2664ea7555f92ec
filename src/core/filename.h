/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_FILENAME_H
#define FETCHALL_CORE_FILENAME_H

#include <stddef.h>

#include "core/component.h"

struct url;

/*
 * Paths of bodies below the output folder: relative, of the components that
 * core/component makes, so never absolute and without "." and "..".
 */

/* Bytes of the longest; an output folder may be as long as it is deep. */
#define FILENAME_MAX_LEN 3072

/*
 * The path that mirrors a URL, for free():
 *
 *   https://example.com/a/b.html       example.com/a/b.html
 *   https://example.com/a/             example.com/a/index.html
 *   https://example.com/s?q=x&n=1      example.com/s@q=x%26n=1
 *   http://example.com/a               example.com+80/a
 *   https://example.com:8443/a         example.com+https+8443/a
 *   https://example.com/index.html     example.com/%69ndex.html
 *   https://example.com//a@b           example.com/@/a%40b
 *   http://[::1]:81/.bashrc            %3A%3A1+81/%2Ebashrc
 *
 * https on its own port has the plain name; "+PORT" says http. Two URLs of
 * different text have different paths, whichever comes first, and with
 * COMPONENT_FOLD in `flags` also where case does not count.
 *
 * A path over FILENAME_MAX_LEN has its folders behind the first ones replaced
 * by one that is called after their hash.
 */
char *filename_mirror(const struct url *url, unsigned flags);

/*
 * The same path with a hash of `key`, a URL's text, before its extension: for
 * a URL whose name another one has. For free().
 */
char *filename_with_hash(const char *path, const char *key);

/* Makes a path that was joined from components short enough. */
void filename_shorten(struct buf *path);

/* The path of a URL without its first slash, and its query. */
struct filename_parts {
	const char *path;
	size_t path_len;
	const char *query;	/* behind the "?"; NULL: there is no "?" */
	size_t query_len;
};

struct filename_parts filename_split(const struct url *url);

/*
 * Adds the last segment of a URL's path: "index.html" for an empty one, and
 * for one of that name another.
 */
void filename_add_last(struct component *component, const char *p, size_t n);

/* Adds all folders of a URL's path to `out`, and its last segment to
 * `component`, which may have a beginning already. */
void filename_add_path(struct component *component, struct buf *out,
	const struct filename_parts *parts, unsigned flags);

#endif
