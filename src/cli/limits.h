/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_LIMITS_H
#define FETCHALL_CLI_LIMITS_H

struct buf;
struct report;

/* What of this machine held a run back, as far as it did: a line for people,
 * or nothing; "limits" and a comma for programs. */
void limits_add_text(struct buf *out, const struct report *report);
void limits_add_json(struct buf *out, const struct report *report);

#endif
