/* SPDX-License-Identifier: MIT */
/*
 * warc -- an archive of what was asked and answered, byte for byte: WARC/1.1
 * (ISO 28500:2017), the format of web archives, for replay by tools such as
 * pywb and for whoever wants to know later what a server really said. For the
 * bodies alone there is the sink files.
 *
 * The archive is one file after the other in archive.c, the records are made
 * in capture.c.
 */
#include "config.h"

#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "core/result.h"
#include "opt/opt.h"
#include "sink/archive.h"
#include "sink/capture.h"
#include "sink/family.h"

struct warc_settings {
	char *name;
	int compression;	/* enum packing_kind */
	uint64_t max_size;
	int credentials;
};

/* In the order of enum packing_kind. */
static const char *const warc_compressions[] = {
	"gzip", "zstd", "none", NULL,
};

#define AT(field, ctype) .off = OPT_AT(struct warc_settings, field, ctype)

static const struct opt warc_rows[] = {
	{ .name = "warc-file", .type = &opt_text, AT(name, char *),
	  .arg = "NAME", .flags = OPT_FIXED,
	  .brief = "archive every exchange in NAME.warc.gz",
	  .notes = "WARC/1.1: for each reply, redirects and bad ones too, a "
		"response record with the bytes as they came (transfer and "
		"content coding intact) and a request record, each a gzip "
		"member of its own. Content that was archived before in the "
		"same run becomes a revisit record; what is known of it takes "
		"32 MiB of memory at most, some 200,000 URLs, and the oldest "
		"is forgotten first. NAME.cdxj is the index, in the order of "
		"writing: LC_ALL=C sort makes of it what pywb reads. Files "
		"that are there already are never overwritten.",
	  .example = "fetchall --warc-file crawl urls.txt" },
	{ .name = "warc-max-size", .type = &opt_size, AT(max_size, uint64_t),
	  .arg = "SIZE", .dflt = "0", .flags = OPT_FIXED,
	  .brief = "begin another archive file at this size; 0: one file",
	  .notes = "The files are NAME-00000.warc.gz, NAME-00001.warc.gz and "
		"so on. An exchange is never divided, so a file may be longer "
		"by the one that reached SIZE." },
	{ .name = "warc-compression", .type = &opt_choice,
	  AT(compression, int), .choices = warc_compressions, .dflt = "gzip",
	  .arg = "KIND", .flags = OPT_FIXED,
	  .brief = "how records are packed: gzip, zstd or none",
	  .notes = "gzip is what all readers know. zstd packs as well in a "
		"fraction of the time; the file is NAME.warc.zst, a frame a "
		"record and no dictionary. none is NAME.warc." },
	{ .name = "warc-credentials", .type = &opt_flag, AT(credentials, int),
	  .brief = "archive Authorization and Cookie values as sent",
	  .notes = "Unless this is given, the values of Authorization, "
		"Proxy-Authorization and Cookie in request records are "
		"asterisks, as many as there were bytes. Other headers, and "
		"whatever the server sent, are always as they were." },
};
#undef AT

/* The name goes into records and the index as it is. */
static int
warc_check(const void *settings, struct err *err)
{
	const struct warc_settings *warc = settings;
	const char *at = warc->name;

	if (at == NULL)
		return 0;
	if (*at == '\0' || at[strlen(at) - 1] == '/')
		return err_set(err, ERR_USAGE, "--warc-file: this is no name "
			"for a file; try --warc-file crawl");
	if (!utf8_valid(at, strlen(at)))
		return err_set(err, ERR_USAGE, "--warc-file: the name is not "
			"UTF-8, which archives are written in");
	for (; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return err_set(err, ERR_USAGE, "--warc-file: the name "
				"holds a control character");
	return 0;
}

static const struct opt_set warc_opts = {
	.name = "warc",
	.title = "Archive",
	OPT_ROWS(warc_rows),
	.settings_size = sizeof(struct warc_settings),
	.check = warc_check,
};

struct warc {
	struct archive *archive;
	struct capture *capture;
};

static int
warc_wanted(const void *own)
{
	const struct warc_settings *settings = own;

	return settings->name != NULL;
}

static void
warc_close(void *self)
{
	struct warc *warc = self;

	capture_free(warc->capture);
	archive_free(warc->archive);
	free(warc);
}

static void *
warc_open(const struct sink_args *args, struct err *err)
{
	const struct warc_settings *settings = args->own;
	struct warc *warc = mem_array(1, sizeof *warc);

	warc->archive = archive_new(&(struct archive_args){
		.name = settings->name,
		.kind = (enum packing_kind)settings->compression,
		.max_size = settings->max_size,
		.resume = args->resume,
		.sync = args->sync,
	}, err);
	if (warc->archive != NULL)
		warc->capture = capture_new(warc->archive,
			settings->credentials, err);
	if (warc->capture != NULL)
		return warc;
	warc_close(warc);
	return NULL;
}

static int
warc_take(void *self, struct result *result, struct err *err)
{
	struct warc *warc = self;
	struct err why;

	if (result->exchange == NULL ||
	    capture_add(warc->capture, result, &why) == 0)
		return 0;
	result_fail(result, ERROR_LOCAL, "write_failed", why.text);
	result->final = 0;
	if (err != NULL)
		*err = why;
	return -1;
}

static int
warc_end(void *self, struct err *err)
{
	struct warc *warc = self;

	return archive_finish(warc->archive, err);
}

static int
warc_flush(void *self, struct err *err)
{
	struct warc *warc = self;

	return archive_flush(warc->archive, err);
}

static void
warc_mark(void *self, struct marks *ret)
{
	struct warc *warc = self;

	archive_mark(warc->archive, ret);
}

const struct sink sink_warc = {
	.name = "warc",
	.brief = "an archive of all exchanges (WARC/1.1)",
	.caps = SINK_BODIES | SINK_ALL,
	.opts = &warc_opts,
	.wanted = warc_wanted,
	.open = warc_open,
	.take = warc_take,
	.end = warc_end,
	.flush = warc_flush,
	.mark = warc_mark,
	.close = warc_close,
};
