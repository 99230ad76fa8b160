#include "match/protected.h"

#include "match/normal.h"

/*
 * Per language, in normal form: words that name an attribute or a member of
 * a group, words that only fill, and whole labels whose words are harmless
 * one by one. Each list begins and ends with a space.
 */
static const struct {
	uint32_t language;
	const char *words, *fill;
	const char *phrases; /* separated by | */
} lists[] = {
	{ 0x656e,
	    " age aged sex sexes gender religion religious faith church "
	    "ethnicity ethnic race racial disability disabilities disabled "
	    "marital married unmarried divorced widowed nationality "
	    "citizenship citizen homosexual homosexuality heterosexual "
	    "bisexual gay lesbian transgender transsexual queer muslim "
	    "muslims islam christian christians christianity catholic "
	    "protestant jew jews jewish hindu buddhist atheist pregnant "
	    "pregnancy unionist unionised caucasian handicapped "
	    "handicap male female sexuality ",
	    " my the a of in is am are and or not non no own person people "
	    "status identity background origin origins group member members "
	    "membership orientation years year old young affiliation belief "
	    "beliefs man men woman women degree severely sexual political "
	    "trade union party country only ",
	    "|sexual orientation|trade union membership|union membership|"
	    "union member|trade union member|political party|"
	    "political opinion|political opinions|political views|"
	    "political affiliation|party membership|party member|"
	    "state of health|health status|health condition|"
	    "health conditions|chronic illness|chronically ill|hiv positive|"
	    "mental illness|medical condition|skin colour|skin color|"
	    "date of birth|place of birth|country of birth|years old|"
	    "young people only|under 30|over 50|family status|"
	    "number of children|mother tongue only|woman|women|man|men|"
	    "young people|old people|" },
	{ 0x6465,
	    " alter geschlecht gender religion religios religiositat "
	    "konfession glaube ethnie ethnizitat rasse behinderung "
	    "behinderungen behindert behinderte schwerbehindert "
	    "schwerbehinderung schwerbehinderte familienstand verheiratet "
	    "ledig geschieden verwitwet nationalitat staatsangehorigkeit "
	    "staatsburgerschaft homosexuell homosexualitat heterosexuell "
	    "bisexuell schwul lesbisch transgender transsexuell muslim "
	    "muslima muslimisch islam christ christin christlich christentum "
	    "katholisch evangelisch protestantisch jude judin judisch hindu "
	    "atheist schwanger schwangerschaft gewerkschaftsmitglied "
	    "gewerkschaftsmitgliedschaft gewerkschaft gesundheitszustand "
	    "parteimitglied parteimitgliedschaft parteizugehorigkeit "
	    "hautfarbe geburtsdatum geburtsort alleinerziehend "
	    "geschlechtsidentitat religionszugehorigkeit mannlich weiblich ",
	    " mein meine das der die des und oder nicht ist bin person "
	    "personen menschen status identitat herkunft zugehorigkeit "
	    "mitglied mitgliedschaft orientierung jahre alt jung jahr mann "
	    "frau grad der gruppe nur in einer von sexuelle politische ",
	    "|sexuelle orientierung|politische meinung|"
	    "politische einstellung|politische partei|ethnische herkunft|"
	    "mitglied einer partei|chronisch krank|chronische krankheit|"
	    "hiv positiv|psychische erkrankung|zahl der kinder|"
	    "mitglied einer gewerkschaft|uber 50|unter 30|frau|frauen|"
	    "mann|manner|junge menschen|alte menschen|" },
	{ 0x6672,
	    " age sexe genre religion religieux religieuse foi ethnie "
	    "ethnique race racial raciale handicap handicape handicapee "
	    "handicapes marie mariee celibataire divorce divorcee veuf veuve "
	    "nationalite citoyennete homosexuel homosexuelle homosexualite "
	    "heterosexuel bisexuel gay lesbienne transgenre transsexuel "
	    "musulman musulmane islam chretien chretienne catholique "
	    "protestant juif juive hindou bouddhiste athee enceinte grossesse "
	    "syndique syndiquee masculin feminin ",
	    " mon ma mes le la les l de du des d et ou ne pas est suis "
	    "personne personnes gens statut identite origine appartenance "
	    "groupe membre orientation ans an homme femme jeune vieux un une "
	    "en situation sexuelle politique seulement ",
	    "|orientation sexuelle|appartenance syndicale|"
	    "membre d un syndicat|parti politique|opinion politique|"
	    "opinions politiques|etat de sante|situation de famille|"
	    "situation familiale|etat civil|maladie chronique|"
	    "couleur de peau|date de naissance|lieu de naissance|"
	    "membre d un parti|seropositif|nombre d enfants|femme|femmes|"
	    "homme|hommes|jeunes|" },
	{ 0x6573,
	    " edad sexo genero religion religioso religiosa etnia etnico "
	    "etnica raza racial discapacidad discapacidades discapacitado "
	    "discapacitada minusvalia casado casada soltero soltera "
	    "divorciado divorciada viudo viuda nacionalidad ciudadania "
	    "homosexual homosexualidad heterosexual bisexual gay lesbiana "
	    "transgenero transexual musulman musulmana islam cristiano "
	    "cristiana catolico catolica protestante judio judia hindu "
	    "budista ateo atea embarazada embarazo sindicalizado masculino "
	    "femenino ",
	    " mi mis el la los las de del y o no es soy persona personas "
	    "estado identidad origen pertenencia grupo miembro orientacion "
	    "anos ano hombre mujer joven viejo un una grado sexual politica "
	    "solo con ",
	    "|orientacion sexual|afiliacion sindical|"
	    "miembro de un sindicato|partido politico|opinion politica|"
	    "opiniones politicas|estado de salud|estado civil|"
	    "enfermedad cronica|color de piel|fecha de nacimiento|"
	    "lugar de nacimiento|miembro de un partido|seropositivo|"
	    "numero de hijos|mujer|mujeres|hombre|hombres|jovenes|" },
};

static bool
listed(const char *list, char edge, struct slice text)
{
	const size_t n = strlen(list);

	for (size_t i = 0; i + text.n + 2 <= n; i++) {
		if (list[i] == edge && list[i + text.n + 1] == edge &&
		    memcmp(list + i + 1, text.p, text.n) == 0)
			return true;
	}
	return false;
}

static bool
is_number(struct slice word)
{
	for (size_t i = 0; i < word.n; i++) {
		if (word.p[i] < '0' || word.p[i] > '9')
			return false;
	}
	return true;
}

static bool
protected_in(size_t list, struct slice normal)
{
	bool named = false;

	while (normal.n > 0) {
		size_t n = 0;
		if (listed(lists[list].phrases, '|', normal))
			return true;
		while (n < normal.n && normal.p[n] != ' ')
			n++;
		const struct slice word = { normal.p, n };
		if (listed(lists[list].words, ' ', word))
			named = true;
		else if (!listed(lists[list].fill, ' ', word) &&
			 !is_number(word))
			return false;
		slice_skip(&normal, n < normal.n ? n + 1 : n);
	}
	return named;
}

bool
label_is_protected(uint32_t language, struct slice text)
{
	uint8_t space[512];
	struct buf b = { space, 0, sizeof(space) };
	bool known = false;

	normal_put(text, &b);
	if (b.n == 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		known = known || lists[i].language == language;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		if (known && lists[i].language != language)
			continue;
		if (protected_in(i, buf_slice(&b)))
			return true;
	}
	return false;
}
