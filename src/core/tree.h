/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_TREE_H
#define FETCHALL_CORE_TREE_H

#include <sys/stat.h>

#include "base/err.h"

struct tree;

/*
 * The output folder, and all that is ever done below it. Paths are those of
 * core/filename and core/template, or a list's own: relative, without "." and
 * "..", and text without control characters, else they are refused. No symbolic
 * link is followed below the folder, nothing but files and folders is opened,
 * and a file has its name only when it is whole.
 *
 * A folder and a file may want one name (/a and /a/b). Who comes second gives
 * way: folders get "@" behind their name, which no URL gives them (a@/b); for
 * a file TREE_FOLDER says that it needs another name, which is
 * filename_with_hash(). Both are found again by the same paths in any later
 * run, in any order.
 *
 * One thread at a time; each process opens its own. Folders that somebody
 * with write permission moves elsewhere while the run is on are followed.
 */
enum tree_end {
	TREE_OK,
	TREE_NONE,	/* there is no such file */
	TREE_TAKEN,	/* a file has the name, or another process the part */
	TREE_FOLDER,	/* a folder has the name */
	TREE_REFUSED,	/* a link or device, or a bad path; see err */
	TREE_FAILED,	/* what the system said; see err */
};

enum tree_flag {
	TREE_SYNC = 1 << 0,	/* tree_link() syncs bodies, see tree_sync() */
	TREE_NAMED = 1 << 1,	/* as where the file system has no O_TMPFILE */
};

enum tree_policy { TREE_KEEP, TREE_OVERWRITE };

/*
 * A body in the making. Who spooled one in an O_TMPFILE of the same file
 * system may say so: { .fd = it }.
 */
struct tree_file {
	int fd;
	char *name;	/* its path until it is linked; NULL: it has none */
	int keep;	/* stays when it is closed: a part */
};

#define TREE_FILE_NONE ((struct tree_file){ .fd = -1 })

/* Opens `folder`, made with its parents where missing; NULL on error. */
struct tree *tree_open(const char *folder, unsigned flags, struct err *err);
void tree_free(struct tree *tree);	/* NULL is fine; syncs nothing */

/* Whether there is a file: TREE_OK and *ret (NULL: not needed). */
enum tree_end tree_look(struct tree *tree, const char *path, struct stat *ret,
	struct err *err);

/* The same, opened for reading; tree_close() ends it. */
enum tree_end tree_read(struct tree *tree, const char *path,
	struct tree_file *ret, struct err *err);

/*
 * A new file for a body that will be linked to `path`, in that folder, so
 * that linking is no copy. Folders that are missing are made; modes are 0777
 * and 0666 less the umask. Where the file system has no O_TMPFILE it has a
 * name that begins with "@tmp-", which a killed process leaves behind.
 */
enum tree_end tree_create(struct tree *tree, const char *path,
	struct tree_file *ret, struct err *err);

/*
 * The file PATH.part, new or as a former run left it, for reading and
 * writing; locked, and TREE_TAKEN while another process has it.
 */
enum tree_end tree_open_part(struct tree *tree, const char *path,
	struct tree_file *ret, struct err *err);

/*
 * Gives the file its name. TREE_OVERWRITE puts it in the place of a file, in
 * one step. *ret_path (NULL: not needed), for free(), is where it is, which
 * differs from `path` where a folder gave way. With any other end nothing
 * changed.
 */
enum tree_end tree_link(struct tree *tree, struct tree_file *file,
	const char *path, enum tree_policy policy, char **ret_path,
	struct err *err);

/* Takes a file's name away. */
enum tree_end tree_remove(struct tree *tree, const char *path,
	struct err *err);

/* Closes it and keeps errno. One that was not linked is gone, unless it is a
 * part. */
void tree_close(struct tree *tree, struct tree_file *file);

/*
 * fsync of all folders that changed since the last time: the names are on
 * disk. With TREE_SYNC the bodies under them are already. An error is final:
 * what the disk has is unknown from then on. -1 with err.
 */
int tree_sync(struct tree *tree, struct err *err);

#endif
