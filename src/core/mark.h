/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_MARK_H
#define FETCHALL_CORE_MARK_H

#include <stddef.h>
#include <stdint.h>

/*
 * How far an output is whole: what a state remembers, and to what the output
 * is cut back before it is gone on with.
 */
struct mark {
	const char *name;	/* "records", "warc"; the state's or static */
	uint64_t number;	/* of the file, where an output has several; or
				 * what its bytes are known by; 0: nothing */
	uint64_t offset;	/* its bytes that are whole */
};

#define MARKS_MAX 8		/* of all outputs of a run */

struct marks {
	struct mark list[MARKS_MAX];
	size_t n;
};

/* NULL: there is none of that name. */
const struct mark *marks_find(const struct marks *marks, const char *name);

#endif
