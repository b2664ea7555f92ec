/* SPDX-License-Identifier: MIT */
/*
 * hosts -- /etc/hosts as a map.
 *
 * c-ares before 1.22 opens and parses the file for every look-up: 3.8 ms a
 * name with an ad-blocker's 50,000 lines. All lines that carry a name count,
 * as with glibc, so that its IPv4 and IPv6 lines add up.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "net/hosts.h"

#define HOSTS_NAME_MAX 253
#define HOSTS_BLANKS " \t\r\n\v\f"

struct host {
	struct map_node node;
	struct host *next;	/* made before this one */
	struct addr *list;
	size_t n;
	char name[];
};

struct hosts {
	struct map map;
	struct host *last;
};

static struct host *
host_get(struct hosts *hosts, const char *name, size_t len)
{
	struct map_node *node = map_find(&hosts->map, name, len);
	struct host *host;

	if (node != NULL)
		return LIST_ENTRY(node, struct host, node);
	host = mem_alloc(sizeof *host + len + 1);
	host->next = hosts->last;
	hosts->last = host;
	host->list = NULL;
	host->n = 0;
	memcpy(host->name, name, len);
	host->name[len] = '\0';
	map_insert(&hosts->map, &host->node, host->name, len);
	return host;
}

static void
host_add(struct host *host, const struct addr *addr)
{
	size_t same_family = 0, i;

	for (i = 0; i < host->n; i++) {
		if (memcmp(&host->list[i], addr, sizeof *addr) == 0)
			return;
		same_family += host->list[i].family == addr->family;
	}
	if (same_family == ADDRS_MAX)
		return;
	host->list = mem_grow(host->list, host->n + 1, sizeof *host->list);
	host->list[host->n++] = *addr;
}

/* Takes the next word off the line; its length, 0 at the end. */
static size_t
hosts_word(char **at, char **ret_word)
{
	size_t len;

	*at += strspn(*at, HOSTS_BLANKS);
	len = strcspn(*at, HOSTS_BLANKS);
	*ret_word = *at;
	*at += len;
	return len;
}

static void
hosts_line(struct hosts *hosts, char *line)
{
	struct addr addr;
	char *word;
	size_t len, i;

	line[strcspn(line, "#")] = '\0';
	len = hosts_word(&line, &word);
	/* This also passes over fe80::1%eth0: libcurl has no use for it. */
	if (addr_parse(word, len, &addr) < 0)
		return;
	while ((len = hosts_word(&line, &word)) > 0) {
		for (i = 0; i < len; i++)
			if (word[i] >= 'A' && word[i] <= 'Z')
				word[i] = (char)(word[i] - 'A' + 'a');
		if (word[len - 1] == '.')
			len--;
		if (len > 0 && len <= HOSTS_NAME_MAX)
			host_add(host_get(hosts, word, len), &addr);
	}
}

struct hosts *
hosts_new(const char *path)
{
	struct hosts *hosts = mem_alloc(sizeof *hosts);
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	map_init(&hosts->map);
	hosts->last = NULL;
	if (file == NULL) {
		if (errno != ENOENT)
			log_warning("%s: %s", path, strerror(errno));
		return hosts;
	}
	while (getline(&line, &size, file) >= 0)
		hosts_line(hosts, line);
	if (ferror(file))
		log_warning("%s: %s", path, strerror(errno));
	free(line);
	fclose(file);
	return hosts;
}

void
hosts_free(struct hosts *hosts)
{
	struct host *host;

	if (hosts == NULL)
		return;
	while ((host = hosts->last) != NULL) {
		hosts->last = host->next;
		free(host->list);
		free(host);
	}
	map_release(&hosts->map);
	free(hosts);
}

size_t
hosts_find(const struct hosts *hosts, const char *name, size_t len,
	int family, struct addr ret[ADDRS_MAX])
{
	struct map_node *node = map_find(&hosts->map, name, len);
	const struct host *host;
	size_t n = 0, i;

	if (node == NULL)
		return 0;
	host = LIST_ENTRY(node, struct host, node);
	for (i = 0; i < host->n && n < ADDRS_MAX; i++)
		if (family == 0 || family == host->list[i].family)
			ret[n++] = host->list[i];
	return n;
}
