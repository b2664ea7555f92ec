/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_BASE_LOG_H
#define FETCHALL_BASE_LOG_H

#include "base/err.h"

/*
 * Diagnostics on standard error, one whole line each, from any thread.
 * Whatever the text holds, only printable characters leave. Outside cli/
 * this is the only way to print.
 */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

/* What is above the level is dropped; LOG_LEVEL_WARNING at start. */
void log_set_level(enum log_level level);
int log_shows(enum log_level level);
/*
 * Whom all lines are about, in front of their texts; NULL, as at start: not
 * said. Borrowed. Before there are threads.
 */
void log_set_subject(const char *subject);

void log_error(const char *fmt, ...) FA_PRINTF(1, 2);
void log_warning(const char *fmt, ...) FA_PRINTF(1, 2);
void log_info(const char *fmt, ...) FA_PRINTF(1, 2);

#endif
