/* SPDX-License-Identifier: MIT */
/*
 * settings_records -- which sink writes the records, and of what.
 */
#include "config.h"

#include "cli/options.h"
#include "cli/settings_own.h"
#include "core/sink.h"

/* Index of --format: lines, json, csv, none, auto. */
static const char *
settings_format(const struct options *options)
{
	static const char *const names[] = { "lines", "json", "csv", "none" };
	const struct options_records *records = options->records;

	if (records->format < 4)
		return names[records->format];
	/* Where bodies have standard output, there are no records. */
	if (records->results == NULL &&
	    options_body_sink(options, SINK_STDOUT) != NULL)
		return "none";
	if (records->write_out != NULL)
		return "lines";
	return records->results != NULL ? "json" : "lines";
}

int
settings_records_fill(struct settings *settings,
	const struct options *options, struct err *err)
{
	settings->sink = sink_find(settings_format(options), err);
	if (settings->sink == NULL)
		return -1;
	if (column_list_parse(&settings->columns, settings->set,
	    options->records->columns, err) != 0)
		return settings_blame(options, "columns", err);
	return 0;
}
