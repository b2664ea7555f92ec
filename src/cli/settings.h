/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_SETTINGS_H
#define FETCHALL_CLI_SETTINGS_H

#include "base/err.h"
#include "core/columns.h"
#include "core/naming.h"
#include "core/run.h"
#include "url/source.h"

struct options;
struct policy;
struct sink;

#define SETTINGS_BODY_SINKS 4	/* that can be used at once */

/* What was typed, checked and in the words of the rooms below. */
struct settings {
	struct run_settings run;
	struct source_settings source;
	const struct sink *sink;
	/* Of bodies, in the order they are to have them; NULL ends them. */
	const struct sink *body_sinks[SETTINGS_BODY_SINKS + 1];
	struct naming naming;	/* where run.naming points, if anywhere */
	struct template *template;	/* owned; naming points here */
	struct column_set *set;	/* owned; NULL: there are no stages */
	struct column_list columns;
	struct policy *policy;	/* owned; run.easy.policy, or NULL */
	char *body;		/* owned; run.body points here */
	char *accept;		/* Accept-Encoding; owned, or NULL */
	char **headers;		/* with it; owned, or NULL */
	const char **operands;	/* owned array: -i files, then operands */
	size_t n_operands;
};

/*
 * `strategy` is one name of --strategy. Everything that can be wrong without
 * opening a list or a socket is found here (ERR_USAGE, ERR_IO). The options
 * are borrowed.
 */
int settings_init(struct settings *settings, const struct options *options,
	const char *strategy, struct err *err);
/* The cores that this process may use: a container has fewer than the machine. */
size_t settings_cores(void);
void settings_release(struct settings *settings);

#endif
