/* SPDX-License-Identifier: MIT */
/*
 * state_retry -- --retry-failed: what failed is to be done again, and its
 * records leave the file of records.
 *
 * That file and the state must change as one, though each is a file of its
 * own and the process may be killed anywhere between. So the state announces
 * the new file first, then says in one commit that it is whole and what it
 * means (marks, bits), and only then it is renamed over the old one. Whoever
 * opens a state with an announcement finishes it: forth when the new file is
 * whole, else back.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/splice.h"
#include "core/state_file.h"
#include "core/state_own.h"

struct retry {
	struct state_failure *failures;
	size_t n;
	struct splice_span *spans;	/* of those with a record */
	size_t n_spans;
	uint64_t removed;		/* bytes of these */
	uint64_t end;			/* how long the records are now */
	int unsynced;			/* the disk has failed */
};

static void
retry_release(struct retry *retry)
{
	free(retry->failures);
	free(retry->spans);
}

/* The new file, beside the old one. For free(). */
static char *
retry_beside(const char *records)
{
	return mem_printf("%s.retry", records);
}

/* --- gathering --- */

static int
retry_load(struct retry *retry, struct state *state, struct err *err)
{
	struct state_failure *failures;
	uint64_t sum = 0;
	size_t n;
	int rc;

	while ((rc = state_store_failures(state->store, &failures, &n, &sum,
	    err)) > 0) {
		retry->failures = mem_grow(retry->failures, retry->n + n,
			sizeof *retry->failures);
		memcpy(retry->failures + retry->n, failures,
			n * sizeof *failures);
		retry->n += n;
		free(failures);
	}
	return rc;
}

static int
retry_compare(const void *a, const void *b)
{
	const struct splice_span *one = a, *other = b;

	return (one->offset > other->offset) - (one->offset < other->offset);
}

/* In the order of the file; -1 when they are no places of it. */
static int
retry_order(struct retry *retry)
{
	const struct splice_span *span;
	uint64_t at = 0;
	size_t i;

	retry->spans = mem_array(retry->n, sizeof *retry->spans);
	for (i = 0; i < retry->n; i++)
		if (retry->failures[i].len > 0)
			retry->spans[retry->n_spans++] = (struct splice_span){
				retry->failures[i].offset,
				retry->failures[i].len };
	if (retry->n_spans > 0)
		qsort(retry->spans, retry->n_spans, sizeof *retry->spans,
			retry_compare);
	for (i = 0; i < retry->n_spans; i++) {
		span = &retry->spans[i];
		if (span->offset < at || span->offset > retry->end ||
		    span->len > retry->end - span->offset)
			return -1;
		at = span->offset + span->len;
		retry->removed += span->len;
	}
	return 0;
}

static int
retry_gather(struct retry *retry, struct state *state, struct err *err)
{
	const struct mark *mark = marks_find(&state->marks, "records");

	if (retry_load(retry, state, err) != 0)
		return -1;
	retry->end = mark != NULL ? mark->offset : 0;
	if (retry_order(retry) != 0)
		return state_store_damaged(state->store, "records are not "
			"where they were", err);
	return 0;
}

/* --- the new file --- */

static int
retry_copy(struct retry *retry, int from, int to, const char *records,
	const char *beside, struct err *err)
{
	struct stat st;

	if (fstat(from, &st) != 0)
		return err_sys(err, "%s", records);
	/* The owner can be kept by root only, and need not. */
	if (fchown(to, st.st_uid, st.st_gid) != 0 && errno != EPERM)
		return err_sys(err, "%s", beside);
	if (fchmod(to, st.st_mode & 07777) != 0)
		return err_sys(err, "%s", beside);
	if (splice_copy(from, retry->end, retry->spans, retry->n_spans, to,
	    records, err) != 0)
		return -1;
	retry->unsynced = fsync(to) != 0;
	return retry->unsynced ? err_sys(err, "%s", beside) : 0;
}

static int
retry_make(struct retry *retry, const char *records, struct err *err)
{
	char *beside = retry_beside(records);
	int from = open(records, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int to, rc = -1;

	if (from < 0) {
		err_sys(err, "%s", records);
		goto out;
	}
	to = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0) {
		err_sys(err, "%s", beside);
		goto out;
	}
	rc = retry_copy(retry, from, to, records, beside, err);
	if (close(to) != 0 && rc == 0)
		rc = err_sys(err, "%s", beside);
	if (rc != 0)
		unlink(beside);
out:
	if (from >= 0)
		close(from);
	free(beside);
	return rc;
}

/* --- what the state says of it --- */

static int
retry_announce(struct state *state, const char *records, struct err *err)
{
	free(state->head.replaced);
	state->head.replaced = records != NULL ? mem_strdup(records) : NULL;
	state->head.replaceable = 0;
	return state_write(state, &state->marks, 0, err);
}

/* From here on they are to be done; the new file counts. */
static int
retry_settle(const struct retry *retry, struct state *state, struct err *err)
{
	struct mark *mark;
	size_t i;

	for (i = 0; i < retry->n; i++)
		if (state_chunks_undo(state->chunks,
		    retry->failures[i].seq) != 0)
			return state_store_damaged(state->store, "what failed "
				"was not done", err);
	for (i = 0; i < state->marks.n; i++) {
		mark = &state->marks.list[i];
		if (state->head.replaced != NULL &&
		    strcmp(mark->name, "records") == 0)
			*mark = (struct mark){
				.name = mark->name,
				.offset = retry->end - retry->removed,
			};
	}
	state->head.replaceable = state->head.replaced != NULL;
	state->failed_before = 0;
	return state_write(state, &state->marks, 1, err);
}

/* --- renaming --- */

/* Where it is gone it was renamed already, if the file is as long as it. */
static int
retry_rename(const struct state *state, const char *beside,
	const char *records, struct err *err)
{
	const struct mark *mark = marks_find(&state->marks, "records");
	uint64_t whole = mark != NULL ? mark->offset : 0;
	struct stat st;

	if (rename(beside, records) == 0)
		return state_file_sync_folder(records, err);
	if (errno == ENOENT && stat(records, &st) == 0 &&
	    (uint64_t)st.st_size == whole)
		return 0;
	return err_sys(err, "%s, which takes the place of %s", beside,
		records);
}

int
state_retry_finish(struct state *state, struct err *err)
{
	const char *records = state->head.replaced;
	char *beside;
	int rc = 0;

	if (records == NULL)
		return 0;
	beside = retry_beside(records);
	if (state->head.replaceable)
		rc = retry_rename(state, beside, records, err);
	else if (unlink(beside) != 0 && errno != ENOENT)
		rc = err_sys(err, "%s", beside);
	free(beside);
	return rc == 0 ? retry_announce(state, NULL, err) : rc;
}

static int
retry_replace(struct retry *retry, struct state *state,
	const char *records, struct err *err)
{
	char *real = realpath(records, NULL);
	struct stat st;
	char *beside;
	int rc = 0;

	if (real == NULL)
		return err_sys(err, "%s", records);
	beside = retry_beside(real);
	if (lstat(beside, &st) == 0)
		rc = err_set(err, ERR_IO, "%s is in the way of the new file of "
			"records: remove it", beside);
	free(beside);
	if (rc == 0)
		rc = retry_announce(state, real, err);
	if (rc == 0 && retry_make(retry, real, err) != 0) {
		if (!retry->unsynced)
			retry_announce(state, NULL, NULL);
		rc = -1;
	}
	free(real);
	return rc;
}

int
state_retry_failed(struct state *state, const char *records, struct err *err)
{
	struct retry retry = { .n = 0 };
	int rc;

	if (state->failed_before == 0)
		return 0;
	rc = retry_gather(&retry, state, err);
	if (rc == 0 && records != NULL && retry.n_spans > 0)
		rc = retry_replace(&retry, state, records, err);
	if (rc == 0)
		rc = retry_settle(&retry, state, err);
	if (rc == 0)
		rc = state_retry_finish(state, err);
	retry_release(&retry);
	return rc;
}
