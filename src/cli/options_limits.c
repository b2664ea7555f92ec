/* SPDX-License-Identifier: MIT */
/*
 * options_limits -- the table of how long and how large anything may be, and of
 * what is tried again.
 */
#include "config.h"

#include "cli/options.h"

/* clang-format off */

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

/* clang-format on */

const struct opt_set options_limits_set = {
	.name = "limits", .title = "Limits and retries",
	OPT_ROWS(options_limits_rows),
	.settings_size = sizeof(struct options_limits),
};
