/* SPDX-License-Identifier: MIT */
/*
 * contest -- every strategy with every concurrency, so many times, in an
 * order in which a disturbance of the machine does not hit one of them alone.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "cli/contest.h"
#include "cli/options.h"
#include "core/strategy.h"

/* --- who --- */

static void
contest_add_one(struct contest *contest, const struct strategy *strategy,
	uint64_t concurrency)
{
	struct contender *contender;

	contest->contenders = mem_grow(contest->contenders, contest->n + 1,
		sizeof *contest->contenders);
	contender = &contest->contenders[contest->n++];
	*contender = (struct contender){
		.strategy = strategy->name,
		.concurrency = concurrency,
		.one = (strategy->caps & STRATEGY_ONE) != 0,
	};
	if (contest->sweep && !contender->one)
		contender->label = mem_printf("%s -c %" PRIu64,
			strategy->name, concurrency);
	else
		contender->label = mem_strdup(strategy->name);
}

static void
contest_add_strategy(struct contest *contest,
	const struct strategy *strategy, const struct opt_counts *concurrency)
{
	size_t n = strategy->caps & STRATEGY_ONE ? 1 : concurrency->n, i;

	for (i = 0; i < n; i++)
		contest_add_one(contest, strategy, concurrency->items[i]);
}

static int
contest_add_name(struct contest *contest, const char *name,
	const struct opt_counts *concurrency, struct err *err)
{
	const struct strategy *strategy;
	size_t i;

	if (strcmp(name, "all") == 0)
		return err_set(err, ERR_USAGE,
			"all is every strategy: name no other beside it");
	strategy = strategy_find(name, err);
	if (strategy == NULL)
		return -1;
	for (i = 0; i < contest->n; i++)
		if (strcmp(contest->contenders[i].strategy, name) == 0)
			return err_set(err, ERR_USAGE,
				"strategy '%s' is named twice", name);
	contest_add_strategy(contest, strategy, concurrency);
	return 0;
}

static int
contest_add_names(struct contest *contest, const char *text,
	const struct opt_counts *concurrency, struct err *err)
{
	size_t len;
	char *name;
	int rc;

	for (;; text += len + 1) {
		len = strcspn(text, ",");
		name = mem_strndup(text, len);
		rc = contest_add_name(contest, name, concurrency, err);
		free(name);
		if (rc != 0)
			return err_in(err, "--strategy");
		if (text[len] == '\0')
			return 0;
	}
}

int
contest_init(struct contest *contest, const char *strategies_text,
	const struct opt_counts *concurrency, struct err *err)
{
	size_t i;

	*contest = (struct contest){ .sweep = concurrency->n > 1 };
	if (strcmp(strategies_text, "all") == 0) {
		for (i = 0; strategies[i] != NULL; i++)
			contest_add_strategy(contest, strategies[i],
				concurrency);
		return 0;
	}
	if (contest_add_names(contest, strategies_text, concurrency,
	    err) == 0)
		return 0;
	contest_release(contest);
	return -1;
}

void
contest_release(struct contest *contest)
{
	size_t i;

	for (i = 0; i < contest->n; i++) {
		free(contest->contenders[i].label);
		free(contest->contenders[i].reports);
		free(contest->contenders[i].exits);
	}
	free(contest->contenders);
	free(contest->steps);
	*contest = (struct contest){ 0 };
}

/* --- in which order --- */

static void
contest_add_steps(struct contest *contest, size_t contender, uint64_t n,
	int warmup)
{
	for (; n > 0; n--)
		contest->steps[contest->n_steps++] = (struct contest_step){
			.contender = contender, .warmup = warmup,
		};
}

/* One of each, so many times. */
static void
contest_add_rounds(struct contest *contest, uint64_t rounds, int warmup)
{
	size_t i;

	for (; rounds > 0; rounds--)
		for (i = 0; i < contest->n; i++)
			contest_add_steps(contest, i, 1, warmup);
}

/* splitmix64, as S. Vigna published it. */
static uint64_t
contest_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Fisher and Yates; the remainder's bias is nothing beside 2^64. */
static void
contest_shuffle(struct contest_step *steps, size_t n, uint64_t seed)
{
	struct contest_step step;
	size_t other;

	for (; n > 1; n--) {
		other = (size_t)(contest_random(&seed) % n);
		step = steps[n - 1];
		steps[n - 1] = steps[other];
		steps[other] = step;
	}
}

void
contest_plan(struct contest *contest, const struct options_compare *compare,
	uint64_t seed)
{
	size_t n = contest->n * (size_t)(compare->runs + compare->warmup);
	size_t first, i;

	contest->steps = mem_grow(contest->steps, n, sizeof *contest->steps);
	contest->n_steps = 0;
	if (compare->order == ORDER_BLOCK) {
		for (i = 0; i < contest->n; i++) {
			contest_add_steps(contest, i, compare->warmup, 1);
			contest_add_steps(contest, i, compare->runs, 0);
		}
		return;
	}
	contest_add_rounds(contest, compare->warmup, 1);
	first = contest->n_steps;
	contest_add_rounds(contest, compare->runs, 0);
	if (compare->order != ORDER_SHUFFLE)
		return;
	contest->seed = compare->seed != 0 ? compare->seed : seed;
	contest_shuffle(contest->steps + first, contest->n_steps - first,
		contest->seed);
}

/* --- what came of it --- */

void
contest_add(struct contender *contender, const struct report *report,
	int exit_status)
{
	size_t n = contender->n + 1;

	contender->reports = mem_grow(contender->reports, n,
		sizeof *contender->reports);
	contender->exits = mem_grow(contender->exits, n,
		sizeof *contender->exits);
	contender->reports[contender->n] = *report;
	contender->exits[contender->n] = exit_status;
	contender->n = n;
}
