/* SPDX-License-Identifier: MIT */
/*
 * err -- the text and exit status of a failure, carried up by the caller.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

static void FA_PRINTF(3, 0)
err_format(char *text, size_t size, const char *fmt, va_list args)
{
	if (vsnprintf(text, size, fmt, args) < 0)
		text[0] = '\0';
}

int
err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list args;

	if (err == NULL)
		return -1;
	err->code = code;
	va_start(args, fmt);
	err_format(err->text, sizeof err->text, fmt, args);
	va_end(args);
	return -1;
}

/* What a file system says is the user's disk or path, not our machine. */
static enum err_code
err_code_of(int number)
{
	static const int files[] = {
		ENOENT, EACCES, EPERM, EISDIR, ENOTDIR, ENOSPC, EDQUOT, EIO,
		EROFS, EFBIG, EEXIST, ELOOP, ENAMETOOLONG, EPIPE, ENXIO,
	};
	size_t i;

	for (i = 0; i < sizeof files / sizeof *files; i++)
		if (files[i] == number)
			return ERR_IO;
	return ERR_SYSTEM;
}

int
err_sys(struct err *err, const char *fmt, ...)
{
	int number = errno;
	char text[sizeof err->text];
	va_list args;

	va_start(args, fmt);
	err_format(text, sizeof text, fmt, args);
	va_end(args);
	err_set(err, err_code_of(number), "%s: %s", text, strerror(number));
	errno = number;
	return -1;
}

int
err_in(struct err *err, const char *fmt, ...)
{
	char text[sizeof err->text];
	char context[sizeof err->text];
	va_list args;

	if (err == NULL)
		return -1;
	va_start(args, fmt);
	err_format(context, sizeof context, fmt, args);
	va_end(args);
	memcpy(text, err->text, sizeof text);
	return err_set(err, err->code, "%s: %s", context, text);
}

int
err_status(enum err_code code)
{
#define ERR_STATUS(name, status, text) [ERR_##name] = status,
	static const int statuses[] = { ERR_CODES(ERR_STATUS) };
#undef ERR_STATUS

	return statuses[code];
}
