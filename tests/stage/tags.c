/* SPDX-License-Identifier: MIT */
/*
 * tags -- they are found where browsers find them, for any cutting, and are
 * never larger than the limits say.
 */
#include "config.h"

#include "base/mem.h"
#include "stage/tags.h"
#include "unit.h"

#define MIB ((size_t)1 << 20)

struct finds {
	struct buf list;	/* the tags, one behind the other */
	size_t n;
	size_t longest;
};

static int
is_wanted(const char *name)
{
	return strcmp(name, "a") == 0 || strcmp(name, "script") == 0 ||
		strcmp(name, "img") == 0;
}

static void
note_find(void *arg, const char *name, const char *tag, size_t n)
{
	struct finds *finds = arg;

	assert_true(is_wanted(name));
	assert_int_equal(tag[0], '<');
	assert_memory_equal(tag + 1, name, strlen(name));
	assert_int_equal(tag[n - 1], '>');
	assert_null(memchr(tag, '\0', n));
	buf_add(&finds->list, tag, n);
	finds->n++;
	if (n > finds->longest)
		finds->longest = n;
}

static void
find(struct finds *finds, const char *p, size_t n, size_t piece, int *ret_cut)
{
	struct tags tags;
	size_t at, len;
	char *copy;

	*finds = (struct finds){ 0 };
	buf_init(&finds->list, 16 * MIB);
	tags_init(&tags, is_wanted, note_find, finds);
	for (at = 0; at < n; at += len) {
		len = piece < n - at ? piece : n - at;
		copy = mem_dup(p + at, len);
		tags_feed(&tags, copy, len);
		free(copy);
	}
	assert_in_range(tags.tag.len, 0, TAGS_SIZE_MAX);
	*ret_cut = tags.cut;
	tags_release(&tags);
}

static void
tags_are_where_browsers_find_them(void **state)
{
	static const struct {
		const char *page, *want, *note;
	} cases[] = {
		{ "<a href=x>", "<a href=x>", "a tag" },
		{ "x<A HREF=\"X\">y</A>", "<a HREF=\"X\">", "capitals" },
		{ "<a\nhref='x'\t>", "<a\nhref='x'\t>", "blanks" },
		{ "<a/href=x/>", "<a/href=x/>", "slashes" },
		{ "<abbr href=x><b><a>", "<a>", "other names" },
		{ "<a title='>' href=\">\">", "<a title='>' href=\">\">",
			"> in quotes" },
		{ "<a title=\"a'b\" x='a\"b'><a>",
			"<a title=\"a'b\" x='a\"b'><a>", "quotes in quotes" },
		{ "<a b'c>\"<a>'>", "<a b'c><a>", "a quote in a name" },
		{ "<a b=c'd>'<a>", "<a b=c'd><a>", "a quote in a value" },
		{ "<a =\"x\">\"><a>", "<a =\"x\"><a>",
			"= as a name" },
		{ "<a ='><a>", "<a ='><a>", "= does not begin a value" },
		{ "<a b = '>'>", "<a b = '>'>", "blanks around =" },
		{ "<a b/='>'>", "<a b/='>", "a slash ends the name" },
		{ "<a b=>'<a>", "<a b=><a>", "no value" },
		{ "<a b='c'd='e>'>", "<a b='c'd='e>'>", "nothing between" },
		{ "<a b=/>x", "<a b=/>", "a slash is a value" },
		{ "a < a<a>", "<a>", "no tag" },
		{ "<<a><1a><a>", "<a><a>", "<<" },
		{ "<!-- <a> --><a>", "<a>", "comment" },
		{ "<!--><a>-->", "<a>", "empty comment" },
		{ "<!---><a>-->", "<a>", "empty comment" },
		{ "<!-- - <a> -- <a> ->--!><a>", "<a>", "--!>" },
		{ "<!-- ---><a>", "<a>", "three dashes" },
		{ "<!-- --!!> <a>", "", "no end of a comment" },
		{ "<!doctype html '><a>", "<a>", "doctype" },
		{ "<!-<a>><a>", "<a>", "bogus comment" },
		{ "<?php echo '<a>' ?><a>", "<a>", "processing instruction" },
		{ "</ <a><a></><a>", "<a><a>", "bogus end tags" },
		{ "</b title='<a>'><a>", "<a>", "end tag with attributes" },
		{ "<script>'<a>'</script><a>", "<script><a>", "script" },
		{ "<script src=x>if(a<b)</SCRIPT ><a>", "<script src=x><a>",
			"end in capitals" },
		{ "<script></scrip></script</scripts></script/><a>",
			"<script><a>", "what is no end" },
		{ "<script><</script><a>", "<script><a>", "<<" },
		{ "<script></</script><a>", "<script><a>", "</<" },
		{ "<script/><a></script><a>", "<script/><a>",
			"a slash does not close it" },
		{ "<script><!-- <a> </script> <a> -->", "<script><a>",
			"comment in a script" },
		{ "<style>a<a></style><title><a></title><textarea><a>"
			"</textarea><iframe><a></iframe><xmp><a></xmp><a>",
			"<a>", "other text" },
		{ "<noscript><a></noscript>", "<a>", "noscript is read" },
		{ "<template><a></template><svg><a></svg>", "<a><a>",
			"so are these" },
		{ "<a", "", "cut off" },
		{ "<a href='", "", "cut off" },
		{ "<a href=\"x>y<a>", "", "an open quote" },
		{ "", "", "nothing" },
	};
	static const size_t pieces[] = { SIZE_MAX, 1, 2, 3, 5, 7 };
	struct finds finds;
	size_t i, k;
	int cut;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		for (k = 0; k < sizeof pieces / sizeof *pieces; k++) {
			find(&finds, cases[i].page, strlen(cases[i].page),
				pieces[k], &cut);
			if (strcmp(buf_text(&finds.list), cases[i].want) != 0)
				fail_msg("%s: %s gives %s", cases[i].note,
					cases[i].page, buf_text(&finds.list));
			assert_false(cut);
			buf_release(&finds.list);
		}
}

static void
nuls_are_no_end(void **state)
{
	static const char page[] = "<\0a><a\0><a b='\0'>\0<a \0><a>";
	struct finds finds;
	int cut;

	(void)state;
	find(&finds, page, sizeof page - 1, 3, &cut);
	assert_string_equal(buf_text(&finds.list),
		"<a b='\x7f'><a \x7f><a>");
	buf_release(&finds.list);
}

/* Pages with something too large between two tags. */
static void
what_is_too_large_is_left_out(void **state)
{
	static const struct {
		const char *before, *repeated, *after, *want;
		size_t times;
		int cut;
		const char *note;
	} cases[] = {
		{ "<a 1><img src='data:", "x", "' alt=y><a 2>",
			"<a 1><img src='data:,' alt=y><a 2>", MIB, 0,
			"data: URL" },
		{ "<a 1><img src='", "x", "' alt=y><a 2>",
			"<a 1><img src='data:,' alt=y><a 2>", MIB, 1,
			"other URL" },
		{ "<a 1><a b=", "x", " c=d><a 2>",
			"<a 1><a b=data:, c=d><a 2>", MIB, 1, "no quotes" },
		{ "<a 1><a ", "x", "><a 2>", "<a 1><a 2>", MIB, 1,
			"name of an attribute" },
		{ "<a 1><a ", " ", "><a 2>", "<a 1><a 2>", MIB, 1, "blanks" },
		{ "<a 1><a", " b", "><a 2>", "<a 1><a 2>", 129, 1,
			"attributes" },
		{ "<a", "/b", "><a 2>", "<a 2>", 129, 1, "attributes" },
		{ "<a b='c'", "d='e'", "><a 2>", "<a 2>", 128, 1,
			"attributes" },
		{ "<a 1><", "x", "><a 2>", "<a 1><a 2>", MIB, 0,
			"name of an element" },
		{ "<a 1><!--", "x", "--><a 2>", "<a 1><a 2>", MIB, 0,
			"comment" },
		{ "<a 1><script>", "</", "</script><a 2>",
			"<a 1><script><a 2>", MIB, 0, "script" },
		{ "<a 1>", "<", "<a 2>", "<a 1><a 2>", MIB, 0, "<" },
		{ "<a 1>", "</b>", "<a 2>", "<a 1><a 2>", MIB, 0, "end tags" },
	};
	struct buf page;
	struct finds finds;
	size_t i, k;
	int cut;

	(void)state;
	buf_init(&page, 16 * MIB);
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		buf_clear(&page);
		buf_add_text(&page, cases[i].before);
		for (k = 0; k < cases[i].times; k++)
			buf_add_text(&page, cases[i].repeated);
		buf_add_text(&page, cases[i].after);
		find(&finds, page.data, page.len, 10007, &cut);
		assert_string_equal(buf_text(&finds.list), cases[i].want);
		assert_int_equal(cut, cases[i].cut);
		buf_release(&finds.list);
	}
	buf_release(&page);
}

static void
tags_at_the_limits_are_whole(void **state)
{
	struct buf page;
	struct finds finds;
	size_t i;
	int cut;

	(void)state;
	buf_init(&page, MIB);
	buf_add_text(&page, "<a");
	for (i = 0; i < TAGS_ATTRIBUTES_MAX; i++)
		buf_printf(&page, " b%zu = 'c'", i);
	buf_add_text(&page, "><a href='");
	for (i = 0; i < TAGS_VALUE_MAX; i++)
		buf_add_char(&page, 'x');
	buf_add_text(&page, "'>");
	find(&finds, page.data, page.len, 1000, &cut);
	assert_false(cut);
	assert_int_equal(finds.n, 2);
	assert_string_equal(finds.list.data, page.data);
	buf_release(&finds.list);
	buf_release(&page);
}

/* The same finds for any cutting, whatever the page is. */
static void
any_bytes_are_survived(void **state)
{
	static const char *const parts[] = {
		"<a ", "<", ">", "\"", "'", "=", "</", "<!--", "-->", "--!>",
		"<script>", "</script", "<style ", "</style>", "/", " ", "x",
		"<img src=", "-", "!", "?", "\n", "href", "<title>", "</title>",
	};
	uint32_t random = 5;
	struct finds whole, cut_up;
	struct buf page;
	int cut, cut_too;
	size_t i, k;

	(void)state;
	buf_init(&page, MIB);
	for (i = 0; i < 2000; i++) {
		buf_clear(&page);
		for (k = 0; k < 60; k++) {
			random = random * 1664525 + 1013904223;
			if (random >> 28 == 0)
				buf_add_char(&page, (char)(random >> 16));
			else
				buf_add_text(&page, parts[(random >> 16) %
					(sizeof parts / sizeof *parts)]);
		}
		find(&whole, page.data, page.len, SIZE_MAX, &cut);
		find(&cut_up, page.data, page.len, 1 + i % 11, &cut_too);
		assert_string_equal(buf_text(&whole.list),
			buf_text(&cut_up.list));
		assert_int_equal(cut, cut_too);
		buf_release(&whole.list);
		buf_release(&cut_up.list);
	}
	buf_release(&page);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(tags_are_where_browsers_find_them),
	cmocka_unit_test(nuls_are_no_end),
	cmocka_unit_test(what_is_too_large_is_left_out),
	cmocka_unit_test(tags_at_the_limits_are_whole),
	cmocka_unit_test(any_bytes_are_survived),
};

UNIT_MAIN("stage/tags", tests)
