#include "match/signal/week.h"

#include <stdlib.h>

#include "proto/base/varint.h"
#include "proto/record/fingerprint.h"

#define MAGIC      "OHCNSIG1"
#define MAGIC_N    8
#define HEAD       (MAGIC_N + 12)
#define ROW_LEAST  12
#define HAS_PAY    64U
#define HAS_FILL   128U
#define PERIOD_MAX 6

/* ---- writing ---- */

NODISCARD static err
put_quartiles(struct buf *b, const struct signal_quartiles *q)
{
	TRY(varint_put(b, q->n));
	TRY(varint_put(b, q->low));
	TRY(varint_put(b, q->middle));
	return varint_put(b, q->high);
}

NODISCARD static err
put_row(struct buf *b, const struct signal_row *row)
{
	uint8_t head[ROW_LEAST];

	put_u64be(head, row->term);
	memcpy(head + 8, row->region, 2);
	head[10] = row->sector;
	head[11] = (uint8_t)(row->shown | (row->pay.n > 0 ? HAS_PAY : 0U) |
			     (row->fill.n > 0 ? HAS_FILL : 0U));
	TRY(buf_put(b, head, sizeof(head)));
	for (unsigned m = 0; m < SIGNAL_MEASURES; m++) {
		if ((row->shown >> m & 1) == 0)
			continue;
		TRY(varint_put(b, row->amount[m]));
		if (m >= SIGNAL_PEOPLE)
			TRY(varint_put(b, row->companies[m - SIGNAL_PEOPLE]));
	}
	if (row->pay.n > 0) {
		TRY(put_quartiles(b, &row->pay));
		TRY(buf_put(b, row->currency, 3));
		TRY(buf_put_u8(b, row->period));
	}
	return row->fill.n > 0 ? put_quartiles(b, &row->fill) : OK;
}

static uint64_t
size_of(const struct signal_row *row)
{
	uint64_t sum = 0;

	for (unsigned m = 0; m < SIGNAL_MEASURES; m++)
		sum += row->amount[m];
	return sum;
}

static int
by_size(const void *a, const void *b)
{
	const struct signal_row *const *x = a, *const *y = b;
	const uint64_t p = size_of(*x), q = size_of(*y);

	if (p != q)
		return p > q ? -1 : 1;
	return (*x > *y) - (*x < *y);
}

static int
by_place(const void *a, const void *b)
{
	const struct signal_row *const *x = a, *const *y = b;

	return (*x > *y) - (*x < *y);
}

err
signal_week_write(
    const struct signal_release *r, size_t rows_max, struct buf *out)
{
	const size_t most = MIN(rows_max, (size_t)SIGNAL_WEEK_ROWS_MAX);
	const size_t n = MIN(r->n, most);
	const size_t cap = HEAD + n * SIGNAL_ROW_BYTES_MAX + FINGERPRINT;
	const struct signal_row **rows =
	    malloc(MAX(r->n, 1U) * sizeof(const struct signal_row *));
	uint8_t head[12], print[FINGERPRINT];
	err e = OK;

	*out = (struct buf){ malloc(cap), 0, cap };
	if (rows == NULL || out->p == NULL) {
		free(rows);
		free(out->p);
		out->p = NULL;
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < r->n; i++)
		rows[i] = &r->rows[i];
	if (n < r->n) {
		qsort(rows, r->n, sizeof(const struct signal_row *), by_size);
		qsort(rows, n, sizeof(const struct signal_row *), by_place);
	}
	put_u32be(head, r->week);
	put_u32be(head + 4, r->k_people);
	put_u32be(head + 8, (uint32_t)n);
	e = buf_put(out, MAGIC, MAGIC_N);
	if (e == OK)
		e = buf_put(out, head, sizeof(head));
	for (size_t i = 0; i < n && e == OK; i++)
		e = put_row(out, rows[i]);
	free(rows);
	ASSERT(e == OK); /* SIGNAL_ROW_BYTES_MAX is enough for any row */
	fingerprint(print, "ohcn-signal-week", buf_slice(out));
	e = buf_put(out, print, sizeof(print));
	ASSERT(e == OK);
	return OK;
}

/* ---- reading ---- */

NODISCARD static err
get_number(struct slice *in, uint64_t max, uint64_t *out)
{
	size_t used;

	if (varint_get(*in, out, &used) != OK)
		return ERR_FORM;
	slice_skip(in, used);
	return *out >= 1 && *out <= max ? OK : ERR_FORM;
}

NODISCARD static err
get_quartiles(struct slice *in, struct signal_quartiles *q)
{
	uint64_t n;

	TRY(get_number(in, UINT32_MAX, &n));
	q->n = (uint32_t)n;
	TRY(get_number(in, UINT64_MAX >> 1, &q->low));
	TRY(get_number(in, UINT64_MAX >> 1, &q->middle));
	TRY(get_number(in, UINT64_MAX >> 1, &q->high));
	return q->low <= q->middle && q->middle <= q->high ? OK : ERR_FORM;
}

static bool
is_region(const char region[3])
{
	return memcmp(region, SIGNAL_UNTOLD, 2) == 0 ||
	       (region[0] >= 'a' && region[0] <= 'z' && region[1] >= 'a' &&
		   region[1] <= 'z');
}

NODISCARD static err
get_pay(struct slice *in, struct signal_row *row)
{
	TRY(get_quartiles(in, &row->pay));
	if (in->n < 4)
		return ERR_FORM;
	for (unsigned i = 0; i < 3; i++) {
		row->currency[i] = (char)in->p[i];
		if (in->p[i] < 'A' || in->p[i] > 'Z')
			return ERR_FORM;
	}
	row->period = in->p[3];
	slice_skip(in, 4);
	return row->period >= 1 && row->period <= PERIOD_MAX ? OK : ERR_FORM;
}

NODISCARD static err
get_row(struct slice *in, struct signal_row *row)
{
	uint64_t v;

	*row = (struct signal_row){ 0 };
	if (in->n < ROW_LEAST)
		return ERR_FORM;
	row->term = get_u64be(in->p);
	memcpy(row->region, in->p + 8, 2);
	row->sector = in->p[10];
	const uint8_t has = in->p[11];
	row->shown = has & (HAS_PAY - 1);
	slice_skip(in, ROW_LEAST);
	if (row->shown == 0 || row->sector >= SECTORS ||
	    !is_region(row->region))
		return ERR_FORM;
	for (unsigned m = 0; m < SIGNAL_MEASURES; m++) {
		if ((row->shown >> m & 1) == 0)
			continue;
		TRY(get_number(in, UINT32_MAX, &v));
		row->amount[m] = (uint32_t)v;
		if (m < SIGNAL_PEOPLE)
			continue;
		TRY(get_number(in, UINT32_MAX, &v));
		row->companies[m - SIGNAL_PEOPLE] = (uint32_t)v;
	}
	if ((has & HAS_PAY) != 0)
		TRY(get_pay(in, row));
	return (has & HAS_FILL) != 0 ? get_quartiles(in, &row->fill) : OK;
}

err
signal_week_read(struct slice bytes, struct signal_week *out)
{
	struct slice in = bytes;
	uint8_t print[FINGERPRINT];

	*out = (struct signal_week){ 0 };
	if (bytes.n < HEAD + FINGERPRINT ||
	    memcmp(bytes.p, MAGIC, MAGIC_N) != 0)
		return ERR_FORM;
	in.n -= FINGERPRINT;
	fingerprint(print, "ohcn-signal-week", in);
	if (memcmp(print, in.p + in.n, FINGERPRINT) != 0)
		return ERR_FORM;
	out->week = get_u32be(in.p + MAGIC_N);
	out->k_people = get_u32be(in.p + MAGIC_N + 4);
	const size_t n = get_u32be(in.p + MAGIC_N + 8);
	slice_skip(&in, HEAD);
	if (n > SIGNAL_WEEK_ROWS_MAX || n > in.n / ROW_LEAST)
		return ERR_FORM;
	struct signal_row *rows = calloc(MAX(n, 1U), sizeof(*rows));
	if (rows == NULL)
		return ERR_NOMEM;
	err e = OK;
	for (size_t i = 0; i < n && e == OK; i++) {
		e = get_row(&in, &rows[i]);
		if (e != OK ||
		    (i > 0 && signal_row_order(&rows[i - 1], &rows[i]) >= 0))
			e = ERR_FORM;
	}
	if (e == OK && in.n > 0)
		e = ERR_FORM;
	if (e != OK) {
		free(rows);
		return ERR_FORM;
	}
	out->rows = rows;
	out->n = n;
	return OK;
}
