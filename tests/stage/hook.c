/* SPDX-License-Identifier: MIT */
/*
 * hook -- trials of stages that run commands. See hook.h.
 */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/words.h"
#include "leaks.h"
#include "opt/opt.h"
#include "stage/hook.h"

static char hook_folder[] = "/tmp/fetchall-hook-XXXXXX";
static size_t hook_descriptors;

static void *
hook_settings(struct opts *opts, const struct stage *stage,
	const char *options)
{
	void *settings = opts_add(opts, stage->opts);
	char *line = mem_printf("fetchall %s", options);
	char **words = words_split(line, NULL);
	struct err err = { .code = ERR_NONE };
	int n = 0, first;

	while (words[n] != NULL)
		n++;
	if (opts_parse(opts, n, words, &first, &err) != 0 || first != n)
		fail_msg("%s: %s", options, err.text);
	words_free(words);
	free(line);
	return settings;
}

struct trial *
hook_new(const struct stage *stage, const char *command, const char *options)
{
	struct opts *opts = opts_new();
	struct trial *trial;

	print_message("%s %s\n", options, command);
	trial = trial_new(stage, command, hook_settings(opts, stage, options));
	opts_free(opts);
	return trial;
}

void
hook_refuses(const struct stage *stage, const char *command,
	const char *options, const char *words)
{
	struct opts *opts = opts_new();
	struct chain *chain = chain_new(1);
	struct err err = { .code = ERR_NONE };

	assert_int_equal(chain_add(chain, stage, command,
		hook_settings(opts, stage, options), &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	if (strstr(err.text, words) == NULL)
		fail_msg("'%s' is answered with: %s", command, err.text);
	chain_free(chain);
	opts_free(opts);
}

void
hook_expect(const struct trial *trial, const char *detail, const char *words)
{
	const struct chain_outcome *outcome = &trial->outcome;
	const char *got = outcome->errormsg != NULL ? outcome->errormsg : "";

	if (outcome->failed != (*detail != '\0'))
		fail_msg("failed: %d %s", outcome->failed, got);
	if (!outcome->failed)
		return;
	assert_int_equal(outcome->error_class, ERROR_EXEC);
	assert_non_null(outcome->detail);
	assert_string_equal(outcome->detail, detail);
	if (strstr(got, words) == NULL)
		fail_msg("'%s' is not in: %s", words, got);
}

static void *
hook_wait_for_word(void *arg)
{
	struct trial *trial = arg;
	int fd = open("told", O_RDONLY | O_CLOEXEC);
	char c;

	if (read(fd, &c, 1) == 1)
		trial->cancelled = 1;
	close(fd);
	return NULL;
}

void
hook_cancel(struct trial *trial, const void *p, size_t n)
{
	pthread_t thread;

	assert_int_equal(mkfifo("told", 0600), 0);
	assert_int_equal(pthread_create(&thread, NULL, hook_wait_for_word,
		trial), 0);
	trial_run(trial, p, n, TRIAL_WHOLE);
	pthread_join(thread, NULL);
	unlink("told");
	assert_true(trial->outcome.failed);
	assert_int_equal(trial->outcome.error_class, ERROR_STOPPED);
}

char *
hook_letters(size_t n)
{
	char *text = mem_alloc(n + 1);
	size_t i;

	for (i = 0; i < n; i++)
		text[i] = (char)('a' + i % 26);
	text[n] = '\0';
	return text;
}

int
hook_setup_folder(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	return mkdtemp(hook_folder) != NULL ? chdir(hook_folder) : -1;
}

int
hook_teardown_folder(void **state)
{
	(void)state;
	return chdir("/") + rmdir(hook_folder);
}

int
hook_setup(void **state)
{
	(void)state;
	hook_descriptors = leaks_descriptors();
	return 0;
}

int
hook_teardown(void **state)
{
	(void)state;
	leaks_no_child();
	assert_int_equal(leaks_descriptors(), hook_descriptors);
	return 0;
}
