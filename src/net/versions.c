/* SPDX-License-Identifier: MIT */
/*
 * versions -- which faults of libcurl versions concern an event-driven user,
 * decided at run time: the library that is loaded need not be the one that
 * was compiled against.
 */
#include "config.h"

#include <ares.h>
#include <curl/curl.h>
#include <event2/event.h>

#include "base/buf.h"
#include "base/log.h"
#include "net/versions.h"

#define VERSION(major, minor, patch) \
	((unsigned)(major) << 16 | (unsigned)(minor) << 8 | (unsigned)(patch))

/* First and last version with the fault; numbers are curl's issues. */
static const struct {
	unsigned from, to;
	const char *fault;
} versions_faults[] = {
	{ VERSION(8, 9, 0), VERSION(8, 9, 0),
	  "idle connections keep the event loop busy (curl #14280)" },
	{ VERSION(8, 20, 0), VERSION(8, 20, 0),
	  "the event loop may spin (curl #21643)" },
	{ VERSION(8, 21, 0), VERSION(8, 21, 0),
	  "closed TLS connections leak (curl #22282)" },
};

int
versions_check(struct err *err)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	size_t i;

	if (info->version_num < VERSION(7, 88, 0))
		return err_set(err, ERR_SYSTEM, "libcurl %s is too old: "
			"7.88.0 or later is needed", info->version);
	if (info->version_num == VERSION(8, 14, 0))
		return err_set(err, ERR_SYSTEM, "libcurl 8.14.0 fails above "
			"some 400 transfers (curl #17473): use another "
			"version");
	for (i = 0; i < sizeof versions_faults / sizeof *versions_faults; i++)
		if (info->version_num >= versions_faults[i].from &&
		    info->version_num <= versions_faults[i].to)
			log_warning("libcurl %s: %s", info->version,
				versions_faults[i].fault);
	return 0;
}

void
versions_add(struct buf *out)
{
	buf_printf(out, "%s c-ares/%s libevent/%s", curl_version(),
		ares_version(NULL), event_get_version());
}

int
versions_http2(void)
{
	return (curl_version_info(CURLVERSION_NOW)->features &
		CURL_VERSION_HTTP2) != 0;
}
