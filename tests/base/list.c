/* SPDX-License-Identifier: MIT */
/*
 * list -- order is kept whatever is pushed, removed or spliced.
 */
#include "config.h"

#include "base/list.h"
#include "unit.h"

struct item {
	int before;		/* so that the node is not at offset 0 */
	struct list node;
	char name;
};

static void
items_init(struct item *items, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		items[i].name = (char)('a' + (int)i);
		list_init(&items[i].node);
	}
}

/* The list's names forwards; they must read the same backwards. */
static void
list_expect(struct list *list, const char *names)
{
	struct list *node;
	size_t n = 0;

	for (node = list->next; node != list; node = node->next)
		assert_int_equal(LIST_ENTRY(node, struct item, node)->name,
			names[n++]);
	assert_int_equal(names[n], '\0');
	for (node = list->prev; node != list; node = node->prev)
		assert_int_equal(LIST_ENTRY(node, struct item, node)->name,
			names[--n]);
	assert_int_equal(n, 0);
}

static void
first_in_is_first_out(void **state)
{
	struct item items[3];
	struct list list;

	(void)state;
	items_init(items, 3);
	list_init(&list);
	assert_true(list_empty(&list));
	assert_null(list_pop(&list));
	list_push(&list, &items[0].node);
	list_push(&list, &items[1].node);
	list_push_front(&list, &items[2].node);
	assert_false(list_empty(&list));
	list_expect(&list, "cab");
	assert_ptr_equal(list_pop(&list), &items[2].node);
	assert_ptr_equal(list_pop(&list), &items[0].node);
	assert_ptr_equal(list_pop(&list), &items[1].node);
	assert_null(list_pop(&list));
}

static void
any_entry_can_be_removed_and_more_than_once(void **state)
{
	struct item items[4];
	struct list list;
	size_t i;

	(void)state;
	items_init(items, 4);
	list_init(&list);
	for (i = 0; i < 4; i++)
		list_push(&list, &items[i].node);
	list_remove(&items[1].node);
	list_expect(&list, "acd");
	list_remove(&items[1].node);
	list_expect(&list, "acd");
	list_remove(&items[3].node);
	list_remove(&items[0].node);
	list_expect(&list, "c");
	list_push(&list, &items[1].node);
	list_expect(&list, "cb");
}

static void
splicing_moves_all_in_order(void **state)
{
	struct item items[4];
	struct list list, from;
	size_t i;

	(void)state;
	items_init(items, 4);
	list_init(&list);
	list_init(&from);
	list_splice(&list, &from);
	list_expect(&list, "");
	for (i = 0; i < 4; i++)
		list_push(i < 2 ? &list : &from, &items[i].node);
	list_splice(&list, &from);
	list_expect(&list, "abcd");
	list_expect(&from, "");
	list_splice(&from, &list);
	list_expect(&list, "");
	list_expect(&from, "abcd");
	list_splice(&from, &list);
	list_expect(&from, "abcd");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(first_in_is_first_out),
	cmocka_unit_test(any_entry_can_be_removed_and_more_than_once),
	cmocka_unit_test(splicing_moves_all_in_order),
};

UNIT_MAIN("list", tests)
