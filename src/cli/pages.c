/* SPDX-License-Identifier: MIT */
/*
 * pages -- help, versions, the manual's sections, completion, config.
 *
 * Strategies, formats, fields, classes and exit statuses are read from the
 * tables that the program itself works from.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/options.h"
#include "cli/pages.h"
#include "core/columns.h"
#include "core/pool.h"
#include "core/result.h"
#include "core/sink.h"
#include "core/stage.h"
#include "core/strategy.h"
#include "core/verdict.h"
#include "net/versions.h"
#include "opt/render.h"

#define PAGES_MAX (4u << 20)
#define PAGES_ROWS 128

/* Filled once from the tables; the option engine keeps pointers to them. */
static struct opt_topic_row pages_strategies[PAGES_ROWS];
static struct opt_topic_row pages_sinks[PAGES_ROWS];
static struct opt_topic_row pages_stages[PAGES_ROWS];
static struct opt_topic_row pages_pools[PAGES_ROWS];
static struct opt_topic_row pages_fields[PAGES_ROWS];
static struct opt_topic_row pages_classes[ERROR_CLASS_COUNT];

#define PAGES_STATUS(code, status, meaning) \
	{ .term = #status, .text = meaning },
static const struct opt_topic_row pages_statuses[] = {
	ERR_CODES(PAGES_STATUS)
};
#undef PAGES_STATUS

static size_t
pages_fill_families(size_t *ret_sinks)
{
	size_t i, n = 0;

	for (i = 0; sinks[i] != NULL && n < PAGES_ROWS; i++)
		if (!(sinks[i]->caps & SINK_BODIES))
			pages_sinks[n++] = (struct opt_topic_row){
				.term = sinks[i]->name,
				.text = sinks[i]->brief,
				.notes = sinks[i]->notes,
			};
	*ret_sinks = n;
	for (i = 0; strategies[i] != NULL && i < PAGES_ROWS; i++)
		pages_strategies[i] = (struct opt_topic_row){
			.term = strategies[i]->name,
			.text = strategies[i]->brief,
			.notes = strategies[i]->notes,
		};
	return i;
}

static size_t
pages_fill_pools(void)
{
	size_t i;

	for (i = 0; pools[i] != NULL && i < PAGES_ROWS; i++)
		pages_pools[i] = (struct opt_topic_row){
			.term = pools[i]->name, .text = pools[i]->brief,
			.notes = pools[i]->notes,
		};
	return i;
}

/* "grep:REGEX", "gzip[:LEVEL]"; NULL: the name is all. */
static char *
pages_stage_usage(const struct stage *stage)
{
	if (stage->arg == NULL)
		return NULL;
	if (stage->arg[0] == '[')
		return mem_printf("%s[:%s", stage->name, stage->arg + 1);
	return mem_printf("%s:%s", stage->name, stage->arg);
}

/* Notes, columns and example, a paragraph each. */
static char *
pages_stage_notes(const struct stage *stage)
{
	const char *before = "Fields: ";
	struct buf notes;
	size_t i;

	buf_init(&notes, PAGES_MAX);
	if (stage->notes != NULL)
		buf_add_text(&notes, stage->notes);
	if (notes.len > 0 && stage->n_columns > 0)
		buf_add_char(&notes, '\n');
	for (i = 0; i < stage->n_columns; i++) {
		buf_printf(&notes, "%s%s (%s)", before,
			stage->columns[i].name, stage->columns[i].brief);
		before = ", ";
	}
	if (stage->n_columns > 0)
		buf_add_char(&notes, '.');
	if (stage->example != NULL)
		buf_printf(&notes, "%sExample: %s",
			notes.len > 0 ? "\n" : "", stage->example);
	return notes.len > 0 ? buf_take(&notes) : NULL;
}

/* These texts stay until the program ends, as the tables do. */
static size_t
pages_fill_stages(void)
{
	size_t i;

	for (i = 0; stages[i] != NULL && i < PAGES_ROWS; i++) {
		if (pages_stages[i].term != NULL)
			continue;
		pages_stages[i] = (struct opt_topic_row){
			.term = stages[i]->name, .text = stages[i]->brief,
			.usage = pages_stage_usage(stages[i]),
			.notes = pages_stage_notes(stages[i]),
		};
	}
	return i;
}

static size_t
pages_add_fields(size_t at, const struct column *columns, size_t n,
	const char *notes)
{
	size_t i;

	for (i = 0; i < n && at < PAGES_ROWS; i++)
		pages_fields[at++] = (struct opt_topic_row){
			.term = columns[i].name, .text = columns[i].brief,
			.notes = notes,
		};
	return at;
}

/* Each with a word on what it comes from; kept as the stages' notes are. */
static size_t
pages_add_stage_fields(size_t at)
{
	static char *notes[PAGES_ROWS];
	size_t i;

	for (i = 0; stages[i] != NULL && i < PAGES_ROWS; i++) {
		if (notes[i] == NULL)
			notes[i] = mem_printf("With --post %s only.",
				stages[i]->name);
		at = pages_add_fields(at, stages[i]->columns,
			stages[i]->n_columns, notes[i]);
	}
	return at;
}

static size_t
pages_fill_fields(void)
{
	const struct column *columns;
	size_t n, at;

	columns = columns_all(&n);
	at = pages_add_fields(0, columns, n, NULL);
	columns = columns_of_stages(&n);
	at = pages_add_fields(at, columns, n, "With --post only.");
	return pages_add_stage_fields(at);
}

static size_t
pages_fill_classes(void)
{
#define PAGES_CLASS(code, name, meaning) \
	[ERROR_##code] = { .term = name, .text = meaning },
	static const struct opt_topic_row rows[] = {
		ERROR_CLASSES(PAGES_CLASS)
	};
#undef PAGES_CLASS
	size_t i;

	for (i = 1; i < ERROR_CLASS_COUNT; i++)
		pages_classes[i - 1] = rows[i];
	return ERROR_CLASS_COUNT - 1;
}

#define PAGES_DETAIL(name, meaning) { .term = #name, .text = meaning },
static const struct opt_topic_row pages_details[] = {
	VERDICT_DETAILS(PAGES_DETAIL)
};
#undef PAGES_DETAIL

void
pages_set_topics(const struct options *options)
{
	static struct opt_topic topics[] = {
		{ .name = "strategies", .title = "Strategies",
		  .rows = pages_strategies },
		{ .name = "formats", .title = "Record formats",
		  .rows = pages_sinks },
		{ .name = "stages", .title = "Stages", .rows = pages_stages },
		{ .name = "pools", .title = "Pools", .rows = pages_pools },
		{ .name = "fields", .title = "Fields", .rows = pages_fields },
		{ .name = "errors", .title = "Error classes",
		  .rows = pages_classes },
		{ .name = "details", .title = "Error details",
		  .rows = pages_details,
		  .n = sizeof pages_details / sizeof *pages_details },
		{ .name = "status", .title = "Exit status",
		  .rows = pages_statuses,
		  .n = sizeof pages_statuses / sizeof *pages_statuses },
	};

	topics[0].n = pages_fill_families(&topics[1].n);
	topics[2].n = pages_fill_stages();
	topics[3].n = pages_fill_pools();
	topics[4].n = pages_fill_fields();
	topics[5].n = pages_fill_classes();
	opts_set_topics(options->opts, topics,
		sizeof topics / sizeof *topics);
}

/* Quietly where the reader has seen enough. */
static enum err_code
pages_write_error(void)
{
	if (errno == EPIPE)
		return ERR_CLOSED;
	log_error("standard output: %s", strerror(errno));
	return ERR_IO;
}

static int
pages_print(struct buf *page, int rc, const struct err *err)
{
	enum err_code code = rc == 0 ? ERR_NONE : err->code;

	if (rc != 0)
		log_error("%s", err->text);
	else if (fwrite(buf_text(page), 1, page->len, stdout) != page->len ||
	    fflush(stdout) != 0)
		code = pages_write_error();
	buf_release(page);
	return err_status(code);
}

static const char pages_intro[] =
	"Usage: fetchall [options] [FILE | URL | -]...\n"
	"Fetches lists of URLs, many at once, in the way of being concurrent "
	"that you\npick, and says how long that way took.\n\n"
	"  fetchall urls.txt                     fetch a list, one line a URL\n"
	"  fetchall -s serial,async urls.txt     compare two strategies\n"
	"  cat urls.txt | fetchall --json        NDJSON records for a pipeline\n"
	"\n";

int
pages_help(const struct options *options, const char *topic)
{
	struct err err = { 0 };
	struct buf page;

	buf_init(&page, PAGES_MAX);
	if (topic[0] == '\0')
		buf_add_text(&page, pages_intro);
	return pages_print(&page, opt_render_help(options->opts, topic, &page,
		&err), &err);
}

int
pages_version(void)
{
	struct buf page;

	buf_init(&page, PAGES_MAX);
	buf_add_text(&page, PACKAGE_NAME " " PACKAGE_VERSION " (");
	versions_add(&page);
	buf_add_text(&page, ")\nOptional libraries: " FETCHALL_LIBRARIES
		"\n");
	return pages_print(&page, 0, NULL);
}

/* The prose, and in it what the tables say. */
static int
pages_manual(const struct options *options, struct buf *page, struct err *err)
{
	/* One string would be longer than compilers have to take. */
	static const char *const lines[] = {
#include "cli/manual.inc"
	};
	const char *at;
	size_t i;

	for (i = 0; i < sizeof lines / sizeof *lines; i++) {
		if (strcmp(lines[i], "@SECTIONS@") == 0) {
			if (opt_render_manual(options->opts, page, err) != 0)
				return -1;
			continue;
		}
		at = strstr(lines[i], "@VERSION@");
		if (at != NULL)
			buf_printf(page, "%.*s" PACKAGE_VERSION "%s\n",
				(int)(at - lines[i]), lines[i],
				at + strlen("@VERSION@"));
		else
			buf_printf(page, "%s\n", lines[i]);
	}
	return 0;
}

int
pages_dump(const struct options *options, int what)
{
	static const char *const shells[] = {
		[DUMP_BASH] = "bash", [DUMP_ZSH] = "zsh", [DUMP_FISH] = "fish",
	};
	struct err err = { 0 };
	struct buf page;
	int rc;

	buf_init(&page, PAGES_MAX);
	if (what == DUMP_MAN)
		rc = pages_manual(options, &page, &err);
	else if (what == DUMP_CONFIG)
		rc = opt_render_config(options->opts, &page, &err);
	else
		rc = opt_render_completion(options->opts, shells[what],
			PACKAGE_NAME, &page, &err);
	return pages_print(&page, rc, &err);
}

int
pages_short_help(void)
{
	fputs("Usage: fetchall [options] [FILE | URL | -]...\n"
		"Name a list of URLs, a URL, or - for standard input, such "
		"as\n"
		"  fetchall urls.txt\n"
		"fetchall --help lists the options.\n", stderr);
	return err_status(ERR_USAGE);
}
