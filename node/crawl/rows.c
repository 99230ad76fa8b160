#include "node/crawl/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "crypto/crypto.h"
#include "node/base/paths.h"
#include "proto/base/text.h"

#define LEVEL    6
#define FLUSH_AT (256U << 10)

struct rows {
	const struct rows_kind *kind;
	const struct column *at; /* the next cell */
	char part[PATH_TEXT_MAX], path[PATH_TEXT_MAX];
	char name[80];
	FILE *file;
	ZSTD_CCtx *zstd; /* NULL: plain */
	uint8_t *line;   /* not compressed yet */
	size_t n, cap;
	uint64_t count;
	int errnum; /* the first error; 0: none */
};

static void
flush(struct rows *r, ZSTD_EndDirective how)
{
	uint8_t out[64 * 1024];
	ZSTD_inBuffer in = { r->line, r->n, 0 };

	if (r->zstd == NULL) {
		if (fwrite(r->line, 1, r->n, r->file) != r->n && r->errnum == 0)
			r->errnum = errno;
		r->n = 0;
		return;
	}
	for (size_t left = 1;
	     r->errnum == 0 && (left > 0 || in.pos < in.size);) {
		ZSTD_outBuffer to = { out, sizeof(out), 0 };
		left = ZSTD_compressStream2(r->zstd, &to, &in, how);
		if (ZSTD_isError(left) != 0)
			r->errnum = ENOMEM;
		else if (fwrite(out, 1, to.pos, r->file) != to.pos)
			r->errnum = errno;
		if (how == ZSTD_e_continue && in.pos == in.size)
			break;
	}
	r->n = 0;
}

static void
put(struct rows *r, const void *p, size_t n)
{
	if (r->cap - r->n < n) {
		const size_t cap = MAX(2 * r->cap, r->n + n + FLUSH_AT);
		uint8_t *more = realloc(r->line, cap);
		if (more == NULL) {
			r->errnum = r->errnum == 0 ? ENOMEM : r->errnum;
			return;
		}
		r->line = more;
		r->cap = cap;
	}
	memcpy(r->line + r->n, p, n);
	r->n += n;
}

static void
put_str(struct rows *r, const char *s)
{
	put(r, s, strlen(s));
}

/* ---- cells ---- */

/* What stands before the cell. */
static void
cell(struct rows *r, enum column_type type)
{
	const bool first = r->at == r->kind->columns;

	ASSERT(r->at->name != NULL && r->at->type == type);
	if (r->kind->format == ROWS_CSV) {
		if (!first)
			put_str(r, ",");
	} else {
		put_str(r, first ? "{\"" : ",\"");
		put_str(r, r->at->name);
		put_str(r, "\":");
	}
	r->at++;
}

static void
put_point(struct rows *r, uint32_t cp)
{
	uint8_t u[4];
	size_t n = 0;

	if (cp < 0x80) {
		u[n++] = (uint8_t)cp;
	} else if (cp < 0x800) {
		u[n++] = (uint8_t)(0xc0 | cp >> 6);
		u[n++] = (uint8_t)(0x80 | (cp & 0x3f));
	} else if (cp < 0x10000) {
		u[n++] = (uint8_t)(0xe0 | cp >> 12);
		u[n++] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
		u[n++] = (uint8_t)(0x80 | (cp & 0x3f));
	} else {
		u[n++] = (uint8_t)(0xf0 | cp >> 18);
		u[n++] = (uint8_t)(0x80 | (cp >> 12 & 0x3f));
		u[n++] = (uint8_t)(0x80 | (cp >> 6 & 0x3f));
		u[n++] = (uint8_t)(0x80 | (cp & 0x3f));
	}
	put(r, u, n);
}

/* Between quotes; peers choose some of these bytes. */
static void
put_quoted(struct rows *r, struct slice text)
{
	const bool csv = r->kind->format == ROWS_CSV;

	put_str(r, "\"");
	while (text.n > 0) {
		const struct slice one = text;
		uint32_t cp = 0;
		if (!utf8_next(&text, &cp)) {
			slice_skip(&text, 1);
			cp = 0xfffd;
		} else if (!text_is_clean(slice_of(one.p, one.n - text.n))) {
			cp = 0xfffd;
		}
		if (cp == '"')
			put_str(r, csv ? "\"\"" : "\\\"");
		else if (cp == '\\' && !csv)
			put_str(r, "\\\\");
		else
			put_point(r, cp);
	}
	put_str(r, "\"");
}

void
rows_text(struct rows *r, struct slice text)
{
	cell(r, COLUMN_TEXT);
	put_quoted(r, text);
}

void
rows_string(struct rows *r, const char *text)
{
	rows_text(r, slice_str(text));
}

void
rows_integer(struct rows *r, int64_t v)
{
	char text[24];

	cell(r, COLUMN_INTEGER);
	(void)snprintf(text, sizeof(text), "%" PRId64, v);
	put_str(r, text);
}

void
rows_truth(struct rows *r, bool v)
{
	cell(r, COLUMN_TRUTH);
	put_str(r, v ? "true" : "false");
}

void
rows_time(struct rows *r, uint64_t s)
{
	const time_t t = (time_t)MIN(s, (uint64_t)253402300799); /* year 9999 */
	struct tm tm;
	char text[40] = "\"1970-01-01T00:00:00Z\"";

	cell(r, COLUMN_TIME);
	if (gmtime_r(&t, &tm) != NULL)
		(void)strftime(
		    text, sizeof(text), "\"%Y-%m-%dT%H:%M:%SZ\"", &tm);
	put_str(r, text);
}

void
rows_texts(struct rows *r, const json_t *list)
{
	size_t i;
	json_t *v;

	cell(r, COLUMN_TEXTS);
	put_str(r, "[");
	json_array_foreach(list, i, v)
	{
		if (i > 0)
			put_str(r, ",");
		put_quoted(
		    r, slice_of(json_string_value(v), json_string_length(v)));
	}
	put_str(r, "]");
}

void
rows_json(struct rows *r, const char *text)
{
	cell(r, COLUMN_JSON);
	put_str(r, text);
}

void
rows_null(struct rows *r)
{
	ASSERT(r->at->name != NULL && r->at->may_be_null);
	cell(r, r->at->type);
	if (r->kind->format == ROWS_NDJSON)
		put_str(r, "null");
}

void
rows_end(struct rows *r)
{
	ASSERT(r->at->name == NULL); /* every column has its cell */
	put_str(r, r->kind->format == ROWS_CSV ? "\n" : "}\n");
	r->at = r->kind->columns;
	r->count++;
	if (r->n >= FLUSH_AT)
		flush(r, ZSTD_e_continue);
}

/* ---- the file ---- */

void
crawl_path(char out[PATH_TEXT_MAX], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	const int n = vsnprintf(out, PATH_TEXT_MAX, fmt, args);
	va_end(args);
	if (n < 0 || n >= PATH_TEXT_MAX)
		out[0] = 0;
}

static void
put_head(struct rows *r)
{
	if (r->kind->format != ROWS_CSV)
		return;
	for (const struct column *c = r->kind->columns; c->name != NULL; c++) {
		if (c != r->kind->columns)
			put_str(r, ",");
		put_str(r, c->name);
	}
	put_str(r, "\n");
}

static err
disk_problem(struct problem *p, const char *path, int errnum)
{
	problem_set(p, EXIT_DISK, "E1012", "cannot write %s: %s", path,
	    strerror(errnum));
	return ERR_IO;
}

err
rows_open(const char *dir, const struct rows_kind *k, const char *of,
    struct rows **out, struct problem *p)
{
	struct rows *r = calloc(1, sizeof(*r));

	*out = NULL;
	if (r == NULL)
		return ERR_NOMEM;
	r->kind = k;
	r->at = k->columns;
	rows_file_name(k, of, r->name, sizeof(r->name));
	crawl_path(r->path, "%s/%s", dir, r->name);
	(void)snprintf(
	    r->part, sizeof(r->part), "%.*s.part", PATH_TEXT_MAX - 6, r->path);
	if (k->packed) {
		r->zstd = ZSTD_createCCtx();
		if (r->zstd == NULL)
			goto fail1;
		(void)ZSTD_CCtx_setParameter(
		    r->zstd, ZSTD_c_compressionLevel, LEVEL);
		(void)ZSTD_CCtx_setParameter(r->zstd, ZSTD_c_checksumFlag, 1);
	}
	r->file = fopen(r->part, "we");
	if (r->file == NULL) {
		const err e = disk_problem(p, r->part, errno);
		(void)ZSTD_freeCCtx(r->zstd);
		free(r);
		return e;
	}
	put_head(r);
	*out = r;
	return OK;
fail1:
	free(r);
	return ERR_NOMEM;
}

static void
rows_free(struct rows *r)
{
	(void)ZSTD_freeCCtx(r->zstd);
	free(r->line);
	free(r);
}

void
rows_drop(struct rows *r)
{
	if (r == NULL)
		return;
	(void)fclose(r->file);
	(void)unlink(r->part);
	rows_free(r);
}

err
rows_close(struct rows *r, struct rows_done *done, struct problem *p)
{
	err e = OK;

	flush(r, ZSTD_e_end);
	if (fflush(r->file) != 0 || fsync(fileno(r->file)) != 0)
		r->errnum = r->errnum == 0 ? errno : r->errnum;
	if (fclose(r->file) != 0)
		r->errnum = r->errnum == 0 ? errno : r->errnum;
	if (r->errnum == 0 && rename(r->part, r->path) != 0)
		r->errnum = errno;
	*done = (struct rows_done){ .rows = r->count };
	(void)snprintf(done->name, sizeof(done->name), "%s", r->name);
	if (r->errnum == 0 && !file_sha256(r->path, done->sha256, &done->bytes))
		r->errnum = EIO;
	if (r->errnum != 0) {
		e = disk_problem(p, r->path, r->errnum);
		(void)unlink(r->part);
	}
	rows_free(r);
	return e;
}

bool
file_sha256(const char *path, char out[65], uint64_t *bytes)
{
	uint8_t sum[SHA256_SIZE];
	struct crypto_part part = { NULL, 0 };
	struct stat st;
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool good = fd >= 0 && fstat(fd, &st) == 0;

	if (good && st.st_size > 0) {
		void *at = mmap(
		    NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		good = at != MAP_FAILED;
		part = (struct crypto_part){ good ? at : NULL,
			(size_t)st.st_size };
	}
	if (good) {
		hash_sha256(sum, &part, 1);
		good = hex_put(out, 65, slice_of(sum, sizeof(sum))) == OK;
		*bytes = part.n;
		if (part.p != NULL)
			(void)munmap((void *)(uintptr_t)part.p, part.n);
	}
	if (fd >= 0)
		(void)close(fd);
	return good;
}

/* ---- reading ---- */

struct line_buffer {
	uint8_t *p;
	size_t n, cap;
	json_line *line;
	void *ctx;
	bool ended; /* the caller has enough */
};

#define LINE_MAX_BYTES (4U << 20)

static err
take(struct line_buffer *b, const uint8_t *in, size_t n)
{
	if (n == 0)
		return OK;
	if (b->cap - b->n < n) {
		const size_t cap = MAX(2 * b->cap, b->n + n);
		uint8_t *more =
		    cap > LINE_MAX_BYTES ? NULL : realloc(b->p, cap);
		if (more == NULL)
			return ERR_FORM; /* no line of ours is so long */
		b->p = more;
		b->cap = cap;
	}
	memcpy(b->p + b->n, in, n);
	b->n += n;
	size_t begin = 0;
	for (uint8_t *end; !b->ended && (end = memchr(b->p + begin, '\n',
					     b->n - begin)) != NULL;) {
		b->ended = !b->line(b->ctx,
		    slice_of(b->p + begin, (size_t)(end - b->p) - begin));
		begin = (size_t)(end - b->p) + 1;
	}
	memmove(b->p, b->p + begin, b->n - begin);
	b->n -= begin;
	return OK;
}

static err
unpack(ZSTD_DCtx *d, struct line_buffer *b, const uint8_t *in, size_t n,
    size_t *left)
{
	uint8_t out[64 * 1024];
	ZSTD_inBuffer from = { in, n, 0 };
	ZSTD_outBuffer to = { out, sizeof(out), 0 };

	while ((from.pos < from.size || to.pos == to.size) && !b->ended) {
		to.pos = 0;
		*left = ZSTD_decompressStream(d, &to, &from);
		if (ZSTD_isError(*left) != 0)
			return ERR_FORM;
		TRY(take(b, out, to.pos));
	}
	return OK;
}

err
lines_read(const char *path, json_line *line, void *ctx, struct problem *p)
{
	const size_t len = strlen(path);
	const bool packed = len > 4 && strcmp(path + len - 4, ".zst") == 0;
	uint8_t in[32 * 1024];
	struct line_buffer b = { .line = line, .ctx = ctx };
	ZSTD_DCtx *d = packed ? ZSTD_createDCtx() : NULL;
	FILE *f = fopen(path, "re");
	size_t n, left = 0;
	err e = OK;

	if (f == NULL || (packed && d == NULL)) {
		problem_set(p, EXIT_NOTFOUND, "E1017", "cannot read %s: %s",
		    path, strerror(errno));
		e = ERR_IO;
	}
	while (e == OK && !b.ended && (n = fread(in, 1, sizeof(in), f)) > 0)
		e = packed ? unpack(d, &b, in, n, &left) : take(&b, in, n);
	if (e == OK && !b.ended && (left != 0 || b.n > 0))
		e = ERR_FORM;
	if (e == ERR_FORM)
		problem_set(p, EXIT_DAMAGED, "E1018",
		    "%s is damaged or cut short", path);
	if (f != NULL)
		(void)fclose(f);
	(void)ZSTD_freeDCtx(d);
	free(b.p);
	return e;
}
