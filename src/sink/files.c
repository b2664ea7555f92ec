/* SPDX-License-Identifier: MIT */
/*
 * files -- good bodies under their names. A long one is in a file of the
 * output folder already and only gets a name; a short one is written here,
 * off the loop. A name that is taken by the same bytes is as good as ours: a
 * run that was killed may have got that far, and a list may have a URL twice.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/write.h"
#include "core/content.h"
#include "core/filename.h"
#include "core/naming.h"
#include "core/part.h"
#include "core/result.h"
#include "core/tree.h"
#include "core/verdict.h"
#include "sink/digest.h"
#include "sink/family.h"

#define FILES_PIECE 65536
#define FILES_HEX (2 * DIGEST_SHA256_BYTES + 1)

struct files {
	const struct naming *naming;
	struct tree *tree;
	struct digest *digest;	/* from the first name that asks for it on */
};

static void *
files_open(const struct sink_args *args, struct err *err)
{
	struct tree *tree = tree_open(args->naming->folder,
		args->sync ? TREE_SYNC : 0, err);
	struct files *files;

	if (tree == NULL) {
		err_in(err, "--output-dir");
		return NULL;
	}
	files = mem_array(1, sizeof *files);
	files->naming = args->naming;
	files->tree = tree;
	return files;
}

/* --- the file --- */

struct files_out {
	int fd;
	const char *path;
};

static int
files_write(void *arg, const void *p, size_t n, struct err *err)
{
	const struct files_out *out = arg;

	return write_all(out->fd, p, n) == 0 ? 0 :
		err_sys(err, "%s", out->path);
}

/* A new file with the content. */
static enum tree_end
files_fill(struct files *files, const struct result *result, const char *path,
	struct tree_file *ret, struct err *err)
{
	enum tree_end end = tree_create(files->tree, path, ret, err);
	struct files_out out = { .path = path };

	if (end != TREE_OK)
		return end;
	out.fd = ret->fd;
	errno = 0;
	if (content_read(result->body, result->chunked, files_write, &out,
	    err) == 0)
		return TREE_OK;
	tree_close(files->tree, ret);
	return TREE_FAILED;
}

static void
files_date(const struct tree_file *file, const struct result *result)
{
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = (time_t)result->last_modified },
	};

	/* A file system that has no such times has the body all the same. */
	if (result->last_modified >= 0)
		(void)futimens(file->fd, times);
}

/* What links a body that is in a file of the folder: no bytes are copied. */
static enum tree_end
files_link(struct files *files, const struct result *result, const char *path,
	enum tree_policy policy, char **ret_path, struct err *err)
{
	struct tree_file file = {
		.fd = content_fd(result->body, result->chunked),
	};
	enum tree_end end;

	if (file.fd >= 0) {
		/* A part has a name already, which it gives up. */
		if (result->parted && part_is(files->tree, result->name,
		    file.fd))
			file.name = part_name(result->name);
		files_date(&file, result);
		end = tree_link(files->tree, &file, path, policy, ret_path,
			err);
		free(file.name);
		/* Not where the file system has no files without a name. */
		if (end != TREE_FAILED || (errno != ENOENT && errno != EXDEV))
			return end;
	}
	end = files_fill(files, result, path, &file, err);
	if (end != TREE_OK)
		return end;
	files_date(&file, result);
	end = tree_link(files->tree, &file, path, policy, ret_path, err);
	tree_close(files->tree, &file);
	return end;
}

/* --- a name that is taken --- */

struct files_same {
	int fd;
	int differs;
};

static int
files_compare(void *arg, const void *p, size_t n, struct err *err)
{
	struct files_same *same = arg;
	const char *at = p;
	char piece[FILES_PIECE];
	ssize_t got;

	while (n > 0 && !same->differs) {
		got = read(same->fd, piece, n < sizeof piece ? n :
			sizeof piece);
		if (got < 0)
			return err_sys(err, "reading what is there");
		if (got == 0 || memcmp(piece, at, (size_t)got) != 0)
			same->differs = 1;
		at += got;
		n -= (size_t)got;
	}
	return 0;
}

/* Whether the file that has the name holds just that body. */
static int
files_is_there(struct files *files, const struct result *result,
	const char *path)
{
	struct files_same same = { .fd = -1 };
	struct tree_file file;
	char more;
	int rc;

	if (tree_read(files->tree, path, &file, NULL) != TREE_OK)
		return 0;
	same.fd = file.fd;
	rc = content_read(result->body, result->chunked, files_compare, &same,
		NULL);
	if (rc == 0 && !same.differs && read(file.fd, &more, 1) != 0)
		same.differs = 1;
	tree_close(files->tree, &file);
	return rc == 0 && !same.differs;
}

static void
files_taken(struct files *files, struct result *result, const char *path)
{
	char *text;

	result->filename_effective = naming_shown(files->naming, path);
	if (files_is_there(files, result, path))
		return;
	if (files->naming->existing == NAMING_SKIP) {
		result->skipped = 1;
		return;
	}
	text = mem_printf("%s exists", result->filename_effective);
	result_fail(result, ERROR_LOCAL, "write_refused", text);
	free(text);
	free(result->filename_effective);
	result->filename_effective = NULL;
}

/* --- names that are made of the body --- */

static int
files_hash(void *arg, const void *p, size_t n, struct err *err)
{
	(void)err;
	digest_add(arg, p, n);
	return 0;
}

static int
files_sha256(struct files *files, const struct result *result,
	char ret[FILES_HEX], struct err *err)
{
	unsigned char hash[DIGEST_SHA256_BYTES];
	size_t i;

	if (files->digest == NULL)
		files->digest = digest_new(DIGEST_SHA256, err);
	if (files->digest == NULL)
		return -1;
	digest_begin(files->digest);
	if (content_read(result->body, result->chunked, files_hash,
	    files->digest, err) != 0 ||
	    digest_end(files->digest, hash, err) != 0)
		return -1;
	for (i = 0; i < sizeof hash; i++)
		snprintf(ret + 2 * i, 3, "%02x", hash[i]);
	return 0;
}

/* NULL with err. */
static char *
files_path(struct files *files, const struct result *result, struct err *err)
{
	char hex[FILES_HEX] = "";

	if (result->name != NULL)
		return mem_strdup(result->name);
	if (naming_needs_body(files->naming) &&
	    files_sha256(files, result, hex, err) != 0)
		return NULL;
	return naming_late_path(files->naming, result, hex);
}

/* --- one body --- */

#define FILES_OVER "write_failed"

/* What no other body would fare better with, one that is whole already. */
static const char *
files_detail(int number)
{
	return number == EMFILE || number == ENFILE || number == ENOMEM ?
		FILES_OVER : verdict_write_detail(number);
}

static int
files_is_over(const struct result *result)
{
	return result->error_class == ERROR_LOCAL &&
		result->error_detail != NULL &&
		strcmp(result->error_detail, FILES_OVER) == 0;
}

/* Its URL is to be done again; -1. */
static int
files_end(struct result *result, struct err *err)
{
	result->final = 0;
	return err_set(err, ERR_IO, "%s", result->errormsg);
}

/* -1 with err where the run is to end. */
static int
files_failed(struct files *files, struct result *result, int number,
	const struct err *why, struct err *err)
{
	char *text = naming_shown(files->naming, why->text);

	result_fail(result, ERROR_LOCAL, files_detail(number), text);
	free(text);
	return files_is_over(result) ? files_end(result, err) : 0;
}

static int
files_store(struct files *files, struct result *result, const char *path,
	struct err *err)
{
	enum tree_policy policy = files->naming->existing ==
		NAMING_OVERWRITE ? TREE_OVERWRITE : TREE_KEEP;
	char *hashed = NULL, *linked = NULL;
	struct err why = { 0 };
	enum tree_end end;
	int rc = 0;

	end = files_link(files, result, path, policy, &linked, &why);
	if (end == TREE_FOLDER) {
		path = hashed = filename_with_hash(path, result->asked);
		end = files_link(files, result, path, policy, &linked, &why);
	}
	if (end == TREE_OK)
		result->filename_effective = naming_shown(files->naming,
			linked);
	else if (end == TREE_TAKEN)
		files_taken(files, result, path);
	else
		rc = files_failed(files, result, end == TREE_FAILED ? errno :
			0, &why, err);
	if (result->parted && result->ok)
		part_remove(files->tree, result->name);
	free(linked);
	free(hashed);
	return rc;
}

static int
files_take(void *self, struct result *result, struct err *err)
{
	struct files *files = self;
	struct err why = { 0 };
	char *path;
	int rc;

	/* There was no place when it came or was made: nor is there one for
	 * others. */
	if (result->keeps && files_is_over(result))
		return files_end(result, err);
	if (!result->keeps || !result->ok || result->skipped)
		return 0;
	errno = 0;
	path = files_path(files, result, &why);
	if (path == NULL)
		return files_failed(files, result, errno, &why, err);
	rc = files_store(files, result, path, err);
	free(path);
	return rc;
}

static int
files_flush(void *self, struct err *err)
{
	struct files *files = self;

	return files->naming->sync ? tree_sync(files->tree, err) : 0;
}

static void
files_close(void *self)
{
	struct files *files = self;

	digest_free(files->digest);
	tree_free(files->tree);
	free(files);
}

const struct sink sink_files = {
	.name = "files",
	.brief = "each good body in a file of its own",
	.notes = "What --save, --output and an NDJSON list's \"output\" "
		"ask for. A file has its name only once its body is whole, "
		"and no file that was there before is changed unless "
		"--existing says so.",
	.caps = SINK_BODIES,
	.open = files_open,
	.take = files_take,
	.flush = files_flush,
	.close = files_close,
};
