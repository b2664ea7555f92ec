/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_SINK_RECORD_H
#define FETCHALL_SINK_RECORD_H

#include <stdint.h>

#include "base/err.h"

struct buf;

/* The head of a WARC/1.1 record (ISO 28500:2017), line by line. */

#define RECORD_ID_SIZE 46	/* "urn:uuid:", 36 and a NUL */

/* A random one (RFC 9562, version 4). -1 with ERR_SYSTEM. */
int record_make_id(char id[RECORD_ID_SIZE], struct err *err);

/* `date` is as clock_rfc3339() has it. Empties `head` first. */
void record_begin(struct buf *head, const char *type, const char *id,
	const char *date);
/* A value is one line of UTF-8, whatever it holds: control characters and what
 * is no UTF-8 are escaped as in URLs. Nothing is added for "". */
void record_add(struct buf *head, const char *name, const char *value);
/* One that is an id. */
void record_add_id(struct buf *head, const char *name, const char *id);
/* The last two lines, and the empty one. */
void record_end(struct buf *head, const char *content_type, uint64_t length);

#endif
