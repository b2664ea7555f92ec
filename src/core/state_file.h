/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_STATE_FILE_H
#define FETCHALL_CORE_STATE_FILE_H

#include "base/err.h"

/* What SQLite keeps for us at offset 68 and 60 of the file. */
#define STATE_FILE_ID 0x66615374	/* "faSt" */
#define STATE_FILE_FORMAT 1

/*
 * Whether the file may be opened with SQLite; one that is not there is made,
 * empty and for its owner only. *ret_real, for free(), is its absolute path.
 * *ret_wal says that it has a log of commits beside it. -1 with ERR_USAGE,
 * where it is not a state of ours, or ERR_IO.
 */
int state_file_check(const char *path, char **ret_real, int *ret_wal,
	struct err *err);

/* Syncs the folder that a file is in, so that its name is on the disk. */
int state_file_sync_folder(const char *path, struct err *err);

#endif
