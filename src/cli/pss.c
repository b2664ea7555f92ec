/* SPDX-License-Identifier: MIT */
/*
 * pss -- the memory of child processes, from /proc/PID/smaps_rollup.
 *
 * Their own peak resident sizes (ru_maxrss) would count every page that they
 * share with this process once more for each of them. A look walks the page
 * tables of all of them, 4 ms for sixty-five, on the run's own bill, so looks
 * become rarer until they are a hundredth of the time. Processes that live
 * shorter than the time between two looks may be missed: this is a sample.
 */
#include "config.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/pss.h"

#define PSS_EVERY (50 * CLOCK_MS)	/* at most that often */
#define PSS_SHARE 100	/* one part of that many of the time, at most */
#define PSS_DEPTH 8	/* of processes below processes */

struct pss {
	pthread_t thread;
	pthread_mutex_t lock;	/* all below */
	pthread_cond_t stop_asked;
	int stopping;
	uint64_t peak;
};

/* A process that has ended meanwhile counts as nothing. */
static uint64_t
pss_of(long pid)
{
	unsigned long kib = 0;
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", pid);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	while (fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, "Pss: %lu", &kib) == 1)
			break;
	fclose(file);
	return (uint64_t)kib * 1024;
}

static uint64_t pss_below_process(const char *process, int depth);

/* The children that one thread has made, and theirs. */
static uint64_t
pss_below_thread(const char *process, const char *thread, int depth)
{
	char path[300], child[32];
	uint64_t sum = 0;
	FILE *file;
	long pid;

	snprintf(path, sizeof path, "/proc/%s/task/%s/children", process,
		thread);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	while (fscanf(file, "%ld", &pid) == 1) {
		snprintf(child, sizeof child, "%ld", pid);
		sum += pss_of(pid) + pss_below_process(child, depth + 1);
	}
	fclose(file);
	return sum;
}

static uint64_t
pss_below_process(const char *process, int depth)
{
	const struct dirent *entry;
	uint64_t sum = 0;
	char path[64];
	DIR *tasks;

	if (depth > PSS_DEPTH)
		return 0;
	snprintf(path, sizeof path, "/proc/%s/task", process);
	tasks = opendir(path);
	if (tasks == NULL)
		return 0;
	while ((entry = readdir(tasks)) != NULL)
		if (entry->d_name[0] != '.')
			sum += pss_below_thread(process, entry->d_name,
				depth);
	closedir(tasks);
	return sum;
}

uint64_t
pss_below(void)
{
	return pss_below_process("self", 0);
}

/* The processor time of this thread. */
static int64_t
pss_cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * CLOCK_SECOND + now.tv_nsec / 1000;
}

int64_t
pss_pause(int64_t elapsed_us, int64_t look_us)
{
	int64_t pause = look_us * PSS_SHARE;

	/* Twice as late each time at first: short runs are seen too. */
	if (pause > elapsed_us)
		pause = elapsed_us;
	return pause > PSS_EVERY ? pause : PSS_EVERY;
}

static void *
pss_main(void *arg)
{
	struct pss *pss = arg;
	int64_t began = clock_us(), at, cpu;
	struct timespec until;
	uint64_t now;

	pthread_mutex_lock(&pss->lock);
	while (!pss->stopping) {
		pthread_mutex_unlock(&pss->lock);
		cpu = pss_cpu_us();
		now = pss_below();
		cpu = pss_cpu_us() - cpu;
		pthread_mutex_lock(&pss->lock);
		if (now > pss->peak)
			pss->peak = now;
		at = clock_us();
		at += pss_pause(at - began, cpu);
		until.tv_sec = at / CLOCK_SECOND;
		until.tv_nsec = at % CLOCK_SECOND * 1000;
		if (!pss->stopping)
			pthread_cond_timedwait(&pss->stop_asked, &pss->lock,
				&until);
	}
	pthread_mutex_unlock(&pss->lock);
	return NULL;
}

struct pss *
pss_start(void)
{
	struct pss *pss = mem_array(1, sizeof *pss);
	pthread_condattr_t attr;

	pthread_mutex_init(&pss->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pss->stop_asked, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&pss->thread, NULL, pss_main, pss) == 0)
		return pss;
	pthread_cond_destroy(&pss->stop_asked);
	pthread_mutex_destroy(&pss->lock);
	free(pss);
	return NULL;
}

uint64_t
pss_stop(struct pss *pss)
{
	uint64_t peak;

	if (pss == NULL)
		return 0;
	pthread_mutex_lock(&pss->lock);
	pss->stopping = 1;
	pthread_mutex_unlock(&pss->lock);
	pthread_cond_signal(&pss->stop_asked);
	pthread_join(pss->thread, NULL);
	peak = pss->peak;
	pthread_cond_destroy(&pss->stop_asked);
	pthread_mutex_destroy(&pss->lock);
	free(pss);
	return peak;
}
