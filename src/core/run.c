/* SPDX-License-Identifier: MIT */
/*
 * run -- puts the parts of one pass together, starts the strategy, and ends
 * everything in order.
 */
#include "config.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/bodies.h"
#include "core/budget.h"
#include "core/dispatch.h"
#include "core/ending.h"
#include "core/frontier.h"
#include "core/histogram.h"
#include "core/keeper.h"
#include "core/origins.h"
#include "core/pool.h"
#include "core/run.h"
#include "core/service.h"
#include "core/stages.h"
#include "core/strategy.h"
#include "core/workshop.h"
#include "core/zygote.h"
#include "url/source.h"

#define RUN_AHEAD 1024			/* jobs read ahead at least */

struct run {
	const struct run_settings *settings;
	size_t concurrency;
	struct bodies *bodies;	/* NULL: they are dropped */
	struct pool_env env;	/* what processes have of them and of stages */
	struct stages *stages;	/* NULL: there are none */
	struct keeper *keeper;	/* NULL: bodies become no files */
	int lost;		/* no stage could be run any more; the pool's
				 * until it ended */
	struct zygote *zygote;	/* NULL unless the strategy has processes */
	struct source *source;
	_Atomic uint64_t n_before;	/* URLs done by a run before */
	struct url proxy;
	struct origins origins;
	struct names *names;
	struct ledger *ledger;
	struct service *service;
	struct dispatch *dispatch;
	struct frontier *frontier;
	struct histogram lag;	/* of the strategy's loop */
	int64_t started_us, ended_us;
	int64_t strategy_cpu_us;
	struct ending ending;
};

static void
run_on_enough(void *arg)
{
	struct run *run = arg;

	ending_on_enough(&run->ending);
}

static void
run_on_output_room(void *arg)
{
	struct run *run = arg;

	dispatch_wake(run->dispatch);
}

static void
run_on_freed(void *arg)
{
	struct run *run = arg;

	if (run->bodies != NULL && bodies_made_room(run->bodies))
		dispatch_wake(run->dispatch);
}

/* With stages a URL is good when it passed them. */
static void
run_on_passed(void *arg)
{
	struct run *run = arg;

	if (run->settings->first)
		run_on_enough(run);
}

/* What is not done yet stays to be done: it is not the URLs' fault. */
static void
run_on_lost(void *arg)
{
	struct run *run = arg;

	run->lost = 1;
	run_on_enough(run);
}

void
run_on_cancel(struct run *run, void (*cancel)(void *), void *arg)
{
	ending_set_cancel(&run->ending, cancel, arg);
}

/* --- life --- */

static int
run_open_bodies(struct run *run, struct err *err)
{
	const struct run_settings *settings = run->settings;

	if (settings->naming != NULL) {
		run->keeper = keeper_new(settings->naming, err);
		if (run->keeper == NULL)
			return -1;
	}
	if (settings->chain == NULL && settings->keep == 0)
		return 0;
	run->bodies = bodies_new(settings, run->concurrency, err);
	if (run->bodies == NULL)
		return -1;
	run->env.bodies = bodies_store(run->bodies);
	run->env.keeps_all = (settings->keep &
		(RUN_KEEP_GOOD | RUN_KEEP_ALL)) != 0;
	if (settings->chain == NULL)
		return 0;
	run->stages = stages_new(settings, run->bodies, &run->env, err);
	return run->stages != NULL ? 0 : -1;
}

static int
run_start_stages(struct run *run, struct err *err)
{
	const struct workshop_hooks hooks = {
		.on_room = run_on_output_room,
		.on_passed = run_on_passed,
		.on_lost = run_on_lost,
		.arg = run,
	};

	if (run->settings->strategy->caps & STRATEGY_OWN_LOOP) {
		run->env.ask = ending_look;
		run->env.ask_arg = &run->ending;
	}
	return stages_open(run->stages, run->concurrency, run->ledger,
		&hooks, err);
}

static int
run_open_zygote(struct run *run, struct err *err)
{
	const struct run_settings *settings = run->settings;

	if (settings->strategy->zygote == NULL)
		return 0;
	run->zygote = zygote_new(&(struct zygote_args){
		.role = settings->strategy->zygote,
		.easy = &settings->easy,
		.given.body = settings->body,
		.given.body_len = settings->body_len,
		.n_slots = run->concurrency,
		.arg = run->bodies != NULL ? &run->env : NULL,
	}, err);
	return run->zygote != NULL ? 0 :
		err_in(err, "%s", settings->strategy->name);
}

static int
run_open(struct run *run, const struct ledger_target *targets,
	size_t n_targets, struct err *err)
{
	const struct run_settings *settings = run->settings;
	struct service_hooks hooks = {
		.on_timer = ending_on_timer,
		.on_signal = ending_on_signal,
		.arg = &run->ending,
	};
	struct ledger_args ledger = {
		.targets = targets,
		.n_targets = n_targets,
		.state = settings->state,
		.sync = settings->sync,
		.on_room = run_on_output_room,
		.on_freed = run_on_freed,
		.on_fail = run_on_enough,
		.arg = run,
	};

	if (settings->easy.proxy != NULL &&
	    url_parse(settings->easy.proxy, "http", &run->proxy, err) != 0)
		return err_in(err, "--proxy");
	run->names = names_new(&settings->names, err);
	if (run->names == NULL)
		return -1;
	/* Signals are blocked before any thread starts, for all of them. */
	run->service = service_new(run->names, &hooks, err);
	if (run->service == NULL)
		return -1;
	run->ledger = ledger_new(&ledger, err);
	if (run->ledger == NULL)
		return -1;
	if (run->stages != NULL && run_start_stages(run, err) != 0)
		return -1;
	run->dispatch = dispatch_new(&(struct dispatch_args){
		.settings = settings,
		.concurrency = run->concurrency,
		.origins = &run->origins,
		.names = run->names,
		.ledger = run->ledger,
		.bodies = run->bodies,
		.workshop = run->stages != NULL ?
			stages_workshop(run->stages) : NULL,
		.service = run->service,
		.proxy = &run->proxy,
		.on_enough = run_on_enough,
		.arg = run,
	}, err);
	run->ending.service = run->service;
	run->ending.stages = run->stages;
	run->ending.dispatch = run->dispatch;
	return run->dispatch != NULL ? 0 : -1;
}

struct run *
run_new(const struct run_settings *settings, struct source *source,
	const struct ledger_target *targets, size_t n_targets,
	struct err *err)
{
	struct run *run = mem_array(1, sizeof *run);

	run->settings = settings;
	run->source = source;
	run->concurrency = settings->strategy->caps & STRATEGY_ONE ? 1 :
		settings->concurrency;
	ending_init(&run->ending);
	origins_init(&run->origins);
	histogram_init(&run->lag);
	/* First: nothing that is made after it is copied into it. */
	if (run_open_bodies(run, err) == 0 &&
	    run_open_zygote(run, err) == 0 &&
	    run_open(run, targets, n_targets, err) == 0)
		return run;
	run_free(run);
	return NULL;
}

void
run_free(struct run *run)
{
	if (run == NULL)
		return;
	if (run->ledger != NULL && run->ended_us == 0) {
		ledger_close(run->ledger);
		ledger_finish(run->ledger, NULL);
	}
	dispatch_free(run->dispatch);
	stages_free(run->stages);
	ledger_free(run->ledger);
	service_free(run->service);
	names_free(run->names);
	zygote_free(run->zygote);
	bodies_free(run->bodies);
	keeper_free(run->keeper);
	histogram_release(&run->lag);
	url_release(&run->proxy);
	origins_release(&run->origins);
	ending_release(&run->ending);
	free(run);
}

/* --- one pass --- */

static int
run_repeats(const struct run_settings *settings)
{
	return settings->requests > 0 || settings->duration_us > 0;
}

static int
run_strategy(struct run *run, struct err *err)
{
	const struct strategy *strategy = run->settings->strategy;
	int rc;

	if (!(strategy->caps & STRATEGY_OWN_LOOP) &&
	    service_start(run->service, err) != 0)
		return -1;
	run->frontier = frontier_new(&(struct frontier_args){
		.source = run->source,
		.origins = &run->origins,
		.keeper = run->keeper,
		.repeat = run_repeats(run->settings),
		.requests = run->settings->requests,
		.state = run->settings->state,
		.n_before = &run->n_before,
		.ahead = RUN_AHEAD + 2 * run->concurrency,
		.wake = dispatch_wake,
		.arg = run->dispatch,
	}, err);
	if (run->frontier == NULL) {
		service_stop(run->service);
		return -1;
	}
	dispatch_set_frontier(run->dispatch, run->frontier);
	if (run->settings->deadline_us > 0)
		ending_set_deadline(&run->ending, run->started_us +
			run->settings->deadline_us);
	run->strategy_cpu_us = -clock_thread_us();
	rc = strategy->run(run, run->settings->strategy_settings, err);
	run->strategy_cpu_us += clock_thread_us();
	/* One that ended with an error may have left its loop attached. */
	service_stop(run->service);
	if (run->stages != NULL)
		stages_await_children(run->stages, run->zygote, ending_look,
			&run->ending);
	zygote_stop(run->zygote);
	dispatch_cut_off(run->dispatch);
	ending_leave_out(&run->ending);
	return rc;
}

static int
run_finish_stages(struct run *run)
{
	if (run->stages == NULL)
		return 0;
	workshop_close(stages_workshop(run->stages));
	return ending_await_stages(&run->ending);
}

int
run_execute(struct run *run, int *ret_stuck, struct err *err)
{
	struct err list = { 0 };
	int rc, list_rc = 0, stuck;

	*ret_stuck = 0;
	run->started_us = clock_us();
	rc = run_strategy(run, err);
	if (run->frontier != NULL) {
		list_rc = frontier_error(run->frontier, &list);
		dispatch_set_frontier(run->dispatch, NULL);
		frontier_free(run->frontier);
		run->frontier = NULL;
	}
	stuck = run_finish_stages(run) != 0;
	ledger_close(run->ledger);
	if (ending_await_ledger(&run->ending, run->ledger) != 0 || stuck) {
		*ret_stuck = 1;
		return ending_error(&run->ending, err);
	}
	if (rc == 0 && run->lost)
		rc = stages_lost(run->stages, err);
	if (rc == 0)
		rc = ledger_finish(run->ledger, err);
	else
		ledger_finish(run->ledger, NULL);
	run->ended_us = clock_us();
	if (rc == 0)
		rc = ending_error(&run->ending, err);
	if (rc == 0 && list_rc != 0)
		return err_set(err, list.code, "%s", list.text);
	return rc;
}

/* --- what others may ask --- */

size_t
run_concurrency(const struct run *run)
{
	return run->concurrency;
}

const struct easy_settings *
run_easy_settings(const struct run *run)
{
	return &run->settings->easy;
}

struct zygote *
run_zygote(const struct run *run)
{
	return run->zygote;
}

int
run_attach(struct run *run, struct event_base *base, struct err *err)
{
	return service_attach(run->service, base, err);
}

void
run_detach(struct run *run)
{
	service_stop(run->service);
}

struct histogram *
run_lag(struct run *run)
{
	return &run->lag;
}

enum run_next
run_next(struct run *run, struct job **ret)
{
	return dispatch_next(run->dispatch, ret);
}

enum run_next
run_take(struct run *run, struct job **ret)
{
	return dispatch_take(run->dispatch, ret);
}

int
run_wake_fd(const struct run *run)
{
	return dispatch_wake_fd(run->dispatch);
}

void
run_rest(struct run *run)
{
	dispatch_rest(run->dispatch);
}

int
run_split(struct run *run, size_t n, struct err *err)
{
	return dispatch_split(run->dispatch, n, err);
}

enum run_next
run_next_some(struct run *run, size_t lane, size_t max, struct list *ret)
{
	return dispatch_next_some(run->dispatch, lane, max, ret);
}

int
run_lane_fd(const struct run *run, size_t lane)
{
	return dispatch_lane_fd(run->dispatch, lane);
}

void
run_lane_rest(struct run *run, size_t lane)
{
	dispatch_lane_rest(run->dispatch, lane);
}

void
run_done(struct run *run, struct job *job)
{
	dispatch_done(run->dispatch, job);
}

size_t
run_in_flight(struct run *run)
{
	return dispatch_in_flight(run->dispatch);
}

void
run_counters(struct run *run, struct stats_counters *ret)
{
	ledger_counters(run->ledger, ret);
}

int
run_figures(const struct run *run, struct workshop_figures *ret)
{
	if (run->stages == NULL)
		return -1;
	workshop_figures(stages_workshop(run->stages), ret);
	ret->peak_bytes = budget_peak(bodies_budget(run->bodies));
	return 0;
}

uint64_t
run_done_before(const struct run *run)
{
	return atomic_load_explicit(&run->n_before, memory_order_relaxed);
}

int
run_is_cut_short(const struct run *run)
{
	struct source_progress list;

	source_progress(run->source, &list);
	return ending_expired(&run->ending) &&
		(!list.ended || run_repeats(run->settings));
}

int64_t
run_held_up(const struct run *run, enum holdup why)
{
	return dispatch_held_up(run->dispatch, why);
}

int64_t
run_strategy_cpu_us(const struct run *run)
{
	return run->strategy_cpu_us;
}

const struct stats *
run_stats(const struct run *run)
{
	return ledger_stats(run->ledger);
}

int64_t
run_wall_us(const struct run *run)
{
	return run->ended_us - run->started_us;
}

void
run_name_counts(const struct run *run, uint64_t *ret_asked,
	uint64_t *ret_cached)
{
	names_counts(run->names, ret_asked, ret_cached);
}
