/* SPDX-License-Identifier: MIT */
/*
 * packer -- what a stage that packs must keep, told by the library that
 * unpacks it again.
 */
#include "config.h"

#include "base/mem.h"
#include "stage/packer.h"
#include "unit.h"

struct body {
	const struct packer *packer;
	const char *p;
	size_t n;
};

static void
packer_check(struct trial *trial, const void *arg)
{
	const struct body *body = arg;
	char *text = mem_array(body->n + 1, 1);

	assert_false(trial->outcome.failed);
	assert_int_equal(trial_u64(trial, body->packer->column),
		trial->out.len);
	assert_int_equal(body->packer->unpack(&trial->out, text, body->n + 1),
		body->n);
	assert_memory_equal(text, body->p, body->n);
	free(text);
}

void
packer_round_trips(const struct packer *packer)
{
	static const size_t sizes[] = { 0, 1, 1000, 32768, 500000 };
	const char *const levels[] = { NULL, "1", packer->highest };
	struct body body;
	struct trial *trial;
	char *text;
	size_t i, k;

	for (k = 0; k < sizeof levels / sizeof *levels; k++) {
		trial = trial_new(packer->stage, levels[k], NULL);
		for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			text = trial_words(sizes[i]);
			body = (struct body){ packer, text, sizes[i] };
			trial_run_cut(trial, text, body.n, packer_check, &body);
			free(text);
		}
		trial_free(trial);
	}
}

static char *
packer_noise(size_t n)
{
	char *noise = mem_array(n, 1);
	uint32_t random = 7;
	size_t i;

	for (i = 0; i < n; i++) {
		random = random * 1664525 + 1013904223;
		noise[i] = (char)(random >> 24);
	}
	return noise;
}

void
packer_packs_noise(const struct packer *packer)
{
	struct trial *trial = trial_new(packer->stage, NULL, NULL);
	size_t n = 300000;
	char *noise = packer_noise(n);

	trial_run_cut(trial, noise, n, packer_check,
		&(struct body){ packer, noise, n });
	assert_in_range(trial->out.len, n, n + 1000);
	free(noise);
	trial_free(trial);
}

void
packer_stops(const struct packer *packer)
{
	struct trial *trial = trial_new(packer->stage, NULL, NULL);
	size_t n = 2000000;
	char *noise = packer_noise(n);

	trial->stop_at = 1;
	trial_run(trial, noise, n, TRIAL_WHOLE);
	assert_true(trial->outcome.failed);
	assert_int_equal(trial->outcome.error_class, ERROR_STOPPED);
	assert_in_range(trial->out.len, 1, 300000);
	free(noise);
	trial_free(trial);
}

void
packer_packs_smaller(const struct packer *packer)
{
	struct trial *fast = trial_new(packer->stage, "1", NULL);
	struct trial *small = trial_new(packer->stage, "9", NULL);
	char *text = trial_words(500000);

	trial_run(fast, text, 500000, TRIAL_WHOLE);
	trial_run(small, text, 500000, TRIAL_WHOLE);
	assert_true(small->out.len < fast->out.len);
	assert_true(fast->out.len < 250000);
	free(text);
	trial_free(fast);
	trial_free(small);
}

void
packer_begins_anew(const struct packer *packer)
{
	struct trial *trial = trial_new(packer->stage, NULL, NULL);
	char *text = trial_words(200000);

	trial_abort(trial, text, 200000, 150000);
	assert_null(trial_value(trial, packer->column));
	trial_run_cut(trial, text, 1000, packer_check,
		&(struct body){ packer, text, 1000 });
	free(text);
	trial_free(trial);
}
