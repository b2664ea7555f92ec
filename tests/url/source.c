/* SPDX-License-Identifier: MIT */
/*
 * The promises of url/source.h: each URL line of each operand once and in
 * order, bad lines told and passed, unreadable lists known at once.
 */
#include "config.h"

#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "url/ndjson.h"
#include "url/source.h"

#define N(table) (sizeof table / sizeof *table)

static const struct source_settings lines_settings = {
	.proto_default = "http", .format = SOURCE_LINES, .max_line = 65536,
};
static const struct source_settings ndjson_settings = {
	.proto_default = "http", .format = SOURCE_NDJSON, .max_line = 65536,
};

/* The folder that the tests stand in, made and left by the group. */
static char folder[64];

static void
write_file(const char *name, const void *p, size_t n)
{
	FILE *file = fopen(name, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(p, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static void
write_text(const char *name, const char *text)
{
	write_file(name, text, strlen(text));
}

/* `words` is what stands on the command line, between single blanks. */
static struct source *
source_of(const struct source_settings *settings, const char *words, int fd)
{
	char *operands[16];
	char *copy = mem_strdup(words);
	char *rest = copy;
	struct err err = { 0 };
	struct source *source;
	size_t n = 0;

	while (*words != '\0' && rest != NULL)
		operands[n++] = strsep(&rest, " ");
	source = source_new(settings, operands, n, fd, &err);
	if (source == NULL)
		fail_msg("%s", err.text);
	free(copy);
	return source;
}

/* "seq:line:url|" for each good item, "seq:line!why|" for each bad one. */
static void
assert_items(const struct source_settings *settings, const char *words,
	int fd, const char *want)
{
	struct source *source = source_of(settings, words, fd);
	struct source_item item;
	struct err err = { 0 };
	struct buf out;
	int rc;

	buf_init(&out, 1 << 20);
	while ((rc = source_next(source, &item, &err)) > 0) {
		int bad = item.bad.code != ERR_NONE;

		assert_true(bad == (item.url.text == NULL));
		buf_printf(&out, "%d:%d%s%s|", (int)item.seq, (int)item.line,
			bad ? "!" : ":", bad ? item.bad.text : item.url.text);
		source_item_release(&item);
	}
	if (rc < 0)
		fail_msg("%s", err.text);
	assert_string_equal(buf_text(&out), want);
	buf_release(&out);
	source_free(source);
}

static void
assert_list(const char *text, const char *want)
{
	write_text("list", text);
	assert_items(&lines_settings, "list", -1, want);
}

/* "seq:number:text|" for each line, unparsed. */
static void
lines_are_as_they_are_written(void **state)
{
	static const char want[] = "1:0:http://u:p@h/|2:1:h|3:3:ftp://u@h/ x|"
		"4:4:|5:5:{\"url\":1}|";
	struct source_settings settings = lines_settings;
	struct source *source;
	struct source_line line;
	struct source_item item;
	struct err err = { 0 };
	struct buf out;
	int rc;

	(void)state;
	settings.max_line = 20;
	write_text("list", " \th\r\n# no\n ftp://u@h/ x\t\n"
		"longer-than-twenty-bytes\n{\"url\":1}");
	source = source_of(&settings, "http://u:p@h/ list", -1);
	buf_init(&out, 1 << 20);
	while ((rc = source_next_line(source, &line, &err)) > 0) {
		assert_int_equal(line.text[line.len], '\0');
		assert_int_equal(line.too_long, line.seq == 4);
		buf_printf(&out, "%d:%d:%s|", (int)line.seq, (int)line.number,
			line.text);
		source_parse(source, &line, &item);
		assert_int_equal(item.seq, line.seq);
		assert_int_equal(item.line, line.number);
		assert_ptr_equal(item.list, line.list);
		assert_int_equal(item.bad.code == ERR_NONE, line.seq <= 2);
		assert_null(strstr(item.text, "u@"));
		source_item_release(&item);
	}
	assert_int_equal(rc, 0);
	assert_string_equal(buf_text(&out), want);
	buf_release(&out);
	source_free(source);
}

static void
what_can_be_read_again_is_known(void **state)
{
	static const struct {
		const char *words;
		int again;
	} cases[] = {
		{ "list", 1 },
		{ "http://h/ list list", 1 },
		{ "http://h/", 1 },
		{ "-", 0 },
		{ "list -", 0 },
		{ "pipe", 0 },
		{ "/dev/null", 0 },
	};
	struct source *source;
	size_t i;
	int fd;

	(void)state;
	write_text("list", "h\n");
	assert_int_equal(mkfifo("pipe", 0600), 0);
	fd = open("list", O_RDONLY | O_CLOEXEC);
	for (i = 0; i < N(cases); i++) {
		source = source_of(&lines_settings, cases[i].words, fd);
		assert_int_equal(source_is_rereadable(source), cases[i].again);
		source_free(source);
	}
	close(fd);
	unlink("pipe");
}

static void
lists_hold_urls_comments_and_blanks(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "" },
		{ "\n\n  \n\t\r\n", "" },
		{ "# a\n  # b\nhttp://h/ \n", "1:3:http://h/|" },
		{ "http://a/\r\nb\r\n", "1:1:http://a/|2:2:http://b/|" },
		{ "\t http://a/ \t\r\n", "1:1:http://a/|" },
		{ "\xef\xbb\xbfhttp://a/\nb", "1:1:http://a/|2:2:http://b/|" },
		{ "\xef\xbb\xbf# c\na", "1:2:http://a/|" },
		{ "http://a/#x\n", "1:1:http://a/|" },
		{ "http://a/x y\n", "1:1:http://a/x%20y|" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++)
		assert_list(cases[i].text, cases[i].want);
}

static void
bad_lines_are_told_and_passed(void **state)
{
	static const char nul[] = "http://u:SECRET\0@h/\nhttp://a/\n";

	(void)state;
	assert_list("a\nftp://x/\n\nb\n", "1:1:http://a/|"
		"2:2!list: line 2: 'ftp://x/': scheme 'ftp' is not http or "
		"https|3:4:http://b/|");
	assert_list("http://u:SECRET@h:0/\n", "1:1!list: line 1: "
		"'http://h:0/': the port is no number from 1 to 65535|");
	assert_list("http://a\tb/\n", "1:1!list: line 1: 'http://a\\x09b/': "
		"a control character in the URL|");
	write_file("list", nul, sizeof nul - 1);
	assert_items(&lines_settings, "list", -1,
		"1:1!list: line 1: 'http://h/': a NUL byte in the line (is "
		"the list in UTF-16?)|2:2:http://a/|");
}

static void
lines_that_are_too_long_are_told_and_passed(void **state)
{
	struct source_settings settings = lines_settings;
	struct buf text;
	int i;

	(void)state;
	settings.max_line = 20;
	buf_init(&text, 1 << 20);
	buf_add_text(&text, "http://a/\nhttp://u:SECRET");
	for (i = 0; i < 200000; i++)
		buf_add_char(&text, 'x');
	buf_add_text(&text, "@h/\nhttp://b/");
	write_file("list", text.data, text.len);
	buf_release(&text);
	assert_items(&settings, "list", -1,
		"1:1:http://a/|2:2!list: line 2: longer than 20 bytes|"
		"3:3:http://b/|");
}

static void
operands_come_in_order_with_one_count(void **state)
{
	int ends[2];

	(void)state;
	write_text("one", "a\n#\nb");
	write_text("two", "c\n");
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "in\n", 3), 3);
	close(ends[1]);
	assert_items(&lines_settings,
		"http://first one - two ftp://x/ https://u:p@last/", ends[0],
		"1:0:http://first/|2:1:http://a/|3:3:http://b/|4:1:http://in/|"
		"5:1:http://c/|6:0!command line: 'ftp://x/': scheme 'ftp' is "
		"not http or https|7:0:https://last/|");
	close(ends[0]);
	assert_items(&lines_settings, "", -1, "");
}

static void
items_hold_what_records_need(void **state)
{
	struct source *source;
	struct source_item item;
	struct err err;

	(void)state;
	write_text("list", "  http://u:SECRET@H/a b#c \n");
	source = source_of(&lines_settings, "list http://h", -1);
	assert_int_equal(source_next(source, &item, &err), 1);
	assert_string_equal(item.list, "list");
	assert_string_equal(item.text, "http://H/a b#c");
	assert_string_equal(item.url.userpwd, "u:SECRET");
	assert_null(item.request);
	source_item_release(&item);
	source_item_release(&item);
	assert_int_equal(source_next(source, &item, &err), 1);
	assert_string_equal(item.list, "command line");
	assert_string_equal(item.text, "http://h");
	source_item_release(&item);
	assert_int_equal(source_next(source, &item, &err), 0);
	assert_int_equal(source_next(source, &item, &err), 0);
	source_free(source);
}

static void
unreadable_lists_are_known_at_once(void **state)
{
	static const struct {
		const char *word, *why;
	} cases[] = {
		{ "nothing", "cannot open list 'nothing': No such file" },
		{ "missing.txt", "cannot open list 'missing.txt': No such" },
		{ "./example.com", "cannot open list './example.com'" },
		{ "dir", "'dir' is a directory, not a list of URLs" },
		{ "example.com",
			"'example.com': did you mean http://example.com?" },
		{ "example.com/urls.txt",
			"did you mean http://example.com/urls.txt?" },
		{ "localhost:8080/x", "did you mean http://localhost:8080/x?" },
		{ "127.0.0.1", "did you mean http://127.0.0.1?" },
		{ "u:SECRET@example.com/x",
			"did you mean http://example.com/x?" },
		{ "u:SECRET@nothing", "cannot open list 'nothing'" },
		{ "", "cannot open list ''" },
	};
	char list[] = "list";
	struct err err;
	size_t i;

	(void)state;
	mkdir("dir", 0700);
	write_text("list", "a\n");
	for (i = 0; i < N(cases); i++) {
		char *word = mem_strdup(cases[i].word);

		assert_null(source_new(&lines_settings,
			(char *[]){ list, word }, 2, -1, &err));
		assert_int_equal(err.code, ERR_IO);
		if (strstr(err.text, cases[i].why) == NULL ||
		    strstr(err.text, "SECRET") != NULL)
			fail_msg("'%s': %s", word, err.text);
		free(word);
	}
	assert_int_equal(rmdir("dir"), 0);
}

static void
a_list_that_vanished_does_not_stop_the_next(void **state)
{
	struct source *source;
	struct source_item item;
	struct err err;

	(void)state;
	write_text("one", "a\n");
	write_text("two", "b\n");
	source = source_of(&lines_settings, "one two",
		-1);
	assert_int_equal(unlink("one"), 0);
	assert_int_equal(source_next(source, &item, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_non_null(strstr(err.text, "cannot open list 'one'"));
	assert_int_equal(source_next(source, &item, &err), 1);
	assert_string_equal(item.text, "b");
	source_item_release(&item);
	source_free(source);
}

static void
damaged_gzip_names_list_and_line(void **state)
{
	struct source *source;
	struct source_item item;
	struct err err;
	gzFile file = gzopen("list.gz", "wb");
	struct stat st;
	struct source_progress progress;

	(void)state;
	gzputs(file, "http://a/\nhttp://b/\nhttp://half");
	gzclose(file);
	assert_int_equal(stat("list.gz", &st), 0);
	assert_int_equal(truncate("list.gz", st.st_size - 8), 0);
	source = source_of(&lines_settings, "list.gz", -1);
	assert_int_equal(source_next(source, &item, &err), 1);
	source_item_release(&item);
	assert_int_equal(source_next(source, &item, &err), 1);
	assert_string_equal(item.text, "http://b/");
	source_item_release(&item);
	assert_int_equal(source_next(source, &item, &err), -1);
	assert_int_equal(err.code, ERR_IO);
	assert_string_equal(err.text, "list.gz: line 3: damaged gzip data: it "
		"ends too early");
	assert_int_equal(source_next(source, &item, &err), 0);
	source_progress(source, &progress);
	assert_int_equal(progress.read_bytes, st.st_size - 8);
	assert_int_equal(progress.total_bytes, st.st_size - 8);
	source_free(source);
}

static void *
write_pipes(void *arg)
{
	static const char *const texts[] = { "a\nb", "c\n" };
	const char *const *names = arg;
	size_t i, at;
	int fd;

	for (i = 0; i < N(texts); i++) {
		fd = open(names[i], O_WRONLY);
		for (at = 0; at < strlen(texts[i]); at++)
			if (write(fd, texts[i] + at, 1) != 1)
				return arg;
		close(fd);
	}
	return NULL;
}

/* Opening both at the start would wait for a writer that waits for us. */
static void
named_pipes_are_read_one_after_the_other(void **state)
{
	static const char *names[] = { "pipe1", "pipe2" };
	pthread_t thread;
	void *failed;

	(void)state;
	assert_int_equal(mkfifo("pipe1", 0600), 0);
	assert_int_equal(mkfifo("pipe2", 0600), 0);
	pthread_create(&thread, NULL, write_pipes, names);
	assert_items(&lines_settings, "pipe1 pipe2", -1,
		"1:1:http://a/|2:2:http://b/|3:1:http://c/|");
	pthread_join(thread, &failed);
	assert_null(failed);
	unlink("pipe1");
	unlink("pipe2");
}

static void
progress_counts_bytes(void **state)
{
	struct source *source;
	struct source_item item;
	struct source_progress progress;
	struct err err;
	int fd, ends[2];

	(void)state;
	write_text("one", "http://a/\n");
	write_text("two", "xxhttp://b/\n");
	fd = open("two", O_RDONLY);
	lseek(fd, 2, SEEK_SET);
	source = source_of(&lines_settings, "one - http://x", fd);
	source_progress(source, &progress);
	assert_int_equal(progress.read_bytes, 0);
	assert_int_equal(progress.total_bytes, 20);
	while (source_next(source, &item, &err) > 0)
		source_item_release(&item);
	source_progress(source, &progress);
	assert_int_equal(progress.read_bytes, 20);
	assert_int_equal(progress.urls, 3);
	assert_true(progress.ended);
	source_free(source);
	close(fd);
	assert_int_equal(pipe(ends), 0);
	source = source_of(&lines_settings, "one -",
		ends[0]);
	source_progress(source, &progress);
	assert_int_equal(progress.total_bytes, 0);
	source_free(source);
	close(ends[0]);
	close(ends[1]);
}

static void
ndjson_lines_carry_requests(void **state)
{
	struct source *source;
	struct source_item item;
	struct err err;

	(void)state;
	if (!ndjson_built()) {
		assert_null(source_new(&ndjson_settings, NULL, 0, -1, &err));
		assert_int_equal(err.code, ERR_USAGE);
		assert_non_null(strstr(err.text, "without jansson"));
		return;
	}
	write_text("list", "{\"url\":\"http://u:SECRET@h/\",\"method\":\"PUT\","
		"\"body\":\"b\"}\n\n{\"url\":\"h\"}\n");
	source = source_of(&ndjson_settings, "list", -1);
	assert_int_equal(source_next(source, &item, &err), 1);
	assert_string_equal(item.text, "http://h/");
	assert_string_equal(item.request->method, "PUT");
	assert_string_equal(item.request->body, "b");
	source_item_release(&item);
	assert_int_equal(source_next(source, &item, &err), 1);
	assert_string_equal(item.url.text, "http://h/");
	assert_null(item.request);
	source_item_release(&item);
	source_free(source);
	write_text("list", "{\n{\"url\":\"ftp://h/\",\"method\":\"PUT\"}\n"
		"{\"url\":\"u\",\"body\":1}\n{\"url\":\"a\"}");
	assert_items(&ndjson_settings, "list http://x",
		-1, "1:1!list: line 1: bad JSON at column 1: string or '}' "
		"expected|2:2!list: line 2: 'ftp://h/': scheme 'ftp' is not "
		"http or https|3:3!list: line 3: \"body\" must be a string|"
		"4:4:http://a/|5:0:http://x/|");
}

/* xorshift: the same bytes in every run. */
static uint32_t
noise(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void
write_noise(uint32_t *seed, int json)
{
	static const char *const bits[] = {
		"\n", "http://", "h", "/", "@", ":", "#", " ", "\r\n", "\t",
		"{\"url\":\"", "\"}", "\"headers\":", "[\"", "{", "}", ",",
		"\\u0000", "\xef\xbb\xbf", "\xc3\xa9", "\xff", "\x1f\x8b\x08",
	};
	static char text[4096];
	size_t len = 0;

	if (json == 2) {
		memcpy(text, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
		len = 10;
	}
	while (noise(seed) % 100 != 0 && len < sizeof text - 64) {
		const char *bit = bits[noise(seed) % N(bits)];

		if (noise(seed) % 8 == 0)
			text[len++] = (char)noise(seed);
		memcpy(text + len, bit, strlen(bit));
		len += strlen(bit);
	}
	write_file("noise", text, len);
}

static void
any_bytes_give_items_and_an_end(void **state)
{
	struct source_settings settings;
	struct source *source;
	struct source_item item;
	uint32_t seed = 7;
	struct err err;
	int i, rc, n;

	(void)state;
	for (i = 0; i < 3000; i++) {
		settings = i % 3 == 1 && ndjson_built() ?
			ndjson_settings : lines_settings;
		settings.max_line = i % 2 ? 65536 : 50;
		write_noise(&seed, i % 3);
		source = source_of(&settings, "noise", -1);
		n = 0;
		while ((rc = source_next(source, &item, &err)) > 0) {
			assert_int_equal(item.seq, ++n);
			assert_non_null(item.text);
			assert_true((item.bad.code == ERR_NONE) ==
				(item.url.text != NULL));
			source_item_release(&item);
		}
		if (rc < 0)
			assert_int_equal(source_next(source, &item, &err), 0);
		source_free(source);
	}
}

static int
enter_folder(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(folder, sizeof folder, "%.30s/fetchall-source-XXXXXX",
		tmp != NULL ? tmp : "/tmp");
	return setlocale(LC_CTYPE, "C.UTF-8") == NULL ||
		mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int
leave_folder(void **state)
{
	static const char *const names[] = {
		"list", "list.gz", "one", "two", "noise",
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(names); i++)
		unlink(names[i]);
	return chdir("/") != 0 || rmdir(folder) != 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_hold_urls_comments_and_blanks),
		cmocka_unit_test(bad_lines_are_told_and_passed),
		cmocka_unit_test(lines_that_are_too_long_are_told_and_passed),
		cmocka_unit_test(operands_come_in_order_with_one_count),
		cmocka_unit_test(items_hold_what_records_need),
		cmocka_unit_test(unreadable_lists_are_known_at_once),
		cmocka_unit_test(a_list_that_vanished_does_not_stop_the_next),
		cmocka_unit_test(damaged_gzip_names_list_and_line),
		cmocka_unit_test(named_pipes_are_read_one_after_the_other),
		cmocka_unit_test(lines_are_as_they_are_written),
		cmocka_unit_test(what_can_be_read_again_is_known),
		cmocka_unit_test(progress_counts_bytes),
		cmocka_unit_test(ndjson_lines_carry_requests),
		cmocka_unit_test(any_bytes_give_items_and_an_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("source", tests, enter_folder,
		leave_folder);
}
