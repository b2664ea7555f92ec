/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_BASE_LIST_H
#define FETCHALL_BASE_LIST_H

#include <stddef.h>

/*
 * A circular doubly linked list through a member of its entries: no memory of
 * its own, O(1) removal of an entry without knowing its list. (The macros of
 * sys/queue.h do the same; these are functions, so a debugger and the
 * compiler see them.) An entry is in one list at most; one that was removed
 * may be removed again.
 */
struct list {
	struct list *next, *prev;
};

/* The struct of `type` whose `member` is the node `ptr`. */
#define LIST_ENTRY(ptr, type, member) \
	((type *)(void *)((char *)(ptr) - offsetof(type, member)))

static inline void
list_init(struct list *list)
{
	list->next = list->prev = list;
}

static inline int
list_empty(const struct list *list)
{
	return list->next == list;
}

/* Puts `node` at the end of `list`. */
static inline void
list_push(struct list *list, struct list *node)
{
	node->prev = list->prev;
	node->next = list;
	list->prev->next = node;
	list->prev = node;
}

static inline void
list_push_front(struct list *list, struct list *node)
{
	list_push(list->next, node);
}

static inline void
list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Takes the first node; NULL when there is none. */
static inline struct list *
list_pop(struct list *list)
{
	struct list *node = list->next;

	if (node == list)
		return NULL;
	list_remove(node);
	return node;
}

/* Moves every node of `from` to the end of `list`; `from` is empty after. */
static inline void
list_splice(struct list *list, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = list->prev;
	list->prev->next = from->next;
	from->prev->next = list;
	list->prev = from->prev;
	list_init(from);
}

#endif
