/* SPDX-License-Identifier: MIT */
/*
 * command -- a command and where its program is. It is looked up before
 * anything else is done, so that a misspelt name is an error once and not in
 * each of a million records, and so that a PATH with slow folders costs once.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/command.h"
#include "base/mem.h"
#include "base/words.h"

#define COMMAND_SHELL "/bin/sh"
#define COMMAND_PATH "/usr/local/bin:/usr/bin:/bin"	/* without $PATH */

/* 0, or -1 with errno. */
static int
command_try(const char *path)
{
	struct stat info;

	if (stat(path, &info) != 0)
		return -1;
	if (!S_ISREG(info.st_mode)) {
		errno = S_ISDIR(info.st_mode) ? EISDIR : EACCES;
		return -1;
	}
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS);
}

/* Goes on behind what may not be executed, as a shell does. */
static char *
command_search(const char *name, const char *folders)
{
	int number = ENOENT;
	const char *end;
	char *path;

	for (;; folders = end + 1) {
		end = strchrnul(folders, ':');
		path = mem_printf("%.*s%s%s", (int)(end - folders), folders,
			end > folders ? "/" : "./", name);
		if (command_try(path) == 0)
			return path;
		free(path);
		if (errno == EACCES)
			number = EACCES;
		if (*end == '\0')
			break;
	}
	errno = number;
	return NULL;
}

static char *
command_find(const char *name)
{
	const char *folders = getenv("PATH");

	if (strchr(name, '/') == NULL && name[0] != '\0')
		return command_search(name,
			folders != NULL ? folders : COMMAND_PATH);
	return command_try(name) == 0 ? mem_strdup(name) : NULL;
}

static char **
command_shell(const char *text)
{
	char **argv = mem_array(4, sizeof *argv);

	if (text[strspn(text, " \t\n")] == '\0')
		return argv;
	argv[0] = mem_strdup("sh");
	argv[1] = mem_strdup("-c");
	argv[2] = mem_strdup(text);
	return argv;
}

static int
command_look_up(struct command *command, int shell, const char *hint,
	struct err *err)
{
	if (command->argv[0] == NULL)
		return err_set(err, ERR_USAGE, "there is no command");
	command->path = command_find(shell ? COMMAND_SHELL :
		command->argv[0]);
	if (command->path == NULL)
		return err_set(err, ERR_USAGE, "cannot run '%s': %s%s%s",
			command->argv[0], strerror(errno),
			hint != NULL ? "; " : "", hint != NULL ? hint : "");
	return 0;
}

int
command_open(struct command *ret, const char *text, int shell,
	const char *hint, struct err *err)
{
	struct command command = { 0 };

	command.argv = shell ? command_shell(text) : words_split(text, err);
	if (command.argv == NULL)
		return -1;
	if (command_look_up(&command, shell, hint, err) != 0) {
		command_release(&command);
		return -1;
	}
	*ret = command;
	return 0;
}

void
command_release(struct command *command)
{
	words_free(command->argv);
	free(command->path);
	*command = (struct command){ 0 };
}
