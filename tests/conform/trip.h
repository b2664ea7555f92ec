/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_TESTS_CONFORM_TRIP_H
#define FETCHALL_TESTS_CONFORM_TRIP_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/naming.h"
#include "core/run.h"
#include "core/stats.h"
#include "url/source.h"

struct opts;
struct result;
struct strategy;

/* A file of the world with the strategy's own options, where there are any. */
#define TRIP_CONFIG "config"

/*
 * One run of one strategy over a list, and all that came of it. A test fills
 * in what it is about, runs it and looks.
 */
/* What a sink of bodies was given. */
struct trip_body {
	uint64_t seq, response_code;
	int hop, ok;
	int whole;		/* there was a body; an empty one is one */
	char *p;		/* its content, n bytes; owned */
	size_t n;
	char *request, *response;	/* heads, where they came along; owned,
					 * or NULL */
};

struct trip {
	struct run_settings settings;	/* mild; no retries */
	struct opts *opts;	/* the strategy's own; or NULL */
	struct naming naming;	/* where trip_save() lets the settings point */
	enum source_format format;
	struct buf list;
	/*
	 * Sees each record before it is gathered; -1 with `err` is a sink's
	 * failure. Called by the ledger's thread, where nothing may be
	 * asserted. NULL: nobody looks.
	 */
	int (*on_record)(struct trip *trip, const struct result *record,
		struct err *err);
	uint64_t seen;		/* on_record's own */
	/*
	 * Likewise what an archive gets, hops too: each with its body and
	 * exchange, before its record. For settings.keep and easy.capture.
	 */
	int (*on_body)(struct trip *trip, struct result *result,
		struct err *err);

	/* After trip_run(): */
	int rc, stuck;
	struct err err;
	int64_t ended_us;	/* clock_us() */
	struct result **records;	/* in the order of the sink */
	size_t n;
	struct stats_counters counters;
	uint64_t names_asked;
	struct trip_body *bodies;	/* with trip_keep(), in their order */
	size_t n_bodies;
};

void trip_init(struct trip *trip, const struct strategy *strategy);
/* The bodies of lines that have an "output" become files in the current
 * folder. */
void trip_save(struct trip *trip);
/* Bodies, RUN_KEEP_GOOD or RUN_KEEP_ALL of them, are gathered in `bodies`. */
void trip_keep(struct trip *trip, unsigned keep);
/* Adds a line to the list. */
void trip_add(struct trip *trip, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void trip_run(struct trip *trip);
/* trip_run() that must come to its end. */
void trip_complete(struct trip *trip);
/* The one final record of a URL; the test fails where there is none. */
const struct result *trip_final(const struct trip *trip, uint64_t seq);
/* Every URL of the list, 1 to n, has one final record. */
void trip_assert_all(const struct trip *trip, uint64_t n);
/* The next run's list is empty; the settings stay. */
void trip_clear(struct trip *trip);
void trip_release(struct trip *trip);

#endif
