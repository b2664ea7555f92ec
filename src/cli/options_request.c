/* SPDX-License-Identifier: MIT */
/*
 * options_request -- the table of what is asked for and how: message, redirects,
 * proxy, TLS, versions of HTTP. Names and letters are curl's.
 */
#include "config.h"

#include <string.h>

#include "cli/options.h"

/* clang-format off */

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

/* clang-format on */

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

const struct opt_set options_request_set = {
	.name = "request", .title = "Request", OPT_ROWS(options_request_rows),
	.settings_size = sizeof(struct options_request),
	.check = options_request_check,
};
