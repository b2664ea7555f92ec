/* SPDX-License-Identifier: MIT */
/*
 * headers -- a reply's header lines, checked while they come in.
 *
 * Runs for every header line of every reply, so a line that is not one of
 * the five names it looks for costs a length check and two memchr(3).
 */
#include "config.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/headers.h"

/* The end of the year 9999; libcurl takes years with ten digits too. */
#define HEADERS_LAST_DATE INT64_C(253402300799)

void
headers_forget(struct headers *headers)
{
	free(headers->length);
	free(headers->location);
	free(headers->coding);
	free(headers->etag);
	free(headers->disposition);
	headers->length = headers->location = headers->coding = NULL;
	headers->etag = headers->disposition = NULL;
	headers->last_modified = -1;
	headers->range = (struct range){ 0 };
	headers->ranges = 0;
	headers->retry_after_us = -1;
	headers->chunked = 0;
	headers->coded = 0;
}

void
headers_start(struct headers *headers, uint64_t max_bytes, unsigned wants)
{
	headers_forget(headers);
	buf_clear(&headers->head);
	headers->head.max = max_bytes < SIZE_MAX ? (size_t)max_bytes :
		SIZE_MAX;
	headers->wants = wants;
	headers->max_bytes = max_bytes;
	headers->bytes = 0;
	headers->lines = 0;
	headers->refusal = FETCH_ACCEPTED;
	headers->in_block = 0;
	headers->trailers = 0;
}

void
headers_release(struct headers *headers)
{
	headers_forget(headers);
	buf_release(&headers->head);
}

char *
headers_take(char **value)
{
	char *taken = *value;

	*value = NULL;
	return taken;
}

int64_t
headers_retry_after(const char *value, int64_t now_wall_us)
{
	int64_t seconds = 0;
	const char *at = value;
	time_t date;

	for (; *at >= '0' && *at <= '9'; at++)
		if (seconds < 1000000000)
			seconds = seconds * 10 + (*at - '0');
	if (at != value)
		return *at == '\0' ? seconds * CLOCK_SECOND : -1;
	date = curl_getdate(value, NULL);
	if (date < 0)
		return -1;
	/* libcurl takes years with ten digits too. */
	if (date > INT64_MAX / CLOCK_SECOND)
		date = INT64_MAX / CLOCK_SECOND;
	return (int64_t)date * CLOCK_SECOND > now_wall_us ?
		(int64_t)date * CLOCK_SECOND - now_wall_us : 0;
}

/* The value of `line` when its name is `name`, without blanks around it. */
static char *
headers_value(const char *line, size_t len, const char *name, size_t name_len)
{
	if (len <= name_len || line[name_len] != ':' ||
	    strncasecmp(line, name, name_len) != 0)
		return NULL;
	line += name_len + 1;
	len -= name_len + 1;
	for (; len > 0 && (*line == ' ' || *line == '\t'); len--)
		line++;
	while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	return mem_strndup(line, len);
}

/* Keeps the first value; a second one must be the same. */
static int
headers_keep(char **kept, char *value)
{
	int same;

	if (*kept == NULL) {
		*kept = value;
		return 1;
	}
	same = strcmp(*kept, value) == 0;
	free(value);
	return same;
}

/* Whether a Transfer-Encoding is what HTTP/1.1 always has, or more. */
static void
headers_add_transfer(struct headers *headers, const char *value)
{
	size_t len;

	for (;; value += len) {
		value += strspn(value, " \t,");
		len = strcspn(value, " \t,");
		if (len == 0)
			return;
		if (len == 7 && strncasecmp(value, "chunked", 7) == 0)
			headers->chunked = 1;
		else if (len != 8 || strncasecmp(value, "identity", 8) != 0)
			headers->coded = 1;
	}
}

/* Several lines are one list (RFC 9110 section 5.3). */
static void
headers_add_coding(struct headers *headers, char *value)
{
	char *before = headers->coding;

	headers->coding = value;
	if (before == NULL || value == NULL) {
		headers->coding = value != NULL ? value : before;
		return;
	}
	headers->coding = mem_printf("%s, %s", before, value);
	free(before);
	free(value);
}

static enum fetch_refusal
headers_pick(struct headers *headers, const char *line, size_t len)
{
	char *value;

	switch (line[0] | 0x20) {
	case 'c':
		value = headers_value(line, len, "content-length", 14);
		if (value != NULL && !headers_keep(&headers->length, value))
			return FETCH_TWO_LENGTHS;
		headers_add_coding(headers, headers_value(line, len,
			"content-encoding", 16));
		break;
	case 'l':
		value = headers_value(line, len, "location", 8);
		if (value != NULL && !headers_keep(&headers->location, value))
			return FETCH_TWO_LOCATIONS;
		break;
	case 't':
		value = headers_value(line, len, "transfer-encoding", 17);
		if (value != NULL)
			headers_add_transfer(headers, value);
		free(value);
		break;
	case 'r':
		value = headers_value(line, len, "retry-after", 11);
		if (value == NULL)
			break;
		headers->retry_after_us =
			headers_retry_after(value, clock_wall_us());
		free(value);
		break;
	}
	return FETCH_ACCEPTED;
}

/* The first one counts, and not one that no file has. */
static void
headers_keep_first(char **kept, char *value)
{
	if (value == NULL || *kept != NULL || strlen(value) > FETCH_MAX_VALUE)
		free(value);
	else
		*kept = value;
}

static void
headers_add_date(struct headers *headers, char *value)
{
	time_t date;

	if (value == NULL)
		return;
	date = curl_getdate(value, NULL);
	headers->last_modified = date >= 0 && date <= HEADERS_LAST_DATE ?
		(int64_t)date : -1;
	free(value);
}

static void
headers_add_range(struct headers *headers, char *value)
{
	if (value == NULL)
		return;
	if (headers->ranges++ > 0)
		headers->range = (struct range){ 0 };
	else
		range_parse(value, &headers->range);
	free(value);
}

/* What a file is kept with, and goes on with. */
static void
headers_pick_file(struct headers *headers, const char *line, size_t len)
{
	switch (line[0] | 0x20) {
	case 'c':
		headers_keep_first(&headers->disposition, headers_value(line,
			len, "content-disposition", 19));
		headers_add_range(headers, headers_value(line, len,
			"content-range", 13));
		break;
	case 'e':
		headers_keep_first(&headers->etag, headers_value(line, len,
			"etag", 4));
		break;
	case 'l':
		headers_add_date(headers, headers_value(line, len,
			"last-modified", 13));
		break;
	}
}

/* A status line, or the first line of the trailers. */
static void
headers_block(struct headers *headers, const char *line, size_t len)
{
	headers->in_block = 1;
	headers->trailers = len < 5 || memcmp(line, "HTTP/", 5) != 0;
	if (!headers->trailers) {
		headers_forget(headers);
		buf_clear(&headers->head);
	}
}

/* A line of n bytes, len of them without its end. */
static enum fetch_refusal
headers_take_line(struct headers *headers, const char *line, size_t len,
	size_t n)
{
	if (!headers->in_block && len > 0)
		headers_block(headers, line, len);
	if (headers->in_block && !headers->trailers &&
	    (headers->wants & HEADERS_HEAD))
		buf_add(&headers->head, line, n);
	headers->in_block = len > 0;
	if (len == 0 || headers->trailers)
		return FETCH_ACCEPTED;
	if (headers->wants & HEADERS_FILE)
		headers_pick_file(headers, line, len);
	return headers_pick(headers, line, len);
}

static enum fetch_refusal
headers_check(struct headers *headers, const char *line, size_t len)
{
	const size_t n = len;

	headers->bytes += len;
	if (headers->bytes > headers->max_bytes ||
	    ++headers->lines > HEADERS_MAX_LINES)
		return FETCH_HEADER_LIMIT;
	if (len > 0 && line[len - 1] == '\n')
		len--;
	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (memchr(line, '\r', len) != NULL || memchr(line, '\0', len) != NULL)
		return FETCH_BAD_HEADER;
	return headers_take_line(headers, line, len, n);
}

enum fetch_refusal
headers_add(struct headers *headers, const char *line, size_t len)
{
	if (headers->refusal == FETCH_ACCEPTED)
		headers->refusal = headers_check(headers, line, len);
	return headers->refusal;
}
