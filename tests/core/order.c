/* SPDX-License-Identifier: MIT */
/*
 * order -- whatever order numbers come in, their things leave in that of the
 * numbers, each as soon as it can.
 */
#include "config.h"

#include <stdio.h>

#include "core/order.h"
#include "unit.h"

#define MANY 2000

/* Things are their own numbers. */
static unsigned char things[MANY + 1];

static void *
thing(uint64_t number)
{
	return &things[number];
}

/* Adds what the text says, "3 -1 2": -1 has no thing; returns what left, an
 * "|" after each number added. */
static const char *
play(const char *text)
{
	static char out[256];
	struct order *order = order_new();
	int number, read;
	size_t len = 0;
	unsigned char *got;

	out[0] = '\0';
	for (; sscanf(text, "%d%n", &number, &read) == 1; text += read) {
		order_add(order, (uint64_t)abs(number), number > 0 ?
			thing((uint64_t)number) : NULL);
		while ((got = order_next(order)) != NULL)
			len += (size_t)snprintf(out + len, sizeof out - len,
				"%td", got - things);
		len += (size_t)snprintf(out + len, sizeof out - len, "|");
	}
	len += (size_t)snprintf(out + len, sizeof out - len, " ");
	while ((got = order_rest(order)) != NULL)
		len += (size_t)snprintf(out + len, sizeof out - len, "%td",
			got - things);
	order_free(order);
	return out;
}

static void
things_leave_in_order_as_soon_as_they_can(void **state)
{
	static const struct {
		const char *note, *numbers, *left;
	} cases[] = {
		{ "nothing", "", " " },
		{ "in order", "1 2 3", "1|2|3| " },
		{ "backwards", "4 3 2 1", "|||1234| " },
		{ "backwards, and then some", "3 2 1 4", "||123|4| " },
		{ "the first comes late", "2 3 4 1 5", "|||1234|5| " },
		{ "gaps are closed one by one", "2 4 6 1 3 5",
			"|||12|34|56| " },
		{ "one without a thing", "2 -1 3", "|2|3| " },
		{ "runs of them join", "-3 -5 -4 6 2 1", "|||||126| " },
		{ "behind", "-4 -3 5 2 1", "||||125| " },
		{ "a thing between them", "-2 3 -4 5 1", "||||135| " },
		{ "only they", "-2 -1 -3", "||| " },
		{ "the rest, with gaps", "2 5 -3 -6 8", "||||| 258" },
		{ "the rest behind what left", "1 3 5", "1||| 35" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		assert_string_equal(play(cases[i].numbers), cases[i].left);
	}
}

static uint32_t
draw(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Shuffled within a window, as fetches are; a third has no thing. */
static void
any_shuffle_comes_out_sorted(void **state)
{
	static uint64_t numbers[MANY];
	static const uint32_t windows[] = { 1, 2, 7, 64, MANY };
	uint32_t seed = 1, w, i, j;
	unsigned char *got, *last;
	struct order *order;
	uint64_t swap;
	size_t n, want;

	(void)state;
	for (w = 0; w < 50; w++) {
		for (i = 0; i < MANY; i++)
			numbers[i] = i + 1;
		for (i = 0; i < MANY; i++) {
			j = i + draw(&seed) % windows[w % 5];
			j = j < MANY ? j : MANY - 1;
			swap = numbers[i];
			numbers[i] = numbers[j];
			numbers[j] = swap;
		}
		order = order_new();
		last = things;
		n = want = 0;
		for (i = 0; i < MANY; i++) {
			want += numbers[i] % 3 != 0;
			order_add(order, numbers[i], numbers[i] % 3 != 0 ?
				thing(numbers[i]) : NULL);
			while ((got = order_next(order)) != NULL) {
				assert_true(got > last);
				last = got;
				n++;
			}
		}
		assert_int_equal(n, want);
		assert_null(order_rest(order));
		order_free(order);
	}
}

/* While one is awaited: tens of millions would be gigabytes otherwise. */
static void
numbers_without_things_cost_nothing(void **state)
{
	struct order *order = order_new();
	uint64_t i;

	(void)state;
	order_add(order, 2, thing(2));
	for (i = 3; i < 20000000; i++)
		order_add(order, i, NULL);
	order_add(order, i, thing(3));
	assert_null(order_next(order));
	order_add(order, 1, thing(1));
	assert_ptr_equal(order_next(order), thing(1));
	assert_ptr_equal(order_next(order), thing(2));
	assert_ptr_equal(order_next(order), thing(3));
	assert_null(order_next(order));
	order_free(order);
	order_free(NULL);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(things_leave_in_order_as_soon_as_they_can),
	cmocka_unit_test(any_shuffle_comes_out_sorted),
	cmocka_unit_test(numbers_without_things_cost_nothing),
};

UNIT_MAIN("core/order", tests)
