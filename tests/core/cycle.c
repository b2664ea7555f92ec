/* SPDX-License-Identifier: MIT */
/*
 * A list that begins again: each URL in turn, bad lines once, numbers that go
 * on, an end when enough were handed out.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "core/cycle.h"
#include "unit.h"
#include "url/ndjson.h"
#include "url/source.h"

static struct source *
source_of(FILE *file, enum source_format format)
{
	const struct source_settings settings = {
		.proto_default = "http", .format = format, .max_line = 65536,
	};
	char word[] = "-";
	char *operands[] = { word };
	struct err err = { 0 };
	struct source *source;

	fflush(file);
	rewind(file);
	source = source_new(&settings, operands, 1, fileno(file), &err);
	if (source == NULL)
		fail_msg("%s", err.text);
	return source;
}

static FILE *
list_of(const char *text)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	fputs(text, file);
	return file;
}

/* Takes up to `most` items and writes "seq:text " for each. */
static int
take(struct cycle *cycle, size_t most, char *out, size_t size,
	struct err *err)
{
	struct source_item item;
	size_t len = 0;
	int rc = 1;

	out[0] = '\0';
	while (most-- > 0 && (rc = cycle_next(cycle, &item, err)) > 0) {
		len += (size_t)snprintf(out + len, size - len, "%" PRIu64
			":%s ", item.seq, item.bad.code != ERR_NONE ? "bad" :
			item.url.text);
		source_item_release(&item);
	}
	return rc;
}

static const struct {
	const char *note, *list;
	uint64_t requests;
	size_t most;
	int rc;
	const char *taken;
} cases[] = {
	{ "as often as asked for", "http://a/\nhttp://b/\n", 5, 99, 0,
		"1:http://a/ 2:http://b/ 3:http://a/ 4:http://b/ "
		"5:http://a/ " },
	{ "without an end", "http://a/\n", 0, 4, 1,
		"1:http://a/ 2:http://a/ 3:http://a/ 4:http://a/ " },
	{ "fewer than the list has", "http://a/\nhttp://b/\nhttp://c/\n", 2,
		99, 0, "1:http://a/ 2:http://b/ " },
	{ "bad lines first, once, and not counted",
		"http://a/\nftp://x/\nhttp://b/\n", 4, 99, 0,
		"2:bad 1:http://a/ 3:http://b/ 4:http://a/ 5:http://b/ " },
	{ "no URL at all", "# nothing\n", 7, 99, 0, "" },
	{ "bad lines only", "ftp://x/\n", 0, 99, 0, "1:bad " },
};

static void
a_list_begins_again_at_its_end(void **state)
{
	struct err err = { 0 };
	struct source *source;
	struct cycle *cycle;
	char taken[512];
	FILE *file;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof *cases; i++) {
		print_message("# %s\n", cases[i].note);
		file = list_of(cases[i].list);
		source = source_of(file, SOURCE_LINES);
		cycle = cycle_new(source, cases[i].requests);
		assert_int_equal(take(cycle, cases[i].most, taken,
			sizeof taken, &err), cases[i].rc);
		assert_string_equal(taken, cases[i].taken);
		cycle_free(cycle);
		source_free(source);
		fclose(file);
	}
}

static void
a_list_too_long_to_keep_is_refused_first(void **state)
{
	struct err err = { 0 };
	struct source *source;
	struct cycle *cycle;
	FILE *file = list_of("");
	char taken[64];
	int i;

	(void)state;
	for (i = 0; i <= 100000; i++)
		fprintf(file, "http://a/%d\n", i);
	source = source_of(file, SOURCE_LINES);
	cycle = cycle_new(source, 0);
	assert_int_equal(take(cycle, 1, taken, sizeof taken, &err), -1);
	assert_string_equal(taken, "");
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.text, "100000"));
	cycle_free(cycle);
	source_free(source);
	fclose(file);
}

static void
what_a_line_asks_for_is_repeated_but_files_are_not(void **state)
{
	struct source_item item;
	struct err err = { 0 };
	struct source *source;
	struct cycle *cycle;
	FILE *file;
	int i;

	(void)state;
	if (!ndjson_built())
		return;
	file = list_of("{\"url\":\"http://a/\",\"method\":\"PUT\","
		"\"headers\":{\"A\":\"b\"},\"body\":\"xyz\"}\n");
	source = source_of(file, SOURCE_NDJSON);
	cycle = cycle_new(source, 3);
	for (i = 0; i < 3; i++) {
		assert_int_equal(cycle_next(cycle, &item, &err), 1);
		assert_string_equal(item.request->method, "PUT");
		assert_int_equal(item.request->n_headers, 1);
		assert_string_equal(item.request->headers[0], "A: b");
		assert_memory_equal(item.request->body, "xyz", 3);
		source_item_release(&item);
	}
	cycle_free(cycle);
	source_free(source);
	fclose(file);
	file = list_of("{\"url\":\"http://a/\",\"output\":\"f\"}\n");
	source = source_of(file, SOURCE_NDJSON);
	cycle = cycle_new(source, 3);
	assert_int_equal(cycle_next(cycle, &item, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	cycle_free(cycle);
	source_free(source);
	fclose(file);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_list_begins_again_at_its_end),
	cmocka_unit_test(a_list_too_long_to_keep_is_refused_first),
	cmocka_unit_test(what_a_line_asks_for_is_repeated_but_files_are_not),
};

UNIT_MAIN("core/cycle", tests)
