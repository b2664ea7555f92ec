/* SPDX-License-Identifier: MIT */
/*
 * heap -- what is due next, in O(log n), with removal from the middle.
 */
#include "config.h"

#include "base/heap.h"
#include "base/mem.h"

void
heap_init(struct heap *heap)
{
	*heap = (struct heap){ 0 };
}

void
heap_release(struct heap *heap)
{
	free(heap->nodes);
	heap_init(heap);
}

static void
heap_place(struct heap *heap, size_t index, struct heap_node *node)
{
	heap->nodes[index] = node;
	node->index = index;
}

static void
heap_rise(struct heap *heap, size_t index, struct heap_node *node)
{
	size_t parent;

	while (index > 0) {
		parent = (index - 1) / 2;
		if (heap->nodes[parent]->at <= node->at)
			break;
		heap_place(heap, index, heap->nodes[parent]);
		index = parent;
	}
	heap_place(heap, index, node);
}

static void
heap_sink(struct heap *heap, size_t index, struct heap_node *node)
{
	size_t child;

	while ((child = 2 * index + 1) < heap->n) {
		if (child + 1 < heap->n &&
		    heap->nodes[child + 1]->at < heap->nodes[child]->at)
			child++;
		if (node->at <= heap->nodes[child]->at)
			break;
		heap_place(heap, index, heap->nodes[child]);
		index = child;
	}
	heap_place(heap, index, node);
}

void
heap_push(struct heap *heap, struct heap_node *node, int64_t at)
{
	if (heap->n == heap->size) {
		heap->size = heap->size < 16 ? 16 : 2 * heap->size;
		heap->nodes = mem_grow(heap->nodes, heap->size,
			sizeof *heap->nodes);
	}
	node->at = at;
	heap_rise(heap, heap->n++, node);
}

struct heap_node *
heap_first(const struct heap *heap)
{
	return heap->n > 0 ? heap->nodes[0] : NULL;
}

void
heap_remove(struct heap *heap, struct heap_node *node)
{
	struct heap_node *last = heap->nodes[--heap->n];

	if (last == node)
		return;
	/* The last one may belong above or below the hole. */
	if (last->at < node->at)
		heap_rise(heap, node->index, last);
	else
		heap_sink(heap, node->index, last);
}
