#include "store/faults.h"

#include <stdarg.h>
#include <stdio.h>

#define TEXT_BYTES 160

void
store_fault(const struct store_faults *f, const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list args;

	if ((*f->n)++ >= STORE_FAULTS_TOLD || f->fn == NULL)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	f->fn(f->ctx, text);
}
