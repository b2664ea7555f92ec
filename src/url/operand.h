/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_URL_OPERAND_H
#define FETCHALL_URL_OPERAND_H

#include <stdint.h>

#include "base/err.h"

/* What one word of the command line names. */
enum operand_kind { OPERAND_URL, OPERAND_STDIN, OPERAND_FILE };

struct operand {
	enum operand_kind kind;
	char *path;		/* the word as it is */
	char *name;		/* for messages: clean, without passwords */
	int sized;
	uint64_t size;
};

/*
 * "://" makes it a URL, "-" standard input, all else a list file, which must
 * be readable (ERR_IO). A pipe is not opened here: its writer may wait for a
 * list before it. operand_release() ends it, after a failure as well.
 */
int operand_init(struct operand *operand, const char *word, int stdin_fd,
	struct err *err);
void operand_release(struct operand *operand);

/* 1 with the bytes to read from it, 0 when nobody knows. */
int operand_size(const struct operand *operand, uint64_t *ret_size);

#endif
