/* SPDX-License-Identifier: MIT */
/*
 * What gnuplot is told. That it draws it is tested by runs.bats.
 */
#include "config.h"

#include "base/buf.h"
#include "cli/plot.h"
#include "unit.h"

#include "made.h"

static void
expect_script(struct contest *contest, const char *const *parts, size_t n)
{
	struct standings standings;
	struct buf out;
	size_t i;

	standings_init(&standings, contest, 0);
	buf_init(&out, 1 << 20);
	plot_add_script(&out, &standings, 0);
	for (i = 0; i < n; i++)
		if (strstr(buf_text(&out), parts[i]) == NULL)
			fail_msg("%s is not in %s", parts[i], buf_text(&out));
	buf_release(&out);
	standings_release(&standings);
	contest_release(contest);
}

static void
a_comparison_is_bars_with_their_errors(void **state)
{
	static const char *const parts[] = {
		"set terminal svg",
		"$runs << END\n\"async\" 0.1 0.01\n\"serial\" 2 0\nEND\n",
		"with boxerrorbars",
	};
	struct contest contest = made_contest(2);

	(void)state;
	made_contender(&contest, 0, "async", 8, "async");
	made_contender(&contest, 1, "serial", 8, "serial");
	made_run(&contest, 0, 90, 20, 0);
	made_run(&contest, 0, 100, 20, 0);
	made_run(&contest, 0, 110, 20, 0);
	made_run(&contest, 1, 2000, 20, 0);
	expect_script(&contest, parts, 3);
}

static void
a_sweep_is_lines_over_concurrency(void **state)
{
	static const char *const parts[] = {
		"$series0 << END\n2 2 0\n8 2 0\nEND\n",
		"$series1 << END\n2 1 0\n8 0.25 0\nEND\n",
		"set xtics (2, 8)\n",
		("plot $series0 using 1:2:3 with yerrorlines lw 1.5 title "
			"'serial', $series1 using"),
	};
	struct contest contest = made_contest(3);

	(void)state;
	contest.sweep = 1;
	made_contender(&contest, 0, "serial", 2, "serial");
	made_contender(&contest, 1, "async", 2, "async -c 2");
	made_contender(&contest, 2, "async", 8, "async -c 8");
	made_run(&contest, 0, 2000, 20, 0);
	made_run(&contest, 1, 1000, 20, 0);
	made_run(&contest, 2, 250, 20, 0);
	expect_script(&contest, parts, 4);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_comparison_is_bars_with_their_errors),
	cmocka_unit_test(a_sweep_is_lines_over_concurrency),
};

UNIT_MAIN("cli/plot", tests)
