/* SPDX-License-Identifier: MIT */
/*
 * The program's own tables: they keep the engine's rules, every example and
 * default is one that works, and config files come in the right order.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cli/options.h"
#include "opt/lint.h"
#include "opt/render.h"
#include "opt/table.h"
#include "unit.h"

#define WORDS 32

/* Splits a command line as a shell would, '...' and "..." included. */
static int
split(char *line, char **words)
{
	char *in = line, *out = line;
	int n = 0;
	char quote;

	while (*in != '\0') {
		while (*in == ' ')
			in++;
		if (*in == '\0')
			break;
		words[n++] = out;
		for (quote = 0; *in != '\0' && (quote != 0 || *in != ' ');
		    in++)
			if (quote == 0 && (*in == '\'' || *in == '"'))
				quote = *in;
			else if (quote != 0 && *in == quote)
				quote = 0;
			else
				*out++ = *in;
		if (*in != '\0')
			in++;
		*out++ = '\0';
	}
	words[n] = NULL;
	return n;
}

/* Parses a line that begins with the program's name. */
static int
parse(struct options *options, const char *text, char **ret_line,
	struct err *err)
{
	static char *words[WORDS];

	*ret_line = mem_strdup(text);
	*err = (struct err){ 0 };
	options_init(options);
	return options_parse(options, split(*ret_line, words), words, err);
}

static int
parse_once(const char *text, struct err *err)
{
	struct options options;
	char *line;
	int rc = parse(&options, text, &line, err);

	options_release(&options);
	free(line);
	return rc;
}

static int
no_home(void **state)
{
	(void)state;
	setenv("HOME", "/nonexistent", 1);
	unsetenv("XDG_CONFIG_HOME");
	return 0;
}

static void
the_tables_keep_the_rules(void **state)
{
	struct options options;
	struct err err = { 0 };

	(void)state;
	options_init(&options);
	if (opts_lint(options.opts, &err) != 0)
		fail_msg("%s", err.text);
	options_release(&options);
}

static void
every_example_is_a_command_line(void **state)
{
	struct options options;
	const struct opt *opt;
	struct err err;
	size_t i, n = 0;

	(void)state;
	options_init(&options);
	for (i = 0; i < options.opts->n_entries; i++) {
		opt = options.opts->entries[i].opt;
		if (opt->example == NULL)
			continue;
		n++;
		if (strncmp(opt->example, "fetchall ", 9) != 0 ||
		    parse_once(opt->example, &err) != 0)
			fail_msg("--%s: %s: %s", opt->name, opt->example,
				err.text);
		/* And one of this option. */
		if (strstr(opt->example, opt->name) == NULL && (opt->key == 0 ||
		    strchr(opt->example, opt->key) == NULL))
			fail_msg("--%s is not in its example", opt->name);
	}
	options_release(&options);
	assert_true(n >= 8);
}

/* Some options are for nothing without these. */
#define EVERY_DEFAULT "fetchall -Opwc --warc-file=w "

static void
every_default_can_be_typed(void **state)
{
	struct options options;
	const struct opt *opt;
	struct err err;
	char *line;
	size_t i;

	(void)state;
	options_init(&options);
	for (i = 0; i < options.opts->n_entries; i++) {
		opt = options.opts->entries[i].opt;
		if (opt->dflt == NULL)
			continue;
		line = opt->type == &opt_flag ?
			mem_printf(EVERY_DEFAULT "--%s", opt->name) :
			mem_printf(EVERY_DEFAULT "--%s=%s", opt->name,
				opt->dflt);
		if (parse_once(line, &err) != 0)
			fail_msg("%s: %s", line, err.text);
		free(line);
	}
	options_release(&options);
}

static void
operands_are_what_is_left(void **state)
{
	static const struct {
		const char *line;
		int n;
		const char *first;
	} cases[] = {
		{ "fetchall", 0, NULL },
		{ "fetchall a", 1, "a" },
		{ "fetchall a -c 5 b", 2, "a" },
		{ "fetchall -c 5 -- -a -b", 2, "-a" },
		{ "fetchall -", 1, "-" },
		{ "fetchall --json - a", 2, "-" },
		{ "fetchall -k4 a", 1, "a" },
	};
	struct options options;
	struct err err;
	char *line;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (parse(&options, cases[i].line, &line, &err) != 0)
			fail_msg("%s: %s", cases[i].line, err.text);
		assert_int_equal(options.n_operands, cases[i].n);
		if (cases[i].first != NULL)
			assert_string_equal(options.operands[0],
				cases[i].first);
		options_release(&options);
		free(line);
	}
}

static void
rules_between_options_are_kept(void **state)
{
	static const struct {
		const char *line;
		const char *text;	/* NULL: fine */
	} cases[] = {
		{ "fetchall -4 -6", "--ipv4 and --ipv6" },
		{ "fetchall -4 -6 --no-ipv6", NULL },
		{ "fetchall -I -d x", "--head asks for no body" },
		{ "fetchall -I -X PUT", "--head and --request" },
		{ "fetchall -X HEAD -d x", "--head asks for no body" },
		{ "fetchall -X PUT -d x", NULL },
		{ "fetchall --key k", "--key needs --cert" },
		{ "fetchall --key k --cert c", NULL },
		{ "fetchall -w x --format json", "--write-out is a format" },
		{ "fetchall -w x --format csv", "leave out --format csv" },
		{ "fetchall -w x --format none", "--write-out" },
		{ "fetchall -w x --format lines", NULL },
		{ "fetchall -w x", NULL },
		{ "fetchall -c 0", "--concurrency" },
		{ "fetchall --max-header 100", "--max-header" },
		{ "fetchall --concurency 5", "--concurrency" },
		{ "fetchall --dump=nothing-such", "--dump" },
		{ "fetchall --no-fetch", "--no-fetch leaves nothing to do" },
		{ "fetchall --no-fetch -p wc", NULL },
		{ "fetchall --no-fetch --exec true", NULL },
		{ "fetchall --no-fetch -p wc --compressed", "--compressed" },
		{ "fetchall --no-fetch -p wc --fetch --compressed", NULL },
		{ "fetchall --public-only -x http://p/",
			"--public-only cannot be held with --proxy" },
		{ "fetchall --deny-net ::/0 -x http://p/",
			"--deny-net cannot be held with --proxy" },
		{ "fetchall --public-only --no-public-only -x http://p/",
			NULL },
		{ "fetchall --public-only --unix-socket s",
			"--unix-socket has none" },
		{ "fetchall --allow-net ::/0", "--allow-net makes exceptions" },
		{ "fetchall --allow-net ::/0 --public-only", NULL },
		{ "fetchall --allow-net ::1 --deny-net ::/0", NULL },
		{ "fetchall --buffer 1023KiB", "--buffer" },
		{ "fetchall --pool treads", "'thread'" },
	};
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		if ((parse_once(cases[i].line, &err) == 0) !=
		    (cases[i].text == NULL))
			fail_msg("%s: %s", cases[i].line, err.text);
		if (cases[i].text == NULL)
			continue;
		assert_int_equal(err.code, ERR_USAGE);
		if (strstr(err.text, cases[i].text) == NULL)
			fail_msg("%s: %s", cases[i].line, err.text);
	}
}

static void
no_message_shows_a_secret(void **state)
{
	static const char *const lines[] = {
		"fetchall --user=hunter2:hunter2 --concurrency=x",
		"fetchall --user --hunter2 -4 -6",
		"fetchall --no-user=hunter2",
		"fetchall --no-cookie=hunter2",
	};
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_int_not_equal(parse_once(lines[i], &err), 0);
		if (strstr(err.text, "hunter2") != NULL)
			fail_msg("%s", err.text);
	}
}

/* --- config files --- */

static char folder[64];

static void
write_config(const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", folder, name);
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	free(path);
}

static int
make_home(void **state)
{
	char *path;

	(void)state;
	memcpy(folder, "/tmp/home-XXXXXX", 17);
	if (mkdtemp(folder) == NULL)
		return -1;
	path = mem_printf("%s/fetchall", folder);
	mkdir(path, 0700);
	free(path);
	setenv("XDG_CONFIG_HOME", folder, 1);
	return 0;
}

static int
remove_home(void **state)
{
	static const char *const names[] = { "/fetchall/config", "/fetchall",
		"/more", "" };
	char *path;
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++) {
		path = mem_printf("%s%s", folder, names[i]);
		remove(path);
		free(path);
	}
	return no_home(state);
}

static void
the_command_line_wins_over_config_files(void **state)
{
	struct options options;
	struct err err;
	char *text, *line;

	(void)state;
	write_config("fetchall/config", "concurrency = 5\nretry = 5\n"
		"quiet = yes\nheader = \"A: home\"\n");
	write_config("more", "retry = 6\nmax-redirs = 6\n");
	text = mem_printf("fetchall --max-redirs 7 --config %s/more "
		"--no-quiet", folder);
	if (parse(&options, text, &line, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(options.concurrency->concurrency.items[0], 5);
	assert_int_equal(options.limits->retry, 6);
	assert_int_equal(options.request->max_redirs, 7);
	assert_false(options.general->quiet);
	assert_int_equal(options.request->headers.n, 1);
	options_release(&options);
	free(line);
	free(text);
	assert_int_equal(parse(&options, "fetchall --no-config", &line, &err),
		0);
	assert_int_equal(options.concurrency->concurrency.items[0], 64);
	options_release(&options);
	free(line);
}

static void
a_broken_config_file_is_named(void **state)
{
	struct err err;

	(void)state;
	write_config("fetchall/config", "concurrency = 5\nconcurency = 5\n");
	assert_int_not_equal(parse_once("fetchall a", &err), 0);
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.text, "fetchall/config"));
	assert_non_null(strstr(err.text, "2"));
	/* Help comes all the same. */
	assert_int_equal(parse_once("fetchall --help", &err), 0);
	assert_int_equal(parse_once("fetchall --version", &err), 0);
	/* A run of its own is nothing for a file. */
	write_config("fetchall/config", "help = x\n");
	assert_int_not_equal(parse_once("fetchall a", &err), 0);
	assert_int_not_equal(parse_once("fetchall --config /nonexistent a",
		&err), 0);
}

static void
a_dump_shows_no_secret(void **state)
{
	struct options options;
	struct buf dump;
	struct err err;
	char *words;

	(void)state;
	assert_int_equal(parse(&options, "fetchall -u a:hunter2 -b a=hunter2 "
		"-H X:hunter2 -x http://a:hunter2@h/ --no-config", &words,
		&err), 0);
	buf_init(&dump, 1 << 20);
	assert_int_equal(opt_render_config(options.opts, &dump, &err), 0);
	assert_null(strstr(buf_text(&dump), "hunter2"));
	buf_release(&dump);
	options_release(&options);
	free(words);
}

/* What --dump=config writes sets everything as it was. */
static void
a_dump_reads_back(void **state)
{
	static const char line[] = "fetchall -c 7 -X PUT -A 'a \"b\" #c' "
		"--max-time 250ms --max-body 3MiB --no-location --summary "
		"json --columns seq,url --retry-on none -4 --no-config";
	struct options options, again;
	struct buf dump, second;
	char *text, *words, *more;
	struct err err;

	(void)state;
	if (parse(&options, line, &words, &err) != 0)
		fail_msg("%s", err.text);
	buf_init(&dump, 1 << 20);
	assert_int_equal(opt_render_config(options.opts, &dump, &err), 0);
	write_config("more", buf_text(&dump));
	text = mem_printf("fetchall --no-config --config %s/more", folder);
	if (parse(&again, text, &more, &err) != 0)
		fail_msg("%s", err.text);
	buf_init(&second, 1 << 20);
	assert_int_equal(opt_render_config(again.opts, &second, &err), 0);
	assert_string_equal(buf_text(&second), buf_text(&dump));
	assert_int_equal(again.limits->max_time, 250000);
	assert_string_equal(again.request->user_agent, "a \"b\" #c");
	options_release(&options);
	options_release(&again);
	buf_release(&dump);
	buf_release(&second);
	free(words);
	free(more);
	free(text);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup(the_tables_keep_the_rules, no_home),
	cmocka_unit_test(every_example_is_a_command_line),
	cmocka_unit_test(every_default_can_be_typed),
	cmocka_unit_test(operands_are_what_is_left),
	cmocka_unit_test(rules_between_options_are_kept),
	cmocka_unit_test(no_message_shows_a_secret),
	cmocka_unit_test_setup_teardown(
		the_command_line_wins_over_config_files, make_home,
		remove_home),
	cmocka_unit_test_setup_teardown(a_broken_config_file_is_named,
		make_home, remove_home),
	cmocka_unit_test(a_dump_shows_no_secret),
	cmocka_unit_test_setup_teardown(a_dump_reads_back, make_home,
		remove_home),
};

UNIT_MAIN("cli/options", tests)
