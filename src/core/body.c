/* SPDX-License-Identifier: MIT */
/*
 * body -- bytes that stay where they were first written: in a slot of shared
 * memory that every process of the run has at the same address, or in a file
 * once they are too many, in the folder where they will get their name. A pipe
 * or a malloc'd buffer would be copied, for processes even twice.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/body.h"
#include "core/budget.h"
#include "core/parts.h"
#include "core/resumed.h"
#include "core/slots.h"
#include "core/unnamed.h"
#include "net/fetch.h"

#define BODY_STEP 4096u

struct body_store {
	struct budget *budget;
	struct slots *slots;
	char *folder;
	int linkable;
	struct parts *parts;
};

struct body {
	struct body_store *store;
	size_t slot;
	int attached;		/* the slot is another process's to give */
	uint64_t len;		/* in the slot; 0 once it is in a file */
	uint64_t charged;	/* in memory, for this body */
	uint64_t refused;	/* so many bytes would not go into memory */
	struct unnamed file;	/* what was received, once it is in one */
	struct resumed resumed;	/* how that may be a part */
	struct unnamed made;	/* what the stages made of it, if anything */
	int shared, made_shared;	/* others may write to them still */
};

/* --- the store --- */

struct body_store *
body_store_new(const struct body_store_args *args, struct err *err)
{
	uint64_t size = budget_limit(args->budget);
	const char *folder = args->folder;
	struct body_store *store;
	struct slots *slots;

	/* What is longer than the budget never is in memory. */
	if (args->max_body > 0 && args->max_body < size)
		size = args->max_body;
	slots = slots_new(args->n, size, err);
	if (slots == NULL)
		return NULL;
	if (folder == NULL)
		folder = getenv("TMPDIR");
	if (folder == NULL || folder[0] == '\0')
		folder = "/tmp";
	store = mem_array(1, sizeof *store);
	store->budget = args->budget;
	store->slots = slots;
	store->folder = mem_strdup(folder);
	store->linkable = args->linkable;
	store->parts = args->parts;
	return store;
}

void
body_store_free(struct body_store *store)
{
	if (store == NULL)
		return;
	slots_free(store->slots);
	free(store->folder);
	free(store);
}

size_t
body_store_room(struct body_store *store)
{
	return slots_left(store->slots);
}

struct parts *
body_store_parts(const struct body_store *store)
{
	return store->parts;
}

/* --- beginning and end --- */

static struct body *
body_alloc(struct body_store *store)
{
	struct body *body = mem_array(1, sizeof *body);

	body->store = store;
	body->file = body->made = UNNAMED_NONE;
	return body;
}

struct body *
body_new(struct body_store *store)
{
	size_t slot = slots_take(store->slots);
	struct body *body;

	if (slot == SLOTS_NONE)
		return NULL;
	body = body_alloc(store);
	body->slot = slot;
	return body;
}

void
body_rest(struct body *body)
{
	if (body->store != NULL)
		budget_rest(body->store->budget, body->slot);
}

/* A part is free for the next attempt, even if the child that was at it has
 * not closed it yet. */
static void
body_unlock(const struct body *body)
{
	if (body->resumed.has_part && !body->attached && body->file.fd >= 0)
		flock(body->file.fd, LOCK_UN);
}

void
body_free(struct body *body)
{
	if (body == NULL)
		return;
	body_unlock(body);
	unnamed_close(&body->file);
	unnamed_close(&body->made);
	resumed_release(&body->resumed);
	if (!body->attached) {
		if (body->store->parts != NULL)
			parts_leave(body->store->parts, body->slot);
		budget_leave(body->store->budget, body->slot);
		slots_give(body->store->slots, body->slot);
	}
	free(body);
}

/* --- writing --- */

/* Memory is charged for in pages, so that a server that sends byte by byte
 * does not make every one of them a charge. */
static uint64_t
body_charge_for(uint64_t n)
{
	return (n + BODY_STEP - 1) / BODY_STEP * BODY_STEP;
}

/* Room for n bytes more in memory; -1: they are to go to a file. */
static int
body_reserve(struct body *body, uint64_t n)
{
	const struct body_store *store = body->store;
	uint64_t end = body->len + n;
	uint64_t charge = body_charge_for(end);

	if (end > slots_size(store->slots))
		return -1;
	if (charge <= body->charged)
		return 0;
	if (budget_charge(store->budget, body->slot,
	    charge - body->charged) != 0)
		return -1;
	body->charged = charge;
	slots_touch(store->slots, body->slot, (size_t)end);
	return 0;
}

static int
body_open_file(const struct body *body, struct unnamed *ret)
{
	const struct body_store *store = body->store;

	return store->linkable ? unnamed_open_linkable(ret, store->folder) :
		unnamed_open(ret, store->folder);
}

/* Its part, or a file without a name. */
static int
body_open_spill(struct body *body)
{
	if (resumed_open(&body->resumed, &body->file) != 0)
		return errno == EALREADY ?
			body_open_file(body, &body->file) : -1;
	body->shared = 1;
	return 0;
}

/* Moves it from memory to a file; -1 with errno, and it stays. */
static int
body_spill(struct body *body)
{
	const struct body_store *store = body->store;

	if (body_open_spill(body) != 0)
		return -1;
	if (unnamed_append(&body->file, slots_at(store->slots, body->slot),
	    (size_t)body->len) != 0) {
		unnamed_close(&body->file);
		return -1;
	}
	body->len = body->charged = 0;
	slots_drop(store->slots, body->slot);
	budget_spill(store->budget, body->slot);
	return 0;
}

/* Memory while there is some, then a file. */
int
body_write(void *arg, const void *p, size_t n)
{
	struct body *body = arg;
	const struct body_store *store = body->store;

	if (n == 0)
		return 0;
	budget_enter(store->budget, body->slot);
	if (body->file.fd < 0 && body_reserve(body, n) == 0) {
		memcpy(slots_at(store->slots, body->slot) + body->len, p, n);
		body->len += n;
		return 0;
	}
	if (budget_must_wait(store->budget, body->slot)) {
		body->refused = n;
		errno = EAGAIN;
		return -1;
	}
	if (body->file.fd < 0 && body_spill(body) != 0)
		return -1;
	if (resumed_check(&body->resumed, &body->file, *(const char *)p) != 0 ||
	    unnamed_append(&body->file, p, n) != 0)
		return -1;
	budget_charge_file(store->budget, body->slot, n);
	return 0;
}

/* For memory it takes what was refused at once, so that the answer holds. */
int
body_may_write(void *arg)
{
	struct body *body = arg;

	if (!budget_must_wait(body->store->budget, body->slot))
		return 1;
	return body->file.fd < 0 && body_reserve(body, body->refused) == 0;
}

void
body_wait(void *arg, int64_t us)
{
	const struct body *body = arg;

	budget_wait(body->store->budget, body->slot, us);
}

static int
body_begin(void *arg, const struct fetch_reply_head *head)
{
	struct body *body = arg;

	if (resumed_begin(&body->resumed, head, &body->file) != 0)
		return -1;
	body->shared |= body->resumed.has_part;
	return 0;
}

void
body_name_part(struct body *body, const char *path)
{
	if (body->store->parts != NULL)
		resumed_init(&body->resumed, body->store->parts, body->slot,
			path);
}

const char *
body_part_path(const struct body *body)
{
	return body->resumed.path;
}

int
body_has_part(const struct body *body)
{
	return body->resumed.has_part;
}

void
body_receive(struct body *body, struct fetch_request *request)
{
	body->resumed.request = request;
	request->begin_body = body->resumed.path != NULL ? body_begin : NULL;
	request->write_body = body_write;
	request->may_write = body_may_write;
	request->wait_write = body_wait;
	request->write_arg = body;
}

uint64_t
body_length(const struct body *body)
{
	return body->file.fd >= 0 ? body->file.len : body->len;
}

/* --- reading, and what was made of it --- */

/*
 * A child that a stranger took over could cut the file while it is mapped
 * here. A copy is this process's own; it takes the file's place.
 */
static int
body_own(struct body *body, struct unnamed *file, int *shared,
	struct err *err)
{
	struct unnamed copy;
	int rc = body_open_file(body, &copy);

	if (rc == 0)
		rc = unnamed_copy(&copy, file);
	if (rc != 0) {
		err_sys(err, "copying a body of %llu bytes",
			(unsigned long long)file->len);
		unnamed_close(&copy);
		return -1;
	}
	unnamed_close(file);
	*file = copy;
	*shared = 0;
	return 0;
}

static int
body_view_file(struct body *body, struct unnamed *file, int *shared,
	const void **ret, size_t *ret_len, struct err *err)
{
	if (*shared && body_own(body, file, shared, err) != 0)
		return -1;
	return unnamed_view(file, ret, ret_len, err);
}

int
body_view(struct body *body, const void **ret, size_t *ret_len,
	struct err *err)
{
	if (body->file.fd >= 0)
		return body_view_file(body, &body->file, &body->shared, ret,
			ret_len, err);
	*ret = slots_at(body->store->slots, body->slot);
	*ret_len = (size_t)body->len;
	return 0;
}

int
body_is_mapped(const struct body *body)
{
	return body->file.map != NULL;
}

void
body_unload(const void *p, size_t n)
{
	/* They come back from the file when they are asked for after all. */
	madvise((void *)(uintptr_t)p, n, MADV_DONTNEED);
}

int
body_begin_made(struct body *body, struct err *err)
{
	assert(body->made.fd < 0);
	if (body_open_file(body, &body->made) != 0)
		return err_sys(err, "a file for what the stages make");
	return 0;
}

int
body_make(void *arg, const void *p, size_t n)
{
	struct body *body = arg;

	return unnamed_append(&body->made, p, n);
}

int
body_share_made(struct body *body)
{
	body->made_shared = 1;
	return body->made.fd;
}

int
body_is_made(const struct body *body)
{
	return body->made.fd >= 0;
}

int
body_view_made(struct body *body, const void **ret, size_t *ret_len,
	struct err *err)
{
	if (body->made_shared && unnamed_measure(&body->made) != 0)
		return err_sys(err, "the file of what the stages made");
	return body_view_file(body, &body->made, &body->made_shared, ret,
		ret_len, err);
}

int
body_fd(const struct body *body)
{
	return body->made.fd >= 0 ? body->made.fd : body->file.fd;
}

/* --- in another process --- */

void
body_tell(const struct body *body, struct body_place *ret, int *ret_fd)
{
	ret->slot = body->slot;
	ret->in_file = body->file.fd >= 0;
	ret->has_part = body->resumed.has_part;
	ret->len = ret->in_file ? body->file.len : body->len;
	*ret_fd = ret->in_file ? body->file.fd : BODY_NO_FILE;
}

/* Whether it is one of the store's places. */
static int
body_place_exists(const struct body_store *store,
	const struct body_place *place, int fd)
{
	if (store == NULL || place->slot >= slots_count(store->slots))
		return 0;
	if (place->in_file)
		return fd >= 0 && unnamed_fits(fd, place->len);
	return fd < 0 && place->len <= slots_size(store->slots);
}

/* `fd` is the body's. Memory was charged for as much as it has. */
static void
body_take_place(struct body *body, const struct body_place *place, int fd)
{
	body->file.fd = fd;
	body->file.len = place->in_file ? place->len : 0;
	body->len = place->in_file ? 0 : place->len;
	body->charged = body_charge_for(body->len);
}

struct body *
body_attach(struct body_store *store, const struct body_place *place, int fd)
{
	struct body *body;

	if (!body_place_exists(store, place, fd)) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	body = body_alloc(store);
	body->slot = (size_t)place->slot;
	body->attached = 1;
	body_take_place(body, place, fd);
	body->resumed.has_part = place->has_part;
	/* Anybody may cut a file that has a name. */
	body->shared = place->in_file && place->has_part;
	return body;
}

int
body_update(struct body *body, const struct body_place *place, int fd)
{
	int file = fd < 0 && place->in_file ? body->file.fd : fd;

	if (place->slot != body->slot ||
	    !body_place_exists(body->store, place, file)) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (file != body->file.fd)
		unnamed_close(&body->file);
	body_take_place(body, place, file);
	body->resumed.has_part = place->has_part && body->resumed.path != NULL;
	body->shared = place->in_file;
	return 0;
}
