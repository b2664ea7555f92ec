/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_PART_H
#define FETCHALL_CORE_PART_H

#include <stdint.h>

struct fetch_reply_head;
struct fetch_request;
struct tree;

/*
 * The beginning of a body that a later attempt or run goes on with: PATH.part
 * below the output folder, and beside it a note of where it came from, in a
 * file called after the part: "@from-" and 16 hex digits. Names of URLs are
 * neither. A part that holds something has its note, or else it is somebody
 * else's file and left alone.
 */
struct part {
	char *url;		/* owned; NULL: there is no part */
	char *validator;	/* for If-Range; owned */
	uint64_t len;		/* bytes that are here */
};

void part_release(struct part *part);

/* Looks for what lies at `path`. -1: nothing, or nothing of ours. */
int part_look(struct tree *tree, const char *path, struct part *ret);

/*
 * What of a reply can tell later that a body is still the same, for free(): a
 * strong entity tag, or a Last-Modified that is older than the changes that it
 * could miss. NULL: nothing.
 */
char *part_validator(const struct fetch_reply_head *head);
/* Whether a reply is all that is missing behind request->resume_from, of the
 * body that request->if_range stands for. */
int part_fits(const struct fetch_request *request,
	const struct fetch_reply_head *head);

/*
 * The part's file, empty and its note written, or to be gone on with, for
 * close(). It is locked until then. -1 with errno: EBUSY, another process has
 * it; ELOOP, a link or anything else that is no file of ours to write;
 * EALREADY, a file that somebody else put there; ESTALE, the part is not that
 * one any more; or what the system says.
 */
int part_begin(struct tree *tree, const char *path, const char *url,
	const char *validator);
int part_resume(struct tree *tree, const char *path, const char *url,
	const char *validator, uint64_t len);

/* The name of the part, for free(); whether the file is the one that has it. */
char *part_name(const char *path);
int part_is(struct tree *tree, const char *path, int fd);

/* Part and note, as far as they are there, go: the body is whole. */
void part_remove(struct tree *tree, const char *path);

#endif
