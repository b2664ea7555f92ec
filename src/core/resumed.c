/* SPDX-License-Identifier: MIT */
/*
 * resumed -- a reply that may be all of a body or its rest, which only its
 * head tells. The rest is asked for with one byte that is here already: so
 * there is a rest of a part that was whole, and a file that is not the one
 * from before has a chance to show it.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "core/part.h"
#include "core/parts.h"
#include "core/resumed.h"
#include "core/unnamed.h"
#include "net/fetch.h"

void
resumed_init(struct resumed *resumed, struct parts *parts, size_t holder,
	const char *path)
{
	*resumed = (struct resumed){
		.parts = parts, .holder = holder, .path = mem_strdup(path),
	};
}

void
resumed_release(struct resumed *resumed)
{
	free(resumed->path);
	free(resumed->validator);
	*resumed = (struct resumed){ 0 };
}

int
resumed_begin(struct resumed *resumed, const struct fetch_reply_head *head,
	struct unnamed *file)
{
	const struct fetch_request *request = resumed->request;
	int fd;

	if (head->response_code == 200) {
		free(resumed->validator);
		resumed->validator = part_validator(head);
	}
	if (request->resume_from == 0 || head->response_code != 206)
		return 0;
	if (!part_fits(request, head)) {
		errno = ESTALE;
		return -1;
	}
	fd = parts_resume(resumed->parts, resumed->holder, resumed->path,
		request->url.text, request->if_range,
		request->resume_from + 1);
	if (fd < 0)
		return -1;
	*file = (struct unnamed){ .fd = fd, .len = request->resume_from };
	resumed->has_part = resumed->unchecked = 1;
	return 0;
}

int
resumed_check(struct resumed *resumed, const struct unnamed *file, char first)
{
	char here;

	if (!resumed->unchecked)
		return 0;
	if (pread(file->fd, &here, 1, (off_t)file->len) != 1 ||
	    here != first) {
		errno = ESTALE;
		return -1;
	}
	resumed->unchecked = 0;
	return 0;
}

int
resumed_open(struct resumed *resumed, struct unnamed *ret)
{
	int fd;

	if (resumed->validator == NULL) {
		errno = EALREADY;
		return -1;
	}
	fd = parts_begin(resumed->parts, resumed->holder, resumed->path,
		resumed->request->url.text, resumed->validator);
	if (fd < 0)
		return -1;
	*ret = (struct unnamed){ .fd = fd };
	resumed->has_part = 1;
	return 0;
}
