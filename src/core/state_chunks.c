/* SPDX-License-Identifier: MIT */
/*
 * state_chunks -- the bits and hashes of a state, in memory.
 *
 * A chunk's hash is a chain: that of a line is keyed with that of the line
 * before it. So it is known after any line, with no more than eight bytes of
 * it in memory, and a list can be compared up to the very line at which it
 * was last committed. It is SipHash with 64 bits (base/map.h has it): a list
 * is the user's own, and nobody gains by forging one.
 *
 * What is asked for every URL, whether it was done before, must neither wait
 * for a lock nor see what this run does: it has bits of its own.
 */
#include "config.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "core/state_chunks.h"

/* Without padding, so that the whole of it can be hashed. */
static_assert(sizeof(struct state_chunk) == 4 * 8 + STATE_CHUNK / 8,
	"struct state_chunk has padding");

struct slot {
	struct state_chunk chunk;
	uint64_t check;		/* of its row; 0: it has none yet */
	int changed;
};

struct state_chunks {
	pthread_mutex_t lock;
	struct slot *slots;
	size_t n, size;
	size_t *changed;	/* indexes of those, as many as n at most */
	size_t n_changed;
	struct state_chunk *copies;
	size_t copies_size;
	/* What was loaded; not changed any more once there are threads. */
	unsigned char *before;
	uint64_t n_before, done_before;
	/* Of the thread that adds lines. */
	uint64_t at;		/* lines that were added */
	uint64_t hash;		/* of those of the last one's chunk */
	uint64_t checked;	/* lines that are right */
};

uint64_t
state_chunk_check(const struct state_chunk *chunk)
{
	static const uint64_t seed[2] = { 1, 0 };

	return map_hash(seed, chunk, sizeof *chunk);
}

struct state_chunks *
state_chunks_new(void)
{
	struct state_chunks *chunks = mem_array(1, sizeof *chunks);

	pthread_mutex_init(&chunks->lock, NULL);
	return chunks;
}

void
state_chunks_free(struct state_chunks *chunks)
{
	if (chunks == NULL)
		return;
	pthread_mutex_destroy(&chunks->lock);
	free(chunks->slots);
	free(chunks->changed);
	free(chunks->copies);
	free(chunks->before);
	free(chunks);
}

static int
state_chunks_bit(const unsigned char *bits, uint64_t i)
{
	return bits[i / 8] >> (i % 8) & 1;
}

/* A new last one. */
static struct slot *
state_chunks_grow(struct state_chunks *chunks)
{
	struct slot *slot;

	if (chunks->n == chunks->size) {
		chunks->size = chunks->size * 2 + 4;
		chunks->slots = mem_grow(chunks->slots, chunks->size,
			sizeof *chunks->slots);
		chunks->changed = mem_grow(chunks->changed, chunks->size,
			sizeof *chunks->changed);
	}
	slot = &chunks->slots[chunks->n];
	*slot = (struct slot){ .chunk = { .index = chunks->n } };
	chunks->n++;
	return slot;
}

static void
state_chunks_change(struct state_chunks *chunks, struct slot *slot)
{
	if (slot->changed)
		return;
	slot->changed = 1;
	chunks->changed[chunks->n_changed++] = slot->chunk.index;
}

/* All but the last one are full, and no line is done that was not read. */
static int
state_chunks_fits(const struct state_chunks *chunks,
	const struct state_chunk *chunk)
{
	uint64_t i;

	if (chunk->index != chunks->n || chunk->lines == 0 ||
	    chunk->lines > STATE_CHUNK ||
	    chunks->n_before != chunk->index * STATE_CHUNK)
		return 0;
	for (i = chunk->lines; i < STATE_CHUNK; i++)
		if (state_chunks_bit(chunk->done, i))
			return 0;
	return 1;
}

int
state_chunks_load(struct state_chunks *chunks, const struct state_chunk *chunk)
{
	struct slot *slot;
	size_t i;

	if (!state_chunks_fits(chunks, chunk))
		return -1;
	slot = state_chunks_grow(chunks);
	slot->chunk = *chunk;
	slot->check = state_chunk_check(chunk);
	chunks->before = mem_grow(chunks->before, chunks->n,
		sizeof chunk->done);
	memcpy(chunks->before + chunk->index * sizeof chunk->done,
		chunk->done, sizeof chunk->done);
	chunks->n_before += chunk->lines;
	for (i = 0; i < sizeof chunk->done; i++)
		chunks->done_before += (uint64_t)
			__builtin_popcount(chunk->done[i]);
	return 0;
}

uint64_t
state_chunks_done(const struct state_chunks *chunks)
{
	return chunks->done_before;
}

int
state_chunks_was_done(const struct state_chunks *chunks, uint64_t seq)
{
	return seq - 1 < chunks->n_before &&
		state_chunks_bit(chunks->before, seq - 1);
}

int
state_chunks_undo(struct state_chunks *chunks, uint64_t seq)
{
	uint64_t i = seq - 1;
	unsigned char keep = (unsigned char)~(1U << i % 8);
	struct slot *slot;

	if (!state_chunks_was_done(chunks, seq))
		return -1;
	slot = &chunks->slots[i / STATE_CHUNK];
	slot->chunk.done[i % STATE_CHUNK / 8] &= keep;
	state_chunks_change(chunks, slot);
	chunks->before[i / 8] &= keep;
	chunks->done_before--;
	return 0;
}

int
state_chunks_add(struct state_chunks *chunks, const void *line, size_t n)
{
	uint64_t i = chunks->at % STATE_CHUNK;
	size_t index = (size_t)(chunks->at / STATE_CHUNK);
	uint64_t seed[2] = { i == 0 ? index : chunks->hash, i };
	struct state_chunk *chunk;
	struct slot *slot;
	int rc = 0;

	chunks->hash = map_hash(seed, line, n);
	chunks->at++;
	pthread_mutex_lock(&chunks->lock);
	slot = index < chunks->n ? &chunks->slots[index] :
		state_chunks_grow(chunks);
	chunk = &slot->chunk;
	if (i >= chunk->lines) {
		chunk->lines = i + 1;
		chunk->hash = chunks->hash;
		state_chunks_change(chunks, slot);
	}
	/* Its hash is that of its last line. */
	if (i + 1 == chunk->lines && chunk->hash != chunks->hash)
		rc = -1;
	else if (i + 1 == chunk->lines)
		chunks->checked = chunks->at;
	pthread_mutex_unlock(&chunks->lock);
	return rc;
}

void
state_chunks_rewind(struct state_chunks *chunks)
{
	chunks->at = 0;
	chunks->checked = 0;
}

uint64_t
state_chunks_at(const struct state_chunks *chunks)
{
	return chunks->at;
}

uint64_t
state_chunks_checked(const struct state_chunks *chunks)
{
	return chunks->checked;
}

static uint64_t
state_chunks_known(const struct state_chunks *chunks)
{
	if (chunks->n == 0)
		return 0;
	return (chunks->n - 1) * (uint64_t)STATE_CHUNK +
		chunks->slots[chunks->n - 1].chunk.lines;
}

uint64_t
state_chunks_lines(struct state_chunks *chunks)
{
	uint64_t lines;

	pthread_mutex_lock(&chunks->lock);
	lines = state_chunks_known(chunks);
	pthread_mutex_unlock(&chunks->lock);
	return lines;
}

void
state_chunks_settle(struct state_chunks *chunks, uint64_t seq)
{
	uint64_t i = seq - 1;
	struct slot *slot;

	pthread_mutex_lock(&chunks->lock);
	assert(i < state_chunks_known(chunks));
	slot = &chunks->slots[i / STATE_CHUNK];
	slot->chunk.done[i % STATE_CHUNK / 8] |= (unsigned char)(1U << i % 8);
	state_chunks_change(chunks, slot);
	pthread_mutex_unlock(&chunks->lock);
}

const struct state_chunk *
state_chunks_changed(struct state_chunks *chunks, uint64_t generation,
	uint64_t *sum, uint64_t *total, size_t *ret_n)
{
	struct slot *slot;
	size_t i;

	pthread_mutex_lock(&chunks->lock);
	if (chunks->n_changed > chunks->copies_size) {
		chunks->copies_size = chunks->n_changed * 2;
		chunks->copies = mem_grow(chunks->copies, chunks->copies_size,
			sizeof *chunks->copies);
	}
	for (i = 0; i < chunks->n_changed; i++) {
		slot = &chunks->slots[chunks->changed[i]];
		slot->changed = 0;
		slot->chunk.generation = generation;
		*sum ^= slot->check;
		slot->check = state_chunk_check(&slot->chunk);
		*sum ^= slot->check;
		chunks->copies[i] = slot->chunk;
	}
	*ret_n = chunks->n_changed;
	*total = chunks->n;
	chunks->n_changed = 0;
	pthread_mutex_unlock(&chunks->lock);
	return chunks->copies;
}
