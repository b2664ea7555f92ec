/* SPDX-License-Identifier: MIT */
/*
 * options -- the tables of what can be typed. Help, manual, completion and
 * the config file are printed from these rows, so a row is all that an option
 * needs to be known everywhere.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/options.h"
#include "core/sink.h"
#include "pool/family.h"
#include "stage/family.h"
#include "strategy/family.h"

/* clang-format off */

static const char *const options_input_formats[] = {
	"lines", "ndjson", NULL,
};

#define AT(field, ctype) .off = OPT_AT(struct options_input, field, ctype)

static const struct opt options_input_rows[] = {
	{ .name = "input-file", .key = 'i', .type = &opt_texts,
	  AT(files, struct opt_list), .arg = "FILE",
	  .brief = "read URLs from FILE, - is standard input",
	  .notes = "The same as an operand that names a file. gzip-compressed "
		"lists are read as they are.",
	  .example = "fetchall -i urls.txt" },
	{ .name = "input-format", .type = &opt_choice, AT(format, int),
	  .choices = options_input_formats, .dflt = "lines", .arg = "FORMAT",
	  .flags = OPT_FIXED,
	  .brief = "what the lists hold: plain lines or NDJSON objects",
	  .notes = "lines: a URL a line; blank lines and lines that begin "
		"with # are skipped. ndjson: an object a line with \"url\" "
		"and, if wanted, \"method\", \"headers\", \"body\" and "
		"\"output\" for this URL alone. An output is a file below "
		"--output-dir; it appears once a good reply's body is whole, "
		"and what is there already is treated as --existing says.",
	  .example = "fetchall --input-format ndjson requests.ndjson" },
	{ .name = "proto-default", .type = &opt_text,
	  AT(proto_default, char *), .arg = "SCHEME", .dflt = "http",
	  .flags = OPT_FIXED,
	  .brief = "scheme for hosts that are listed without one",
	  .notes = "http or https." },
};
#undef AT

static const struct opt_set options_input_set = {
	.name = "input", .title = "Input", OPT_ROWS(options_input_rows),
	.settings_size = sizeof(struct options_input),
};

#define AT(field, ctype) \
	.off = OPT_AT(struct options_concurrency, field, ctype)

static const struct opt options_concurrency_rows[] = {
	{ .name = "strategy", .key = 's', .type = &opt_text,
	  AT(strategies, char *), .arg = "NAME[,NAME...]|all",
	  .dflt = "async",
	  .brief = "how fetches overlap; several are compared",
	  .notes = "With several names, or all, each strategy fetches the "
		"whole list in a process of its own, and a table of their "
		"wall times goes to standard output instead of the records. "
		"--help=strategies lists them, --help=compare has the "
		"options for comparing.",
	  .example = "fetchall -s serial,async urls.txt" },
	{ .name = "concurrency", .key = 'c', .type = &opt_counts,
	  AT(concurrency, struct opt_counts), .arg = "N[,N...]",
	  .dflt = "64", .min = 1,
	  .max = 1000000, .brief = "fetches under way at the same time",
	  .notes = "Never more than this are under way, redirects and "
		"retries included. It is lowered, with a warning, where the "
		"limit of open files does not allow it. Several numbers are "
		"compared, each with every strategy.",
	  .example = "fetchall -c 500 urls.txt" },
	{ .name = "parallel-max", .type = &opt_alias, .means = "concurrency",
	  .flags = OPT_HIDDEN, .brief = "curl's name for --concurrency" },
};
#undef AT

static const struct opt_set options_concurrency_set = {
	.name = "concurrency", .title = "Concurrency",
	OPT_ROWS(options_concurrency_rows),
	.settings_size = sizeof(struct options_concurrency),
};

static const char *const options_orders[] = {
	"interleave", "shuffle", "block", NULL,
};

#define AT(field, ctype) .off = OPT_AT(struct options_compare, field, ctype)

static const struct opt options_compare_rows[] = {
	{ .name = "runs", .type = &opt_count, AT(runs, uint64_t), .arg = "N",
	  .dflt = "1", .min = 1, .max = 10000,
	  .brief = "runs of each strategy; 3 or more tell chance apart",
	  .notes = "Each run is a process of its own. From 3 on the table has "
		"95 % confidence intervals (Student's t) and marks what does "
		"not differ significantly from the fastest (Welch's t test, "
		"p < 0.05).",
	  .example = "fetchall -s serial,async --runs 5 urls.txt" },
	{ .name = "warmup", .type = &opt_count, AT(warmup, uint64_t),
	  .arg = "N", .dflt = "0", .max = 10000,
	  .brief = "runs of each strategy before those that count",
	  .notes = "Their records are not written." },
	{ .name = "order", .type = &opt_choice, AT(order, int),
	  .choices = options_orders, .dflt = "interleave", .arg = "ORDER",
	  .brief = "of the runs: interleave, shuffle or block",
	  .notes = "interleave: one run of each strategy, then again, so that "
		"a disturbance meets all of them. shuffle: any order. block: "
		"all runs of a strategy, then those of the next." },
	{ .name = "seed", .type = &opt_count, AT(seed, uint64_t), .arg = "N",
	  .dflt = "0", .brief = "of --order shuffle; 0: one is chosen, and "
		"printed" },
	{ .name = "export-json", .type = &opt_text, AT(export_json, char *),
	  .arg = "FILE", .brief = "write the comparison, as hyperfine does",
	  .notes = "An object with \"results\", one for each row of the table: "
		"command, mean, stddev, median, user, system, min, max, "
		"times, memory_usage_byte, exit_codes and parameters are "
		"hyperfine's (seconds, bytes); ci95 and p_value (against the "
		"fastest) are null for fewer than 3 runs. The file appears "
		"when it is whole.",
	  .example = "fetchall -s serial,async --export-json out.json "
		"urls.txt" },
	{ .name = "export-csv", .type = &opt_text, AT(export_csv, char *),
	  .arg = "FILE", .brief = "the same as CSV, a line a row" },
	{ .name = "export-markdown", .type = &opt_text,
	  AT(export_markdown, char *), .arg = "FILE",
	  .brief = "write the table as Markdown" },
	{ .name = "plot", .type = &opt_text, AT(plot, char *), .arg = "FILE",
	  .brief = "draw the wall times, FILE.svg or FILE.png",
	  .notes = "Bars with their standard deviation, or lines over the "
		"concurrency where -c has several numbers. Drawn by gnuplot.",
	  .example = "fetchall -s serial,async --plot out.svg urls.txt" },
};
#undef AT

/* How a plot's file name may end; NULL: this one does not. */
static const char *
options_plot_ending(const char *path)
{
	const char *dot = strrchr(path, '.');

	if (dot == NULL || (strcmp(dot, ".svg") != 0 &&
	    strcmp(dot, ".png") != 0))
		return NULL;
	return dot;
}

static int
options_compare_check(const void *settings, struct err *err)
{
	const struct options_compare *compare = settings;

	if (compare->plot != NULL &&
	    options_plot_ending(compare->plot) == NULL)
		return err_set(err, ERR_USAGE, "--plot: '%.200s' ends neither "
			"in .svg nor in .png", compare->plot);
	if (compare->seed != 0 && compare->order != ORDER_SHUFFLE)
		return err_set(err, ERR_USAGE,
			"--seed is for --order shuffle");
	return 0;
}

static const struct opt_set options_compare_set = {
	.name = "compare", .title = "Comparing",
	OPT_ROWS(options_compare_rows),
	.settings_size = sizeof(struct options_compare),
	.check = options_compare_check,
};

#define AT(field, ctype) .off = OPT_AT(struct options_load, field, ctype)

static const struct opt options_load_rows[] = {
	{ .name = "requests", .key = 'n', .type = &opt_count,
	  AT(requests, uint64_t), .arg = "N", .min = 1,
	  .brief = "begin the list again until N URLs were fetched",
	  .notes = "At most -c are under way and the next begins when one "
		"ends. Redirects and retries do not count; nothing is tried "
		"again unless --retry is given. Lists of up to 100,000 URLs "
		"and 64 MiB, read whole before the first request. With "
		"--duration: whichever ends first.",
	  .example = "fetchall -n 1000 http://127.0.0.1:8080/bytes/1k" },
	{ .name = "duration", .key = 'z', .type = &opt_time,
	  AT(duration, int64_t), .arg = "TIME", .min = 1000,
	  .brief = "begin the list again until the time is over",
	  .notes = "As --requests; what is under way at the end of that time "
		"is not broken off." },
};
#undef AT

static const struct opt_set options_load_set = {
	.name = "load", .title = "Load", OPT_ROWS(options_load_rows),
	.settings_size = sizeof(struct options_load),
};

#define AT(field, ctype) .off = OPT_AT(struct options_request, field, ctype)

static const struct opt options_request_rows[] = {
	{ .name = "request", .key = 'X', .type = &opt_text, AT(method, char *),
	  .arg = "METHOD", .flags = OPT_FIXED,
	  .brief = "request method",
	  .notes = "GET unless given, POST with --data." },
	{ .name = "header", .key = 'H', .type = &opt_texts,
	  AT(headers, struct opt_list), .arg = "LINE", .flags = OPT_SECRET,
	  .brief = "send this header; may be repeated",
	  .notes = "\"Name: value\"; \"Name:\" removes a header that would be "
		"sent, \"Name;\" sends one without value. After a redirect to "
		"another origin only headers of content negotiation and "
		"caching (Accept*, Cache-Control, Pragma, Range, If-*, DNT), "
		"User-Agent and what describes the body are still sent.",
	  .example = "fetchall -H 'Accept-Language: de' urls.txt" },
	{ .name = "data", .key = 'd', .type = &opt_text, AT(data, char *),
	  .arg = "DATA", .brief = "request body, @FILE reads it from a file",
	  .notes = "Makes the method POST and the type "
		"application/x-www-form-urlencoded unless -X and -H say "
		"otherwise. The same body goes to every URL." },
	{ .name = "user-agent", .key = 'A', .type = &opt_text,
	  AT(user_agent, char *), .arg = "TEXT",
	  .dflt = PACKAGE_NAME "/" PACKAGE_VERSION, .brief = "User-Agent" },
	{ .name = "referer", .key = 'e', .type = &opt_text, AT(referer, char *),
	  .arg = "URL", .brief = "Referer, sent to the list's origins only" },
	{ .name = "cookie", .key = 'b', .type = &opt_text, AT(cookie, char *),
	  .arg = "NAME=VALUE", .flags = OPT_SECRET,
	  .brief = "Cookie, sent to the list's origins only",
	  .notes = "Several are separated by \"; \". Cookies that servers set "
		"are not kept." },
	{ .name = "user", .key = 'u', .type = &opt_text, AT(user, char *),
	  .arg = "USER:PASSWORD", .flags = OPT_SECRET,
	  .brief = "basic authentication, the list's origins only",
	  .notes = "A user in a URL wins over it. Neither is sent to another "
		"origin (scheme, host and port) after a redirect, and neither "
		"is ever printed." },
	{ .name = "head", .key = 'I', .type = &opt_flag, AT(head, int),
	  .flags = OPT_FIXED,
	  .brief = "HEAD requests" },
	{ .name = "location", .key = 'L', .type = &opt_flag, AT(location, int),
	  .dflt = "yes", .brief = "follow redirects" },
	{ .name = "max-redirs", .type = &opt_count, AT(max_redirs, uint64_t),
	  .arg = "N", .dflt = "10", .max = 1000,
	  .brief = "redirects to follow for one URL; 0: none",
	  .notes = "A chain that is longer fails with class redirect; with 0 "
		"a redirect is an answer like any other." },
	{ .name = "allow-downgrade", .type = &opt_flag,
	  AT(allow_downgrade, int),
	  .brief = "follow redirects from https to http" },
	{ .name = "proxy", .key = 'x', .type = &opt_text, AT(proxy, char *),
	  .arg = "URL", .flags = OPT_SECRET,
	  .brief = "HTTP proxy; http_proxy and friends are not read",
	  .notes = "http:// or https://, with user:password@ if needed. The "
		"proxy resolves the names of the URLs." },
	{ .name = "insecure", .key = 'k', .type = &opt_flag, AT(insecure, int),
	  .brief = "do not verify TLS certificates" },
	{ .name = "cacert", .type = &opt_text, AT(cacert, char *),
	  .arg = "FILE", .brief = "trusted certificates, one PEM bundle" },
	{ .name = "capath", .type = &opt_text, AT(capath, char *), .arg = "DIR",
	  .brief = "trusted certificates, a hashed folder" },
	{ .name = "cert", .type = &opt_text, AT(cert, char *), .arg = "FILE",
	  .brief = "client certificate, PEM" },
	{ .name = "key", .type = &opt_text, AT(key, char *), .arg = "FILE",
	  .brief = "private key of the client certificate" },
	{ .name = "ipv4", .key = '4', .type = &opt_flag, AT(ipv4, int),
	  .brief = "IPv4 addresses only" },
	{ .name = "ipv6", .key = '6', .type = &opt_flag, AT(ipv6, int),
	  .brief = "IPv6 addresses only" },
	{ .name = "resolve", .type = &opt_texts, AT(resolve, struct opt_list),
	  .arg = "HOST:PORT:ADDR[,ADDR]",
	  .brief = "use these addresses for a host; may be repeated",
	  .notes = "HOST may be * for all hosts.",
	  .example = "fetchall --resolve example.test:80:127.0.0.1 "
		"http://example.test/" },
	{ .name = "http1.1", .type = &opt_flag, AT(http1, int),
	  .brief = "HTTP/1.1, which is what is spoken anyhow" },
	{ .name = "http2", .type = &opt_flag, AT(http2, int),
	  .brief = "HTTP/2 with https, where the server can",
	  .notes = "Some hundred requests share a connection. Else and with "
		"http it is HTTP/1.1. A body never waits for room then "
		"(--buffer): it goes to a file.",
	  .example = "fetchall --http2 urls.txt" },
	{ .name = "http2-prior-knowledge", .type = &opt_flag,
	  AT(http2_only, int),
	  .brief = "HTTP/2 without asking, with http too" },
	{ .name = "unix-socket", .type = &opt_text, AT(unix_socket, char *),
	  .arg = "FILE", .brief = "connect to this Unix socket instead" },
};
#undef AT

static int
options_request_check(const void *settings, struct err *err)
{
	const struct options_request *request = settings;

	if (request->ipv4 && request->ipv6)
		return err_set(err, ERR_USAGE,
			"--ipv4 and --ipv6 exclude each other");
	if (request->data != NULL && (request->head ||
	    (request->method != NULL && strcmp(request->method, "HEAD") == 0)))
		return err_set(err, ERR_USAGE,
			"--head asks for no body and --data sends one: "
			"use only one of them");
	if (request->head && request->method != NULL)
		return err_set(err, ERR_USAGE,
			"--head and --request name two methods: use one");
	if (request->key != NULL && request->cert == NULL)
		return err_set(err, ERR_USAGE, "--key needs --cert");
	return 0;
}

static const struct opt_set options_request_set = {
	.name = "request", .title = "Request", OPT_ROWS(options_request_rows),
	.settings_size = sizeof(struct options_request),
	.check = options_request_check,
};

#define AT(field, ctype) .off = OPT_AT(struct options_limits, field, ctype)

static const struct opt options_limits_rows[] = {
	{ .name = "connect-timeout", .type = &opt_time,
	  AT(connect_timeout, int64_t), .arg = "TIME", .dflt = "10s",
	  .brief = "for connecting, TLS included" },
	{ .name = "max-time", .type = &opt_time, AT(max_time, int64_t),
	  .arg = "TIME", .dflt = "10m",
	  .brief = "for one attempt, look-up and redirects included; 0: none" },
	{ .name = "timeout", .type = &opt_alias, .means = "max-time",
	  .flags = OPT_HIDDEN, .brief = "other tools' name for --max-time" },
	{ .name = "deadline", .type = &opt_time, AT(deadline, int64_t),
	  .arg = "TIME", .dflt = "0",
	  .brief = "for the whole run; what is not done then is left out",
	  .notes = "At the end of that time nothing new begins, and what is "
		"under way, in stages too, is cut off. Every URL of the list "
		"that is not done gets a record of class deadline that is not "
		"final; of a pipe what it holds by then. The status is 1 "
		"unless everything was done. Ctrl-C and --first end a run "
		"without that, whichever comes first; with --requests and "
		"--duration only what was begun is recorded. When several "
		"runs are compared each has its own. 0: none.",
	  .example = "fetchall --deadline 1h --results out.json urls.txt" },
	{ .name = "speed-limit", .type = &opt_size, AT(speed_limit, uint64_t),
	  .arg = "BYTES", .dflt = "100",
	  .brief = "give up below this many bytes a second; 0: never" },
	{ .name = "speed-time", .type = &opt_time, AT(speed_time, int64_t),
	  .arg = "TIME", .dflt = "20s", .min = 1000000,
	  .brief = "for how long --speed-limit must be missed" },
	{ .name = "dns-timeout", .type = &opt_time, AT(dns_timeout, int64_t),
	  .arg = "TIME", .dflt = "10s", .min = 1000,
	  .brief = "for looking up one name",
	  .notes = "While no server says anything it is shortened, down to "
		"200 ms: servers that are all dead cost it once." },
	{ .name = "max-body", .type = &opt_size, AT(max_body, uint64_t),
	  .arg = "SIZE", .dflt = "0",
	  .brief = "refuse larger bodies; 0: no limit",
	  .notes = "Counted while the body comes in, whatever Content-Length "
		"said. Bodies are counted and dropped, so there is no limit "
		"unless one is asked for." },
	{ .name = "max-header", .type = &opt_size, AT(max_header, uint64_t),
	  .arg = "SIZE", .dflt = "64KiB", .min = 1024,
	  .brief = "refuse replies with more header bytes" },
	{ .name = "retry", .type = &opt_count, AT(retry, uint64_t), .arg = "N",
	  .dflt = "2", .max = 1000,
	  .brief = "attempts after the first for what may pass",
	  .notes = "0 unless given with --requests and --duration. What may "
		"happen twice then (POST, PATCH and whatever is not GET, HEAD, "
		"PUT, DELETE, OPTIONS or TRACE) is tried again only where the "
		"request cannot have been sent: no name, no connection. Given "
		"explicitly, it holds for every method, as with curl." },
	{ .name = "retry-delay", .type = &opt_time, AT(retry_delay, int64_t),
	  .arg = "TIME", .dflt = "0",
	  .brief = "between attempts; 0: 1 s, doubling, with jitter",
	  .notes = "A server's Retry-After of up to five minutes is waited "
		"for where it is longer; one that asks for more is not "
		"tried again." },
	{ .name = "retry-on", .type = &opt_text, AT(retry_on, char *),
	  .arg = "LIST", .dflt = "dns,timeout,reset,empty_reply,cut,fd_limit,"
		"ports,in_use,408,429,500,502,503,504",
	  .brief = "what is tried again",
	  .notes = "Error classes, error details and status codes, separated "
		"by commas, or none; --help=errors and --help=details list "
		"them. Names that do not exist and addresses that are denied "
		"are never tried again." },
};
#undef AT

static const struct opt_set options_limits_set = {
	.name = "limits", .title = "Limits and retries",
	OPT_ROWS(options_limits_rows),
	.settings_size = sizeof(struct options_limits),
};

#define AT(field, ctype) .off = OPT_AT(struct options_names, field, ctype)

static const struct opt options_names_rows[] = {
	{ .name = "dns-servers", .type = &opt_text, AT(servers, char *),
	  .arg = "ADDR[:PORT],...",
	  .brief = "ask these instead of resolv.conf's" },
	{ .name = "dns-concurrency", .type = &opt_count,
	  AT(concurrency, uint64_t), .arg = "N", .dflt = "64", .min = 1,
	  .max = 500, .brief = "names being asked for at the same time",
	  .notes = "More than a few hundred overflow the buffers of the "
		"resolver's UDP socket and are lost." },
};
#undef AT

static const struct opt_set options_names_set = {
	.name = "names", .title = "Names", OPT_ROWS(options_names_rows),
	.settings_size = sizeof(struct options_names),
};

#define OPTIONS_STAGES 64

/* Filled from stages[] with the first table; for completion and help. */
static const char *options_stage_names[OPTIONS_STAGES];

#define OPTIONS_POOL(name) #name,
static const char *const options_pools[] = { POOLS(OPTIONS_POOL) NULL };
#undef OPTIONS_POOL

#define AT(field, ctype) .off = OPT_AT(struct options_stages, field, ctype)

static const struct opt options_stages_rows[] = {
	{ .name = "post", .key = 'p', .type = &opt_texts,
	  AT(post, struct opt_list), .arg = "STAGE[:ARG]",
	  .choices = options_stage_names,
	  .flags = OPT_FIXED,
	  .brief = "send each good body through STAGE; may be repeated",
	  .notes = "Stages follow one another in the order given; some hand "
		"on another body than they got. What each says of a body are "
		"fields of its record. --help=stages lists them.",
	  .example = "fetchall --post sha256 --post wc --json urls.txt" },
	{ .name = "exec", .type = &opt_alias, .means = "post=exec:",
	  .arg = "CMD", .brief = "run CMD for each good body, on its input",
	  .notes = "In its place among the stages of --post.",
	  .example = "fetchall --exec 'grep -c href' --json urls.txt" },
	{ .name = "jobs", .key = 'j', .type = &opt_count,
	  AT(jobs, uint64_t), .arg = "N", .dflt = "0", .max = 4096,
	  .brief = "workers of the pool; 0: one a core",
	  .notes = "A stage of one body keeps one worker busy. One number: "
		"to compare several is --concurrency's." },
	{ .name = "pool", .type = &opt_choice, AT(pool, int),
	  .choices = options_pools, .dflt = "thread", .arg = "POOL",
	  .brief = "where stages run: thread, process or inline",
	  .notes = "--help=pools describes them.",
	  .example = "fetchall --post sha256 --pool process urls.txt" },
	{ .name = "buffer", .type = &opt_size, AT(buffer, uint64_t),
	  .arg = "SIZE", .dflt = "128MiB", .min = 1 << 20,
	  .brief = "bytes of bodies in memory, before they are done with",
	  .notes = "From three quarters of it on no fetch begins; when it is "
		"full bodies go to files: those that become files anyhow in "
		"the output folder, others in $TMPDIR, for stages up to four "
		"times as much, and then receivers wait." },
	{ .name = "no-fetch", .type = &opt_flag, AT(no_fetch, int),
	  .brief = "run the stages only, once for each URL",
	  .notes = "Nothing is asked for and no name looked up: stages get "
		"an empty body. For measuring what CPU-bound work costs with "
		"each strategy and pool.",
	  .example = "fetchall --no-fetch --post fib:30 urls.txt" },
	{ .name = "compressed", .type = &opt_flag, AT(compressed, int),
	  .flags = OPT_FIXED,
	  .brief = "ask for compressed bodies and decode them",
	  .notes = "Decoding is the first stage, before those of --post: "
		"files and stages get the decoded body, and a body that "
		"unpacks to far too much is a failure.",
	  .example = "fetchall --compressed --post wc --json urls.txt" },
};
#undef AT

static int
options_stages_check(const void *settings, struct err *err)
{
	const struct options_stages *given = settings;

	if (!given->no_fetch)
		return 0;
	if (given->post.n == 0)
		return err_set(err, ERR_USAGE, "--no-fetch leaves nothing to "
			"do without --post");
	if (given->compressed)
		return err_set(err, ERR_USAGE, "--no-fetch has no body that "
			"--compressed could decode: use only one of them");
	return 0;
}

static const struct opt_set options_stages_set = {
	.name = "post", .title = "Stages", OPT_ROWS(options_stages_rows),
	.settings_size = sizeof(struct options_stages),
	.check = options_stages_check,
};

static const char *const options_formats[] = {
	"lines", "json", "csv", "none", "auto", NULL,
};

#define AT(field, ctype) .off = OPT_AT(struct options_records, field, ctype)

static const struct opt options_records_rows[] = {
	{ .name = "format", .type = &opt_choice, AT(format, int),
	  .choices = options_formats, .dflt = "auto", .arg = "FORMAT",
	  .flags = OPT_FIXED,
	  .brief = "form of the records: lines, json, csv or none",
	  .notes = "auto is lines on standard output, json with --results, "
		"and none when strategies are compared. --help=records "
		"describes the formats, --help=fields the fields.",
	  .example = "fetchall --format csv urls.txt" },
	{ .name = "json", .type = &opt_alias, .means = "format=json",
	  .brief = "one JSON object a line; --format json",
	  .example = "fetchall --json urls.txt" },
	{ .name = "results", .type = &opt_text, AT(results, char *),
	  .arg = "FILE", .flags = OPT_FIXED,
	  .brief = "write the records there, not to stdout",
	  .example = "fetchall --results out.ndjson urls.txt" },
	{ .name = "columns", .type = &opt_text, AT(columns, char *),
	  .arg = "LIST", .flags = OPT_FIXED,
	  .brief = "fields of json and csv records",
	  .notes = "Names separated by commas; --help=fields lists them.",
	  .example = "fetchall --json --columns url,response_code urls.txt" },
	{ .name = "write-out", .key = 'w', .type = &opt_text,
	  AT(write_out, char *), .arg = "FORMAT",
	  .flags = OPT_FIXED,
	  .brief = "curl's -w: %{name}, \\n, \\t for each record",
	  .notes = "Every field can be named, and %{json} is the whole "
		"record. No newline is added.",
	  .example = "fetchall -w '%{response_code} %{url}\\n' urls.txt" },
	{ .name = "append-results", .type = &opt_flag, AT(append, int),
	  .flags = OPT_HIDDEN | OPT_NO_CONFIG,
	  .brief = "add to --results instead of beginning anew" },
};
#undef AT

static int
options_records_check(const void *settings, struct err *err)
{
	const struct options_records *records = settings;

	if (records->write_out != NULL && records->format != 0 &&
	    records->format != 4)
		return err_set(err, ERR_USAGE,
			"--write-out is a format of its own: leave out "
			"--format %s", options_formats[records->format]);
	return 0;
}

static const struct opt_set options_records_set = {
	.name = "records", .title = "Records", OPT_ROWS(options_records_rows),
	.settings_size = sizeof(struct options_records),
	.check = options_records_check,
};

static const char *const options_summaries[] = {
	"text", "json", "none", NULL,
};
static const char *const options_dumps[] = {
	"nothing", "man", "bash", "zsh", "fish", "config", NULL,
};

#define AT(field, ctype) .off = OPT_AT(struct options_general, field, ctype)

static const struct opt options_general_rows[] = {
	{ .name = "first", .type = &opt_flag, AT(first, int),
	  .brief = "stop at the first URL that is fetched well",
	  .notes = "The others are cancelled at once; their records have "
		"class stopped and are not final. The exit status is 0 when "
		"one was fetched.",
	  .example = "fetchall --first urls.txt" },
	{ .name = "dry-run", .type = &opt_flag, AT(dry_run, int),
	  .brief = "read the list, print each URL as it would be asked for" },
	{ .name = "summary", .type = &opt_choice, AT(summary, int),
	  .choices = options_summaries, .dflt = "text", .arg = "FORMAT",
	  .brief = "what stands at the end on stderr: text, json, none" },
	{ .name = "progress", .type = &opt_flag, AT(progress, int),
	  .dflt = "yes", .brief = "a progress line while stderr is a terminal",
	  .notes = "Left out as well where the records go to a terminal." },
	{ .name = "quiet", .type = &opt_flag, AT(quiet, int),
	  .brief = "no progress, no summary, errors only" },
	{ .name = "verbose", .key = 'v', .type = &opt_flag, AT(verbose, int),
	  .brief = "say more on stderr" },
	{ .name = "config", .type = &opt_text, AT(config, char *),
	  .arg = "FILE", .flags = OPT_NO_CONFIG,
	  .brief = "read options from FILE as well",
	  .notes = "Lines of \"name = value\"; # begins a comment. "
		"~/.config/fetchall/config is read first where there is one, "
		"and the command line wins over both. --dump=config writes "
		"such a file." },
	{ .name = "no-config", .type = &opt_flag, AT(no_config, int),
	  .flags = OPT_NO_CONFIG,
	  .brief = "do not read ~/.config/fetchall/config" },
	{ .name = "help", .key = 'h', .type = &opt_text, AT(help, char *),
	  .arg = "TOPIC", .flags = OPT_VALUE_OPTIONAL | OPT_NO_CONFIG,
	  .brief = "this help, or all about an option or topic" },
	{ .name = "version", .key = 'V', .type = &opt_flag, AT(version, int),
	  .flags = OPT_NO_CONFIG, .brief = "versions of fetchall and its "
		"libraries" },
	{ .name = "dump", .type = &opt_choice, AT(dump, int),
	  .choices = options_dumps, .dflt = "nothing", .arg = "WHAT",
	  .flags = OPT_NO_CONFIG,
	  .brief = "print man, bash, zsh, fish or config, and end" },
	{ .name = "report-fd", .type = &opt_count, AT(report_fd, uint64_t),
	  .arg = "N", .max = 1024, .flags = OPT_HIDDEN | OPT_NO_CONFIG,
	  .brief = "a comparison's run reports to this descriptor" },
	{ .name = "run-label", .type = &opt_text, AT(run_label, char *),
	  .arg = "TEXT", .flags = OPT_HIDDEN | OPT_NO_CONFIG,
	  .brief = "what a comparison's run calls itself" },
};
#undef AT

static const struct opt_set options_general_set = {
	.name = "general", .title = "General", OPT_ROWS(options_general_rows),
	.settings_size = sizeof(struct options_general),
};

/* clang-format on */

/* Members of families bring theirs. */
static void
options_add_families(struct opts *opts)
{
	size_t i;

	for (i = 0; strategies[i] != NULL; i++)
		if (strategies[i]->opts != NULL)
			opts_add(opts, strategies[i]->opts);
	for (i = 0; stages[i] != NULL; i++)
		if (stages[i]->opts != NULL)
			opts_add(opts, stages[i]->opts);
	for (i = 0; sinks[i] != NULL; i++)
		if (sinks[i]->opts != NULL)
			opts_add(opts, sinks[i]->opts);
}

void
options_init(struct options *options)
{
	size_t i;

	for (i = 0; stages[i] != NULL && i + 1 < OPTIONS_STAGES; i++)
		options_stage_names[i] = stages[i]->name;
	*options = (struct options){ .opts = opts_new() };
	options->input = opts_add(options->opts, &options_input_set);
	options->concurrency = opts_add(options->opts,
		&options_concurrency_set);
	options->compare = opts_add(options->opts, &options_compare_set);
	options->load = opts_add(options->opts, &options_load_set);
	options->request = opts_add(options->opts, &options_request_set);
	options->limits = opts_add(options->opts, &options_limits_set);
	options->names = opts_add(options->opts, &options_names_set);
	options->safety = opts_add(options->opts, &options_safety_set);
	options->bodies = opts_add(options->opts, &options_bodies_set);
	options->stages = opts_add(options->opts, &options_stages_set);
	options->records = opts_add(options->opts, &options_records_set);
	options->durable = opts_add(options->opts, &options_durable_set);
	options_add_families(options->opts);
	options->general = opts_add(options->opts, &options_general_set);
}

void
options_release(struct options *options)
{
	opts_free(options->opts);
	*options = (struct options){ 0 };
}

/* The user's own file, where there is one. */
static int
options_read_home(struct options *options, struct err *err)
{
	const char *base = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	char *path;
	int rc = 0;

	if (base != NULL && base[0] == '/')
		path = mem_printf("%s/fetchall/config", base);
	else if (home != NULL && home[0] != '\0')
		path = mem_printf("%s/.config/fetchall/config", home);
	else
		return 0;
	if (access(path, F_OK) == 0)
		rc = opts_read_config(options->opts, path, err);
	free(path);
	return rc;
}

int
options_parse(struct options *options, int argc, char **argv,
	struct err *err)
{
	const struct options_general *general = options->general;

	if (opts_parse(options->opts, argc, argv, &options->first, err) != 0)
		return -1;
	options->operands = argv + options->first;
	options->n_operands = argc - options->first;
	/* Help must come even where a config file is broken. */
	if (general->help != NULL || general->version)
		return 0;
	if (!general->no_config && options_read_home(options, err) != 0)
		return -1;
	if (general->config != NULL &&
	    opts_read_config(options->opts, general->config, err) != 0)
		return -1;
	if (opts_check(options->opts, err) != 0)
		return -1;
	return general->dump == DUMP_NOTHING ?
		options_check_rules(options, err) : 0;
}
