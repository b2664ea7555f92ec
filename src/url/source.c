/* SPDX-License-Identifier: MIT */
/*
 * source -- the operands, one after the other, as a stream of URLs.
 *
 * What is wrong with a line is told in its item and the stream goes on; only
 * a list that cannot be read is an error. Nothing of a user:password@ gets
 * into names, texts or messages.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "url/known.h"
#include "url/lines.h"
#include "url/ndjson.h"
#include "url/operand.h"
#include "url/public.h"
#include "url/source.h"

struct source {
	struct source_settings settings;
	char *proto_default;
	struct known *known;
	struct operand *operands;
	size_t n, at;
	int stdin_fd;
	_Atomic uint64_t seq;
	_Atomic int ended;
	/* The open list; NULL in between. */
	struct lines *lines;
	int fd;
	int hurry_fd;		/* eventfd(2): readable once there is hurry */
	_Atomic uint64_t read;
	uint64_t total;
};

static int
source_add_operands(struct source *source, char *const *operands, size_t n,
	struct err *err)
{
	uint64_t size;
	int known = 1;
	size_t i;

	source->operands = mem_array(n, sizeof *source->operands);
	for (i = 0; i < n; i++) {
		source->n++;
		if (operand_init(&source->operands[i], operands[i],
				source->stdin_fd, err) != 0)
			return -1;
		if (!operand_size(&source->operands[i], &size))
			known = 0;
		else
			source->total += size;
	}
	if (!known)
		source->total = 0;
	return 0;
}

struct source *
source_new(const struct source_settings *settings, char *const *operands,
	size_t n, int stdin_fd, struct err *err)
{
	struct source *source;

	if (settings->format == SOURCE_NDJSON && !ndjson_built()) {
		err_set(err, ERR_USAGE, "this build has no NDJSON input: it was"
			" configured without jansson");
		return NULL;
	}
	source = mem_array(1, sizeof *source);
	source->settings = *settings;
	if (settings->proto_default != NULL)
		source->proto_default = mem_strdup(settings->proto_default);
	source->known = known_new();
	source->stdin_fd = stdin_fd;
	source->fd = -1;
	source->hurry_fd = eventfd(0, EFD_CLOEXEC);
	if (source->hurry_fd < 0)
		err_sys(err, "eventfd");
	else if (source_add_operands(source, operands, n, err) == 0)
		return source;
	source_free(source);
	return NULL;
}

/* Ends the open list and goes on to the next. */
static void
source_close(struct source *source)
{
	lines_free(source->lines);
	source->lines = NULL;
	if (source->fd >= 0 && source->fd != source->stdin_fd)
		close(source->fd);
	source->fd = -1;
	source->at++;
}

void
source_free(struct source *source)
{
	size_t i;

	if (source == NULL)
		return;
	source_close(source);
	if (source->hurry_fd >= 0)
		close(source->hurry_fd);
	for (i = 0; i < source->n; i++)
		operand_release(&source->operands[i]);
	free(source->operands);
	known_free(source->known);
	free(source->proto_default);
	free(source);
}

/* A FIFO that nobody writes to yet is waited for like one that is empty. */
static int
source_open_file(const struct operand *operand)
{
	int flags = O_RDONLY | O_CLOEXEC;
	uint64_t size;

	if (!operand_size(operand, &size))
		flags |= O_NONBLOCK;
	return open(operand->path, flags);
}

static int
source_open(struct source *source, struct err *err)
{
	const struct operand *operand = &source->operands[source->at];

	if (operand->kind == OPERAND_STDIN) {
		source->fd = source->stdin_fd;
	} else {
		source->fd = source_open_file(operand);
		if (source->fd < 0)
			return err_sys(err, "cannot open list '%.200s'",
				operand->name);
	}
	source->lines = lines_new(source->fd, source->hurry_fd,
		source->settings.max_line, &source->read);
	return 0;
}

void
source_hurry(struct source *source)
{
	eventfd_write(source->hurry_fd, 1);
}

int
source_is_rereadable(const struct source *source)
{
	uint64_t size;
	size_t i;

	for (i = 0; i < source->n; i++)
		if (source->operands[i].kind == OPERAND_STDIN ||
		    !operand_size(&source->operands[i], &size))
			return 0;
	return 1;
}

/* --- lines --- */

/* Cuts blanks at both ends, the CR of CRLF among them. */
static void
source_trim(struct line *line)
{
	char *at = line->text, *end = line->text + line->len;

	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	while (end > at && (end[-1] == ' ' || end[-1] == '\t' ||
	    end[-1] == '\r'))
		end--;
	*end = '\0';
	line->text = at;
	line->len = (size_t)(end - at);
}

/* The open list's next: 1, 0 at its end, -1. */
static int
source_read_line(struct source *source, struct line *ret, struct err *err)
{
	int rc;

	while ((rc = lines_next(source->lines, ret, err)) > 0) {
		if (ret->too_long)
			return 1;
		source_trim(ret);
		if (ret->len > 0 && *ret->text != '#')
			return 1;
	}
	if (rc < 0)
		err_in(err, "%.120s: line %" PRIu64,
			source->operands[source->at].name,
			lines_number(source->lines));
	return rc;
}

static void
source_fill_line(struct source *source, struct source_line *ret,
	const struct line *line)
{
	/* One thread writes it; others only want to see it grow. */
	uint64_t seq = atomic_load_explicit(&source->seq,
		memory_order_relaxed) + 1;

	atomic_store_explicit(&source->seq, seq, memory_order_relaxed);
	*ret = (struct source_line){
		.seq = seq,
		.number = line->number,
		.list = source->operands[source->at].name,
		.text = line->text,
		.len = line->len,
		.too_long = line->too_long,
	};
}

int
source_next_line(struct source *source, struct source_line *ret,
	struct err *err)
{
	const struct operand *operand;
	struct line line;
	int rc;

	while (source->at < source->n) {
		operand = &source->operands[source->at];
		if (operand->kind == OPERAND_URL) {
			line = (struct line){ .text = operand->path,
				.len = strlen(operand->path) };
			source_fill_line(source, ret, &line);
			source->at++;
			return 1;
		}
		if (source->lines == NULL && source_open(source, err) != 0) {
			source_close(source);
			return -1;
		}
		rc = source_read_line(source, &line, err);
		if (rc > 0) {
			source_fill_line(source, ret, &line);
			return 1;
		}
		source_close(source);
		if (rc < 0)
			return -1;
	}
	source->ended = 1;
	return 0;
}

/* --- items --- */

/* "urls.txt: line 12: 'ftp://x/': why"; an operand has no line. */
static void
source_item_bad(struct source_item *item, const char *why)
{
	struct buf text;

	buf_init(&text, PUBLIC_SHOWN_MAX);
	if (item->line > 0)
		buf_printf(&text, ": line %" PRIu64, item->line);
	if (*item->text != '\0') {
		buf_add_text(&text, ": '");
		public_add_shown(&text, item->text, strlen(item->text));
		buf_add_text(&text, "'");
	}
	err_set(&item->bad, ERR_FAILED, "%.120s%s: %s", item->list,
		buf_text(&text), why);
	buf_release(&text);
}

static char *
source_public_text(const char *text, size_t len)
{
	struct buf public;

	if (memchr(text, '@', len) == NULL)
		return mem_strndup(text, len);
	buf_init(&public, len);
	public_add(&public, text, len);
	return buf_take(&public);
}

static void
source_item_url(const struct source *source, struct source_item *item,
	const char *text, size_t len)
{
	struct err err;

	item->text = source_public_text(text, len);
	if (memchr(text, '\0', len) != NULL)
		source_item_bad(item, "a NUL byte in the line"
			" (is the list in UTF-16?)");
	else if (known_parse(source->known, text, len, &item->url))
		return;
	else if (url_parse(text, source->proto_default, &item->url, &err) != 0)
		source_item_bad(item, err.text);
	else
		known_add(source->known, text, &item->url);
}

static void
source_item_json(const struct source *source, struct source_item *item,
	const char *text, size_t len)
{
	struct err err;
	char *url;

	if (ndjson_read(text, len, &url, &item->request, &err) != 0) {
		item->text = mem_strdup("");
		source_item_bad(item, err.text);
		return;
	}
	source_item_url(source, item, url, strlen(url));
	free(url);
	if (item->bad.code != ERR_NONE) {
		source_request_free(item->request);
		item->request = NULL;
	}
}

void
source_parse(const struct source *source, const struct source_line *line,
	struct source_item *ret)
{
	char why[64];

	*ret = (struct source_item){
		.seq = line->seq, .line = line->number, .list = line->list,
	};
	if (line->too_long) {
		ret->text = mem_strdup("");
		snprintf(why, sizeof why, "longer than %zu bytes",
			source->settings.max_line);
		source_item_bad(ret, why);
	} else if (source->settings.format == SOURCE_NDJSON &&
	    line->number > 0) {
		source_item_json(source, ret, line->text, line->len);
	} else {
		source_item_url(source, ret, line->text, line->len);
	}
}

int
source_next(struct source *source, struct source_item *ret, struct err *err)
{
	struct source_line line;
	int rc = source_next_line(source, &line, err);

	if (rc > 0)
		source_parse(source, &line, ret);
	return rc;
}

void
source_item_release(struct source_item *item)
{
	free(item->text);
	url_release(&item->url);
	source_request_free(item->request);
	*item = (struct source_item){ 0 };
}

static char *
source_text_copy(const char *text)
{
	return text != NULL ? mem_strdup(text) : NULL;
}

static struct source_request *
source_request_copy(const struct source_request *from)
{
	struct source_request *request = mem_dup(from, sizeof *from);
	size_t i;

	request->method = source_text_copy(from->method);
	request->output = source_text_copy(from->output);
	request->headers = mem_array(from->n_headers,
		sizeof *request->headers);
	for (i = 0; i < from->n_headers; i++)
		request->headers[i] = mem_strdup(from->headers[i]);
	if (from->body != NULL)
		request->body = mem_strndup(from->body, from->body_len);
	return request;
}

void
source_item_copy(struct source_item *ret, const struct source_item *from)
{
	*ret = *from;
	ret->text = source_text_copy(from->text);
	ret->url = url_dup(&from->url);
	if (from->request != NULL)
		ret->request = source_request_copy(from->request);
}

void
source_request_free(struct source_request *request)
{
	size_t i;

	if (request == NULL)
		return;
	for (i = 0; i < request->n_headers; i++)
		free(request->headers[i]);
	free(request->headers);
	free(request->method);
	free(request->body);
	free(request->output);
	free(request);
}

void
source_progress(const struct source *source, struct source_progress *ret)
{
	ret->read_bytes = atomic_load_explicit(&source->read,
		memory_order_relaxed);
	ret->total_bytes = source->total;
	ret->ended = source->ended;
	ret->urls = source->seq;
}
