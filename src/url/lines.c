/* SPDX-License-Identifier: MIT */
/*
 * lines -- splits a stream into lines in place.
 *
 * getline() would read a line of any length into memory and copy each one;
 * here a line is a piece of the read buffer, and one that outgrows its
 * ceiling is read past without being kept.
 */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "url/lines.h"
#include "url/reader.h"

#define LINES_SIZE 65536
#define LINES_PATIENCE (16u << 20)	/* skipped in a hurry, bytes of a line */

/*
 * data[start] to data[end - 1] is read and not handed out; it holds no
 * newline in front of data[scanned]. One byte behind data[size - 1] is left
 * for a NUL.
 */
struct lines {
	struct reader *reader;
	size_t max;
	char *data;
	size_t start, scanned, end, size;
	uint64_t number;
	size_t skipped;		/* of a line that is too long; 0: it is not */
	int ended;
};

struct lines *
lines_new(int fd, int hurry_fd, size_t max_line, _Atomic uint64_t *count)
{
	struct lines *lines = mem_array(1, sizeof *lines);

	lines->reader = reader_new(fd, hurry_fd, count);
	lines->max = max_line;
	lines->size = LINES_SIZE;
	lines->data = mem_alloc(lines->size + 1);
	return lines;
}

void
lines_free(struct lines *lines)
{
	if (lines == NULL)
		return;
	reader_free(lines->reader);
	free(lines->data);
	free(lines);
}

uint64_t
lines_number(const struct lines *lines)
{
	return lines->number;
}

static void
lines_make_room(struct lines *lines)
{
	size_t len = lines->end - lines->start;

	if (lines->end < lines->size && len > 0)
		return;
	if (lines->start > 0) {
		memmove(lines->data, lines->data + lines->start, len);
		lines->scanned -= lines->start;
		lines->end = len;
		lines->start = 0;
	}
	if (lines->end == lines->size) {
		lines->size *= 2;
		lines->data = mem_grow(lines->data, lines->size + 1, 1);
	}
}

/* Reads on: 1, 0 at the end, -1. */
static int
lines_fill(struct lines *lines, struct err *err)
{
	ssize_t got;

	if (lines->skipped > 0 || lines->end - lines->start > lines->max) {
		lines->skipped += lines->end - lines->start;
		lines->start = lines->scanned = lines->end = 0;
		/* It may have no end, as that of /dev/zero. */
		if (lines->skipped > LINES_PATIENCE &&
		    reader_hurried(lines->reader, err) != 0)
			return -1;
	}
	lines_make_room(lines);
	got = reader_read(lines->reader, lines->data + lines->end,
		lines->size - lines->end, err);
	if (got < 0)
		return -1;
	lines->end += (size_t)got;
	return got > 0;
}

/* Hands out data[start] up to data[nl], which becomes the NUL. */
static void
lines_take(struct lines *lines, size_t nl, struct line *ret)
{
	size_t start = lines->start;

	if (lines->number == 1 && lines->skipped == 0 && nl - start >= 3 &&
	    memcmp(lines->data + start, "\xef\xbb\xbf", 3) == 0)
		start += 3;
	ret->number = lines->number;
	ret->too_long = lines->skipped > 0 || nl - start > lines->max;
	if (ret->too_long)
		start = nl;
	ret->text = lines->data + start;
	ret->len = nl - start;
	ret->text[ret->len] = '\0';
	lines->skipped = 0;
	lines->start = lines->scanned = nl + 1;
	if (lines->start > lines->end)
		lines->start = lines->scanned = lines->end;
}

int
lines_next(struct lines *lines, struct line *ret, struct err *err)
{
	char *nl;
	int rc;

	lines->number++;
	while (!lines->ended) {
		nl = memchr(lines->data + lines->scanned, '\n',
			lines->end - lines->scanned);
		if (nl != NULL) {
			lines_take(lines, (size_t)(nl - lines->data), ret);
			return 1;
		}
		lines->scanned = lines->end;
		rc = lines_fill(lines, err);
		if (rc < 0)
			return -1;
		lines->ended = rc == 0;
	}
	if (lines->start == lines->end && lines->skipped == 0)
		return 0;
	lines_take(lines, lines->end, ret);
	return 1;
}
