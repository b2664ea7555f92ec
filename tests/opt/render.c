/* SPDX-License-Identifier: MIT */
/* render -- help, manual and completion, each from the same few rows. */
#include "config.h"

#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "opt/lint.h"
#include "opt/opt.h"
#include "opt/render.h"

struct settings {
	int progress, format, secret;
	uint64_t width;
	char *dir, *file, *strategy, *help;
	struct opt_list headers;
};

static const char *const formats[] = { "lines", "json", NULL };
static const char *const strategies[] = { "serial", "async", NULL };

static const struct opt how_rows[] = {
	{
		.name = "concurrency", .key = 'c', .type = &opt_count,
		.off = OPT_AT(struct settings, width, uint64_t),
		.arg = "N", .dflt = "64", .min = 1, .max = 100000,
		.brief = "transfers at once",
		.notes = "More is not always faster: a server that is "
			"asked too much at once answers later than one that "
			"is left to breathe.",
		.example = "fetchall -c 10 urls.txt",
	}, {
		.name = "strategy", .key = 's', .type = &opt_text,
		.off = OPT_AT(struct settings, strategy, char *),
		.arg = "NAME", .dflt = "async", .choices = strategies,
		.brief = "how to overlap transfers",
	}, {
		.name = "tuning", .type = &opt_flag, .flags = OPT_EXPERT,
		.off = OPT_AT(struct settings, secret, int),
		.brief = "for experts",
	},
};

static const struct opt out_rows[] = {
	{
		.name = "format", .type = &opt_choice, .choices = formats,
		.off = OPT_AT(struct settings, format, int),
		.dflt = "lines", .brief = "how records are written",
	}, {
		.name = "json", .type = &opt_alias, .means = "format=json",
		.brief = "records as JSON",
	}, {
		.name = "save-to", .type = &opt_alias, .means = "output-dir",
		.flags = OPT_HIDDEN, .brief = "another word",
	}, {
		.name = "output-dir", .type = &opt_text, .arg = "DIR",
		.off = OPT_AT(struct settings, dir, char *),
		.brief = "keep bodies here; it's [made] when: missing",
	}, {
		.name = "input-file", .key = 'i', .type = &opt_text,
		.off = OPT_AT(struct settings, file, char *),
		.arg = "FILE", .brief = "read URLs from a file",
	}, {
		.name = "header", .key = 'H', .type = &opt_texts,
		.off = OPT_AT(struct settings, headers, struct opt_list),
		.arg = "LINE", .brief = "add a header",
		.notes = ".dot first, 'quoted' and \"quoted\" \\ ~^`.",
	}, {
		.name = "accept", .type = &opt_alias, .arg = "TYPE",
		.means = "header=Accept:", .brief = "what to take",
		.flags = OPT_HIDDEN,
	}, {
		.name = "progress", .type = &opt_flag, .dflt = "yes",
		.off = OPT_AT(struct settings, progress, int),
		.brief = "show progress",
	}, {
		.name = "help", .key = 'h', .type = &opt_text,
		.arg = "TOPIC", .flags = OPT_VALUE_OPTIONAL | OPT_NO_CONFIG,
		.off = OPT_AT(struct settings, help, char *),
		.brief = "show this, or what is known about a topic that has "
			"a name",
	},
};

static const struct opt_set how = {
	.name = "how", .title = "How", OPT_ROWS(how_rows),
	.settings_size = sizeof(struct settings),
};

static const struct opt_set out_set = {
	.name = "output", .title = "Output", OPT_ROWS(out_rows),
	.settings_size = sizeof(struct settings),
};

static const struct opt_topic_row strategy_rows[] = {
	{ .term = "serial", .text = "one at a time",
		.notes = "The plain loop." },
	{ .term = "async", .usage = "async[:N]",
		.text = "many on one event loop" },
};

static const struct opt_topic_row status_rows[] = {
	{ .term = "0", .text = "every URL was fetched" },
};

static const struct opt_topic topics[] = {
	{ "strategies", "Strategies", strategy_rows, 2 },
	{ "status", "Exit status", status_rows, 1 },
};

static struct opts *
tables_new(void)
{
	struct opts *opts = opts_new();

	opts_add(opts, &how);
	opts_add(opts, &out_set);
	opts_set_topics(opts, topics, 2);
	return opts;
}

static void
help_is(const char *topic, const char *want)
{
	struct opts *opts = tables_new();
	struct buf out;
	struct err err;

	buf_init(&out, 65536);
	assert_int_equal(opt_render_help(opts, topic, &out, &err), 0);
	assert_string_equal(buf_text(&out), want);
	buf_release(&out);
	opts_free(opts);
}

#define HELP_HOW \
	"How:\n" \
	"  -c, --concurrency N         transfers at once [64]\n" \
	"  -s, --strategy NAME         how to overlap transfers [async]\n"
#define HELP_EXPERT \
	"      --tuning                for experts\n"
#define HELP_OUTPUT \
	"Output:\n" \
	"      --format lines|json     how records are written [lines]\n" \
	"      --json                  records as JSON\n" \
	"      --output-dir DIR        keep bodies here; it's [made] when: " \
	"missing\n" \
	"  -i, --input-file FILE       read URLs from a file\n" \
	"  -H, --header LINE           add a header\n" \
	"      --[no-]progress         show progress [yes]\n" \
	"  -h, --help[=TOPIC]          show this, or what is known about a " \
	"topic that has\n" \
	"                              a name\n"
#define HELP_TOPICS \
	"Help by topic: all, how, output, strategies, status, or the name " \
	"of an option.\n"

static void
brief_help_is_grouped_with_defaults(void **state)
{
	(void)state;
	help_is(NULL, HELP_HOW "\n" HELP_OUTPUT "\n" HELP_TOPICS);
	help_is("", HELP_HOW "\n" HELP_OUTPUT "\n" HELP_TOPICS);
	help_is("all", HELP_HOW HELP_EXPERT "\n" HELP_OUTPUT "\n"
		HELP_TOPICS);
	help_is("how", HELP_HOW HELP_EXPERT);
}

#define HELP_CONCURRENCY \
	"  -c, --concurrency N\n" \
	"      transfers at once\n" \
	"      More is not always faster: a server that is asked too much " \
	"at once answers\n" \
	"      later than one that is left to breathe.\n" \
	"      Default: 64. Takes a number such as 5 or 10k. Range: 1 to " \
	"100000.\n" \
	"      Example: fetchall -c 10 urls.txt\n"

static void
an_option_is_a_topic_by_all_its_names(void **state)
{
	(void)state;
	help_is("concurrency", HELP_CONCURRENCY);
	help_is("--concurrency", HELP_CONCURRENCY);
	help_is("-c", HELP_CONCURRENCY);
	help_is("no-progress",
		"      --[no-]progress\n"
		"      show progress\n"
		"      On by default. Undone by --no-progress.\n");
	help_is("tuning",
		"      --tuning\n"
		"      for experts\n"
		"      Undone by --no-tuning.\n");
	help_is("json",
		"      --json\n"
		"      records as JSON\n"
		"      Same as --format=json.\n");
	help_is("save-to",
		"      --save-to DIR\n"
		"      another word\n"
		"      Same as --output-dir.\n");
	help_is("accept",
		"      --accept TYPE\n"
		"      what to take\n"
		"      Same as --header Accept:TYPE. May be given several "
		"times.\n");
	help_is("--strategy",
		"  -s, --strategy NAME\n"
		"      how to overlap transfers\n"
		"      Default: async. Values: serial, async.\n");
	help_is("--header",
		"  -H, --header LINE\n"
		"      add a header\n"
		"      .dot first, 'quoted' and \"quoted\" \\ ~^`.\n"
		"      May be given several times.\n");
}

static void
topics_and_their_rows_are_topics(void **state)
{
	(void)state;
	help_is("strategies",
		"Strategies:\n"
		"  serial                      one at a time\n"
		"      The plain loop.\n"
		"  async[:N]                   many on one event loop\n");
	help_is("async",
		"Strategies:\n"
		"  async[:N]                   many on one event loop\n");
}

static void
an_unknown_topic_gets_the_nearest_and_the_list(void **state)
{
	static const struct {
		const char *topic, *text, *note;
	} cases[] = {
		{ "strategeis", "no help on 'strategeis'; did you mean "
			"'strategies'? (topics: all, how, output, strategies, "
			"status, or an option's name)", "near" },
		{ "--concurency", "no help on '--concurency'; did you mean "
			"'concurrency'? (topics: all, how, output, "
			"strategies, status, or an option's name)",
			"with dashes" },
		{ "xyzzy", "no help on 'xyzzy' (topics: all, how, output, "
			"strategies, status, or an option's name)",
			"not near" },
	};
	struct opts *opts = tables_new();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf out;
		struct err err;

		print_message("# %s\n", cases[i].note);
		buf_init(&out, 65536);
		assert_int_equal(opt_render_help(opts, cases[i].topic, &out,
			&err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		assert_string_equal(err.text, cases[i].text);
		assert_int_equal(out.len, 0);
		buf_release(&out);
	}
	opts_free(opts);
}

/* Says what is missing, since the whole text is long. */
static void
text_has(const char *text, const char *part)
{
	const char *at = strstr(text, part);

	if (at == NULL)
		print_message("# not found: %s\n", part);
	assert_non_null(at);
}

static void
the_manual_is_escaped_roff(void **state)
{
	struct opts *opts = tables_new();
	const char *text;
	struct buf out;
	struct err err;

	(void)state;
	buf_init(&out, 65536);
	assert_int_equal(opt_render_manual(opts, &out, &err), 0);
	text = buf_text(&out);
	text_has(text, ".SH OPTIONS\nA long name may be cut short");
	text_has(text, "\\-\\-no\\-NAME for \\-\\-NAME");
	text_has(text, "\n.SS How\n.TP\n"
		"\\fB\\-c\\fR, \\fB\\-\\-concurrency\\fR \\fIN\\fR\n"
		"Transfers at once.\nMore is not");
	text_has(text, "breathe.\nDefault: 64. Takes a number such as 5 or "
		"10k. Range: 1 to 100000.\n.IP\n"
		"Example: \\fBfetchall \\-c 10 urls.txt\\fR\n.TP\n");
	text_has(text, ".TP\n\\fB\\-\\-tuning\\fR\nFor experts.\n");
	text_has(text, "Add a header.\n\\&.dot first, \\(aqquoted\\(aq and "
		"\\(dqquoted\\(dq \\e \\(ti\\(ha\\(ga.\n"
		"May be given several times.\n");
	text_has(text, "\\fB\\-\\-\\fR[\\fBno\\-\\fR]\\fBprogress\\fR\n");
	text_has(text, "\\fB\\-\\-help\\fR[=\\fITOPIC\\fR]\n");
	text_has(text, "\n.SH STRATEGIES\n.TP\n\\fBserial\\fR\n"
		"One at a time.\nThe plain loop.\n.TP\n");
	text_has(text, "\n.SH EXIT STATUS\n.TP\n\\fB0\\fR\n");
	assert_null(strstr(text, "save"));
	assert_null(strstr(text, "\n\n"));
	buf_release(&out);
	opts_free(opts);
}

static void
completion_has(const char *shell, const char *const *wanted)
{
	struct opts *opts = tables_new();
	struct buf out;
	struct err err;

	buf_init(&out, 65536);
	assert_int_equal(opt_render_completion(opts, shell, "fetch-all", &out,
		&err), 0);
	for (; *wanted != NULL; wanted++)
		text_has(buf_text(&out), *wanted);
	/* What is hidden or for experts is not offered. */
	assert_null(strstr(buf_text(&out), "save-to"));
	assert_null(strstr(buf_text(&out), "tuning"));
	buf_release(&out);
	opts_free(opts);
}

static void
bash_completes_names_and_values(void **state)
{
	static const char *const wanted[] = {
		"\n_fetch_all()\n{\n",
		"\n\t-c|--concurrency|--concurrency=)\n\t\treturn ;;\n",
		"\n\t-s|--strategy|--strategy=)\n",
		"compgen -W 'serial async' -- \"$cur\"",
		"\n\t--output-dir|--output-dir=)\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n",
		"\n\t-i|--input-file|--input-file=)\n"
		"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n",
		"\n\t--help=)\n\t\treturn ;;\n",
		"\n\t\t-c --concurrency\n",
		"\n\t\t--no-progress --progress\n",
		"\n\t\t--json\n",
		"\ncomplete -F _fetch_all fetch-all\n",
		NULL,
	};

	(void)state;
	completion_has("bash", wanted);
}

static void
zsh_completes_names_and_values(void **state)
{
	static const char *const wanted[] = {
		"#compdef fetch-all\n_fetch_all()\n{\n",
		"\t\t'(-c --concurrency)'{-c+,--concurrency=}'"
		"[transfers at once]:N:' \\\n",
		"\t\t'(-s --strategy)'{-s+,--strategy=}'"
		"[how to overlap transfers]:NAME:(serial async)' \\\n",
		"\t\t'--format=[how records are written]"
		":lines|json:(lines json)' \\\n",
		"\t\t'--json[records as JSON]' \\\n",
		"\t\t'--output-dir=[keep bodies here; it'\\''s \\[made\\] "
		"when\\: missing]:DIR:_files -/' \\\n",
		"\t\t'*'{-H+,--header=}'[add a header]:LINE:' \\\n",
		"\t\t'--no-progress[not: show progress]' \\\n",
		"\t\t'(-h --help)'{-h-,--help=-}'[show this",
		"::TOPIC:' \\\n",
		"\tcompdef _fetch_all fetch-all\n",
		NULL,
	};

	(void)state;
	completion_has("zsh", wanted);
}

static void
fish_completes_names_and_values(void **state)
{
	static const char *const wanted[] = {
		"complete -c fetch-all -s c -l concurrency -x "
		"-d 'transfers at once'\n",
		"complete -c fetch-all -s s -l strategy -x "
		"-a 'serial async' -d 'how to overlap transfers'\n",
		"complete -c fetch-all -l json -d 'records as JSON'\n",
		"complete -c fetch-all -l output-dir -x "
		"-a '(__fish_complete_directories)' "
		"-d 'keep bodies here; it\\'s [made] when: missing'\n",
		"complete -c fetch-all -s i -l input-file -r -F -d ",
		"complete -c fetch-all -l no-progress -d 'not: show",
		"complete -c fetch-all -s h -l help -f -d ",
		NULL,
	};

	(void)state;
	completion_has("fish", wanted);
}

static void
an_unknown_shell_is_refused(void **state)
{
	struct opts *opts = tables_new();
	struct buf out;
	struct err err;

	(void)state;
	buf_init(&out, 65536);
	assert_int_equal(opt_render_completion(opts, "bsh", "x", &out, &err),
		-1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_string_equal(err.text, "no completion for 'bsh'; did you mean "
		"bash? (bash, zsh or fish)");
	buf_release(&out);
	opts_free(opts);
}

static void
a_full_buffer_is_an_error(void **state)
{
	struct opts *opts = tables_new();
	struct buf out;
	struct err err;

	(void)state;
	buf_init(&out, 100);
	assert_int_equal(opt_render_help(opts, NULL, &out, &err), -1);
	assert_int_equal(err.code, ERR_SYSTEM);
	buf_clear(&out);
	assert_int_equal(opt_render_manual(opts, &out, &err), -1);
	buf_clear(&out);
	assert_int_equal(opt_render_completion(opts, "zsh", "x", &out, &err),
		-1);
	buf_release(&out);
	opts_free(opts);
}

static void
the_tables_of_this_test_are_sound(void **state)
{
	struct opts *opts = tables_new();
	struct err err = { 0 };

	(void)state;
	assert_int_equal(opts_lint(opts, &err), 0);
	opts_free(opts);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(brief_help_is_grouped_with_defaults),
	cmocka_unit_test(an_option_is_a_topic_by_all_its_names),
	cmocka_unit_test(topics_and_their_rows_are_topics),
	cmocka_unit_test(an_unknown_topic_gets_the_nearest_and_the_list),
	cmocka_unit_test(the_manual_is_escaped_roff),
	cmocka_unit_test(bash_completes_names_and_values),
	cmocka_unit_test(zsh_completes_names_and_values),
	cmocka_unit_test(fish_completes_names_and_values),
	cmocka_unit_test(an_unknown_shell_is_refused),
	cmocka_unit_test(a_full_buffer_is_an_error),
	cmocka_unit_test(the_tables_of_this_test_are_sound),
};

UNIT_MAIN("render", tests)
