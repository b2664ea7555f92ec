/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_URL_READER_H
#define FETCHALL_URL_READER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * The bytes of a list, unpacked when they begin as gzip does (one member or
 * several). One thread reads.
 */
struct reader;

/*
 * `fd` is borrowed; a non-blocking one is waited for. Once `hurry_fd` is
 * readable nothing is waited for any more. `count` gets each byte taken from
 * the descriptor (compressed ones) added. Both outlive the reader.
 */
struct reader *reader_new(int fd, int hurry_fd, _Atomic uint64_t *count);
void reader_free(struct reader *reader);

/*
 * Up to n bytes, as soon as there are any; 0 at the end; -1 when the
 * descriptor cannot be read (err_sys), there is nothing yet and hurry
 * (ERR_INTERRUPTED), or the gzip data is damaged or cut off (ERR_IO), after
 * all bytes in front of the damage were handed out.
 */
ssize_t reader_read(struct reader *reader, char *p, size_t n, struct err *err);
/* -1 with ERR_INTERRUPTED where there is hurry: for who would read on and on
 * without a use for it. */
int reader_hurried(const struct reader *reader, struct err *err);

#endif
