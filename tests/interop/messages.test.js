// libp2p's small messages, js-libp2p's codecs beside ours: messages made at
// random are written by js, read and written again by our C code
// (tests/tool/messages.c), and js reads the same of it. Of bytes that are
// spoilt: what we take, js can read as we write it, and we take that again
// and write the same. OHCN_SEED chooses others, OHCN_CASES how many.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Message as Autonat } from './node_modules/@libp2p/autonat-v2/dist/src/pb/index.js'
import { HopMessage, StopMessage } from './node_modules/@libp2p/circuit-relay-v2/dist/src/pb/index.js'
import { Identify } from './node_modules/@libp2p/identify/dist/src/pb/message.js'
import { Message as Kad } from './node_modules/@libp2p/kad-dht/dist/src/message/dht.js'
import { EDGES, SEED, oneOf, random, randomBytes, randomText } from './random.js'

const BUILD = process.env.OHCN_BUILD ?? fileURLToPath(new URL('../../build/test', import.meta.url))
const CASES = Number(process.env.OHCN_CASES ?? 500)
const TYPES = { kad: Kad, hop: HopMessage, stop: StopMessage, autonat: Autonat, identify: Identify }
const hex = bytes => Buffer.from(bytes).toString('hex')
const chance = percent => random(1, 100) <= percent

// ---- parts of messages

// js (protons-runtime 7.1.2) writes 2^32 - 1 as 64 bits wrong, no other edge.
const U64 = EDGES.filter(e => e >= 0n && e !== 2n ** 32n - 1n)
const U32 = EDGES.filter(e => e >= 0n && e < 2n ** 32n).map(Number)
const u64 = () => oneOf([...U64, BigInt(random(0, 1e9))])
const u32 = () => oneOf([...U32, random(0, 1e6)])
const some = (most, make) => Array.from({ length: oneOf([0, 1, 2, most, random(0, most)]) }, make)
const maybe = make => chance(50) ? make() : undefined
const bytes = (most = 60) => randomBytes(random(0, most))

/** An Ed25519 id (identity multihash), or a SHA-256 one. */
const peerId = () => chance(70)
  ? Uint8Array.of(0, 36, 8, 1, 18, 32, ...randomBytes(32))
  : Uint8Array.of(18, 32, ...randomBytes(32))

let port = 0
/** Addresses that differ: of a contact we keep each but once. */
function address () {
  port = (port + 1) % 65536
  return chance(60)
    ? Uint8Array.of(4, ...randomBytes(4), 6, port >> 8, port & 255)
    : Uint8Array.of(41, ...randomBytes(16), 6, port >> 8, port & 255)
}

const contact = () => ({ id: peerId(), multiaddrs: some(4, address), connection: oneOf(['CONNECTED', 'NOT_CONNECTED', undefined]) })
const limit = () => ({ duration: u32(), data: u64() })
const peer = () => ({ id: peerId(), addrs: [] })
const STATUS = ['OK', 'RESERVATION_REFUSED', 'RESOURCE_LIMIT_EXCEEDED', 'PERMISSION_DENIED', 'CONNECTION_FAILED',
  'NO_RESERVATION', 'MALFORMED_MESSAGE', 'UNEXPECTED_MESSAGE']
const voucher = () => ({
  publicKey: bytes(), payloadType: bytes(4), payload: { relay: peerId(), peer: peerId(), expiration: u64() }, signature: randomBytes(64)
})

const MAKE = {
  kad: () => ({
    type: oneOf(['PUT_VALUE', 'GET_VALUE', 'ADD_PROVIDER', 'GET_PROVIDERS', 'FIND_NODE', 'PING']),
    key: bytes(128), closer: some(20, contact), providers: some(20, contact)
  }),
  hop: () => ({
    type: oneOf(['RESERVE', 'CONNECT', 'STATUS']), peer: maybe(peer), limit: maybe(limit), status: maybe(() => oneOf(STATUS)),
    reservation: maybe(() => ({ expire: u64(), addrs: some(16, address), voucher: maybe(voucher) }))
  }),
  stop: () => ({ type: oneOf(['CONNECT', 'STATUS']), peer: maybe(peer), limit: maybe(limit), status: maybe(() => oneOf(STATUS)) }),
  autonat: () => oneOf([
    () => ({ dialRequest: { addrs: some(50, address), nonce: 1n + u64() % (2n ** 64n - 1n) } }),
    () => ({ dialResponse: { status: 'OK', addrIdx: u32(), dialStatus: oneOf(['UNUSED', 'E_DIAL_ERROR', 'E_DIAL_BACK_ERROR', 'OK']) } }),
    () => ({ dialResponse: { status: oneOf(['E_INTERNAL_ERROR', 'E_REQUEST_REJECTED', 'E_DIAL_REFUSED']), addrIdx: 0, dialStatus: 'UNUSED' } }),
    () => ({ dialDataRequest: { addrIdx: u32(), numBytes: u64() } }),
    () => ({ dialDataResponse: { data: bytes(4096) } })
  ])(),
  identify: () => ({
    protocolVersion: maybe(() => randomText(random(0, 30))), agentVersion: maybe(() => randomText(random(0, 60))),
    publicKey: maybe(() => bytes(40)), listenAddrs: some(16, address), observedAddr: maybe(address),
    protocols: some(40, () => '/' + randomText(random(0, 30))), signedPeerRecord: maybe(() => bytes(200))
  })
}

// ---- what may differ, and means the same

/** Absent and empty are one; so are the states of a contact but CONNECTED. */
function plain (m) {
  if (m instanceof Uint8Array) return m.length === 0 ? undefined : hex(m)
  if (Array.isArray(m)) return m.map(plain)
  if (typeof m !== 'object' || m === null) return m === '' ? undefined : m
  const out = {}
  for (const [key, value] of Object.entries(m)) {
    const p = plain(value)
    if (p === undefined || (Array.isArray(p) && p.length === 0) || (key === 'connection' && p !== 'CONNECTED')) continue
    out[key] = p
  }
  return out
}

function spoil (of) {
  let out = of
  for (let n = random(1, 4); n > 0 && out.length > 0; n--) {
    const at = random(0, out.length - 1)
    out = oneOf([
      () => { const o = out.slice(); o[at] ^= 1 << random(0, 7); return o },
      () => { const o = out.slice(); o[at] = random(0, 255); return o },
      () => out.slice(0, at),
      () => Uint8Array.from([...out.slice(0, at), ...randomBytes(random(1, 3)), ...out.slice(at)]),
      () => Uint8Array.from([...out, ...of.slice(at)])
    ])()
  }
  return out
}

/** Our answers to [kind, bytes]: bytes, or null when it is refused. */
function ours (cases) {
  const input = cases.map(([kind, b]) => `${kind} ${hex(b)}\n`).join('')
  const run = spawnSync(`${BUILD}/tests/tool_messages`, { input, maxBuffer: 1 << 28, encoding: 'utf8' })
  assert.equal(run.status, 0, run.stderr)
  const lines = run.stdout.trimEnd().split('\n')
  assert.equal(lines.length, cases.length)
  return lines.map(l => l === 'refused' ? null : Buffer.from(l === '-' ? '' : l, 'hex'))
}

describe(`messages of libp2p, js beside ours, seed ${SEED}`, () => {
  for (const [kind, type] of Object.entries(TYPES)) {
    it(`${kind}: what js writes comes back the same`, () => {
      const cases = Array.from({ length: CASES }, () => [kind, type.encode(MAKE[kind]())])
      ours(cases).forEach((got, i) => {
        assert.notEqual(got, null, `refused: ${hex(cases[i][1])}`)
        assert.deepEqual(plain(type.decode(got)), plain(type.decode(cases[i][1])), hex(cases[i][1]))
      })
    })

    it(`${kind}: what is spoilt and taken, we write as js reads it`, () => {
      const cases = Array.from({ length: CASES }, () => [kind, spoil(type.encode(MAKE[kind]()))])
      const taken = ours(cases).filter(got => got !== null)
      assert.ok(taken.length > CASES / 20 && taken.length < CASES, `${taken.length} taken`)
      // A voucher is bytes to us, and a message within the message to js.
      for (const got of kind === 'hop' ? [] : taken) {
        try {
          type.decode(got)
        } catch (e) { // we pass on what a later version may have named
          assert.match(e.message, /Invalid enum value/, hex(got))
        }
      }
      ours(taken.map(b => [kind, b])).forEach((again, i) => assert.deepEqual(again, taken[i]))
    })
  }
})
