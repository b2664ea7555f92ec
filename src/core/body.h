/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_BODY_H
#define FETCHALL_CORE_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct budget;
struct fetch_request;
struct parts;

/*
 * Where a run's bodies are: a range of addresses for each, reserved before
 * processes are forked, so that a body has the same address in all of them,
 * grows in place and is never copied. Pages cost memory from the first byte
 * written to them only.
 */
struct body_store;

struct body_store_args {
	struct budget *budget;	/* borrowed */
	size_t n;		/* bodies at a time */
	uint64_t max_body;	/* the longest in memory; longer ones go to
				 * files. 0: what the budget allows */
	const char *folder;	/* for bodies that spill; NULL: $TMPDIR, /tmp */
	int linkable;		/* their files may be given a name there */
	struct parts *parts;	/* borrowed; NULL: bodies begin anew */
};

struct body_store *body_store_new(const struct body_store_args *args,
	struct err *err);
void body_store_free(struct body_store *store);	/* NULL is fine */
/* How many more body_new() has places for. */
size_t body_store_room(struct body_store *store);
struct parts *body_store_parts(const struct body_store *store);

/*
 * A reply's body: in the store, and in a file once it is too large or memory
 * is short. No such file has a name, unless it is a part.
 */
struct body;

/* NULL: the store has no room. */
struct body *body_new(struct body_store *store);
/* It is whole, and held until other bodies have ended: see budget_rest(). */
void body_rest(struct body *body);
/* Gives its memory back. NULL is fine. */
void body_free(struct body *body);

/*
 * Appends; -1 with errno, and nothing was taken. EAGAIN: the budget is full;
 * come again when body_may_write() says so, or after body_wait(). `body` is a
 * struct body.
 */
int body_write(void *body, const void *p, size_t n);
int body_may_write(void *body);
/* Waits until that may have changed, at most so long. */
void body_wait(void *body, int64_t us);
/*
 * Where the store has parts: its file, if it needs one, is the part of `path`,
 * to be gone on with later. Before body_receive().
 */
void body_name_part(struct body *body, const char *path);
/* NULL: it has none. */
const char *body_part_path(const struct body *body);
/* Whether it took its part, which then is its file or what came of that. */
int body_has_part(const struct body *body);
/*
 * Has a fetch's reply written to it, by the three above. With a part the
 * request must be one for all of what its URL stands for, or for the rest: see
 * fetch_request.resume_from. It stays where it is until the reply is there,
 * whose os_errno may be one of part_resume()'s.
 */
void body_receive(struct body *body, struct fetch_request *request);
uint64_t body_length(const struct body *body);
/* All its bytes, until the next call for this body; a file is mapped. */
int body_view(struct body *body, const void **ret, size_t *ret_len,
	struct err *err);
/* Whether that maps a file: then pieces that were seen need not stay in
 * memory, and body_unload() sees to that. */
int body_is_mapped(const struct body *body);
void body_unload(const void *p, size_t n);
/*
 * Beside what was received, what the stages make of it: an empty file at
 * first, which body_make() appends to; or another process, by its descriptor.
 * -1 with err.
 */
int body_begin_made(struct body *body, struct err *err);
int body_make(void *body, const void *p, size_t n);	/* -1 with errno */
int body_share_made(struct body *body);
int body_is_made(const struct body *body);
/* As body_view(), of what was made. */
int body_view_made(struct body *body, const void **ret, size_t *ret_len,
	struct err *err);
/* The file that it is all in, made or as received; -1: it is in memory. The
 * descriptor stays the body's. */
int body_fd(const struct body *body);

/*
 * The same body in another process that was forked after the store was made:
 * what to tell it, and what it makes of that. A file's descriptor is sent
 * along; BODY_NO_FILE: there is none. One process at a time works at a body,
 * and the one that made it ends it last.
 */
#define BODY_NO_FILE (-1)
struct body_place {
	uint64_t slot, len;
	int in_file, has_part;
};

/* *ret_fd stays the body's. */
void body_tell(const struct body *body, struct body_place *ret, int *ret_fd);
/* Takes fd. NULL: not a place of this store, which may be NULL. */
struct body *body_attach(struct body_store *store,
	const struct body_place *place, int fd);
/* The other process wrote to it: takes note of how much, and of its file.
 * Takes fd; BODY_NO_FILE: the file it is in already, or none. -1: that is not
 * this body, or nothing that fits it; the body is as before. */
int body_update(struct body *body, const struct body_place *place, int fd);

#endif
