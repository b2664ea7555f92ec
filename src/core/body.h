/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_BODY_H
#define FETCHALL_CORE_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct budget;

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
				 * files */
	const char *folder;	/* for bodies that spill; NULL: $TMPDIR, /tmp */
};

struct body_store *body_store_new(const struct body_store_args *args,
	struct err *err);
void body_store_free(struct body_store *store);	/* NULL is fine */
/* Whether body_new() has a place. */
int body_store_has_room(struct body_store *store);

/*
 * A reply's body: in the store, and in a file once it is too large or memory
 * is short; or from its first byte in the file that a list's line asked for.
 * Such a file has no name while it grows: the name appears when the body is
 * whole, and never in place of a file that was there.
 */
struct body;

/* NULL: the store has no room. */
struct body *body_new(struct body_store *store);
/*
 * `path` is taken below the current folder: not absolute, without "..", and
 * through no symbolic link. The folder must exist. NULL with ERR_IO.
 */
struct body *body_open(const char *path, struct err *err);
/* Gives its memory back, and drops what has no name yet. NULL is fine. */
void body_free(struct body *body);

/* Appends; -1 with errno, EAGAIN: nothing was taken, the budget is full; wait
 * (budget_must_wait) and come again. `body` is a struct body. */
int body_write(void *body, const void *p, size_t n);
/* Empties it for another hop or attempt; -1 with errno. */
int body_restart(struct body *body);
uint64_t body_length(const struct body *body);
/* All its bytes, until the next call for this body; a file is mapped. */
int body_view(struct body *body, const void **ret, size_t *ret_len,
	struct err *err);
/* A body with a path: replaces what was written by what will be written, as a
 * stage decoded it; the first is kept readable until body_keep(). */
int body_rewrite(struct body *body, struct err *err);
/* A body with a path: what body_write() appends to, for another process. */
int body_fd(const struct body *body);
/* Gives it its name. -1 with ERR_IO, also when the name is taken. */
int body_keep(struct body *body, struct err *err);

/*
 * The same body in another process that was forked after the store was made:
 * what to tell it, and what it makes of that. A file's descriptor is sent
 * along; BODY_NO_FILE: there is none.
 */
#define BODY_NO_FILE (-1)
struct body_place {
	uint64_t slot, len;
	int in_file;
};

void body_tell(const struct body *body, struct body_place *ret, int *ret_fd);
/* Takes fd. -1: not a place of this store. */
struct body *body_attach(struct body_store *store,
	const struct body_place *place, int fd);
/* The other process wrote to it: takes note of how much, and of its file. */
int body_update(struct body *body, const struct body_place *place, int fd);

#endif
