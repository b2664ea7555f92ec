/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_REPORT_JSON_H
#define FETCHALL_CLI_REPORT_JSON_H

struct buf;
struct report;
struct stats;

/* One object and a newline; `stats` for the single status codes. */
void report_json_add(struct buf *out, const struct report *report,
	const struct stats *stats);

#endif
