/* SPDX-License-Identifier: MIT */
/*
 * The output folder: whole files under their names or nothing, and nothing
 * outside, whatever lies in the way.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/component.h"
#include "core/tree.h"
#include "hostile.h"
#include "unit.h"

/* A folder with the output folder `out`, and `outside` beside it. */
struct place {
	char dir[64];
	int fd;
	struct tree *tree;
};

static int
setup_with(void **state, unsigned flags)
{
	struct place *place = mem_array(1, sizeof *place);
	char *out;

	snprintf(place->dir, sizeof place->dir, "/tmp/fetchall-tree-XXXXXX");
	assert_non_null(mkdtemp(place->dir));
	assert_int_equal(chmod(place->dir, 0755), 0);
	place->fd = open(place->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(place->fd, "outside", 0777), 0);
	out = mem_printf("%s/out", place->dir);
	place->tree = tree_open(out, flags, NULL);
	assert_non_null(place->tree);
	free(out);
	*state = place;
	return 0;
}

static int
setup(void **state)
{
	return setup_with(state, 0);
}

static int
setup_named(void **state)
{
	return setup_with(state, TREE_NAMED | TREE_SYNC);
}

static void
remove_all(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		O_CLOEXEC);
	struct dirent *entry;
	DIR *dir;

	if (fd < 0) {
		unlinkat(at, name, 0);
		return;
	}
	dir = fdopendir(fd);
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			remove_all(fd, entry->d_name);
	closedir(dir);
	unlinkat(at, name, AT_REMOVEDIR);
}

static int
teardown(void **state)
{
	struct place *place = *state;

	tree_free(place->tree);
	close(place->fd);
	remove_all(AT_FDCWD, place->dir);
	free(place);
	return 0;
}

/* How many entries a folder has, all below it counted. */
static size_t
count(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
		O_CLOEXEC);
	struct dirent *entry;
	size_t n = 0;
	DIR *dir;

	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			n += 1 + count(fd, entry->d_name);
	closedir(dir);
	return n;
}

static void
put(const struct place *place, const char *path, const char *text)
{
	int fd = openat(place->fd, path, O_WRONLY | O_CREAT | O_EXCL |
		O_CLOEXEC, 0666);
	ssize_t n = (ssize_t)strlen(text);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, (size_t)n), n);
	close(fd);
}

static void
assert_holds(const struct place *place, const char *path, const char *text)
{
	char found[64] = "";
	int fd = openat(place->fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		fail_msg("%s: missing", path);
	assert_true(read(fd, found, sizeof found - 1) >= 0);
	assert_string_equal(found, text);
	close(fd);
}

static enum tree_end
save(struct place *place, const char *path, const char *text,
	enum tree_policy policy, char **ret_path, struct err *err)
{
	struct tree_file file = TREE_FILE_NONE;
	enum tree_end end = tree_create(place->tree, path, &file, err);
	ssize_t n = (ssize_t)strlen(text);

	if (end != TREE_OK)
		return end;
	assert_int_equal(write(file.fd, text, (size_t)n), n);
	end = tree_link(place->tree, &file, path, policy, ret_path, err);
	tree_close(place->tree, &file);
	return end;
}

#define KEPT(place, path, text) save(place, path, text, TREE_KEEP, NULL, NULL)

static void
a_file_is_there_with_all_its_folders(void **state)
{
	struct place *place = *state;
	struct stat st;
	char *path = NULL;

	assert_int_equal(tree_look(place->tree, "h/a/b", NULL, NULL),
		TREE_NONE);
	assert_int_equal(save(place, "h/a/b", "one", TREE_KEEP, &path, NULL),
		TREE_OK);
	assert_string_equal(path, "h/a/b");
	assert_holds(place, "out/h/a/b", "one");
	assert_int_equal(tree_look(place->tree, "h/a/b", &st, NULL), TREE_OK);
	assert_int_equal(st.st_size, 3);
	assert_int_equal(KEPT(place, "top", "two"), TREE_OK);
	assert_holds(place, "out/top", "two");
	assert_int_equal(tree_look(place->tree, "h/a", NULL, NULL),
		TREE_FOLDER);
	assert_int_equal(tree_look(place->tree, "h/a/c", NULL, NULL),
		TREE_NONE);
	assert_int_equal(count(place->fd, "out"), 4);
	assert_int_equal(tree_sync(place->tree, NULL), 0);
	free(path);
}

static void
modes_are_the_umasks(void **state)
{
	struct place *place = *state;
	mode_t before = umask(027);
	struct stat st;

	assert_int_equal(KEPT(place, "h/a", ""), TREE_OK);
	assert_int_equal(fstatat(place->fd, "out/h", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(fstatat(place->fd, "out/h/a", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	umask(before);
}

static void
what_is_there_stays_unless_asked(void **state)
{
	struct place *place = *state;

	assert_int_equal(KEPT(place, "h/a", "one"), TREE_OK);
	assert_int_equal(KEPT(place, "h/a", "two"), TREE_TAKEN);
	assert_holds(place, "out/h/a", "one");
	assert_int_equal(save(place, "h/a", "two", TREE_OVERWRITE, NULL, NULL),
		TREE_OK);
	assert_holds(place, "out/h/a", "two");
	assert_int_equal(save(place, "h/b", "new", TREE_OVERWRITE, NULL, NULL),
		TREE_OK);
	assert_holds(place, "out/h/b", "new");
	assert_int_equal(count(place->fd, "out"), 3);
}

static void
one_that_was_not_linked_is_gone(void **state)
{
	struct place *place = *state;
	struct tree_file file;

	assert_int_equal(tree_create(place->tree, "h/a", &file, NULL),
		TREE_OK);
	tree_close(place->tree, &file);
	assert_int_equal(file.fd, -1);
	assert_int_equal(count(place->fd, "out"), 1);
}

/* Why a body could not be kept is known by errno, which is looked at behind
 * the close. */
static void
closing_hides_no_error(void **state)
{
	struct place *place = *state;
	struct tree_file file;

	assert_int_equal(tree_create(place->tree, "h/a", &file, NULL),
		TREE_OK);
	remove_all(place->fd, "out");
	errno = ENOSPC;
	tree_close(place->tree, &file);
	assert_int_equal(errno, ENOSPC);
}

static void
a_file_may_end_in_another_folder(void **state)
{
	struct place *place = *state;
	struct tree_file file;

	assert_int_equal(tree_create(place->tree, "a/b/c", &file, NULL),
		TREE_OK);
	assert_int_equal(write(file.fd, "x", 1), 1);
	assert_int_equal(tree_link(place->tree, &file, "d/e", TREE_KEEP, NULL,
		NULL), TREE_OK);
	tree_close(place->tree, &file);
	assert_holds(place, "out/d/e", "x");
	assert_int_equal(count(place->fd, "out"), 4);
}

/* All the orders that /a, /a/b and /a/b/c can come in. */
static void
files_and_folders_of_one_name_are_all_kept(void **state)
{
	static const char *const orders[] = {
		"012", "021", "102", "120", "201", "210",
	};
	static const char *const names[] = { "a", "a/b", "a/b/c" };
	struct place *place = *state;
	size_t i, j, round;

	for (i = 0; i < 6; i++)
		for (round = 0; round < 2; round++)
			for (j = 0; j < 3; j++) {
				const char *name = names[orders[i][j] - '0'];
				char *path = mem_printf("h%zu/%s", i, name);
				char *other = mem_printf("%s~hash", path);
				enum tree_end end = KEPT(place, path, name);

				if (end == TREE_FOLDER)
					end = KEPT(place, other, name);
				assert_int_equal(end,
					round == 0 ? TREE_OK : TREE_TAKEN);
				free(path);
				free(other);
			}
	assert_holds(place, "out/h0/a", "a");
	assert_holds(place, "out/h0/a@/b", "a/b");
	assert_holds(place, "out/h0/a@/b@/c", "a/b/c");
	assert_holds(place, "out/h5/a~hash", "a");
	assert_holds(place, "out/h5/a/b~hash", "a/b");
	assert_holds(place, "out/h5/a/b/c", "a/b/c");
}

static void
the_path_says_which_folder_gave_way(void **state)
{
	struct place *place = *state;
	char *path = NULL;

	assert_int_equal(KEPT(place, "h/a", ""), TREE_OK);
	assert_int_equal(KEPT(place, "h/a@", ""), TREE_OK);
	assert_int_equal(save(place, "h/a/b/c", "x", TREE_KEEP, &path, NULL),
		TREE_OK);
	assert_string_equal(path, "h/a@@/b/c");
	assert_int_equal(tree_look(place->tree, "h/a/b/c", NULL, NULL),
		TREE_OK);
	free(path);
}

static void
a_file_where_all_marks_are_files_is_refused(void **state)
{
	struct place *place = *state;
	struct err err;

	KEPT(place, "a", "");
	KEPT(place, "a@", "");
	KEPT(place, "a@@", "");
	KEPT(place, "a@@@", "");
	assert_int_equal(save(place, "a/b", "", TREE_KEEP, NULL, &err),
		TREE_REFUSED);
	assert_string_equal(err.text, "a: not a folder");
}

static const struct {
	const char *target, *link, *path, *note;
} links[] = {
	{ "../outside", "out/h", "h/a", "the folder" },
	{ "../../outside", "out/x/h", "x/h/a/b", "one in the middle" },
	{ "/tmp", "out/abs", "abs/fetchall-tree-no", "an absolute one" },
	{ "../outside/new", "out/file", "file", "a file not there yet" },
	{ "../outside/old", "out/old", "old", "a file" },
	{ "..", "out/up", "up/outside/a", "the folder above" },
	{ "x", "out/inner", "inner/a", "one inside" },
	{ "loop", "out/loop", "loop/a", "itself" },
	{ "/proc/self/cwd", "out/proc", "proc/a", "a magic one" },
	{ "/dev/null", "out/null", "null", "a device" },
};

static void
links_are_neither_followed_nor_replaced(void **state)
{
	struct place *place = *state;
	char target[64];
	size_t i;

	put(place, "outside/old", "old");
	assert_int_equal(mkdirat(place->fd, "out/x", 0777), 0);
	for (i = 0; i < sizeof links / sizeof *links; i++) {
		const char *path = links[i].path;
		struct tree_file part;
		struct err err = { 0 };
		ssize_t n;

		assert_int_equal(symlinkat(links[i].target, place->fd,
			links[i].link), 0);
		if (save(place, path, "evil", TREE_KEEP, NULL, &err) !=
		    TREE_REFUSED || strstr(err.text, "link") == NULL)
			fail_msg("%s: %s", links[i].note, err.text);
		assert_int_equal(save(place, path, "evil", TREE_OVERWRITE,
			NULL, NULL), TREE_REFUSED);
		assert_int_equal(tree_look(place->tree, path, NULL, NULL),
			TREE_REFUSED);
		if (strchr(path, '/') != NULL)
			assert_int_equal(tree_open_part(place->tree, path,
				&part, NULL), TREE_REFUSED);
		n = readlinkat(place->fd, links[i].link, target,
			sizeof target);
		assert_int_equal(n, strlen(links[i].target));
	}
	assert_holds(place, "outside/old", "old");
	assert_int_equal(count(place->fd, "outside"), 1);
	assert_int_equal(count(place->fd, "out"),
		1 + sizeof links / sizeof *links);
}

static void
a_part_that_is_a_link_or_linked_is_refused(void **state)
{
	struct place *place = *state;
	struct tree_file part;

	put(place, "outside/old", "old");
	assert_int_equal(symlinkat("../outside/old", place->fd, "out/a.part"),
		0);
	assert_int_equal(symlinkat("../outside/new", place->fd, "out/b.part"),
		0);
	assert_int_equal(linkat(place->fd, "outside/old", place->fd,
		"out/c.part", 0), 0);
	assert_int_equal(mkfifoat(place->fd, "out/d.part", 0666), 0);
	assert_int_equal(mkdirat(place->fd, "out/e.part", 0777), 0);
	assert_int_equal(tree_open_part(place->tree, "a", &part, NULL),
		TREE_REFUSED);
	assert_int_equal(tree_open_part(place->tree, "b", &part, NULL),
		TREE_REFUSED);
	assert_int_equal(tree_open_part(place->tree, "c", &part, NULL),
		TREE_REFUSED);
	assert_int_equal(tree_open_part(place->tree, "d", &part, NULL),
		TREE_REFUSED);
	assert_int_equal(tree_open_part(place->tree, "e", &part, NULL),
		TREE_REFUSED);
	assert_holds(place, "outside/old", "old");
	assert_int_equal(count(place->fd, "outside"), 1);
}

static void
devices_and_fifos_are_not_touched(void **state)
{
	struct place *place = *state;
	struct stat st;

	assert_int_equal(mkfifoat(place->fd, "out/fifo", 0666), 0);
	assert_int_equal(KEPT(place, "fifo", "x"), TREE_REFUSED);
	assert_int_equal(save(place, "fifo", "x", TREE_OVERWRITE, NULL, NULL),
		TREE_REFUSED);
	assert_int_equal(fstatat(place->fd, "out/fifo", &st, 0), 0);
	assert_true(S_ISFIFO(st.st_mode));
}

static void
bad_paths_are_refused(void **state)
{
	static const char *const paths[] = {
		"", "/", "/etc/x", "..", "../x", "a/../x", "a/..", ".", "./a",
		"a//b", "a/", "a/./b",
		/* Nor are those that a terminal would obey. */
		"a\033[2Jb", "a\nb", "\177", "h\033/a", "\xc2\x9b", "\xff",
		"a\xe2\x80\xae b",
	};
	struct place *place = *state;
	struct tree_file file;
	size_t i;

	for (i = 0; i < sizeof paths / sizeof *paths; i++) {
		assert_int_equal(KEPT(place, paths[i], "x"), TREE_REFUSED);
		assert_int_equal(tree_look(place->tree, paths[i], NULL, NULL),
			TREE_REFUSED);
	}
	/* Of a part, the last component never is one of these. */
	assert_int_equal(tree_open_part(place->tree, "../x", &file, NULL),
		TREE_REFUSED);
	assert_int_equal(count(place->fd, "."), 2);
}

static void
hostile_names_all_stay_inside(void **state)
{
	struct place *place = *state;
	struct component component;
	struct buf name;
	size_t i;

	component_init(&component);
	buf_init(&name, 4096);
	for (i = 0; i < hostile_n(); i++) {
		const char *hostile = hostile_name(i);
		enum tree_end end;

		component_add(&component, hostile, strlen(hostile));
		component_end(&component, &name, 0);
		end = KEPT(place, buf_text(&name), "x");
		assert_true(end == TREE_OK || end == TREE_TAKEN);
		buf_clear(&name);
	}
	assert_int_equal(count(place->fd, "outside"), 0);
	assert_int_equal(count(place->fd, "."), 2 + count(place->fd, "out"));
	buf_release(&name);
	component_release(&component);
}

static void
a_folder_removed_meanwhile_is_made_again(void **state)
{
	struct place *place = *state;
	struct tree_file file;

	assert_int_equal(KEPT(place, "h/a/b", "one"), TREE_OK);
	remove_all(place->fd, "out/h");
	assert_int_equal(tree_look(place->tree, "h/a/b", NULL, NULL),
		TREE_NONE);
	assert_int_equal(KEPT(place, "h/a/b", "two"), TREE_OK);
	assert_holds(place, "out/h/a/b", "two");
	assert_int_equal(tree_create(place->tree, "h/a/c", &file, NULL),
		TREE_OK);
	remove_all(place->fd, "out/h");
	assert_int_equal(symlinkat("../outside", place->fd, "out/h"), 0);
	assert_int_equal(tree_link(place->tree, &file, "h/a/c", TREE_KEEP,
		NULL, NULL), TREE_REFUSED);
	tree_close(place->tree, &file);
	assert_int_equal(count(place->fd, "outside"), 0);
}

/* Without a name a file does not care for its folder; with one it is gone. */
static void
a_file_outlives_its_folder(void **state)
{
	struct place *place = *state;
	struct tree_file file;

	assert_int_equal(tree_create(place->tree, "h/a", &file, NULL),
		TREE_OK);
	assert_int_equal(write(file.fd, "x", 1), 1);
	remove_all(place->fd, "out/h");
	assert_int_equal(tree_link(place->tree, &file, "h/a", TREE_KEEP, NULL,
		NULL), file.name == NULL ? TREE_OK : TREE_FAILED);
	tree_close(place->tree, &file);
}

static void
the_output_folder_removed_is_an_error(void **state)
{
	struct place *place = *state;
	struct err err = { 0 };

	remove_all(place->fd, "out");
	assert_int_equal(save(place, "h/a", "x", TREE_KEEP, NULL, &err),
		TREE_FAILED);
	assert_int_equal(err.code, ERR_IO);
}

static void
a_part_is_kept_gone_on_with_and_finished(void **state)
{
	struct place *place = *state;
	struct tree_file part;
	char text[8] = "";

	assert_int_equal(tree_open_part(place->tree, "h/a", &part, NULL),
		TREE_OK);
	assert_int_equal(write(part.fd, "one", 3), 3);
	tree_close(place->tree, &part);
	assert_holds(place, "out/h/a.part", "one");
	assert_int_equal(tree_open_part(place->tree, "h/a", &part, NULL),
		TREE_OK);
	assert_int_equal(read(part.fd, text, sizeof text), 3);
	assert_int_equal(write(part.fd, "two", 3), 3);
	assert_int_equal(tree_link(place->tree, &part, "h/a", TREE_KEEP, NULL,
		NULL), TREE_OK);
	tree_close(place->tree, &part);
	assert_holds(place, "out/h/a", "onetwo");
	assert_int_equal(count(place->fd, "out"), 2);
}

static void
a_part_does_not_replace_a_file_unless_asked(void **state)
{
	struct place *place = *state;
	struct tree_file part;

	assert_int_equal(KEPT(place, "h/a", "one"), TREE_OK);
	assert_int_equal(tree_open_part(place->tree, "h/a", &part, NULL),
		TREE_OK);
	assert_int_equal(tree_link(place->tree, &part, "h/a", TREE_KEEP, NULL,
		NULL), TREE_TAKEN);
	assert_holds(place, "out/h/a", "one");
	assert_int_equal(tree_link(place->tree, &part, "h/a", TREE_OVERWRITE,
		NULL, NULL), TREE_OK);
	assert_holds(place, "out/h/a", "");
	tree_close(place->tree, &part);
	assert_int_equal(count(place->fd, "out"), 2);
}

static void
a_part_is_one_processs_at_a_time(void **state)
{
	struct place *place = *state;
	char *out = mem_printf("%s/out", place->dir);
	struct tree *other = tree_open(out, 0, NULL);
	struct tree_file mine, its;

	assert_int_equal(tree_open_part(place->tree, "h/a", &mine, NULL),
		TREE_OK);
	assert_int_equal(tree_open_part(other, "h/a", &its, NULL), TREE_TAKEN);
	tree_close(place->tree, &mine);
	assert_int_equal(tree_open_part(other, "h/a", &its, NULL), TREE_OK);
	tree_close(other, &its);
	tree_free(other);
	free(out);
}

static void
a_part_that_was_swapped_is_not_linked(void **state)
{
	struct place *place = *state;
	struct tree_file part;

	assert_int_equal(tree_open_part(place->tree, "a", &part, NULL),
		TREE_OK);
	assert_int_equal(unlinkat(place->fd, "out/a.part", 0), 0);
	put(place, "out/a.part", "evil");
	assert_int_equal(tree_link(place->tree, &part, "a", TREE_KEEP, NULL,
		NULL), TREE_FAILED);
	tree_close(place->tree, &part);
	assert_int_equal(count(place->fd, "out"), 1);
}

static void
names_of_250_bytes_have_room_for_their_part(void **state)
{
	struct place *place = *state;
	struct tree_file part;
	char name[300];

	memset(name, 'x', sizeof name);
	name[COMPONENT_MAX] = '\0';
	assert_int_equal(tree_open_part(place->tree, name, &part, NULL),
		TREE_OK);
	assert_int_equal(tree_link(place->tree, &part, name, TREE_KEEP, NULL,
		NULL), TREE_OK);
	tree_close(place->tree, &part);
	name[COMPONENT_MAX] = 'x';
	name[255] = '\0';
	assert_int_equal(KEPT(place, name, "x"), TREE_OK);
	name[255] = 'x';
	name[256] = '\0';
	assert_int_equal(KEPT(place, name, "x"), TREE_FAILED);
}

/* More folders than are kept open, and back to the first. */
static void
many_folders_cost_few_descriptors(void **state)
{
	struct place *place = *state;
	size_t i, j;

	for (j = 0; j < 2; j++)
		for (i = 0; i < 300; i++) {
			char *path = mem_printf("h%zu/a/b/%zu", i, j);

			assert_int_equal(KEPT(place, path, "x"), TREE_OK);
			free(path);
		}
	assert_true(count(AT_FDCWD, "/proc/self/fd") < 100);
	assert_int_equal(tree_sync(place->tree, NULL), 0);
	assert_int_equal(count(place->fd, "out"), 300 * 5);
}

static void
set_descriptors(rlim_t n)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* Takes all descriptors that are left. */
static int
take_descriptors(int fds[64])
{
	int n = 0;

	while (n < 64 && (fds[n] = dup(0)) >= 0)
		n++;
	return n;
}

static void
save_in_many_folders(struct place *place)
{
	size_t i;

	for (i = 0; i < 20; i++) {
		char *path = mem_printf("h%zu/a", i);

		assert_in_range(KEPT(place, path, "x"), TREE_OK, TREE_TAKEN);
		free(path);
	}
}

static void
without_descriptors_folders_are_closed(void **state)
{
	struct place *place = *state;
	int n, fds[64], first = dup(0);
	struct rlimit limit;

	close(first);
	getrlimit(RLIMIT_NOFILE, &limit);
	set_descriptors((rlim_t)first + 40);
	save_in_many_folders(place);
	n = take_descriptors(fds);
	assert_in_range(n, 1, 63);
	/* Its folder is open, the file has no descriptor. */
	assert_int_equal(KEPT(place, "h19/b", "x"), TREE_OK);
	while (n > 0)
		close(fds[--n]);
	save_in_many_folders(place);
	assert_int_equal(mkdirat(place->fd, "out/h1/new", 0777), 0);
	put(place, "out/h1/new/b", "x");
	n = take_descriptors(fds);
	/* Nor has a folder that is looked into for the first time. */
	assert_int_equal(tree_look(place->tree, "h1/new/b", NULL, NULL),
		TREE_OK);
	while (n > 0)
		close(fds[--n]);
	set_descriptors(limit.rlim_cur);
	assert_holds(place, "out/h19/b", "x");
}

static void
no_descriptor_at_all_is_an_error(void **state)
{
	struct place *place = *state;
	struct rlimit limit;
	struct err err = { 0 };

	getrlimit(RLIMIT_NOFILE, &limit);
	set_descriptors(3);
	assert_int_equal(save(place, "h/a", "x", TREE_KEEP, NULL, &err),
		TREE_FAILED);
	set_descriptors(limit.rlim_cur);
	assert_non_null(strstr(err.text, "Too many open files"));
	assert_int_equal(KEPT(place, "h/a", "x"), TREE_OK);
}

/* As a user whom modes concern. */
static int
in_a_child(struct place *place, int (*act)(struct place *place))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (geteuid() == 0 && (setegid(65534) != 0 ||
				seteuid(65534) != 0))
			_exit(2);
		_exit(act(place));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int
save_read_only(struct place *place)
{
	struct err err = { 0 };

	if (save(place, "new/a", "x", TREE_KEEP, NULL, &err) != TREE_FAILED ||
	    strstr(err.text, "Permission denied") == NULL ||
	    err.code != ERR_IO)
		return 1;
	return save(place, "h/b", "x", TREE_KEEP, NULL, &err) == TREE_FAILED ?
		0 : 1;
}

static void
a_read_only_folder_is_an_error(void **state)
{
	struct place *place = *state;

	assert_int_equal(KEPT(place, "h/a", "x"), TREE_OK);
	assert_int_equal(fchmodat(place->fd, "out/h", 0555, 0), 0);
	assert_int_equal(fchmodat(place->fd, "out", 0555, 0), 0);
	assert_int_equal(in_a_child(place, save_read_only), 0);
	assert_int_equal(fchmodat(place->fd, "out", 0755, 0), 0);
	assert_int_equal(fchmodat(place->fd, "out/h", 0755, 0), 0);
	assert_int_equal(count(place->fd, "out"), 2);
}

/* Saves bodies of 4 KiB until one fails; 0 when the rest is as it should. */
static int
fill(struct place *place)
{
	struct tree_file file;
	char path[32], body[4096];
	struct stat st;
	size_t i, whole;

	memset(body, 'x', sizeof body);
	for (i = 0; i < 1000; i++) {
		snprintf(path, sizeof path, "h/%zu", i);
		if (tree_create(place->tree, path, &file, NULL) != TREE_OK)
			break;
		if (write(file.fd, body, sizeof body) != sizeof body ||
		    tree_link(place->tree, &file, path, TREE_KEEP, NULL,
			NULL) != TREE_OK) {
			tree_close(place->tree, &file);
			break;
		}
		tree_close(place->tree, &file);
	}
	for (whole = 0; whole < i; whole++) {
		snprintf(path, sizeof path, "h/%zu", whole);
		if (tree_look(place->tree, path, &st, NULL) != TREE_OK ||
		    st.st_size != sizeof body)
			return 1;
	}
	snprintf(path, sizeof path, "h/%zu", i);
	return i > 0 && i < 1000 &&
		tree_look(place->tree, path, NULL, NULL) == TREE_NONE ? 0 : 1;
}

/* 3: mounting is refused, as in most containers. */
static int
fill_small_disk(const char *dir)
{
	struct place place;
	char out[80];
	int rc;

	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", dir, "tmpfs", 0, "size=256k") != 0)
		return 3;
	snprintf(out, sizeof out, "%s/out", dir);
	place.tree = tree_open(out, 0, NULL);
	rc = place.tree != NULL ? fill(&place) : 1;
	tree_free(place.tree);
	return rc;
}

static void
a_full_disk_leaves_whole_files(void **state)
{
	struct place *place = *state;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fill_small_disk(place->dir));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 3)
		print_message("mounting is refused: not tested\n");
	else
		assert_int_equal(WEXITSTATUS(status), 0);
}

/* Saves for ever; what is asked about is what a kill leaves. */
static void
save_until_killed(struct place *place, int ready)
{
	char path[32], *body = mem_alloc(1 << 20);
	struct tree_file file;
	size_t i;

	memset(body, 'x', 1 << 20);
	for (i = 0;; i++) {
		snprintf(path, sizeof path, "h/%zu", i);
		if (tree_create(place->tree, path, &file, NULL) != TREE_OK ||
		    write(file.fd, body, 1 << 20) != 1 << 20)
			_exit(1);
		if (write(ready, "", 1) != 1)
			_exit(1);
		tree_link(place->tree, &file, path, TREE_KEEP, NULL, NULL);
		tree_close(place->tree, &file);
	}
}

static void
a_killed_process_leaves_no_half_file(void **state)
{
	struct place *place = *state;
	char path[32], byte;
	struct stat st;
	int pipes[2], round, i;
	pid_t pid;

	for (round = 0; round < 20; round++) {
		assert_int_equal(pipe(pipes), 0);
		pid = fork();
		if (pid == 0)
			save_until_killed(place, pipes[1]);
		for (i = 0; i <= round % 4; i++)
			assert_int_equal(read(pipes[0], &byte, 1), 1);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		close(pipes[0]);
		close(pipes[1]);
		for (i = 0; i < (int)count(place->fd, "out/h"); i++) {
			snprintf(path, sizeof path, "out/h/%d", i);
			assert_int_equal(fstatat(place->fd, path, &st, 0), 0);
			assert_int_equal(st.st_size, 1 << 20);
		}
		remove_all(place->fd, "out/h");
	}
}

static void
the_folder_is_made_with_its_parents(void **state)
{
	struct place *place = *state;
	char *deep = mem_printf("%s/new/a/b//c/", place->dir);
	char *file = mem_printf("%s/file/a", place->dir);
	struct err err = { 0 };
	struct tree *tree = tree_open(deep, 0, &err);

	assert_non_null(tree);
	tree_free(tree);
	put(place, "file", "");
	assert_null(tree_open(file, 0, &err));
	assert_non_null(strstr(err.text, "Not a directory"));
	assert_null(tree_open("", 0, &err));
	free(deep);
	free(file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_NAMED(name) \
	{ #name " (named)", name, setup_named, teardown, NULL }
#define TEST_BOTH(name) TEST(name), TEST_NAMED(name)

static const struct CMUnitTest tests[] = {
	TEST_BOTH(a_file_is_there_with_all_its_folders),
	TEST_BOTH(modes_are_the_umasks),
	TEST_BOTH(what_is_there_stays_unless_asked),
	TEST_BOTH(one_that_was_not_linked_is_gone),
	TEST_BOTH(closing_hides_no_error),
	TEST_BOTH(a_file_may_end_in_another_folder),
	TEST_BOTH(files_and_folders_of_one_name_are_all_kept),
	TEST_BOTH(the_path_says_which_folder_gave_way),
	TEST(a_file_where_all_marks_are_files_is_refused),
	TEST_BOTH(links_are_neither_followed_nor_replaced),
	TEST(a_part_that_is_a_link_or_linked_is_refused),
	TEST_BOTH(devices_and_fifos_are_not_touched),
	TEST_BOTH(bad_paths_are_refused),
	TEST(hostile_names_all_stay_inside),
	TEST_BOTH(a_folder_removed_meanwhile_is_made_again),
	TEST_BOTH(a_file_outlives_its_folder),
	TEST_BOTH(the_output_folder_removed_is_an_error),
	TEST_BOTH(a_part_is_kept_gone_on_with_and_finished),
	TEST_BOTH(a_part_does_not_replace_a_file_unless_asked),
	TEST(a_part_is_one_processs_at_a_time),
	TEST(a_part_that_was_swapped_is_not_linked),
	TEST(names_of_250_bytes_have_room_for_their_part),
	TEST(many_folders_cost_few_descriptors),
	TEST_BOTH(without_descriptors_folders_are_closed),
	TEST(no_descriptor_at_all_is_an_error),
	TEST_BOTH(a_read_only_folder_is_an_error),
	TEST(a_full_disk_leaves_whole_files),
	TEST(a_killed_process_leaves_no_half_file),
	TEST(the_folder_is_made_with_its_parents),
};

UNIT_MAIN("core/tree", tests)
