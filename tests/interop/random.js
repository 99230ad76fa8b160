// What the tests of the record standard are fed with: numbers, texts, msgpack
// values, and payloads that fit the tables of schemas.js or do not. The same at
// each run unless OHCN_SEED is set. Test-only.
import * as c from './codec.js'
import { MAPS } from './schemas.js'

const { unhex } = c

// ---- chance

export const SEED = Number(process.env.OHCN_SEED ?? 1) >>> 0
let state = SEED

/** A whole number from a to b (mulberry32: good enough for tests). */
export function random (a, b) {
  state = (state + 0x6d2b79f5) >>> 0
  let t = Math.imul(state ^ state >>> 15, state | 1)
  t ^= t + Math.imul(t ^ t >>> 7, t | 61)
  return a + Math.floor(((t ^ t >>> 14) >>> 0) / 2 ** 32 * (b - a + 1))
}

export const oneOf = list => list[random(0, list.length - 1)]
export function shuffle (list) {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random(0, i);
    [list[i], list[j]] = [list[j], list[i]]
  }
}

export const randomBytes = n => Uint8Array.from({ length: n }, () => random(0, 255))
export const someNumber = (a, b) => oneOf([a, b, random(a, b)])

/** A text of exactly n bytes. */
export function randomText (n) {
  const letters = ['a', 'Z', ' ', '-', '~', 'ä', 'ß', 'ж', '中', '‐', '\ufeff', '\u200d', '😀', '\u{10ffff}']
  let out = ''
  for (let left = n; left > 0;) {
    const letter = oneOf(letters)
    const bytes = Buffer.byteLength(letter)
    if (bytes > left) continue
    out += letter
    left -= bytes
  }
  return out
}

export const EDGES = [0n, 127n, 128n, 255n, 256n, 65535n, 65536n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n,
  -1n, -32n, -33n, -128n, -129n, -32768n, -32769n, -(2n ** 31n), -(2n ** 31n) - 1n, -(2n ** 53n), -(2n ** 63n)]

const asRead = n => n > -(2n ** 53n) && n < 2n ** 53n ? Number(n) : n

export function randomValue (depth) {
  const size = () => oneOf([0, 1, 2, 3, 15, 16, 17])
  switch (random(0, depth < 6 ? 6 : 4)) {
    case 0: return asRead(oneOf(EDGES))
    case 1: return random(-70000, 70000)
    case 2: return oneOf([true, false])
    case 3: return randomText(oneOf([0, 1, 31, 32, 255, 256]))
    case 4: return randomBytes(oneOf([0, 1, 31, 32, 255, 256]))
    case 5: return Array.from({ length: Math.min(size(), 20 >> depth) }, () => randomValue(depth + 1))
    default: return new Map(Array.from({ length: Math.min(size(), 20 >> depth) },
      (_, i) => [asRead(BigInt(i) ** 13n), randomValue(depth + 1)]))
  }
}

// ---- values of the payload types

const LANGUAGES = ['de', 'en', 'gsw', 'aa', 'zz', 'aaa', 'zzz', 'fr'].map(c.languageCode)
const NUMBERS = { '2³²−1': 2 ** 32 - 1, '2⁵³−1': 2 ** 53 - 1 }

function parts (type) {
  const range = /^(uint|int|str|text|list) (\S+?)\.\.(\S+)(?: of (.+))?$/.exec(type)
  if (range) {
    const [, name, a, b, of] = range
    return { name, a: Number(a), b: NUMBERS[b] ?? Number(b), of }
  }
  const [, name, rest] = /^(\w+)(?:[: ]+(.+))?$/.exec(type)
  return { name, n: Number(rest), of: rest }
}

/** A value that fits a type. */
export function good (type) {
  const { name, a, b, n, of } = parts(type)
  switch (name) {
    case 'uint': case 'int': return someNumber(a, b)
    case 'bool': return random(0, 1)
    case 'str': return randomText(someNumber(a, Math.min(b, 300)))
    case 'text': return new Map(LANGUAGES.slice(0, oneOf([1, 2, 8])).map(l => [l, randomText(someNumber(a, Math.min(b, 120)))]))
    case 'bytes': return randomBytes(type === c.SEALED ? oneOf(c.SEALED_SIZES) : n)
    case 'term': return randomBytes(8)
    case 'language': return oneOf(LANGUAGES)
    case 'region': return oneOf(['de', 'zz', 'qq'])
    case 'currency': return oneOf(['EUR', 'JPY', 'AAA', 'ZZZ'])
    case 'choice': return oneOf(c.choices(type))[0]
    case 'bits': return c.choices(type).reduce((sum, [bit]) => sum + random(0, 1) * bit, 0) || c.choices(type)[0][0]
    case 'list': return Array.from({ length: oneOf([a, a, a + 1, random(a, Math.min(b, 4))]) }, () => good(of))
    default: return goodMap(MAPS[of])
  }
}

export function goodMap (table, all = false) {
  const out = new Map()
  for (const [key, , type, must] of table) if (must || all || random(0, 1)) out.set(key, good(type))
  return out
}

/** Values that do not fit a type. */
function bad (type) {
  const { name, a, b, n, of } = parts(type)
  const others = [true, new Uint8Array(5), 'x'.repeat(9), -2000, 2 ** 53, 2n ** 64n - 1n, [], [0], new Map(), new Map([[0, 0]])]
  const but = (...checks) => others.filter(v => !checks.some(is => is(v)))
  const listed = name === 'choice' || name === 'bits' ? c.choices(type).map(([x]) => x) : []
  switch (name) {
    case 'uint': return [...but(), a - 1, BigInt(b) + 1n]
    case 'int': return [...but(v => typeof v === 'number' && v >= a && v <= b), a - 1, b + 1]
    case 'bool': return [...but(), 2, false]
    case 'str': return [...but(c.isStr), 'x'.repeat(a - 1), 'x'.repeat(b + 1), 'x'.repeat(b - 1) + 'ä']
    case 'text': {
      const nine = Array.from({ length: 9 }, (_, i) => [c.languageCode('a' + 'abcdefghi'[i]), 'x'.repeat(a)])
      return [...but(), new Map(nine), ...[0, 0x61, 0x4445, 0x61626364, 0x610061, 2n ** 64n - 1n].map(l => new Map([[l, 'x'.repeat(a)]])),
        ...['x'.repeat(a - 1), 'x'.repeat(b + 1), 5, new Uint8Array(a)].map(s => new Map([[25701, s]]))]
    }
    case 'bytes':
      if (type === c.SEALED) return [...but(), ...[0, 1023, 1025, 3072, 4095, 4097].map(k => new Uint8Array(k)), 'x'.repeat(1024)]
      return [...but(), new Uint8Array(n - 1), new Uint8Array(n + 1), 'x'.repeat(n)]
    case 'term': return [...but(), new Uint8Array(7), new Uint8Array(9), 'x'.repeat(8)]
    case 'language': return [...but(), 0, 0x61, 0x4445, 0x61646566, 'de']
    case 'region': return [...but(), 'DE', 'd', 'deu', 'd1', unhex('6465')]
    case 'currency': return [...but(), 'eur', 'EU', 'EURO', 'EU1', unhex('455552')]
    case 'choice': return [...but(), 0, Math.max(...listed) + 1, c.choices(type)[0][1]]
    case 'bits': return [...but(), 0, Math.max(...listed) * 2, Math.max(...listed) * 2 + 1, 2 ** 32 + 1]
    case 'list': return [...but(Array.isArray), ...(a > 0 ? [[]] : []), Array.from({ length: b + 1 }, () => good(of)),
      ...bad(of).map(v => [good(of), v])]
    default: return [...but(c.isMap), ...badMaps(MAPS[of])]
  }
}

export function badMaps (table) {
  const out = []
  for (const [key, , type, must] of table) {
    for (const v of bad(type)) out.push(goodMap(table).set(key, v))
    const without = goodMap(table)
    if (must && without.delete(key)) out.push(without)
  }
  return out
}
