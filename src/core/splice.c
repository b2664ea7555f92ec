/* SPDX-License-Identifier: MIT */
/*
 * splice -- a file without some of its bytes. It is read from its beginning
 * in large blocks and what goes is squeezed out of each, so that a million
 * short spans cost no more system calls than none. (copy_file_range(2) would
 * copy faster, but wants a call for each stretch that stays.)
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/write.h"
#include "core/splice.h"

#define SPLICE_BLOCK ((size_t)256 << 10)

struct splice {
	const struct splice_span *next, *end;	/* spans that are to come */
};

static uint64_t
splice_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Squeezes a block that is at `offset` of the file; what is left of it. */
static size_t
splice_squeeze(struct splice *splice, char *block, size_t n, uint64_t offset)
{
	uint64_t at = offset, end = offset + n, len, from;
	const struct splice_span *span;
	size_t kept = 0;

	while (at < end) {
		span = splice->next;
		from = span < splice->end ? span->offset : end;
		if (from <= at) {
			at = splice_min(span->offset + span->len, end);
			if (span->offset + span->len <= at)
				splice->next++;
			continue;
		}
		len = splice_min(from, end) - at;
		memmove(block + kept, block + (at - offset), (size_t)len);
		kept += (size_t)len;
		at += len;
	}
	return kept;
}

static ssize_t
splice_read(int from, char *block, uint64_t want, uint64_t offset)
{
	size_t n = (size_t)splice_min(want, SPLICE_BLOCK);
	ssize_t got;

	do
		got = pread(from, block, n, (off_t)offset);
	while (got < 0 && errno == EINTR);
	return got;
}

int
splice_copy(int from, uint64_t end, const struct splice_span *spans, size_t n,
	int to, const char *name, struct err *err)
{
	struct splice splice = { .next = spans, .end = spans + n };
	char *block = mem_alloc(SPLICE_BLOCK);
	uint64_t at = 0;
	ssize_t got = 0;
	size_t kept;
	int rc = 0;

	while (rc == 0 && at < end) {
		got = splice_read(from, block, end - at, at);
		if (got == 0)
			rc = err_set(err, ERR_IO, "%s: shorter than the %"
				PRIu64 " bytes that were written", name, end);
		else if (got < 0)
			rc = err_sys(err, "%s", name);
		if (rc != 0)
			break;
		kept = splice_squeeze(&splice, block, (size_t)got, at);
		if (write_all(to, block, kept) != 0)
			rc = err_sys(err, "copying %s", name);
		at += (uint64_t)got;
	}
	free(block);
	return rc;
}
