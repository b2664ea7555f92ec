/* SPDX-License-Identifier: MIT */
/*
 * cat -- which bodies are written, that each is whole, in which order, and
 * that what is held lets others go on.
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "core/body.h"
#include "core/budget.h"
#include "core/output.h"
#include "core/result.h"
#include "opt/opt.h"
#include "sink/family.h"
#include "unit.h"

#define MIB ((size_t)1 << 20)
#define BODIES 16

/* The sink with its options, over a file in memory, and where bodies are. */
struct rig {
	struct opts *opts;
	struct budget *budget;
	struct body_store *store;
	struct output *output;
	int fd;
	void *self;
};

/* `words`: the options, separated by blanks. */
static const void *
rig_options(struct rig *rig, const char *words, struct err *err)
{
	static char line[256];
	char *argv[16] = { line };
	int argc = 1, first, rc;
	void *own;
	char *p;

	snprintf(line, sizeof line, "cat %s", words);
	for (p = strchr(line, ' '); p != NULL && p[1] != '\0';
	    p = strchr(p, ' ')) {
		*p++ = '\0';
		argv[argc++] = p;
	}
	rig->opts = opts_new();
	own = opts_add(rig->opts, sink_cat.opts);
	rc = opts_parse(rig->opts, argc, argv, &first, err);
	if (rc == 0)
		rc = opts_check(rig->opts, err);
	return rc == 0 ? own : NULL;
}

static void
rig_open(struct rig *rig, const char *words)
{
	struct sink_args args = { 0 };
	struct err err = { 0 };

	args.own = rig_options(rig, words, &err);
	if (args.own == NULL)
		fail_msg("%s", err.text);
	rig->budget = budget_new(MIB, BODIES, NULL);
	rig->store = body_store_new(&(struct body_store_args){
		.budget = rig->budget, .n = BODIES,
	}, NULL);
	rig->fd = memfd_create("cat", MFD_CLOEXEC);
	rig->output = args.output = output_new(rig->fd, "standard output");
	rig->self = sink_cat.open(&args, &err);
	assert_non_null(rig->self);
}

static void
rig_close(struct rig *rig)
{
	sink_cat.end(rig->self, NULL);
	assert_int_equal(budget_held(rig->budget), 0);
	sink_cat.close(rig->self);
	output_free(rig->output);
	close(rig->fd);
	body_store_free(rig->store);
	budget_free(rig->budget);
	opts_free(rig->opts);
}

static void
assert_written(const struct rig *rig, const char *want, size_t n)
{
	struct stat st;
	char *got;

	assert_int_equal(output_commit(rig->output, NULL), 0);
	assert_int_equal(fstat(rig->fd, &st), 0);
	got = mem_array((size_t)st.st_size + 1, 1);
	assert_int_equal(pread(rig->fd, got, (size_t)st.st_size, 0),
		st.st_size);
	if ((size_t)st.st_size != n || memcmp(got, want, n) != 0)
		fail_msg("'%s', not '%s'", got, want);
	free(got);
}

static struct result *
good(struct rig *rig, uint64_t seq, const char *p, size_t n)
{
	struct result *result = result_new();

	result->seq = seq;
	result->ok = result->final = 1;
	result->body = body_new(rig->store);
	assert_non_null(result->body);
	assert_int_equal(body_write(result->body, p, n), 0);
	return result;
}

static int
take(struct rig *rig, struct result *result, struct err *err)
{
	int rc = sink_cat.take(rig->self, result, err);

	result_free(result);
	return rc;
}

/*
 * Takes what the script says, a word each: "2=text" is a good body, "2!" a
 * failure, "2?" an attempt that will be repeated, "2-" a good reply without a
 * body, "2~" a file that was there.
 */
static void
play(struct rig *rig, const char *script)
{
	struct result *result;
	unsigned seq;
	char kind, text[32];
	int read;

	while (sscanf(script, " %u%c%n", &seq, &kind, &read) == 2) {
		script += read;
		text[0] = '\0';
		if (kind == '=' && sscanf(script, "%31[^ ]%n", text,
		    &read) == 1)
			script += read;
		result = good(rig, seq, text, strlen(text));
		if (kind != '=')
			assert_int_equal(body_write(result->body, "BAD", 3),
				0);
		result->ok = kind != '!' && kind != '?';
		result->final = kind != '?';
		result->skipped = kind == '~';
		if (kind == '-' || kind == '~') {
			body_free(result->body);
			result->body = NULL;
		}
		assert_int_equal(take(rig, result, NULL), 0);
	}
}

static void
good_bodies_are_written_as_asked(void **state)
{
	static const struct {
		const char *note, *options, *script, *want, *at_end;
	} cases[] = {
		{ "as they come", "--cat", "2=two 1=one 3=three",
			"twoonethree", "" },
		{ "only good ones", "--cat", "1! 2=b 3? 4~ 6- 7=c", "bc",
			"" },
		{ "each with its separator", "--cat --separator ;",
			"2=b 1! 3- 4~ 1=a", "b;;a;", "" },
		{ "in order", "--cat --keep-order", "3=c 2=b 1=a 4=d",
			"abcd", "" },
		{ "failures are passed over", "--cat --keep-order",
			"3=c 2! 5=e 1! 4!", "ce", "" },
		{ "what is tried again is waited for", "--cat --keep-order",
			"1? 2=b 3=c 1? 1=a", "abc", "" },
		{ "as long as it takes", "--cat --keep-order",
			"1? 2=b 3=c 1?", "", "bc" },
		{ "the end passes over what never came",
			"--cat --keep-order", "1=a 3=c 2? 6=f 5!", "a", "cf" },
		{ "no body is an empty one", "--cat --keep-order "
			"--separator ;", "2- 3~ 4=d 1=a", "a;;d;", "" },
	};
	struct rig rig;
	struct buf all;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].note);
		rig_open(&rig, cases[i].options);
		play(&rig, cases[i].script);
		assert_written(&rig, cases[i].want, strlen(cases[i].want));
		assert_int_equal(sink_cat.end(rig.self, NULL), 0);
		buf_init(&all, 1000);
		buf_add_text(&all, cases[i].want);
		buf_add_text(&all, cases[i].at_end);
		assert_written(&rig, buf_text(&all), all.len);
		buf_release(&all);
		rig_close(&rig);
	}
}

static void
separators_are_read_as_printf_does(void **state)
{
	static const struct {
		const char *text, *want;
		size_t n;
	} cases[] = {
		{ "--", "--", 2 },
		{ "\\n", "\n", 1 },
		{ "a\\tb\\r\\n", "a\tb\r\n", 5 },
		{ "\\\\n", "\\n", 2 },
		{ "\\0", "\0", 1 },
		{ "\\000x", "\0x", 2 },
		{ "\\0012", "\0012", 2 },
		{ "\\101\\x41\\x4a\\x4Ag", "AAJJg", 5 },
		{ "\\x0\\x1e", "\0\x1e", 2 },
		{ "\\xg\\q\\", "\\xg\\q\\", 6 },
		{ "\xc3\xa9", "\xc3\xa9", 2 },
	};
	char words[64];
	struct rig rig;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].text);
		snprintf(words, sizeof words, "--cat --separator=%s",
			cases[i].text);
		rig_open(&rig, words);
		play(&rig, "1=");
		assert_written(&rig, cases[i].want, cases[i].n);
		rig_close(&rig);
	}
}

static void
options_without_cat_are_refused(void **state)
{
	static const struct {
		const char *words;
		int fine, wanted, holds;
	} cases[] = {
		{ "", 1, 0, 0 },
		{ "--cat", 1, 1, 0 },
		{ "--cat --keep-order", 1, 1, 1 },
		{ "--keep-order", 0, 0, 0 },
		{ "--separator x", 0, 0, 0 },
	};
	struct rig rig;
	struct err err;
	const void *own;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("%s\n", cases[i].words);
		own = rig_options(&rig, cases[i].words, &err);
		assert_int_equal(own != NULL, cases[i].fine);
		if (own != NULL) {
			assert_int_equal(sink_cat.wanted(own),
				cases[i].wanted);
			assert_int_equal(sink_cat.holds(own), cases[i].holds);
		} else {
			assert_int_equal(err.code, ERR_USAGE);
			assert_non_null(strstr(err.text, "--cat"));
		}
		opts_free(rig.opts);
	}
}

static void
what_came_chunked_is_written_without_the_framing(void **state)
{
	static const char sent[] = "5;x=y\r\nhello\r\n1\r\n!\r\n0\r\n\r\n";
	struct result *result;
	struct rig rig;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		rig_open(&rig, i == 0 ? "--cat" : "--cat --keep-order");
		result = good(&rig, 2, sent, sizeof sent - 1);
		result->chunked = 1;
		assert_int_equal(take(&rig, result, NULL), 0);
		play(&rig, "1!");
		assert_written(&rig, "hello!", 6);
		rig_close(&rig);
	}
}

/* Several buffers and spills long, between two short ones. */
static void
a_large_body_is_one_piece(void **state)
{
	size_t n = 5 * MIB + 3, at;
	char *large = mem_array(n + 2, 1);
	struct result *result;
	struct rig rig;
	size_t i;

	(void)state;
	for (at = 0; at < n; at++)
		large[at + 1] = (char)(at * 7 + at / 4096);
	large[0] = large[n + 1] = 'x';
	for (i = 0; i < 2; i++) {
		rig_open(&rig, i == 0 ? "--cat" : "--cat --keep-order");
		play(&rig, "1=x");
		result = good(&rig, 2, "", 0);
		for (at = 0; at < n; at += 4096)
			assert_int_equal(body_write(result->body,
				large + 1 + at, n - at < 4096 ? n - at : 4096),
				0);
		assert_int_equal(take(&rig, result, NULL), 0);
		play(&rig, "3=x");
		assert_written(&rig, large, n + 2);
		assert_int_equal(output_records(rig.output), 3);
		rig_close(&rig);
	}
	free(large);
}

/*
 * Held bodies fill memory and files far past the budget, and the one that is
 * waited for came last: it is the one that never waits.
 */
static void
what_is_held_never_stops_what_it_waits_for(void **state)
{
	char *block = mem_array(MIB, 1);
	struct result *result;
	struct body *body;
	struct rig rig;
	uint64_t seq;
	size_t i;

	(void)state;
	rig_open(&rig, "--cat --keep-order");
	for (seq = 2; seq <= BODIES; seq++) {
		result = good(&rig, seq, "", 0);
		/* The oldest at work may always go on. */
		for (i = 0; i < 4; i++)
			assert_int_equal(body_write(result->body, block, MIB),
				0);
		assert_int_equal(take(&rig, result, NULL), 0);
	}
	assert_written(&rig, "", 0);
	assert_false(budget_admits(rig.budget));
	assert_in_range(budget_peak(rig.budget), 1, MIB);
	body = body_new(rig.store);
	assert_non_null(body);
	assert_true(body_may_write(body));
	assert_int_equal(body_write(body, "first", 5), 0);
	result = result_new();
	result->ok = result->final = 1;
	result->seq = 1;
	result->body = body;
	assert_int_equal(take(&rig, result, NULL), 0);
	assert_int_equal(output_commit(rig.output, NULL), 0);
	assert_int_equal(output_offset(rig.output), 5 + 15 * 4 * MIB);
	assert_true(budget_admits(rig.budget));
	rig_close(&rig);
	free(block);
}

static void
set_file_limit(rlim_t limit)
{
	struct rlimit both;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &both), 0);
	both.rlim_cur = limit;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &both), 0);
}

/* A full disk: the file ends in whole bodies, and nothing held is left. */
static void
what_cannot_be_written_ends_in_whole_bodies(void **state)
{
	static const char *const options[] = { "--cat", "--cat --keep-order" };
	char *large = mem_array(100000, 1);
	struct result *result;
	struct rig rig;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		rig_open(&rig, options[i]);
		play(&rig, "1=one");
		if (i == 1)
			play(&rig, "3=three 5=five");
		result = good(&rig, 2, large, 100000);
		set_file_limit(50000);
		assert_int_equal(sink_cat.take(rig.self, result, &err), -1);
		set_file_limit(RLIM_INFINITY);
		assert_int_equal(err.code, ERR_IO);
		assert_string_equal(err.text, "standard output: File too "
			"large; 1 whole record was kept");
		assert_false(result->ok);
		assert_false(result->final);
		result_free(result);
		if (i == 1)
			assert_int_equal(sink_cat.end(rig.self, &err), -1);
		/* The memory of bodies goes before the sink does. */
		assert_int_equal(budget_held(rig.budget), 0);
		assert_int_equal(output_offset(rig.output), 3);
		rig_close(&rig);
	}
	free(large);
}

static void
a_reader_that_went_away_is_its_own_error(void **state)
{
	struct output *file;
	struct rig rig;
	struct err err;
	char *large = mem_array(100000, 1);
	void *self;
	int fds[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	rig_open(&rig, "--cat");
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	close(fds[0]);
	file = output_new(fds[1], "standard output");
	self = sink_cat.open(&(struct sink_args){ .output = file,
		.own = opts_settings(rig.opts, sink_cat.opts) }, &err);
	sink_cat.close(rig.self);
	rig.self = self;
	assert_int_equal(take(&rig, good(&rig, 1, large, 100000), &err), -1);
	assert_int_equal(err.code, ERR_CLOSED);
	rig_close(&rig);
	output_free(file);
	close(fds[1]);
	free(large);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(good_bodies_are_written_as_asked),
	cmocka_unit_test(separators_are_read_as_printf_does),
	cmocka_unit_test(options_without_cat_are_refused),
	cmocka_unit_test(what_came_chunked_is_written_without_the_framing),
	cmocka_unit_test(a_large_body_is_one_piece),
	cmocka_unit_test(what_is_held_never_stops_what_it_waits_for),
	cmocka_unit_test(what_cannot_be_written_ends_in_whole_bodies),
	cmocka_unit_test(a_reader_that_went_away_is_its_own_error),
};

UNIT_MAIN("sink/cat", tests)
