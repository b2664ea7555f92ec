/* SPDX-License-Identifier: MIT */
/*
 * settings_records -- which sink writes the records, and of what.
 */
#include "config.h"

#include "cli/options.h"
#include "cli/settings_own.h"
#include "core/sink.h"

/* The sink that --format names, or what auto stands for. */
static const char *
settings_format(const struct options *options)
{
	const struct options_records *records = options->records;

	if (records->format != FORMAT_AUTO)
		return opts_find(options->opts,
			"format")->choices[records->format];
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
