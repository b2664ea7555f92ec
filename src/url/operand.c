/* SPDX-License-Identifier: MIT */
/*
 * operand -- URL, list file or standard input, and help for a word that is
 * none of them.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "url/operand.h"
#include "url/public.h"
#include "url/url.h"

/* Endings of missing files that nobody means as a host. */
static int
operand_file_ending(const char *host, size_t len)
{
	static const char *const endings[] = {
		"txt", "list", "lst", "urls", "json", "ndjson", "jsonl", "csv",
		"tsv", "gz", "log", "out", "dat",
	};
	const char *dot = memrchr(host, '.', len);
	size_t i;

	if (dot == NULL)
		return 0;
	len -= (size_t)(dot + 1 - host);
	for (i = 0; i < sizeof endings / sizeof *endings; i++)
		if (strlen(endings[i]) == len &&
		    memcmp(dot + 1, endings[i], len) == 0)
			return 1;
	return 0;
}

static int
operand_like_host(const char *word)
{
	const char *host;
	struct url url;
	int like;

	if (*word == '.' || *word == '/' ||
	    url_parse(word, "http", &url, NULL) != 0)
		return 0;
	host = url.text + url.host_off;
	like = url.literal != 0 || url.port != 80 ||
		memchr(host, '.', url.host_len) != NULL ||
		(url.host_len == 9 && memcmp(host, "localhost", 9) == 0);
	if (operand_file_ending(host, url.host_len))
		like = 0;
	url_release(&url);
	return like;
}

static int
operand_missing(const struct operand *operand, struct err *err)
{
	int number = errno;
	struct buf shown;

	if ((number != ENOENT && number != ENOTDIR) ||
	    !operand_like_host(operand->path)) {
		errno = number;
		return err_sys(err, "cannot open list '%.200s'", operand->name);
	}
	buf_init(&shown, PUBLIC_SHOWN_MAX);
	public_add_shown(&shown, operand->path, strlen(operand->path));
	err_set(err, ERR_IO,
		"there is no list '%.200s': did you mean http://%.200s?",
		buf_text(&shown), buf_text(&shown));
	buf_release(&shown);
	return -1;
}

static void
operand_set_size(struct operand *operand, const struct stat *st, off_t at)
{
	if (!S_ISREG(st->st_mode))
		return;
	operand->sized = 1;
	if (at >= 0 && at < st->st_size)
		operand->size = (uint64_t)(st->st_size - at);
}

/* Opened to see that it can be; reading opens it again at its turn. */
static int
operand_check_file(struct operand *operand, struct err *err)
{
	struct stat st;
	int fd;

	if (stat(operand->path, &st) != 0)
		return operand_missing(operand, err);
	if (S_ISDIR(st.st_mode))
		return err_set(err, ERR_IO,
			"'%.200s' is a directory, not a list of URLs",
			operand->name);
	if (S_ISFIFO(st.st_mode)) {
		if (access(operand->path, R_OK) != 0)
			return operand_missing(operand, err);
		return 0;
	}
	fd = open(operand->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return operand_missing(operand, err);
	close(fd);
	operand_set_size(operand, &st, 0);
	return 0;
}

static int
operand_check_stdin(struct operand *operand, int fd, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_sys(err, "cannot read standard input");
	if (S_ISDIR(st.st_mode))
		return err_set(err, ERR_IO, "standard input is a directory,"
			" not a list of URLs");
	operand_set_size(operand, &st, lseek(fd, 0, SEEK_CUR));
	return 0;
}

static char *
operand_file_name(const char *word)
{
	const char *at = strrchr(word, '@');
	struct buf name;

	buf_init(&name, 16 * strlen(word) + PUBLIC_SHOWN_MAX);
	/* What is no file but a URL without "://" may hold a password. */
	if (at != NULL && memchr(word, ':', (size_t)(at - word)) != NULL &&
	    access(word, F_OK) != 0)
		public_add_shown(&name, word, strlen(word));
	else
		utf8_add_clean(&name, word, strlen(word));
	return buf_take(&name);
}

int
operand_init(struct operand *operand, const char *word, int stdin_fd,
	struct err *err)
{
	*operand = (struct operand){ .path = mem_strdup(word) };
	if (strstr(word, "://") != NULL) {
		operand->kind = OPERAND_URL;
		operand->name = mem_strdup("command line");
		return 0;
	}
	if (strcmp(word, "-") == 0) {
		operand->kind = OPERAND_STDIN;
		operand->name = mem_strdup("standard input");
		return operand_check_stdin(operand, stdin_fd, err);
	}
	operand->kind = OPERAND_FILE;
	operand->name = operand_file_name(word);
	return operand_check_file(operand, err);
}

void
operand_release(struct operand *operand)
{
	free(operand->path);
	free(operand->name);
	*operand = (struct operand){ 0 };
}

int
operand_size(const struct operand *operand, uint64_t *ret_size)
{
	*ret_size = operand->size;
	return operand->kind == OPERAND_URL || operand->sized;
}
