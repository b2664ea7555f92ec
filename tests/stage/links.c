/* SPDX-License-Identifier: MIT */
/*
 * links -- what a page refers to, as it would be fetched: from the elements
 * and attributes that count, resolved, each once, and within limits whatever
 * the page is.
 */
#include "config.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/units.h"
#include "stage/family.h"
#include "stage/trial.h"
#include "unit.h"

#ifdef HAVE_LIBXML2

#define MIB ((size_t)1 << 20)

static struct trial *
links_trial(void)
{
	struct trial *trial = trial_new_with(&stage_links, NULL, NULL, NULL);

	trial->page.url = "http://h/d/p";
	return trial;
}

static void
check_list(struct trial *trial, const void *arg)
{
	const char *want = arg;
	size_t n = *want != '\0';
	const char *p;

	if (trial->outcome.failed)
		fail_msg("%s", trial->outcome.errormsg);
	for (p = want; *p != '\0'; p++)
		n += *p == ' ';
	assert_string_equal(trial_text(trial, "links_list"), want);
	assert_int_equal(trial_u64(trial, "links"), n);
	assert_false(trial_value(trial, "links_cut")->flag);
}

struct page {
	const char *page, *want, *note;
};

static void
assert_lists(const struct page *pages, size_t n)
{
	struct trial *trial = links_trial();
	size_t i;

	for (i = 0; i < n; i++) {
		print_message("%s\n", pages[i].note);
		trial_run_cut(trial, pages[i].page, strlen(pages[i].page),
			check_list, pages[i].want);
	}
	trial_free(trial);
}

#define ASSERT_LISTS(pages) assert_lists(pages, sizeof pages / sizeof *pages)

static void
links_come_from_what_refers_to_something(void **state)
{
	static const struct page pages[] = {
		{ "", "", "nothing" },
		{ "no tags", "", "no tags" },
		{ "<a href=x>x</a>", "http://h/d/x", "a" },
		{ "<map><area href='x'></map>", "http://h/d/x", "area" },
		{ "<link rel=stylesheet href=/c.css>", "http://h/c.css",
			"link" },
		{ "<img src=i.png><img src='j.png'/>",
			"http://h/d/i.png http://h/d/j.png", "img" },
		{ "<script src=s.js></script><script>'<a href=n>'</script>",
			"http://h/d/s.js", "script" },
		{ "<iframe src=//g/f></iframe>", "http://g/f", "iframe" },
		{ "<picture><source srcset='a 1x,b 2x'><img src=c></picture>",
			"http://h/d/a http://h/d/b http://h/d/c", "source" },
		{ "<video><source src=v.mp4></video>", "http://h/d/v.mp4",
			"source" },
		{ "<p href=x><a name=y><a data-href=z><b src=w><img href=v>",
			"", "what does not" },
		{ "<a href=b><div><p><ul><li><a href=a></p></b>"
			"<table><a href=c></html><a href=d>",
			"http://h/d/b http://h/d/a http://h/d/c http://h/d/d",
			"any nesting, in their order" },
		{ "<head><a href=x></head><frameset><a href=y>",
			"http://h/d/x http://h/d/y", "anywhere" },
		{ "<a href=x href=y>", "http://h/d/x", "the first counts" },
		{ "<a href>x<a href=''>", "http://h/d/p", "none, and empty" },
		{ "<!-- <a href=n> --><a href=x>", "http://h/d/x", "comment" },
	};

	(void)state;
	ASSERT_LISTS(pages);
}

static void
links_are_resolved_and_come_once(void **state)
{
	static const struct page pages[] = {
		{ "<a href=x><a href=/d/x><a href='./x#y'><a href=HTTP://H/d/x>"
			"<img src=x>", "http://h/d/x", "once" },
		{ "<a href='#'><a href=' #x'>", "", "places in the page" },
		{ "<a href='p#x'>", "http://h/d/p", "the page by its name" },
		{ "<a href='mailto:a@b'><a href='javascript:x()'>"
			"<a href='ftp://h/'><img src='data:,x'><a href='file:/x'>"
			"<a href='tel:1'>", "", "other schemes" },
		{ "<a href='http://'><a href='//h:0/'><a href='//[x/'>", "",
			"what is no URL" },
		{ "<a href=' x\n'><a href='y\ty'><a href='a b'>",
			"http://h/d/x http://h/d/yy http://h/d/a%20b",
			"blanks" },
		{ "<a href='?a=1&amp;b=2'><a href='?a&#x3D;1'><a href='&#47;z'>",
			"http://h/d/p?a=1&b=2 http://h/d/p?a=1 http://h/z",
			"entities" },
		{ "<a href='?a=1&b=2&copy=3'>", "http://h/d/p?a=1&b=2&copy=3",
			"no entities" },
		{ "<a href='http://u:p@h/x'>", "http://h/x", "passwords" },
		{ "<a href='\\\\g\\x'>", "http://g/x", "backslashes" },
	};

	(void)state;
	ASSERT_LISTS(pages);
}

static void
the_first_base_changes_what_follows(void **state)
{
	static const struct page pages[] = {
		{ "<base href='http://g/e/f'><a href=x>", "http://g/e/x",
			"another host" },
		{ "<base href=/e/><a href=x><base href=/f/><a href=y>",
			"http://h/e/x http://h/e/y", "the first" },
		{ "<base target=_top><base href=/e/><a href=x>",
			"http://h/e/x", "the first with href" },
		{ "<base href='ftp://g/'><a href=x>", "http://h/d/x",
			"another scheme" },
		{ "<base href='//g'><a href=''>", "http://g/", "no path" },
	};

	(void)state;
	ASSERT_LISTS(pages);
}

static void
srcset_is_a_list(void **state)
{
	static const struct page pages[] = {
		{ "<img srcset='a'>", "http://h/d/a", "one" },
		{ "<img srcset='a 1x, b 2x ,c 3x'>",
			"http://h/d/a http://h/d/b http://h/d/c", "density" },
		{ "<img srcset=' a 100w,\n b 200w'>",
			"http://h/d/a http://h/d/b", "width" },
		{ "<img srcset='a, b'>", "http://h/d/a http://h/d/b", "none" },
		{ "<img srcset='a,b 1x'>", "http://h/d/a,b",
			"a comma within" },
		{ "<img srcset='a,,, ,b,'>", "http://h/d/a http://h/d/b",
			"commas" },
		{ "<img srcset='a (1,2), b'>", "http://h/d/a http://h/d/b",
			"brackets" },
		{ "<img srcset='a (1,2 b'>", "http://h/d/a", "open bracket" },
		{ "<img srcset=' , '>", "", "nothing" },
		{ "<img srcset='data:,x 1x, b 2x'>", "http://h/d/b", "data:" },
		{ "<link rel=preload imagesrcset='a 1x, b 2x'>",
			"http://h/d/a http://h/d/b", "imagesrcset" },
	};

	(void)state;
	ASSERT_LISTS(pages);
}

#define META "<meta http-equiv=Refresh content="

static void
refreshes_are_read_as_in_browsers(void **state)
{
	static const struct page pages[] = {
		{ META "'5; url=x'>", "http://h/d/x", "plain" },
		{ META "'0;URL=x'>", "http://h/d/x", "capitals" },
		{ META "\"0; url='x y'\">", "http://h/d/x%20y", "quotes" },
		{ META "'0; url=\"x\" z'>", "http://h/d/x", "quotes" },
		{ META "'1.5 , url = x'>", "http://h/d/x", "comma" },
		{ META "'0;x'>", "http://h/d/x", "no url=" },
		{ META "'0; urls'>", "http://h/d/urls", "no =" },
		{ META "'0 x'>", "http://h/d/x", "a blank" },
		{ META "'5'>", "", "the page again" },
		{ META "'5;'>", "", "the page again" },
		{ META "'url=x'>", "", "no time" },
		{ META "''>", "", "nothing" },
		{ "<meta name=refresh content='0;url=x'>", "", "a name" },
		{ "<meta content='0;url=x' http-equiv='refresh'>",
			"http://h/d/x", "the other way round" },
	};

	(void)state;
	ASSERT_LISTS(pages);
}

static void
character_sets_are_read(void **state)
{
	static const struct {
		const char *type, *page, *want, *note;
	} cases[] = {
		{ "text/html", "<meta charset=utf-8><a href=\xc3\xa9>",
			"http://h/d/%C3%A9", "UTF-8, said by the page" },
		{ "text/html", "<meta charset=iso-8859-1><a href=\xe9>",
			"http://h/d/%C3%A9", "Latin-1, said by the page" },
		{ "text/html; charset=UTF-8", "<a href=\xc3\xa9>",
			"http://h/d/%C3%A9", "UTF-8" },
		{ "text/html;charset=\"iso-8859-1\"", "<a href=\xe9>",
			"http://h/d/%C3%A9", "Latin-1" },
		{ "text/html; charset=utf-8",
			"<meta charset=iso-8859-1><a href=\xc3\xa9>",
			"http://h/d/%C3%A9", "the header counts" },
	};
	struct trial *trial = links_trial();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		trial->page.content_type = cases[i].type;
		trial_run_cut(trial, cases[i].page, strlen(cases[i].page),
			check_list, cases[i].want);
	}
	trial_free(trial);
}

static void
only_html_is_read(void **state)
{
	static const struct {
		const char *type;
		int read;
	} cases[] = {
		{ NULL, 1 }, { "", 1 }, { "text/html", 1 },
		{ " Text/HTML ;charset=x", 1 }, { "application/xhtml+xml", 1 },
		{ "text/plain", 0 }, { "text/htmlx", 0 }, { "image/png", 0 },
		{ "application/xml", 0 },
	};
	struct trial *trial = links_trial();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		trial->page.content_type = cases[i].type;
		trial_run(trial, "<a href=x>", 10, TRIAL_WHOLE);
		assert_false(trial->outcome.failed);
		assert_int_equal(trial_value(trial, "links") != NULL,
			cases[i].read);
		assert_int_equal(trial_text(trial, "links_list") != NULL,
			cases[i].read);
	}
	/* Where no URL is, there is nothing to resolve against. */
	trial->page.content_type = NULL;
	trial->page.url = "x";
	trial_run(trial, "<a href=x>", 10, TRIAL_WHOLE);
	assert_null(trial_value(trial, "links"));
	trial_free(trial);
}

/* --- limits --- */

static void
a_page_has_so_many_links_and_no_more(void **state)
{
	struct trial *trial = trial_new_with(&stage_links, NULL,
		"--links-max", "3");
	const char *page = "<a href=1><a href=2><a href=1><a href=3><a href=2>";

	(void)state;
	trial->page.url = "http://h/";
	trial_run(trial, page, strlen(page), TRIAL_WHOLE);
	check_list(trial, "http://h/1 http://h/2 http://h/3");
	page = "<a href=1><a href=2><a href=3><a href=4><a href=1>";
	trial_run(trial, page, strlen(page), TRIAL_WHOLE);
	assert_int_equal(trial_u64(trial, "links"), 3);
	assert_true(trial_value(trial, "links_cut")->flag);
	/* and the next page is whole */
	trial_run(trial, page, 20, TRIAL_WHOLE);
	check_list(trial, "http://h/1 http://h/2");
	trial_free(trial);
}

static void
the_list_has_a_ceiling(void **state)
{
	struct trial *trial = trial_new_with(&stage_links, NULL,
		"--links-size", "1KiB");
	struct buf page;
	size_t i;

	(void)state;
	trial->page.url = "http://h/";
	buf_init(&page, MIB);
	for (i = 0; i < 100; i++)
		buf_printf(&page, "<a href=%0100zu>", i);
	trial_run(trial, page.data, page.len, TRIAL_WHOLE);
	assert_int_equal(trial_u64(trial, "links"), 9);
	assert_in_range(strlen(trial_text(trial, "links_list")), 900, 1024);
	assert_true(trial_value(trial, "links_cut")->flag);
	buf_release(&page);
	trial_free(trial);
}

static void
links_too_long_are_left_out(void **state)
{
	struct trial *trial = links_trial();
	struct buf page;
	size_t i;

	(void)state;
	buf_init(&page, MIB);
	buf_add_text(&page, "<a href=");
	for (i = 0; i < 9000; i++)
		buf_add_char(&page, 'x');
	buf_add_text(&page, "><a href=y>");
	trial_run(trial, page.data, page.len, TRIAL_WHOLE);
	assert_string_equal(trial_text(trial, "links_list"), "http://h/d/y");
	assert_true(trial_value(trial, "links_cut")->flag);
	buf_release(&page);
	trial_free(trial);
}

/* --- hostile pages --- */

static const struct hostile {
	const char *before, *repeated, *after, *note;
} hostile[] = {
	{ "", "<a href=x>", "", "nested links" },
	{ "", "<div>", "", "nested tags" },
	{ "<div><p>", "<a href=x></b></i></p>", "", "stray end tags" },
	{ "<a href='", "x", "'>", "an attribute without end" },
	{ "<a ", "x y='z' ", ">", "a tag without end" },
	{ "<a href=x ", "b ", ">", "attributes" },
	{ "", "x", "", "no tag at all" },
	{ "<", "x", "", "a name without end" },
	{ "<!--", "- -", "", "a comment without end" },
	{ "<script>", "</scrip", "", "a script without end" },
	{ "", "<", "", "<" },
	{ "", "<img srcset='", "", "quotes" },
	{ "<img srcset='", "a,(", "'>", "srcset" },
	{ "", "&#60;a href=x&gt;", "", "entities" },
	{ "", "<meta charset=utf-7><meta charset=utf-16><a href=\xff>", "",
		"character sets" },
	{ "", "<base href=x><a href='../'>", "", "bases" },
	{ "", "<a b='c'd=\"e\"f=g\0h>", "", "attributes side by side" },
};

/* libxml2 prints what nobody asked it for. */
static void
nothing_is_printed(void **state)
{
	static const char page[] = "<meta charset=utf-7><a href=\xff>"
		"<a href='\xff\xfe'><a b='\x81'><a href=x>";
	struct trial *trial = links_trial();
	int file = memfd_create("stderr", MFD_CLOEXEC);
	int saved = dup(STDERR_FILENO);
	size_t n;

	(void)state;
	fflush(stderr);
	dup2(file, STDERR_FILENO);
	for (n = 0; n < sizeof page; n++)
		trial_run(trial, page, n, 5);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_false(trial->outcome.failed);
	assert_int_equal(lseek(file, 0, SEEK_END), 0);
	close(file);
	trial_free(trial);
}

static int64_t
cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static void
hostile_page(struct buf *page, const struct hostile *what, size_t size)
{
	size_t len = strlen(what->repeated);

	buf_clear(page);
	buf_add_text(page, what->before);
	while (page->len < size)
		buf_add(page, what->repeated, len);
	buf_add_text(page, what->after);
}

static int64_t
hostile_run(struct trial *trial, const struct buf *page)
{
	int64_t begun = cpu_us();

	trial_run(trial, page->data, page->len, 65536);
	if (trial->outcome.failed)
		fail_msg("%s", trial->outcome.errormsg);
	assert_non_null(trial_value(trial, "links"));
	return cpu_us() - begun;
}

/* Ten times the page takes about ten times as long; what is quadratic takes a
 * hundred. FETCHALL_HOSTILE=100MiB measures pages of that size instead. */
static void
hostile_pages_cost_their_length_and_no_memory(void **state)
{
	const char *wanted = getenv("FETCHALL_HOSTILE");
	struct trial *trial = links_trial();
	struct rusage before, after;
	uint64_t size = 2 * MIB;
	struct buf page;
	int64_t small, large;
	size_t i;

	(void)state;
	if (wanted != NULL)
		assert_int_equal(units_size(wanted, &size), 0);
	buf_init(&page, size + 1000);
	memset(buf_room(&page, size + 1000), 0, size + 1000);
	trial->out.max = size + 1000;
	memset(buf_room(&trial->out, size + 1000), 0, size + 1000);
	for (i = 0; i < sizeof hostile / sizeof *hostile; i++) {
		hostile_page(&page, &hostile[i], size / 10);
		small = hostile_run(trial, &page);
		hostile_page(&page, &hostile[i], size);
		getrusage(RUSAGE_SELF, &before);
		large = hostile_run(trial, &page);
		getrusage(RUSAGE_SELF, &after);
		print_message("%s: %.1f ms, %.1f ms, %ld KiB\n",
			hostile[i].note, (double)small / 1e3,
			(double)large / 1e3,
			after.ru_maxrss - before.ru_maxrss);
		assert_in_range(large, 0, 40 * small + 20000);
	}
	buf_release(&page);
	trial_free(trial);
}

/* A worker is used for all pages: what one leaves is not the next one's. */
static void
any_bytes_are_survived(void **state)
{
	static const char *const parts[] = {
		"<a href=", "<", ">", "\"", "'", "=", "<base href=/x>",
		"<img srcset='a 1x,", "<meta http-equiv=refresh content='0;",
		"<meta charset=", "utf-16", "shift_jis", "&", "&amp;", "#x41;",
		"</a>", " ", "x", "//h", "?", "\n", "<source src=", "\xff\xfe",
	};
	struct trial *trial = links_trial();
	uint32_t random = 9;
	struct buf page;
	size_t i, k;

	(void)state;
	buf_init(&page, MIB);
	for (i = 0; i < 3000; i++) {
		buf_clear(&page);
		for (k = 0; k < 40; k++) {
			random = random * 1664525 + 1013904223;
			if (random >> 28 == 0)
				buf_add_char(&page, (char)(random >> 16));
			else
				buf_add_text(&page, parts[(random >> 16) %
					(sizeof parts / sizeof *parts)]);
		}
		trial_run(trial, page.data, page.len, i % 13);
		assert_false(trial->outcome.failed);
		if (i % 16 == 0) {
			trial_run(trial, "<a href=x>", 10, TRIAL_WHOLE);
			check_list(trial, "http://h/d/x");
		}
	}
	buf_release(&page);
	trial_free(trial);
}

static void
it_takes_no_argument(void **state)
{
	(void)state;
	trial_refuses(&stage_links, "x",
		"stage 'links' takes no argument, but has 'x'");
}

#else

static void
it_says_that_it_was_built_without(void **state)
{
	(void)state;
	trial_refuses(&stage_links, NULL, "built without libxml2");
}

#endif

static const struct CMUnitTest tests[] = {
#ifdef HAVE_LIBXML2
	cmocka_unit_test(links_come_from_what_refers_to_something),
	cmocka_unit_test(links_are_resolved_and_come_once),
	cmocka_unit_test(the_first_base_changes_what_follows),
	cmocka_unit_test(srcset_is_a_list),
	cmocka_unit_test(refreshes_are_read_as_in_browsers),
	cmocka_unit_test(character_sets_are_read),
	cmocka_unit_test(only_html_is_read),
	cmocka_unit_test(a_page_has_so_many_links_and_no_more),
	cmocka_unit_test(the_list_has_a_ceiling),
	cmocka_unit_test(links_too_long_are_left_out),
	cmocka_unit_test(nothing_is_printed),
	cmocka_unit_test(hostile_pages_cost_their_length_and_no_memory),
	cmocka_unit_test(any_bytes_are_survived),
	cmocka_unit_test(it_takes_no_argument),
#else
	cmocka_unit_test(it_says_that_it_was_built_without),
#endif
};

UNIT_MAIN("stage/links", tests)
