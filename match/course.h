/*
 * course.h: a course as something to be matched. For a person a course is an
 * offer like any other: it has requirements (what one should know before),
 * a language, hours a week, a place, and it teaches. So it is scored as a
 * posting; there is no second formula. SPEC: "Courses in a match".
 */
#pragma once

#include "match/card.h"

/**
 * course_posting(payload, region, out):
 * The posting that stands for a course: needs become requirements of the
 * default weight that nobody must meet, what it teaches is taught to its
 * ${to} level, hours over weeks are hours a week. On site when it is given on
 * site alone, else anywhere. It has no type, no pay, and is open. Not
 * resolved yet. ERR_FORM: not a course.
 */
NODISCARD err course_posting(
    const struct value *payload, const char *region, struct posting *out);
