/* SPDX-License-Identifier: MIT */
/*
 * part -- what of a body is here already, on the disk only: a process that is
 * killed leaves it as it is, and nothing has to be in step with it. Bytes are
 * appended behind a note that was there before them, so a part with bytes and
 * without one cannot be ours.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/write.h"
#include "core/component.h"
#include "core/part.h"
#include "core/tree.h"
#include "net/fetch.h"

#define PART_NOTE "fetchall part\n"	/* how notes begin */
#define PART_NOTE_MAX (256u << 10)
#define PART_NAME ".part"

/* What changes within one second has one Last-Modified; and that long clocks
 * may differ (RFC 9110, section 8.8.2.2). */
#define PART_RECENT 60

void
part_release(struct part *part)
{
	free(part->url);
	free(part->validator);
	*part = (struct part){ 0 };
}

/* --- names --- */

char *
part_name(const char *path)
{
	return mem_printf("%s" PART_NAME, path);
}

static char *
part_note_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t folder = slash != NULL ? (size_t)(slash + 1 - path) : 0;
	char *name = part_name(path + folder), *note;
	char hash[COMPONENT_HASH];

	component_hash(hash, name, strlen(name));
	note = mem_printf("%.*s@from-%s", (int)folder, path, hash);
	free(name);
	return note;
}

int
part_is(struct tree *tree, const char *path, int fd)
{
	char *name = part_name(path);
	struct stat named, st;
	enum tree_end end = tree_look(tree, name, &named, NULL);

	free(name);
	return end == TREE_OK && fstat(fd, &st) == 0 &&
		st.st_dev == named.st_dev && st.st_ino == named.st_ino;
}

/* --- the note --- */

/* All of a file that is not too long; -1. */
static int
part_read(int fd, struct buf *ret)
{
	char piece[4096];
	ssize_t n;

	while ((n = read(fd, piece, sizeof piece)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || buf_add(ret, piece, (size_t)n) != 0)
			return -1;
	}
	return 0;
}

/* Moves *at behind the line; NULL: there is none. */
static char *
part_line(const char **at)
{
	const char *end = strchr(*at, '\n'), *line = *at;

	if (end == NULL)
		return NULL;
	*at = end + 1;
	return mem_strndup(line, (size_t)(end - line));
}

static int
part_parse(const char *text, struct part *ret)
{
	const size_t begin = strlen(PART_NOTE);

	if (strncmp(text, PART_NOTE, begin) != 0)
		return -1;
	text += begin;
	ret->url = part_line(&text);
	ret->validator = part_line(&text);
	if (ret->validator != NULL && *text == '\0' &&
	    range_validates(ret->validator))
		return 0;
	part_release(ret);
	return -1;
}

static int
part_read_note(struct tree *tree, const char *path, struct part *ret)
{
	char *name = part_note_name(path);
	struct tree_file file;
	struct buf text;
	int rc = -1;

	*ret = (struct part){ 0 };
	buf_init(&text, PART_NOTE_MAX);
	if (tree_read(tree, name, &file, NULL) == TREE_OK) {
		rc = part_read(file.fd, &text);
		tree_close(tree, &file);
	}
	if (rc == 0)
		rc = part_parse(buf_text(&text), ret);
	buf_release(&text);
	free(name);
	return rc;
}

/* How tree says it, as errno. */
static int
part_errno(enum tree_end end)
{
	switch (end) {
	case TREE_TAKEN:
		return EBUSY;
	case TREE_FOLDER:
	case TREE_REFUSED:
		return ELOOP;
	case TREE_OK:
	case TREE_NONE:
	case TREE_FAILED:
		break;
	}
	return errno;
}

/* In one step, since the old one may be another body's. */
static int
part_write_note(struct tree *tree, const char *path, const struct buf *text)
{
	char *name = part_note_name(path);
	struct tree_file file;
	enum tree_end end = tree_create(tree, name, &file, NULL);
	int number = 0;

	if (end == TREE_OK && write_all(file.fd, text->data, text->len) != 0) {
		number = errno;
		tree_close(tree, &file);
	} else if (end == TREE_OK) {
		end = tree_link(tree, &file, name, TREE_OVERWRITE, NULL, NULL);
		number = end != TREE_OK ? part_errno(end) : 0;
		tree_close(tree, &file);
	} else {
		number = part_errno(end);
	}
	free(name);
	errno = number;
	return number == 0 ? 0 : -1;
}

/* --- looking --- */

int
part_look(struct tree *tree, const char *path, struct part *ret)
{
	char *name = part_name(path);
	struct stat st;
	enum tree_end end = tree_look(tree, name, &st, NULL);

	free(name);
	*ret = (struct part){ 0 };
	if (end != TREE_OK || part_read_note(tree, path, ret) != 0)
		return -1;
	ret->len = (uint64_t)st.st_size;
	return 0;
}

/* As RFC 9110, section 5.6.7 has it, whatever the locale. */
static char *
part_date(int64_t seconds)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t time = (time_t)seconds;
	struct tm tm;

	if (seconds < 0 || gmtime_r(&time, &tm) == NULL)
		return NULL;
	return mem_printf("%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
		days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
		tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* A server that has tags has them for a reason: its dates may be as coarse as
 * its weak tag says. */
char *
part_validator(const struct fetch_reply_head *head)
{
	int64_t now = clock_wall_us() / CLOCK_SECOND;

	if (head->etag != NULL)
		return range_validates(head->etag) && head->etag[0] == '"' ?
			mem_strdup(head->etag) : NULL;
	if (head->last_modified > now - PART_RECENT)
		return NULL;
	return part_date(head->last_modified);
}

/* Not all servers look at If-Range. */
static int
part_is_same(const char *validator, const struct fetch_reply_head *head)
{
	char *date;
	int same;

	if (validator[0] == '"')
		return head->etag == NULL || strcmp(head->etag, validator) == 0;
	date = part_date(head->last_modified);
	same = date == NULL || strcmp(date, validator) == 0;
	free(date);
	return same;
}

int
part_fits(const struct fetch_request *request,
	const struct fetch_reply_head *head)
{
	const struct range *range = &head->range;

	return head->response_code == 206 && range->given &&
		range->first == request->resume_from &&
		range->last + 1 == range->total &&
		part_is_same(request->if_range, head);
}

/* --- opening --- */

/* The file, locked; -1 with errno. */
static int
part_open(struct tree *tree, const char *path, struct stat *st)
{
	struct tree_file file;
	enum tree_end end = tree_open_part(tree, path, &file, NULL);
	int number;

	if (end != TREE_OK) {
		errno = part_errno(end);
		return -1;
	}
	free(file.name);
	if (fstat(file.fd, st) == 0)
		return file.fd;
	number = errno;
	close(file.fd);
	errno = number;
	return -1;
}

/* Closes the file of one that cannot be used. Always -1. */
static int
part_fail(int fd, int number)
{
	close(fd);
	errno = number;
	return -1;
}

static int
part_empty(struct tree *tree, const char *path, int fd, const char *url,
	const char *validator)
{
	struct buf note;
	int rc = -1;

	buf_init(&note, PART_NOTE_MAX);
	if (buf_printf(&note, PART_NOTE "%s\n%s\n", url, validator) != 0)
		errno = EALREADY;	/* such a body has no part */
	else if (ftruncate(fd, 0) == 0)
		rc = part_write_note(tree, path, &note);
	buf_release(&note);
	return rc;
}

int
part_begin(struct tree *tree, const char *path, const char *url,
	const char *validator)
{
	struct part before = { 0 };
	struct stat st;
	int fd = part_open(tree, path, &st), ours;

	if (fd < 0)
		return -1;
	ours = st.st_size == 0 || part_read_note(tree, path, &before) == 0;
	part_release(&before);
	if (!ours)
		return part_fail(fd, EALREADY);
	if (part_empty(tree, path, fd, url, validator) != 0)
		return part_fail(fd, errno);
	return fd;
}

int
part_resume(struct tree *tree, const char *path, const char *url,
	const char *validator, uint64_t len)
{
	struct part now = { 0 };
	struct stat st;
	int fd = part_open(tree, path, &st), same;

	if (fd < 0)
		return -1;
	same = (uint64_t)st.st_size == len &&
		part_read_note(tree, path, &now) == 0 &&
		strcmp(now.url, url) == 0 &&
		strcmp(now.validator, validator) == 0;
	part_release(&now);
	return same ? fd : part_fail(fd, ESTALE);
}

/* The note last: a part without one would be nobody's. */
void
part_remove(struct tree *tree, const char *path)
{
	char *part = part_name(path), *note = part_note_name(path);

	if (tree_look(tree, note, NULL, NULL) == TREE_OK) {
		tree_remove(tree, part, NULL);
		tree_remove(tree, note, NULL);
	}
	free(part);
	free(note);
}
