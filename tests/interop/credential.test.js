// W3C credentials beside Digital Bazaar's eddsa-jcs-2022, the library that
// wallets and issuers use: they verify ours, we verify theirs, and both refuse
// what was changed. Documents of DIDs are made here; nothing is fetched.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { DataIntegrityProof } from '@digitalbazaar/data-integrity'
import { createSignCryptosuite, createVerifyCryptosuite } from '@digitalbazaar/eddsa-jcs-2022-cryptosuite'
import * as Multikey from '@digitalbazaar/ed25519-multikey'
import jsigs from 'jsonld-signatures'
import { RealNode } from './node.js'

const build = process.env.OHCN_BUILD
const { AssertionProofPurpose } = jsigs.purposes
const V2 = 'https://www.w3.org/ns/credentials/v2'
const AT = 1790000000
const vectors = JSON.parse(readFileSync(new URL('../vectors/credential.json', import.meta.url)))

async function documentLoader (url) {
  const [did, part] = url.split('#')
  if (!did.startsWith('did:key:')) throw new Error(`would be fetched: ${url}`)
  const publicKeyMultibase = did.slice(8)
  const method = {
    '@context': 'https://w3id.org/security/multikey/v1',
    id: `${did}#${publicKeyMultibase}`,
    type: 'Multikey',
    controller: did,
    publicKeyMultibase
  }
  const whole = { '@context': ['https://www.w3.org/ns/did/v1'], id: did, assertionMethod: [method] }
  return { contextUrl: null, documentUrl: url, document: part === undefined ? whole : method }
}

function program (name, args, input) {
  const done = spawnSync(join(build, name), args, { input, encoding: 'utf8', maxBuffer: 1 << 24 })
  assert.ok(!done.error, String(done.error))
  return done
}

function sign (document) {
  const done = program('tests/tool_credential', ['sign', vectors.seed, String(AT)], JSON.stringify(document))
  assert.equal(done.status, 0, done.stderr)
  return JSON.parse(done.stdout)
}

function ours (document, at = '2026-09-21') {
  const done = program('ohcn', ['credential', 'verify', '-', '--at', at, '--json'], JSON.stringify(document))
  const said = JSON.parse(done.stdout)
  assert.equal(done.status, said.valid ? 0 : 1)
  return said
}

async function theirs (document) {
  const suite = new DataIntegrityProof({ cryptosuite: createVerifyCryptosuite() })
  const done = await jsigs.verify(structuredClone(document), { suite, purpose: new AssertionProofPurpose(), documentLoader })
  return done.verified
}

async function theirSigner () {
  const key = await Multikey.generate()
  key.controller = `did:key:${key.publicKeyMultibase}`
  key.id = `${key.controller}#${key.publicKeyMultibase}`
  const suite = () => new DataIntegrityProof({
    signer: key.signer(), date: '2026-09-01T00:00:00Z', cryptosuite: createSignCryptosuite()
  })
  const make = document => jsigs.sign({ ...document, issuer: key.controller },
    { suite: suite(), purpose: new AssertionProofPurpose(), documentLoader })
  return { did: key.controller, make }
}

const plain = more => ({
  '@context': [V2],
  type: ['VerifiableCredential'],
  issuer: vectors.issuer,
  validFrom: '2026-09-01T00:00:00Z',
  credentialSubject: { id: vectors.holder, knows: ['welding'] },
  ...more
})

// What canonical forms are wrong about first.
const hard = {
  numbers: [333333333.33333329, 1e30, 4.5, 2e-3, 1e-27, 1e21, 999999999999999900000, 5e-324, 1.7976931348623157e308,
    -0, 2 ** -44, 9.999999999999997e22, 1e-7, 0.000001, 123456789012, 2 ** 53, -1.5e-9],
  '\u20ac': 'Euro', '\r': 'CR', '\ufb33': 'Hebrew', 1: 'One', '\u{1f600}': 'Emoji', '\u0080': 'Control', '\u00f6': 'o',
  '': 'empty',
  text: '\u0001\b\t\n\f\r"\\/\u007f\u2028\u{1f600}',
  nothing: null,
  yes: true,
  lists: [[], {}, [[1]]]
}

describe('credentials', () => {
  it('a badge of ours is good to them', async () => {
    const done = program('tests/tool_credential', ['badge'])
    assert.equal(done.status, 0, done.stderr)
    const badge = JSON.parse(done.stdout)
    assert.ok(badge.type.includes('OpenBadgeCredential'))
    assert.equal(await theirs(badge), true)
    badge.credentialSubject.achievement.name = 'Master'
    assert.equal(await theirs(badge), false)
    assert.equal(ours(badge, '2026-01-01').outcome, 'bad-signature')
  })

  it('what we sign is good to them, hard numbers and texts too', async () => {
    assert.equal(await theirs(sign(plain())), true)
    assert.equal(await theirs(sign(plain({ hard }))), true)
  })

  it('what they sign is good to us, hard numbers and texts too', async () => {
    const { make, did } = await theirSigner()
    for (const more of [{}, { hard }]) {
      const document = await make(plain(more))
      const said = ours(document)
      assert.equal(said.outcome, 'fine')
      assert.equal(said.signed_by, did)
      document.credentialSubject.knows = ['surgery']
      assert.equal(ours(document).outcome, 'bad-signature')
      assert.equal(await theirs(document), false)
    }
  })

  it('doubles at random have one form', async () => {
    const bits = new DataView(new ArrayBuffer(8))
    const numbers = []
    for (let n = 1n; numbers.length < 500; n++) {
      bits.setBigUint64(0, BigInt.asUintN(64, n * 0x9e3779b97f4a7c15n))
      const x = bits.getFloat64(0)
      if (Number.isFinite(x)) numbers.push(x)
    }
    assert.equal(await theirs(sign(plain({ numbers }))), true)
  })

  it('both say the same of the vectors, where only the proof decides', async () => {
    let good = 0
    for (const { name, proof, document } of vectors.cases) {
      if (!['fine', 'bad-signature', 'wrong-context'].includes(proof) || Array.isArray(document.proof)) continue
      assert.equal(await theirs(document), proof === 'fine', name)
      good += proof === 'fine'
    }
    assert.ok(good >= 8, `${good} good ones`)
  })

  it('a badge that a node issued is good to them, by its issuer alone', async () => {
    // One node with two personas: the second is the holder.
    const node = await RealNode.start('test-badge')
    try {
      await node.must('persona', 'add', 'holder')
      const { personas } = await node.must('persona', 'list')
      const holder = personas.find(p => p.name === 'holder').did
      const { issued } = await node.must('credential', 'issue', '--to', holder, '--title', 'Welding, basics',
        '--skill', 'welding:3', '--method', 'assessed', '--claim', 'exam=87/100')
      const given = node.file('given.json')
      await node.raw('credential', 'export', issued[0], '-o', given)
      await node.must('credential', 'import', given, '--persona', 'holder')
      await node.must('credential', 'accept', issued[0], '--persona', 'holder')
      const back = node.file('back.json')
      await node.raw('credential', 'export', issued[0], '--persona', 'holder', '-o', back)
      await node.must('credential', 'import', back)
      const file = node.file('badge.json')
      await node.raw('credential', 'export', issued[0], '--badge', '-o', file)
      const badge = JSON.parse(readFileSync(file))
      assert.equal(badge.issuer.id, node.did)
      assert.equal(badge.credentialSubject.id, holder)
      assert.equal(await theirs(badge), true)
      badge.credentialSubject.result[0].value = '5'
      assert.equal(await theirs(badge), false)
    } finally {
      assert.equal(await node.stop(), null)
    }
  })
})
