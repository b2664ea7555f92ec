/* SPDX-License-Identifier: MIT */
/*
 * filename -- where the body of a URL is kept.
 *
 * A name depends on the URL and on nothing else: not on the order of the
 * list, not on what other URLs there are. That is what a second run finds its
 * files by. So what two URLs could share is told apart at once and for all:
 * scheme and port in the host's name, the index of a folder from a file that
 * is called index.html.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/filename.h"
#include "url/url.h"

#define FILENAME_INDEX "index.html"
/* Components may need thrice their length, and are cut to 250 each. */
#define FILENAME_TEXT_MAX (1u << 24)

struct filename_parts
filename_split(const struct url *url)
{
	struct filename_parts parts = { .path = url->text + url->origin_len };

	if (*parts.path == '/')
		parts.path++;
	parts.path_len = strcspn(parts.path, "?");
	if (parts.path[parts.path_len] == '?') {
		parts.query = parts.path + parts.path_len + 1;
		parts.query_len = strlen(parts.query);
	}
	return parts;
}

static void
filename_add_host(struct component *component, const struct url *url)
{
	char port[32];
	int n = 0;

	component_add(component, url->text + url->host_off, url->host_len);
	if (!url->https)
		n = snprintf(port, sizeof port, "+%u", url->port);
	else if (url->port != 443)
		n = snprintf(port, sizeof port, "+https+%u", url->port);
	component_put(component, port, (size_t)n, 0);
}

void
filename_add_last(struct component *component, const char *p, size_t n)
{
	if (n == 0) {
		component_put(component, FILENAME_INDEX,
			strlen(FILENAME_INDEX), 0);
	} else if (n == strlen(FILENAME_INDEX) &&
	    memcmp(p, FILENAME_INDEX, n) == 0) {
		component_put(component, "%69", 3, 0);
		component_add(component, p + 1, n - 1);
	} else {
		component_add(component, p, n);
	}
}

void
filename_add_path(struct component *component, struct buf *out,
	const struct filename_parts *parts, unsigned flags)
{
	const char *at = parts->path, *end = at + parts->path_len, *slash;

	while ((slash = memchr(at, '/', (size_t)(end - at))) != NULL) {
		component_add(component, at, (size_t)(slash - at));
		component_end(component, out, flags);
		buf_add_char(out, '/');
		at = slash + 1;
	}
	filename_add_last(component, at, (size_t)(end - at));
}

char *
filename_mirror(const struct url *url, unsigned flags)
{
	struct filename_parts parts = filename_split(url);
	struct component component;
	struct buf path;

	component_init(&component);
	buf_init(&path, FILENAME_TEXT_MAX);
	filename_add_host(&component, url);
	component_end(&component, &path, flags);
	buf_add_char(&path, '/');
	filename_add_path(&component, &path, &parts, flags);
	if (parts.query != NULL) {
		component_put(&component, "@", 1, 0);
		component_add(&component, parts.query, parts.query_len);
	}
	component_end(&component, &path, flags);
	component_release(&component);
	filename_shorten(&path);
	return buf_take(&path);
}

static size_t
filename_last(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? (size_t)(slash + 1 - path) : 0;
}

/*
 * "@~HASH" stands for the folders left out. No component begins with "@" but
 * the one of nothing.
 */
void
filename_shorten(struct buf *path)
{
	char hash[COMPONENT_HASH];
	size_t last, keep;
	char *name;

	if (path->len <= FILENAME_MAX_LEN)
		return;
	component_hash(hash, path->data, path->len);
	last = filename_last(path->data);
	keep = FILENAME_MAX_LEN - COMPONENT_HASH - 2 - (path->len - last);
	while (path->data[keep - 1] != '/')
		keep--;
	name = mem_strdup(path->data + last);
	buf_cut(path, keep);
	buf_printf(path, "@~%s/%s", hash, name);
	free(name);
}

char *
filename_with_hash(const char *path, const char *key)
{
	size_t last = filename_last(path);
	char hash[COMPONENT_HASH];
	struct buf out;

	component_hash(hash, key, strlen(key));
	buf_init(&out, FILENAME_TEXT_MAX);
	buf_add(&out, path, last);
	component_add_hashed(&out, path + last, strlen(path + last), hash);
	filename_shorten(&out);
	return buf_take(&out);
}
