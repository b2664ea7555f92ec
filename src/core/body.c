/* SPDX-License-Identifier: MIT */
/*
 * body -- bytes that stay where they were first written: in a slot of shared
 * memory that every process of the run has at the same address, in a file
 * once they are too many, or in their final folder. A pipe or a malloc'd
 * buffer would be copied, for processes even twice.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/body.h"
#include "core/budget.h"
#include "core/slots.h"
#include "core/unnamed.h"
#include "net/fetch.h"

#define BODY_STEP 4096u

struct body_store {
	struct budget *budget;
	struct slots *slots;
	char *folder;
};

struct body {
	struct body_store *store;	/* NULL: a body with a path */
	size_t slot;
	int attached;		/* the slot is another process's to give */
	uint64_t len;		/* in the slot; 0 once it is in a file */
	uint64_t charged;	/* in memory, for this body */
	uint64_t refused;	/* so many bytes would not go into memory */
	struct unnamed file;	/* what is appended to, if there is one */
	struct unnamed first;	/* what was there before body_rewrite() */
	int shared;		/* another process may write to it still */
	/* Of a body with a path, where it was opened: */
	int folder;		/* -1 elsewhere */
	char *path;		/* for messages */
	const char *name;	/* its last part */
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

int
body_store_has_room(struct body_store *store)
{
	return slots_any(store->slots);
}

/* --- beginning and end --- */

static struct body *
body_alloc(struct body_store *store)
{
	struct body *body = mem_array(1, sizeof *body);

	body->store = store;
	body->file = body->first = UNNAMED_NONE;
	body->folder = -1;
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

/* The folder a path is in, opened below the current one; glibc 2.36 has no
 * openat2(). -1 with errno. */
static int
body_open_folder(const char *path, const char *name)
{
	struct open_how how = {
		.flags = O_DIRECTORY | O_CLOEXEC | O_RDONLY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	char *folder = mem_strndup(path, (size_t)(name - path));
	long fd;

	fd = syscall(SYS_openat2, AT_FDCWD, folder[0] != '\0' ? folder : ".",
		&how, sizeof how);
	free(folder);
	return (int)fd;
}

static int
body_check_name(const char *path, const char *name, struct err *err)
{
	if (path[0] == '/')
		return err_set(err, ERR_IO, "output '%s' is not below the "
			"current folder", path);
	if (name[0] == '\0' || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return err_set(err, ERR_IO, "output '%s' names no file", path);
	return 0;
}

struct body *
body_open(const char *path, struct err *err)
{
	struct body *body = body_alloc(NULL);
	const char *slash;

	body->path = mem_strdup(path);
	slash = strrchr(body->path, '/');
	body->name = slash != NULL ? slash + 1 : body->path;
	if (body_check_name(body->path, body->name, err) != 0)
		goto fail;
	body->folder = body_open_folder(body->path, body->name);
	if (body->folder < 0) {
		/* EXDEV is how openat2(2) says that ".." would leave. */
		if (errno == EXDEV)
			err_set(err, ERR_IO, "output '%s' is not below the "
				"current folder", path);
		else
			err_sys(err, "output '%s'", path);
		goto fail;
	}
	if (faccessat(body->folder, body->name, F_OK, AT_SYMLINK_NOFOLLOW) ==
	    0) {
		err_set(err, ERR_IO, "output '%s' exists", path);
		goto fail;
	}
	if (unnamed_open_at(&body->file, body->folder) == 0)
		return body;
	err_sys(err, "output '%s'", path);
fail:
	body_free(body);
	return NULL;
}

void
body_free(struct body *body)
{
	if (body == NULL)
		return;
	unnamed_close(&body->file);
	unnamed_close(&body->first);
	if (body->store != NULL && !body->attached) {
		budget_leave(body->store->budget, body->slot);
		slots_give(body->store->slots, body->slot);
	}
	if (body->folder >= 0)
		close(body->folder);
	free(body->path);
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

/* Moves it from memory to a file; -1 with errno, and it stays. */
static int
body_spill(struct body *body)
{
	const struct body_store *store = body->store;

	if (unnamed_open(&body->file, store->folder) != 0)
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

/* One of the store's: memory while there is some, then a file. */
static int
body_write_slot(struct body *body, const void *p, size_t n)
{
	const struct body_store *store = body->store;

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
	if (unnamed_append(&body->file, p, n) != 0)
		return -1;
	budget_charge_file(store->budget, body->slot, n);
	return 0;
}

int
body_write(void *arg, const void *p, size_t n)
{
	struct body *body = arg;

	if (n == 0)
		return 0;
	return body->store != NULL ? body_write_slot(body, p, n) :
		unnamed_append(&body->file, p, n);
}

/* For memory it takes what was refused at once, so that the answer holds. */
int
body_may_write(void *arg)
{
	struct body *body = arg;

	if (body->store == NULL ||
	    !budget_must_wait(body->store->budget, body->slot))
		return 1;
	return body->file.fd < 0 && body_reserve(body, body->refused) == 0;
}

void
body_wait(void *arg, int64_t us)
{
	const struct body *body = arg;

	if (body->store != NULL)
		budget_wait(body->store->budget, body->slot, us);
}

void
body_receive(struct body *body, struct fetch_request *request)
{
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

/* --- reading and keeping --- */

/* The file that it is in; NULL: it is in memory. */
static const struct unnamed *
body_source(const struct body *body)
{
	if (body->first.fd >= 0)
		return &body->first;
	return body->file.fd >= 0 ? &body->file : NULL;
}

/*
 * A child that a stranger took over could cut the file while it is mapped
 * here. A copy is this process's own; it takes the file's place, name and all.
 */
static int
body_own(struct body *body, struct unnamed *file, struct err *err)
{
	struct unnamed copy;
	int rc = body->store != NULL ?
		unnamed_open(&copy, body->store->folder) :
		unnamed_open_at(&copy, body->folder);

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
	body->shared = 0;
	return 0;
}

int
body_view(struct body *body, const void **ret, size_t *ret_len,
	struct err *err)
{
	struct unnamed *file = body->first.fd >= 0 ? &body->first :
		&body->file;

	if (file->fd >= 0) {
		if (body->shared && body_own(body, file, err) != 0)
			return -1;
		return unnamed_view(file, ret, ret_len, err);
	}
	*ret = slots_at(body->store->slots, body->slot);
	*ret_len = (size_t)body->len;
	return 0;
}

int
body_is_mapped(const struct body *body)
{
	return body->first.map != NULL || body->file.map != NULL;
}

void
body_unload(const void *p, size_t n)
{
	/* They come back from the file when they are asked for after all. */
	madvise((void *)(uintptr_t)p, n, MADV_DONTNEED);
}

int
body_rewrite(struct body *body, struct err *err)
{
	struct unnamed file;

	assert(body->folder >= 0 && body->first.fd < 0);
	if (unnamed_open_at(&file, body->folder) != 0)
		return err_sys(err, "output '%s'", body->path);
	body->first = body->file;
	body->file = file;
	return 0;
}

int
body_fd(const struct body *body)
{
	return body->file.fd;
}

int
body_keep(struct body *body, struct err *err)
{
	assert(body->folder >= 0);
	if (unnamed_link(&body->file, body->folder, body->name) == 0) {
		unnamed_close(&body->first);
		return 0;
	}
	if (errno == EEXIST)
		return err_set(err, ERR_IO, "output '%s' exists", body->path);
	return err_sys(err, "output '%s'", body->path);
}

/* --- in another process --- */

void
body_tell(const struct body *body, struct body_place *ret, int *ret_fd)
{
	const struct unnamed *file = body_source(body);

	ret->slot = body->store != NULL ? body->slot : BODY_NO_SLOT;
	ret->len = file != NULL ? file->len : body->len;
	ret->in_file = file != NULL;
	*ret_fd = file != NULL ? file->fd : BODY_NO_FILE;
}

/* Whether it is one of the store's places, or one without a store. */
static int
body_place_exists(const struct body_store *store,
	const struct body_place *place, int fd)
{
	int in_store = store != NULL && place->slot <
		slots_count(store->slots);

	if (place->in_file)
		return fd >= 0 && unnamed_fits(fd, place->len) &&
			(in_store || place->slot == BODY_NO_SLOT);
	return fd < 0 && in_store && place->len <= slots_size(store->slots);
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
	body = body_alloc(place->slot != BODY_NO_SLOT ? store : NULL);
	body->slot = body->store != NULL ? (size_t)place->slot : 0;
	body->attached = 1;
	body_take_place(body, place, fd);
	return body;
}

int
body_update(struct body *body, const struct body_place *place, int fd)
{
	uint64_t slot = body->store != NULL ? body->slot : BODY_NO_SLOT;
	int file = fd < 0 && place->in_file ? body->file.fd : fd;

	if (place->slot != slot ||
	    !body_place_exists(body->store, place, file)) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (file != body->file.fd)
		unnamed_close(&body->file);
	body_take_place(body, place, file);
	body->shared = place->in_file;
	return 0;
}
