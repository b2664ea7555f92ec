/* SPDX-License-Identifier: MIT */
/*
 * options -- the rows of fetchall-origin's options, and its --help: the
 * engine's page for the options, and the routes from their own table.
 */
#include "config.h"

#include "base/buf.h"
#include "opt/render.h"
#include "origin/options.h"
#include "origin/route.h"

#define AT(field, ctype) OPT_AT(struct options, field, ctype)

/* clang-format off */
static const struct opt options_rows[] = {
	{ .name = "port", .key = 'p', .type = &opt_count, .arg = "N",
	  .off = AT(port, uint64_t), .dflt = "8080", .max = 65535,
	  .brief = "port to listen on; 0 takes any free one" },
	{ .name = "address", .type = &opt_text, .arg = "ADDR",
	  .off = AT(address, char *), .dflt = "127.0.0.1",
	  .brief = "IPv4 or IPv6 address to listen on" },
	{ .name = "port-file", .type = &opt_text, .arg = "FILE",
	  .off = AT(port_file, char *),
	  .brief = "write the port there once it listens" },
	{ .name = "raw-dir", .type = &opt_text, .arg = "DIR",
	  .off = AT(raw_dir, char *),
	  .brief = "where the files of /raw/NAME are" },
	{ .name = "delay", .type = &opt_count, .arg = "MS",
	  .off = AT(delay_ms, uint64_t), .dflt = "0", .max = 3600000,
	  .brief = "milliseconds to wait before every reply" },
	{ .name = "reuse-port", .type = &opt_flag,
	  .off = AT(reuse_port, int),
	  .brief = "share the port with further servers (SO_REUSEPORT)" },
	{ .name = "max-seconds", .type = &opt_count, .arg = "N",
	  .off = AT(max_seconds, uint64_t), .dflt = "0", .max = 31536000,
	  .brief = "end after that time; 0 means never" },
	{ .name = "with-parent", .type = &opt_flag,
	  .off = AT(with_parent, int),
	  .brief = "end when the process that started it ends" },
	{ .name = "help", .key = 'h', .type = &opt_text, .arg = "TOPIC",
	  .off = AT(help, char *),
	  .flags = OPT_NO_CONFIG | OPT_VALUE_OPTIONAL,
	  .brief = "show this help, or one topic's" },
	{ .name = "version", .key = 'V', .type = &opt_flag,
	  .off = AT(version, int), .flags = OPT_NO_CONFIG,
	  .brief = "show the version" },
};
/* clang-format on */

const struct opt_set options_set = {
	.name = "origin",
	.title = "Options",
	OPT_ROWS(options_rows),
	.settings_size = sizeof(struct options),
};

int
options_help(const struct opts *opts, const char *topic, struct buf *out,
	struct err *err)
{
	if (*topic != '\0')
		return opt_render_help(opts, topic, out, err);
	buf_add_text(out,
		"Usage: fetchall-origin [options]\n"
		"A web server on this machine, for demos, tests and "
		"comparisons.\n");
	if (opt_render_help(opts, NULL, out, err) != 0)
		return -1;
	buf_add_text(out, "\nRoutes:\n");
	route_list(out);
	return 0;
}
