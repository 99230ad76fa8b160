/* Words of several languages for one thing; see import/words.h. */
#include "node/import/words.h"

#include <ctype.h>
#include <stdio.h>

#include "proto/base/text.h"

/* ---- words in a list "a|b|c" ---- */

static bool
is_word_byte(int c)
{
	return isalnum(c) || c >= 0x80;
}

/* ${s} is one of them, ASCII letters in any case. */
static bool
is_listed(struct slice s, const char *list)
{
	for (const char *at = list; *at != 0;) {
		const size_t n = strcspn(at, "|");
		size_t i = 0;
		while (i < n && n == s.n &&
		       tolower(s.p[i]) == tolower((unsigned char)at[i]))
			i++;
		if (n == s.n && i == n)
			return true;
		at += n + (at[n] == '|');
	}
	return false;
}

/* The next run of letters and digits; ${before}: what stood before it. */
static bool
next_word(struct slice *rest, struct slice *before, struct slice *word)
{
	size_t from = 0, to;

	*before = *word = slice_of(NULL, 0);
	if (rest->n == 0) /* an absent cell has no address to count from */
		return false;
	while (from < rest->n && !is_word_byte(rest->p[from]))
		from++;
	to = from;
	while (to < rest->n && is_word_byte(rest->p[to]))
		to++;
	*before = slice_of(rest->p, from);
	*word = slice_of(rest->p + from, to - from);
	slice_skip(rest, to);
	return word->n > 0;
}

/* A word of ${s} is one of ${list}, or begins with one that ends in '*'. */
static bool
has_listed(struct slice s, const char *list)
{
	struct slice before, word;

	while (next_word(&s, &before, &word))
		for (const char *at = list; *at != 0;) {
			const size_t n = strcspn(at, "|");
			const bool open = at[n - 1] == '*';
			const size_t m = n - open;
			size_t i = 0;
			while (
			    i < m && i < word.n &&
			    tolower(word.p[i]) == tolower((unsigned char)at[i]))
				i++;
			if (i == m && (open || word.n == m))
				return true;
			at += n + (at[n] == '|');
		}
	return false;
}

/* ---- columns ---- */

struct alias {
	const char *ours, *theirs;
};

static const struct alias both_aliases[] = {
	{ "external_id", "id|job_id|jobid|course_id|ref|reference|"
			 "reference_number|reference_no|requisition_id|req_id|"
			 "kennziffer|referenz|referenznummer|stellennummer|"
			 "kursnummer|nummer|nr|référence|numéro|referencia|"
			 "código|codigo" },
	{ "description", "beschreibung|stellenbeschreibung|aufgaben|"
			 "job_description|course_description|summary|details|"
			 "kursbeschreibung|description_du_poste|descripción|"
			 "descripcion" },
	{ "region", "country|country_code|land|pays|país|pais" },
	{ "place", "location|ort|standort|arbeitsort|einsatzort|kursort|"
		   "veranstaltungsort|city|town|stadt|place_of_work|lieu|"
		   "ville|lieu_de_travail|ubicación|ubicacion|ciudad|lugar|"
		   "localidad" },
	{ "currency", "währung|waehrung|devise|moneda|salary_currency|"
		      "price_currency" },
	{ "languages", "language|sprache|sprachen|sprachkenntnisse|"
		       "kurssprache|required_languages|language_skills|langue|"
		       "langues|idioma|idiomas" },
	{ "start", "start_date|startdate|startdatum|beginn|kursbeginn|"
		   "eintritt|eintrittsdatum|arbeitsbeginn|date_de_début|"
		   "fecha_de_inicio|inicio" },
	{ "website", "url|link|webseite|homepage|lien|enlace" },
};

static const struct alias demand_aliases[] = {
	{ "title", "job_title|jobtitle|job|position|role|titel|jobtitel|"
		   "stelle|stellentitel|stellenbezeichnung|"
		   "berufsbezeichnung|titre|intitulé|intitulé_du_poste|poste|"
		   "título|titulo|puesto|cargo" },
	{ "skills", "skill|required_skills|key_skills|requirements|"
		    "competencies|kenntnisse|fachkenntnisse|fähigkeiten|"
		    "faehigkeiten|kompetenzen|anforderungen|qualifikation|"
		    "qualifikationen|technologies|tech_stack|technologien|"
		    "compétences|competences|competencias|habilidades|"
		    "requisitos|conocimientos" },
	{ "salary", "gehalt|lohn|verdienst|vergütung|verguetung|entgelt|"
		    "gehaltsspanne|jahresgehalt|monatsgehalt|stundenlohn|pay|"
		    "wage|wages|compensation|salary_range|pay_range|salaire|"
		    "rémunération|remuneration|salario|sueldo|retribución" },
	{ "pay_min", "salary_min|min_salary|minimum_salary|gehalt_von|"
		     "gehalt_min|mindestgehalt|salaire_min|salario_min" },
	{ "pay_max", "salary_max|max_salary|maximum_salary|gehalt_bis|"
		     "gehalt_max|höchstgehalt|salaire_max|salario_max" },
	{ "period", "pay_period|salary_period|zeitraum|gehaltszeitraum|"
		    "période|periodo" },
	{ "hours", "hours_per_week|weekly_hours|wochenstunden|arbeitszeit|"
		   "stunden|stunden_pro_woche|heures|horas" },
	{ "contract", "employment_type|contract_type|vertragsart|"
		      "anstellungsart|beschäftigungsart|contrat|"
		      "type_de_contrat|contrato|tipo_de_contrato" },
	{ "remote", "homeoffice|home_office|work_mode|workplace|workplace_type|"
		    "télétravail|teletravail|teletrabajo" },
	{ "seats", "openings|vacancies|number_of_positions|anzahl|"
		   "anzahl_stellen|plätze|postes|vacantes|plazas" },
	{ "experience", "erfahrung|berufserfahrung|work_experience|"
			"years_of_experience|expérience|experiencia" },
	{ "occupation", "beruf|profession|métier|ocupación|ocupacion" },
};

static const struct alias course_aliases[] = {
	{ "title", "course|course_title|course_name|titel|kurs|kurstitel|"
		   "kursname|bezeichnung|titre|cours|formation|título|titulo|"
		   "curso|nombre_del_curso" },
	{ "teaches", "skills|skills_taught|content|contents|topics|"
		     "learning_outcomes|competencies|inhalt|inhalte|"
		     "kursinhalte|lerninhalte|lernziele|kenntnisse|"
		     "kompetenzen|contenu|contenus|compétences|competences|"
		     "contenido|contenidos|competencias" },
	{ "needs", "prerequisites|requirements|voraussetzung|voraussetzungen|"
		   "vorkenntnisse|prérequis|prerequis|requisitos" },
	{ "cost", "price|fee|course_fee|preis|kosten|kursgebühr|gebühr|"
		  "gebuehr|teilnahmegebühr|prix|coût|precio|coste" },
	{ "duration", "dauer|kursdauer|umfang|durée|duree|duración|duracion" },
	{ "formats", "format|delivery|delivery_mode|kursform|lernform|"
		     "modalité|modalidad" },
	{ "seats", "places|plätze|teilnehmerzahl|max_participants|plazas" },
	{ "credential", "certificate|zertifikat|abschluss|certificat|"
			"certificado" },
};

static const struct alias statistic_aliases[] = {
	{ "value", "obs_value|count|figure|wert|anzahl|valeur|valor" },
	{ "region", "geo|country|land|pays|país" },
	{ "isco", "isco08|isco_08|occupation_code" },
	{ "industry", "isic|nace|nace_r2|branche|secteur" },
	{ "period", "time|time_period|year|jahr|quarter|quartal|week|année" },
	{ "term", "skill|occupation|beruf|kompetenz|compétence" },
	{ "n", "observations|obs" },
};

static const char *
alias_in(const struct alias *list, size_t n, struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (is_listed(name, list[i].theirs))
			return list[i].ours;
	return NULL;
}

const char *
column_alias(uint32_t kind, const char *name)
{
	/* "gehalt_(brutto)" and "skills:" are "gehalt" and "skills" */
	struct slice s = slice_of(name, strcspn(name, "(["));
	const char *ours;

	while (s.n > 0 && strchr("_:*.", s.p[s.n - 1]) != NULL)
		s.n--;
	if (s.n == 0)
		return NULL;
	if (kind == KIND_STATISTIC)
		return alias_in(
		    statistic_aliases, ARRAY_LEN(statistic_aliases), s);
	ours = kind == KIND_COURSE
		   ? alias_in(course_aliases, ARRAY_LEN(course_aliases), s)
		   : alias_in(demand_aliases, ARRAY_LEN(demand_aliases), s);
	if (ours == NULL)
		ours = alias_in(both_aliases, ARRAY_LEN(both_aliases), s);
	return ours;
}

/* ---- salaries ---- */

const char *
period_get(struct slice s)
{
	static const struct {
		const char *period, *words;
	} known[] = {
		{ "hour", "hour*|hr|h|stunde*|std|heure*|hora*" },
		{ "day", "day*|daily|tag|tage|tages*|täglich|jour|día" },
		{ "week", "week*|woche*|wöchentlich|semaine*|semana*" },
		{ "month", "month*|mo|monat*|mtl|mois|mensuel*|mes|mensual*" },
		{ "year",
		    "year*|yr|jahr*|jährlich|annual*|annum|an|année|annuel*|"
		    "año|anual*" },
	};
	const char *found = NULL;

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (!has_listed(s, known[i].words))
			continue;
		if (found != NULL)
			return NULL;
		found = known[i].period;
	}
	for (size_t i = 0; found == NULL && i + 4 <= s.n; i++)
		if ((i == 0 || !is_word_byte(s.p[i - 1])) &&
		    (slice_is(slice_of(s.p + i, 4), "p.a.") ||
			slice_is(slice_of(s.p + i, 4), "p.m.")))
			found = tolower(s.p[i + 2]) == 'a' ? "year" : "month";
	return found;
}

/* A currency at the front of ${s}: its length, else 0. */
static size_t
currency_at(struct slice s, bool inside_word, char out[4])
{
	static const struct {
		const char *sign, *code;
	} signs[] = { { "€", "EUR" }, { "£", "GBP" }, { "US$", "USD" } };
	static const char codes[] =
	    "EUR|USD|GBP|CHF|PLN|SEK|NOK|DKK|CZK|HUF|RON|BGN|TRY|INR|JPY|CAD|"
	    "AUD|NZD|MXN|BRL|ARS|CLP|COP|PEN|ZAR|KES|NGN|GHS|UAH|RSD|ISK|CNY|"
	    "SGD|AED|XOF|MAD";
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
		n = strlen(signs[i].sign);
		if (s.n >= n && slice_is(slice_of(s.p, n), signs[i].sign)) {
			memcpy(out, signs[i].code, 4);
			return n;
		}
	}
	for (n = 0; n < s.n && is_word_byte(s.p[n]);)
		n++;
	if (inside_word || n == 0)
		return 0;
	if (is_listed(slice_of(s.p, n), "euro|euros")) {
		memcpy(out, "EUR", 4);
		return n;
	}
	/* "EUR/month", also "EUR60000" */
	if (n >= 3 && (n == 3 || isdigit(s.p[3])) &&
	    is_listed(slice_of(s.p, 3), codes)) {
		for (size_t i = 0; i < 3; i++)
			out[i] = (char)toupper(s.p[i]);
		out[3] = 0;
		return 3;
	}
	return 0;
}

/* White space within a number: ' ', no-break ones. Its length or 0. */
static size_t
gap_at(struct slice s)
{
	if (s.n >= 1 && (s.p[0] == ' ' || s.p[0] == '\''))
		return 1;
	if (s.n >= 2 && memcmp(s.p, "\xc2\xa0", 2) == 0)
		return 2;
	return s.n >= 3 && (memcmp(s.p, "\xe2\x80\xaf", 3) == 0 ||
			       memcmp(s.p, "\xe2\x80\x99", 3) == 0)
		   ? 3
		   : 0;
}

static bool
three_digits(struct slice s)
{
	return s.n >= 3 && isdigit(s.p[0]) && isdigit(s.p[1]) &&
	       isdigit(s.p[2]) && (s.n == 3 || !isdigit(s.p[3]));
}

/*
 * The amount at the front, which begins with a digit: "3 500", "45.000,50".
 * ${k} tells if a 'k' follows. Returns its length; 0: too long.
 */
static size_t
amount_at(const struct slice whole, char *out, size_t cap, bool *k)
{
	struct slice s = whole;
	size_t n = 0, gap;

	while (s.n > 0) {
		if (isdigit(s.p[0]) || ((s.p[0] == '.' || s.p[0] == ',') &&
					   s.n > 1 && isdigit(s.p[1]))) {
			if (n + 1 >= cap)
				return 0;
			out[n++] = (char)s.p[0];
			slice_skip(&s, 1);
			continue;
		}
		gap = gap_at(s);
		if (gap == 0 || !three_digits(slice_of(s.p + gap, s.n - gap)))
			break;
		slice_skip(&s, gap);
	}
	out[n] = 0;
	*k =
	    s.n > 0 && tolower(s.p[0]) == 'k' && (s.n == 1 || !isalnum(s.p[1]));
	if (*k)
		slice_skip(&s, 1);
	return whole.n - s.n;
}

/* "60" to "60000", "62.5" to "62500"; false: no such number. */
static bool
times_thousand(char *text, size_t cap)
{
	const size_t whole = strcspn(text, ".,");
	const char *part = text[whole] == 0 ? "" : text + whole + 1;
	const size_t part_n = strlen(part);
	char out[32];

	if (part_n > 3 || whole + 4 > cap || whole > 6)
		return false;
	(void)snprintf(out, sizeof(out), "%.*s%s%.*s", (int)whole, text, part,
	    (int)(3 - part_n), "000");
	memcpy(text, out, strlen(out) + 1);
	return true;
}

/* What may stand between the two ends of a range. */
static bool
is_between(struct slice s)
{
	s = slice_trim(s);
	return is_listed(s, "-|–|—|~|..|...|bis|to|until|and|und|bis zu|à|a|et|"
			    "y|hasta|up to");
}

bool
salary_get(struct slice s, struct salary *out)
{
	const struct slice whole = s;
	const uint8_t *behind = s.p; /* a currency: "EUR60000" */
	char(*ends[2])[24] = { &out->low, &out->high };
	char gap[64];
	size_t n = 0, gap_n = 0, first = 0;
	bool k[2] = { false, false };

	*out = (struct salary){ 0 };
	while (s.n > 0) {
		char currency[4];
		const bool inside = s.p > behind && isalpha(s.p[-1]);
		size_t used = currency_at(s, inside, currency);
		if (used > 0) {
			if (out->currency[0] != 0 &&
			    strcmp(out->currency, currency) != 0)
				return false;
			memcpy(out->currency, currency, 4);
			slice_skip(&s, used);
			behind = s.p;
			continue;
		}
		if (isdigit(s.p[0]) && !inside) {
			if (n == 0)
				first = (size_t)(s.p - whole.p);
			if (n == 2 ||
			    (n == 1 && !is_between(slice_of(gap, gap_n))))
				return false;
			used = amount_at(s, *ends[n], sizeof(*ends[n]), &k[n]);
			if (used == 0)
				return false;
			n++;
			slice_skip(&s, used);
			continue;
		}
		if (n == 1 && gap_n < sizeof(gap))
			gap[gap_n++] = (char)s.p[0];
		slice_skip(&s, 1);
	}
	if (n == 0)
		return false;
	if (k[1] && !k[0] && strlen(out->low) <= 3)
		k[0] = true; /* "60-70k" */
	for (size_t i = 0; i < n; i++)
		if (k[i] && !times_thousand(*ends[i], sizeof(*ends[i])))
			return false;
	const struct slice lead = slice_of(whole.p, first);
	if (n == 1 &&
	    has_listed(lead, "bis|max|maximal|to|jusqu|hasta|under")) {
		memcpy(out->high, out->low, sizeof(out->high));
		out->low[0] = 0;
	} else if (n == 1 && !has_listed(lead, "ab|von|from|min|mindestens|dès|"
					       "desde|over|starting")) {
		memcpy(out->high, out->low, sizeof(out->high));
	}
	out->period = period_get(whole);
	return true;
}

/* ---- contracts, places of work ---- */

const char *
contract_get(struct slice s)
{
	static const struct {
		const char *contract, *words;
	} known[] = {
		{ "permanent", "permanent|unbefristet*|festanstellung|cdi|"
			       "indefinido" },
		{ "fixed-term", "fixed|befristet*|cdd" },
		{ "freelance", "freelance*|freiberuf*|contractor|selbständig*|"
			       "indépendant|autónomo" },
		{ "apprenticeship", "apprentice*|ausbildung*|azubi|"
				    "apprentissage|alternance|aprendiz*" },
		{ "internship", "intern|internship|praktikum*|stage|"
				"prácticas" },
		{ "temporary", "temporary|temp|zeitarbeit|aushilfe|intérim|"
			       "temporal" },
		{ "volunteer", "volunteer*|ehrenamt*|bénévolat|voluntari*" },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (has_listed(s, known[i].words))
			return known[i].contract;
	return NULL;
}

const char *
workplace_get(struct slice s)
{
	if (has_listed(s, "hybrid*|teilweise|partial*|partiel*|híbrido"))
		return "hybrid";
	if (has_listed(s, "remote|homeoffice|home|télétravail|teletravail|"
			  "teletrabajo|distance|remoto|yes|ja|oui|sí|si"))
		return "remote";
	if (has_listed(s, "site|onsite|office|ort|präsenz|büro|présentiel|"
			  "presencial|no|nein|non"))
		return "on-site";
	return NULL;
}

/* ---- languages ---- */

/* "Deutschkenntnisse" is "Deutsch". */
static uint32_t
language_of_word(struct slice word, bool alone)
{
	static const char *const tails[] = { "kenntnisse", "kenntnissen" };
	uint32_t code;

	/* two or three letters are a code only where nothing else can be */
	if (word.n <= 3 && !alone)
		return 0;
	code = language_get(word);
	for (size_t i = 0; code == 0 && i < ARRAY_LEN(tails); i++) {
		const size_t n = strlen(tails[i]);
		if (word.n > n &&
		    slice_is(slice_of(word.p + word.n - n, n), tails[i]))
			code = language_get(slice_of(word.p, word.n - n));
	}
	return code;
}

bool
spoken_get(struct slice s, struct spoken *out)
{
	struct slice rest = s, before, word;
	bool more = false;

	*out = (struct spoken){ 0 };
	out->language = language_get(s);
	for (bool first = true;
	     out->language == 0 && next_word(&rest, &before, &word);
	     first = false)
		out->language = language_of_word(word, first);
	if (out->language == 0)
		return false;
	out->level = language_get(s) != 0 ? 0 : fluency_get(s);
	/* any other word: it says something */
	rest = s;
	for (bool first = true; next_word(&rest, &before, &word); first = false)
		more = more || language_of_word(word, first) == 0;
	out->strange = more && out->level == 0 && language_get(s) == 0;
	return true;
}

/* ---- countries ---- */

static bool
is_state_of_usa(struct slice s)
{
	return is_listed(s, "AL|AR|AZ|CA|CO|DE|GA|ID|IL|IN|LA|MA|MD|ME|MN|MO|"
			    "MS|MT|NC|NE|PA|SC|SD|TN|VA|AK|CT|FL|HI|IA|KS|KY|"
			    "MI|ND|NH|NJ|NM|NV|NY|OH|OK|OR|RI|TX|UT|VT|WA|WI|"
			    "WV|WY");
}

bool
country_get(struct slice s, const char *own, char out[3], struct slice *town)
{
	size_t at;

	s = slice_trim(s);
	*town = slice_of(NULL, 0);
	if (region_get(s, out) && (s.n == 2 || s.p[2] != '-'))
		return true;
	/* "Lyon, France", "Bern (CH)", "Köln / Germany" */
	struct slice tail = s;
	if (tail.n > 0 && tail.p[tail.n - 1] == ')')
		tail.n--;
	for (at = tail.n; at > 0; at--)
		if (strchr(",(/;|", tail.p[at - 1]) != NULL)
			break;
	*town = s;
	if (at == 0)
		return false;
	tail = slice_trim(slice_of(tail.p + at, tail.n - at));
	if (tail.n < 2 || !region_get(tail, out) ||
	    (tail.n > 2 && tail.p[2] == '-'))
		return false;
	if (tail.n == 2 && is_state_of_usa(tail) &&
	    (own == NULL || strcmp(own, out) != 0))
		return false;
	*town = slice_trim(slice_of(s.p, at - 1));
	return true;
}
