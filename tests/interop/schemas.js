// The payload tables of section 10 of proto/SPEC.md, row by row: key, name,
// type in the words of the standard, and whether it has to be there. The test
// compares them with the text.
const MUST = true

/** The pv that all of these have. */
export const PV = 1

export const PAYLOADS = {
  1: [
    [0, 'skills', 'list 1..64 of map skill'],
    [2, 'aspirations', 'list 1..32 of map skill'],
    [4, 'purposes', 'list 1..16 of term'],
    [6, 'hours', 'choice: 1 = up-to-5, 2 = up-to-10, 3 = up-to-20, 4 = up-to-30, 5 = over-30'],
    [8, 'languages', 'list 1..16 of map language'],
    [10, 'remote', 'choice: 1 = on-site, 2 = either, 3 = remote'],
    [12, 'seeks', 'bits: 1 = job, 2 = gig, 4 = project, 8 = task, 16 = mentoring, 32 = coaching, 64 = peers, 128 = course, 256 = community-role'],
    [14, 'offers', 'bits: 1 = job, 2 = gig, 4 = project, 8 = task, 16 = mentoring, 32 = coaching, 64 = peers, 128 = course, 256 = community-role'],
    [16, 'intro_key', 'bytes 32'],
    [18, 'terms', 'list 1..16 of map own term']
  ],
  2: [
    [0, 'name', 'text 1..120', MUST],
    [1, 'description', 'text 1..2000'],
    [2, 'domain', 'map domain'],
    [4, 'industry', 'str 1..5'],
    [6, 'size', 'choice: 1 = 1, 2 = 2-9, 3 = 10-49, 4 = 50-249, 5 = 250-999, 6 = 1000-or-more'],
    [8, 'regions', 'list 1..64 of region'],
    [10, 'posting_keys', 'list 1..64 of bytes 32'],
    [12, 'inbox', 'bytes 32'],
    [14, 'practice_level', 'uint 1..5'],
    [16, 'ledger_root', 'bytes 32'],
    [18, 'type', 'choice: 1 = company, 2 = school, 3 = agency, 4 = association, 5 = public-body, 6 = cooperative, 7 = other'],
    [20, 'website', 'str 4..256']
  ],
  3: [
    [0, 'type', 'choice: 1 = job, 2 = gig, 3 = project, 4 = task, 5 = mentoring, 6 = community-role', MUST],
    [1, 'description', 'text 1..2000'],
    [2, 'title', 'text 1..120', MUST],
    [4, 'organisation', 'bytes 32'],
    [6, 'requirements', 'list 1..64 of map requirement'],
    [8, 'teaches', 'list 1..32 of map skill'],
    [10, 'invests', 'list 1..16 of map invest'],
    [12, 'contract', 'choice: 1 = permanent, 2 = fixed-term, 3 = freelance, 4 = apprenticeship, 5 = internship, 6 = temporary, 7 = volunteer'],
    [14, 'guaranteed_hours', 'uint 1..168'],
    [16, 'hours_day', 'uint 1..24'],
    [18, 'days_week', 'uint 1..7'],
    [20, 'notice_hours', 'uint 0..8760'],
    [22, 'place', 'str 1..80'],
    [24, 'remote', 'choice: 1 = on-site, 2 = hybrid, 3 = remote'],
    [26, 'time_zone', 'int -720..840'],
    [28, 'pay', 'map pay'],
    [30, 'experience', 'text 1..280'],
    [32, 'permission', 'choice: 1 = none, 2 = manager'],
    [34, 'seats', 'uint 1..10000'],
    [36, 'since', 'uint 0..2³²−1'],
    [38, 'status', 'choice: 1 = open, 2 = paused, 3 = filled, 4 = withdrawn'],
    [40, 'filled', 'uint 0..10000'],
    [42, 'external_id', 'str 1..64'],
    [44, 'languages', 'list 1..16 of map language'],
    [46, 'start', 'uint 0..2³²−1'],
    [48, 'weeks', 'uint 1..520'],
    [50, 'website', 'str 4..256'],
    [52, 'terms', 'list 1..16 of map own term'],
    [54, 'purposes', 'list 1..16 of term'],
    [56, 'direction', 'choice: 1 = seeks-mentor, 2 = offers-mentoring'],
    [58, 'occupation', 'term'],
    [60, 'community', 'map slot']
  ],
  4: [
    [0, 'type', 'choice: 1 = course, 2 = micro-lesson, 3 = peer-group, 4 = activity, 5 = simulation, 6 = cohort', MUST],
    [1, 'description', 'text 1..2000'],
    [2, 'title', 'text 1..120', MUST],
    [4, 'teaches', 'list 1..32 of map teach', MUST],
    [6, 'needs', 'list 1..32 of map skill'],
    [8, 'hours', 'uint 1..10000'],
    [10, 'sessions', 'uint 1..1000'],
    [12, 'start', 'uint 0..2³²−1'],
    [14, 'seats', 'uint 1..1000000'],
    [16, 'self_paced', 'bool'],
    [18, 'languages', 'list 1..16 of language'],
    [20, 'formats', 'bits: 1 = online, 2 = on-site, 4 = phone, 8 = print, 16 = audio, 32 = video'],
    [22, 'reading_level', 'uint 1..6'],
    [24, 'accessibility', 'bits: 1 = captions, 2 = screen-reader, 4 = sign-language, 8 = step-free, 16 = easy-to-read'],
    [26, 'offline', 'bool'],
    [28, 'cost', 'map cost'],
    [30, 'credential', 'text 1..120'],
    [32, 'content', 'map content'],
    [34, 'co_authors', 'list 1..16 of bytes 32'],
    [36, 'case_demand', 'map slot'],
    [38, 'website', 'str 4..256'],
    [40, 'terms', 'list 1..16 of map own term'],
    [42, 'external_id', 'str 1..64'],
    [44, 'weeks', 'uint 1..520'],
    [46, 'cosig', 'list 1..8 of map cosig'],
    [48, 'organisation', 'bytes 32'],
    [50, 'facilitators', 'list 1..16 of bytes 32'],
    [52, 'rhythm', 'choice: 1 = once, 2 = daily, 3 = weekly, 4 = fortnightly, 5 = monthly, 6 = quarterly, 7 = as-needed'],
    [54, 'minutes', 'uint 1..1440'],
    [56, 'grade', 'uint 101..499'],
    [58, 'pathway', 'map slot'],
    [60, 'place', 'str 1..80'],
    [62, 'time_zone', 'int -720..840'],
    [64, 'filled', 'uint 0..1000000']
  ],
  5: [
    [0, 'title', 'text 1..120', MUST],
    [1, 'description', 'text 1..2000'],
    [2, 'measures', 'list 1..32 of map measure', MUST],
    [4, 'items', 'list 1..128 of map item'],
    [6, 'adaptive', 'bool'],
    [8, 'stop', 'map stop'],
    [10, 'minutes', 'uint 1..10000'],
    [12, 'languages', 'list 1..16 of language'],
    [14, 'external', 'map external'],
    [16, 'salt', 'bytes 16'],
    [38, 'website', 'str 4..256'],
    [40, 'terms', 'list 1..16 of map own term'],
    [42, 'external_id', 'str 1..64'],
    [44, 'organisation', 'bytes 32']
  ],
  6: [
    [0, 'title', 'text 1..120', MUST],
    [1, 'description', 'text 1..2000'],
    [2, 'occupation', 'term'],
    [4, 'steps', 'list 1..64 of map step', MUST],
    [6, 'languages', 'list 1..16 of language'],
    [8, 'needs', 'list 1..32 of map skill'],
    [10, 'credential', 'text 1..120'],
    [38, 'website', 'str 4..256'],
    [40, 'terms', 'list 1..16 of map own term'],
    [42, 'external_id', 'str 1..64'],
    [44, 'organisation', 'bytes 32'],
    [46, 'cosig', 'list 1..8 of map cosig']
  ],
  7: [
    [0, 'title', 'text 1..120', MUST],
    [1, 'description', 'text 1..2000'],
    [2, 'purposes', 'list 1..16 of term', MUST],
    [4, 'skills', 'list 1..32 of map skill'],
    [6, 'teaches', 'list 1..32 of map skill'],
    [8, 'rhythm', 'choice: 1 = once, 2 = daily, 3 = weekly, 4 = fortnightly, 5 = monthly, 6 = quarterly, 7 = as-needed'],
    [10, 'minutes', 'uint 1..1440'],
    [12, 'members', 'uint 1..1000000'],
    [14, 'seats', 'uint 1..1000000'],
    [16, 'roles', 'list 1..16 of map post'],
    [18, 'facilitators', 'list 1..16 of bytes 32', MUST],
    [20, 'joining', 'choice: 1 = open, 2 = ask, 3 = invited', MUST],
    [22, 'rules', 'text 1..2000'],
    [24, 'regions', 'list 1..64 of region'],
    [26, 'place', 'str 1..80'],
    [28, 'remote', 'choice: 1 = on-site, 2 = hybrid, 3 = remote'],
    [30, 'languages', 'list 1..16 of language'],
    [32, 'start', 'uint 0..2³²−1'],
    [34, 'inbox', 'bytes 32'],
    [36, 'demands', 'list 1..16 of map slot'],
    [38, 'website', 'str 4..256'],
    [40, 'terms', 'list 1..16 of map own term'],
    [42, 'external_id', 'str 1..64'],
    [44, 'organisation', 'bytes 32']
  ],
  8: [
    [0, 'key', 'bytes 32', MUST],
    [1, 'description', 'text 1..500'],
    [2, 'vouches', 'bits: 1 = investing, 2 = issuing, 4 = assessing, 8 = coaching, 16 = facilitating, 32 = attesting', MUST],
    [4, 'budget', 'uint 1..1000', MUST],
    [6, 'until', 'uint 0..2³²−1', MUST],
    [8, 'skills', 'list 1..32 of term'],
    [10, 'known_by', 'choice: 1 = personally, 2 = worked-together, 3 = examined, 4 = member, 5 = register']
  ],
  9: [
    [0, 'terms', 'list 1..256 of map entry', MUST],
    [2, 'name', 'text 1..120', MUST],
    [4, 'licence', 'str 1..120']
  ],
  10: [
    [0, 'measure', 'choice: 1 = demand, 2 = supply, 3 = gap, 4 = wanted, 5 = taught, 6 = pay, 7 = time-to-fill, 8 = employed, 9 = unemployed, 10 = vacancies, 11 = other', MUST],
    [1, 'description', 'text 1..2000'],
    [2, 'title', 'text 1..120', MUST],
    [4, 'basis', 'choice: 1 = records, 2 = official, 3 = survey, 4 = noised', MUST],
    [6, 'figures', 'list 1..256 of map figure', MUST],
    [8, 'unit', 'choice: 1 = people, 2 = places, 3 = postings, 4 = organisations, 5 = courses, 6 = money, 7 = hours, 8 = per-mille, 9 = index', MUST],
    [10, 'scale', 'uint 0..9'],
    [12, 'currency', 'currency'],
    [14, 'pay_period', 'choice: 1 = hour, 2 = day, 3 = week, 4 = month, 5 = year, 6 = total'],
    [16, 'source', 'map source'],
    [18, 'start', 'uint 0..2³²−1', MUST],
    [20, 'end', 'uint 0..2³²−1', MUST],
    [22, 'hidden_below', 'map threshold'],
    [24, 'noise', 'map noise'],
    [26, 'terms', 'list 1..16 of map own term'],
    [42, 'external_id', 'str 1..64'],
    [46, 'cosig', 'list 1..8 of map cosig']
  ],
  11: [
    [0, 'sealed', 'bytes 1024..4096', MUST]
  ],
  12: [
    [0, 'reason', 'choice: 1 = unspecified, 2 = lost, 3 = stolen, 4 = retired', MUST]
  ]
}

/** The maps within, by name. */
export const MAPS = {
  skill: [
    [0, 'term', 'term', MUST],
    [2, 'level', 'uint 1..5', MUST]
  ],
  language: [
    [0, 'language', 'language', MUST],
    [2, 'cefr', 'uint 1..7', MUST]
  ],
  slot: [
    [0, 'author', 'bytes 32', MUST],
    [2, 'slot', 'uint 0..1023', MUST]
  ],
  'own term': [
    [0, 'uri', 'str 3..256', MUST],
    [2, 'labels', 'text 1..120', MUST]
  ],
  domain: [
    [0, 'name', 'str 3..253', MUST],
    [2, 'method', 'choice: 1 = dns-txt, 2 = well-known', MUST]
  ],
  requirement: [
    [0, 'term', 'term', MUST],
    [2, 'level', 'uint 0..5'],
    [4, 'weight', 'uint 1..100', MUST],
    [6, 'must', 'bool']
  ],
  invest: [
    [0, 'kind', 'choice: 1 = training-time, 2 = course-budget, 3 = mentoring, 4 = certificate, 5 = equipment', MUST],
    [2, 'hours', 'uint 1..10000'],
    [4, 'amount', 'uint 1..2⁵³−1'],
    [6, 'currency', 'currency'],
    [8, 'term', 'term']
  ],
  pay: [
    [0, 'min', 'uint 0..2⁵³−1'],
    [2, 'max', 'uint 0..2⁵³−1'],
    [4, 'currency', 'currency', MUST],
    [6, 'period', 'choice: 1 = hour, 2 = day, 3 = week, 4 = month, 5 = year, 6 = total', MUST]
  ],
  teach: [
    [0, 'term', 'term', MUST],
    [2, 'from', 'uint 0..5'],
    [4, 'to', 'uint 1..5', MUST]
  ],
  cost: [
    [0, 'amount', 'uint 0..2⁵³−1', MUST],
    [2, 'currency', 'currency', MUST]
  ],
  content: [
    [0, 'hash', 'bytes 32', MUST],
    [2, 'bytes', 'uint 1..2⁵³−1', MUST]
  ],
  post: [
    [0, 'title', 'text 1..120', MUST],
    [1, 'description', 'text 1..500'],
    [2, 'skills', 'list 1..16 of map skill'],
    [4, 'hours_month', 'uint 1..744'],
    [6, 'seats', 'uint 1..10000'],
    [8, 'filled', 'uint 0..10000']
  ],
  cosig: [
    [0, 'key', 'bytes 32', MUST],
    [2, 'role', 'choice: 1 = co-author, 2 = company, 3 = school, 4 = source, 5 = coach', MUST],
    [4, 'sig', 'bytes 64', MUST],
    [6, 'until', 'uint 0..2³²−1']
  ],
  entry: [
    [0, 'uri', 'str 3..256', MUST],
    [2, 'type', 'choice: 1 = skill, 2 = knowledge, 3 = interest, 4 = occupation, 5 = purpose', MUST],
    [4, 'labels', 'text 1..120', MUST],
    [6, 'broader', 'list 1..16 of term'],
    [8, 'related', 'list 1..32 of term'],
    [10, 'same_as', 'list 1..16 of term']
  ],
  figure: [
    [0, 'value', 'int -1000000000000..1000000000000', MUST],
    [2, 'term', 'term'],
    [4, 'isco', 'str 1..4'],
    [6, 'industry', 'str 1..5'],
    [8, 'region', 'region'],
    [10, 'start', 'uint 0..2³²−1'],
    [12, 'end', 'uint 0..2³²−1'],
    [14, 'n', 'uint 0..2⁵³−1'],
    [16, 'low', 'int -1000000000000..1000000000000'],
    [18, 'high', 'int -1000000000000..1000000000000']
  ],
  source: [
    [0, 'name', 'text 1..120', MUST],
    [2, 'licence', 'str 1..120', MUST],
    [4, 'website', 'str 4..256'],
    [6, 'table', 'str 1..80']
  ],
  threshold: [
    [0, 'people', 'uint 1..1000000'],
    [2, 'companies', 'uint 1..1000000'],
    [4, 'share', 'uint 1..100']
  ],
  noise: [
    [0, 'mechanism', 'choice: 1 = discrete-laplace', MUST],
    [2, 'epsilon', 'uint 1..1000000', MUST],
    [4, 'sensitivity', 'uint 1..1000000', MUST],
    [6, 'threshold', 'uint 0..2⁵³−1'],
    [8, 'delta', 'uint 1..18']
  ],
  step: [
    [0, 'title', 'text 1..120'],
    [2, 'skills', 'list 1..32 of map skill'],
    [4, 'courses', 'list 1..16 of map slot'],
    [6, 'task', 'text 1..1000'],
    [8, 'needs', 'list 1..64 of uint 0..63'],
    [10, 'grade', 'uint 101..499'],
    [12, 'hours', 'uint 1..10000'],
    [14, 'optional', 'bool'],
    [16, 'assessments', 'list 1..16 of map slot']
  ],
  measure: [
    [0, 'term', 'term', MUST],
    [2, 'from', 'uint 1..5'],
    [4, 'to', 'uint 1..5']
  ],
  item: [
    [0, 'term', 'term', MUST],
    [2, 'type', 'choice: 1 = single-choice, 2 = multiple-choice, 3 = number, 4 = self-rating, 5 = checklist', MUST],
    [4, 'prompt', 'text 1..1000', MUST],
    [6, 'options', 'list 2..16 of text 1..300'],
    [8, 'level', 'uint 1..5'],
    [10, 'levels', 'list 2..16 of uint 1..5'],
    [12, 'key', 'int -1000000000000..1000000000000'],
    [14, 'tolerance', 'uint 0..1000000000000'],
    [16, 'key_hash', 'bytes 16']
  ],
  stop: [
    [0, 'items_max', 'uint 1..128'],
    [2, 'confidence', 'uint 1..1000']
  ],
  external: [
    [0, 'url', 'str 4..256', MUST],
    [2, 'key', 'bytes 32', MUST]
  ]
}
