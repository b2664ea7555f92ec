/* SPDX-License-Identifier: MIT */
/*
 * site -- a web site made up on the fly: under every page ten more, as deep as
 * anyone cares to follow. The path decides all of a page, so two visits, or
 * two runs, see the same one.
 */
#include "config.h"

#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "origin/conn.h"
#include "origin/reply.h"
#include "origin/route.h"

#define SITE_BREADTH 10
#define SITE_WORDS 60

static const char *const site_words[16] = {
	"amber", "brook", "cedar", "dune", "ember", "fjord", "grove", "harbour",
	"island", "juniper", "kestrel", "lagoon", "meadow", "north", "orchard",
	"pebble",
};

/* Digits, one a segment; *ret_depth is how many. -1: no such page. */
static int
site_depth(const char *rest, size_t *ret_depth)
{
	size_t depth = 0;

	while (*rest != '\0') {
		if (*rest < '0' || *rest > '9')
			return -1;
		depth++;
		if (*++rest == '/')
			rest++;
		else if (*rest != '\0')
			return -1;
	}
	*ret_depth = depth;
	return 0;
}

static void
site_prose(struct buf *page, const char *rest)
{
	static const uint64_t seed[2] = { 1, 2 };
	uint64_t hash = map_hash(seed, rest, strlen(rest));
	unsigned i;

	buf_add_text(page, "<p>");
	for (i = 0; i < SITE_WORDS; i++) {
		buf_add_text(page, site_words[hash % 16]);
		buf_add_char(page, i % 12 == 11 ? '\n' : ' ');
		/* Steps of a linear congruential generator; Knuth's. */
		hash = (hash >> 4 | hash << 60) *
			UINT64_C(6364136223846793005) + 1;
	}
	buf_add_text(page, "</p>\n");
}

static void
site_page(struct conn *conn, const char *rest, size_t depth)
{
	struct buf *page = reply_buf(conn);
	unsigned i;

	buf_printf(page, "<!DOCTYPE html>\n<html><head><title>Page /%s</title>"
		"</head>\n<body>\n<h1>Page /%s</h1>\n", rest, rest);
	site_prose(page, rest);
	buf_add_text(page, "<ul>\n");
	for (i = 0; i < SITE_BREADTH; i++)
		buf_printf(page, "<li><a href=\"%u/\">%s %u</a></li>\n", i,
			site_words[(depth + i) % 16], i);
	buf_add_text(page, "</ul>\n");
	if (depth > 0)
		buf_add_text(page, "<p><a href=\"../\">up</a> "
			"<a href=\"/site/\">home</a></p>\n");
	buf_add_text(page, "</body></html>\n");
	reply_send(conn, 200, "Content-Type: text/html\r\n", page->data,
		page->len);
}

/* The links are relative: without its slash a page's would go astray. */
static void
site_add_slash(struct conn *conn)
{
	struct buf extra;

	buf_init(&extra, REQUEST_TARGET_MAX + 256);
	buf_printf(&extra, REPLY_PLAIN "Location: %s/\r\n",
		conn->request.path);
	reply_send(conn, 301, extra.data, NULL, 0);
	buf_release(&extra);
}

static void
site_serve(struct conn *conn, const char *rest)
{
	const char *path = conn->request.path;
	size_t depth;

	if (site_depth(rest, &depth) != 0)
		reply_text(conn, 404, "no such page\n");
	else if (path[strlen(path) - 1] != '/')
		site_add_slash(conn);
	else
		site_page(conn, rest, depth);
}

static const struct route site_rows[] = {
	{ .prefix = "/site", .args = "/[D/]...", .serve = site_serve,
	  .brief = "a web site: every page links to ten more" },
};

const struct route_set site_routes = { ROUTE_ROWS(site_rows) };
