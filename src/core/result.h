/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CORE_RESULT_H
#define FETCHALL_CORE_RESULT_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct body;
struct column;
struct exchange;
struct value;

/* X(code, name, meaning): error_class in records; the manual's list. */
#define ERROR_CLASSES(X) \
	X(NONE, "", "no error") \
	X(INPUT, "input", "the list's line is no URL") \
	X(DNS, "dns", "the name has no address") \
	X(CONNECT, "connect", "no connection could be made") \
	X(TLS, "tls", "the handshake or the certificate failed") \
	X(TIMEOUT, "timeout", "a time limit was reached") \
	X(HTTP, "http", "status 400 and above, or a broken reply") \
	X(REDIRECT, "redirect", "too many, a loop, or one that is refused") \
	X(BODY, "body", "the body was cut short or too large") \
	X(LOCAL, "local", "something on this machine failed") \
	X(EXEC, "exec", "a stage or its command failed") \
	X(POLICY, "policy", "an address that must not be connected to") \
	X(DEADLINE, "deadline", "left out at the --deadline") \
	X(STOPPED, "stopped", "cut off by a signal, --first or --duration")

#define ERROR_ENUM(code, name, text) ERROR_##code,
enum error_class { ERROR_CLASSES(ERROR_ENUM) ERROR_CLASS_COUNT };
#undef ERROR_ENUM

const char *error_class_name(enum error_class class);

/*
 * One attempt at a URL, redirects included: a row of every record format.
 * Fields carry the names and meanings of curl's -w variables; times are
 * microseconds here, since the start of the attempt's first hop, our own
 * look-ups included. Columns (columns.h) say how each is printed.
 */
struct result {
	struct list node;	/* the ledger's queue */
	uint64_t seq;
	char *url;		/* as given, no credentials; owned */
	char *url_effective;	/* the last hop; owned, or NULL: like url */
	char *method;		/* of the last hop; owned, NULL: GET */
	uint64_t response_code;	/* 0: no reply */
	int ok;			/* whole reply, status 200 to 399, and all
				 * stages went well */
	int final;		/* not tried again in this run */
	uint64_t attempt;	/* from 1 */
	enum error_class error_class;
	const char *error_detail;	/* finer name, static; NULL: none */
	char *errormsg;		/* owned; NULL: none. May hold any bytes */
	int64_t timestamp;	/* wall clock at the start, us since 1970 */
	uint64_t num_redirects;
	const char *http_version;	/* "1.1", "2"; static; NULL: no reply */
	char remote_ip[46];	/* "" : no connection */
	uint64_t num_connects;
	int64_t time_queue;	/* waited before the start */
	int64_t time_namelookup;
	int64_t time_connect;
	int64_t time_appconnect;	/* 0: no TLS */
	int64_t time_starttransfer;
	int64_t time_redirect;	/* start of the last hop */
	int64_t time_total;
	int untold;		/* the process that fetched it ended and
				 * with it what the last hop came to */
	uint64_t size_download;	/* body bytes of the last hop */
	char *content_type;	/* owned; NULL: none. Any bytes */
	char *filename_effective;	/* owned; NULL: not kept */
	int skipped;		/* not asked for: its file was there already */
	const char *strategy;	/* static */
	int posted;		/* its body went to the stages */
	int64_t time_post;	/* in the stages */
	int64_t time_post_cpu;	/* of that, of processor time */
	int64_t time_post_queue;	/* until a worker took the body */
	/* What the stages said; owned. NULL: nothing came of them. */
	struct value *values;
	const struct column *value_columns;	/* of them; borrowed */
	size_t n_values;
	/*
	 * What the ledger's sinks of bodies want; not columns, and gone once
	 * they had it.
	 */
	int hop;		/* a redirect that was followed, which is no
				 * record: for archives alone */
	int keeps;		/* its body, if good, becomes a file */
	int parted;		/* likewise: a part may lie beside it */
	char *name;		/* of that, below the output folder; owned */
	char *asked;		/* likewise: the list's URL, which the name is
				 * made of where `name` is NULL; owned */
	struct body *body;	/* owned; NULL: dropped, or empty */
	int chunked;		/* the body, as net/fetch.h says */
	int64_t last_modified;	/* likewise */
	char *disposition;	/* likewise; owned */
	struct exchange *exchange;	/* owned; NULL: nobody archives */
};

struct result *result_new(void);	/* zeroed */
void result_free(struct result *result);	/* NULL is fine */
/* Makes it a failure after all. `detail` is static; `errormsg` is copied,
 * NULL: none. What was stopped is not final. */
void result_fail(struct result *result, enum error_class class,
	const char *detail, const char *errormsg);
/* Takes `values`, one for each of the columns, which outlive the result. */
void result_take_values(struct result *result, struct value *values,
	const struct column *columns, size_t n);

#endif
