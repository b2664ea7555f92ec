/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_COMPONENT_H
#define FETCHALL_CORE_COMPONENT_H

#include <stddef.h>

#include "base/buf.h"

/*
 * One component of a path below the output folder. What servers and lists
 * choose of it becomes ASCII that a shell, a terminal and any other system
 * read as it stands:
 *
 *   - letters, digits and . _ - + = , ~ stay; so do the escapes of bytes
 *     that are no printable ASCII, as the URL spells them (%C3%A9, %0a);
 *   - any other byte becomes its escape, with upper case digits; "%" as well,
 *     so that the %2F of a URL is %252F in a name;
 *   - so do - . ~ = at the beginning, "." at the end, the dot of a last
 *     ".part", the first letter of a device's name (CON, com1.txt) and a "~"
 *     that 16 hex digits follow;
 *   - a component of nothing is "@", which else ours alone writes.
 *
 * Undoing the escapes of printable ASCII gives back what came in, so two
 * texts never share a name. The exception are names over COMPONENT_MAX bytes:
 * their beginning, "~", 16 hex digits of the whole one's SHA-256, and the
 * extension.
 */
struct component {
	struct buf text;
	int own_first;		/* the user's own are the first byte ... */
	int own_last;		/* ... and the last */
};

#define COMPONENT_MAX 250	/* ".part" may follow; systems end at 255 */
#define COMPONENT_HASH 17	/* 16 digits and NUL */

/* Also one that differs from another in nothing but case gets a hash. */
#define COMPONENT_FOLD 1u

void component_init(struct component *component);
void component_release(struct component *component);

/* Adds what others chose, escaped. */
void component_add(struct component *component, const char *p, size_t n);
/*
 * Adds what is escaped already. `own`: the user wrote it, so a dot or dash at
 * the beginning or end is meant.
 */
void component_put(struct component *component, const char *text, size_t n,
	int own);
/* Appends the component to `out`, whole and safe; it is empty after. */
void component_end(struct component *component, struct buf *out,
	unsigned flags);

/* The beginning of SHA-256 of n bytes, in hex. */
void component_hash(char ret[COMPONENT_HASH], const char *p, size_t n);
/*
 * Where the extension of a name begins, its dot included, and how long it is:
 * up to 15 letters and digits behind the last dot, before a query's "@".
 * The length is 0 where there is none.
 */
size_t component_ext(const char *name, size_t n, size_t *ret_len);
/* Appends `name` with "~" and `hash` before its extension, cut to fit. */
void component_add_hashed(struct buf *out, const char *name, size_t n,
	const char *hash);

#endif
