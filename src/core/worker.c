/* SPDX-License-Identifier: MIT */
/*
 * worker -- the other end of a pool of processes.
 *
 * It asks nobody for its next job while there is one in its places, and says
 * only that there is none: a message each way and the switches around it
 * would cost half of a fetch from a server nearby.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/errand.h"
#include "core/places.h"
#include "core/worker.h"
#include "core/zygote.h"

struct worker {
	const struct zygote_child *child;
	struct places *places;
	int sock;
	struct errand errand;
	struct packet received, sent;
	struct packet long_request;
};

/* Waits for a message; the run's end is this process's. */
static void
worker_listen(struct worker *worker)
{
	struct packet swap;

	if (packet_recv(worker->sock, &worker->received, 0) != PACKET_DONE) {
		errand_release(&worker->errand);
		_exit(EXIT_SUCCESS);
	}
	if (worker->received.kind != WORKER_REQUEST)
		return;
	swap = worker->long_request;
	worker->long_request = worker->received;
	worker->received = swap;
}

/* Requests that were recalled may come first. */
static int
worker_read_long(struct worker *worker, int32_t ticket)
{
	const size_t skip = sizeof(struct worker_entry);
	struct packet *packet = &worker->long_request;

	while (packet->kind != WORKER_REQUEST || packet->value != ticket)
		worker_listen(worker);
	if (packet->broken || packet->bytes.len < skip)
		return -1;
	return errand_read_request(packet->bytes.data + skip,
		packet->bytes.len - skip,
		packet->n_fds > 0 ? packet->fds[0] : -1, worker->child,
		&worker->errand);
}

static int
worker_read_request(struct worker *worker, size_t number)
{
	const struct place *place = &worker->places->list[number];
	struct worker_entry entry;

	memcpy(&entry, place->bytes, sizeof entry);
	if (entry.ticket != 0)
		return worker_read_long(worker, entry.ticket);
	return errand_read_request(place->bytes + sizeof entry,
		place->len - sizeof entry, -1, worker->child,
		&worker->errand);
}

static void
worker_answer(struct worker *worker, size_t number)
{
	struct packet *answer = &worker->sent;
	int fd;

	packet_clear(answer);
	errand_add_reply(&answer->bytes, &fd, &worker->errand);
	if (fd < 0 && answer->bytes.len <= PLACES_BYTES) {
		errand_let_go(&worker->errand);
		places_finish(worker->places, number, answer->bytes.data,
			answer->bytes.len);
		return;
	}
	if (fd >= 0)
		answer->fds[answer->n_fds++] = fd;
	/* Once it is sent the place is no more this process's. */
	places_finish(worker->places, number, NULL, 0);
	answer->kind = WORKER_LONG_REPLY;
	answer->number = (uint32_t)number;
	packet_send(worker->sock, answer, 0);
	answer->n_fds = 0;
	errand_let_go(&worker->errand);
}

/* The next job's place. */
static size_t
worker_await(struct worker *worker, size_t last)
{
	int number;

	while ((number = places_begin(worker->places, last)) < 0) {
		if (!places_may_sleep(worker->places))
			continue;
		packet_clear(&worker->sent);
		worker->sent.kind = WORKER_NO_MORE;
		packet_send(worker->sock, &worker->sent, 0);
		worker_listen(worker);
	}
	return (size_t)number;
}

void
worker_live(struct zygote_child *child)
{
	struct worker worker = {
		.child = child,
		.places = child->shared,
		.sock = child->packet->fds[0],
	};
	size_t number = 0;

	/* Its own socket tells it all; the zygote's would outlive the run. */
	close(child->sock);
	packet_init(&worker.received);
	packet_init(&worker.sent);
	packet_init(&worker.long_request);
	if (child->performer == NULL)
		_exit(EXIT_FAILURE);
	for (;;) {
		number = worker_await(&worker, number);
		if (worker_read_request(&worker, number) != 0)
			_exit(EXIT_FAILURE);
		errand_perform(&worker.errand, child->performer);
		worker_answer(&worker, number);
	}
}
