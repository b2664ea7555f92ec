/* SPDX-License-Identifier: MIT */
/*
 * posts -- good bodies go through the stages once, and what the stages say is
 * in the record, whichever pool runs them.
 */
#include "config.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "conform/promise.h"
#include "conform/trip.h"
#include "conform/world.h"
#include "core/chain.h"
#include "core/pool.h"
#include "core/result.h"
#include "core/strategy.h"
#include "core/value.h"
#include "opt/opt.h"
#include "stage/family.h"
#include "unit.h"

#define MIB (UINT64_C(1) << 20)

/* --- a stage that does what the URL says --- */

/* Seen by all processes. */
struct tally {
	_Atomic unsigned begun, ended;
};

static struct tally *tally;

static void
pause_briefly(void)
{
	struct timespec moment = { .tv_nsec = 5000000 };

	nanosleep(&moment, NULL);
}

static int
obey_begin(void *self, struct stage_call *call, struct err *err)
{
	const char *url = call->page->url;

	(void)self;
	atomic_fetch_add(&tally->begun, 1);
	if (strstr(url, "?kill") != NULL)
		raise(SIGKILL);
	if (strstr(url, "?fail") != NULL)
		return err_set(err, ERR_FAILED, "as told");
	while (strstr(url, "?wait") != NULL && !stage_cancelled(call))
		pause_briefly();
	return 0;
}

static int
obey_end(void *self, struct stage_call *call, struct err *err)
{
	(void)self;
	(void)call;
	(void)err;
	atomic_fetch_add(&tally->ended, 1);
	return 0;
}

static const struct stage stage_obey = {
	.name = "obey",
	.begin = obey_begin,
	.end = obey_end,
};

/* --- a trip with stages --- */

struct visit {
	struct trip trip;
	struct chain *chain;
	struct opts *opts;	/* the stages' */
};

static void
visit_init(struct visit *visit, const struct strategy *strategy,
	const struct pool *pool)
{
	trip_init(&visit->trip, strategy);
	visit->chain = chain_new(16 * MIB);
	visit->opts = opts_new();
	visit->trip.settings.chain = visit->chain;
	visit->trip.settings.pool = pool;
	visit->trip.settings.jobs = 2;
	visit->trip.settings.buffer = 128 * MIB;
	if (tally == NULL)
		tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(tally, MAP_FAILED);
	atomic_store(&tally->begun, 0);
	atomic_store(&tally->ended, 0);
}

static void
visit_post(struct visit *visit, const struct stage *stage)
{
	const void *settings = stage->opts != NULL ?
		opts_add(visit->opts, stage->opts) : NULL;

	assert_int_equal(chain_add(visit->chain, stage, NULL, settings,
		&visit->trip.err), 0);
}

static void
visit_release(struct visit *visit)
{
	trip_release(&visit->trip);
	chain_free(visit->chain);
	opts_free(visit->opts);
}

/* What the stages said in that column. */
static const struct value *
said(const struct result *record, const char *name)
{
	size_t i;

	if (!record->ok)
		fail_msg("%s: %s", record->url, record->errormsg);
	for (i = 0; i < record->n_values; i++)
		if (strcmp(record->value_columns[i].name, name) == 0) {
			assert_true(record->values[i].set);
			return &record->values[i];
		}
	fail_msg("no column %s", name);
	return NULL;
}

/* SHA-256 of the first n bytes of /bytes, in hex. */
static const char *
hash_of_alphabet(size_t n)
{
	static char hex[65];
	unsigned char hash[EVP_MAX_MD_SIZE];
	char *text = mem_array(n + 1, 1);
	size_t i;

	for (i = 0; i < n; i++)
		text[i] = (char)('a' + i % 26);
	assert_int_equal(EVP_Digest(text, n, hash, NULL, EVP_sha256(), NULL),
		1);
	for (i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	free(text);
	return hex;
}

/* Each of the strategy's runs, with one pool after the other. */
#define EACH_POOL(visit, strategy) \
	for (size_t i_ = 0; pools[i_] != NULL && \
	    (visit_init(&(visit), strategy, pools[i_]), 1); \
	    visit_release(&(visit)), i_++)

/* --- what stages are given and say --- */

static size_t
size_of(unsigned i)
{
	return i % 50 == 49 ? 1000000 + i : (size_t)i * i;
}

static void
each_body_has_the_values_of_all_stages(const struct strategy *strategy)
{
	const struct result *record;
	struct visit visit;
	unsigned i;

	EACH_POOL(visit, strategy) {
		visit_post(&visit, &stage_sha256);
		visit_post(&visit, &stage_wc);
		visit_post(&visit, &stage_gzip);
		visit_post(&visit, &stage_wc);
		for (i = 0; i < 200; i++)
			trip_add(&visit.trip, "%s/bytes/%zu", world.here.url,
				size_of(i));
		trip_complete(&visit.trip);
		trip_assert_all(&visit.trip, 200);
		assert_int_equal(visit.trip.n, 200);
		for (i = 0; i < 200; i++) {
			record = trip_final(&visit.trip, i + 1);
			assert_string_equal(said(record, "sha256")->text,
				hash_of_alphabet(size_of(i)));
			assert_int_equal(said(record, "wc_bytes")->u64,
				size_of(i));
			assert_int_equal(said(record, "wc_bytes_2")->u64,
				said(record, "size_gzip")->u64);
			assert_in_range(said(record, "size_gzip")->u64, 18,
				4000);
		}
	}
}

static void
stages_run_without_fetching(const struct strategy *strategy)
{
	const struct result *record;
	struct visit visit;
	unsigned i;

	EACH_POOL(visit, strategy) {
		visit_post(&visit, &stage_sha256);
		visit_post(&visit, &stage_obey);
		visit.trip.settings.no_fetch = 1;
		for (i = 0; i < 50; i++)
			trip_add(&visit.trip, "%s/bytes/9%s", world.here.url,
				i % 10 == 7 ? "?fail" : "");
		trip_complete(&visit.trip);
		trip_assert_all(&visit.trip, 50);
		assert_int_equal(visit.trip.n, 50);
		assert_int_equal(visit.trip.counters.ok, 45);
		for (i = 0; i < 50; i++) {
			record = trip_final(&visit.trip, i + 1);
			assert_int_equal(record->response_code, 0);
			if (i % 10 != 7)
				assert_string_equal(
					said(record, "sha256")->text,
					hash_of_alphabet(0));
		}
		assert_int_equal(world_stat(&world.here, "requests"), 0);
		assert_int_equal(visit.trip.names_asked, 0);
	}
}

/* Only what a URL came to in the end, and only if it is good. */
static void
stages_see_the_last_good_body_alone(const struct strategy *strategy)
{
	static const struct {
		const char *path;	/* NULL: /flaky */
		int posted;
		unsigned fails;		/* of /flaky */
	} cases[] = {
		{ "/redirect/3?to=/bytes/77", 1, 0 },
		{ "/status/404", 0, 0 },
		{ "/status/500", 0, 0 },
		{ "/redirect-loop", 0, 0 },
		{ "/cut", 0, 0 },
		{ NULL, 1, 2 },
		{ NULL, 0, 9 },
		{ "/empty", 1, 0 },
	};
	size_t n = sizeof cases / sizeof *cases, i;
	const struct result *record;
	struct visit visit;

	EACH_POOL(visit, strategy) {
		visit_post(&visit, &stage_obey);
		visit_post(&visit, &stage_wc);
		visit.trip.settings.verdict.retries = 2;
		visit.trip.settings.verdict.retry_delay_us = CLOCK_MS;
		verdict_retry_on_parse(&visit.trip.settings.verdict.retry_on,
			"503", NULL);
		for (i = 0; i < n; i++)
			if (cases[i].path != NULL)
				trip_add(&visit.trip, "%s%s", world.here.url,
					cases[i].path);
			else
				trip_add(&visit.trip, "%s/flaky/%zu.%zu/%u",
					world.here.url, i_, i, cases[i].fails);
		trip_complete(&visit.trip);
		trip_assert_all(&visit.trip, n);
		for (i = 0; i < n; i++) {
			record = trip_final(&visit.trip, i + 1);
			assert_int_equal(record->ok, cases[i].posted);
			assert_int_equal(record->posted, cases[i].posted);
			assert_int_equal(record->n_values > 0,
				cases[i].posted);
		}
		assert_int_equal(said(trip_final(&visit.trip, 1),
			"wc_bytes")->u64, 77);
		assert_int_equal(atomic_load(&tally->begun), 3);
		assert_int_equal(atomic_load(&tally->ended), 3);
	}
}

/* /gzip is zeroes, /bytes the alphabet. */
static void
assert_file(const char *name, int zeroes, size_t n)
{
	FILE *file = fopen(name, "re");
	size_t i;

	assert_non_null(file);
	for (i = 0; i < n; i++)
		assert_int_equal(fgetc(file), zeroes ? 0 : 'a' + (int)i % 26);
	assert_int_equal(fgetc(file), EOF);
	fclose(file);
}

static void
files_hold_what_was_decoded(const struct strategy *strategy)
{
	static char accept[] = "Accept-Encoding: gzip";
	char *headers[] = { accept };
	const struct result *record;
	struct visit visit;
	char name[32];
	unsigned i;

	EACH_POOL(visit, strategy) {
		visit_post(&visit, &stage_decode);
		visit_post(&visit, &stage_wc);
		visit.trip.settings.easy.headers = headers;
		visit.trip.settings.easy.n_headers = 1;
		visit.trip.format = SOURCE_NDJSON;
		trip_save(&visit.trip);
		for (i = 0; i < 20; i++)
			trip_add(&visit.trip, "{\"url\":\"%s/%s/%u\","
				"\"output\":\"%zu.%u\"}", world.here.url,
				i % 2 == 0 ? "gzip" : "bytes", 3000 + i, i_,
				i);
		trip_complete(&visit.trip);
		trip_assert_all(&visit.trip, 20);
		for (i = 0; i < 20; i++) {
			record = trip_final(&visit.trip, i + 1);
			assert_int_equal(said(record, "wc_bytes")->u64,
				3000 + i);
			snprintf(name, sizeof name, "%zu.%u", i_, i);
			assert_string_equal(record->filename_effective, name);
			assert_file(name, i % 2 == 0, 3000 + i);
			unlink(name);
		}
	}
}

/* --- what goes wrong --- */

static void
a_stage_that_fails_costs_one_record(const struct strategy *strategy)
{
	const struct result *record;
	struct visit visit;
	unsigned i;

	EACH_POOL(visit, strategy) {
		visit_post(&visit, &stage_sha256);
		visit_post(&visit, &stage_obey);
		for (i = 0; i < 60; i++)
			trip_add(&visit.trip, "%s/bytes/%u%s", world.here.url,
				i, i % 20 == 5 ? "?fail" : "");
		trip_complete(&visit.trip);
		trip_assert_all(&visit.trip, 60);
		assert_int_equal(visit.trip.n, 60);
		for (i = 0; i < 60; i++) {
			record = trip_final(&visit.trip, i + 1);
			if (i % 20 == 5) {
				assert_false(record->ok);
				assert_int_equal(record->error_class,
					ERROR_EXEC);
				assert_string_equal(record->errormsg,
					"as told");
			} else {
				assert_string_equal(
					said(record, "sha256")->text,
					hash_of_alphabet(i));
			}
		}
	}
}

/* Whether a stage that crashes takes a process with it that is not the run's
 * own. */
static int
survives_crashes(const struct strategy *strategy, const struct pool *pool)
{
	return pool->zygote != NULL ||
		(strategy->zygote != NULL && (pool->caps & POOL_INLINE));
}

static void
a_process_that_crashes_in_a_stage_costs_one_record(
	const struct strategy *strategy)
{
	const struct result *record;
	struct visit visit;
	unsigned i;

	EACH_POOL(visit, strategy) {
		if (!survives_crashes(strategy, visit.trip.settings.pool))
			continue;
		visit_post(&visit, &stage_sha256);
		visit_post(&visit, &stage_obey);
		for (i = 0; i < 60; i++)
			trip_add(&visit.trip, "%s/bytes/%u%s", world.here.url,
				1000 * i, i % 20 == 5 ? "?kill" : "");
		trip_complete(&visit.trip);
		trip_assert_all(&visit.trip, 60);
		assert_int_equal(visit.trip.n, 60);
		for (i = 0; i < 60; i++) {
			record = trip_final(&visit.trip, i + 1);
			if (i % 20 == 5) {
				assert_false(record->ok);
				assert_int_equal(record->error_class,
					ERROR_LOCAL);
				assert_string_equal(record->error_detail,
					"crashed");
			} else {
				assert_string_equal(
					said(record, "sha256")->text,
					hash_of_alphabet(1000 * (size_t)i));
			}
		}
	}
}

/*
 * Some are longer than the whole budget and all together are many times what
 * it and its files may hold.
 */
static void
a_full_budget_holds_nobody_up_for_good(const struct strategy *strategy)
{
	struct visit visit;
	unsigned i;

	EACH_POOL(visit, strategy) {
		visit_post(&visit, &stage_wc);
		visit.trip.settings.buffer = MIB;
		visit.trip.settings.concurrency = 16;
		for (i = 0; i < 60; i++)
			trip_add(&visit.trip, "%s/%s/%llu", world.here.url,
				i % 2 == 0 ? "bytes" : "chunked",
				(unsigned long long)(i % 3 == 0 ? 3 * MIB :
				MIB / 4) + i);
		trip_complete(&visit.trip);
		trip_assert_all(&visit.trip, 60);
		for (i = 0; i < 60; i++)
			assert_int_equal(said(trip_final(&visit.trip, i + 1),
				"wc_bytes")->u64,
				(i % 3 == 0 ? 3 * MIB : MIB / 4) + i);
	}
}

/* --- ending early --- */

struct caller {
	pthread_t thread;
	uint64_t sent;		/* bytes by the server; 0: a stage has begun */
	int64_t sent_us;	/* the signal was; 0: never */
};

static int
caller_is_due(const struct caller *caller)
{
	if (caller->sent == 0)
		return atomic_load(&tally->begun) > 0;
	return world_stat(&world.here, "bytes_sent") >= caller->sent;
}

static void *
caller_main(void *arg)
{
	struct caller *caller = arg;
	int i;

	for (i = 0; i < 4000 && !caller_is_due(caller); i++)
		pause_briefly();
	if (i == 4000)
		return NULL;
	caller->sent_us = clock_us();
	kill(getpid(), SIGINT);
	return NULL;
}

/* All signals are blocked in it, so that they reach the run. */
static void
caller_start(struct caller *caller)
{
	sigset_t all, before;

	world_reset(&world.here);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	assert_int_equal(pthread_create(&caller->thread, NULL, caller_main,
		caller), 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* All there is was cut off, soon after the signal. */
static void
run_until_called(struct trip *trip, struct caller *caller)
{
	size_t i;

	caller_start(caller);
	trip_run(trip);
	pthread_join(caller->thread, NULL);
	assert_true(caller->sent_us != 0);
	assert_int_equal(trip->rc, -1);
	assert_int_equal(trip->err.code, ERR_INTERRUPTED);
	assert_in_range(trip->ended_us - caller->sent_us, 0, SOON);
	for (i = 0; i < trip->n; i++) {
		assert_int_equal(trip->records[i]->error_class, ERROR_STOPPED);
		assert_false(trip->records[i]->final);
		assert_false(trip->records[i]->ok);
	}
	assert_int_equal(trip->counters.finals, 0);
}

static void
a_signal_ends_stages_at_work(const struct strategy *strategy)
{
	struct visit visit;
	unsigned i;

	EACH_POOL(visit, strategy) {
		visit_post(&visit, &stage_obey);
		for (i = 0; i < 30; i++)
			trip_add(&visit.trip, "%s/bytes/%u?wait",
				world.here.url, i);
		run_until_called(&visit.trip, &(struct caller){ 0 });
		/* Whatever was asked for has its record, and one only. */
		assert_int_equal(visit.trip.n, world_stat(&world.here,
			"requests"));
	}
}

/* In a stage, waiting for one, in flight or not begun. */
static void
the_deadline_ends_stages_at_work(const struct strategy *strategy)
{
	struct visit visit;
	unsigned i;

	EACH_POOL(visit, strategy) {
		visit_post(&visit, &stage_obey);
		for (i = 0; i < 30; i++)
			trip_add(&visit.trip, "%s/bytes/%u?wait",
				world.here.url, i);
		visit.trip.settings.deadline_us = 300 * CLOCK_MS;
		trip_complete(&visit.trip);
		assert_int_equal(visit.trip.n, 30);
		for (i = 0; i < 30; i++) {
			assert_int_equal(visit.trip.records[i]->error_class,
				ERROR_DEADLINE);
			assert_false(visit.trip.records[i]->final);
		}
		assert_int_equal(visit.trip.counters.failed[ERROR_DEADLINE],
			30);
	}
}

/* Nothing is under way on the network then. */
static void
the_deadline_ends_stages_that_outlast_the_fetches(
	const struct strategy *strategy)
{
	struct visit visit;

	EACH_POOL(visit, strategy) {
		visit_post(&visit, &stage_obey);
		trip_add(&visit.trip, "%s/bytes/1?wait", world.here.url);
		visit.trip.settings.deadline_us = 300 * CLOCK_MS;
		trip_complete(&visit.trip);
		assert_int_equal(visit.trip.n, 1);
		assert_int_equal(visit.trip.records[0]->error_class,
			ERROR_DEADLINE);
		assert_false(visit.trip.records[0]->final);
	}
}

/* When one is let go of, there is room for the others. */
static void
a_signal_ends_bodies_that_fill_the_budget(const struct strategy *strategy)
{
	size_t width = strategy->caps & STRATEGY_ONE ? 1 : 32;
	struct caller caller = { .sent = 8 * MIB };
	struct visit visit;
	unsigned i;

	EACH_POOL(visit, strategy) {
		visit_post(&visit, &stage_wc);
		visit.trip.settings.buffer = MIB;
		visit.trip.settings.concurrency = width;
		for (i = 0; i < 40; i++)
			trip_add(&visit.trip, "%s/endless", world.here.url);
		caller.sent_us = 0;
		run_until_called(&visit.trip, &caller);
		assert_in_range(visit.trip.n, 1, width);
	}
}

/* Once a stage is at work. */
static int
refuse(struct trip *trip, const struct result *record, struct err *err)
{
	int i;

	(void)trip;
	(void)record;
	for (i = 0; i < 4000 && atomic_load(&tally->begun) == 0; i++)
		pause_briefly();
	return err_set(err, ERR_IO, "this sink is full");
}

static void
a_failing_sink_ends_stages_at_work(const struct strategy *strategy)
{
	struct visit visit;
	int64_t started_us;
	unsigned i;

	EACH_POOL(visit, strategy) {
		visit_post(&visit, &stage_obey);
		visit.trip.on_record = refuse;
		/* A record that waits for no stage. */
		trip_add(&visit.trip, "%s/status/404", world.here.url);
		for (i = 0; i < 30; i++)
			trip_add(&visit.trip, "%s/bytes/%u?wait",
				world.here.url, i);
		started_us = clock_us();
		trip_run(&visit.trip);
		assert_int_equal(visit.trip.rc, -1);
		assert_int_equal(visit.trip.err.code, ERR_IO);
		assert_true(atomic_load(&tally->begun) > 0);
		assert_in_range(visit.trip.ended_us - started_us, 0,
			5 * CLOCK_SECOND);
	}
}

static const struct promise promises[] = {
	PROMISE(each_body_has_the_values_of_all_stages),
	PROMISE(stages_run_without_fetching),
	PROMISE(stages_see_the_last_good_body_alone),
	PROMISE(files_hold_what_was_decoded),
	PROMISE(a_stage_that_fails_costs_one_record),
	PROMISE(a_process_that_crashes_in_a_stage_costs_one_record),
	PROMISE(a_full_budget_holds_nobody_up_for_good),
	PROMISE(a_signal_ends_stages_at_work),
	PROMISE(a_signal_ends_bodies_that_fill_the_budget),
	PROMISE(the_deadline_ends_stages_at_work),
	PROMISE(the_deadline_ends_stages_that_outlast_the_fetches),
	PROMISE(a_failing_sink_ends_stages_at_work),
};

const struct promise_set promises_posts = { PROMISE_ROWS(promises) };
