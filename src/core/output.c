/* SPDX-License-Identifier: MIT */
/*
 * output -- where records leave the program: gathered into large writes, and
 * whole whatever happens to the disk. Stdio could do the gathering, but after
 * a failed flush nobody knows which bytes arrived; here the end of each
 * record in the buffer is known, so the file can be cut at one.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/output.h"
#include "core/seal.h"

#define OUTPUT_GATHER ((size_t)64 << 10)
#define OUTPUT_RECORD_MAX ((size_t)16 << 20)

struct output {
	int fd;
	int owned;		/* fd is ours to close */
	int regular;
	int fifo;
	int continues;
	char *name;
	struct buf buf;
	uint64_t sent;		/* bytes of the file in front of buf's */
	uint64_t begun;		/* of them, of a record whose end is not
				 * written yet: output_add() */
	size_t whole;		/* bytes of buf that are whole records */
	size_t *ends;		/* where in buf each record ends */
	size_t n_ends, ends_size;
	uint64_t records;
	struct output_place last;
	int linked;		/* its folder was synced */
	struct seal seal;	/* of `sent` */
	struct err failed;	/* what every call says from now on */
};

struct output *
output_new(int fd, const char *name)
{
	struct output *output = mem_array(1, sizeof *output);
	int flags = fcntl(fd, F_GETFL);
	struct stat st;
	off_t at;

	output->fd = fd;
	output->name = mem_strdup(name);
	buf_init(&output->buf, OUTPUT_GATHER + OUTPUT_RECORD_MAX);
	if (fstat(fd, &st) != 0)
		return output;
	output->fifo = S_ISFIFO(st.st_mode);
	if (S_ISREG(st.st_mode)) {
		output->regular = 1;
		output->continues = st.st_size > 0 && flags != -1 &&
			(flags & O_APPEND) != 0;
		at = output->continues ? st.st_size :
			lseek(fd, 0, SEEK_CUR);
		output->sent = at > 0 ? (uint64_t)at : 0;
	}
	return output;
}

struct output *
output_open(const char *path, enum output_mode mode, struct err *err)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY;
	struct output *output;
	int fd;

	if (strcmp(path, "-") == 0)
		return output_new(STDOUT_FILENO, "standard output");
	flags |= mode == OUTPUT_APPEND ? O_APPEND : O_TRUNC;
	fd = open(path, flags, 0666);
	if (fd == -1) {
		err_sys(err, "%s", path);
		return NULL;
	}
	output = output_new(fd, path);
	output->owned = 1;
	return output;
}

struct output *
output_resume(const char *path, uint64_t offset, uint64_t seal,
	struct err *err)
{
	struct output *output;
	struct seal found;
	int fd = seal_open(&found, path, offset, seal, err);

	if (fd == -1)
		return NULL;
	output = output_new(fd, path);
	output->owned = 1;
	output->continues = offset > 0;
	output->seal = found;
	return output;
}

void
output_free(struct output *output)
{
	if (output == NULL)
		return;
	if (output->owned)
		close(output->fd);
	buf_release(&output->buf);
	free(output->ends);
	free(output->name);
	free(output);
}

struct buf *
output_buf(struct output *output)
{
	return &output->buf;
}

uint64_t
output_records(const struct output *output)
{
	return output->records;
}

int
output_continues(const struct output *output)
{
	return output->continues;
}

int
output_can_resume(const struct output *output)
{
	return output->regular && output->owned;
}

uint64_t
output_offset(const struct output *output)
{
	return output->sent - output->begun;
}

uint64_t
output_seal(const struct output *output)
{
	return seal_number(&output->seal);
}

struct output_place
output_last(const struct output *output)
{
	return output->last;
}

/* Forgets what was gathered; what was written stays. */
static void
output_drop(struct output *output)
{
	buf_clear(&output->buf);
	output->whole = 0;
	output->n_ends = 0;
}

static int
output_failed(struct output *output, struct err *err)
{
	output_drop(output);
	if (err != NULL)
		*err = output->failed;
	return -1;
}

/* Nobody but us may have written behind us, else their bytes would go. */
static int
output_cut(struct output *output, uint64_t torn)
{
	off_t at = lseek(output->fd, 0, SEEK_CUR);
	struct stat st;

	if (torn == 0)
		return 0;
	if (at < (off_t)torn || fstat(output->fd, &st) != 0 ||
	    st.st_size != at)
		return -1;
	at -= (off_t)torn;
	if (ftruncate(output->fd, at) != 0)
		return -1;
	return lseek(output->fd, at, SEEK_SET) == at ? 0 : -1;
}

/* Cuts back to what is whole once n bytes of buf have arrived, and counts
 * that; returns what to say of a file where that cannot be done. */
static const char *
output_keep_whole(struct output *output, size_t n)
{
	uint64_t torn = output->begun + n;
	size_t kept = 0;

	while (kept < output->n_ends && output->ends[kept] <= n)
		torn = n - output->ends[kept++];
	output->records += kept;
	output->sent += n;
	if (output->regular && output_cut(output, torn) != 0) {
		output->begun = torn;
		return ", and the start of one more";
	}
	output->sent -= torn;
	output->begun = 0;
	return "";
}

static int
output_fail(struct output *output, size_t sent, int number, struct err *err)
{
	const char *torn = output_keep_whole(output, sent);

	if (number == EPIPE || number == ECONNRESET)
		err_set(&output->failed, ERR_CLOSED, "%s: the reader went "
			"away", output->name);
	else if (number == EBADF)
		err_set(&output->failed, ERR_IO, "%s is closed, or not open "
			"for writing", output->name);
	else
		err_set(&output->failed, ERR_IO, "%s: %s; %" PRIu64 " whole "
			"record%s kept%s", output->name, strerror(number),
			output->records,
			output->records == 1 ? " was" : "s were", torn);
	return output_failed(output, err);
}

/* Waits where a descriptor shared with others was made non-blocking. */
static void
output_wait(const struct output *output)
{
	struct pollfd fd = { .fd = output->fd, .events = POLLOUT };

	poll(&fd, 1, -1);
}

/*
 * How much the next write(2) takes. A pipe gets whole records of PIPE_BUF
 * bytes at most, which arrive whole or not at all (pipe(7)): its reader never
 * sees a torn one, even where we are killed while it keeps us waiting.
 * *next: the first record that may not be sent yet.
 */
static size_t
output_piece(const struct output *output, size_t sent, size_t *next)
{
	size_t end = output->whole, i;

	if (!output->fifo)
		return end - sent;
	while (*next < output->n_ends && output->ends[*next] <= sent)
		++*next;
	if (*next < output->n_ends)
		end = output->ends[*next];
	for (i = *next; i < output->n_ends &&
	    output->ends[i] - sent <= PIPE_BUF; i++)
		end = output->ends[i];
	return end - sent;
}

/* One write(2): how much arrived, or 0 with errno in *number; where it is to
 * be tried again, that is 0 too. */
static size_t
output_write(const struct output *output, const void *p, size_t n,
	int *number)
{
	ssize_t sent = write(output->fd, p, n);

	*number = 0;
	if (sent > 0)
		return (size_t)sent;
	if (sent == 0)
		*number = EIO;
	else if (errno == EAGAIN)
		output_wait(output);
	else if (errno != EINTR)
		*number = errno;
	return 0;
}

/* Returns 0 or errno; *ret_sent is what arrived in either case. */
static int
output_send(const struct output *output, size_t *ret_sent)
{
	const char *p = output->buf.data;
	size_t sent = 0, next = 0;
	int number = 0;

	while (sent < output->whole && number == 0)
		sent += output_write(output, p + sent,
			output_piece(output, sent, &next), &number);
	*ret_sent = sent;
	return number;
}

int
output_commit(struct output *output, struct err *err)
{
	size_t sent;
	int number;

	if (output->failed.code != ERR_NONE)
		return output_failed(output, err);
	number = output_send(output, &sent);
	if (number != 0)
		return output_fail(output, sent, number, err);
	output->sent += output->whole;
	if (output->whole > 0)
		seal_note(&output->seal, output->buf.data, output->whole);
	if (output->n_ends > 0)
		output->begun = 0;
	output->records += output->n_ends;
	output->n_ends = 0;
	buf_shift(&output->buf, output->whole);
	output->whole = 0;
	return 0;
}

/* Bytes of the record that has no end yet, past the buffer; there is no other
 * in it any more. */
static int
output_pass(struct output *output, const char *p, size_t n, struct err *err)
{
	int number = 0;
	size_t sent;

	for (; n > 0; p += sent, n -= sent) {
		sent = output_write(output, p, n, &number);
		if (number != 0)
			return output_fail(output, 0, number, err);
		output->sent += sent;
		output->begun += sent;
	}
	return 0;
}

/* What came before the record is good and is still written. */
static int
output_too_large(struct output *output, struct err *err)
{
	const char *torn;

	buf_cut(&output->buf, output->whole);
	if (output_commit(output, err) != 0)
		return -1;
	torn = output_keep_whole(output, 0);
	err_set(&output->failed, ERR_IO, "%s: a record is larger than %zu "
		"MiB; %" PRIu64 " whole record%s kept%s", output->name,
		OUTPUT_RECORD_MAX >> 20, output->records,
		output->records == 1 ? " was" : "s were", torn);
	return output_failed(output, err);
}

int
output_add(struct output *output, const void *p, size_t n, struct err *err)
{
	struct buf *buf = &output->buf;

	if (output->failed.code != ERR_NONE)
		return output_failed(output, err);
	if (buf->full)
		return output_too_large(output, err);
	if (buf->len - output->whole + n <= OUTPUT_GATHER) {
		buf_add(buf, p, n);
		return 0;
	}
	if (output_commit(output, err) != 0 ||
	    output_pass(output, buf->data, buf->len, err) != 0)
		return -1;
	buf_clear(buf);
	return output_pass(output, p, n, err);
}

void
output_undo(struct output *output)
{
	buf_cut(&output->buf, output->whole);
	if (output->n_ends == 0)
		output_keep_whole(output, 0);
}

/* Only the first record in buf can have begun in the file already. */
static void
output_note_last(struct output *output)
{
	uint64_t begun = output->n_ends == 0 ? output->begun : 0;

	output->last.offset = output->sent + output->whole - begun;
	output->last.len = output->buf.len - output->whole + begun;
}

int
output_record(struct output *output, struct err *err)
{
	if (output->failed.code != ERR_NONE)
		return output_failed(output, err);
	if (output->buf.full)
		return output_too_large(output, err);
	if (output->n_ends == output->ends_size) {
		output->ends_size += output->ends_size / 2 + 64;
		output->ends = mem_grow(output->ends, output->ends_size,
			sizeof *output->ends);
	}
	output_note_last(output);
	output->whole = output->buf.len;
	output->ends[output->n_ends++] = output->whole;
	/* Records may be empty (-w ''), so their number is bounded too. */
	if (output->whole < OUTPUT_GATHER && output->n_ends < OUTPUT_GATHER)
		return 0;
	return output_commit(output, err);
}

int
output_header(struct output *output, struct err *err)
{
	output->whole = output->buf.len;
	return output_commit(output, err);
}

/* The folder that the file is in, whatever links its path goes through. -1
 * with errno. */
static int
output_sync_folder(const struct output *output)
{
	char *path = realpath(output->name, NULL);
	int fd, rc, number;

	if (path == NULL)
		return -1;
	*strrchr(path, '/') = '\0';
	fd = open(path[0] != '\0' ? path : "/", O_RDONLY | O_DIRECTORY |
		O_CLOEXEC);
	free(path);
	if (fd == -1)
		return -1;
	rc = fsync(fd);
	number = errno;
	close(fd);
	errno = number;
	return rc;
}

int
output_sync(struct output *output, struct err *err)
{
	if (output->failed.code != ERR_NONE)
		return output_failed(output, err);
	if (!output->regular)
		return 0;
	if (fdatasync(output->fd) == 0 && (output->linked || !output->owned ||
	    output_sync_folder(output) == 0)) {
		output->linked = 1;
		return 0;
	}
	err_sys(&output->failed, "%s cannot be brought to the disk",
		output->name);
	return output_failed(output, err);
}

int
output_close(struct output *output, struct err *err)
{
	int fd = output->fd;

	if (output_commit(output, err) != 0)
		return -1;
	if (!output->owned)
		return 0;
	output->owned = 0;
	output->fd = -1;
	/* EINTR: Linux has closed it all the same. */
	if (close(fd) != 0 && errno != EINTR)
		return err_sys(err, "%s", output->name);
	return 0;
}
