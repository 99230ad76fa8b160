/*
 * cli/table.c: all commands. What is written here is the help, the check of
 * the words and flags, and the reference.
 */
#include "node/cli/commands.h"
#include "node/cli/review.h"

#define DRY                                                                    \
	{                                                                      \
		"dry-run", NULL, "show what would happen; publish nothing"     \
	}
#define NOW                                                                    \
	{                                                                      \
		"now", NULL, "publish at once, without the random delay"       \
	}
#define LIMIT                                                                  \
	{                                                                      \
		"limit", "N", "at most this many rows"                         \
	}
#define LANG                                                                   \
	{                                                                      \
		"lang", "CODE", "language of labels, such as de"               \
	}
#define DRAFT                                                                  \
	{                                                                      \
		"draft", "FILE", "people for a need that is not published"     \
	}
#define END                                                                    \
	{                                                                      \
		NULL, NULL, NULL                                               \
	}
#define FLAGS (const struct cli_flag[])
#define KEYS                                                                   \
	"The key file is sealed by a passphrase: asked on the terminal, or "   \
	"taken\nfrom --passphrase-file or OHCN_PASSPHRASE_FILE."

#define REVIEW_HELP                                                            \
	"--dry-run shows what each of your words became, how sure that is "    \
	"and what else\nit may mean. What is not sure enough is not taken. "   \
	"You decide by number\n(--accept, --reject), in a file (--review) or " \
	"when asked (--ask)."

#define LINES                                                                  \
	{                                                                      \
		"lines", NULL, "news as JSON, one object a line"               \
	}
#define BACKUP_FLAG                                                            \
	{                                                                      \
		"backup-passphrase-file", "FILE",                              \
		    "passphrase of the backup, if it is not the key's"         \
	}
#define BACKUP_PASS                                                            \
	"--backup-passphrase-file, else that of the key\n"                     \
	"(--passphrase-file, OHCN_PASSPHRASE_FILE, or asked)."

#define INVITE_HELP                                                            \
	"Whoever takes the link in with `ohcn join` finds the network "        \
	"through "                                                             \
	"this node.\nIt tells this node's id and addresses: give it to whom "  \
	"you trust with that."

#define WORDS                                                                  \
	{                                                                      \
		"text", "TEXT", "words to say, up to 2,400 bytes"              \
	}
#define COMMIT                                                                 \
	{                                                                      \
		"commit", "WHO", "fix who you are, as a hash: not told yet"    \
	}
#define OPEN                                                                   \
	{                                                                      \
		"open", NULL, "yes, tell what you committed to"                \
	}
#define CLOSE                                                                  \
	{                                                                      \
		"close", NULL, "end it here, without a word"                   \
	}

static const struct cli_flag offer_flags[] = {
	{ "demand", "ID", "your need (external id or record)" },
	{ "to", "CARD", "id of a card" },
	{ "hand", "ID", "or answer this hand: ohcn offer list" },
	{ "template", "NAME", "what the other flags do not say" },
	{ "pledge", "LIST",
	    "kind=course,amount=800,currency=EUR,hours=40,"
	    "deadline=2027-03-01" },
	{ "role", "TEXT", "instead of the need's title" },
	{ "activity", "CHOICE", "job, gig, task, project, mentoring, ..." },
	{ "note", "TEXT", "a few words, up to 600 bytes" },
	{ "no-ledger", NULL, "do not open your ledger of pledges with it" },
	DRY,
	LANG,
	END,
};

static const struct cli_flag cohort_flags[] = {
	{ "from", "FILE", "take the whole draft from JSON" },
	{ "title", "TEXT", "its name, in your language" },
	{ "description", "TEXT", "what is done; everybody reads it" },
	{ "teaches", "NAME[:LEVEL]",
	    "level after it; more of them one by one" },
	{ "needs", "NAME[:LEVEL]", "what one should know before" },
	{ "in-days", "N", "it begins in so many days" },
	{ "weeks", "N", "how long it goes" },
	{ "hours", "N", "hours of learning, in all" },
	{ "sessions", "N", "meetings, in all" },
	{ "minutes", "N", "length of a session" },
	{ "rhythm", "CHOICE", "weekly, fortnightly, monthly, ..." },
	{ "seats", "N", "for how many" },
	{ "grade", "N", "level of the certificate, 101 to 401" },
	{ "credential", "TEXT", "what one gets at the end" },
	{ "cost", "450EUR", "what a person pays" },
	{ "case", "ID", "the case worked on: a demand (yours, or a record)" },
	{ "coach", "DID", "a key that leads sessions, too" },
	{ "format", "CHOICE", "online, on-site, phone, print, audio, video" },
	{ "language", "CODE", "a language it is given in" },
	{ "region", "CODE", "country, such as de" },
	{ "place", "TEXT", "town or area" },
	{ "website", "URL", "shown to everyone" },
	LANG,
	END,
};

static const struct cli_flag community_flags[] = {
	{ "from", "FILE", "take the whole draft from JSON" },
	{ "title", "TEXT", "its name, in your language" },
	{ "description", "TEXT", "what it does; everybody reads it" },
	{ "rules", "TEXT", "how its members deal with each other" },
	{ "purpose", "NAME", "what it is for; more of them one by one" },
	{ "skill", "NAME[:LEVEL]", "a skill that is sought" },
	{ "teaches", "NAME[:LEVEL]", "a skill that its members learn" },
	{ "remove", "NAME", "a purpose or skill that goes" },
	{ "rhythm", "CHOICE",
	    "once, daily, weekly, fortnightly, monthly, quarterly, "
	    "as-needed" },
	{ "minutes", "N", "length of a session" },
	{ "members", "N", "how many take part" },
	{ "seats", "N", "how many it wants to be at most" },
	{ "joining", "CHOICE", "ask (if not given), open or invited" },
	{ "role", "TITLE[:HOURS]", "a role to be taken, hours a month" },
	{ "facilitator", "DID", "one more key that may speak for it" },
	{ "demand", "ID", "a shared project: a demand (yours, or a record)" },
	{ "region", "CODE", "country, such as de" },
	{ "place", "TEXT", "town or area" },
	{ "remote", "CHOICE", "on-site, hybrid or remote" },
	{ "language", "CODE", "a language that is spoken" },
	{ "website", "URL", "shown to everyone" },
	LANG,
	END,
};

#define DRY_SIGN                                                               \
	{                                                                      \
		"dry-run", NULL,                                               \
		    "show all that it says, who would read it; sign nothing"   \
	}
#define CHANGED                                                                \
	{                                                                      \
		"changed-pledge", NULL,                                        \
		    "yes, the pledge is not the one that was offered"          \
	}

static const struct cli_flag agreement_flags[] = {
	{ "hours", "N", "hours planned, in all" },
	{ "end", "DATE", "last day, as 2027-03-01" },
	{ "start", "DATE", "first day; now if not given" },
	{ "kind", "CHOICE", "job, gig, task, ...: the offer's if not given" },
	{ "title", "TEXT", "the offer's role if not given" },
	{ "pledge", "LIST", "the offer's if not given; none: there is none" },
	CHANGED,
	{ "teaches", "LIST", "what is to be learned: welding:3,planning:2" },
	{ "coverage", "N", "must-haves that the person met, in thousandths" },
	{ "answer-days", "N", "days from the interest to your answer" },
	{ "manager", "DID", "whose permission is needed: signs as a third" },
	{ "team", "TEXT", "team that lends the person, with --manager" },
	{ "person", "DID", "who signs, if a hand was raised" },
	{ "terms-hash", "HEX", "of further terms that both hold" },
	DRY_SIGN,
	LANG,
	END,
};

static const struct cli_flag outcome_flags[] = {
	{ "result", "CHOICE", "hired, delivered, extended, ended" },
	{ "usefulness", "1..5", "to the person" },
	{ "hours", "N", "worked and learned, in all" },
	{ "pledge", "CHOICE", "kept, partly or broken, if there was one" },
	{ "share", "N", "of partly: how much, in thousandths" },
	{ "usefulness-company", "1..5", "to the company" },
	{ "invested-hours", "N", "of the hours: learning that was paid" },
	{ "invested", "AMOUNT", "money invested, as 800 or 800.50" },
	{ "currency", "CODE", "of that money" },
	{ "applied", "LIST", "skills used, with levels: welding:3" },
	{ "learned", "LIST", "skills learned, with levels" },
	{ "before", "CHOICE", "contract before: permanent, freelance, none" },
	{ "after", "CHOICE", "contract after it" },
	{ "method", "CHOICE", "how skills are known: observed, applied, ..." },
	{ "completion", "CHOICE", "what the person undertook: kept, ..." },
	{ "began", "DATE", "first day" },
	{ "ended", "DATE", "last day" },
	DRY_SIGN,
	LANG,
	END,
};

static const struct cli_flag invite_flags[] = {
	{ "qr", NULL, "draw a QR code, too" },
	{ "with-key", NULL, "the key of a private network goes along" },
	END,
};

static const struct cli_flag up_flags[] = {
	{ "role", "ROLE", "person, company, provider or researcher" },
	{ "name", "NAME", "name that an organisation shows" },
	{ "region", "CODE", "country in own records, such as de" },
	{ "words-from", "FILE", "restore the key from its 24 words" },
	{ "join", "LINK",
	    "take an invitation in; a new node enters its network" },
	{ "foreground", NULL, "stay here instead of going to the background" },
	END,
};

static const struct cli_flag edit_flags[] = {
	{ "from", "FILE", "take the whole draft from JSON" },
	{ "wishes", "FILE", "JSON of what you want and tell nobody" },
	{ "region", "CODE", "country on the card, such as de" },
	{ "add-skill", "TEXT", "what you can do; with --level" },
	{ "add-aspiration", "TEXT", "what you want to learn; with --level" },
	{ "add-purpose", "TEXT", "what you want your work to serve" },
	{ "remove", "TEXT", "a skill, aspiration or purpose that goes" },
	{ "level", "1..5", "1 beginner to 5 expert; 3 if not given" },
	{ "language", "CODE=LEVEL", "a language you speak: de=native, fr=B1" },
	{ "hours", "CHOICE", "up-to-5, up-to-10, up-to-20, up-to-30, over-30" },
	{ "remote", "CHOICE", "on-site, either or remote" },
	{ "seeks", "LIST",
	    "job,gig,project,task,mentoring,coaching,peers,community-role" },
	{ "offers", "LIST", "the same words: what you offer others" },
	LANG,
	END,
};

#define SIGNAL_FLAGS                                                           \
	{ "measure", "NAME",                                                   \
		"demand, supply, gap, wanted, taught, opened, filled" },       \
	    { "region", "CODE", "such as de; zz: everywhere" },                \
	{                                                                      \
		"industry", "CODE", "ISIC section A to U, or isco-0 to isco-9" \
	}
#define WEEKS                                                                  \
	{                                                                      \
		"weeks", "N", "how far back; 26 if not given"                  \
	}

static const struct cli_flag signal_import_flags[] = {
	{ "about", "FILE", "JSON that says what the figures are about; or:" },
	{ "measure", "NAME", "demand, vacancies, employed, pay, ..." },
	{ "title", "TEXT", "name of the table" },
	{ "unit", "NAME", "people, places, postings, money, per-mille, ..." },
	{ "basis", "NAME", "official (if not given), survey, records, noised" },
	{ "source", "TEXT", "who made the figures" },
	{ "licence", "TEXT", "theirs, such as CC-BY-4.0" },
	{ "website", "URL", "where they are" },
	{ "table", "TEXT", "their number or name there" },
	{ "scale", "N", "decimals of the values; 0 if not given" },
	{ "currency", "CODE", "of money, such as EUR" },
	{ "pay-period", "NAME", "hour, day, week, month or year" },
	{ "id", "TEXT", "your name of the table: importing again replaces it" },
	{ "map", "FILE", "lines \"our_name = column of the file\"" },
	{ "noise", "EPSILON", "for counts that are not public: 1 is usual" },
	{ "sensitivity", "N", "how many figures one person is in; 1" },
	{ "allow-partial", NULL, "take good rows though others are bad" },
	{ "lang", "CODE", "language of the file's texts, such as de" },
	DRY,
	END,
};

static const struct cli_flag post_import_flags[] = {
	{ "format", "FORMAT", "csv, ndjson; demands: jobposting, text too" },
	{ "map", "FILE", "lines \"our_name = column of the file\"" },
	{ "archive-missing", NULL, "withdraw what the file no longer has" },
	{ "allow-partial", NULL, "take good rows though others are bad" },
	{ "lang", "CODE", "language of the file's texts, such as de" },
	REVIEW_FLAGS,
	DRY,
	END,
};

static const struct cli_flag profile_import_flags[] = {
	{ "lang", "CODE", "language of the words; if not given, seen in them" },
	REVIEW_FLAGS,
	{ "dry-run", NULL, "show the draft; keep the old one" },
	END,
};

static const struct cli_flag match_flags[] = {
	{ "demand", "ID", "people for this need (external id or record)" },
	DRAFT,
	{ "kind", "LIST",
	    "job,gig,project,task,mentoring,community-role,course" },
	{ "region", "LIST", "countries, such as de,at" },
	{ "language", "LIST", "asks for no other; people: speak one of them" },
	{ "hours", "N", "a week: needs at most, people at least" },
	{ "remote", NULL, "what can be done from elsewhere" },
	{ "pay", "AMOUNT", "at least, such as 3000EUR/month" },
	{ "lane", "LANE", "list, or reach: after a step of learning" },
	{ "long", NULL, "more of each than a line" },
	{ "all", NULL, "the excluded and those without a point, too" },
	{ "exact", NULL, "people by score alone, nobody takes turns" },
	{ "scan", NULL, "look at each record, not at the index" },
	LIMIT,
	LANG,
	END,
};

static const struct cli_flag crawl_flags[] = {
	{ "output", "DIR", "(-o) a new folder for the data set" },
	{ "dry-run", NULL, "(-n) say what would happen; call nobody" },
	{ "limit", "N", "end after this many visits" },
	{ "rate", "R", "calls per second; 10 if not given" },
	{ "resume", NULL, "go on with the unfinished crawl in DIR" },
	{ "contact", "TEXT", "how those you visit can reach you" },
	{ "kinds", "LIST", "copy only these: demand,course,..." },
	{ "no-records", NULL, "peers and edges only" },
	{ "no-node", NULL, "do not ask the running node whom it knows" },
	{ "parallel", "N", "visits at once; 16 if not given, at most 64" },
	{ "retries", "N", "calls again of who did not answer; 1" },
	{ "subnet-pause", "SECONDS", "between calls into one /24 or /56; 2" },
	{ "visit-time", "SECONDS", "a visit ends at the latest; 300" },
	{ "peers-max", "N", "peers kept in mind; 5000000" },
	{ "addresses", NULL, "write down addresses of peers" },
	{ "keep-key", NULL, "write down the key of the peers' names" },
	END,
};

static const struct cli_command commands[] = {
	/* The daily path */
	{ "up", NULL, "", 0, 0, "start your node; creates what is missing",
	    "The first time this makes a key, asks for a passphrase and "
	    "writes a small\nohcn.conf. Then the node runs in the background "
	    "until `ohcn down`.\n" KEYS,
	    "ohcn up\n"
	    "ohcn up --role company --name \"Acme Werke\" --region de\n"
	    "ohcn up --foreground --set log.level=debug",
	    up_flags, run_up },
	{ "down", NULL, "", 0, 0, "stop your node", NULL, "ohcn down", NULL,
	    run_down },
	{ "status", NULL, "", 0, 0,
	    "what your node does and what is new since your last look", NULL,
	    "ohcn status\nohcn status --json", NULL, run_status },
	{ "watch", NULL, "", 0, 0, "show what happens, as it happens",
	    "Ends with Ctrl-C. With --json one object a line.",
	    "ohcn watch\nohcn watch --types record,peer\n"
	    "ohcn watch --json --count 10",
	    FLAGS{ { "types", "LIST", "record,gone,peer,vocabulary" },
		{ "since", "ID", "go on after this event" },
		{ "count", "N", "end after this many" }, END },
	    run_watch },
	{ "invite", NULL, "", 0, 0, "a link that leads others to the network",
	    INVITE_HELP, "ohcn invite\nohcn invite --qr", invite_flags,
	    run_invite },
	{ "join", NULL, "LINK", 1, 1, "take an invitation in",
	    "The link is of `ohcn invite` on another node of the same "
	    "network. A new node:\nohcn up --join LINK.",
	    "ohcn join \"ohcn:invite?net=main&id=12D3KooW...&addr=...\"", NULL,
	    run_join },
	{ "doctor", NULL, "", 0, 0, "look for what is wrong and say the cure",
	    NULL, "ohcn doctor", NULL, run_doctor },
	{ "version", NULL, "", 0, 0, "version of this program", NULL,
	    "ohcn version", NULL, run_version },
	{ "init", NULL, "", 0, 0, "make key and settings without starting",
	    KEYS "\nThe 24 words of `ohcn key words` make the same key "
		 "again: --words-from.",
	    "ohcn init --role person\n"
	    "ohcn init --words-from words.txt\n"
	    "ohcn --home /srv/acme init --role company --name Acme",
	    up_flags, run_init },
	{ "paths", NULL, "", 0, 0, "where everything lies", NULL,
	    "ohcn paths\nohcn --home /srv/acme paths", NULL, run_paths },
	{ "daemon", NULL, "", 0, 0, "run the node here, for a service manager",
	    "Makes nothing: the key must exist. Stops on SIGTERM.\n" KEYS,
	    "ohcn daemon --passphrase-file /run/credentials/pass", NULL,
	    run_daemon },
	{ "help", NULL, "[NOUN [VERB]]", 0, 2, "teach a command or a subject",
	    "Subjects: forgetting, exit-codes, config, all.",
	    "ohcn help demand import\nohcn help exit-codes", NULL, run_help },

	/* A person */
	{ "profile", "import", "FILE", 1, 1, "make a draft from your résumé",
	    "A JSON Resume, or text (plain or Markdown; English or German are "
	    "read best): of a\nPDF, DOCX or ODT make text first: pdftotext "
	    "cv.pdf cv.txt, or pandoc -t plain.\nOf text the skills are taken "
	    "that it names, at level 3: look at them.\nOnly skills, levels and "
	    "languages get into the draft. Names, "
	    "employers, dates\nand texts stay on this machine, and the "
	    "command lists them. Nothing is published.\n" REVIEW_HELP,
	    "ohcn profile import resume.json --dry-run --review words.txt\n"
	    "ohcn profile import resume.json --review words.txt\n"
	    "ohcn profile import cv.txt --dry-run\n"
	    "ohcn profile import resume.json --reject 4,7 --accept 9\n"
	    "cat resume.json | ohcn profile import -",
	    profile_import_flags, run_profile_import },
	{ "profile", "edit", "", 0, 0, "change the draft",
	    "Without flags the draft is opened in $EDITOR. Words are looked "
	    "up in the\nvocabulary.",
	    "ohcn profile edit --add-skill \"welding\" --level 3\n"
	    "ohcn profile edit --add-aspiration \"data analysis\"\n"
	    "ohcn profile edit --language de=native --seeks job,gig\n"
	    "ohcn profile edit --remove \"welding\"",
	    edit_flags, run_profile_edit },
	{ "profile", "show", "", 0, 0, "the draft and what is published", NULL,
	    "ohcn profile show\nohcn profile show --json", NULL,
	    run_draft_show },
	{ "profile", "publish", "", 0, 0, "publish the draft as your card",
	    "Goes out after a random delay (publish.delay), so that the time "
	    "says nothing\nabout you. --dry-run shows the exact bytes and "
	    "who can read them.\nA card that few others could have is refused: "
	    "--dry-run says how many there are,\nand what would help; "
	    "--coarsen publishes the proposal. In a small network that is\n"
	    "at most 5 common terms.",
	    "ohcn profile publish --dry-run\nohcn profile publish\n"
	    "ohcn profile publish --coarsen --dry-run\n"
	    "ohcn profile publish --now",
	    FLAGS{ DRY, NOW,
		{ "coarsen", NULL, "leave out what tells too much" },
		{ "force", NULL, "publish it although it tells who you are" },
		END },
	    run_draft_publish },
	{ "profile", "forget", "", 0, 0, "withdraw your card everywhere",
	    "A tombstone replaces the card in every node that hears of it. "
	    "Others may have\ncopied it before: ohcn help forgetting.",
	    "ohcn profile forget --yes\nohcn profile forget --draft --yes",
	    FLAGS{ { "draft", NULL, "the private draft and wishes too" }, END },
	    run_profile_forget },

	/* An organisation */
	{ "organisation", "edit", "", 0, 0, "change the draft of the record",
	    "Without flags the draft is opened in $EDITOR.",
	    "ohcn organisation edit --name \"Acme Werke\" --type company\n"
	    "ohcn organisation edit --from acme.json",
	    FLAGS{ { "from", "FILE", "take the whole draft from JSON" },
		{ "name", "NAME", "in your language" },
		{ "description", "TEXT", "in your language" },
		{ "type", "CHOICE",
		    "company, school, agency, association, public-body, "
		    "cooperative, other" },
		{ "size", "CHOICE", "1, 2-9, 10-49, 50-249, ..." },
		{ "industry", "CODE", "of ISIC, such as C25" },
		{ "website", "URL", "shown to everyone" }, LANG, END },
	    run_draft_edit },
	{ "organisation", "show", "", 0, 0, "the draft and what is published",
	    NULL, "ohcn organisation show", NULL, run_draft_show },
	{ "organisation", "publish", "", 0, 0, "publish the record", NULL,
	    "ohcn organisation publish --dry-run\nohcn organisation publish",
	    FLAGS{ DRY, NOW, END }, run_draft_publish },
	{ "demand", "import", "FILE", 1, 1,
	    "publish needs from a file of yours",
	    "Formats: csv (one row a need), jobposting (schema.org: JSON or "
	    "a saved page),\nndjson, text (.txt, .md: one need a file; its "
	    "first line is the title). Common\nnames of columns are known in "
	    "English, German, French, Spanish; --map FILE names\nothers. "
	    "Without a list of skills, those that the description names are "
	    "taken: look\nat them. Rows are known by external_id: the same "
	    "file again changes nothing, a\nchanged row is updated. One bad "
	    "row keeps all back, unless\n--allow-partial.\n" REVIEW_HELP,
	    "ohcn demand import jobs.csv --dry-run\n"
	    "ohcn demand import jobs.csv --map jobs.map\n"
	    "ohcn demand import posting.txt --lang de --dry-run\n"
	    "ohcn demand import feed.json --format jobposting "
	    "--archive-missing",
	    post_import_flags, run_post_import },
	{ "demand", "post", "FILE", 1, 1, "publish one need (a JSON payload)",
	    "Needed: type (job, gig, project, task, ...), title {\"en\": "
	    "\"...\"}. What is asked\nfor: requirements [{term, level 1-5, "
	    "must, weight 1-100}]; a term is a URI, weight\nis 50 and level "
	    "any if you leave them out. `ohcn vocabulary search` finds "
	    "terms.\n",
	    "ohcn demand post need.json --dry-run\nohcn demand post need.json",
	    FLAGS{ DRY, END }, run_post_one },
	{ "demand", "list", "", 0, 0, "your needs and their states", NULL,
	    "ohcn demand list\nohcn demand list --status open",
	    FLAGS{ { "status", "STATUS", "open, paused, filled or withdrawn" },
		END },
	    run_post_list },
	{ "demand", "close", "ID", 1, 1, "say that a need is filled or gone",
	    "ID: the external id, or the end of the record id.",
	    "ohcn demand close A-17\nohcn demand close A-17 --status withdrawn",
	    FLAGS{ { "status", "STATUS", "filled (default) or withdrawn" }, DRY,
		END },
	    run_post_close },
	{ "course", "import", "FILE", 1, 1, "publish courses from a file",
	    "Formats: csv, ndjson. Columns and ids as for `ohcn help demand "
	    "import`; a course\nneeds the columns title and teaches.",
	    "ohcn course import courses.csv --dry-run\n"
	    "ohcn course import courses.csv",
	    post_import_flags, run_post_import },
	{ "course", "post", "FILE", 1, 1, "publish one course (a JSON payload)",
	    NULL, "ohcn course post welding.json --dry-run", FLAGS{ DRY, END },
	    run_post_one },
	{ "course", "list", "", 0, 0, "your courses", NULL, "ohcn course list",
	    NULL, run_post_list },
	{ "course", "close", "ID", 1, 1, "withdraw a course", NULL,
	    "ohcn course close W-101", FLAGS{ DRY, END }, run_post_close },
	{ "pathway", "publish", "FILE", 1, 1,
	    "publish steps from 101 to 401 (a JSON payload)",
	    "Steps in order, each with its grade (101 first steps, 201, 301, "
	    "401 advanced), the\nskills one has after it, courses, a task and "
	    "the steps that come before it. It is\nadvice, no offer: what "
	    "teaches are courses, groups, mentors and work.",
	    "ohcn pathway publish welder.json --dry-run\n"
	    "ohcn pathway publish welder.json",
	    FLAGS{ DRY, END }, run_post_one },
	{ "pathway", "list", "", 0, 0, "your pathways, or all that are known",
	    NULL, "ohcn pathway list\nohcn pathway list --all",
	    FLAGS{ { "all", NULL, "those of others, too" }, LIMIT, LANG, END },
	    run_pathway_list },
	{ "pathway", "show", "ID", 1, 1, "its steps, and who stands for it",
	    "To plan with it: ohcn path --pathway ID.",
	    "ohcn pathway show welder", FLAGS{ LANG, END }, run_pathway_show },
	{ "pathway", "close", "ID", 1, 1, "withdraw a pathway", NULL,
	    "ohcn pathway close welder", FLAGS{ DRY, END }, run_post_close },

	/* Matching */
	{ "match", "list", "", 0, 0,
	    "what fits: needs and courses for you, people for your needs",
	    "Made here, from your draft and everything this node holds; "
	    "nobody else sees it. A\ncompany sees people for each open need; "
	    "--demand is for one, --draft for one that\nis not published. "
	    "Filters hide and change no score. --lane reach: by what would\n"
	    "fit after a step of learning; it moves nobody in the list.",
	    "ohcn match list --limit 10\n"
	    "ohcn match list --kind job,course --region de,at --hours 30\n"
	    "ohcn match list --pay 3000EUR/month --remote --long\n"
	    "ohcn match list --demand A-17\n"
	    "ohcn match list --draft need.json",
	    match_flags, run_match_list },
	{ "match", "explain", "[DEMAND] ID", 1, 2,
	    "why a pair fits, term by term, and what would change it",
	    "ID: a need or a course for you; after a need of yours, a card. "
	    "The points of the\nterms sum to fit and wish; the score is their "
	    "harmonic mean.",
	    "ohcn match explain 7f3ak2xq5m\n"
	    "ohcn match explain A-17 7f3ak2xq5m",
	    FLAGS{ DRAFT, LANG, END }, run_match_explain },
	{ "match", "compare", "A B", 2, 2, "two matches side by side",
	    "Two needs or courses for you, or with --demand two people for a "
	    "need of yours.",
	    "ohcn match compare 7f3ak2xq5m 9c1dm44aua\n"
	    "ohcn match compare --demand A-17 7f3ak2xq5m 9c1dm44aua",
	    FLAGS{ { "demand", "ID", "which need (external id or record)" },
		LANG, END },
	    run_match_compare },
	{ "candidate", "list", "", 0, 0, "people whose card fits a need",
	    "The same as ohcn match list --demand.",
	    "ohcn candidate list --demand A-17\n"
	    "ohcn candidate list --demand A-17 --limit 50 --json",
	    match_flags, run_candidate_list },
	{ "candidate", "explain", "DEMAND ID", 2, 2, "why one card fits a need",
	    NULL, "ohcn candidate explain A-17 7f3ak2xq5m", FLAGS{ LANG, END },
	    run_candidate_explain },
	/* Trust */
	{ "trust", "anchor", "add KEY|remove KEY|list", 1, 2,
	    "whom you rely on yourself",
	    "Up to 16 keys: companies, schools, chambers, friends. From them "
	    "trust flows along\nwhat they vouch for, three steps at most, "
	    "halved at each. Private: nobody learns\nof it. KEY is a "
	    "did:key, me, or @NAME of an organisation.",
	    "ohcn trust anchor add did:key:z6Mk... --label \"Chamber\"\n"
	    "ohcn trust anchor add \"@Acme Werke\"\n"
	    "ohcn trust anchor list",
	    FLAGS{ { "label", "TEXT", "what you call it; stays here" }, END },
	    run_trust_anchor },
	{ "trust", "show", "KEY", 1, 1, "how far you rely on a key", NULL,
	    "ohcn trust show did:key:z6Mk...", NULL, run_trust_show },
	{ "trust", "why", "KEY", 1, 1, "all ways that trust takes to a key",
	    NULL, "ohcn trust why \"@Acme Werke\"", NULL, run_trust_why },
	{ "trust", "attest", "KEY", 1, 1, "vouch for a key, in public",
	    "For companies, issuers, assessors and coaches, never for who "
	    "only learns and\nworks. --share: how many thousandths of your "
	    "weight go there; all that you give\nshare one whole. It links "
	    "your persona's key with that key for everybody, and\ncopies "
	    "stay when you take it back.",
	    "ohcn trust attest \"@Acme Werke\" --share 200 --dry-run\n"
	    "ohcn trust attest did:key:z6Mk... --share 100 --for "
	    "investing,issuing --persona work",
	    FLAGS{ { "share", "N", "1 to 1000 thousandths of your weight" },
		{ "for", "LIST",
		    "investing, issuing, assessing, coaching, facilitating, "
		    "attesting" },
		{ "days", "N", "how long it counts; 365 if not given" },
		{ "note", "TEXT", "why, for people to read (English)" },
		{ "known-by", "WORD",
		    "personally, worked-together, examined, member, register" },
		DRY, END },
	    run_trust_attest },
	{ "trust", "withdraw", "KEY", 1, 1, "vouch for it no more",
	    "A tombstone takes the place of what you said.",
	    "ohcn trust withdraw \"@Acme Werke\"", FLAGS{ DRY, END },
	    run_trust_withdraw },
	{ "trust", "given", "", 0, 0, "what you vouch for, and your budget",
	    NULL, "ohcn trust given", NULL, run_trust_given },
	{ "learnability", "show", "[KEY]", 0, 1,
	    "willingness to learn, or to invest in it",
	    "Your view of a key, by what others signed with it and how far "
	    "you rely on them.\nEffort, novelty, response, follow-through of "
	    "a person; investment, openness, loop\nspeed, lift of a company. "
	    "It opens doors, lowers no match, orders no list, and is\nnever "
	    "told to anybody.",
	    "ohcn learnability show\n"
	    "ohcn learnability show did:key:z6Mk... --company",
	    FLAGS{ { "company", NULL, "as one that invests" },
		{ "person", NULL, "as one that learns" }, END },
	    run_learnability_show },
	{ "learnability", "why", "[KEY]", 0, 1,
	    "with whom, and what each document is worth", NULL,
	    "ohcn learnability why",
	    FLAGS{ { "company", NULL, "as one that invests" },
		{ "person", NULL, "as one that learns" }, END },
	    run_learnability_why },
	{ "block", "add", "KEY", 1, 1, "drop all that a key sends you",
	    "Your own decision, told to nobody.",
	    "ohcn block add did:key:z6Mk...", NULL, run_block_add },
	{ "block", "list", "", 0, 0, "whom you blocked", NULL,
	    "ohcn block list", NULL, run_block_list },
	{ "block", "remove", "KEY", 1, 1, "listen to it again", NULL,
	    "ohcn block remove did:key:z6Mk...", NULL, run_block_remove },
	{ "warning", "import", "FILE", 1, 1,
	    "take in a warning list of somebody's",
	    "A signed list of keys with reasons. None comes by itself, and "
	    "none brings others.\nIt marks those keys in your inbox and in "
	    "lists of candidates; with --effect drop\ntheir offers are "
	    "dropped as if you had blocked them. It changes no order and "
	    "no\nscore: it is one key's word.",
	    "ohcn warning import fair-work.list\n"
	    "ohcn warning import fair-work.list --effect drop",
	    FLAGS{
		{ "effect", "WORD", "mark (if not given), drop or off" }, END },
	    run_warning_import },
	{ "warning", "list", "", 0, 0, "the lists you took in", NULL,
	    "ohcn warning list", NULL, run_warning_list },
	{ "warning", "show", "ID", 1, 1, "the keys on a list", NULL,
	    "ohcn warning show 5d1c88a0", NULL, run_warning_show },
	{ "warning", "set", "ID EFFECT", 2, 2, "what a list does", NULL,
	    "ohcn warning set 5d1c88a0 drop\nohcn warning set 5d1c88a0 off",
	    NULL, run_warning_set },
	{ "warning", "remove", "ID", 1, 1, "forget a list", NULL,
	    "ohcn warning remove 5d1c88a0", NULL, run_warning_remove },
	{ "warning", "make", "FILE", 1, 1, "sign a list of your own",
	    "FILE: a line for each key: KEY,REASON or KEY,REASON,TEXT; "
	    "reasons are\nimpersonation, broken-pledges, fake-outcomes, "
	    "fraud, spam, harassment, other.\nAt most 128. Whoever gets "
	    "the list sees who says it; you cannot deny it.",
	    "ohcn warning make keys.csv --title \"Fair work\" --output "
	    "fair-work.list",
	    FLAGS{ { "title", "TEXT", "name of the list" },
		{ "output", "FILE", "(-o) where it is written" },
		{ "days", "N", "how long it counts; 180 if not given" }, END },
	    run_warning_make },

	/* Postings that are kept elsewhere */
	{ "feed", "list", "", 0, 0, "postings that are read from elsewhere",
	    NULL, "ohcn feed list", NULL, run_feed_list },
	{ "feed", "show", "NAME", 1, 1, "one feed, and what it asks", NULL,
	    "ohcn feed show careers", NULL, run_feed_show },
	{ "feed", "add", "NAME URL", 2, 2, "read your postings from there",
	    "A page or file with JobPosting (schema.org) as JSON-LD, CSV or "
	    "NDJSON is read again\nand again: what is new is published, what "
	    "changed is renewed, what is gone is\narchived, by external id; "
	    "only what the feed itself brought. If half is gone, or\nall, you "
	    "are asked first. Words that are not sure wait for ohcn feed "
	    "review. URL:\nhttp or https at a public address, or file:NAME "
	    "in feeds.directory. To add again\nreplaces.",
	    "ohcn feed add careers https://acme.example/jobs.json\n"
	    "ohcn feed add careers https://acme.example/jobs.csv --format csv "
	    "--minutes 60",
	    FLAGS{ { "format", "FORMAT", "jobposting, csv or ndjson" },
		{ "minutes", "N", "read every N minutes; 360 if not given" },
		{ "region", "CC", "where a posting does not say" },
		{ "map", "FILE",
		    "columns of a table that are called otherwise" },
		{ "keep-missing", NULL, "archive nothing" }, END },
	    run_feed_add },
	{ "feed", "sync", "NAME", 1, 1, "read it now", NULL,
	    "ohcn feed sync careers --dry-run\nohcn feed sync careers",
	    FLAGS{ DRY, END }, run_feed_sync },
	{ "feed", "review", "NAME", 1, 1, "answer what a feed asks",
	    "--accept WORDS takes what is most likely, --accept WORDS=TERM "
	    "says what is meant,\n--reject WORDS leaves them out; it is kept "
	    "for this feed. --archive: what is\nmissing was taken out on "
	    "purpose.",
	    "ohcn feed review careers --accept \"Stapler fahren\"\n"
	    "ohcn feed review careers --archive",
	    FLAGS{ { "accept", "WORDS[=TERM]", "words as they stand there" },
		{ "reject", "WORDS", "they mean no skill" },
		{ "archive", NULL, "what is missing may be archived" }, END },
	    run_feed_review },
	{ "feed", "remove", "NAME", 1, 1, "read it no more",
	    "What it has published stays.", "ohcn feed remove careers", NULL,
	    run_feed_remove },

	/* Who was found, kept for the team */
	{ "shortlist", "list", "", 0, 0, "saved lists of candidates",
	    "Lists lie on this node alone. Several recruiters work on them, "
	    "each with a token\nof their own (ohcn token add anna --scope "
	    "read,match,offer): each change has the\nname of whose it is.",
	    "ohcn shortlist list", NULL, run_shortlist_list },
	{ "shortlist", "new", "NAME", 1, 1, "a list for one of your needs",
	    NULL, "ohcn shortlist new welders --demand A-17",
	    FLAGS{
		{ "demand", "ID", "your need (external id or record)" }, END },
	    run_shortlist_new },
	{ "shortlist", "show", "NAME", 1, 1, "who is in it, and how far",
	    "It follows cards that are renewed. Who withdraws the card falls "
	    "out, and nothing\nis kept of them, unless you talk with each "
	    "other.",
	    "ohcn shortlist show welders", NULL, run_shortlist_show },
	{ "shortlist", "add", "NAME CARD", 2, 2, "one more candidate", NULL,
	    "ohcn shortlist add welders 7f3ak2xq5m --note \"the best fit\"",
	    FLAGS{ { "state", "CHOICE",
		       "new, contacted, talking, agreed, declined, hired" },
		{ "note", "TEXT", "for the team, up to 500 bytes" }, END },
	    run_shortlist_add },
	{ "shortlist", "set", "NAME CARD", 2, 2, "how far you are with one",
	    "An offer that is sent makes a new one contacted by itself. CARD "
	    "may be the\ncard's id or the did:key of its author.",
	    "ohcn shortlist set welders 7f3ak2xq5m --state declined",
	    FLAGS{ { "state", "CHOICE",
		       "new, contacted, talking, agreed, declined, hired" },
		{ "note", "TEXT", "for the team, up to 500 bytes" }, END },
	    run_shortlist_set },
	{ "shortlist", "drop", "NAME CARD", 2, 2, "take one out of it", NULL,
	    "ohcn shortlist drop welders 7f3ak2xq5m", NULL,
	    run_shortlist_drop },
	{ "shortlist", "export", "NAME", 1, 1, "the list as CSV",
	    "JSON is: ohcn shortlist show NAME --json",
	    "ohcn shortlist export welders --output welders.csv",
	    FLAGS{ { "output", "FILE", "(-o) where it is written" }, END },
	    run_shortlist_export },
	{ "shortlist", "remove", "NAME", 1, 1, "forget a list", NULL,
	    "ohcn shortlist remove welders", NULL, run_shortlist_remove },

	/* Sealed conversations */
	{ "offer", "send", "", 0, 0, "a sealed offer to a person's card",
	    "Only that person can read it; your posting key signs it, so "
	    "that it cannot be\ndenied. Kinds of a pledge: course, training, "
	    "mentoring, certificate, equipment;\nhours, or an amount with "
	    "its currency, or both. Strangers who pledge nothing are\nnot "
	    "shown to people. Silence is the decline: there are no receipts.",
	    "ohcn offer send --demand A-17 --to 7f3ak2xq5m --pledge "
	    "kind=course,amount=800,currency=EUR,deadline=2027-03-01 "
	    "--dry-run",
	    offer_flags, run_offer_send },
	{ "offer", "template", "ACTION [NAME]", 1, 2,
	    "offers written once: add, list, show, remove",
	    "In --role, --note and the conditions of --pledge stand places, "
	    "filled in when an\noffer is sent with --template NAME: {title} "
	    "{id} {place} {region} of the need,\n{company}, {needs} and "
	    "{teaches} of the need, {has} and {lacks}: what of its\nneeds the "
	    "card has or not, {wants}: what they want to learn. "
	    "{has|your skills}\nsays what stands there if nothing is known. "
	    "The pledge says days=N instead of a\ndeadline. To add again "
	    "replaces.",
	    "ohcn offer template add welders --note \"You can {has}; with us "
	    "you learn {teaches|more}.\" --pledge "
	    "kind=course,amount=800,currency=EUR,days=90\n"
	    "ohcn offer template list\nohcn offer template remove welders",
	    FLAGS{ { "role", "TEXT", "instead of the need's title" },
		{ "note", "TEXT", "a few words" },
		{ "activity", "CHOICE", "job, gig, task, project, ..." },
		{ "pledge", "LIST",
		    "kind=course,amount=800,currency=EUR,days=90" },
		END },
	    run_offer_template },
	{ "offer", "list", "", 0, 0, "your offers and how they stand", NULL,
	    "ohcn offer list", NULL, run_offer_list },
	{ "offer", "show", "ID", 1, 1, "one offer and what was said", NULL,
	    "ohcn offer show 5d1c88a0", NULL, run_offer_show },
	{ "offer", "answer", "ID", 1, 1, "go on with somebody interested",
	    "Who you are is told in two steps: both sides --commit to it, "
	    "then the company\nsays --open, and only then the person can.",
	    "ohcn offer answer 5d1c88a0 --text \"Shall we talk?\"\n"
	    "ohcn offer answer 5d1c88a0 --commit \"Acme, Ms Vogt\"\n"
	    "ohcn offer answer 5d1c88a0 --open --yes",
	    FLAGS{ WORDS, COMMIT, OPEN, CLOSE, END }, run_offer_answer },
	{ "offer", "withdraw", "ID", 1, 1, "take an offer back",
	    "The person's node is told by one more envelope.",
	    "ohcn offer withdraw 5d1c88a0", FLAGS{ WORDS, END },
	    run_offer_withdraw },
	{ "hand", "raise", "", 0, 0, "say that a need interests you, unnamed",
	    "The company learns the need and your words, and nothing of who "
	    "you are: the\nenvelope's author is a key that is used for this "
	    "alone (its proof of work takes\nsome seconds). --card shows your "
	    "card along with it. If the company answers, its\noffer is in "
	    "your inbox. --introduced shows who introduced you to it.",
	    "ohcn hand raise --demand 7f3ak2xq5m --text \"Evenings only?\" "
	    "--dry-run",
	    FLAGS{ { "demand", "ID", "of the need's record" }, WORDS,
		{ "card", NULL, "show your published card to the company" },
		{ "introduced", NULL,
		    "show the introduction that you were given" },
		DRY, END },
	    run_hand_raise },
	{ "hand", "list", "", 0, 0, "the hands you raised", NULL,
	    "ohcn hand list", NULL, run_hand_list },
	{ "hand", "show", "ID", 1, 1, "one hand and what came of it", NULL,
	    "ohcn hand show 5d1c88a0", NULL, run_hand_show },
	{ "hand", "withdraw", "ID", 1, 1, "take a hand back",
	    "An envelope takes the place of the hand; the company is told if "
	    "it had seen it.",
	    "ohcn hand withdraw 5d1c88a0", FLAGS{ WORDS, END },
	    run_hand_withdraw },
	{ "inbox", "introduce", "ID", 1, 1,
	    "introduce whom you talk with to a company",
	    "They may raise a hand there with it; the company then sees that "
	    "you introduced\nthem, and not who they are. It counts once and "
	    "for a month.",
	    "ohcn inbox introduce 5d1c88a0 --company did:key:z6Mk...",
	    FLAGS{ { "company", "DID", "of its organisation record" }, WORDS,
		END },
	    run_talk_introduce },
	{ "offer", "introduce", "ID", 1, 1, "the same as inbox introduce", NULL,
	    "ohcn offer introduce 5d1c88a0 --company did:key:z6Mk...",
	    FLAGS{ { "company", "DID", "of its organisation record" }, WORDS,
		END },
	    run_talk_introduce },
	{ "offer", "ledger", "ID", 1, 1,
	    "tell in a talk how your ledger of pledges has grown",
	    "A proof that the ledger as it is published now begins with what "
	    "you told in this talk\nbefore, so that nothing was taken back; "
	    "or an opening, where you told nothing yet.\nThe other side's "
	    "node checks it: ohcn inbox show.",
	    "ohcn offer ledger 5d1c88a0 --dry-run\n"
	    "ohcn offer ledger 5d1c88a0",
	    FLAGS{ { "dry-run", NULL, "say what would be sent" }, END },
	    run_offer_ledger },
	{ "inbox", "list", "", 0, 0, "offers to you, and talks", NULL,
	    "ohcn inbox list", NULL, run_inbox_list },
	{ "inbox", "show", "ID", 1, 1, "one offer and what was said",
	    "To look at it lets you answer it; nobody is told that you did.",
	    "ohcn inbox show 5d1c88a0", NULL, run_inbox_show },
	{ "inbox", "answer", "ID", 1, 1, "answer an offer, or leave it",
	    "Every answer goes out under a key of its own, and tells nothing "
	    "of you but what\nyou say. Who you are: both sides --commit, the "
	    "company opens first, then you\nmay say --open. --ignore and "
	    "--block say nothing to anybody.",
	    "ohcn inbox answer 5d1c88a0 --interest\n"
	    "ohcn inbox answer 5d1c88a0 --text \"How many hours?\"\n"
	    "ohcn inbox answer 5d1c88a0 --commit \"Lea Muster\"\n"
	    "ohcn inbox answer 5d1c88a0 --open --yes\n"
	    "ohcn inbox answer 5d1c88a0 --block --yes",
	    FLAGS{ { "interest", NULL, "yes, let us talk (--text with it)" },
		WORDS, COMMIT, OPEN,
		{ "withdraw", NULL, "end the talk and say so" },
		{ "ignore", NULL, "leave the offer, without a word" }, CLOSE,
		{ "block", NULL, "and never show offers of it again" }, END },
	    run_inbox_answer },
	{ "offer", "ask", "ID NAME...", 2, 8,
	    "which facts you would like to see",
	    "Names of claims, such as skills, languages, hours_week, "
	    "pay_floor, "
	    "aspirations,\ncontracts, certificates, name, email. The person "
	    "sees the question and shows what\nthey want, or nothing.",
	    "ohcn offer ask 5d1c88a0 skills languages pay_floor", NULL,
	    run_talk_ask },
	{ "offer", "claims", "ID", 1, 1, "what you were shown, and its worth",
	    "Every leaf is verified. Worth: the person's own word, or a "
	    "credential that\nstands behind it, if this node holds it.",
	    "ohcn offer claims 5d1c88a0", FLAGS{ LANG, END }, run_talk_claims },
	{ "inbox", "ask", "ID NAME...", 2, 8, "the same as offer ask", NULL,
	    "ohcn inbox ask 5d1c88a0 skills languages", NULL, run_talk_ask },
	{ "inbox", "claims", "ID", 1, 1, "what is asked, what you could show",
	    "The leaves of your facts, card and wishes, which of them were "
	    "asked for and which\nshown. To look tells nobody anything.",
	    "ohcn inbox claims 5d1c88a0", FLAGS{ LANG, END }, run_talk_claims },
	{ "inbox", "disclose", "ID", 1, 1, "show some facts, leaf by leaf",
	    "Only what you name is shown, to this one receiver, and it cannot "
	    "be taken back;\nwhat you do not name stays unknown, even whether "
	    "it is there. A number is shown\nwhole, or by a bound: --at-least "
	    "and --at-most. --dry-run says exactly what the\nother side then "
	    "knows. Name, e-mail, phone and address come after the company "
	    "has\nopened who it is.",
	    "ohcn inbox disclose 5d1c88a0 --leaf languages,contracts "
	    "--dry-run\n"
	    "ohcn inbox disclose 5d1c88a0 --at-least skills:welding=3 "
	    "--at-most pay_floor=32 --yes",
	    FLAGS{ { "leaf", "LIST", "names of leaves, commas between" },
		{ "at-least", "LIST", "NAME=N: no more than that" },
		{ "at-most", "LIST", "NAME=N: no more than that" },
		{ "unasked", NULL, "show what was not asked for" }, DRY, LANG,
		END },
	    run_inbox_disclose },
	{ "fact", "list", "", 0, 0, "what you could show of yourself",
	    "Private: your own facts, and what your card and wishes say. "
	    "Nothing of it is\npublished; in a talk you show some of it, leaf "
	    "by leaf: ohcn help inbox.",
	    "ohcn fact list", FLAGS{ LANG, END }, run_fact_list },
	{ "fact", "set", "NAME VALUE", 2, 2, "keep a fact of your own",
	    "A text, yes or no, or with --max a number of which a bound can "
	    "be shown.\nPrivate until you show it: ohcn inbox disclose.",
	    "ohcn fact set name \"Lea Muster\"\n"
	    "ohcn fact set certificates:1 \"Welder, TUV 2024\"\n"
	    "ohcn fact set years:welding 12 --max 60",
	    FLAGS{ { "max", "N", "a number 0..N, N up to 1000" }, END },
	    run_fact_set },
	{ "fact", "remove", "NAME", 1, 1, "forget a fact of your own", NULL,
	    "ohcn fact remove phone", NULL, run_fact_remove },
	/* What both have signed */
	{ "agreement", "propose", "TALK", 1, 1,
	    "what both will do, signed by you first",
	    "For the company's side of a talk. What the offer says is taken "
	    "over; a pledge that\nis not the offer's needs "
	    "--changed-pledge, and the person is told where it differs.\nIt "
	    "holds when the person has signed too.",
	    "ohcn agreement propose 5d1c88a0 --hours 60 --end 2027-03-01 "
	    "--dry-run\n"
	    "ohcn agreement propose 5d1c88a0 --hours 60 --end 2027-03-01 "
	    "--teaches \"welding:3\"",
	    agreement_flags, run_agreement_propose },
	{ "agreement", "show", "ID", 1, 1, "one agreement, in words", NULL,
	    "ohcn agreement show 91aa03c2", FLAGS{ LANG, END },
	    run_document_show },
	{ "agreement", "sign", "ID", 1, 1, "sign what the company has signed",
	    "Look first: ohcn agreement show. With it the talk is agreed.",
	    "ohcn agreement sign 91aa03c2 --dry-run\n"
	    "ohcn agreement sign 91aa03c2",
	    FLAGS{ CHANGED, DRY_SIGN, LANG, END }, run_document_sign },
	{ "agreement", "list", "", 0, 0, "agreements and who has signed", NULL,
	    "ohcn agreement list", FLAGS{ LANG, END }, run_agreement_list },
	{ "progress", "report", "AGREEMENT", 1, 1,
	    "what was done since the last time",
	    "Signed by one it is their word; it counts when both have signed.",
	    "ohcn progress report 91aa03c2 --verb progressed --minutes 240 "
	    "--reached welding:2",
	    FLAGS{ { "verb", "CHOICE",
		       "started, progressed, completed, passed, failed, "
		       "waived" },
		{ "minutes", "N", "spent since the last one" },
		{ "score", "N", "-1000 to 1000" },
		{ "reached", "LIST", "levels reached: welding:2" },
		{ "number", "N", "the next one if not given" },
		{ "xapi", "FILE", "a statement of xAPI instead of the verb" },
		DRY_SIGN, LANG, END },
	    run_progress_report },
	{ "progress", "sign", "ID", 1, 1, "say the same", NULL,
	    "ohcn progress sign 0b55d1f7", FLAGS{ DRY_SIGN, LANG, END },
	    run_document_sign },
	{ "progress", "show", "ID", 1, 1, "one report, in words", NULL,
	    "ohcn progress show 0b55d1f7", FLAGS{ LANG, END },
	    run_document_show },
	{ "progress", "export", "ID", 1, 1, "as a statement of xAPI",
	    "For a learning system. The actor is the person's did:key.",
	    "ohcn progress export 0b55d1f7 > statement.json", NULL,
	    run_progress_export },
	{ "progress", "list", "", 0, 0, "reports and who has signed", NULL,
	    "ohcn progress list", FLAGS{ LANG, END }, run_progress_list },
	{ "outcome", "propose", "AGREEMENT", 1, 1, "what became of it",
	    "Either side writes it, and it counts when both have signed. It "
	    "is shown to nobody\nuntil you show it.",
	    "ohcn outcome propose 91aa03c2 --result delivered --usefulness 4 "
	    "--hours 58 --pledge kept --learned welding:3",
	    outcome_flags, run_outcome_propose },
	{ "outcome", "sign", "ID", 1, 1, "say the same of it", NULL,
	    "ohcn outcome sign 3c90ffe1", FLAGS{ DRY_SIGN, LANG, END },
	    run_document_sign },
	{ "outcome", "show", "ID", 1, 1, "one outcome, in words", NULL,
	    "ohcn outcome show 3c90ffe1", FLAGS{ LANG, END },
	    run_document_show },
	{ "outcome", "list", "", 0, 0, "outcomes and who has signed", NULL,
	    "ohcn outcome list", FLAGS{ LANG, END }, run_outcome_list },
	{ "outcome", "claim", "AGREEMENT", 1, 1,
	    "when the other side signs no outcome",
	    "From 30 days after all was due. It weighs nothing in a score; "
	    "beside the agreement,\nwhich both signed, others see that you "
	    "say so. It lies with you.",
	    "ohcn outcome claim 91aa03c2 --pledge broken --text \"No course "
	    "came.\"",
	    FLAGS{ { "pledge", "CHOICE", "kept, partly or broken, say you" },
		{ "hours", "N", "hours worked and learned, say you" },
		{ "text", "TEXT", "in words, up to 280 bytes" }, DRY_SIGN, LANG,
		END },
	    run_outcome_claim },
	{ "outcome", "follow-up", "OUTCOME", 1, 1,
	    "half a year later: was it of use?",
	    "From 26 weeks after the outcome; it counts when both have "
	    "signed.",
	    "ohcn outcome follow-up 3c90ffe1 --place here --usefulness 5 "
	    "--contract permanent",
	    FLAGS{ { "place", "CHOICE", "here, moved or elsewhere" },
		{ "usefulness", "1..5", "to the person, seen from now" },
		{ "contract", "CHOICE", "permanent, freelance, none, ..." },
		{ "applied", "LIST", "skills in use now: welding:3" }, DRY_SIGN,
		LANG, END },
	    run_outcome_follow_up },
	{ "document", "list", "", 0, 0, "all evidence that this node holds",
	    NULL, "ohcn document list --type outcome",
	    FLAGS{ { "type", "NAME", "agreement, progress, outcome, ..." },
		{ "talk", "ID", "of one talk, its whole id" }, LANG, END },
	    run_document_list },
	{ "document", "show", "ID", 1, 1, "one of them, in words", NULL,
	    "ohcn document show 91aa03c2", FLAGS{ LANG, END },
	    run_document_show },
	{ "document", "sign", "ID", 1, 1, "sign in your persona's role", NULL,
	    "ohcn document sign 91aa03c2 --dry-run",
	    FLAGS{ CHANGED, DRY_SIGN, LANG, END }, run_document_sign },
	{ "document", "send", "ID", 1, 1, "send it to its talk once more",
	    "When an envelope was lost, or another one has signed it since.",
	    "ohcn document send 91aa03c2", FLAGS{ LANG, END },
	    run_document_send },
	{ "document", "export", "ID FILE", 2, 2, "into a file, to hand it over",
	    "Whoever has the file can read it, and show it. So a manager "
	    "signs who is in no talk.",
	    "ohcn document export 91aa03c2 agreement.json", NULL,
	    run_document_export },
	{ "document", "import", "FILE", 1, 1, "from such a file",
	    "Signatures are put together with those that you hold.",
	    "ohcn document import agreement.json", FLAGS{ LANG, END },
	    run_document_import },
	{ "document", "moved", "TALK", 1, 1,
	    "what you signed for an old key holds for the new one",
	    "For the company's side of a talk with somebody who lost a "
	    "device. Both sign; it is\nnever published, since it links the "
	    "two keys.",
	    "ohcn document moved 5d1c88a0 --from did:key:z6Mk...",
	    FLAGS{ { "from", "DID", "the old key" },
		{ "to", "DID", "the new one; who talks if not given" },
		DRY_SIGN, LANG, END },
	    run_document_moved },
	{ "document", "link", "PERSONA", 1, 1,
	    "two personas of yours say that they are one",
	    "Both sign, and each holds it. What one signed with the other "
	    "then counts for nothing.",
	    "ohcn document link main --with quiet --dry-run",
	    FLAGS{
		{ "with", "PERSONA", "the other one" }, DRY_SIGN, LANG, END },
	    run_document_link },
	{ "document", "forget", "ID", 1, 1, "delete it here",
	    "The other side keeps its own.",
	    "ohcn document forget 91aa03c2 --yes", NULL, run_document_forget },
	{ "team", "form", "", 0, 0, "a few people who together can do it",
	    "For a need of yours, or for a list of skills; a skill may have a "
	    "level\nand a ! for a must (welding:3!). Who is chosen adds most "
	    "to "
	    "what the others\ncan do; what nobody can do is named, with who "
	    "could learn it. A proposal made\nhere from the cards this node "
	    "holds: nobody is asked or told.",
	    "ohcn team form --demand A-17\n"
	    "ohcn team form --skills \"welding:3!,first aid,planning\" "
	    "--size 4\n"
	    "ohcn team form --demand A-17 --redundancy 2 --language de",
	    FLAGS{ { "demand", "ID", "which need (external id or record)" },
		{ "skills", "LIST", "names or terms, commas between" },
		{ "size", "N", "people at most (6; up to 16)" },
		{ "redundancy", "N",
		    "so many people for each must, or for each skill when "
		    "there is no must (1 to 3)" },
		{ "diversity", "N",
		    "worth of each further field, in thousandths of all needs "
		    "(10; 0: no matter)" },
		{ "language", "CODE",
		    "that all speak; any: whichever is best; none: no matter" },
		{ "hours", "N", "a week that each has at least" }, LANG, END },
	    run_team_form },
	{ "community", "found", "NAME", 1, 1, "a draft of a community of yours",
	    "NAME is how you call it; nobody else sees it. The draft stays "
	    "here until `ohcn\ncommunity publish NAME`. Those who want to "
	    "join write to a key of the record that\nonly this node opens. "
	    "As a person use a persona of its own: --persona.",
	    "ohcn community found river --title \"River watch\" --purpose "
	    "\"climate protection\" --rhythm weekly\n"
	    "ohcn community found river --from river.json",
	    community_flags, run_community_edit },
	{ "community", "edit", "NAME", 1, 1, "change the draft",
	    "Published is what was published last: `ohcn community publish` "
	    "again.",
	    "ohcn community edit river --skill welding:3 --role "
	    "\"Treasurer:6\"\nohcn community edit river --demand A-17",
	    community_flags, run_community_edit },
	{ "community", "publish", "NAME", 1, 1, "publish the record",
	    "--dry-run shows the bytes, who reads them and what they tell of "
	    "you.",
	    "ohcn community publish river --dry-run\nohcn community publish "
	    "river",
	    FLAGS{
		DRY, { "force", NULL, "although it tells who you are" }, END },
	    run_community_publish },
	{ "community", "list", "", 0, 0, "yours: founded and joined", NULL,
	    "ohcn community list\nohcn community list --all",
	    FLAGS{
		{ "all", NULL, "all that this node knows" }, LIMIT, LANG, END },
	    run_community_list },
	{ "community", "show", "NAME|ID", 1, 1,
	    "what it says, its projects, what the group learned", NULL,
	    "ohcn community show river\nohcn community show 7f3ak2xq5m",
	    FLAGS{ LANG, END }, run_community_show },
	{ "community", "end", "NAME", 1, 1, "it is over: withdraw the record",
	    "Roles that are agreed on, and what was done, stay as signed. "
	    "Nobody can join any\nmore.",
	    "ohcn community end river --dry-run\nohcn community end river",
	    FLAGS{ DRY, END }, run_community_end },
	{ "community", "join", "ID", 1, 1, "ask to take part",
	    "A request under a key that is used once, to a key of the "
	    "record: nobody sees who\nasks whom. Whoever leads it answers "
	    "with a role or not at all.",
	    "ohcn community join 7f3ak2xq5m --persona quiet --text \"I can "
	    "weld\"\nohcn community join 7f3ak2xq5m --name river --dry-run",
	    FLAGS{
		{ "name", "NAME", "how you call it; else made of its title" },
		{ "text", "TEXT", "words to say" }, DRY, END },
	    run_community_join },
	{ "community", "members", "NAME", 1, 1,
	    "requests and roles: of all if it is yours, else your own", NULL,
	    "ohcn community members river", NULL, run_community_members },
	{ "community", "welcome", "NAME REQUEST", 2, 2,
	    "offer a role to one who asked",
	    "REQUEST: of `ohcn community members NAME`. When it is accepted, "
	    "the agreement of just\nthese terms is signed and sent.",
	    "ohcn community welcome river 4be1 --role Treasurer --hours-week 2 "
	    "--weeks 26",
	    FLAGS{ { "role", "TEXT", "what one does" },
		{ "hours-week", "N", "hours a week (1)" },
		{ "weeks", "N", "for how long (26)" },
		{ "note", "TEXT", "a few words, up to 400 bytes" }, DRY, END },
	    run_community_welcome },
	{ "community", "accept", "NAME", 1, 1,
	    "say yes to what waits: the role, then its agreement",
	    "First to the role that is offered: it tells under which key you "
	    "take part. Then, when\nits agreement has come, once more: it "
	    "is signed. --dry-run says which of both.",
	    "ohcn community accept river --dry-run\nohcn community accept "
	    "river",
	    FLAGS{ DRY, END }, run_community_accept },
	{ "community", "leave", "NAME", 1, 1, "take part no longer",
	    "The conversation ends, without a word unless --text. What both "
	    "have signed stays\nwith the others; --forget erases what this "
	    "node keeps of it.",
	    "ohcn community leave river\nohcn community leave river --forget",
	    FLAGS{ { "text", "TEXT", "words to say at the end" },
		{ "forget", NULL,
		    "erase role, sessions and what is kept of it" },
		END },
	    run_community_leave },
	{ "session", "propose", "[COMMUNITY]", 0, 1,
	    "write down that a session was held, and sign it",
	    "Of a community of yours, or without one between peers. It "
	    "counts when k of the\nparticipants have signed. Each of them "
	    "learns the keys of all others.",
	    "ohcn session propose river --practised welding:3 --send\n"
	    "ohcn session propose --with did:key:z6Mk... --out session.json",
	    FLAGS{ { "with", "DID,DID", "who was there; else all members" },
		{ "k", "N", "how many must sign; else more than half" },
		{ "minutes", "N", "how long (60)" },
		{ "hours-ago", "N", "held so long ago; else just now" },
		{ "number", "N", "of a series" },
		{ "title", "TEXT", "a short name" },
		{ "practised", "NAME:LEVEL,...", "what was practised" },
		{ "send", NULL, "to the participants, in conversations" },
		{ "out", "FILE", "write the document, to pass on by hand" },
		DRY, END },
	    run_session_propose },
	{ "session", "sign", "ID", 1, 1, "I was there",
	    "Only what this node finds sound: see `ohcn session show ID`.",
	    "ohcn session sign 4be1 --send\nohcn session sign 4be1 --out "
	    "session.json",
	    FLAGS{ { "send", NULL, "to the others, in conversations" },
		{ "out", "FILE", "write the document, to pass on by hand" },
		END },
	    run_session_sign },
	{ "session", "take", "FILE", 1, 1,
	    "take a document in that was passed on by hand", NULL,
	    "ohcn session take session.json", NULL, run_session_take },
	{ "session", "send", "ID", 1, 1,
	    "pass it on with all signatures that are there", NULL,
	    "ohcn session send 4be1", NULL, run_session_send },
	{ "session", "list", "", 0, 0, "sessions, and what waits for you", NULL,
	    "ohcn session list\nohcn session list --community river",
	    FLAGS{ { "community", "NAME", "of this one" }, END },
	    run_session_list },
	{ "session", "show", "ID", 1, 1, "who was there and who signed", NULL,
	    "ohcn session show 4be1", NULL, run_session_show },
	{ "session", "forget", "ID", 1, 1, "keep it no longer", NULL,
	    "ohcn session forget 4be1", NULL, run_session_forget },
	{ "community", "release", "NAME KEY", 2, 2,
	    "somebody's role is over from now on",
	    "For who has left without a word. What both have signed stays; "
	    "sessions from now on do\nnot count for them.",
	    "ohcn community release river did:key:z6Mk...", NULL,
	    run_community_release },
	{ "cohort", "found", "NAME", 1, 1, "a draft of a cohort of yours",
	    "A course for a group with a beginning, seats and an end. NAME is "
	    "how you call it. Those\nwho want to join write to the inbox of "
	    "your organisation record: `ohcn organisation\npublish` first, "
	    "with the same --persona.",
	    "ohcn cohort found spring --title \"Welding, spring\" --teaches "
	    "welding:3 --seats 8",
	    cohort_flags, run_community_edit },
	{ "cohort", "edit", "NAME", 1, 1, "change the draft",
	    "Published is what was published last: `ohcn cohort publish` "
	    "again.",
	    "ohcn cohort edit spring --weeks 8 --hours 32 --sessions 8 "
	    "--grade 101 --in-days 30\n"
	    "ohcn cohort edit spring --coach did:key:z6Mk...\n"
	    "ohcn cohort edit spring --case A-17 --cost 450EUR",
	    cohort_flags, run_community_edit },
	{ "cohort", "publish", "NAME", 1, 1, "announce it",
	    "How many seats are filled is set by what was signed so far.",
	    "ohcn cohort publish spring --dry-run\nohcn cohort publish spring",
	    FLAGS{
		DRY, { "force", NULL, "although it tells who you are" }, END },
	    run_community_publish },
	{ "cohort", "list", "", 0, 0, "yours: given and joined",
	    "Those that close a gap of yours: ohcn path.",
	    "ohcn cohort list\nohcn cohort list --all",
	    FLAGS{
		{ "all", NULL, "all that this node knows" }, LIMIT, LANG, END },
	    run_community_list },
	{ "cohort", "show", "NAME|ID", 1, 1,
	    "what it says, and what the group learned", NULL,
	    "ohcn cohort show spring\nohcn cohort show 7f3ak2xq5m",
	    FLAGS{ LANG, END }, run_community_show },
	{ "cohort", "join", "ID", 1, 1, "ask for a seat",
	    "A request under a key that is used once: nobody sees who asks "
	    "whom. The provider\nanswers with a seat, or not yet: it may keep "
	    "a waiting list.",
	    "ohcn cohort join 7f3ak2xq5m --persona quiet --text \"I can weld a "
	    "little\"",
	    FLAGS{
		{ "name", "NAME", "how you call it; else made of its title" },
		{ "text", "TEXT", "words to say" }, DRY, END },
	    run_community_join },
	{ "cohort", "members", "NAME", 1, 1,
	    "requests and seats: of all if it is yours, else your own", NULL,
	    "ohcn cohort members spring", NULL, run_community_members },
	{ "cohort", "welcome", "NAME REQUEST", 2, 2,
	    "offer a seat to one who asked",
	    "REQUEST: of `ohcn cohort members NAME`. Hours and weeks are those "
	    "of the record.",
	    "ohcn cohort welcome spring 4be1",
	    FLAGS{ { "role", "TEXT", "what it is called (Participant)" },
		{ "hours-week", "N", "hours a week" },
		{ "weeks", "N", "for how long" },
		{ "note", "TEXT", "a few words, up to 400 bytes" },
		{ "over", NULL, "although all seats are taken" }, DRY, END },
	    run_community_welcome },
	{ "cohort", "wait", "NAME REQUEST", 2, 2,
	    "put one who asked on the waiting list",
	    "Only this node knows it; nothing is sent. When a seat is free: "
	    "`ohcn cohort welcome`.",
	    "ohcn cohort wait spring 4be1", NULL, run_cohort_wait },
	{ "cohort", "accept", "NAME", 1, 1,
	    "say yes to what waits: the seat, then its agreement",
	    "First it tells under which key you take part; once the agreement "
	    "has come, it is signed.",
	    "ohcn cohort accept spring --dry-run\nohcn cohort accept spring",
	    FLAGS{ DRY, END }, run_community_accept },
	{ "cohort", "session", "NAME", 1, 1,
	    "write down that a session was held, and sign it",
	    "As `ohcn session propose`. Who was there signs it: `ohcn session "
	    "list`, `ohcn session\nsign`.",
	    "ohcn cohort session spring --practised welding:2 --send",
	    FLAGS{ { "with", "DID,DID", "who was there; else all members" },
		{ "k", "N", "how many must sign; else more than half" },
		{ "minutes", "N", "how long (60)" },
		{ "hours-ago", "N", "held so long ago; else just now" },
		{ "number", "N", "of a series" },
		{ "title", "TEXT", "a short name" },
		{ "practised", "NAME:LEVEL,...", "what was practised" },
		{ "send", NULL, "to the participants, in conversations" },
		{ "out", "FILE", "write the document, to pass on by hand" },
		DRY, END },
	    run_session_propose },
	{ "cohort", "finish", "NAME", 1, 1, "certificates for who was there",
	    "For each who signed enough of the sessions that count (more than "
	    "half, or --sessions),\nof the level of the record, sent in "
	    "their conversations. Who has one gets no second.",
	    "ohcn cohort finish spring --dry-run\nohcn cohort finish spring "
	    "--sessions 6",
	    FLAGS{ { "sessions", "N", "attended, to get one" },
		{ "grade", "N", "101 to 401; else the record's" },
		{ "days", "N", "valid for (730)" },
		{ "assessed", NULL,
		    "you tested what they can, not only that they came" },
		DRY, END },
	    run_cohort_finish },
	{ "cohort", "release", "NAME KEY", 2, 2,
	    "somebody's seat is free from now on", NULL,
	    "ohcn cohort release spring did:key:z6Mk...", NULL,
	    run_community_release },
	{ "cohort", "end", "NAME", 1, 1, "it is over: withdraw the record",
	    "After `ohcn cohort finish`: certificates name the record.",
	    "ohcn cohort end spring --dry-run\nohcn cohort end spring",
	    FLAGS{ DRY, END }, run_community_end },
	{ "cohort", "leave", "NAME", 1, 1, "take part no longer",
	    "With --text the provider is told, and the seat is free; without, "
	    "nothing is sent.\n--forget erases what this node keeps of it.",
	    "ohcn cohort leave spring --text \"no time, sorry\"",
	    FLAGS{ { "text", "TEXT", "words to say at the end" },
		{ "forget", NULL,
		    "erase seat, sessions and what is kept of it" },
		END },
	    run_community_leave },
	{ "community", "suggest", "", 0, 0, "cells of people around a purpose",
	    "From what people say they care about: who can meet and talk, in "
	    "cells of\n5 to 12, with what each still lacks and who could learn "
	    "it. A proposal: nobody is enrolled, asked or told.",
	    "ohcn community suggest --purpose \"climate protection\"\n"
	    "ohcn community suggest --purpose \"local food\" --size 6",
	    FLAGS{ { "purpose", "NAME", "a purpose, or a skill to share" },
		{ "size", "N", "people in a cell (8; 5 to 12)" }, LANG, END },
	    run_community_suggest },
	{ "market", NULL, "", 0, 0, "who for which, over all your open needs",
	    "When several needs want the same people, the best list for each "
	    "is\nnot the best for all. This finds who for which so that the "
	    "sum of the scores\nis largest, and shows how contested people "
	    "are: a price is what another need\nwould give up for the person. "
	    "With --without or --seats it is computed once\nmore, and what "
	    "changes is shown. Advice: nobody is asked, told or bound.",
	    "ohcn market\nohcn market --places 2\n"
	    "ohcn market --without 7f3ak2xq5m\nohcn market --seats A-17:2",
	    FLAGS{ { "each", "N", "people looked at for each need (50)" },
		{ "places", "N", "needs that one person can take (1)" },
		{ "without", "ID", "what if this card were not there" },
		{ "seats", "ID:N", "what if this need had so many seats" },
		LANG, END },
	    run_market },
	{ "assess", "list", "", 0, 0, "assessments that can be taken", NULL,
	    "ohcn assess list", NULL, run_assess_list },
	{ "assess", "show", "ID", 1, 1, "what an assessment measures and how",
	    NULL, "ohcn assess show 7f3k2m", NULL, run_assess_show },
	{ "assess", "take", "ID|self", 1, 1,
	    "find out how well you can do something",
	    "Answers and levels stay on this node. Stop with q, go on another "
	    "day.\nself: your own judgement of the skills or the occupation "
	    "that --about names;\nneeds no peer. FILE of --answers: "
	    "{\"about\": [...], \"answers\": {\"0\": 3, \"1\": "
	    "[0, 2],\n\"2\": \"unknown\", \"3\": null}}, by number of "
	    "the item.",
	    "ohcn assess take self --about \"nurse\"\n"
	    "ohcn assess take 7f3k2m\n"
	    "ohcn assess take self --answers answers.json --json",
	    FLAGS{ { "about", "WORDS",
		       "self: skills or an occupation, commas between" },
		{ "answers", "FILE", "answers as JSON, then finish" },
		{ "restart", NULL, "forget what was answered so far" }, END },
	    run_assess_take },
	{ "assess", "result", "[ID]", 0, 1, "what came out", NULL,
	    "ohcn assess result", NULL, run_assess_result },
	{ "assess", "apply", "ID", 1, 1,
	    "take levels over into your private draft",
	    "Nothing is published by it: ohcn profile publish does.",
	    "ohcn assess apply 1790000000-self --dry-run\n"
	    "ohcn assess apply 1790000000-self --min-confidence 400",
	    FLAGS{ { "terms", "TERMS", "only these, commas between" },
		{ "min-confidence", "N", "in thousandths" },
		{ "private", NULL, "as private skills, never published" },
		{ "dry-run", NULL, "show what would change" }, END },
	    run_assess_apply },
	{ "assess", "forget", "ID", 1, 1, "remove a result", NULL,
	    "ohcn assess forget 1790000000-self", NULL, run_assess_forget },
	{ "assess", "import-result", "FILE", 1, 1,
	    "take in what an external assessor signed",
	    "It is checked: the signature, for whom, by whom, until when.",
	    "ohcn assess import-result result.txt", NULL, run_assess_import },
	{ "assess", "new", "FILE", 1, 1, "publish an assessment of yours",
	    "FILE is JSON as SPEC.md says, \"Kind assessment\". --hide-keys "
	    "puts salted hashes in\nthe place of the answers: nobody reads "
	    "them by accident, but who tries all\noptions finds them at once.",
	    "ohcn assess new excel.json --dry-run\n"
	    "ohcn assess new excel.json --hide-keys",
	    FLAGS{ { "hide-keys", NULL, "hashes instead of the right answers" },
		DRY, END },
	    run_assess_new },
	{ "assess", "sign", "ID FILE", 2, 2,
	    "sign a person's result, as the external assessor",
	    "For an own assessment whose external key is this node's. FILE: "
	    "{\"person\": \"did:key:...\",\n\"levels\": [{\"term\", "
	    "\"level\", \"confidence\"}], \"days\": 365}.",
	    "ohcn assess sign 7f3k2m levels.json", NULL, run_assess_sign },
	{ "assess", "close", "ID", 1, 1, "take an own assessment back", NULL,
	    "ohcn assess close 7f3k2m", FLAGS{ DRY, END }, run_assess_close },
	{ "learn", "next", "", 0, 0, "what to learn next, without a target",
	    "From what organisations ask for, what people who can the same "
	    "want to learn,\nand what occupations need together with what you "
	    "can. Computed on this node\nfrom your private draft; nobody "
	    "learns of it. Towards a target: ohcn path.",
	    "ohcn learn next\nohcn learn next --limit 3 --json",
	    FLAGS{ LIMIT, LANG, END }, run_learn_next },
	{ "path", NULL, "", 0, 0, "what to learn, where, to get somewhere",
	    "The cheapest offers and their order, from your private draft to "
	    "one target.\nWithout any offer: what to study, the general "
	    "before the special. A target is\na label, a term or the end of a "
	    "record id. Made here; nobody else sees it.",
	    "ohcn path --occupation \"software developer\"\n"
	    "ohcn path --demand 7f3ak2xq5m --hours 8 --until 2027-06-30\n"
	    "ohcn path --skill welding:3 --budget 300 --currency EUR "
	    "--format offline,phone",
	    FLAGS{ { "occupation", "NAME", "the skills that it needs" },
		{ "demand", "ID", "what a need asks, and its company pays" },
		{ "skill", "NAME:LEVEL",
		    "one skill, level 1 to 5 (default 3)" },
		{ "pathway", "ID", "the steps of a pathway record" },
		{ "hours", "N", "of learning a week (default 5)" },
		{ "budget", "N", "you can pay, with --currency" },
		{ "currency", "CODE", "such as EUR" },
		{ "language", "CODE", "offers in it (default: yours)" },
		{ "format", "LIST",
		    "online,on-site,phone,print,audio,video,offline" },
		{ "until", "DATE", "done by then" },
		{ "busy", "LIST", "no time: 2026-12-21..2027-01-03,..." }, LANG,
		END },
	    run_path },
	{ "signal", "top", "", 0, 0,
	    "what is asked for, held, wanted and taught",
	    "Demand is open places, supply people who hold the term or a "
	    "narrower one; the gap\nis the one less the other. Counted from "
	    "what this node holds; groups of fewer than\n10 people or 3 "
	    "companies, and what would tell them, are left out. Of an "
	    "industry no\npeople are told: cards do not say theirs.",
	    "ohcn signal top\n"
	    "ohcn signal top --by term --measure gap\n"
	    "ohcn signal top --by industry --region de\n"
	    "ohcn signal top --term welding --by term,region --limit 20",
	    FLAGS{ SIGNAL_FLAGS,
		{ "by", "LIST", "term,region,industry: what rows are about" },
		{ "term", "TEXT", "this term and what is narrower" },
		{ "k", "N", "hide groups of fewer people; 10 at least" }, LIMIT,
		LANG, END },
	    run_signal_top },
	{ "signal", "series", "[TERM]", 0, 1,
	    "one of them week by week, with a forecast",
	    "Weeks in which the node did not run are dots. The forecast says "
	    "from how many weeks\nit is and in which range four of five "
	    "outcomes should lie. Without TERM: all terms.",
	    "ohcn signal series welding\n"
	    "ohcn signal series \"first aid\" --region de --weeks 52 --json",
	    FLAGS{ SIGNAL_FLAGS, WEEKS, LANG, END }, run_signal_series },
	{ "signal", "map", "[TERM]", 0, 1, "one of them by region", NULL,
	    "ohcn signal map welding --measure supply\n"
	    "ohcn signal map --measure gap --json",
	    FLAGS{ SIGNAL_FLAGS, LIMIT, LANG, END }, run_signal_map },
	{ "signal", "import", "FILE", 1, 1,
	    "publish official figures from CSV as statistic records",
	    "Columns: value, and what it is about: term, isco, industry, "
	    "region, period (2026,\n2026-Q3, 2026-11, 2026-W47), n, low, "
	    "high; --map where yours are called otherwise.\nLook first with "
	    "--dry-run: which words became which terms, what was left out. "
	    "Counts\nof people that are not public need --noise: they are "
	    "changed at random (discrete\nLaplace), small ones left out, and "
	    "a table answers once a quarter.",
	    "ohcn signal import vacancies.csv --measure vacancies --unit "
	    "places --title \"Job vacancies\" --source Eurostat --licence "
	    "CC-BY-4.0 --dry-run\n"
	    "ohcn signal import graduates.csv --about graduates.json "
	    "--noise 1 --dry-run",
	    signal_import_flags, run_signal_import },
	{ "signal", "publish", "", 0, 0,
	    "publish what signal top shows as a statistic record",
	    "Only counts of public records that may be shown; nothing "
	    "private is in it, so it\nhas no noise. Doing it again replaces "
	    "the record.",
	    "ohcn signal publish --measure demand --region de --dry-run",
	    FLAGS{ SIGNAL_FLAGS,
		{ "title", "TEXT", "name of the table, in English" }, LIMIT,
		DRY, END },
	    run_signal_publish },

	/* The network */
	{ "credential", "verify", "FILE", 1, 1,
	    "is a certificate of others good",
	    "A W3C Verifiable Credential 2.0, Open Badges 3.0 among them, "
	    "signed with\neddsa-jcs-2022 by a did:key. No node and no network "
	    "is needed; FILE - is standard\ninput. Good is: signed by its "
	    "issuer, unchanged, valid now. An issuer that is a\nwebsite does "
	    "not tell its key: give it by --key. Whether it was taken back "
	    "since\n(credentialStatus) is not asked. Exit code 1: not good; "
	    "the word in brackets\n(--json: outcome) says what is wrong.\n\n"
	    "Badges that ohcn writes are valid Verifiable Credentials 2.0 by "
	    "the data model of\nOpen Badges 3.0, but not certifiable Open "
	    "Badges 3.0: that asks for another\nsuite (eddsa-rdfc-2022) or a "
	    "JWT.",
	    "ohcn credential verify badge.json\n"
	    "ohcn credential verify degree.json --key did:key:z6Mk...",
	    FLAGS{ { "key", "DID", "the issuer's key, known from elsewhere" },
		{ "at", "TIME", "was it good then: 2026-01-31, 30d" }, END },
	    run_credential_verify },
	{ "credential", "show", "FILE|ID", 1, 1,
	    "what a certificate says, unchecked",
	    "A file with a W3C Verifiable Credential 2.0, signed or not; or "
	    "one that this node\nholds, by the first digits of its id.",
	    "ohcn credential show badge.json\n"
	    "ohcn credential show 5d1c88a0",
	    NULL, run_credential_show },
	{ "credential", "issue", "", 0, 0, "stand for what somebody can do",
	    "Signed by your persona's key, to the persona of a conversation "
	    "(--talk) or to a\nkey (--to); it counts when its holder has "
	    "accepted it. --method says how you know:\nassessed, observed, "
	    "peers, completed. --claim puts facts behind it that the "
	    "holder\ncan show one by one, numbers by bounds; --copies issues "
	    "several with trees of\ntheir own, so that two verifiers cannot "
	    "tell that they saw the same person.\nA certificate of a pathway "
	    "or coach has a --grade, 101 to 499.",
	    "ohcn credential issue --talk 5d1c88a0 --title \"Welding, basics\" "
	    "--skill welding:3 --method assessed --claim exam=87/100\n"
	    "ohcn credential issue --to did:key:z6Mk... --title \"Coach 201\" "
	    "--grade 201 --coach --method observed --dry-run",
	    FLAGS{ { "talk", "ID", "to the other side of a conversation" },
		{ "to", "DID", "or to this key" },
		{ "title", "TEXT", "its name" },
		{ "skill", "LIST", "welding:3,planning:2: levels 1 to 5" },
		{ "method", "HOW", "assessed, observed, peers, completed" },
		{ "grade", "N", "101 to 499, of a pathway or coach" },
		{ "coach", NULL, "the holder may coach at that grade" },
		{ "subject", "ID",
		    "record of the pathway, course, assessment" },
		{ "ref", "LIST", "ids of documents that it rests on" },
		{ "claim", "LIST", "NAME=TEXT, NAME=yes, NAME=87/100" },
		{ "copies", "N", "1 to 10, each with a tree of its own" },
		{ "result", "LINE",
		    "of ohcn assess sign: holder, skills, assessment" },
		{ "days", "N", "valid for (730)" }, DRY, END },
	    run_credential_issue },
	{ "coach", "list", "", 0, 0, "coaches, and how this node knows",
	    "A certificate that was shown here and is good now; or a course or "
	    "pathway whose\nauthor and coach both signed it; with --all also "
	    "those whose card says that they\noffer coaching, and certificates "
	    "that are expired or revoked, which is said.\nCertificates are "
	    "not gossiped: nobody has a list of all coaches.",
	    "ohcn coach list --grade 201\n"
	    "ohcn coach list --all --region de",
	    FLAGS{ { "grade", "N", "certified at this grade or a higher one" },
		{ "region", "CODE", "such as de: of their card" },
		{ "language", "CODE", "such as de: of their card" },
		{ "skill", "TEXT", "of a certificate, or of their card" },
		{ "all", NULL, "also own word, expired and revoked" }, LIMIT,
		END },
	    run_coach_list },
	{ "credential", "list", "", 0, 0, "what you issued and hold",
	    "Native ones with how they stand, and W3C ones that you keep.",
	    "ohcn credential list", FLAGS{ LANG, END }, run_credential_list },
	{ "credential", "accept", "ID", 1, 1, "sign one that is about you",
	    "Your signature says that you take it. The issuer is told in the "
	    "conversation it\ncame in.",
	    "ohcn credential accept 5d1c88a0", FLAGS{ LANG, END },
	    run_credential_accept },
	{ "credential", "present", "ID", 1, 1, "show one in a conversation",
	    "The whole of it; single facts behind it: ohcn inbox disclose.",
	    "ohcn credential present 5d1c88a0 --talk 77aa01c3 --yes",
	    FLAGS{ { "talk", "ID", "to whom" }, LANG, END },
	    run_credential_present },
	{ "credential", "revoke", "ID", 1, 1, "take back one that you issued",
	    "Final. Credentials are not gossiped, and neither is this: the "
	    "holder is told in the\nconversation it was issued in; all others "
	    "learn it when they are given it.",
	    "ohcn credential revoke 5d1c88a0 --reason mistake",
	    FLAGS{
		{ "reason", "WHY", "unspecified, mistake, replaced, misuse" },
		LANG, END },
	    run_credential_revoke },
	{ "credential", "export", "ID", 1, 1, "as a file, or as a W3C badge",
	    "The file holds what the other one needs: the document, its end, "
	    "and of an issuer\nthe facts behind it: give that to its holder "
	    "alone. --badge: as a W3C Verifiable\nCredential 2.0 by the data "
	    "model of Open Badges 3.0, signed by its issuer.",
	    "ohcn credential export 5d1c88a0 -o for-lea.json\n"
	    "ohcn credential export 5d1c88a0 --badge -o badge.json",
	    FLAGS{ { "badge", NULL, "W3C; only its issuer can" },
		{ "output", "FILE", "(-o) instead of standard output" }, END },
	    run_credential_export },
	{ "credential", "import", "FILE", 1, 1, "hold one that came as a file",
	    "Of ohcn credential export, or a W3C one, which has to be good.",
	    "ohcn credential import for-lea.json", FLAGS{ LANG, END },
	    run_credential_import },
	{ "credential", "forget", "ID", 1, 1, "no longer hold one", NULL,
	    "ohcn credential forget 5d1c88a0", NULL, run_credential_forget },
	{ "record", "list", "", 0, 0, "records that this node holds", NULL,
	    "ohcn record list --kind demand --region de\n"
	    "ohcn record list --limit 1000 --json",
	    FLAGS{ { "kind", "KIND", "profile, demand, course, ..." },
		{ "region", "CODE", "such as de" },
		{ "author", "DID", "did:key:..." }, LIMIT,
		{ "cursor", "TEXT", "go on where a list ended" }, END },
	    run_record_list },
	{ "record", "show", "ID", 1, 1, "one record, readable", NULL,
	    "ohcn record show 7f3ak2xq5m\n"
	    "ohcn record show 7f3ak2xq5m --bytes",
	    FLAGS{ { "bytes", NULL, "the exact bytes, hexadecimal" }, END },
	    run_record_show },
	{ "record", "export", "", 0, 0, "records into a file, for a USB stick",
	    "All that this node holds, or a choice; revocations always. Own "
	    "cards that nobody\nhas sent back yet stay here. TIME is a span "
	    "(30d, 12h), a date (2026-11-22, UTC) or\na unix hour; records "
	    "made since then are taken.",
	    "ohcn record export -o all.ohcn\n"
	    "ohcn record export --since 30d -o /media/stick/month.ohcn\n"
	    "ohcn record export --kind demand --region de > demands.ohcn",
	    FLAGS{ { "output", "FILE", "(-o) instead of standard output" },
		{ "since", "TIME", "made since then: 30d, 12h, 2026-11-22" },
		{ "kind", "KIND", "of this kind only" },
		{ "region", "CODE", "of this region only, such as de" }, END },
	    run_record_export },
	{ "record", "import", "FILE", 1, 1, "take records from an export",
	    "Each is checked like one from the network; what is here already "
	    "does no harm. Of a\ndamaged file all that is whole is taken, and "
	    "where the rest lay is told. FILE - is\nstandard input.",
	    "ohcn record import all.ohcn\n"
	    "ssh other ohcn record export --since 7d | ohcn record import -",
	    NULL, run_record_import },
	{ "peer", "list", "", 0, 0, "who this node is connected to", NULL,
	    "ohcn peer list", NULL, run_peer_list },
	{ "peer", "connect", "ADDRESS", 1, 1, "call a peer",
	    "Once; peers.bootstrap in the settings is for good.",
	    "ohcn peer connect /ip4/192.0.2.1/tcp/4141/p2p/12D3KooW...", NULL,
	    run_peer_connect },
	{ "peer", "find", "ID", 1, 1, "where a peer is, by asking others",
	    "Through the distributed hash table: kad.mode.",
	    "ohcn peer find 12D3KooW...", NULL, run_peer_find },
	{ "peer", "invite", "", 0, 0, "the same as `ohcn invite`", INVITE_HELP,
	    "ohcn peer invite --qr", invite_flags, run_invite },
	{ "peer", "explain", "ID", 1, 1, "why a peer is, or is not, in a mesh",
	    "Its score by part, drops by reason, duplicates, back-off; of one "
	    "that is gone,\nwhen and why. Part of an id will do, of 4 "
	    "characters or more.",
	    "ohcn peer explain 12D3KooW...\nohcn peer explain x7Qm", NULL,
	    run_peer_explain },
	{ "sync", "status", "", 0, 0,
	    "which peers hold the same records as this node",
	    "When each last agreed, what it cost, what differed, why it "
	    "failed.",
	    "ohcn sync status", NULL, run_sync_status },
	{ "sync", "now", "[PEER]", 0, 1, "compare records with peers at once",
	    "Without PEER: with as many as sync.sessions allows. A light node "
	    "calls one.",
	    "ohcn sync now\nohcn sync now 12D3KooW...", NULL, run_sync_now },
	{ "topic", "list", "", 0, 0, "topics and their meshes", NULL,
	    "ohcn topic list", NULL, run_topic_list },
	{ "topic", "explain", "NAME", 1, 1,
	    "what a mesh lacks, and who is in it",
	    "NAME is a topic of `ohcn topic list`, or its class alone.",
	    "ohcn topic explain people\n"
	    "ohcn topic explain /ohcn/1/main/demand/0",
	    NULL, run_topic_explain },
	{ "crawl", "run", "[ADDRESS...]", 0, CLI_WORDS_MAX,
	    "visit all peers of a network and write a data set",
	    "Begins with the addresses given, peers.bootstrap, and whom the "
	    "running node\nknows. Each peer is asked who it is, whom it "
	    "knows (DHT, peer exchange) and\nwhich records it holds. It hears "
	    "that you crawl; one that has crawl.allow = no\nis left at once "
	    "and only counted. No address is written down unless asked, and\n"
	    "peers get new names in each crawl.\n"
	    "DIR gets NDJSON and CSV (zstd) with schemas and views for DuckDB; "
	    "crawl.json says\nwhat was done. Ctrl-C ends in order, and "
	    "--resume goes on, after a kill as well.\n"
	    "counts.csv shows cells of at least 10 authors and 3 companies.",
	    "ohcn crawl run --dry-run\n"
	    "ohcn crawl run --contact you@example.org -o crawl-1\n"
	    "ohcn crawl run --limit 1000 --rate 5 -o crawl-2 "
	    "/ip4/192.0.2.1/tcp/4141/p2p/12D3KooW...\n"
	    "ohcn crawl run --resume -o crawl-1",
	    crawl_flags, run_crawl_run },
	{ "crawl", "diff", "DIR DIR", 2, 2,
	    "what changed between two data sets",
	    "Records that appeared, vanished or changed by kind and region, "
	    "shown counts by\nterm, and the size of the network.",
	    "ohcn crawl diff crawl-1 crawl-2\n"
	    "ohcn crawl diff crawl-1 crawl-2 --json",
	    NULL, run_crawl_diff },
	{ "term", "add", "NAME", 1, 1, "a term that no vocabulary has",
	    "It can be used by its name in a profile, a need or a course, and "
	    "travels with\nthem. Its URI follows from language and name: "
	    "whoever adds it in the same words\nmeans the same, and is "
	    "matched; "
	    "all others see the name. --broader makes it a\nspecial case of "
	    "what is known, so that it earns credit here already.",
	    "ohcn term add \"pretzel shaping\" --lang en\n"
	    "ohcn term add \"pretzel shaping\" --lang en --broader \"baking\"\n"
	    "ohcn term add \"Brezeln schlingen\" --lang de --same-as "
	    "urn:ohcn:own:en:pretzel-shaping",
	    FLAGS{ { "lang", "CODE", "language of the name, such as en" },
		{ "type", "TYPE",
		    "skill (if not given), knowledge, interest, occupation or "
		    "purpose" },
		{ "broader", "TERM", "what it is a special case of" },
		{ "same-as", "URI", "a term that means the same; or its name" },
		END },
	    run_term_add },
	{ "term", "list", "", 0, 0, "your own terms", NULL, "ohcn term list",
	    FLAGS{ LANG, END }, run_term_list },
	{ "term", "remove", "NAME", 1, 1, "forget an own term",
	    "NAME: its name, URI or 16 digits. What was published with it "
	    "stays.",
	    "ohcn term remove \"pretzel shaping\"", NULL, run_term_remove },
	{ "vocabulary", "search", "WORDS", 1, 8, "find terms by their labels",
	    "Beginnings and small typing errors are understood. --meaning: "
	    "which occupation a\ntitle in your own English words most likely "
	    "is, by what vocabularies say of theirs.",
	    "ohcn vocabulary search weld\n"
	    "ohcn vocabulary search --lang de Schweißen\n"
	    "ohcn vocabulary search --meaning \"person who mends roofs\"",
	    FLAGS{ { "meaning", NULL, "occupations by meaning, with how sure" },
		{ "about", "TEXT", "with --meaning: what is done there" },
		{ "to", "NAME", "with --meaning: esco, onet or core" }, LANG,
		LIMIT, END },
	    run_vocabulary_search },
	{ "vocabulary", "bridge", "OCCUPATION", 1, 1,
	    "the same occupation in another vocabulary, as a suggestion",
	    "By titles, descriptions, skills and tools of both; no crosswalk "
	    "is needed. Nothing\nis linked by it: who reviewed a suggestion "
	    "can import it as a crosswalk.",
	    "ohcn vocabulary bridge \"software developer\" --to onet",
	    FLAGS{ { "to", "NAME", "esco, onet or core" }, LANG, LIMIT, END },
	    run_vocabulary_bridge },
	{ "vocabulary", "import", "SOURCE DIR", 2, 2,
	    "read ESCO or O*NET files, or links between them",
	    "SOURCE: esco (the CSV download), onet (the text database) or "
	    "crosswalk (tables\nthat link ESCO with O*NET; only an exact "
	    "match that has no rival makes two\noccupations one, others are "
	    "close). The node reads the directory, now and at\neach start. "
	    "Doing it again replaces what was read before.",
	    "ohcn vocabulary import esco ~/esco-1.2.0\n"
	    "ohcn vocabulary import onet ~/db_29_2_text\n"
	    "ohcn vocabulary import crosswalk ~/crosswalk",
	    NULL, run_vocabulary_import },
	{ "vocabulary", "list", "", 0, 0, "vocabularies that are loaded", NULL,
	    "ohcn vocabulary list", NULL, run_vocabulary_list },
	{ "vocabulary", "remove", "NAME", 1, 1, "forget an imported vocabulary",
	    "NAME: esco, onet or crosswalk (all of that kind) or the "
	    "directory. The files\nstay where they are.",
	    "ohcn vocabulary remove crosswalk\n"
	    "ohcn vocabulary remove ~/esco-1.1",
	    NULL, run_vocabulary_remove },
	{ "vocabulary", "diff", "FILE", 1, 1,
	    "why does another node have another hash?",
	    "FILE: what `ohcn vocabulary list --json` says there. Names the "
	    "parts that differ.",
	    "ohcn vocabulary diff theirs.json", NULL, run_vocabulary_diff },

	/* This machine */
	{ "store", "stat", "", 0, 0, "what the store holds and what it takes",
	    "Also when the node does not run.",
	    "ohcn store stat\nohcn store stat --json", NULL, run_store_stat },
	{ "store", "check", "[DIR]", 0, 1, "is the store sound?",
	    "Looks at each page of the file, computes the id of every record "
	    "again and\ncompares all indexes with the records; also while the "
	    "node runs. Changes\nnothing. DIR: of a backup instead. Exit code "
	    "65: damaged; the cure is\n`ohcn store repair`.",
	    "ohcn store check\nohcn store check --signatures\n"
	    "ohcn store check /mnt/stick/store",
	    FLAGS{ { "signatures", NULL, "verify each one as well; slow" },
		{ "quick", NULL, "the pages alone" }, LINES, END },
	    run_store_check },
	{ "store", "repair", "", 0, 0, "save what is sound of a damaged store",
	    "For a node that is down. What is sound goes into a new store; the "
	    "old one is\nkept beside it as store.broken-TIME. What is lost "
	    "comes back from peers.",
	    "ohcn store repair", FLAGS{ LINES, END }, run_store_repair },
	{ "store", "compact", "", 0, 0, "give unused space back to the disk",
	    "The file of the store never shrinks by itself. With the node "
	    "down at once; while\nit runs, at its next start. Needs room for "
	    "a second copy.",
	    "ohcn store compact", FLAGS{ LINES, END }, run_store_compact },
	{ "store", "backup", "DIR", 1, 1, "copy the store into a folder",
	    "As it is at this moment, also while the node runs; the copy is "
	    "checked. It holds\nall records, but no keys and no private data: "
	    "`ohcn backup create` does.",
	    "ohcn store backup /mnt/stick/store-monday", FLAGS{ LINES, END },
	    run_store_backup },
	{ "store", "restore", "DIR", 1, 1, "put a copy in the store's place",
	    "For a node that is down. DIR is of `ohcn store backup`, is "
	    "checked first, and\nstays. A store that is there is kept beside "
	    "as store.before-restore-TIME.",
	    "ohcn store restore /mnt/stick/store-monday --force",
	    FLAGS{ { "force", NULL, "though there is a store" }, LINES, END },
	    run_store_restore },
	{ "store", "clean", "", 0, 0, "remove stores that are kept aside",
	    "After migration, restore and repair the store of before is kept "
	    "beside. Those of\nmigrations go by themselves after "
	    "store.keep_days days.",
	    "ohcn store clean --dry-run\nohcn store clean --yes",
	    FLAGS{ { "dry-run", NULL, "show them; remove nothing" }, END },
	    run_store_clean },
	{ "backup", "create", "FILE", 1, 1, "the whole node into one file",
	    "Keys, drafts and other private data, own records, settings and "
	    "known peers,\nsealed by a passphrase. Also while the node runs. "
	    "Records of others are not\nin it: they come again from the "
	    "network. (The store with all records:\n`ohcn store backup`.)\n"
	    "The passphrase is that of " BACKUP_PASS,
	    "ohcn backup create /mnt/stick/me.ohcnbackup\n"
	    "ohcn backup create me.ohcnbackup --backup-passphrase-file pass",
	    FLAGS{ BACKUP_FLAG,
		{ "force", NULL, "replace the file if there is one" }, END },
	    run_backup_create },
	{ "backup", "show", "FILE", 1, 1, "what a backup holds; checks it all",
	    "The passphrase is that of " BACKUP_PASS,
	    "ohcn backup show me.ohcnbackup", FLAGS{ BACKUP_FLAG, END },
	    run_backup_show },
	{ "backup", "restore", "FILE", 1, 1, "make a node from a backup",
	    "Where no node is yet: on a new machine, or with --home in a new "
	    "folder. It is\nthe same author with the same peer id: the old "
	    "node must not run any more.\nThe new key file gets the "
	    "passphrase of the backup, or with\n--backup-passphrase-file the "
	    "one of --passphrase-file (or --no-passphrase).",
	    "ohcn backup restore me.ohcnbackup\n"
	    "ohcn --home /srv/me backup restore me.ohcnbackup",
	    FLAGS{ BACKUP_FLAG, END }, run_backup_restore },
	{ "config", "list", "", 0, 0, "every setting with its meaning", NULL,
	    "ohcn config list", NULL, run_config_list },
	{ "config", "show", "[NAME]", 0, 1, "values in force", NULL,
	    "ohcn config show --origin\nohcn config show peers.max",
	    FLAGS{ { "origin", NULL, "where each value comes from" }, END },
	    run_config_show },
	{ "config", "check", "[FILE]", 0, 1, "is a settings file right?",
	    "Exit code 78 if not.",
	    "ohcn config check\nohcn config check new.conf", NULL,
	    run_config_check },
	{ "network", "key", "new|show [FILE]", 1, 2,
	    "the key of a private network",
	    "A node whose network.psk_file names such a key talks only to "
	    "nodes that have\nit too; libp2p calls it a pre-shared key, kubo "
	    "swarm.key. new: make one in\nFILE (swarm.key beside the "
	    "settings); show: its fingerprint.",
	    "ohcn network key new\nohcn network key show ~/swarm.key", NULL,
	    run_network_key },
	{ "persona", "list", "", 0, 0, "your personas on this node",
	    "A persona is a key of its own with its own card, drafts and "
	    "demands. All come from\nthe one seed, and nobody else can tell "
	    "that they belong together. Every command\ntakes --persona NAME; "
	    "without it the first one is meant.",
	    "ohcn persona list", NULL, run_persona_list },
	{ "persona", "add", "NAME", 1, 1, "one more persona",
	    "Its name stays here. What you say as two personas must not show "
	    "that they are one:\nother skills, other words. What they "
	    "publish lies publish.persona_gap apart.",
	    "ohcn persona add quiet", NULL, run_persona_add },
	{ "persona", "rename", "NAME NEW", 2, 2, "another name, here only",
	    NULL, "ohcn persona rename quiet welder", NULL,
	    run_persona_rename },
	{ "persona", "retire", "NAME", 1, 1, "it publishes nothing any more",
	    "What it has published ends by itself; to take it back first: "
	    "ohcn profile forget\n--persona NAME.",
	    "ohcn persona retire quiet", NULL, run_persona_retire },
	{ "persona", "resume", "NAME", 1, 1, "a retired one publishes again",
	    NULL, "ohcn persona resume quiet", NULL, run_persona_resume },
	{ "persona", "forget", "NAME", 1, 1,
	    "end a persona for good and erase all that is here of it",
	    "Its key is revoked, so that all it has published goes; talks, "
	    "documents, facts, claims,\nreceive keys, communities, drafts and "
	    "its name are erased from this node. It goes on\nafter a crash. "
	    "Nothing takes it back, and a backup of before still has it. A "
	    "node made\nagain from the words finds the revocation in the "
	    "network, for 400 days; afterwards\nnothing tells it that there "
	    "was one.",
	    "ohcn persona forget quiet --dry-run\n"
	    "ohcn persona forget quiet --yes",
	    FLAGS{ { "dry-run", NULL, "what would go, and what stays" }, END },
	    run_persona_forget },
	{ "persona", "revoke", "NAME", 1, 1,
	    "its key no longer counts, for good",
	    "For a key that others know, or that you do not want any more. "
	    "Every node drops what\nit published and accepts nothing of it "
	    "again. Nothing takes it back; a new persona\nis not linked to "
	    "it.",
	    "ohcn persona revoke quiet --reason stolen --dry-run\nohcn "
	    "persona revoke quiet --reason retired",
	    FLAGS{ { "reason", "WORD", "lost, stolen, retired, unspecified" },
		DRY, END },
	    run_persona_revoke },
	{ "persona", "conflicts", "", 0, 0,
	    "what another device published over yours",
	    "Two devices with one key, or an old backup that was restored: "
	    "the network holds\nthe newer version, and both are shown here.",
	    "ohcn persona conflicts", NULL, run_persona_conflicts },
	{ "persona", "keep", "mine|theirs KIND [SLOT]", 2, 3,
	    "choose one of two versions",
	    "mine: publish the version of this node again, as the newest; "
	    "theirs: leave it and\nrenew it from here too.",
	    "ohcn persona keep theirs profile\nohcn persona keep mine demand 3",
	    NULL, run_persona_keep },
	{ "key", "words", "", 0, 0, "the 24 words that back up your key",
	    "Who has them is you. Write them on paper. The node key and the "
	    "private data\nare not in them.",
	    "ohcn key words", NULL, run_key_words },
	{ "key", "restore", "", 0, 0, "find what your key has published",
	    "On a new machine: ohcn init --words-from FILE, then ohcn up. It "
	    "then syncs before\nit publishes anything, finds your personas "
	    "and takes over their records; this\ncommand does so again. "
	    "Drafts, wishes and names of personas are not in the words\n"
	    "(they are in a backup), and offers that were not opened are "
	    "lost.",
	    "ohcn key restore\nohcn key restore --now",
	    FLAGS{
		{ "now", NULL, "with what is here, without waiting for more" },
		END },
	    run_key_restore },
	{ "pledge", "list", "", 0, 0,
	    "what was pledged, to whom, and what became of it",
	    "Of agreements that both sides signed, given and received. owed: "
	    "not due yet; due:\nin the 30 days after; overdue: after them; "
	    "lapsed: so entered in the ledger;\nkept, partly, broken: by the "
	    "outcome that both signed; claimed: the person alone\nsays that "
	    "it was broken. (new): the published root does not cover it yet.",
	    "ohcn pledge list\nohcn pledge list --side given --state overdue",
	    FLAGS{ { "side", "SIDE", "given or received" },
		{ "state", "STATE", "of these alone: owed, due, kept, ..." },
		END },
	    run_pledge_list },
	{ "pledge", "ledger", "", 0, 0,
	    "your ledger, its root, and the practice level that it shows",
	    "A list of what was pledged and what became of it, that only "
	    "grows. Its root stands\nin the organisation record and changes "
	    "at the turn of a week, so that it tells\nnobody when you signed "
	    "something. The level in your record is your own word; what\nboth "
	    "sides signed shows this one.",
	    "ohcn pledge ledger", NULL, run_pledge_ledger },
	{ "pledge", "publish", "", 0, 0,
	    "put the root into the organisation record now",
	    "It goes there by itself once a week. At once, it tells everybody "
	    "that something was\nsigned shortly before.",
	    "ohcn pledge publish --dry-run", FLAGS{ DRY, END },
	    run_pledge_publish },
	{ "pledge", "open", "", 0, 0,
	    "a proof of your ledger, to be given to somebody",
	    "Shows the counts of all, and up to 64 leaves: events and times "
	    "without names. Who\nknows an agreement finds its leaf. They "
	    "check it with `ohcn pledge verify`.",
	    "ohcn pledge open -o acme.proof\n"
	    "ohcn pledge open --first 0 --count 10 -o acme.proof",
	    FLAGS{ { "output", "FILE", "(-o) instead of standard output" },
		{ "agreement", "ID", "the leaf of that agreement alone" },
		{ "first", "N", "leaves from this number on" },
		{ "count", "N", "so many leaves" }, END },
	    run_pledge_open },
	{ "pledge", "extend", "ROOT", 1, 1,
	    "a proof that your ledger goes on from an older root",
	    "For who verified ROOT before: nothing that was there has gone.",
	    "ohcn pledge extend 3f5a... -o acme.proof",
	    FLAGS{
		{ "output", "FILE", "(-o) instead of standard output" }, END },
	    run_pledge_extend },
	{ "pledge", "verify", "FILE", 1, 1,
	    "check a company's proof against the root that it published",
	    "Good, its counts are true as far as people look at their own "
	    "leaves: yours are\nmarked, and what is missing of yours is "
	    "named. That people are behind the others\nit does not show. Exit "
	    "code 1: not good.",
	    "ohcn pledge verify acme.proof", NULL, run_pledge_verify },
	{ "bundle", "make", "", 0, 0,
	    "as an adviser: a draft for a person, as one signed file",
	    "Profile and wishes as `ohcn profile show --json` has them, a "
	    "signed result of an\nassessment, a path, a note. Nothing is "
	    "published; the person takes what they choose.",
	    "ohcn bundle make --profile draft.json --note \"As we said\" -o "
	    "lea.bundle",
	    FLAGS{ { "profile", "FILE", "draft of the profile, JSON" },
		{ "wishes", "FILE", "private wishes, JSON" },
		{ "result", "FILE", "what ohcn assess sign printed" },
		{ "path", "FILE", "of ohcn path --json" },
		{ "note", "TEXT", "a word to the person" },
		{ "for", "DID", "the person's key: of use to nobody else" },
		{ "output", "FILE", "(-o) instead of standard output" }, END },
	    run_bundle_make },
	{ "bundle", "show", "FILE", 1, 1,
	    "what an adviser proposes, beside your present draft", NULL,
	    "ohcn bundle show lea.bundle", NULL, run_bundle_show },
	{ "bundle", "review", "FILE", 1, 1,
	    "take parts of what an adviser proposes into your draft",
	    "Each part is asked for, or named by --accept; a part that you do "
	    "not take changes\nnothing. Publishing stays yours.",
	    "ohcn bundle review lea.bundle\n"
	    "ohcn bundle review lea.bundle --accept "
	    "profile.skills,wishes.pay_floor --results",
	    FLAGS{ { "accept", "PARTS", "with commas: profile.skills" },
		{ "results", NULL, "take in the signed results, too" }, END },
	    run_bundle_review },
	{ "token", "add", "NAME", 1, 1,
	    "a token for a plug-in or a colleague, with a part of your rights",
	    "Scopes say what it may do: ohcn token scopes. A recruiter: "
	    "read,match,offer. An\nassessor: read,assess. A course provider: "
	    "read,course. What only the owner may\n(keys, tokens, backups, "
	    "personas) no token opens. It is shown once and kept as a\nhash; "
	    "it counts over the Unix socket and over api.port; this command "
	    "line "
	    "takes it by\nOHCN_TOKEN_FILE=FILE. With --persona it speaks for "
	    "that one alone: of others it\nsees nothing and may nothing.",
	    "ohcn token add recruiter-anna --scope read,match,offer "
	    "--expires 180d\n"
	    "ohcn token add school --scope read,course\n"
	    "ohcn token add welding --scope inbox --persona welder",
	    FLAGS{ { "scope", "NAMES", "with commas: read,match,offer" },
		{ "expires", "TIME", "a span or a date: 90d, 2027-01-31" },
		END },
	    run_token_add },
	{ "token", "list", "", 0, 0, "tokens, also expired and revoked ones",
	    NULL, "ohcn token list", NULL, run_token_list },
	{ "token", "revoke", "NAME", 1, 1, "a token counts no more, at once",
	    "Its open streams end too. The name stays taken, so that the log "
	    "stays true.",
	    "ohcn token revoke recruiter-anna", NULL, run_token_revoke },
	{ "token", "log", "[NAME]", 0, 1, "what tokens did: who offered?",
	    "Each call that could change something, and each refused one; the "
	    "last 768 of each\ntoken. It is sealed on this machine.",
	    "ohcn token log\nohcn token log recruiter-anna --limit 100",
	    FLAGS{ LIMIT, END }, run_token_log },
	{ "token", "scopes", "", 0, 0, "what a token may be allowed to do",
	    NULL, "ohcn token scopes\nohcn token scopes --routes",
	    FLAGS{ { "routes", NULL, "with the calls that each opens" }, END },
	    run_token_scopes },
	{ "key", "lock", "", 0, 0, "the node forgets the keys, at once",
	    "It wipes them from its memory: relaying, sync and search go on, "
	    "nothing is signed\nand no offer is opened until `ohcn key "
	    "unlock`; what waits for its stamp\nwaits for that, too. "
	    "keys.idle_lock does the same after a time\nwithout an act of "
	    "yours. The key file must have a passphrase. Drafts and talks "
	    "under\nway stay readable in the node's memory: ohcn down ends "
	    "that, too.",
	    "ohcn key lock", NULL, run_key_lock },
	{ "key", "unlock", "", 0, 0, "the passphrase, once more",
	    "Then what was due is published, and offers that came meanwhile "
	    "are opened: they lay\nsealed in the store, as long as they "
	    "last.",
	    "ohcn key unlock\nohcn key unlock --passphrase-file FILE", NULL,
	    run_unlock },
	{ "key", "show", "", 0, 0, "your public key", NULL, "ohcn key show",
	    NULL, run_key_show },
};

const struct cli_command *
cli_commands(size_t *n)
{
	*n = ARRAY_LEN(commands);
	return commands;
}
