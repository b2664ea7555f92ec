/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_ORIGIN_SERVER_H
#define FETCHALL_ORIGIN_SERVER_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "base/map.h"
#include "origin/stats.h"

struct event;
struct event_base;
struct evconnlistener;
struct options;

#define SERVER_SCRATCH (64 * 1024)	/* of one read */
#define SERVER_TEXT_MAX (128 * 1024)	/* of a reply that is put together */

/* What the connections share. One thread, one loop. */
struct server {
	struct event_base *base;
	const struct options *options;
	struct list conns;
	struct stats stats;
	struct map keys;	/* of /flaky and /reset-first */
	char *scratch;		/* what was just read */
	struct buf head, text;	/* a reply being put together */
	int raw_dir;		/* descriptor, or -1 */
	unsigned port;
	char url[96];		/* "http://127.0.0.1:8080/" */

	struct evconnlistener *listener;
	struct event *ends[3];	/* SIGINT, SIGTERM, --max-seconds */
	struct event *pause;	/* until accepting is tried again */
	int was_full;		/* accepting has failed before */
};

/* Listens when it returns; NULL: it cannot. Borrows `options`. */
struct server *server_new(const struct options *options, struct err *err);
/* Closes every connection. NULL is allowed. */
void server_free(struct server *server);
/* Until SIGINT, SIGTERM or --max-seconds. */
int server_run(struct server *server, struct err *err);

#endif
