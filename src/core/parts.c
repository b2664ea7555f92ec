/* SPDX-License-Identifier: MIT */
/*
 * parts -- who of a run has which part. The lock on the file keeps other runs
 * away but cannot tell them from our own processes, so bodies say in shared
 * memory which part they are about to take. Two that say so at the same time
 * both go without, which costs nothing but being gone on with.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "base/map.h"
#include "base/mem.h"
#include "core/part.h"
#include "core/parts.h"
#include "core/tree.h"

struct parts {
	const char *folder;
	size_t n;
	_Atomic uint64_t *claims;	/* by holder: the part's hash; 0: none.
					 * All processes' */
	pthread_mutex_t lock;
	struct tree *tree;		/* this process's; NULL: not opened */
};

struct parts *
parts_new(const char *folder, size_t n, struct err *err)
{
	struct parts *parts;
	void *claims = mmap(NULL, n * sizeof(uint64_t), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (claims == MAP_FAILED) {
		err_sys(err, "shared memory for partial bodies");
		return NULL;
	}
	parts = mem_array(1, sizeof *parts);
	parts->folder = folder;
	parts->n = n;
	parts->claims = claims;
	pthread_mutex_init(&parts->lock, NULL);
	return parts;
}

void
parts_free(struct parts *parts)
{
	if (parts == NULL)
		return;
	munmap(parts->claims, parts->n * sizeof(uint64_t));
	pthread_mutex_destroy(&parts->lock);
	tree_free(parts->tree);
	free(parts);
}

/* Locks it; NULL with errno, and it is not. */
static struct tree *
parts_enter(struct parts *parts)
{
	pthread_mutex_lock(&parts->lock);
	if (parts->tree == NULL)
		parts->tree = tree_open(parts->folder, 0, NULL);
	if (parts->tree == NULL)
		pthread_mutex_unlock(&parts->lock);
	return parts->tree;
}

static int
parts_exit(struct parts *parts, int rc)
{
	pthread_mutex_unlock(&parts->lock);
	return rc;
}

int
parts_look(struct parts *parts, const char *path, struct part *ret)
{
	struct tree *tree = parts_enter(parts);

	*ret = (struct part){ 0 };
	return tree == NULL ? -1 :
		parts_exit(parts, part_look(tree, path, ret));
}

/* -1 with errno: another body has it. */
static int
parts_claim(struct parts *parts, size_t holder, const char *path)
{
	static const uint64_t seed[2] = { 0, 0 };
	uint64_t hash = map_hash(seed, path, strlen(path)) | 1;
	size_t i;

	atomic_store(&parts->claims[holder], hash);
	for (i = 0; i < parts->n; i++)
		if (i != holder && atomic_load(&parts->claims[i]) == hash) {
			atomic_store(&parts->claims[holder], 0);
			errno = EALREADY;
			return -1;
		}
	return 0;
}

void
parts_leave(struct parts *parts, size_t holder)
{
	atomic_store(&parts->claims[holder], 0);
}

int
parts_begin(struct parts *parts, size_t holder, const char *path,
	const char *url, const char *validator)
{
	struct tree *tree;

	if (parts_claim(parts, holder, path) != 0)
		return -1;
	tree = parts_enter(parts);
	return tree == NULL ? -1 : parts_exit(parts, part_begin(tree, path,
		url, validator));
}

int
parts_resume(struct parts *parts, size_t holder, const char *path,
	const char *url, const char *validator, uint64_t len)
{
	struct tree *tree;

	if (parts_claim(parts, holder, path) != 0)
		return -1;
	tree = parts_enter(parts);
	return tree == NULL ? -1 : parts_exit(parts, part_resume(tree, path,
		url, validator, len));
}
