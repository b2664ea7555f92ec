/* SPDX-License-Identifier: MIT */
/*
 * lanes -- which of several loops does what is ready.
 *
 * An origin's jobs go to one lane, by its hash, since a connection belongs to
 * the loop that opened it. But no more of them than that lane will soon do: the
 * rest is common to all. So a list of one host, or of one that is much larger
 * than the others, keeps every loop busy, without anybody counting hosts; and
 * where nobody dominates, hardly anything leaves its lane. What is left in
 * the lane of a loop that has all it may have, others do when they have
 * nothing else, or when too much of the list has gone before it: a slow host
 * does not hold up those who share its lane.
 */
#include "config.h"

#include "core/job.h"
#include "core/lanes.h"
#include "core/origins.h"

/* --- jobs --- */

/* The map's own places are the hash's low bits. */
static struct lane *
lanes_home(struct lanes *lanes, const struct job *job)
{
	if (lanes->n == 1)
		return lanes->list;
	return &lanes->list[(job->origin->node.hash >> 32) % lanes->n];
}

void
lanes_push(struct lanes *lanes, struct job *job)
{
	struct lane *to = lanes_home(lanes, job);

	if (lanes->n > 1 && to->n_ready >= to->share + to->share / 2)
		to = &lanes->common;
	list_push(&to->ready, &job->node);
	to->n_ready++;
	lanes->n_ready++;
}

void
lanes_put_back(struct lanes *lanes, struct job *job)
{
	struct lane *to = lanes_home(lanes, job);

	list_push_front(&to->ready, &job->node);
	to->n_ready++;
	lanes->n_ready++;
}

/* Its number in the list; UINT64_MAX: there is none. */
static uint64_t
lanes_first(const struct lane *lane)
{
	if (list_empty(&lane->ready))
		return UINT64_MAX;
	return LIST_ENTRY(lane->ready.next, struct job, node)->seq;
}

/* One that has jobs and all that it may have under way; NULL: none. */
static struct lane *
lanes_held_up(struct lanes *lanes)
{
	struct lane *lane;
	size_t i;

	for (i = 0; i < lanes->n; i++) {
		lane = &lanes->list[i];
		if (lane->n_ready > 0 && lane->n_granted >= lane->share)
			return lane;
	}
	return NULL;
}

/* Where the lane's next one is, if anywhere. */
static struct lane *
lanes_choose(struct lanes *lanes, struct lane *lane)
{
	struct lane *from = lane, *other;
	uint64_t first, late = 2 * lanes->concurrency;

	if (lanes->n == 1)
		return lane;
	if (lanes_first(&lanes->common) < lanes_first(lane))
		from = &lanes->common;
	first = lanes_first(from);
	other = lanes_held_up(lanes);
	if (other != NULL && first > late && lanes_first(other) < first - late)
		return other;
	return from;
}

struct job *
lanes_pop(struct lanes *lanes, size_t at)
{
	struct lane *from = lanes_choose(lanes, &lanes->list[at]);
	struct list *node = list_pop(&from->ready);

	if (node == NULL)
		return NULL;
	from->n_ready--;
	lanes->n_ready--;
	return LIST_ENTRY(node, struct job, node);
}

void
lanes_grant(struct lanes *lanes, size_t at, struct job *job)
{
	job->lane = at;
	lanes->list[at].n_granted++;
}

void
lanes_take_back(struct lanes *lanes, const struct job *job)
{
	lanes->list[job->lane].n_granted--;
}

/* --- calling --- */

static void
lanes_wake(struct lane *lane)
{
	lane->hungry = 0;
	wake_set(&lane->wake);
}

static int
lanes_has_work(struct lanes *lanes, const struct lane *lane)
{
	return lane->n_ready > 0 || lanes->common.n_ready > 0 ||
		lanes_held_up(lanes) != NULL;
}

void
lanes_set_hungry(struct lanes *lanes, size_t at, int hungry)
{
	lanes->list[at].hungry = hungry;
}

/* Returns how many were called. */
static size_t
lanes_feed(struct lanes *lanes)
{
	struct lane *lane;
	size_t n = 0, i;

	for (i = 0; i < lanes->n; i++) {
		lane = &lanes->list[i];
		if (lane->hungry && lanes_has_work(lanes, lane)) {
			lanes_wake(lane);
			n++;
		}
	}
	return n;
}

void
lanes_call(struct lanes *lanes)
{
	size_t i;

	/* Who has the only one may wait for other things than jobs. */
	if (lanes->n == 1) {
		lanes_wake(lanes->list);
		return;
	}
	if (lanes_feed(lanes) > 0)
		return;
	for (i = 0; i < lanes->n; i++)
		if (lanes->list[i].hungry) {
			lanes_wake(&lanes->list[i]);
			return;
		}
}

void
lanes_pass_on(struct lanes *lanes, size_t at)
{
	struct lane *lane = &lanes->list[at];
	int hungry = lane->hungry;

	if (lanes->n == 1)
		return;
	/* It has just looked. */
	lane->hungry = 0;
	lanes_feed(lanes);
	lane->hungry = hungry;
}

void
lanes_call_all(struct lanes *lanes)
{
	size_t i;

	for (i = 0; i < lanes->n; i++)
		if (lanes->list[i].hungry)
			lanes_wake(&lanes->list[i]);
}

int
lanes_fd(const struct lanes *lanes, size_t at)
{
	return lanes->list[at].wake.fd;
}

void
lanes_rest(struct lanes *lanes, size_t at)
{
	wake_clear(&lanes->list[at].wake);
}

/* --- life --- */

static int
lanes_open(struct lanes *lanes, struct err *err)
{
	struct lane *lane = &lanes->list[lanes->n_open];

	if (wake_open(&lane->wake, err) != 0)
		return -1;
	list_init(&lane->ready);
	lanes->n_open++;
	return 0;
}

int
lanes_init(struct lanes *lanes, size_t concurrency, struct err *err)
{
	*lanes = (struct lanes){ .n = 1, .concurrency = concurrency };
	list_init(&lanes->common.ready);
	lanes->list[0].share = concurrency;
	return lanes_open(lanes, err);
}

int
lanes_split(struct lanes *lanes, size_t n, struct err *err)
{
	size_t i;

	while (lanes->n_open < n)
		if (lanes_open(lanes, err) != 0)
			return -1;
	for (i = 0; i < n; i++)
		lanes->list[i].share = lanes->concurrency / n +
			(i < lanes->concurrency % n);
	lanes->n = n;
	return 0;
}

struct list *
lanes_merge(struct lanes *lanes)
{
	struct lane *first = lanes->list;
	size_t i;

	list_splice(&first->ready, &lanes->common.ready);
	for (i = 1; i < lanes->n; i++)
		list_splice(&first->ready, &lanes->list[i].ready);
	first->n_ready = lanes->n_ready;
	lanes->n = 1;
	return &first->ready;
}

void
lanes_release(struct lanes *lanes)
{
	while (lanes->n_open > 0)
		wake_close(&lanes->list[--lanes->n_open].wake);
}
