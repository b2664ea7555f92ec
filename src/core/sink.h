/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_SINK_H
#define FETCHALL_CORE_SINK_H

#include "base/err.h"

struct column_list;
struct column_set;
struct marks;
struct naming;
struct opt_set;
struct output;
struct result;

/*
 * A place results go. Sinks are called by one thread, the ledger's, one
 * result after the other. Those of records only format: bytes go into
 * `output`, whose ledger-side owner writes them out. Those of bodies come
 * first, so that the record can say what became of the body.
 */
struct sink_args {
	struct output *output;	/* NULL: it has files of its own */
	const struct column_list *columns;
	const struct column_set *set;	/* all there are; NULL: no stages */
	const char *format;	/* -w FORMAT; NULL: the sink's own line */
	const void *own;	/* its options; NULL: it has none */
	const struct naming *naming;	/* how files are called; or NULL */
	/* Where a run before this one stopped: what is behind these marks of
	 * the sink's is cut off. NULL: there was none. */
	const struct marks *resume;
	int sync;		/* flush() is to reach the disk */
};

enum sink_caps {
	SINK_BODIES = 1 << 0,	/* takes bodies; it is no format of records */
	SINK_ALL = 1 << 1,	/* those of every whole reply, hops and bad
				 * ones too, with their exchange */
	SINK_STDOUT = 1 << 2,	/* of bodies, to standard output, which then
				 * is no place for records */
};

struct sink {
	const char *name;
	const char *brief;	/* up to 60 characters */
	const char *notes;	/* a paragraph for the manual, or NULL */
	unsigned caps;
	const struct opt_set *opts;	/* its options, or NULL */
	/* Of bodies: whether its options ask for it. */
	int (*wanted)(const void *own);
	/* Of bodies: whether it holds some until others have come, which is
	 * run_settings.keep_order. It takes them, so it comes last. NULL: it
	 * never does. */
	int (*holds)(const void *own);
	/* Makes the instance; NULL with err. Writes a header if it has one. */
	void *(*open)(const struct sink_args *args, struct err *err);
	/* Of records: appends one and ends it with output_record(). */
	int (*write)(void *self, const struct result *result, struct err *err);
	/*
	 * Of bodies: does what is to be done with result->body, which it may
	 * take, and may turn the result into a failure (result_fail()), which
	 * then is this URL's alone. -1: nothing more can be taken at all, and
	 * the run ends; the result has failed then and is not final.
	 */
	int (*take)(void *self, struct result *result, struct err *err);
	/* No more results will come: what was held is given away, or freed
	 * where nothing can be taken any more. Before the last flush(), also
	 * after a failure. NULL: nothing to do. */
	int (*end)(void *self, struct err *err);
	/* Where it has files of its own: all that was taken is in them, whole,
	 * and with args.sync on the disk. NULL: nothing to do. */
	int (*flush)(void *self, struct err *err);
	/* Adds how far they are whole now; after flush(). NULL: likewise. */
	void (*mark)(void *self, struct marks *ret);
	/* After the last flush(). */
	void (*close)(void *self);
};

/*
 * Every sink, NULL-terminated; the default of records first. These two live in
 * sink/family.c, as the core knows no sink by name.
 */
extern const struct sink *const sinks[];
/* One of records. NULL with ERR_USAGE and the nearest name. */
const struct sink *sink_find(const char *name, struct err *err);

#endif
