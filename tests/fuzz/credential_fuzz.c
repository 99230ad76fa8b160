/*
 * Any bytes as a credential of a stranger. What is read has one byte form
 * that reads back to itself; a credential is judged without falling over, and
 * what is judged good does not change its verdict when its text is written in
 * the one form.
 */
#include <stdlib.h>

#include "node/credential/credential.h"

#define NOW 1790000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_form(const json_t *v, struct slice *form)
{
	char why[JCS_WHY] = "";
	struct slice again;
	json_t *back;

	const err e = jcs_write(v, form, why);
	if (e != OK) {
		ASSERT(e == ERR_FORM || e == ERR_LIMIT);
		ASSERT(why[0] != '\0' && form->p == NULL);
		return;
	}
	ASSERT(jcs_read(*form, &back, why) == OK);
	ASSERT(jcs_write(back, &again, why) == OK);
	ASSERT(slice_eq(*form, again));
	free((void *)(uintptr_t)again.p);
	json_decref(back);
}

static void
check_verdict(const json_t *v, struct slice form)
{
	struct credential_check one, two;
	char why[JCS_WHY];
	json_t *back;

	(void)credential_verify(v, NOW, NULL, &one);
	ASSERT(one.view.skills_n <= ARRAY_LEN(one.view.skills));
	if (one.fault == CREDENTIAL_FINE) {
		ASSERT(one.proof_checked && one.proof.fault == PROOF_FINE);
		ASSERT(form.p != NULL);
	}
	if (form.p == NULL)
		return;
	ASSERT(jcs_read(form, &back, why) == OK);
	(void)credential_verify(back, NOW, NULL, &two);
	ASSERT(one.fault == two.fault && one.proof.fault == two.proof.fault);
	json_decref(back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[JCS_WHY] = "";
	struct slice form = { NULL, 0 };
	json_t *v;

	const err e = jcs_read(slice_of(data, size), &v, why);
	if (e != OK) {
		ASSERT(v == NULL && why[0] != '\0');
		ASSERT(e == ERR_FORM || e == ERR_LIMIT);
		return 0;
	}
	check_form(v, &form);
	check_verdict(v, form);
	free((void *)(uintptr_t)form.p);
	json_decref(v);
	return 0;
}
