/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_OUTPUT_H
#define FETCHALL_CORE_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * A file or pipe that whole records go to. Records are gathered in `buf` and
 * leave in large writes; a record is never left torn in a regular file: when
 * a write fails, the file is cut back to its last whole record. SIGPIPE must be
 * ignored (and SIGXFSZ, for the message). For one thread.
 */
struct output;

enum output_mode { OUTPUT_TRUNCATE, OUTPUT_APPEND };

/* Opens a path, or standard output for "-". */
struct output *output_open(const char *path, enum output_mode mode,
	struct err *err);
/*
 * Opens a regular file to go on behind its first `offset` bytes, as
 * output_offset() told them: what is behind them is cut off. ERR_IO where the
 * file is shorter or no regular one, or has another `seal` there than
 * output_seal() told (0: nobody knows it). With offset 0 it may be missing.
 */
struct output *output_resume(const char *path, uint64_t offset, uint64_t seal,
	struct err *err);
/* Over a descriptor of the caller's that is not closed. `name` for errors. */
struct output *output_new(int fd, const char *name);
/* Closes without writing what was not committed. NULL is fine. */
void output_free(struct output *output);

/* Where the next record's bytes are appended. */
struct buf *output_buf(struct output *output);
/*
 * The same for any number of bytes: what is too much to gather is written at
 * once, so that a record may be larger than memory. A reader of a pipe sees
 * its beginning before its end is known. -1 as output_commit(), and then a
 * regular file is as if the record had not begun.
 */
int output_add(struct output *output, const void *p, size_t n,
	struct err *err);
/* Drops what was added since the last record; it is cut off a regular file,
 * and stays torn where a pipe has some of it. */
void output_undo(struct output *output);
/*
 * The bytes so far end a record. Writes when enough has come together;
 * returns -1 as output_commit() does.
 */
int output_record(struct output *output, struct err *err);
/*
 * The bytes so far are a header, which is written at once and counts as no
 * record; returns -1 as output_commit() does.
 */
int output_header(struct output *output, struct err *err);
/* Whether a file that is appended to held something: it needs no header. */
int output_continues(const struct output *output);
/*
 * Writes all whole records. On failure: ERR_CLOSED when the reader of a pipe
 * went away, else ERR_IO with the name, the reason, and how many whole
 * records were kept; the same error again on every later call.
 */
int output_commit(struct output *output, struct err *err);
/*
 * What was committed is on the disk, the file's name too; where there is no
 * disk, nothing is done. A failure is final, as output_commit()'s: nobody
 * knows what the disk has then.
 */
int output_sync(struct output *output, struct err *err);
/*
 * Commits and closes, and reports what only close() says (a full quota on a
 * network file system); after it there is only output_free().
 */
int output_close(struct output *output, struct err *err);
/* Records written so far; those that were cut away again do not count. */
uint64_t output_records(const struct output *output);
/* Whether output_resume() could go on with it: a regular file with a path. */
int output_can_resume(const struct output *output);
/* The file's bytes up to the last whole record or header that was written. */
uint64_t output_offset(const struct output *output);
/* A hash of the file's last bytes before that, by which it is told from another
 * of that name; never 0 unless there are none. */
uint64_t output_seal(const struct output *output);
/* Where the record that ended last is in the file, or will be once it is
 * committed. Before the first: 0 bytes. */
struct output_place {
	uint64_t offset, len;
};
struct output_place output_last(const struct output *output);

#endif
