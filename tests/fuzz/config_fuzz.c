/*
 * Any bytes as a configuration file. A file that is refused says where and
 * why; of one that is taken every setting prints as a text that is taken
 * again, as the same, and that holds what config.h promises of its type. The
 * first byte's lowest bit: the rest is "name=value" for --set instead.
 */
#define _GNU_SOURCE /* memfd_create */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "node/base/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX (1 << 17)

static void
check_settings(const struct config *c)
{
	static char text[TEXT_MAX], again[TEXT_MAX];
	struct config other;
	struct problem p;
	size_t n;
	const struct config_setting *s = config_settings(&n);

	ASSERT(config_init(&other) == OK);
	for (size_t i = 0; i < n; i++) {
		if (config_text(c, &s[i], text, sizeof(text)) != OK)
			continue;
		if (s[i].type == CONFIG_SECRET)
			continue; /* it is not shown */
		ASSERT(config_set(&other, s[i].name, text, &p) == OK);
		ASSERT(config_text(&other, &s[i], again, sizeof(again)) == OK);
		ASSERT(strcmp(text, again) == 0);
	}
	const err e = config_check(c, &p);
	ASSERT(e == OK || (e == ERR_CONFIG && p.what[0] != '\0'));
	config_fini(&other);
}

static err
read_file(struct config *c, const uint8_t *data, size_t size, struct problem *p)
{
	static int fd = -1;
	char path[64];

	if (fd < 0)
		fd = memfd_create("config", 0);
	ASSERT(fd >= 0 && ftruncate(fd, 0) == 0);
	ASSERT(pwrite(fd, data, size, 0) == (ssize_t)size);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return config_read(c, path, p);
}

static err
set(struct config *c, const uint8_t *data, size_t size, struct problem *p)
{
	const uint8_t *equals = memchr(data, '=', size);
	char *text = malloc(size + 1);
	err e = ERR_CONFIG;

	ASSERT(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	problem_set(p, EXIT_CONFIG, "E1300", "no value");
	if (equals != NULL) {
		text[equals - data] = '\0';
		e = config_set(c, text, text + (equals - data) + 1, p);
	}
	free(text);
	return e;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problem p = { .what = "" };
	struct config c;

	if (size < 1 || size > 16384)
		return 0;
	ASSERT(config_init(&c) == OK);
	const err e = data[0] & 1 ? set(&c, data + 1, size - 1, &p)
				  : read_file(&c, data + 1, size - 1, &p);
	ASSERT(e == OK || (e == ERR_CONFIG && p.what[0] != '\0'));
	if (e == OK)
		check_settings(&c);
	config_fini(&c);
	return 0;
}
