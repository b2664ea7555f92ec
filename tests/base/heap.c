/* SPDX-License-Identifier: MIT */
/*
 * heap -- whatever comes and goes, the first is the earliest.
 */
#include "config.h"

#include "base/heap.h"
#include "base/mem.h"
#include "unit.h"

#define NODES 2000

/* A fixed sequence (Knuth's MMIX generator), so that a failure comes again. */
static int64_t
next_time(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) +
		UINT64_C(1442695040888963407);
	return (int64_t)(*seed >> 54) - 512;
}

static void
heap_expect(const struct heap *heap)
{
	size_t i;

	for (i = 0; i < heap->n; i++) {
		assert_int_equal(heap->nodes[i]->index, i);
		if (i > 0)
			assert_true(heap->nodes[(i - 1) / 2]->at <=
				heap->nodes[i]->at);
	}
}

static void
they_come_out_earliest_first(void **state)
{
	struct heap_node *nodes = mem_array(NODES, sizeof *nodes);
	struct heap_node *first;
	struct heap heap;
	int64_t last = INT64_MIN;
	uint64_t seed = 1;
	size_t i;

	(void)state;
	heap_init(&heap);
	assert_null(heap_first(&heap));
	for (i = 0; i < NODES; i++)
		heap_push(&heap, &nodes[i], next_time(&seed));
	heap_expect(&heap);
	for (i = 0; i < NODES; i++) {
		first = heap_first(&heap);
		assert_true(first->at >= last);
		last = first->at;
		heap_remove(&heap, first);
	}
	assert_null(heap_first(&heap));
	heap_release(&heap);
	free(nodes);
}

static void
any_one_can_be_removed(void **state)
{
	struct heap_node *nodes = mem_array(NODES, sizeof *nodes);
	struct heap heap;
	uint64_t seed = 2;
	size_t i, left = NODES;

	(void)state;
	heap_init(&heap);
	for (i = 0; i < NODES; i++)
		heap_push(&heap, &nodes[i], next_time(&seed));
	/* 7 and NODES have no common divisor: each is met once. */
	for (i = 0; i < NODES; i++) {
		heap_remove(&heap, &nodes[i * 7 % NODES]);
		assert_int_equal(heap.n, --left);
		if (i % 50 == 0)
			heap_expect(&heap);
	}
	heap_release(&heap);
	free(nodes);
}

static void
equal_and_extreme_times_are_fine(void **state)
{
	struct heap_node nodes[5];
	struct heap heap;

	(void)state;
	heap_init(&heap);
	heap_push(&heap, &nodes[0], INT64_MAX);
	heap_push(&heap, &nodes[1], 0);
	heap_push(&heap, &nodes[2], INT64_MIN);
	heap_push(&heap, &nodes[3], 0);
	heap_push(&heap, &nodes[4], INT64_MIN);
	assert_true(heap_first(&heap)->at == INT64_MIN);
	heap_remove(&heap, &nodes[2]);
	assert_ptr_equal(heap_first(&heap), &nodes[4]);
	heap_remove(&heap, &nodes[4]);
	heap_remove(&heap, &nodes[1]);
	assert_ptr_equal(heap_first(&heap), &nodes[3]);
	heap_remove(&heap, &nodes[3]);
	assert_ptr_equal(heap_first(&heap), &nodes[0]);
	heap_release(&heap);
	assert_null(heap_first(&heap));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(they_come_out_earliest_first),
	cmocka_unit_test(any_one_can_be_removed),
	cmocka_unit_test(equal_and_extreme_times_are_fine),
};

UNIT_MAIN("heap", tests)
