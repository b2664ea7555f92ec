/* SPDX-License-Identifier: MIT */
/*
 * json -- NDJSON, one object a line, for jq and programs. It keeps every
 * byte of every text; for people there is lines, for spreadsheets csv.
 */
#include "config.h"

#include "base/buf.h"
#include "base/mem.h"
#include "core/ndjson.h"
#include "core/output.h"
#include "sink/family.h"

struct json {
	struct ndjson *ndjson;
	struct output *output;
};

static void *
json_open(const struct sink_args *args, struct err *err)
{
	struct json *json = mem_array(1, sizeof *json);

	(void)err;
	json->ndjson = ndjson_new(args->columns);
	json->output = args->output;
	return json;
}

static int
json_write(void *self, const struct result *result, struct err *err)
{
	struct json *json = self;
	struct buf *buf = output_buf(json->output);

	/* A full buffer is output_record()'s to report. */
	ndjson_add(json->ndjson, result, buf);
	buf_add_char(buf, '\n');
	return output_record(json->output, err);
}

static void
json_close(void *self)
{
	struct json *json = self;

	ndjson_free(json->ndjson);
	free(json);
}

const struct sink sink_json = {
	.name = "json",
	.brief = "NDJSON, one object a line",
	.notes = "One JSON object a line, with every chosen column as a key; "
		"a text that is absent is null. The output is pure ASCII: "
		"other characters are written as \\uXXXX, so nothing a "
		"server sends reaches a terminal as it is. Where some text "
		"of a record holds bytes that are not UTF-8, \"escaped\" is "
		"true and in all texts of that record (once JSON is "
		"decoded) such a byte is written as the four characters "
		"\\xNN and a backslash as \\\\, so that the bytes can be "
		"restored. Where \"escaped\" is false, texts are as they "
		"came.",
	.open = json_open,
	.write = json_write,
	.close = json_close,
};
