/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_SINK_SURT_H
#define FETCHALL_SINK_SURT_H

struct buf;

/*
 * Appends what an index of archives is sorted by: "com,example)/path?query"
 * of http://www.example.com/Path/?query. Printable ASCII without blanks,
 * whatever the URL holds.
 */
void surt_add(struct buf *out, const char *url);

#endif
