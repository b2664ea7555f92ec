/* SPDX-License-Identifier: MIT */
/*
 * log -- one line on standard error in one write(2), so that lines of several
 * threads and processes are never woven together.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/utf8.h"

/* Process-wide because standard error is; set once by the command line. */
static atomic_int log_level = LOG_LEVEL_WARNING;
static const char *log_subject;

void
log_set_level(enum log_level level)
{
	atomic_store(&log_level, (int)level);
}

int
log_shows(enum log_level level)
{
	return (int)level <= atomic_load(&log_level);
}

void
log_set_subject(const char *subject)
{
	log_subject = subject;
}

static void FA_PRINTF(2, 0)
log_line(enum log_level level, const char *fmt, va_list args)
{
	static const char *const prefixes[] = {
		"fetchall: error: ", "fetchall: warning: ", "fetchall: ",
	};
	int number = errno;
	char text[2048];
	struct buf line;
	ssize_t n;

	if (!log_shows(level))
		return;
	if (vsnprintf(text, sizeof text, fmt, args) < 0)
		text[0] = '\0';
	buf_init(&line, 16 * sizeof text);
	buf_add_text(&line, prefixes[level]);
	if (log_subject != NULL) {
		utf8_add_clean(&line, log_subject, strlen(log_subject));
		buf_add_text(&line, ": ");
	}
	utf8_add_clean(&line, text, strlen(text));
	buf_add_char(&line, '\n');
	/* Nobody is left to tell when standard error is gone. */
	n = write(STDERR_FILENO, line.data, line.len);
	(void)n;
	buf_release(&line);
	errno = number;
}

#define LOG_BODY(level) \
	va_list args; \
	va_start(args, fmt); \
	log_line(level, fmt, args); \
	va_end(args)

void
log_error(const char *fmt, ...)
{
	LOG_BODY(LOG_LEVEL_ERROR);
}

void
log_warning(const char *fmt, ...)
{
	LOG_BODY(LOG_LEVEL_WARNING);
}

void
log_info(const char *fmt, ...)
{
	LOG_BODY(LOG_LEVEL_INFO);
}
