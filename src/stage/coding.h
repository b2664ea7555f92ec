/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_STAGE_CODING_H
#define FETCHALL_STAGE_CODING_H

#include <stddef.h>
#include <stdint.h>

/*
 * One content coding of HTTP (RFC 9110 section 8.4.1) being taken off a body,
 * as a stream: memory is the coding's window, whatever comes out.
 */
struct coding;

/* The coding called `name` (any case, `len` bytes), to be ended with
 * coding_free(); NULL: this build knows none of that name. */
struct coding *coding_new(const char *name, size_t len);
void coding_free(struct coding *coding);	/* NULL is fine */

/* What is read and where it is written; moved on by coding_step(). */
struct coding_io {
	const uint8_t *in;
	size_t n_in;
	uint8_t *out;
	size_t n_out;
};

enum coding_state {
	CODING_GOES_ON,		/* wants more input, or more room */
	CODING_WHOLE,		/* everything up to here is whole */
	CODING_BROKEN,		/* no such stream, or a damaged one */
};

/*
 * Decodes until the input is used up or the room is full. Behind the end of a
 * stream another gzip member or zstd frame is read on, as their RFCs say; all
 * else there is taken and ignored, as browsers do, except by zstd, to which it
 * is a damaged frame.
 */
enum coding_state coding_step(struct coding *coding, struct coding_io *io);

/* The value of Accept-Encoding that names what this build can decode. */
const char *coding_accept(void);
/* The missing ones: "libbrotlidec" when `name` is br and this fetchall was
 * built without; NULL: no library would help. */
const char *coding_missing(const char *name, size_t len);

#endif
