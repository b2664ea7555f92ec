/* SPDX-License-Identifier: MIT */
/*
 * reference -- what a relative reference says in full.
 *
 * libcurl 7.88 would do this too, but gives the folder for "" and "#x", loses
 * a slash in "./?x", ".//x" and "..//x", refuses "http:x", keeps blanks around
 * and writes "+" for those in a query. Merging is a few lines; removing dot
 * segments stays with the parser that reads the result.
 */
#include "config.h"

#include <string.h>

#include "base/buf.h"
#include "url/reference.h"
#include "url/url.h"

void
reference_clean(struct buf *out, const char *ref, size_t max)
{
	size_t n = strlen(ref);
	size_t added = 0;
	int path = 1;

	while (n > 0 && (unsigned char)ref[n - 1] <= ' ')
		n--;
	while (n > 0 && (unsigned char)*ref <= ' ')
		ref++, n--;
	for (; n > 0 && added < max; ref++, n--) {
		if (*ref == '\t' || *ref == '\n' || *ref == '\r')
			continue;
		if (*ref == '?' || *ref == '#')
			path = 0;
		buf_add_char(out, path && *ref == '\\' ? '/' : *ref);
		added++;
	}
}

void
reference_merge(struct buf *out, const struct url *base, const char *ref)
{
	const char *path = base->text + base->origin_len;
	size_t len = strcspn(path, "?");

	if (ref[0] == '/')
		len = 0;
	else if (ref[0] != '?')
		while (len > 0 && path[len - 1] != '/')
			len--;
	buf_add(out, base->text, base->origin_len + len);
	buf_add_text(out, ref);
}
