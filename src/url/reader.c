/* SPDX-License-Identifier: MIT */
/*
 * reader -- a descriptor's bytes, plain or out of gzip.
 *
 * zlib's gzread() would do for files, but it waits for a full buffer on a
 * pipe, takes damage behind the first member for plain text and cannot say
 * how many compressed bytes it has used.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/mem.h"
#include "url/reader.h"

#define READER_SIZE 65536
#define READER_GZIP_BITS (15 + 16)	/* any window, gzip header only */

enum reader_kind {
	READER_NEW,		/* first bytes not seen yet */
	READER_PLAIN,
	READER_GZIP,		/* inside a member */
	READER_BETWEEN,		/* behind a member */
	READER_DAMAGED,
};

/* in[at] to in[len - 1] are read and not yet used. */
struct reader {
	int fd, hurry_fd;
	_Atomic uint64_t *count;
	enum reader_kind kind;
	z_stream z;		/* set up unless NEW or PLAIN */
	size_t at, len;
	unsigned char in[READER_SIZE];
};

struct reader *
reader_new(int fd, int hurry_fd, _Atomic uint64_t *count)
{
	struct reader *reader = mem_alloc(sizeof *reader);

	reader->fd = fd;
	reader->hurry_fd = hurry_fd;
	reader->count = count;
	reader->kind = READER_NEW;
	reader->z = (z_stream){ 0 };
	reader->at = reader->len = 0;
	return reader;
}

void
reader_free(struct reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->kind != READER_NEW && reader->kind != READER_PLAIN)
		inflateEnd(&reader->z);
	free(reader);
}

static int
reader_give_up(struct err *err)
{
	return err_set(err, ERR_INTERRUPTED, "not waited for");
}

int
reader_hurried(const struct reader *reader, struct err *err)
{
	struct pollfd hurry = { .fd = reader->hurry_fd, .events = POLLIN };

	return poll(&hurry, 1, 0) > 0 ? reader_give_up(err) : 0;
}

/* A pipe may keep us waiting for ever, unless there is hurry. */
static int
reader_wait(const struct reader *reader, struct err *err)
{
	struct pollfd fds[] = {
		{ .fd = reader->fd, .events = POLLIN },
		{ .fd = reader->hurry_fd, .events = POLLIN },
	};

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	if (fds[0].revents == 0 && fds[1].revents != 0)
		return reader_give_up(err);
	return 0;
}

/* read(2) that survives signals and descriptors left non-blocking. */
static ssize_t
reader_fd(struct reader *reader, void *p, size_t n, struct err *err)
{
	ssize_t got;

	do {
		if (reader_wait(reader, err) != 0)
			return -1;
		got = read(reader->fd, p, n);
	} while (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK ||
	    errno == EINTR));
	if (got < 0)
		return err_sys(err, "cannot read");
	atomic_fetch_add_explicit(reader->count, (uint64_t)got,
		memory_order_relaxed);
	return got;
}

/* Adds to in[]; 0 at the end. */
static ssize_t
reader_fill(struct reader *reader, struct err *err)
{
	ssize_t got;

	if (reader->at == reader->len)
		reader->at = reader->len = 0;
	got = reader_fd(reader, reader->in + reader->len,
		sizeof reader->in - reader->len, err);
	if (got > 0)
		reader->len += (size_t)got;
	return got;
}

/* A typed line must not wait for a second one: one byte may be enough. */
static int
reader_detect(struct reader *reader, struct err *err)
{
	ssize_t got = 1;

	while (got > 0 && reader->len < 2 &&
	       (reader->len == 0 || reader->in[0] == 0x1f))
		got = reader_fill(reader, err);
	if (got < 0)
		return -1;
	reader->kind = READER_PLAIN;
	if (reader->len < 2 || reader->in[0] != 0x1f || reader->in[1] != 0x8b)
		return 0;
	if (inflateInit2(&reader->z, READER_GZIP_BITS) != Z_OK)
		return err_set(err, ERR_SYSTEM, "zlib: out of memory");
	reader->kind = READER_GZIP;
	return 0;
}

static ssize_t
reader_plain(struct reader *reader, char *p, size_t n, struct err *err)
{
	size_t have = reader->len - reader->at;

	if (have == 0)
		return reader_fd(reader, p, n, err);
	if (n > have)
		n = have;
	memcpy(p, reader->in + reader->at, n);
	reader->at += n;
	return (ssize_t)n;
}

/*
 * Behind a member: 1 when another one begins, 0 at the end. Zeros are padding
 * of tapes and block devices, which gzip skips too.
 */
static int
reader_next_member(struct reader *reader, struct err *err)
{
	ssize_t got = 1;

	for (;;) {
		while (reader->at < reader->len && reader->in[reader->at] == 0)
			reader->at++;
		if (reader->at < reader->len)
			break;
		if (reader_hurried(reader, err) != 0)
			return -1;
		got = reader_fill(reader, err);
		if (got <= 0)
			return (int)got;
	}
	if (reader->in[reader->at] != 0x1f) {
		reader->kind = READER_DAMAGED;
		return err_set(err, ERR_IO,
			"something that is no gzip data follows the gzip data");
	}
	inflateReset(&reader->z);
	reader->kind = READER_GZIP;
	return 1;
}

static int
reader_damaged(struct reader *reader, struct err *err)
{
	return err_set(err, ERR_IO, "damaged gzip data: %s",
		reader->z.msg != NULL ? reader->z.msg : "it ends too early");
}

/* One step of zlib: how many bytes came out. */
static size_t
reader_inflate(struct reader *reader, char *p, size_t n)
{
	z_stream *z = &reader->z;
	int rc;

	if (n > UINT_MAX)
		n = UINT_MAX;
	z->next_in = reader->in + reader->at;
	z->avail_in = (uInt)(reader->len - reader->at);
	z->next_out = (unsigned char *)p;
	z->avail_out = (uInt)n;
	rc = inflate(z, Z_NO_FLUSH);
	reader->at = reader->len - z->avail_in;
	if (rc == Z_STREAM_END)
		reader->kind = READER_BETWEEN;
	else if (rc != Z_OK && rc != Z_BUF_ERROR)
		reader->kind = READER_DAMAGED;
	return n - z->avail_out;
}

static ssize_t
reader_gzip(struct reader *reader, char *p, size_t n, struct err *err)
{
	ssize_t got;
	size_t out;

	for (;;) {
		if (reader->kind == READER_DAMAGED)
			return reader_damaged(reader, err);
		if (reader->kind == READER_BETWEEN) {
			got = reader_next_member(reader, err);
			if (got <= 0)
				return got;
		}
		/* First what zlib still holds, then what the pipe has. */
		out = reader_inflate(reader, p, n);
		if (out > 0)
			return (ssize_t)out;
		if (reader->kind != READER_GZIP || reader->at < reader->len)
			continue;
		got = reader_fill(reader, err);
		if (got < 0)
			return -1;
		if (got == 0)
			reader->kind = READER_DAMAGED;
	}
}

ssize_t
reader_read(struct reader *reader, char *p, size_t n, struct err *err)
{
	if (reader->kind == READER_NEW && reader_detect(reader, err) != 0)
		return -1;
	if (reader->kind == READER_PLAIN)
		return reader_plain(reader, p, n, err);
	return reader_gzip(reader, p, n, err);
}
