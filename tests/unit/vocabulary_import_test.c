/* The readers of ESCO, O*NET and crosswalks, up to the snapshot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/import/vocabulary.h"

struct file {
	const char *name, *text;
};

/* A directory of its own for each call; NULL ends the list. */
static void
write_dir(char path[64], const struct file *files)
{
	(void)snprintf(path, 64, "/tmp/ohcn-voc-XXXXXX");
	assert_non_null(mkdtemp(path));
	for (; files->name != NULL; files++) {
		char name[160];
		(void)snprintf(name, sizeof(name), "%s/%s", path, files->name);
		FILE *f = fopen(name, "wb");
		assert_non_null(f);
		assert_int_equal(fwrite(files->text, 1, strlen(files->text), f),
		    strlen(files->text));
		(void)fclose(f);
	}
}

static void
remove_dir(const char *path, const struct file *files)
{
	for (; files->name != NULL; files++) {
		char name[160];
		(void)snprintf(name, sizeof(name), "%s/%s", path, files->name);
		(void)unlink(name);
	}
	(void)rmdir(path);
}

typedef err import_fn(const char *dir, struct vocabulary_sink sink,
    const struct vocabulary_import_options *o, json_t **report);

static err
import_files(struct vocabulary_builder *b, import_fn *import,
    const struct file *files, json_t **report)
{
	char path[64];

	write_dir(path, files);
	const err e = import(path, vocabulary_sink_of(b), NULL, report);
	remove_dir(path, files);
	return e;
}

static uint32_t
place(const struct vocabulary *v, const char *uri)
{
	const uint32_t at = vocabulary_find(v, term_of_uri(slice_str(uri)));

	if (at == TERM_NOWHERE)
		fail_msg("%s is not there", uri);
	return at;
}

static bool
has(struct term_list l, uint32_t at)
{
	for (uint32_t i = 0; i < l.n; i++)
		if (l.at[i] == at)
			return true;
	return false;
}

static struct vocabulary_builder *
builder(void)
{
	struct vocabulary_builder *b =
	    vocabulary_builder_new(&vocabulary_limits_default);

	assert_non_null(b);
	return b;
}

static struct vocabulary *
finish(struct vocabulary_builder *b)
{
	struct vocabulary *v = NULL;

	assert_int_equal(vocabulary_builder_finish(b, &v), OK);
	return v;
}

#define BOM "\xef\xbb\xbf"

static const struct file esco_small[] = {
	{ "occupations_en.csv",
	    BOM "conceptType,conceptUri,iscoGroup,preferredLabel,altLabels,"
		"hiddenLabels,status,description\r\n"
		"Occupation,http://e/o1,7212,welder,\"arc welder\nsolderer\","
		"weldor,released,\"Welders join\nmetal parts.\"\r\n"
		"Occupation,http://e/o2,5120,cook,,,released,Cooks cook.\r\n" },
	{ "occupations_de.csv",
	    "conceptType;conceptUri;iscoGroup;preferredLabel;description\n"
	    "Occupation;http://e/o1;7212;Schweißer/Schweißerin;Fügt Metall\n"
	    "Occupation;http://e/o2\n" },
	{ "skillsHierarchy_en.csv",
	    "Level 0 URI,Level 0 preferred term,Level 1 URI,"
	    "Level 1 preferred term,Level 2 URI,Level 2 preferred term\n"
	    "http://e/g0,skills,,,,\n"
	    "http://e/g0,skills,http://e/g1,making things,,\n"
	    "http://e/g0,skills,http://e/g1,making things,http://e/g2,"
	    "joining\n" },
	{ "skillSkillRelations_en.csv",
	    "originalSkillUri,originalSkillType,relationType,"
	    "relatedSkillType,relatedSkillUri\n"
	    "http://e/s1,skill/competence,essential,knowledge,http://e/s2\n"
	    "http://e/s1,skill/competence,optional,knowledge,http://e/s3\n" },
	{ "compact_skills.tsv", "idx\turi\tlabel\ttype\tbroaderUris\n"
				"0\thttp://e/s1\tweld\t\thttp://e/g2\n"
				"1\thttp://e/s2\tmetals\tknowledge\t\n"
				"2\t\tnobody's skill\t\t\n"
				"3\thttp://e/s3\tgases\tknowledge\t\n" },
	{ "compact_occupations.tsv",
	    "uri\tcode\tisco\tlabel\tessential\toptional\n"
	    "http://e/o1\t7212.1\t7212\twelder\t0,1,2\t3\n"
	    "http://e/o2\t5120.1\t5120\tcook\t\t\n" },
	{ NULL, NULL },
};

static void
test_esco_from_compact_files(void **state)
{
	struct vocabulary_builder *b = builder();
	json_t *report;

	(void)state;
	assert_int_equal(import_files(b, import_esco, esco_small, &report), OK);
	json_decref(report);
	struct vocabulary *v = finish(b);
	const uint32_t welder = place(v, "http://e/o1");
	const uint32_t weld = place(v, "http://e/s1");
	const uint32_t metals = place(v, "http://e/s2");
	const uint32_t gases = place(v, "http://e/s3");

	assert_true(has(vocabulary_needs(v, welder, true), weld));
	assert_true(has(vocabulary_needs(v, welder, true), metals));
	assert_int_equal(vocabulary_needs(v, welder, true).n, 2);
	assert_true(has(vocabulary_needs(v, welder, false), gases));
	/* all levels of the hierarchy */
	assert_true(has(vocabulary_broader(v, weld), place(v, "http://e/g2")));
	assert_true(has(vocabulary_broader(v, place(v, "http://e/g2")),
	    place(v, "http://e/g1")));
	assert_int_equal(vocabulary_depth(v, weld), 3);
	/* skills that a skill needs, and typed */
	assert_true(has(vocabulary_needs(v, weld, true), metals));
	assert_true(has(vocabulary_needs(v, weld, false), gases));
	assert_true(has(vocabulary_related(v, metals), weld));
	assert_int_equal(vocabulary_type(v, metals), TERM_KNOWLEDGE);
	assert_int_equal(vocabulary_isco(v, welder), 7212);
	/* two languages; a description in one line, English first */
	uint32_t found;
	assert_true(slice_eq_str(vocabulary_label(v, welder, 0x6465, &found),
	    "Schweißer/Schweißerin"));
	assert_true(slice_eq_str(
	    vocabulary_label(v, welder, 0x6672, &found), "welder"));
	assert_true(slice_eq_str(
	    vocabulary_description(v, welder), "Welders join metal parts."));
	vocabulary_free(v);
}

static const struct file onet_small[] = {
	{ "Content Model Reference.txt",
	    "Element ID\tElement Name\tDescription\n"
	    "2.A\tBasic Skills\tx\n2.A.1.a\tReading\tx\n2.A.1.b\tWriting\tx\n"
	    "2.A.1.c\tSpeaking\tx\n" },
	{ "Occupation Data.txt", "O*NET-SOC Code\tTitle\tDescription\n"
				 "51-4121.00\tWelders\tWeld \"things\".\n"
				 "35-2014.00\tCooks, Restaurant\tCook.\n" },
	{ "Job Zones.txt",
	    "O*NET-SOC Code\tTitle\tJob Zone\n51-4121.00\tWelders\t3\n"
	    "35-2014.00\tCooks\tnine\n" },
	{ "Skills.txt", BOM "O*NET-SOC Code\tElement ID\tScale ID\tData Value\t"
			    "Recommend Suppress\tNot Relevant\r\n"
			    "51-4121.00\t2.A.1.a\tIM\t3.50\tN\t\r\n"
			    "51-4121.00\t2.A.1.a\tLV\t4.21\tN\tN\r\n"
			    "51-4121.00\t2.A.1.b\tIM\t3\tN\t\r\n"
			    "51-4121.00\t2.A.1.b\tLV\t0\tN\tN\r\n"
			    "51-4121.00\t2.A.1.c\tIM\t2.99\tN\t\r\n"
			    "51-4121.00\t2.A.1.c\tLV\t7\tN\tN\r\n"
			    "51-4121.00\t2.A\tIM\t5\tY\t\r\n"
			    "35-2014.00\t2.A.1.a\tIM\t3.x\tN\t\r\n" },
	{ "Technology Skills.txt",
	    "O*NET-SOC Code\tTitle\tExample\tCommodity Code\tCommodity Title"
	    "\tHot Technology\tIn Demand\n"
	    "51-4121.00\tW\tAutodesk AutoCAD\t43232604\tCAD software\tY\tY\n"
	    "51-4121.00\tW\tC++\t43232405\tLanguages\tN\tN\n" },
	{ "DWA Reference.txt",
	    "Element ID\tElement Name\tIWA ID\tIWA Title\tDWA ID\tDWA Title\n"
	    "4.A.3\tHandling\t4.A.3.I1\tJoin parts.\t4.A.3.I1.D1\tWeld "
	    "parts.\n" },
	{ "Tasks to DWAs.txt",
	    "O*NET-SOC Code\tTitle\tTask ID\tTask\tDWA ID\tDWA Title\n"
	    "51-4121.00\tW\t1\tDo it.\t4.A.3.I1.D1\tWeld parts.\n" },
	{ NULL, NULL },
};

static struct term_need
need_of(
    const struct vocabulary *v, uint32_t at, bool essential, const char *uri)
{
	const struct term_list l = vocabulary_needs(v, at, essential);
	const uint32_t want = place(v, uri);

	for (uint32_t i = 0; i < l.n; i++)
		if (l.at[i] == want)
			return vocabulary_need(v, at, essential, i);
	fail_msg("%s is not needed", uri);
	return (struct term_need){ 0 };
}

static void
test_onet_profile(void **state)
{
	struct vocabulary_builder *b = builder();
	json_t *report;

	(void)state;
	assert_int_equal(import_files(b, import_onet, onet_small, &report), OK);
	const json_t *notes = json_object_get(report, "notes");
	assert_int_equal(json_array_size(notes), 2);
	const json_t *note = json_array_get(notes, 0);
	assert_string_equal(
	    json_string_value(json_object_get(note, "file")), "Skills.txt");
	assert_int_equal(json_integer_value(json_object_get(note, "line")), 9);
	assert_string_equal(
	    json_string_value(json_object_get(note, "column")), "Data Value");
	json_decref(report);
	struct vocabulary *v = finish(b);
	const uint32_t welder = place(v, "urn:onet:51-4121.00");

	struct term_need n = need_of(v, welder, true, "urn:onet:2.A.1.a");
	assert_int_equal(n.level, 4);   /* 4.21 of 7 */
	assert_int_equal(n.weight, 62); /* 3.50: (350 - 100) / 4 */
	n = need_of(v, welder, false, "urn:onet:2.A.1.b");
	assert_int_equal(n.level, 1);
	assert_int_equal(n.weight, 50);
	need_of(v, welder, true, "urn:onet:technology:autodesk-autocad");
	need_of(v, welder, false, "urn:onet:technology:c++");
	need_of(v, welder, false, "urn:onet:4.A.3.I1.D1");
	assert_int_equal(vocabulary_needs(v, welder, true).n, 2);
	assert_int_equal(vocabulary_needs(v, welder, false).n, 3);
	assert_int_equal(vocabulary_zone(v, welder), 3);
	assert_int_equal(
	    vocabulary_zone(v, place(v, "urn:onet:35-2014.00")), 0);
	assert_true(has(vocabulary_broader(v,
			    place(v, "urn:onet:technology:autodesk-autocad")),
	    place(v, "urn:onet:unspsc:43232604")));
	assert_int_equal(
	    vocabulary_depth(v, place(v, "urn:onet:4.A.3.I1.D1")), 2);
	assert_true(
	    slice_eq_str(vocabulary_label(v, place(v, "urn:onet:4.A.3.I1.D1"),
			     VOCABULARY_ENGLISH, NULL),
		"Weld parts"));
	vocabulary_free(v);
}

static void
test_crosswalk(void **state)
{
	static const struct file nesta[] = {
		{ "walk.csv", "id,onet_code,confidence,concept_uri\n"
			      "1,51-4121.06,2.0,http://e/o1\n" /* is .00 here */
			      "2,35-2014.00,1.0,http://e/o2\n"
			      "3,35-2014.00,0.5,http://e/o1\n"
			      "4,99-9999.00,2.0,http://e/o1\n" },
		{ "other.csv", "a,b\n1,2\n" },
		{ NULL, NULL },
	};
	/* exact matches of two ESCO occupations with one code: only close */
	static const struct file official[] = {
		{ "walk.csv",
		    "O*NET Id,O*NET Title,ESCO or ISCO URI,Type of Match\n"
		    "51-4121.00,x,http://e/o1,exactMatch\n"
		    "51-4121.00,x,http://e/o2,exactMatch\n"
		    "35-2014.00,x,http://e/o2,wrongMatch\n" },
		{ NULL, NULL },
	};
	static const struct file none[] = { { "other.csv", "a,b\n1,2\n" },
		{ NULL, NULL } };
	json_t *report;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct vocabulary_builder *b = builder();
		assert_int_equal(
		    import_files(b, import_onet, onet_small, &report), OK);
		json_decref(report);
		assert_int_equal(
		    import_files(b, import_esco, esco_small, &report), OK);
		json_decref(report);
		assert_int_equal(import_files(b, import_crosswalk,
				     i == 0 ? nesta : official, &report),
		    OK);
		assert_int_equal(
		    json_integer_value(json_object_get(report, "same")),
		    i == 0);
		assert_int_equal(
		    json_integer_value(json_object_get(report, "close")),
		    i == 0 ? 1 : 2);
		assert_int_equal(
		    json_integer_value(json_object_get(report, "left_out")), 1);
		json_decref(report);
		assert_int_equal(
		    import_files(b, import_crosswalk, none, &report),
		    ERR_NOTFOUND);
		json_decref(report);
		struct vocabulary *v = finish(b);
		const uint32_t e1 = place(v, "http://e/o1");
		const uint32_t e2 = place(v, "http://e/o2");
		const uint32_t welder = place(v, "urn:onet:51-4121.00");
		const uint32_t cook = place(v, "urn:onet:35-2014.00");
		assert_int_equal(e1 == welder, i == 0);
		assert_true(e1 != e2 && e2 != cook && e2 != welder);
		assert_true(
		    has(vocabulary_close(v, e2), i == 0 ? cook : e1) || i == 1);
		if (i == 1)
			assert_true(has(vocabulary_close(v, e1), welder) &&
				    has(vocabulary_close(v, welder), e2));
		vocabulary_free(v);
	}
}

/* What a broken file says, and that nothing of it is taken. */
static void
test_faults(void **state)
{
	static const struct {
		import_fn *import;
		struct file file;
		int line;
		const char *column, *message;
	} cases[] = {
		{ import_esco, { "skills_en.csv", "uri,label\nhttp://x/1,y\n" },
		    1, "conceptUri", "there is no column" },
		{ import_esco,
		    { "skills_en.csv",
			"conceptUri,preferredLabel\nhttp://x/1,a\n\n"
			"http://x/2,\"b\nc\n" },
		    4, "", "quotation marks" },
		{ import_onet, { "Occupation Data.txt", "Code\tTitle\n1\tx\n" },
		    1, "O*NET-SOC Code", "there is no column" },
		{ import_onet, { "Occupation Data.txt", "" }, 1, "",
		    "the file is empty" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vocabulary_builder *b = builder();
		const struct file files[] = { cases[i].file, { NULL, NULL } };
		json_t *report;
		assert_int_equal(
		    import_files(b, cases[i].import, files, &report), ERR_FORM);
		const json_t *error =
		    json_array_get(json_object_get(report, "errors"), 0);
		assert_string_equal(
		    json_string_value(json_object_get(error, "file")),
		    cases[i].file.name);
		assert_int_equal(
		    json_integer_value(json_object_get(error, "line")),
		    cases[i].line);
		assert_string_equal(
		    json_string_value(json_object_get(error, "column")),
		    cases[i].column);
		assert_non_null(
		    strstr(json_string_value(json_object_get(error, "message")),
			cases[i].message));
		assert_true(
		    json_string_length(json_object_get(error, "hint")) > 10);
		json_decref(report);
		struct vocabulary *v = finish(b);
		assert_int_equal(vocabulary_size(v), 0);
		vocabulary_free(v);
	}
}

/* The same files in another order, or twice: the same hash. */
static void
test_any_order(void **state)
{
	uint8_t hash[VOCABULARY_HASH];

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct vocabulary_builder *b = builder();
		for (int k = 0; k < (i == 2 ? 4 : 2); k++) {
			const bool esco = (i + k) % 2 == 0;
			json_t *report;
			assert_int_equal(vocabulary_builder_origin(
					     b, esco ? "esco" : "onet"),
			    OK);
			assert_int_equal(
			    import_files(b, esco ? import_esco : import_onet,
				esco ? esco_small : onet_small, &report),
			    OK);
			json_decref(report);
		}
		struct vocabulary *v = finish(b);
		if (i == 0)
			memcpy(hash, vocabulary_hash(v), sizeof(hash));
		assert_memory_equal(hash, vocabulary_hash(v), sizeof(hash));
		vocabulary_free(v);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_esco_from_compact_files),
		cmocka_unit_test(test_onet_profile),
		cmocka_unit_test(test_crosswalk),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
