/* SPDX-License-Identifier: MIT */
/*
 * state_bed -- a state in a folder of its own.
 */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/write.h"
#include "state_bed.h"

static char *const bed_options[] = {
	(char[]){ "format=json" }, (char[]){ "output=%{seq}" },
};

int
state_bed_setup(void **state)
{
	struct state_bed *bed = mem_array(1, sizeof *bed);

	snprintf(bed->dir, sizeof bed->dir, "/tmp/fetchall-state-XXXXXX");
	assert_non_null(mkdtemp(bed->dir));
	snprintf(bed->path, sizeof bed->path, "%s/run.db", bed->dir);
	snprintf(bed->records, sizeof bed->records, "%s/records", bed->dir);
	*state = bed;
	return 0;
}

int
state_bed_teardown(void **state)
{
	struct state_bed *bed = *state;
	struct dirent *entry;
	DIR *dir = opendir(bed->dir);

	while ((entry = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	assert_int_equal(rmdir(bed->dir), 0);
	free(bed);
	return 0;
}

static const struct state_args *
bed_args(const struct state_bed *bed)
{
	static struct state_args args;

	args = (struct state_args){ .path = bed->path,
		.options = bed_options, .n_options = 2 };
	return &args;
}

struct state *
state_bed_open(const struct state_bed *bed)
{
	struct err err;
	struct state *state = state_open(bed_args(bed), &err);

	if (state == NULL)
		fail_msg("%s", err.text);
	return state;
}

void
state_bed_refused(const struct state_bed *bed, struct err *err)
{
	assert_null(state_open(bed_args(bed), err));
}

int
state_bed_add(struct state *state, uint64_t seq, struct err *err)
{
	char line[64];
	int n = snprintf(line, sizeof line, "http://host/%" PRIu64, seq);

	return state_add_line(state, line, (size_t)n, err);
}

void
state_bed_add_lines(struct state *state, uint64_t first, uint64_t last)
{
	struct err err;
	uint64_t seq;

	for (seq = first; seq <= last; seq++)
		if (state_bed_add(state, seq, &err) != 0)
			fail_msg("line %" PRIu64 ": %s", seq, err.text);
}

void
state_bed_settle(struct state *state, uint64_t seq, int ok)
{
	const struct state_result result = { .seq = seq, .ok = ok,
		.offset = 10 * seq, .len = 10 };

	state_settle(state, &result);
}

void
state_bed_commit(struct state *state, uint64_t offset)
{
	const struct marks marks = { .n = 1,
		.list = { { "records", 0, offset } } };
	struct err err;

	if (state_commit(state, &marks, &err) != 0)
		fail_msg("%s", err.text);
}

char *
state_bed_read(const char *path, size_t *ret_n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *bytes;

	*ret_n = 0;
	if (fd < 0)
		return NULL;
	assert_int_equal(fstat(fd, &st), 0);
	*ret_n = (size_t)st.st_size;
	bytes = mem_alloc(*ret_n + 1);
	assert_int_equal(read(fd, bytes, *ret_n), *ret_n);
	bytes[*ret_n] = '\0';
	close(fd);
	return bytes;
}

void
state_bed_write(const char *path, const char *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	assert_true(fd >= 0);
	assert_int_equal(write_all(fd, bytes, n), 0);
	close(fd);
}
