/* SPDX-License-Identifier: MIT */
/*
 * service -- names, the run's timer and signals as events on one base.
 *
 * Requests come from any thread through a list and one wake-up; from the
 * base's own thread an event is activated instead, which costs no system
 * call. Signals come through a signalfd, so there is no handler and no moment
 * at which one could be lost.
 */
#include "config.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "core/service.h"
#include "net/loop.h"
#include "net/wake.h"

struct service {
	struct names *names;
	struct service_hooks hooks;
	struct event_base *base;
	struct event_base *own_base;	/* the thread's, or NULL */
	pthread_t thread;		/* runs own_base */
	pthread_t attacher;		/* runs the base attached to */
	struct event wake_event, timer, signal_event, due_event;
	struct heap asked;		/* those with an end, by it */
	struct wake wake;
	atomic_int attached;		/* other threads look while it ends */
	int threaded;
	int signal_fd;
	sigset_t old_mask;
	pthread_mutex_t lock;	/* all below */
	struct list asks;
	int64_t timer_at;	/* 0: not set */
	int closing;
};

static void
service_arm(struct service *service)
{
	struct timeval delay;
	int64_t left;

	pthread_mutex_lock(&service->lock);
	left = service->timer_at;
	pthread_mutex_unlock(&service->lock);
	if (left == 0)
		return;
	left -= clock_us();
	if (left < 0)
		left = 0;
	delay.tv_sec = left / CLOCK_SECOND;
	delay.tv_usec = left % CLOCK_SECOND;
	evtimer_add(&service->timer, &delay);
}

/* --- look-ups --- */

static void
service_on_name(struct names_waiter *waiter, enum names_status status,
	struct addrs *addrs)
{
	struct service_ask *ask = LIST_ENTRY(waiter, struct service_ask,
		waiter);

	if (ask->until_us != 0)
		heap_remove(&ask->service->asked, &ask->due);
	ask->done(ask, status, addrs);
}

/* Earlier than needed is fine: most answers come long before the end. */
static void
service_arm_due(struct service *service)
{
	struct heap_node *first = heap_first(&service->asked);
	struct timeval delay = { 0, 0 };
	int64_t left;

	if (first == NULL || evtimer_pending(&service->due_event, NULL))
		return;
	left = first->at - clock_us();
	if (left > 0) {
		delay.tv_sec = left / CLOCK_SECOND;
		delay.tv_usec = left % CLOCK_SECOND;
	}
	evtimer_add(&service->due_event, &delay);
}

/* The names go on with it for their cache; this one waits no longer. */
static void
service_on_due(evutil_socket_t fd, short what, void *arg)
{
	struct service *service = arg;
	struct heap_node *first;
	struct service_ask *ask;

	(void)fd;
	(void)what;
	while ((first = heap_first(&service->asked)) != NULL &&
	    first->at <= clock_us()) {
		ask = LIST_ENTRY(first, struct service_ask, due);
		names_cancel(service->names, &ask->waiter);
		service_on_name(&ask->waiter, NAMES_TIMEOUT, NULL);
	}
	service_arm_due(service);
}

static void
service_ask_name(struct service *service, struct service_ask *ask)
{
	struct heap_node *first = heap_first(&service->asked);

	if (ask->until_us != 0) {
		if (first != NULL && ask->until_us < first->at)
			evtimer_del(&service->due_event);
		heap_push(&service->asked, &ask->due, ask->until_us);
		service_arm_due(service);
	}
	ask->waiter.done = service_on_name;
	ask->waiter.doubt_us = ask->doubt_us;
	names_lookup(service->names, ask->host, ask->host_len, ask->port,
		&ask->waiter);
}

/* --- events --- */

static void
service_on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct service *service = arg;
	struct list asks, *node;
	int closing;

	(void)fd;
	(void)what;
	list_init(&asks);
	wake_clear(&service->wake);
	pthread_mutex_lock(&service->lock);
	list_splice(&asks, &service->asks);
	closing = service->closing;
	pthread_mutex_unlock(&service->lock);
	if (closing && service->threaded) {
		event_base_loopbreak(service->base);
		return;
	}
	while ((node = list_pop(&asks)) != NULL)
		service_ask_name(service, LIST_ENTRY(node, struct service_ask,
			node));
	service_arm(service);
}

static void
service_on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct service *service = arg;

	(void)fd;
	(void)what;
	pthread_mutex_lock(&service->lock);
	service->timer_at = 0;
	pthread_mutex_unlock(&service->lock);
	service->hooks.on_timer(service->hooks.arg);
}

static void
service_on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct service *service = arg;
	int number;

	(void)fd;
	(void)what;
	while ((number = service_signal(service)) != 0)
		service->hooks.on_signal(service->hooks.arg, number);
}

int
service_signal_fd(const struct service *service)
{
	return service->signal_fd;
}

int
service_signal(const struct service *service)
{
	struct signalfd_siginfo info;

	if (read(service->signal_fd, &info, sizeof info) != sizeof info)
		return 0;
	return (int)info.ssi_signo;
}

/* Makes the base's thread look at what changed. */
static void
service_kick(struct service *service)
{
	if (service->attached &&
	    pthread_equal(service->attacher, pthread_self()))
		event_active(&service->wake_event, EV_READ, 0);
	else
		wake_set(&service->wake);
}

void
service_look_up(struct service *service, struct service_ask *ask)
{
	int first;

	pthread_mutex_lock(&service->lock);
	ask->service = service;
	first = list_empty(&service->asks);
	list_push(&service->asks, &ask->node);
	pthread_mutex_unlock(&service->lock);
	if (first)
		service_kick(service);
}

void
service_set_timer(struct service *service, int64_t at_us)
{
	int earlier;

	pthread_mutex_lock(&service->lock);
	earlier = service->timer_at == 0 || at_us < service->timer_at;
	if (earlier)
		service->timer_at = at_us;
	pthread_mutex_unlock(&service->lock);
	if (earlier)
		service_kick(service);
}

static int
service_open_signals(struct service *service, struct err *err)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &mask, &service->old_mask);
	service->signal_fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	if (service->signal_fd >= 0)
		return 0;
	pthread_sigmask(SIG_SETMASK, &service->old_mask, NULL);
	return err_sys(err, "signalfd");
}

struct service *
service_new(struct names *names, const struct service_hooks *hooks,
	struct err *err)
{
	struct service *service = mem_array(1, sizeof *service);

	service->names = names;
	service->hooks = *hooks;
	list_init(&service->asks);
	heap_init(&service->asked);
	if (service_open_signals(service, err) != 0) {
		free(service);
		return NULL;
	}
	if (wake_open(&service->wake, err) != 0) {
		close(service->signal_fd);
		pthread_sigmask(SIG_SETMASK, &service->old_mask, NULL);
		free(service);
		return NULL;
	}
	pthread_mutex_init(&service->lock, NULL);
	return service;
}

void
service_free(struct service *service)
{
	if (service == NULL)
		return;
	wake_close(&service->wake);
	close(service->signal_fd);
	pthread_sigmask(SIG_SETMASK, &service->old_mask, NULL);
	pthread_mutex_destroy(&service->lock);
	free(service);
}

static int
service_add_events(struct service *service, struct event_base *base,
	struct err *err)
{
	if (names_attach(service->names, base, err) != 0)
		return -1;
	service->base = base;
	event_assign(&service->wake_event, base, service->wake.fd,
		EV_READ | EV_PERSIST, service_on_wake, service);
	event_assign(&service->signal_event, base, service->signal_fd,
		EV_READ | EV_PERSIST, service_on_signal, service);
	evtimer_assign(&service->timer, base, service_on_timer, service);
	evtimer_assign(&service->due_event, base, service_on_due, service);
	event_add(&service->wake_event, NULL);
	event_add(&service->signal_event, NULL);
	return 0;
}

int
service_attach(struct service *service, struct event_base *base,
	struct err *err)
{
	if (service_add_events(service, base, err) != 0)
		return -1;
	service->attacher = pthread_self();
	service->attached = 1;
	return 0;
}

static void
service_detach(struct service *service)
{
	names_detach(service->names);
	event_del(&service->wake_event);
	event_del(&service->signal_event);
	event_del(&service->timer);
	event_del(&service->due_event);
	/* Not answered: dropped, as the names have dropped them. */
	heap_release(&service->asked);
	heap_init(&service->asked);
}

static void *
service_main(void *arg)
{
	struct service *service = arg;

	event_base_dispatch(service->base);
	return NULL;
}

int
service_start(struct service *service, struct err *err)
{
	service->own_base = loop_new(0, err);
	if (service->own_base == NULL)
		return -1;
	service->threaded = 1;
	if (service_add_events(service, service->own_base, err) != 0)
		goto fail;
	errno = pthread_create(&service->thread, NULL, service_main, service);
	if (errno == 0)
		return 0;
	err_sys(err, "cannot start the service thread");
	service_detach(service);
fail:
	event_base_free(service->own_base);
	service->own_base = NULL;
	service->threaded = 0;
	return -1;
}

void
service_stop(struct service *service)
{
	if (service->threaded) {
		pthread_mutex_lock(&service->lock);
		service->closing = 1;
		pthread_mutex_unlock(&service->lock);
		wake_set(&service->wake);
		pthread_join(service->thread, NULL);
		service_detach(service);
		event_base_free(service->own_base);
		service->own_base = NULL;
		service->threaded = 0;
	} else if (service->attached) {
		service_detach(service);
		service->attached = 0;
	}
}
