/* SPDX-License-Identifier: MIT */
/*
 * Settings: what was typed arrives where it is used, and each bad value is
 * refused in words, before a list or a socket is opened.
 */
#include "config.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/options.h"
#include "cli/settings.h"
#include "core/chain.h"
#include "core/pool.h"
#include "core/sink.h"
#include "core/strategy.h"
#include "net/policy.h"
#include "unit.h"

#define ARGS 12

/* Options of a program called with these, up to NULL; none from files. */
static void
say(struct options *options, const char *const *args)
{
	static char name[] = "fetchall", no_config[] = "--no-config";
	static char *argv[ARGS + 3];
	struct err err = { 0 };
	int argc = 2;

	argv[0] = name;
	argv[1] = no_config;
	while (argc < ARGS + 2 && args[argc - 2] != NULL) {
		argv[argc] = (char *)(uintptr_t)args[argc - 2];
		argc++;
	}
	argv[argc] = NULL;
	options_init(options);
	if (options_parse(options, argc, argv, &err) != 0)
		fail_msg("%s: %s", args[0], err.text);
}

static int
set(struct settings *settings, struct options *options,
	const char *const *args, struct err *err)
{
	*err = (struct err){ 0 };
	say(options, args);
	return settings_init(settings, options, "async", err);
}

static const struct {
	const char *args[ARGS];
	enum err_code code;
	const char *text;
} bad[] = {
	{ { "-X", "" }, ERR_USAGE, "--request: '' is no request method" },
	{ { "-X", "GET /" }, ERR_USAGE, "'GET /' is no request method" },
	{ { "-X", "G\r\nX: y" }, ERR_USAGE, "--request" },
	{ { "-X", "G\xc3\xa9T" }, ERR_USAGE, "--request" },
	{ { "-H", "no colon" }, ERR_USAGE, "--header: not of the form" },
	{ { "-H", "" }, ERR_USAGE, "--header: not of the form" },
	{ { "-H", ": x" }, ERR_USAGE, "--header: not of the form" },
	{ { "-H", "A b: x" }, ERR_USAGE, "--header: not of the form" },
	{ { "-H", "A : x" }, ERR_USAGE, "--header: not of the form" },
	{ { "-H", "A: x\r\nB: y" }, ERR_USAGE, "--header: a line break" },
	{ { "-H", "A: x\n" }, ERR_USAGE, "--header: a line break" },
	{ { "-H", "@file" }, ERR_USAGE, "--header: not of the form" },
	{ { "-H", "Fine: x", "-H", "bad" }, ERR_USAGE, "--header" },
	{ { "-b", "jar.txt" }, ERR_USAGE, "cookie files are not read" },
	{ { "-b", "a=b\nc=d" }, ERR_USAGE, "--cookie: a line break" },
	{ { "-A", "a\rb" }, ERR_USAGE, "--user-agent: a line break" },
	{ { "-e", "http://h/\n" }, ERR_USAGE, "--referer: a line break" },
	{ { "-u", "a:b\nc" }, ERR_USAGE, "--user: a line break" },
	{ { "-d", "@-" }, ERR_USAGE, "--data: standard input is for lists" },
	{ { "-d", "@/nonexistent" }, ERR_IO, "--data: /nonexistent: No such" },
	{ { "-d", "@/" }, ERR_IO, "--data: /: Is a directory" },
	{ { "--retry-on", "dns,often" }, ERR_USAGE, "--retry-on: 'often'" },
	{ { "--retry-on", "" }, ERR_USAGE, "--retry-on: ''" },
	{ { "--deny-net", "10.0.0.0/40" }, ERR_USAGE,
		"--deny-net: '10.0.0.0/40' is no net: behind the / is" },
	{ { "--public-only", "--allow-net", "10.1.2.3/8" }, ERR_USAGE,
		"--allow-net: '10.1.2.3/8' has bits behind its prefix" },
	{ { "--deny-net", "10.0.0.0/8", "--deny-net", "mine" }, ERR_USAGE,
		"--deny-net: 'mine' is no net" },
	{ { "--proto-default", "ftp" }, ERR_USAGE,
		"--proto-default: 'ftp' is neither http nor https" },
	{ { "--columns", "seq,nothing" }, ERR_USAGE, "--columns:" },
	{ { "--columns", "seq,seq" }, ERR_USAGE, "--columns:" },
	{ { "--columns", "" }, ERR_USAGE, "--columns:" },
	{ { "-p", "sha25" }, ERR_USAGE,
		"--post: no stage is called 'sha25'; did you mean 'sha256'?" },
	{ { "-p", "qqqqqqqq" }, ERR_USAGE, " crc32 " },
	{ { "-p", "wc,sha256" }, ERR_USAGE,
		"--post: 'wc,sha256' is no stage: each has a --post of its" },
	{ { "-p", "" }, ERR_USAGE, "--post: no stage is called ''" },
	{ { "-p", ":x" }, ERR_USAGE, "--post: no stage is called ''" },
	{ { "-p", "wc", "-p", "crc32:3" }, ERR_USAGE,
		"--post crc32: stage 'crc32' takes no argument" },
	{ { "-p", "crc32:" }, ERR_USAGE, "takes no argument" },
	{ { "-p", "spin" }, ERR_USAGE, "--post spin:" },
	{ { "-p", "spin:often" }, ERR_USAGE, "--post spin:" },
	{ { "--columns", "crc32" }, ERR_USAGE, "--columns:" },
	{ { "-p", "crc32", "--columns", "crc3" }, ERR_USAGE,
		"did you mean 'crc32'?" },
};

static void
bad_values_are_refused_in_words(void **state)
{
	struct settings settings;
	struct options options;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (set(&settings, &options, bad[i].args, &err) == 0)
			fail_msg("%s %s is taken", bad[i].args[0],
				bad[i].args[1]);
		if (err.code != bad[i].code ||
		    strstr(err.text, bad[i].text) == NULL)
			fail_msg("%s: code %d: %s", bad[i].args[0],
				(int)err.code, err.text);
		options_release(&options);
	}
}

static void
no_refusal_shows_a_secret(void **state)
{
	static const char *const args[][3] = {
		{ "-H", "hunter2 hunter2", NULL },
		{ "-H", "X: hunter2\n", NULL },
		{ "-b", "hunter2", NULL },
		{ "-u", "a:hunter2\n", NULL },
	};
	struct settings settings;
	struct options options;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof args / sizeof *args; i++) {
		assert_int_not_equal(set(&settings, &options, args[i], &err),
			0);
		assert_null(strstr(err.text, "hunter2"));
		options_release(&options);
	}
}

static void
an_unknown_strategy_names_the_nearest(void **state)
{
	const char *const args[] = { NULL };
	struct settings settings;
	struct options options;
	struct err err = { 0 };

	(void)state;
	say(&options, args);
	assert_int_equal(settings_init(&settings, &options, "asink", &err),
		-1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.text, "'async'"));
	options_release(&options);
}

static void
without_a_word_there_are_defaults(void **state)
{
	const char *const args[] = { NULL };
	struct settings settings;
	struct options options;
	struct err err;

	(void)state;
	assert_int_equal(set(&settings, &options, args, &err), 0);
	assert_string_equal(settings.run.strategy->name, "async");
	assert_int_equal(settings.run.concurrency, 64);
	assert_null(settings.run.method);
	assert_null(settings.run.body);
	assert_int_equal(settings.run.max_time_us, 600000000);
	assert_int_equal(settings.run.easy.connect_timeout_us, 10000000);
	assert_int_equal(settings.run.easy.max_header, 65536);
	assert_int_equal(settings.run.easy.max_body, 0);
	assert_false(settings.run.easy.insecure);
	assert_true(settings.run.verdict.follow);
	assert_int_equal(settings.run.verdict.max_redirs, 10);
	assert_int_equal(settings.run.verdict.retries, 2);
	assert_false(settings.run.allow_downgrade);
	assert_int_equal(settings.run.names.family, 0);
	assert_string_equal(settings.sink->name, "lines");
	/* Standard input. */
	assert_int_equal(settings.n_operands, 1);
	assert_string_equal(settings.operands[0], "-");
	settings_release(&settings);
	options_release(&options);
}

static void
what_is_typed_arrives(void **state)
{
	const char *const args[] = { "-I", "-c9", "-uq:r", "-6", "-k",
		"-HA: b", "-i", "list", "--max-redirs=3", "--max-time=2s",
		"operand", NULL };
	struct settings settings;
	struct options options;
	struct err err;

	(void)state;
	if (set(&settings, &options, args, &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(settings.run.method, "HEAD");
	assert_int_equal(settings.run.concurrency, 9);
	assert_string_equal(settings.run.easy.userpwd, "q:r");
	assert_int_equal(settings.run.names.family, 6);
	assert_true(settings.run.easy.insecure);
	assert_int_equal(settings.run.easy.n_headers, 1);
	assert_int_equal(settings.run.verdict.max_redirs, 3);
	assert_int_equal(settings.n_operands, 2);
	assert_string_equal(settings.operands[0], "list");
	assert_string_equal(settings.operands[1], "operand");
	assert_int_equal(settings.run.max_time_us, 2000000);
	settings_release(&settings);
	options_release(&options);
}

/* Nobody pays for a policy that denies nothing. */
static void
there_is_a_policy_where_something_is_denied(void **state)
{
	static const struct {
		const char *args[4];
		const char *denied, *allowed;	/* denied NULL: no policy */
	} cases[] = {
		{ { NULL }, NULL, NULL },
		{ { "--public-only" }, "10.0.0.1", "192.0.1.1" },
		{ { "--deny-net=192.0.1.0/24" }, "192.0.1.1", "10.0.0.1" },
		{ { "--public-only", "--allow-net=10.0.0.1",
			"--allow-net=10.0.0.2" }, "10.0.0.3", "10.0.0.1" },
		{ { "--deny-net=10.0.0.2/31", "--deny-net=10.0.0.1",
			"--allow-net=10.0.0.2" }, "10.0.0.1", "10.0.0.2" },
	};
	const struct policy *policy;
	struct settings settings;
	struct options options;
	struct addr addr;
	struct err err;
	char *why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (set(&settings, &options, cases[i].args, &err) != 0)
			fail_msg("%s", err.text);
		policy = settings.run.easy.policy;
		assert_int_equal(policy != NULL, cases[i].denied != NULL);
		if (policy != NULL) {
			addr_parse(cases[i].denied, strlen(cases[i].denied),
				&addr);
			why = policy_refusal(policy, &addr);
			assert_non_null(why);
			free(why);
			addr_parse(cases[i].allowed, strlen(cases[i].allowed),
				&addr);
			assert_null(policy_refusal(policy, &addr));
		}
		settings_release(&settings);
		options_release(&options);
	}
}

static void
redirects_are_off_in_two_ways(void **state)
{
	static const char *const args[][2] = {
		{ "--no-location", NULL }, { "--max-redirs=0", NULL },
	};
	struct settings settings;
	struct options options;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(set(&settings, &options, args[i], &err), 0);
		assert_false(settings.run.verdict.follow);
		settings_release(&settings);
		options_release(&options);
	}
}

static void
the_format_follows_from_where_records_go(void **state)
{
	static const struct {
		const char *args[4];
		const char *sink;
	} cases[] = {
		{ { NULL }, "lines" },
		{ { "--json" }, "json" },
		{ { "--format=csv" }, "csv" },
		{ { "--format=none" }, "none" },
		{ { "--results=f" }, "json" },
		{ { "--results=f", "--format=lines" }, "lines" },
		{ { "--results=f", "--format=auto" }, "json" },
		{ { "--results=f", "-w", "x" }, "lines" },
		{ { "-w", "x" }, "lines" },
	};
	struct settings settings;
	struct options options;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(set(&settings, &options, cases[i].args,
			&err), 0);
		assert_string_equal(settings.sink->name, cases[i].sink);
		settings_release(&settings);
		options_release(&options);
	}
}

static void
bodies_are_text_or_files(void **state)
{
	static const char bytes[] = "a\0b\r\n";
	char path[] = "/tmp/data-XXXXXX", *option;
	const char *args[2] = { NULL };
	struct settings settings;
	struct options options;
	struct err err;
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
	close(fd);
	args[0] = "-da=b";
	assert_int_equal(set(&settings, &options, args, &err), 0);
	assert_int_equal(settings.run.body_len, 3);
	assert_memory_equal(settings.run.body, "a=b", 3);
	settings_release(&settings);
	options_release(&options);
	/* An empty body is a body. */
	args[0] = "--data=";
	assert_int_equal(set(&settings, &options, args, &err), 0);
	assert_int_equal(settings.run.body_len, 0);
	assert_non_null(settings.run.body);
	settings_release(&settings);
	options_release(&options);
	option = mem_printf("--data=@%s", path);
	args[0] = option;
	assert_int_equal(set(&settings, &options, args, &err), 0);
	assert_int_equal(settings.run.body_len, sizeof bytes);
	assert_memory_equal(settings.run.body, bytes, sizeof bytes);
	settings_release(&settings);
	options_release(&options);
	free(option);
	unlink(path);
}

static void
without_stages_nothing_is_done_to_bodies(void **state)
{
	const char *const args[] = { "--results=-", NULL };
	struct settings settings;
	struct options options;
	struct err err;

	(void)state;
	assert_int_equal(set(&settings, &options, args, &err), 0);
	assert_null(settings.run.chain);
	assert_null(settings.set);
	settings_release(&settings);
	options_release(&options);
}

static void
stages_come_in_the_order_typed(void **state)
{
	static const char *const names[] = {
		"crc32", "crc32_2", "wc_lines", "wc_words", "wc_bytes",
	};
	const char *const args[] = { "-pcrc32", "--post=gzip:1",
		"--post=crc32", "-p", "wc", "-j3", "--pool=process",
		"--buffer=2MiB", "--columns=crc32_2,seq,time_post", NULL };
	const struct column *columns;
	struct settings settings;
	struct options options;
	struct err err;
	size_t i, n, at = 0;

	(void)state;
	if (set(&settings, &options, args, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(chain_length(settings.run.chain), 4);
	assert_true(chain_replaces(settings.run.chain));
	columns = chain_columns(settings.run.chain, &n);
	for (i = 0; i < n && at < sizeof names / sizeof *names; i++)
		if (strcmp(columns[i].name, names[at]) == 0)
			at++;
	assert_int_equal(at, sizeof names / sizeof *names);
	assert_int_equal(settings.run.jobs, 3);
	assert_string_equal(settings.run.pool->name, "process");
	assert_int_equal(settings.run.buffer, 2 << 20);
	assert_int_equal(settings.columns.n, 3);
	assert_string_equal(settings.columns.items[0]->name, "crc32_2");
	settings_release(&settings);
	options_release(&options);
}

static void
compressed_bodies_are_asked_for_and_decoded_first(void **state)
{
	static const struct {
		const char *args[6];
		size_t n;
		const char *last;
	} cases[] = {
		{ { "--compressed", NULL }, 1, "Accept-Encoding: gzip" },
		{ { "--compressed", "-HA: b", "--max-body=1KiB", NULL }, 2,
			"Accept-Encoding: gzip" },
		{ { "--compressed", "-Haccept-encoding: br", NULL }, 1,
			"accept-encoding: br" },
		{ { "--compressed", "-HAccept-Encodings: x", NULL }, 2,
			"Accept-Encoding: gzip" },
		{ { "-HA: b", NULL }, 1, "A: b" },
	};
	const struct column *columns;
	struct settings settings;
	struct options options;
	struct err err;
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (set(&settings, &options, cases[i].args, &err) != 0)
			fail_msg("%s", err.text);
		n = settings.run.easy.n_headers;
		assert_int_equal(n, cases[i].n);
		assert_memory_equal(settings.run.easy.headers[n - 1],
			cases[i].last, strlen(cases[i].last));
		if (settings.run.chain != NULL) {
			columns = chain_columns(settings.run.chain, &n);
			assert_string_equal(columns[0].name, "size_decoded");
		}
		settings_release(&settings);
		options_release(&options);
	}
}

static void
the_pool_has_a_worker_a_core_unless_told(void **state)
{
	const char *const args[] = { "-p", "wc", NULL };
	struct settings settings;
	struct options options;
	struct err err;
	cpu_set_t cpus;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof cpus, &cpus), 0);
	assert_int_equal(set(&settings, &options, args, &err), 0);
	assert_int_equal(settings.run.jobs, CPU_COUNT(&cpus));
	assert_string_equal(settings.run.pool->name, "thread");
	assert_int_equal(settings.run.buffer, 128 << 20);
	assert_false(settings.run.no_fetch);
	settings_release(&settings);
	options_release(&options);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(bad_values_are_refused_in_words),
	cmocka_unit_test(no_refusal_shows_a_secret),
	cmocka_unit_test(an_unknown_strategy_names_the_nearest),
	cmocka_unit_test(without_a_word_there_are_defaults),
	cmocka_unit_test(what_is_typed_arrives),
	cmocka_unit_test(there_is_a_policy_where_something_is_denied),
	cmocka_unit_test(redirects_are_off_in_two_ways),
	cmocka_unit_test(the_format_follows_from_where_records_go),
	cmocka_unit_test(bodies_are_text_or_files),
	cmocka_unit_test(without_stages_nothing_is_done_to_bodies),
	cmocka_unit_test(stages_come_in_the_order_typed),
	cmocka_unit_test(
		compressed_bodies_are_asked_for_and_decoded_first),
	cmocka_unit_test(the_pool_has_a_worker_a_core_unless_told),
};

UNIT_MAIN("cli/settings", tests)
