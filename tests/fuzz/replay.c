/*
 * Runs a fuzz target without a fuzzer: every file of the folders given, and
 * from each file a fixed number of mutations, so that a corpus is a test.
 * With no file in a folder it fails: a corpus that vanished is not a pass.
 * OHCN_FUZZ_RUNS in the environment: fewer mutations, of slow targets.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (1 << 20)
#define MUTATIONS 200  /* of each file, */
#define RUNS_MAX  3000 /* but not more than so many together */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t seed = 0x9e3779b97f4a7c15u;

static uint64_t
next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* The target gets exactly n heap bytes, so that ASan sees an overrun. */
static void
run(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n == 0 ? 1 : n);

	if (copy == NULL)
		abort();
	memcpy(copy, data, n);
	(void)LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static size_t
mutate(uint8_t *data, size_t n)
{
	const uint64_t edits = 1 + next_random() % 4;

	for (uint64_t i = 0; i < edits && n > 0; i++) {
		const size_t at = (size_t)(next_random() % n);
		switch (next_random() % 4) {
		case 0:
			data[at] = (uint8_t)next_random();
			break;
		case 1:
			data[at] ^= (uint8_t)(1U << next_random() % 8);
			break;
		case 2:
			n = at;
			break;
		default:
			if (n < INPUT_MAX) {
				memmove(data + at + 1, data + at, n - at);
				data[at] = (uint8_t)next_random();
				n++;
			}
			break;
		}
	}
	return n;
}

static int
run_file(const char *path, size_t mutations)
{
	static uint8_t data[INPUT_MAX], changed[INPUT_MAX + 8];
	FILE *f = fopen(path, "rb");

	if (f == NULL) {
		(void)fprintf(stderr, "cannot read %s\n", path);
		return -1;
	}
	const size_t n = fread(data, 1, sizeof(data), f);
	(void)fclose(f);
	run(data, n);
	for (size_t i = 0; i < mutations; i++) {
		memcpy(changed, data, n);
		run(changed, mutate(changed, n));
	}
	return 0;
}

/* Visits the files of a folder; runs them if ${mutations} is not NULL. */
static int
each_file(const char *folder, const size_t *mutations, size_t *files)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int rc = 0;

	if (dir == NULL) {
		(void)fprintf(stderr, "no corpus at %s\n", folder);
		return -1;
	}
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		char path[4096];
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(
		    path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (mutations != NULL)
			rc = run_file(path, *mutations);
		*files += 1;
	}
	(void)closedir(dir);
	return rc;
}

int
main(int argc, char **argv)
{
	size_t files = 0, again = 0;

	for (int i = 1; i < argc; i++)
		if (each_file(argv[i], NULL, &files) != 0)
			return 1;
	if (files == 0) {
		(void)fprintf(stderr, "the corpus is empty\n");
		return 1;
	}
	const char *runs = getenv("OHCN_FUZZ_RUNS");
	const unsigned long most = runs == NULL ? 0 : strtoul(runs, NULL, 10);
	size_t mutations =
	    (most == 0 || most > RUNS_MAX ? RUNS_MAX : most) / files;
	if (mutations > MUTATIONS)
		mutations = MUTATIONS;
	for (int i = 1; i < argc; i++)
		if (each_file(argv[i], &mutations, &again) != 0)
			return 1;
	printf("%zu files, %zu mutations each\n", files, mutations);
	return 0;
}
