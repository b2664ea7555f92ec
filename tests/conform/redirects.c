/* SPDX-License-Identifier: MIT */
/*
 * redirects -- where a hop may lead, what becomes of the request on the way,
 * and that no secret goes to an origin it was not given for.
 *
 * /echo replies with the request itself, and an NDJSON line's "output" keeps
 * that for us to read.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "conform/promise.h"
#include "conform/trip.h"
#include "conform/world.h"
#include "core/result.h"
#include "unit.h"

/* --- where it leads --- */

struct hop {
	const char *note, *path;
	enum error_class class;
	const char *detail;
	unsigned code, hops;
	const char *end;	/* how url_effective ends */
};

static const struct hop hops[] = {
	{ "three hops", "/redirect/3", ERROR_NONE, NULL, 200, 3,
		"/redirect/0" },
	{ "as many as are allowed", "/redirect/10", ERROR_NONE, NULL, 200, 10,
		"/redirect/0" },
	{ "one more", "/redirect/11", ERROR_REDIRECT, "too_many", 302, 10,
		"/redirect/1" },
	{ "to itself", "/redirect-loop", ERROR_REDIRECT, "loop", 302, 1,
		"/redirect-loop" },
	{ "a path", "/redirect/1?to=/bytes/7", ERROR_NONE, NULL, 200, 1,
		"/bytes/7" },
	{ "a relative path", "/redirect/1?to=../bytes/7", ERROR_NONE, NULL,
		200, 1, "/bytes/7" },
	{ "a fragment is not sent", "/redirect/1?to=/bytes/7%23part",
		ERROR_NONE, NULL, 200, 1, "/bytes/7" },
	{ "to another scheme", "/redirect/1?to=ftp://127.0.0.1/",
		ERROR_REDIRECT, "blocked", 302, 0, "" },
	{ "to a file", "/redirect/1?to=file:///etc/passwd", ERROR_REDIRECT,
		"blocked", 302, 0, "" },
	{ "to no URL", "/redirect/1?to=http://[/", ERROR_REDIRECT,
		"bad_location", 302, 0, "" },
	{ "300 is an answer", "/redirect/1?code=300", ERROR_NONE, NULL, 300,
		0, "" },
	{ "304 is an answer", "/redirect/1?code=304", ERROR_NONE, NULL, 304,
		0, "" },
};

static int
hop_ends_well(const struct hop *hop, const struct result *record)
{
	const char *url = record->url_effective != NULL ?
		record->url_effective : record->url;
	size_t len = strlen(url), end = strlen(hop->end);

	return len >= end && strcmp(url + len - end, hop->end) == 0;
}

static void
assert_hop(const struct hop *hop, const struct result *record)
{
	const char *detail = record->error_detail;

	if (record->error_class == hop->class &&
	    (detail == NULL) == (hop->detail == NULL) &&
	    (detail == NULL || strcmp(detail, hop->detail) == 0) &&
	    record->response_code == hop->code &&
	    record->num_redirects == hop->hops &&
	    record->ok == (hop->class == ERROR_NONE) &&
	    hop_ends_well(hop, record))
		return;
	fail_msg("%s: class '%s', detail '%s', code %" PRIu64 ", %" PRIu64
		" hops to %s: %s", hop->note,
		error_class_name(record->error_class),
		detail != NULL ? detail : "", record->response_code,
		record->num_redirects, record->url_effective != NULL ?
		record->url_effective : "the same",
		record->errormsg != NULL ? record->errormsg : "");
}

static void
a_redirect_leads_to_its_end_or_its_record_says_why_not(
	const struct strategy *strategy)
{
	size_t n = sizeof hops / sizeof *hops, i;
	struct trip trip;

	trip_init(&trip, strategy);
	for (i = 0; i < n; i++)
		trip_add(&trip, "%s%s", world.here.url, hops[i].path);
	trip_complete(&trip);
	trip_assert_all(&trip, n);
	assert_int_equal(trip.n, n);
	for (i = 0; i < n; i++)
		assert_hop(&hops[i], trip_final(&trip, i + 1));
	trip_release(&trip);
}

static void
a_redirect_that_is_not_to_be_followed_is_an_answer(
	const struct strategy *strategy)
{
	const struct result *record;
	struct trip trip;

	trip_init(&trip, strategy);
	trip.settings.verdict.follow = 0;
	trip_add(&trip, "%s/redirect/3", world.here.url);
	trip_complete(&trip);
	record = trip_final(&trip, 1);
	assert_true(record->ok);
	assert_int_equal(record->response_code, 302);
	assert_int_equal(record->num_redirects, 0);
	assert_int_equal(world_stat(&world.here, "requests"), 1);
	trip_release(&trip);
}

#ifdef HAVE_JANSSON

/* --- secrets --- */

static const unsigned codes[] = { 301, 302, 303, 307, 308 };

/* How the user gave it: one of these. */
struct secret {
	const char *note;
	const char *needle;	/* in the request that has it */
	const char *userpwd, *cookie, *referer, *header;	/* of the run */
	const char *userinfo;	/* in the URL, with its "@" */
	const char *line;	/* an NDJSON line's own headers */
};

static const struct secret secrets[] = {
	{ .note = "-u", .needle = "bWU6c2VjcmV0", .userpwd = "me:secret" },
	{ .note = "-b", .needle = "secret", .cookie = "a=secret" },
	{ .note = "-e", .needle = "secret", .referer = "http://a/secret" },
	{ .note = "-H Authorization", .needle = "secret",
	  .header = "Authorization: Bearer secret" },
	{ .note = "-H of one's own", .needle = "secret",
	  .header = "X-Api-Key: secret" },
	{ .note = "-H Cookie", .needle = "secret",
	  .header = "Cookie: a=secret" },
	{ .note = "in the URL", .needle = "bWU6c2VjcmV0",
	  .userinfo = "me:secret@" },
	{ .note = "the line's Authorization", .needle = "secret",
	  .line = "\"Authorization\":\"Bearer secret\"" },
	{ .note = "the line's own", .needle = "secret",
	  .line = "\"X-Api-Key\":\"secret\"" },
};

static void
secret_add(struct trip *trip, const struct secret *secret, const char *path)
{
	const char *userinfo = secret->userinfo, *line = secret->line;

	trip_add(trip, "{\"url\":\"http://%s127.0.0.1:%u%s\","
		"\"headers\":{%s},\"output\":\"echo%zu\"}",
		userinfo != NULL ? userinfo : "", world.here.port, path,
		line != NULL ? line : "", (size_t)trip->seen);
	trip->seen++;
}

/* Reads and removes what the n-th line was replied; owned. */
static char *
take_echo(size_t n)
{
	char name[32];
	char *text;

	snprintf(name, sizeof name, "echo%zu", n);
	text = world_read(name);
	if (text == NULL)
		fail_msg("nothing was kept of line %zu", n);
	unlink(name);
	return text;
}

static void
assert_secret(const struct secret *secret, const char *where, unsigned code,
	size_t n, int wanted)
{
	char *text = take_echo(n);
	int there = strstr(text, secret->needle) != NULL;

	free(text);
	if (there != wanted)
		fail_msg("%s, %u to %s: %s", secret->note, code, where,
			there ? "it was sent" : "it was not sent");
}

static void
secret_set(struct run_settings *settings, const struct secret *secret,
	char *headers[1])
{
	settings->easy.userpwd = secret->userpwd;
	settings->easy.cookie = secret->cookie;
	settings->easy.referer = secret->referer;
	if (secret->header == NULL)
		return;
	headers[0] = mem_strdup(secret->header);
	settings->easy.headers = headers;
	settings->easy.n_headers = 1;
}

/* Every code, to the same origin and to three others. */
static void
secret_add_hops(struct trip *trip, const struct secret *secret)
{
	unsigned here = world.here.port, there = world.there.port;
	char path[256];
	size_t i;

	secret_add(trip, secret, "/echo");
	for (i = 0; i < sizeof codes / sizeof *codes; i++) {
		snprintf(path, sizeof path, "/redirect/2?code=%u&to=/echo",
			codes[i]);
		secret_add(trip, secret, path);
		snprintf(path, sizeof path, "/redirect/1?code=%u&to="
			"http://127.0.0.1:%u/echo", codes[i], there);
		secret_add(trip, secret, path);
		snprintf(path, sizeof path, "/redirect/1?code=%u&to="
			"http://localhost:%u/echo", codes[i], here);
		secret_add(trip, secret, path);
		snprintf(path, sizeof path, "/redirect/1?code=%u&to="
			"http://127.0.0.1:%u/redirect/1%%3Fto=/echo", codes[i],
			there);
		secret_add(trip, secret, path);
	}
}

static void
secret_run(const struct strategy *strategy, const struct secret *secret)
{
	char *headers[1] = { NULL };
	struct trip trip;
	size_t n = 0, i;

	trip_init(&trip, strategy);
	trip.format = SOURCE_NDJSON;
	trip_save(&trip);
	secret_set(&trip.settings, secret, headers);
	secret_add_hops(&trip, secret);
	trip_complete(&trip);
	trip_assert_all(&trip, trip.seen);
	assert_int_equal(trip.counters.ok, trip.seen);
	assert_secret(secret, "nowhere else", 200, n++, 1);
	for (i = 0; i < sizeof codes / sizeof *codes; i++) {
		assert_secret(secret, "itself", codes[i], n++, 1);
		assert_secret(secret, "another port", codes[i], n++, 0);
		assert_secret(secret, "another host", codes[i], n++, 0);
		assert_secret(secret, "further on", codes[i], n++, 0);
	}
	free(headers[0]);
	trip_release(&trip);
}

static void
secrets_reach_the_origin_they_are_for_and_no_other(
	const struct strategy *strategy)
{
	size_t i;

	for (i = 0; i < sizeof secrets / sizeof *secrets; i++)
		secret_run(strategy, &secrets[i]);
}

static void
what_is_no_secret_goes_along(const struct strategy *strategy)
{
	char accept[] = "Accept-Language: de";
	char *headers[] = { accept };
	struct trip trip;
	char *text;

	trip_init(&trip, strategy);
	trip.format = SOURCE_NDJSON;
	trip_save(&trip);
	trip.settings.easy.headers = headers;
	trip.settings.easy.n_headers = 1;
	trip_add(&trip, "{\"url\":\"%s/redirect/1?to=%s/echo\","
		"\"output\":\"echo0\"}", world.here.url, world.there.url);
	trip_complete(&trip);
	assert_true(trip_final(&trip, 1)->ok);
	text = take_echo(0);
	assert_non_null(strstr(text, accept));
	assert_non_null(strstr(text, "User-Agent: conform"));
	free(text);
	trip_release(&trip);
}

/* A handle that sent one URL's password must not send it for the next. */
static void
secrets_of_one_url_are_not_sent_for_another(const struct strategy *strategy)
{
	static const struct secret secret = {
		.note = "the neighbour", .needle = "bWU6c2VjcmV0",
		.userinfo = "me:secret@",
	};
	static const struct secret none = { .note = "none" };
	struct trip trip;
	size_t i;

	trip_init(&trip, strategy);
	trip.format = SOURCE_NDJSON;
	trip_save(&trip);
	trip.settings.concurrency = 2;
	for (i = 0; i < 20; i++)
		secret_add(&trip, i % 2 == 0 ? &secret : &none, "/echo");
	trip_complete(&trip);
	trip_assert_all(&trip, 20);
	for (i = 0; i < 20; i++)
		assert_secret(&secret, "another URL", 200, i, i % 2 == 0);
	trip_release(&trip);
}

/* --- methods and bodies --- */

struct method {
	const char *method, *body;	/* of the line; NULL: not said */
	unsigned code;
	const char *begins;	/* the last hop's request */
	int kept;		/* the body and what is said about it */
};

/* RFC 9110 section 15.4; GET for POST is what browsers made of 301, 302. */
static const struct method methods[] = {
	{ NULL, NULL, 302, "GET /echo ", 0 },
	{ NULL, "body=1", 301, "GET /echo ", 0 },
	{ NULL, "body=1", 307, "POST /echo ", 1 },
	{ "POST", "body=1", 301, "GET /echo ", 0 },
	{ "POST", "body=1", 302, "GET /echo ", 0 },
	{ "POST", "body=1", 303, "GET /echo ", 0 },
	{ "POST", "body=1", 307, "POST /echo ", 1 },
	{ "POST", "body=1", 308, "POST /echo ", 1 },
	{ "PUT", "body=1", 301, "PUT /echo ", 1 },
	{ "PUT", "body=1", 302, "PUT /echo ", 1 },
	{ "PUT", "body=1", 303, "GET /echo ", 0 },
	{ "PUT", "body=1", 308, "PUT /echo ", 1 },
	{ "DELETE", NULL, 302, "DELETE /echo ", 0 },
	{ "DELETE", NULL, 303, "GET /echo ", 0 },
	{ "OPTIONS", NULL, 307, "OPTIONS /echo ", 0 },
};

static void
method_add(struct trip *trip, const struct method *row, size_t n)
{
	trip_add(trip, "{\"url\":\"%s/redirect/2?code=%u&to=/echo\","
		"%s%s%s%s%s%s\"headers\":{\"Content-Type\":\"text/x-one\"},"
		"\"output\":\"echo%zu\"}", world.here.url, row->code,
		row->method != NULL ? "\"method\":\"" : "",
		row->method != NULL ? row->method : "",
		row->method != NULL ? "\"," : "",
		row->body != NULL ? "\"body\":\"" : "",
		row->body != NULL ? row->body : "",
		row->body != NULL ? "\"," : "", n);
}

static void
assert_method(const struct method *row, size_t n)
{
	char *text = take_echo(n);
	int right = strncmp(text, row->begins, strlen(row->begins)) == 0;

	if (row->kept)
		right = right && strstr(text, "body=1") != NULL &&
			strstr(text, "text/x-one") != NULL;
	else if (row->body != NULL)
		right = right && strstr(text, "body=1") == NULL &&
			strstr(text, "Content-") == NULL;
	if (!right)
		fail_msg("%s with %u became %s", row->method != NULL ?
			row->method : "no method", row->code, text);
	free(text);
}

static void
methods_and_bodies_follow_rfc_9110(const struct strategy *strategy)
{
	size_t n = sizeof methods / sizeof *methods, i;
	struct trip trip;

	trip_init(&trip, strategy);
	trip.format = SOURCE_NDJSON;
	trip_save(&trip);
	for (i = 0; i < n; i++)
		method_add(&trip, &methods[i], i);
	trip_complete(&trip);
	trip_assert_all(&trip, n);
	for (i = 0; i < n; i++)
		assert_method(&methods[i], i);
	trip_release(&trip);
}

static void
head_stays_head(const struct strategy *strategy)
{
	struct trip trip;
	size_t i;

	trip_init(&trip, strategy);
	trip.format = SOURCE_NDJSON;
	trip_save(&trip);
	for (i = 0; i < sizeof codes / sizeof *codes; i++)
		trip_add(&trip, "{\"url\":\"%s/redirect/1?code=%u"
			"&to=/bytes/100\",\"method\":\"HEAD\"}",
			world.here.url, codes[i]);
	trip_complete(&trip);
	trip_assert_all(&trip, i);
	assert_int_equal(trip.counters.ok, i);
	for (i = 0; i < trip.n; i++) {
		assert_string_equal(trip.records[i]->method, "HEAD");
		assert_int_equal(trip.records[i]->size_download, 0);
	}
	trip_release(&trip);
}

#endif

static const struct promise promises[] = {
	PROMISE(a_redirect_leads_to_its_end_or_its_record_says_why_not),
	PROMISE(a_redirect_that_is_not_to_be_followed_is_an_answer),
#ifdef HAVE_JANSSON
	PROMISE(secrets_reach_the_origin_they_are_for_and_no_other),
	PROMISE(what_is_no_secret_goes_along),
	PROMISE(secrets_of_one_url_are_not_sent_for_another),
	PROMISE(methods_and_bodies_follow_rfc_9110),
	PROMISE(head_stays_head),
#endif
};

const struct promise_set promises_redirects = { PROMISE_ROWS(promises) };
