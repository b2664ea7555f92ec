/* SPDX-License-Identifier: MIT */
#ifndef FETCHALL_CLI_OPTIONS_H
#define FETCHALL_CLI_OPTIONS_H

#include <stdint.h>

#include "opt/opt.h"

struct sink;

/*
 * The program's own option groups. Values are as typed; settings.h makes
 * them into what the rooms below understand.
 */
struct options_input {
	struct opt_list files;
	int format;		/* enum source_format */
	char *proto_default;
};

struct options_concurrency {
	char *strategies;	/* "async", "serial,async" or "all" */
	struct opt_counts concurrency;	/* one at least */
};

enum options_order { ORDER_INTERLEAVE, ORDER_SHUFFLE, ORDER_BLOCK };

struct options_compare {
	uint64_t runs, warmup, seed;
	int order;		/* enum options_order */
	char *export_json, *export_csv, *export_markdown, *plot;
};

struct options_load {
	uint64_t requests;
	int64_t duration;
};

struct options_request {
	char *method, *data, *user_agent, *referer, *proxy, *user, *cookie;
	struct opt_list headers, resolve;
	char *cacert, *capath, *cert, *key, *unix_socket;
	int head, insecure, ipv4, ipv6;
	int http1, http2, http2_only;
	int location, allow_downgrade;
	uint64_t max_redirs;
};

struct options_limits {
	int64_t connect_timeout, max_time, speed_time, dns_timeout;
	int64_t retry_delay, deadline;
	uint64_t speed_limit, max_body, max_header, retry;
	char *retry_on;
};

struct options_stages {
	struct opt_list post;	/* STAGE[:ARG], in their order */
	int pool;		/* index in pools[] */
	uint64_t jobs;		/* 0: one a core */
	uint64_t buffer;
	int no_fetch, compressed;
};

struct options_bodies {
	int save;
	char *output, *output_dir;
	int existing;		/* enum naming_existing */
	int disposition;
	int fold_case;
	int resume, resume_at;
};

struct options_durable {
	char *state;
	int retry_failed, sync;
};

struct options_names {
	char *servers;
	uint64_t concurrency;
};

struct options_safety {
	int public_only;
	struct opt_list allow, deny;	/* nets */
};

/* The first ones are sinks of records, by their names. */
enum options_format { FORMAT_LINES, FORMAT_JSON, FORMAT_CSV, FORMAT_NONE,
	FORMAT_AUTO };

struct options_records {
	int format;		/* enum options_format */
	char *results, *columns, *write_out;
	int append;		/* a comparison's runs share one file */
};

enum options_summary { SUMMARY_TEXT, SUMMARY_JSON, SUMMARY_NONE };
enum options_dump { DUMP_NOTHING, DUMP_MAN, DUMP_BASH, DUMP_ZSH, DUMP_FISH,
	DUMP_CONFIG };

struct options_general {
	int first, dry_run, progress, quiet, verbose, summary, no_config, version;
	int dump;
	char *config, *help;
	uint64_t report_fd;	/* 0: this is no run of a comparison */
	char *run_label;	/* "run 2 of 6, async": what it calls itself */
};

/* Everything that was said. The groups are the engine's. */
struct options {
	struct opts *opts;
	const struct options_input *input;
	const struct options_concurrency *concurrency;
	const struct options_compare *compare;
	const struct options_load *load;
	const struct options_request *request;
	const struct options_limits *limits;
	const struct options_names *names;
	const struct options_safety *safety;
	const struct options_bodies *bodies;
	const struct options_stages *stages;
	const struct options_records *records;
	const struct options_durable *durable;
	const struct options_general *general;
	char **operands;	/* within argv */
	int n_operands;
	int first;		/* argv[first] is operands[0] */
};

/* The groups' tables, options_GROUP.c each, in the order of the manual. */
extern const struct opt_set options_input_set, options_concurrency_set,
	options_compare_set, options_load_set, options_request_set,
	options_limits_set, options_names_set, options_safety_set,
	options_bodies_set, options_stages_set, options_records_set,
	options_durable_set, options_general_set;

/* Has --post know the names of stages[]; before its table is added. */
void options_stages_fill(void);

/* options_rules.c: what does not go together, beyond one table. */
int options_check_rules(const struct options *options, struct err *err);
/* Whether there are addresses that must not be connected to. */
int options_denies(const struct options *options);
/* Whether bodies become files, all or some. */
int options_saves(const struct options *options);
/* Whether bodies that were cut off are gone on with. */
int options_continues(const struct options *options);
/* The sink of bodies with one of these caps that was asked for; NULL: none. */
const struct sink *options_body_sink(const struct options *options,
	unsigned caps);

/* All tables with their defaults; nothing parsed yet. */
void options_init(struct options *options);
void options_release(struct options *options);

/*
 * Config files, then argv (which is permuted), then the rules between
 * options.
 */
int options_parse(struct options *options, int argc, char **argv,
	struct err *err);

#endif
