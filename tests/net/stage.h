/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_TESTS_NET_STAGE_H
#define FETCHALL_TESTS_NET_STAGE_H

#include "base/buf.h"
#include "net/easy.h"
#include "net/fetch.h"
#include "net/script.h"

/* A handle with its settings, and what came back on it. */
struct stage {
	struct easy_settings settings;
	struct easy_env env;
	struct easy *easy;
	struct fetch fetch;
	struct buf body;
	int busy;		/* every other of so many writes says EAGAIN */
};

/* With the settings that are in it, and what every test has. */
void stage_open(struct stage *stage, int capture);
void stage_close(struct stage *stage);
/* A request to the script's port, to be changed. `method` may be NULL. */
struct fetch_request *stage_request(struct stage *stage,
	const struct script *script, const char *method);
const struct fetch_reply *stage_perform(struct stage *stage);

#endif
