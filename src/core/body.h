/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_BODY_H
#define FETCHALL_CORE_BODY_H

#include <stddef.h>

#include "base/err.h"

/*
 * A reply's body on its way to a file that a list's line asked for. It has no
 * name while it grows: the name appears when the body is whole, and never in
 * place of a file that was there.
 */
struct body;

/*
 * `path` is taken below the current folder: not absolute, without "..", and
 * through no symbolic link. The folder must exist. NULL with ERR_IO.
 */
struct body *body_open(const char *path, struct err *err);
/* Drops what has no name yet. NULL is fine. */
void body_free(struct body *body);

/* What body_write() writes to, for another process to do the same. */
int body_fd(const struct body *body);
/* Appends; -1 with errno. `body` is a struct body. */
int body_write(void *body, const void *p, size_t n);
/* Empties it for another hop or attempt; -1 with errno. */
int body_restart(struct body *body);
/* Gives it its name. -1 with ERR_IO, also when the name is taken. */
int body_keep(struct body *body, struct err *err);

#endif
