/* SPDX-License-Identifier: MIT */
/*
 * perform -- one request at a time in the caller's thread, on
 * curl_easy_perform(), and the means to interrupt it.
 */
#include "config.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/list.h"
#include "base/mem.h"
#include "net/easy.h"
#include "net/fetch.h"
#include "net/perform.h"

struct perform_group {
	const struct easy_env *env;
	size_t kept;		/* connections of each performer */
	atomic_int cancel;
	pthread_mutex_t lock;	/* all below */
	struct list all;	/* performers, by `member` */
	struct list idle;	/* given back, the last one first; by `node` */
};

/*
 * Each has a lock of its own, taken after the group's where both are: at one
 * lock for all a hundred threads would meet twice with each fetch.
 */
struct performer {
	struct list member, node;
	struct perform_group *group;
	struct easy *easy;
	pthread_mutex_t lock;	/* all below */
	pthread_t thread;
	int busy;		/* that thread is inside perform() */
};

#define PERFORM_KEPT 100	/* connections kept by one */
#define PERFORM_KEPT_ALL 4096	/* and by all of a group */
#define PERFORM_SPARE 40	/* descriptors for all the rest */

/* SIGURG is ignored by default and used by nobody else here. */
#define PERFORM_SIGNAL SIGURG

static void
perform_on_signal(int number)
{
	(void)number;
}

struct perform_group *
perform_group_new(const struct easy_env *env)
{
	struct perform_group *group = mem_array(1, sizeof *group);
	struct sigaction action = { .sa_handler = perform_on_signal };

	group->env = env;
	perform_group_expect(group, 1);
	pthread_mutex_init(&group->lock, NULL);
	list_init(&group->all);
	list_init(&group->idle);
	/* A handler that does nothing: it only makes poll(2) return. */
	sigaction(PERFORM_SIGNAL, &action, NULL);
	return group;
}

/*
 * With few origins few are kept; with more origins than this each request
 * finds its connection gone, and keeping was for nothing.
 */
void
perform_group_expect(struct perform_group *group, size_t n)
{
	size_t room = PERFORM_KEPT_ALL, busy;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		busy = PERFORM_SPARE + n * (PERFORM_FILES - 1);
		if (limit.rlim_cur < busy + room)
			room = limit.rlim_cur > busy ?
				(size_t)limit.rlim_cur - busy : 0;
	}
	group->kept = room / n;
	if (group->kept > PERFORM_KEPT)
		group->kept = PERFORM_KEPT;
	if (group->kept < 1)
		group->kept = 1;
}

void
perform_group_free(struct perform_group *group)
{
	struct list *node;

	if (group == NULL)
		return;
	while ((node = list_pop(&group->idle)) != NULL)
		performer_free(LIST_ENTRY(node, struct performer, node));
	pthread_mutex_destroy(&group->lock);
	free(group);
}

struct performer *
performer_new(struct perform_group *group, struct err *err)
{
	struct performer *performer = mem_array(1, sizeof *performer);

	performer->group = group;
	performer->easy = easy_new(group->env, err);
	if (performer->easy == NULL) {
		free(performer);
		return NULL;
	}
	easy_set_blocking(performer->easy, &group->cancel, group->kept);
	pthread_mutex_init(&performer->lock, NULL);
	pthread_mutex_lock(&group->lock);
	list_push(&group->all, &performer->member);
	pthread_mutex_unlock(&group->lock);
	return performer;
}

void
performer_free(struct performer *performer)
{
	struct perform_group *group;

	if (performer == NULL)
		return;
	group = performer->group;
	pthread_mutex_lock(&group->lock);
	list_remove(&performer->member);
	pthread_mutex_unlock(&group->lock);
	pthread_mutex_destroy(&performer->lock);
	easy_free(performer->easy);
	free(performer);
}

struct performer *
performer_borrow(struct perform_group *group, struct err *err)
{
	struct list *node;

	pthread_mutex_lock(&group->lock);
	node = list_pop(&group->idle);
	pthread_mutex_unlock(&group->lock);
	return node != NULL ? LIST_ENTRY(node, struct performer, node) :
		performer_new(group, err);
}

void
performer_give_back(struct performer *performer)
{
	struct perform_group *group = performer->group;

	pthread_mutex_lock(&group->lock);
	list_push_front(&group->idle, &performer->node);
	pthread_mutex_unlock(&group->lock);
}

/* Only a thread that is inside can be woken: it may end right afterwards. */
static void
performer_set_busy(struct performer *performer, int busy)
{
	pthread_mutex_lock(&performer->lock);
	performer->thread = pthread_self();
	performer->busy = busy;
	pthread_mutex_unlock(&performer->lock);
}

static void
performer_wake(struct performer *performer)
{
	pthread_mutex_lock(&performer->lock);
	if (performer->busy)
		pthread_kill(performer->thread, PERFORM_SIGNAL);
	pthread_mutex_unlock(&performer->lock);
}

void
perform(struct performer *performer, struct fetch *fetch)
{
	struct perform_group *group = performer->group;
	CURLcode code;

	if (atomic_load(&group->cancel)) {
		fetch_reply_clear(&fetch->reply);
		fetch->reply.code = CURLE_ABORTED_BY_CALLBACK;
		fetch->reply.refusal = FETCH_CANCELLED;
		return;
	}
	if (fetch->request.flags & FETCH_NOTHING) {
		fetch_reply_clear(&fetch->reply);
		return;
	}
	if (easy_prepare(performer->easy, fetch) != 0)
		return;
	performer_set_busy(performer, 1);
	code = curl_easy_perform(easy_handle(performer->easy));
	performer_set_busy(performer, 0);
	easy_collect(performer->easy, (int)code);
}

void
perform_cancel(struct perform_group *group)
{
	struct list *node;

	atomic_store(&group->cancel, 1);
	pthread_mutex_lock(&group->lock);
	for (node = group->all.next; node != &group->all; node = node->next)
		performer_wake(LIST_ENTRY(node, struct performer, member));
	pthread_mutex_unlock(&group->lock);
}
