/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_SINK_CDXJ_H
#define FETCHALL_SINK_CDXJ_H

#include <stddef.h>
#include <stdint.h>

struct buf;

/* Where a capture of a URL is found. */
struct cdxj {
	const char *url;
	const char *date;	/* as clock_rfc3339() has it */
	const char *mime;	/* as the server said it; NULL: nothing */
	const char *method;	/* NULL: GET */
	uint64_t status;
	const char *digest;	/* of the payload; "": none */
	uint64_t offset, length;	/* of the record, packed */
	const char *filename;
};

/* Appends a line of printable ASCII. */
void cdxj_add(struct buf *out, const struct cdxj *cdxj);

#endif
