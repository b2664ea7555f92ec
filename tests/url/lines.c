/* SPDX-License-Identifier: MIT */
/*
 * The promises of url/lines.h and url/reader.h: every line once, whole, in
 * bounded memory, from plain and gzip data however it arrives.
 */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zlib.h>

#include "unit.h"

#include "base/buf.h"
#include "base/mem.h"
#include "url/lines.h"

#define N(table) (sizeof table / sizeof *table)

/* A file with no name that holds these bytes. */
static int
file_of(const void *p, size_t n)
{
	FILE *file = tmpfile();
	int fd;

	assert_non_null(file);
	assert_int_equal(fwrite(p, 1, n, file), n);
	assert_int_equal(fflush(file), 0);
	fd = dup(fileno(file));
	fclose(file);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void
add_gzip(struct buf *out, const void *p, size_t n)
{
	unsigned char packed[65536];
	z_stream z = { 0 };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8,
		Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)(uintptr_t)p;
	z.avail_in = (uInt)n;
	do {
		z.next_out = packed;
		z.avail_out = sizeof packed;
		deflate(&z, Z_FINISH);
		buf_add(out, packed, sizeof packed - z.avail_out);
	} while (z.avail_out == 0);
	deflateEnd(&z);
}

/* All lines as "1:text|2:text|", "!" for one too long; *ret_rc the end. */
static char *
lines_of(int fd, size_t max_line, int *ret_rc, struct err *err)
{
	_Atomic uint64_t count = 0;
	struct lines *lines = lines_new(fd, -1, max_line, &count);
	struct line line;
	struct buf out;
	int rc;

	buf_init(&out, 1 << 24);
	while ((rc = lines_next(lines, &line, err)) > 0) {
		assert_int_equal(line.text[line.len], '\0');
		buf_printf(&out, "%d:", (int)line.number);
		buf_add(&out, line.too_long ? "!" : line.text,
			line.too_long ? 1 : line.len);
		buf_add_char(&out, '|');
	}
	*ret_rc = rc;
	lines_free(lines);
	close(fd);
	return buf_take(&out);
}

static void
assert_lines(int fd, size_t max_line, const char *want)
{
	struct err err = { 0 };
	char *got;
	int rc;

	got = lines_of(fd, max_line, &rc, &err);
	assert_string_equal(got, want);
	assert_int_equal(rc, 0);
	free(got);
}

static void
every_line_comes_once(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "" },
		{ "\n", "1:|" },
		{ "a", "1:a|" },
		{ "a\n", "1:a|" },
		{ "a\nb", "1:a|2:b|" },
		{ "a\n\n\nb\n", "1:a|2:|3:|4:b|" },
		{ "a\r\n", "1:a\r|" },
		{ "\xef\xbb\xbf" "a\n\xef\xbb\xbf" "b\n",
			"1:a|2:\xef\xbb\xbf" "b|" },
		{ "\xef\xbb\xbf", "1:|" },
		{ "\x1f", "1:\x1f|" },
		{ "123456\n12345678\n1234567\n", "1:123456|2:!|3:1234567|" },
		{ "12345678", "1:!|" },
		{ "1234567", "1:1234567|" },
	};
	struct buf packed;
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		size_t n = strlen(cases[i].text);

		assert_lines(file_of(cases[i].text, n), 7, cases[i].want);
		buf_init(&packed, 4096);
		add_gzip(&packed, cases[i].text, n);
		assert_lines(file_of(packed.data, packed.len), 7,
			cases[i].want);
		buf_release(&packed);
	}
}

/* Around the size of the buffers, where off-by-ones live. */
static void
lines_may_cross_any_buffer(void **state)
{
	struct err err;
	struct buf text, want, packed;
	size_t len, i;
	char *got;
	int rc;

	(void)state;
	for (len = 65530; len < 65542; len++) {
		buf_init(&text, 1 << 20);
		buf_init(&want, 1 << 20);
		buf_init(&packed, 1 << 20);
		for (i = 0; i < 3; i++) {
			memset(buf_room(&text, len), 'x', len);
			text.len += len;
			buf_add_text(&text, "\ny\n");
			buf_printf(&want, "%d:", (int)(2 * i + 1));
			memset(buf_room(&want, len), 'x', len);
			want.len += len;
			buf_printf(&want, "|%d:y|", (int)(2 * i + 2));
		}
		assert_lines(file_of(text.data, text.len), 1 << 18, want.data);
		add_gzip(&packed, text.data, text.len);
		assert_lines(file_of(packed.data, packed.len), 1 << 18,
			want.data);
		got = lines_of(file_of(text.data, text.len), 65536, &rc, &err);
		assert_int_equal(strncmp(got, "1:!|2:y|", 8) == 0, len > 65536);
		free(got);
		buf_release(&text);
		buf_release(&want);
		buf_release(&packed);
	}
}

static void
gzip_members_follow_each_other(void **state)
{
	struct err err = { 0 };
	struct buf packed;
	char *got;
	int rc;

	(void)state;
	buf_init(&packed, 4096);
	add_gzip(&packed, "a\nb", 3);
	add_gzip(&packed, "", 0);
	add_gzip(&packed, "c\nd\n", 4);
	assert_lines(file_of(packed.data, packed.len), 7, "1:a|2:bc|3:d|");
	buf_add(&packed, "\0\0\0\0", 4);
	assert_lines(file_of(packed.data, packed.len), 7, "1:a|2:bc|3:d|");
	buf_add_text(&packed, "junk\n");
	got = lines_of(file_of(packed.data, packed.len), 7, &rc, &err);
	assert_string_equal(got, "1:a|2:bc|3:d|");
	assert_int_equal(rc, -1);
	assert_non_null(strstr(err.text, "no gzip data"));
	free(got);
	buf_release(&packed);
}

/* Whatever is cut or flipped: lines from the front, then an error. */
static void
damaged_gzip_gives_what_is_before_and_an_error(void **state)
{
	struct err err;
	struct buf text, packed;
	size_t i;
	char *got, *copy;
	int rc;

	(void)state;
	buf_init(&text, 65536);
	buf_init(&packed, 65536);
	for (i = 0; i < 200; i++)
		buf_printf(&text, "http://h/%d\n", (int)(i * i * 7919 % 1000));
	add_gzip(&packed, text.data, text.len);
	for (i = 2; i < packed.len; i++) {
		got = lines_of(file_of(packed.data, i), 100, &rc, &err);
		assert_int_equal(rc, -1);
		assert_int_equal(err.code, ERR_IO);
		assert_non_null(strstr(err.text, "damaged gzip data"));
		if (i > packed.len / 2)
			assert_int_equal(strncmp(got, "1:http://h/0|", 13), 0);
		free(got);
	}
	for (i = packed.len - 8; i < packed.len; i++) {
		copy = mem_dup(packed.data, packed.len);
		copy[i] ^= 1;
		got = lines_of(file_of(copy, packed.len), 100, &rc, &err);
		assert_int_equal(rc, -1);
		assert_non_null(strstr(got, "200:http://h/"));
		free(got);
		free(copy);
	}
	buf_release(&text);
	buf_release(&packed);
}

static void
a_line_without_end_costs_no_memory(void **state)
{
	enum { LONG = 1 << 24 };
	char *text = mem_alloc(LONG);
	struct buf packed;

	(void)state;
	memset(text, 'x', LONG);
	memcpy(text + LONG - 3, "\ny\n", 3);
	buf_init(&packed, 1 << 20);
	add_gzip(&packed, text, LONG);
	assert_lines(file_of(packed.data, packed.len), 1000, "1:!|2:y|");
	buf_release(&packed);
	free(text);
}

struct feed {
	int fd;
	const char *data;
	size_t len;
};

static void *
feed_bytes(void *arg)
{
	const struct feed *feed = arg;
	size_t i;

	for (i = 0; i < feed->len; i++)
		if (write(feed->fd, feed->data + i, 1) != 1)
			break;
	close(feed->fd);
	return NULL;
}

static void
bytes_may_come_one_by_one(void **state)
{
	static const char text[] = "ab\ncd\n\nef";
	struct buf packed;
	struct feed feed;
	pthread_t thread;
	int ends[2];
	int i;

	(void)state;
	buf_init(&packed, 4096);
	add_gzip(&packed, text, 5);
	add_gzip(&packed, text + 5, strlen(text) - 5);
	for (i = 0; i < 4; i++) {
		assert_int_equal(pipe(ends), 0);
		feed = (struct feed){ ends[1], i & 1 ? packed.data : text,
			i & 1 ? packed.len : strlen(text) };
		/* a pipe somebody left non-blocking */
		if (i & 2)
			fcntl(ends[0], F_SETFL, O_NONBLOCK);
		pthread_create(&thread, NULL, feed_bytes, &feed);
		assert_lines(ends[0], 7, "1:ab|2:cd|3:|4:ef|");
		pthread_join(thread, NULL);
	}
	buf_release(&packed);
}

static void
a_typed_line_does_not_wait_for_the_next(void **state)
{
	_Atomic uint64_t count = 0;
	struct lines *lines;
	struct line line;
	struct err err;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	lines = lines_new(ends[0], -1, 100, &count);
	assert_int_equal(write(ends[1], "\n", 1), 1);
	assert_int_equal(lines_next(lines, &line, &err), 1);
	assert_int_equal(write(ends[1], "a\nb", 3), 3);
	assert_int_equal(lines_next(lines, &line, &err), 1);
	assert_string_equal(line.text, "a");
	close(ends[1]);
	assert_int_equal(lines_next(lines, &line, &err), 1);
	assert_string_equal(line.text, "b");
	assert_int_equal(lines_next(lines, &line, &err), 0);
	assert_int_equal(lines_next(lines, &line, &err), 0);
	assert_int_equal(count, 4);
	lines_free(lines);
	close(ends[0]);
}

static void
what_cannot_be_read_is_an_error(void **state)
{
	struct err err;
	char *got;
	int rc;

	(void)state;
	got = lines_of(open("/", O_RDONLY), 100, &rc, &err);
	assert_int_equal(rc, -1);
	assert_int_equal(err.code, ERR_IO);
	free(got);
}

/* In a hurry; *ret_n lines came before whatever ended them. */
static int
hurried_end(int fd, int *ret_n)
{
	_Atomic uint64_t count = 0;
	int hurry = eventfd(1, EFD_CLOEXEC), rc;
	struct lines *lines = lines_new(fd, hurry, 100, &count);
	struct err err = { 0 };
	struct line line;

	for (*ret_n = 0; (rc = lines_next(lines, &line, &err)) > 0; )
		++*ret_n;
	if (rc < 0)
		rc = (int)err.code;
	lines_free(lines);
	close(hurry);
	close(fd);
	return rc;
}

static void
nobody_waits_for_the_end_of_a_line_that_has_none(void **state)
{
	int n;

	(void)state;
	assert_int_equal(hurried_end(open("/dev/zero", O_RDONLY), &n),
		ERR_INTERRUPTED);
	assert_int_equal(n, 0);
}

static void
nobody_waits_for_the_end_of_padding(void **state)
{
	static const char zeros[1 << 20];
	struct buf packed;
	int n;

	(void)state;
	buf_init(&packed, 2 << 20);
	add_gzip(&packed, "a\nb\n", 4);
	buf_add(&packed, zeros, sizeof zeros);
	assert_int_equal(hurried_end(file_of(packed.data, packed.len), &n),
		ERR_INTERRUPTED);
	assert_int_equal(n, 2);
	buf_release(&packed);
}

/* The deadline wants a record for each of them. */
static void
what_is_there_is_read_in_a_hurry_too(void **state)
{
	struct buf text;
	int n, i;

	(void)state;
	buf_init(&text, 1 << 20);
	for (i = 0; i < 1000; i++)
		buf_printf(&text, "%0*d\n", i == 500 ? 300000 : 5, i);
	assert_int_equal(hurried_end(file_of(text.data, text.len), &n), 0);
	assert_int_equal(n, 1000);
	buf_release(&text);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(nobody_waits_for_the_end_of_a_line_that_has_none),
	cmocka_unit_test(nobody_waits_for_the_end_of_padding),
	cmocka_unit_test(what_is_there_is_read_in_a_hurry_too),
	cmocka_unit_test(every_line_comes_once),
	cmocka_unit_test(lines_may_cross_any_buffer),
	cmocka_unit_test(gzip_members_follow_each_other),
	cmocka_unit_test(damaged_gzip_gives_what_is_before_and_an_error),
	cmocka_unit_test(a_line_without_end_costs_no_memory),
	cmocka_unit_test(bytes_may_come_one_by_one),
	cmocka_unit_test(a_typed_line_does_not_wait_for_the_next),
	cmocka_unit_test(what_cannot_be_read_is_an_error),
};

UNIT_MAIN("lines", tests)
