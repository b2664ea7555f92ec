/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_NAMING_H
#define FETCHALL_CORE_NAMING_H

#include <stdint.h>

struct job;
struct result;
struct template;

/* Files that were there before the run. */
enum naming_existing {
	NAMING_SKIP,		/* their URLs are not asked for */
	NAMING_OVERWRITE,
	NAMING_REFUSE,		/* their URLs fail */
};

/*
 * Which bodies become files, and how these are called: below `folder`, after
 * the pattern or, without one, by mirroring the URL (core/filename); a line
 * that has a name of its own gets that. Only the list's URL and its number
 * decide, and what the reply says where the pattern asks for it: never the
 * order in which replies come. A pattern that two URLs could share a name by
 * gets a hash of the URL.
 */
struct naming {
	const char *folder;	/* the output folder; borrowed */
	const struct template *template;	/* borrowed; NULL: mirror */
	int all;		/* every good body; else those whose line has a
				 * name */
	int disposition;	/* a Content-Disposition has a say */
	enum naming_existing existing;
	int resume;		/* parts are gone on with */
	int sync;		/* names appear only for what is on the disk */
	unsigned flags;		/* COMPONENT_FOLD: case does not count there */
	/* Files that changed from then on are not from before, by
	 * clock_file_us(). INT64_MAX: all are. */
	int64_t since_us;
};

/* Whether the job's good body becomes a file. */
int naming_wants(const struct naming *naming, const struct job *job);
/* Whether names wait for the reply, but for lines that have their own. */
int naming_waits(const struct naming *naming);
/* The path of the job's file below the folder, for free(); NULL: it is not
 * known before the reply. Only for a job that is wanted. */
char *naming_path(const struct naming *naming, const struct job *job);
/*
 * The same once the reply has come, where naming_waits(): result->asked is the
 * list's URL. `sha256` is the body's in hex; NULL where
 * naming_needs_body() does not ask for it.
 */
char *naming_late_path(const struct naming *naming,
	const struct result *result, const char *sha256);
int naming_needs_body(const struct naming *naming);

/* The path as records show it, with the folder; for free(). */
char *naming_shown(const struct naming *naming, const char *path);

#endif
