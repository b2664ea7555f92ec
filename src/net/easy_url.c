/* SPDX-License-Identifier: MIT */
/*
 * easy_url -- the request's URL, handed over in parts that are parsed already.
 *
 * Given a text libcurl parses it, prints it anew and takes that apart: a sixth
 * of all it does for a small reply. Given a CURLU it copies five strings, and
 * between two URLs of one origin only path and query differ. libcurl parses
 * each origin itself still, so what it fetches is what it read.
 */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "net/easy_handle.h"
#include "url/url.h"

/* A URL of another origin than the last one: all of it, by libcurl. */
static CURLUcode
easy_parts_parse(struct easy *easy, const struct url *url)
{
	CURLUcode code;

	if (easy->parts == NULL)
		easy->parts = curl_url();
	free(easy->parts_origin);
	easy->parts_origin = NULL;
	code = curl_url_set(easy->parts, CURLUPART_URL, url->text,
		CURLU_DISALLOW_USER);
	if (code == CURLUE_OK)
		easy->parts_origin = mem_strndup(url->text, url->origin_len);
	return code;
}

/* The same origin as the last one. */
static CURLUcode
easy_parts_change(struct easy *easy, const struct url *url)
{
	const char *path = url->text + url->origin_len;
	const char *query = strchr(path, '?');
	char *alone = NULL;
	CURLUcode code;

	if (query != NULL)
		path = alone = mem_strndup(path, (size_t)(query++ - path));
	code = curl_url_set(easy->parts, CURLUPART_PATH, path, 0);
	if (code == CURLUE_OK)
		code = curl_url_set(easy->parts, CURLUPART_QUERY, query, 0);
	free(alone);
	return code;
}

static int
easy_parts_hold_origin(const struct easy *easy, const struct url *url)
{
	return easy->parts_origin != NULL &&
		strncmp(easy->parts_origin, url->text, url->origin_len) == 0 &&
		easy->parts_origin[url->origin_len] == '\0';
}

void
easy_url_set(struct easy *easy, const struct url *url)
{
	CURLUcode code = CURLUE_OK;
	CURLU *parts = NULL;

	/* It rewrites the hex digits of a part that is set alone. */
	if (strchr(url->text, '%') == NULL) {
		code = easy_parts_hold_origin(easy, url) ?
			easy_parts_change(easy, url) :
			easy_parts_parse(easy, url);
		parts = easy->parts;
	}
	if (code != CURLUE_OK)
		easy->setup = CURLE_URL_MALFORMAT;
	/* CURLINFO_EFFECTIVE_URL and some errors tell of the text. */
	EASY_SET(easy, CURLOPT_URL, url->text);
	EASY_SET(easy, CURLOPT_CURLU, parts);
}
