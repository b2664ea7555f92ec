/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_SINK_H
#define FETCHALL_CORE_SINK_H

#include "base/err.h"

struct column_list;
struct column_set;
struct output;
struct result;

/*
 * A place results go. Sinks are called by one thread, the ledger's, one
 * result after the other, and only format: bytes go into `output`, whose
 * ledger-side owner writes them out.
 */
struct sink_args {
	struct output *output;
	const struct column_list *columns;
	const struct column_set *set;	/* all there are; NULL: no stages */
	const char *format;	/* -w FORMAT; NULL: the sink's own line */
};

struct sink {
	const char *name;
	const char *brief;	/* up to 60 characters */
	const char *notes;	/* a paragraph for the manual, or NULL */
	/* Makes the instance; NULL with err. Writes a header if it has one. */
	void *(*open)(const struct sink_args *args, struct err *err);
	/* Appends one record and ends it with output_record(). */
	int (*write)(void *self, const struct result *result, struct err *err);
	void (*close)(void *self);
};

/*
 * Every sink, NULL-terminated; the default first. These two live in
 * sink/family.c, as the core knows no sink by name.
 */
extern const struct sink *const sinks[];
/* NULL with ERR_USAGE and the nearest name. */
const struct sink *sink_find(const char *name, struct err *err);

#endif
