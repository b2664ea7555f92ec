/* SPDX-License-Identifier: MIT */
/*
 * bodies -- what a server sent is what those who keep bodies are given: whole,
 * or not at all.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "conform/promise.h"
#include "conform/trip.h"
#include "conform/world.h"
#include "core/result.h"
#include "unit.h"

#define MIB ((size_t)1 << 20)

/* Byte i of /bytes and /chunked is 'a' + i % 26. */
static void
assert_alphabet(const struct trip_body *body, size_t n)
{
	size_t i;

	if (!body->whole && n > 0)
		fail_msg("URL %" PRIu64 " has no body", body->seq);
	if (body->n != n)
		fail_msg("URL %" PRIu64 ": %zu bytes, not %zu", body->seq,
			body->n, n);
	for (i = 0; i < n; i++)
		if (body->p[i] != 'a' + (int)(i % 26))
			fail_msg("URL %" PRIu64 " differs at %zu", body->seq,
				i);
}

/* The one that is no hop. */
static const struct trip_body *
body_of(const struct trip *trip, uint64_t seq)
{
	const struct trip_body *found = NULL;
	size_t i;

	for (i = 0; i < trip->n_bodies; i++)
		if (trip->bodies[i].seq == seq && !trip->bodies[i].hop) {
			assert_null(found);
			found = &trip->bodies[i];
		}
	if (found == NULL)
		fail_msg("URL %" PRIu64 " never came", seq);
	return found;
}

static void
good_bodies_arrive_whole_however_they_are_sent(
	const struct strategy *strategy)
{
	static const struct {
		const char *path;
		size_t n;
	} cases[] = {
		{ "/empty", 0 }, { "/bytes/0", 0 }, { "/bytes/1", 1 },
		{ "/bytes/5000", 5000 }, { "/chunked/0", 0 },
		{ "/chunked/1", 1 }, { "/chunked/12345", 12345 },
		{ "/bytes/1MiB", MIB }, { "/bytes/3MiB", 3 * MIB },
		{ "/chunked/3MiB", 3 * MIB },
		{ "/redirect/2?to=/bytes/77", 77 },
	};
	static const unsigned keeps[] = { RUN_KEEP_GOOD, RUN_KEEP_ALL };
	size_t n = sizeof cases / sizeof *cases, i, k;
	struct trip trip;

	for (k = 0; k < 2; k++) {
		trip_init(&trip, strategy);
		trip_keep(&trip, keeps[k]);
		for (i = 0; i < n; i++)
			trip_add(&trip, "%s%s", world.here.url, cases[i].path);
		trip_complete(&trip);
		trip_assert_all(&trip, n);
		assert_int_equal(trip.counters.ok, n);
		for (i = 0; i < n; i++)
			assert_alphabet(body_of(&trip, i + 1), cases[i].n);
		trip_release(&trip);
	}
}

/* There are fewer places for bodies than URLs, and less memory than bytes. */
static void
many_bodies_share_few_places(const struct strategy *strategy)
{
	struct trip trip;
	size_t i;

	trip_init(&trip, strategy);
	trip_keep(&trip, RUN_KEEP_GOOD);
	trip.settings.buffer = MIB;
	for (i = 0; i < 400; i++)
		trip_add(&trip, "%s/bytes/%zu", world.here.url,
			i * 7919 % 60000);
	trip_complete(&trip);
	trip_assert_all(&trip, 400);
	assert_int_equal(trip.n_bodies, 400);
	for (i = 0; i < 400; i++)
		assert_alphabet(body_of(&trip, i + 1), i * 7919 % 60000);
	trip_release(&trip);
}

/* A retried attempt is no good one; its URL's last is. */
static const struct {
	const char *note, *path;
	int good, whole;	/* for who wants good ones, and all whole
				 * ones */
} kinds[] = {
	{ "good", "/bytes/10", 1, 1 },
	{ "not found", "/status/404", 0, 1 },
	{ "an error of the server's", "/status/500", 0, 1 },
	{ "not modified", "/status/304", 1, 1 },
	{ "cut short", "/cut", 0, 0 },
	{ "a chunk that was cut", "/cut?chunked=1", 0, 0 },
	{ "reset on the way", "/reset?bytes=100", 0, 0 },
	{ "larger than allowed", "/bytes/5MiB", 0, 0 },
	{ "without an end", "/endless", 0, 0 },
	{ "to another scheme", "/redirect/1?to=ftp://127.0.0.1/", 0, 1 },
};

static void
no_half_body_arrives_and_bad_ones_only_where_all_are_wanted(
	const struct strategy *strategy)
{
	static const unsigned keeps[] = { RUN_KEEP_GOOD, RUN_KEEP_ALL };
	size_t n = sizeof kinds / sizeof *kinds, i, k;
	const struct trip_body *body;
	struct trip trip;
	int wanted;

	for (k = 0; k < 2; k++) {
		trip_init(&trip, strategy);
		trip_keep(&trip, keeps[k]);
		trip.settings.easy.max_body = 4 * MIB;
		for (i = 0; i < n; i++)
			trip_add(&trip, "%s%s", world.here.url, kinds[i].path);
		trip_complete(&trip);
		trip_assert_all(&trip, n);
		for (i = 0; i < n; i++) {
			body = body_of(&trip, i + 1);
			wanted = k == 0 ? kinds[i].good : kinds[i].whole;
			if (body->whole != wanted)
				fail_msg("%s: %s", kinds[i].note,
					body->whole ? "came" : "is missing");
			if (!wanted && body->response != NULL)
				fail_msg("%s: its head came", kinds[i].note);
			assert_int_equal(body->ok, kinds[i].good);
		}
		trip_release(&trip);
	}
}

static void
hops_arrive_in_order_where_all_are_wanted(const struct strategy *strategy)
{
	static const char *const targets[] = {
		"/redirect/3", "/redirect/2", "/redirect/1", "/redirect/0",
	};
	char line[64];
	struct trip trip;
	size_t i, k, n[8] = { 0 };

	trip_init(&trip, strategy);
	trip_keep(&trip, RUN_KEEP_ALL);
	for (i = 0; i < 8; i++)
		trip_add(&trip, "%s/redirect/3", world.here.url);
	trip_complete(&trip);
	/* None of them is a record. */
	assert_int_equal(trip.n, 8);
	assert_int_equal(trip.counters.attempts, 8);
	assert_int_equal(trip.n_bodies, 4 * 8);
	for (i = 0; i < trip.n_bodies; i++) {
		const struct trip_body *body = &trip.bodies[i];

		assert_in_range(body->seq, 1, 8);
		k = n[body->seq - 1]++;
		assert_true(k < 4);
		assert_int_equal(body->hop, k < 3);
		assert_int_equal(body->response_code, k < 3 ? 302 : 200);
		snprintf(line, sizeof line, "GET %s HTTP/1.1\r\n", targets[k]);
		if (strncmp(body->request, line, strlen(line)) != 0)
			fail_msg("'%s' is not '%s'", body->request, line);
		assert_int_equal(strncmp(body->response, k < 3 ?
			"HTTP/1.1 302" : "HTTP/1.1 200", 12), 0);
		assert_true(body->whole && body->n > 0);
	}
	trip_release(&trip);
}

static void
who_wants_good_ones_has_no_hops(const struct strategy *strategy)
{
	struct trip trip;
	size_t i;

	trip_init(&trip, strategy);
	trip_keep(&trip, RUN_KEEP_GOOD);
	for (i = 0; i < 8; i++)
		trip_add(&trip, "%s/redirect/3?to=/bytes/%zu", world.here.url,
			i);
	trip_complete(&trip);
	assert_int_equal(trip.n_bodies, 8);
	for (i = 0; i < 8; i++)
		assert_alphabet(body_of(&trip, i + 1), i);
	trip_release(&trip);
}

/* Each attempt is a record, and what it got is no other's. */
static void
a_retry_begins_its_body_anew(const struct strategy *strategy)
{
	struct trip trip;
	size_t i, n_whole = 0;

	trip_init(&trip, strategy);
	trip_keep(&trip, RUN_KEEP_ALL);
	trip.settings.verdict.retries = 3;
	trip.settings.verdict.retry_delay_us = CLOCK_MS;
	verdict_retry_on_parse(&trip.settings.verdict.retry_on, "503", NULL);
	for (i = 0; i < 4; i++)
		trip_add(&trip, "%s/flaky/bodies%zu/2", world.here.url, i);
	trip_complete(&trip);
	assert_int_equal(trip.n, 12);
	assert_int_equal(trip.n_bodies, 12);
	for (i = 0; i < trip.n_bodies; i++)
		n_whole += trip.bodies[i].whole && trip.bodies[i].ok ==
			(trip.bodies[i].response_code == 200);
	assert_int_equal(n_whole, 12);
	trip_release(&trip);
}

static const struct promise promises[] = {
	PROMISE(good_bodies_arrive_whole_however_they_are_sent),
	PROMISE(many_bodies_share_few_places),
	PROMISE(no_half_body_arrives_and_bad_ones_only_where_all_are_wanted),
	PROMISE(hops_arrive_in_order_where_all_are_wanted),
	PROMISE(who_wants_good_ones_has_no_hops),
	PROMISE(a_retry_begins_its_body_anew),
};

const struct promise_set promises_bodies = { PROMISE_ROWS(promises) };
