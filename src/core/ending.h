/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_ENDING_H
#define FETCHALL_CORE_ENDING_H

#include <pthread.h>
#include <stdint.h>

#include "base/err.h"

struct dispatch;
struct ledger;
struct service;
struct stages;

/*
 * How a run ends before its list does: at a signal, at its deadline, because
 * an output takes nothing any more, or because one good reply was all that was
 * wanted; the first of these counts. At first nothing new is begun; after a
 * signal's moment of grace, else at once, what is under way is cancelled,
 * again and again, since a blocked thread may miss it.
 */
struct ending {
	/* Borrowed, set by the run as it makes them. */
	struct dispatch *dispatch;
	struct service *service;
	struct stages *stages;	/* NULL: there are none */
	_Atomic int64_t looked_us;	/* ending_look()'s own */
	pthread_mutex_t lock;	/* all below */
	int n_signals, signal;
	int64_t signal_us, again_us;	/* when the first one, the last came */
	int64_t deadline_us;		/* 0: none */
	int enough, expired, cancelling;
	void (*cancel)(void *);		/* the strategy's */
	void *cancel_arg;
};

void ending_init(struct ending *ending);
void ending_release(struct ending *ending);
/* When the run is over at the latest, of clock_us(). Once the dispatch has its
 * frontier. */
void ending_set_deadline(struct ending *ending, int64_t at_us);

/* The service's hooks, and the ledger's and the dispatch's; `arg` is the
 * ending. They are called without locks. */
void ending_on_signal(void *arg, int number);
void ending_on_timer(void *arg);
void ending_on_enough(void *arg);
/*
 * For a stage at work in the loop that signals come to, or in another of the
 * strategy's: they are looked for from within it, and once the time of grace
 * is over the stages are told. The fetches are the loop's to cancel, when it
 * has its thread back. Also for who waits when nobody reads signals any more.
 */
void ending_look(void *arg);

/* As run_on_cancel(). */
void ending_set_cancel(struct ending *ending, void (*cancel)(void *),
	void *arg);

/*
 * The strategy has ended: where it was the deadline, the rest of the list is
 * written down. A signal ends that.
 */
void ending_leave_out(struct ending *ending);
/* Whether it was the deadline that ended the run. */
int ending_expired(const struct ending *ending);

/*
 * The strategy has ended, and with it who read signals: both read them, and
 * wait until the stages gave back what the strategy left them and their
 * workers ended, or the ledger wrote what is left. 0, or -1: a signal came and
 * they hang.
 */
int ending_await_stages(struct ending *ending);
int ending_await_ledger(struct ending *ending, const struct ledger *ledger);

/* 0, or -1 with which signal it was. */
int ending_error(const struct ending *ending, struct err *err);

#endif
