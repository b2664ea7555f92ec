/* SPDX-License-Identifier: MIT */
/*
 * archive -- the files that records go to, one after the other.
 *
 * A file's first record, the warcinfo, is written with the first exchange and
 * not when the file is made: so a run that is killed at its very start leaves
 * empty files, which the next one may take without asking.
 */
#include "config.h"

#include <assert.h>
#include <dirent.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/body.h"
#include "core/mark.h"
#include "sink/appended.h"
#include "sink/archive.h"
#include "sink/record.h"

#define ARCHIVE_PIECE ((size_t)1 << 20)	/* of a long body; whole pages */
#define ARCHIVE_HEAD_MAX ((size_t)64 << 10)
#define ARCHIVE_HINT "give --warc-file another name, or move it away"

struct archive {
	char *name;
	const char *ending;
	uint64_t max_size;
	int sync;
	uint64_t number;	/* of the file that is written to */
	struct appended file, index;
	struct packing *packing;
};

static char *
archive_path(const struct archive *archive, uint64_t number)
{
	if (archive->max_size == 0)
		return mem_printf("%s.warc%s", archive->name, archive->ending);
	return mem_printf("%s-%05" PRIu64 ".warc%s", archive->name, number,
		archive->ending);
}

static const char *
archive_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* Whether a file is called as one of this archive's would be. */
static int
archive_owns(const struct archive *archive, const char *file)
{
	const char *base = archive_basename(archive->name);
	size_t len = strlen(base);
	size_t digits;

	if (strncmp(file, base, len) != 0 || file[len] != '-')
		return 0;
	digits = strspn(file + len + 1, "0123456789");
	return digits >= 5 && strncmp(file + len + 1 + digits, ".warc", 5) == 0;
}

/*
 * A new archive has no file behind its first: one that is there is somebody
 * else's, and must not be taken for one of ours when a run is gone on with.
 */
static int
archive_check_folder(const struct archive *archive, struct err *err)
{
	const char *base = archive_basename(archive->name);
	char *folder = base == archive->name ? mem_strdup(".") :
		mem_strndup(archive->name, (size_t)(base - archive->name));
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int rc = 0;

	free(folder);
	/* What is wrong with it, making a file there will say. */
	while (dir != NULL && rc == 0 && (entry = readdir(dir)) != NULL)
		if (archive_owns(archive, entry->d_name))
			rc = err_set(err, ERR_IO, "%.200s: exists; "
				ARCHIVE_HINT, entry->d_name);
	if (dir != NULL)
		closedir(dir);
	return rc;
}

static int
archive_make(struct archive *archive, const char *index, struct err *err)
{
	char *path = archive_path(archive, 0);
	int rc = 0;

	if (access(path, F_OK) != 0 && archive->max_size > 0)
		rc = archive_check_folder(archive, err);
	if (rc == 0)
		rc = appended_make(&archive->file, path, ARCHIVE_HINT, err);
	free(path);
	if (rc == 0 && appended_make(&archive->index, index, ARCHIVE_HINT,
	    err) != 0) {
		appended_unmake(&archive->file);
		rc = -1;
	}
	return rc;
}

/* Those that the run before this one began behind its last commit. */
static void
archive_remove_later(const struct archive *archive)
{
	uint64_t number = archive->number;
	char *path;
	int rc;

	do {
		path = archive_path(archive, ++number);
		rc = unlink(path);
		free(path);
	} while (rc == 0);
}

/* Nothing is changed before both are known to be as they should. */
static int
archive_resume(struct archive *archive, const char *index,
	const struct mark *warc, const struct mark *cdxj, struct err *err)
{
	char *path = archive_path(archive, warc->number);
	int rc;

	archive->number = warc->number;
	rc = appended_resume(&archive->file, path, warc->offset, err);
	free(path);
	if (rc != 0 || appended_resume(&archive->index, index, cdxj->offset,
	    err) != 0 || appended_cut(&archive->file, err) != 0 ||
	    appended_cut(&archive->index, err) != 0)
		return -1;
	if (archive->max_size > 0)
		archive_remove_later(archive);
	return 0;
}

static int
archive_open(struct archive *archive, const struct marks *marks,
	struct err *err)
{
	const struct mark *warc, *cdxj;
	char *index = mem_printf("%s.cdxj", archive->name);
	int rc;

	warc = marks != NULL ? marks_find(marks, "warc") : NULL;
	cdxj = marks != NULL ? marks_find(marks, "cdxj") : NULL;
	if (warc != NULL && cdxj != NULL)
		rc = archive_resume(archive, index, warc, cdxj, err);
	else
		rc = archive_make(archive, index, err);
	free(index);
	return rc;
}

struct archive *
archive_new(const struct archive_args *args, struct err *err)
{
	struct archive *archive = mem_array(1, sizeof *archive);

	archive->name = mem_strdup(args->name);
	archive->ending = packing_ending(args->kind);
	archive->max_size = args->max_size;
	archive->sync = args->sync;
	archive->packing = packing_new(args->kind, err);
	if (archive->packing != NULL &&
	    archive_open(archive, args->resume, err) == 0)
		return archive;
	archive_free(archive);
	return NULL;
}

const char *
archive_filename(const struct archive *archive)
{
	return archive_basename(archive->file.path);
}

static int
archive_add_part(struct archive *archive, const struct archive_part *part,
	struct err *err)
{
	const char *at = part->p;
	size_t left = part->n;
	size_t n;

	for (; left > 0; at += n, left -= n) {
		n = left < ARCHIVE_PIECE ? left : ARCHIVE_PIECE;
		if (packing_add(archive->packing, at, n, &archive->file,
		    err) != 0)
			return -1;
		if (part->mapped)
			body_unload(at, n);
	}
	return 0;
}

int
archive_add(struct archive *archive, const struct buf *head,
	const struct archive_part *parts, size_t n_parts,
	struct archive_place *ret, struct err *err)
{
	uint64_t offset = appended_length(&archive->file);
	size_t i;

	assert(!head->full);
	packing_begin(archive->packing);
	if (packing_add(archive->packing, head->data, head->len,
	    &archive->file, err) != 0)
		return -1;
	for (i = 0; i < n_parts; i++)
		if (archive_add_part(archive, &parts[i], err) != 0)
			return -1;
	if (packing_add(archive->packing, "\r\n\r\n", 4, &archive->file,
	    err) != 0 ||
	    packing_end(archive->packing, &archive->file, err) != 0)
		return -1;
	ret->offset = offset;
	ret->length = appended_length(&archive->file) - offset;
	return 0;
}

/* The first record of each file. */
static int
archive_add_info(struct archive *archive, struct err *err)
{
	static const char text[] =
		"software: " PACKAGE_NAME "/" PACKAGE_VERSION "\r\n"
		"format: WARC File Format 1.1\r\n"
		"conformsTo: http://iipc.github.io/warc-specifications/"
		"specifications/warc-format/warc-1.1/\r\n";
	const struct archive_part part = { text, sizeof text - 1, 0 };
	struct archive_place place;
	char date[CLOCK_RFC3339_SIZE];
	char id[RECORD_ID_SIZE];
	struct buf head;
	int rc;

	if (record_make_id(id, err) != 0)
		return -1;
	clock_rfc3339(clock_wall_us(), date);
	buf_init(&head, ARCHIVE_HEAD_MAX);
	record_begin(&head, "warcinfo", id, date);
	record_add(&head, "WARC-Filename", archive_filename(archive));
	record_end(&head, "application/warc-fields", part.n);
	rc = archive_add(archive, &head, &part, 1, &place, err);
	buf_release(&head);
	return rc;
}

/* The next file; the one before it keeps its name. */
static int
archive_rotate(struct archive *archive, struct err *err)
{
	struct appended next = { .fd = -1 };
	char *path;
	int rc;

	if (archive->sync && appended_sync(&archive->file, err) != 0)
		return -1;
	path = archive_path(archive, archive->number + 1);
	rc = appended_make(&next, path, ARCHIVE_HINT, err);
	free(path);
	if (rc != 0)
		return -1;
	rc = appended_close(&archive->file, err);
	archive->file = next;
	archive->number++;
	/* Then nobody knows what the file before this one holds. */
	archive->file.broken = rc != 0;
	return rc;
}

int
archive_begin(struct archive *archive, struct err *err)
{
	if (archive->max_size > 0 && archive->file.whole >= archive->max_size &&
	    archive_rotate(archive, err) != 0)
		return -1;
	return archive->file.whole > 0 ? 0 : archive_add_info(archive, err);
}

int
archive_end(struct archive *archive, const struct buf *line, struct err *err)
{
	assert(!line->full);
	if (appended_write(&archive->file, err) != 0 ||
	    appended_add(&archive->index, line->data, line->len, err) != 0 ||
	    appended_write(&archive->index, err) != 0)
		return -1;
	appended_keep(&archive->file);
	appended_keep(&archive->index);
	return 0;
}

void
archive_cancel(struct archive *archive)
{
	/* Where that fails, all later calls say so. */
	appended_cut(&archive->file, NULL);
	appended_cut(&archive->index, NULL);
}

int
archive_flush(struct archive *archive, struct err *err)
{
	if (appended_write(&archive->file, err) != 0 ||
	    appended_write(&archive->index, err) != 0)
		return -1;
	if (!archive->sync)
		return 0;
	if (appended_sync(&archive->file, err) != 0)
		return -1;
	return appended_sync(&archive->index, err);
}

void
archive_mark(const struct archive *archive, struct marks *ret)
{
	ret->list[ret->n++] = (struct mark){ .name = "warc",
		.number = archive->number, .offset = archive->file.whole };
	ret->list[ret->n++] = (struct mark){ .name = "cdxj",
		.offset = archive->index.whole };
}

/*
 * A run to which nobody replied still leaves an archive, not a file of no
 * bytes. Not when it is closed: a run that could not begin would leave a file
 * that no state knows, and that the next one does not take.
 */
int
archive_finish(struct archive *archive, struct err *err)
{
	if (archive->file.whole > 0)
		return 0;
	if (archive_add_info(archive, err) != 0 ||
	    appended_write(&archive->file, err) != 0) {
		appended_cut(&archive->file, NULL);
		return -1;
	}
	appended_keep(&archive->file);
	return 0;
}

void
archive_free(struct archive *archive)
{
	if (archive == NULL)
		return;
	appended_close(&archive->file, NULL);
	appended_close(&archive->index, NULL);
	packing_free(archive->packing);
	free(archive->name);
	free(archive);
}
