/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_BASE_HEAP_H
#define FETCHALL_BASE_HEAP_H

#include <stddef.h>
#include <stdint.h>

/*
 * A binary heap of things that are due, earliest first; equal times come out
 * in no set order. The node is a member of the thing that waits.
 */
struct heap_node {
	int64_t at;
	size_t index;
};

struct heap {
	struct heap_node **nodes;
	size_t n, size;
};

void heap_init(struct heap *heap);
/* Frees the array, not the entries. */
void heap_release(struct heap *heap);
void heap_push(struct heap *heap, struct heap_node *node, int64_t at);
/* The earliest, left in; NULL when empty. */
struct heap_node *heap_first(const struct heap *heap);
/* `node` must be in. */
void heap_remove(struct heap *heap, struct heap_node *node);

#endif
