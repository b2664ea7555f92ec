/* SPDX-License-Identifier: MIT */
/*
 * Lanes: an origin's jobs stay together as long as that keeps nobody from
 * working, and who has nothing to do is called when there is something.
 */
#include "config.h"

#include <poll.h>
#include <stdio.h>

#include "base/mem.h"
#include "core/job.h"
#include "core/lanes.h"
#include "core/origins.h"
#include "unit.h"

#define JOBS 2000

struct yard {
	struct lanes lanes;
	struct origins origins;
	struct job *jobs;
	size_t n;
};

static void
yard_open(struct yard *yard, size_t concurrency, size_t n)
{
	yard->n = 0;
	yard->jobs = mem_array(JOBS, sizeof *yard->jobs);
	origins_init(&yard->origins);
	assert_int_equal(lanes_init(&yard->lanes, concurrency, NULL), 0);
	if (n > 1)
		assert_int_equal(lanes_split(&yard->lanes, n, NULL), 0);
}

static void
yard_close(struct yard *yard)
{
	while (yard->n > 0)
		origins_put(&yard->origins, yard->jobs[--yard->n].origin);
	lanes_release(&yard->lanes);
	origins_release(&yard->origins);
	free(yard->jobs);
}

/* The next job of the list is ready; it is of host number `host`. */
static struct job *
push(struct yard *yard, unsigned host)
{
	struct job *job = &yard->jobs[yard->n++];
	char text[32];
	int len = snprintf(text, sizeof text, "http://h%u", host);

	job->seq = yard->n;
	job->origin = origins_get(&yard->origins, text, (size_t)len);
	list_init(&job->node);
	lanes_push(&yard->lanes, job);
	return job;
}

/* Takes one; its number, 0: there is none. */
static uint64_t
pop(struct yard *yard, size_t lane)
{
	struct job *job = lanes_pop(&yard->lanes, lane);

	if (job == NULL)
		return 0;
	lanes_grant(&yard->lanes, lane, job);
	return job->seq;
}

static void
give_back(struct yard *yard, uint64_t seq)
{
	lanes_take_back(&yard->lanes, &yard->jobs[seq - 1]);
}

static int
is_called(struct yard *yard, size_t lane)
{
	struct pollfd fd = { .fd = lanes_fd(&yard->lanes, lane),
		.events = POLLIN };
	int called = poll(&fd, 1, 0) == 1;

	lanes_rest(&yard->lanes, lane);
	return called;
}

/* One with a job in the lane `at` and in no other. */
static unsigned
host_of(struct yard *yard, size_t at)
{
	unsigned host;
	size_t before;

	for (host = 1000;; host++) {
		before = yard->lanes.list[at].n_ready;
		push(yard, host);
		if (yard->lanes.list[at].n_ready > before)
			break;
		lanes_pop(&yard->lanes, 1 - at);
	}
	lanes_pop(&yard->lanes, at);
	return host;
}

static void
one_lane_keeps_the_order(void **state)
{
	struct yard yard;
	unsigned i;

	(void)state;
	yard_open(&yard, 4, 1);
	for (i = 0; i < 100; i++)
		push(&yard, i % 7);
	assert_int_equal(yard.lanes.n_ready, 100);
	for (i = 1; i <= 100; i++)
		assert_int_equal(pop(&yard, 0), i);
	assert_int_equal(pop(&yard, 0), 0);
	assert_int_equal(yard.lanes.n_ready, 0);
	yard_close(&yard);
}

/* Each round of jobs is done before the next. */
static void
an_origin_stays_in_its_lane(void **state)
{
	size_t lane_of[10] = { 0 }, lane, round;
	struct yard yard;
	uint64_t seq;
	unsigned i;

	(void)state;
	yard_open(&yard, 40, 4);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < 10; i++)
			push(&yard, i);
		for (lane = 0; lane < 4; lane++)
			while ((seq = pop(&yard, lane)) != 0) {
				i = (unsigned)(seq - 1) % 10;
				if (round > 0)
					assert_int_equal(lane, lane_of[i]);
				lane_of[i] = lane;
				give_back(&yard, seq);
			}
		assert_int_equal(yard.lanes.n_ready, 0);
	}
	yard_close(&yard);
}

static void
one_origin_is_for_all_lanes(void **state)
{
	struct yard yard;
	size_t got, lane, i;

	(void)state;
	yard_open(&yard, 40, 4);
	for (i = 0; i < 40; i++)
		push(&yard, 1);
	/* Each takes what it may have. */
	for (lane = 0; lane < 4; lane++) {
		for (got = 0; got < 10 && pop(&yard, lane) != 0; got++)
			;
		assert_true(got > 0);
	}
	/* What is left is its own lane's, and others' once that is full. */
	while (yard.lanes.n_ready > 0)
		assert_true(pop(&yard, 0) != 0 || pop(&yard, 1) != 0 ||
			pop(&yard, 2) != 0 || pop(&yard, 3) != 0);
	yard_close(&yard);
}

/* Among its own and those for all, the list's next is the next. */
static void
the_oldest_goes_first(void **state)
{
	uint64_t seq, before = 0;
	struct yard yard;
	unsigned host;
	size_t i;

	(void)state;
	yard_open(&yard, 8, 2);
	host = host_of(&yard, 0);
	/* 6 in the lane, 2 for all; then one that finds room in the lane. */
	for (i = 0; i < 8; i++)
		push(&yard, host);
	assert_int_equal(yard.lanes.list[0].n_ready, 6);
	before = pop(&yard, 0);
	push(&yard, host);
	while ((seq = pop(&yard, 0)) != 0) {
		assert_true(seq > before);
		before = seq;
	}
	assert_int_equal(yard.lanes.n_ready, 0);
	yard_close(&yard);
}

static void
who_is_held_up_is_helped(void **state)
{
	struct yard yard;
	unsigned host;
	size_t i;

	(void)state;
	yard_open(&yard, 4, 2);
	host = host_of(&yard, 0);
	for (i = 0; i < 3; i++)
		push(&yard, host);
	/* It has one of the two that it may have. */
	pop(&yard, 0);
	assert_int_equal(pop(&yard, 1), 0);
	pop(&yard, 0);
	assert_int_not_equal(pop(&yard, 1), 0);
	assert_int_equal(yard.lanes.n_ready, 0);
	yard_close(&yard);
}

/* The host in the first lane is slow; others do not go before it for ever. */
static void
nobody_waits_until_all_others_are_done(void **state)
{
	struct yard yard;
	unsigned first, second;
	uint64_t seq, overdue;
	size_t n;

	(void)state;
	yard_open(&yard, 4, 2);
	first = host_of(&yard, 0);
	second = host_of(&yard, 1);
	push(&yard, first);
	push(&yard, first);
	overdue = push(&yard, first)->seq;
	pop(&yard, 0);
	pop(&yard, 0);
	for (n = 0; n < 100; n++) {
		push(&yard, second);
		seq = pop(&yard, 1);
		give_back(&yard, seq);
		if (seq == overdue)
			break;
	}
	assert_in_range(n, 1, 10);
	yard_close(&yard);
}

static void
who_is_hungry_and_has_something_is_called(void **state)
{
	struct yard yard;
	unsigned first;

	(void)state;
	yard_open(&yard, 4, 2);
	first = host_of(&yard, 0);
	push(&yard, first);
	lanes_call(&yard.lanes);
	assert_false(is_called(&yard, 0));
	assert_false(is_called(&yard, 1));
	lanes_set_hungry(&yard.lanes, 0, 1);
	lanes_set_hungry(&yard.lanes, 1, 1);
	lanes_call(&yard.lanes);
	assert_true(is_called(&yard, 0));
	assert_false(is_called(&yard, 1));
	/* Once is enough. */
	lanes_call_all(&yard.lanes);
	assert_false(is_called(&yard, 0));
	assert_true(is_called(&yard, 1));
	yard_close(&yard);
}

/* Somebody has to look; who has looked sees to the others. */
static void
one_is_called_where_nothing_is_ready(void **state)
{
	struct yard yard;
	unsigned second;

	(void)state;
	yard_open(&yard, 4, 2);
	second = host_of(&yard, 1);
	lanes_set_hungry(&yard.lanes, 0, 1);
	lanes_set_hungry(&yard.lanes, 1, 1);
	lanes_call(&yard.lanes);
	assert_true(is_called(&yard, 0));
	assert_false(is_called(&yard, 1));
	push(&yard, second);
	lanes_set_hungry(&yard.lanes, 0, 1);
	lanes_pass_on(&yard.lanes, 0);
	assert_false(is_called(&yard, 0));
	assert_true(is_called(&yard, 1));
	/* The first still wants to be. */
	lanes_call_all(&yard.lanes);
	assert_true(is_called(&yard, 0));
	yard_close(&yard);
}

static void
in_the_end_there_is_one_lane_with_all(void **state)
{
	struct list *jobs, *node;
	struct yard yard;
	unsigned i;
	size_t n = 0;

	(void)state;
	yard_open(&yard, 8, 3);
	for (i = 0; i < 30; i++)
		push(&yard, i % 5 * (i % 2));
	jobs = lanes_merge(&yard.lanes);
	for (node = jobs->next; node != jobs; node = node->next)
		n++;
	assert_int_equal(n, 30);
	assert_ptr_equal(lanes_merge(&yard.lanes), jobs);
	while (pop(&yard, 0) != 0)
		n--;
	assert_int_equal(n, 0);
	yard_close(&yard);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(one_lane_keeps_the_order),
	cmocka_unit_test(an_origin_stays_in_its_lane),
	cmocka_unit_test(one_origin_is_for_all_lanes),
	cmocka_unit_test(the_oldest_goes_first),
	cmocka_unit_test(who_is_held_up_is_helped),
	cmocka_unit_test(nobody_waits_until_all_others_are_done),
	cmocka_unit_test(who_is_hungry_and_has_something_is_called),
	cmocka_unit_test(one_is_called_where_nothing_is_ready),
	cmocka_unit_test(in_the_end_there_is_one_lane_with_all),
};

UNIT_MAIN("core/lanes", tests)
