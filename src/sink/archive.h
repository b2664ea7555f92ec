/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_SINK_ARCHIVE_H
#define FETCHALL_SINK_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sink/packing.h"

struct buf;
struct marks;

/*
 * The files of an archive: NAME.warc.gz or, with a largest size, NAME-00000.
 * warc.gz and so on, and their index NAME.cdxj. What is added between
 * archive_begin() and archive_end() is in all of them or in none.
 */
struct archive;

struct archive_args {
	const char *name;
	enum packing_kind kind;
	uint64_t max_size;	/* a file that has this many bytes is the last
				 * but one; 0: one file */
	const struct marks *resume;	/* see core/sink.h */
	int sync;
};

/* NULL with ERR_IO where it cannot be begun, or gone on with. */
struct archive *archive_new(const struct archive_args *args, struct err *err);
void archive_free(struct archive *archive);	/* NULL is fine */

/* Some bytes of a record's block. */
struct archive_part {
	const void *p;
	size_t n;
	int mapped;		/* from a file: see body_unload() */
};

/* Where a record is. */
struct archive_place {
	uint64_t offset, length;
};

/* -1 with ERR_IO: then archive_cancel(). */
int archive_begin(struct archive *archive, struct err *err);
/* Adds a record: its head and the parts of its block. */
int archive_add(struct archive *archive, const struct buf *head,
	const struct archive_part *parts, size_t n_parts,
	struct archive_place *ret, struct err *err);
/* With a line for the index. -1: likewise. */
int archive_end(struct archive *archive, const struct buf *line,
	struct err *err);
/* As if archive_begin() had not been called. */
void archive_cancel(struct archive *archive);
/* The name of the file that is written to, without its folder. */
const char *archive_filename(const struct archive *archive);

/* See core/sink.h. */
int archive_finish(struct archive *archive, struct err *err);
int archive_flush(struct archive *archive, struct err *err);
void archive_mark(const struct archive *archive, struct marks *ret);

#endif
