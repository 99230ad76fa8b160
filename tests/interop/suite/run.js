// The suites of npm's @libp2p/interop against our peer, which plays "go".
// What cannot run is counted by its reason; whatever else does not pass fails.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Mocha from 'mocha'
import { interopTests } from '@libp2p/interop'
import { spawnOurs } from './ours.js'
import { spawnTheirs } from './theirs.js'

const BUILD = process.env.OHCN_BUILD ?? fileURLToPath(new URL('../../../build/test', import.meta.url))

const mocha = new Mocha({ reporter: 'spec', timeout: 30000, color: false })
mocha.suite.emit('pre-require', globalThis, join(BUILD, 'suite'), mocha)

let runner
const excluded = new Map() // reason -> count

// Why a test with a node like this cannot run; undefined: it can.
function reasonNot (options) {
  if ((options.transport ?? 'tcp') !== 'tcp') return `transport ${options.transport}: we speak TCP and WebSocket`
  if ((options.encryption ?? 'noise') !== 'noise') return `encryption ${options.encryption}: we speak Noise`
  if (options.type === 'go' && options.key !== undefined && !options.key.includes('ed25519')) {
    return 'an RSA or secp256k1 key of our own: ours are Ed25519, by design (those of others: go, rust and js tests)'
  }
  if (options.pubsubRouter === 'floodsub') return 'floodsub: we speak gossipsub 1.1 and 1.2'
}

async function spawn (options) {
  const reason = reasonNot(options)
  if (reason !== undefined) {
    skipped.reason = reason
    runner.currentRunnable.skip()
  }
  return options.type === 'go' ? await spawnOurs(BUILD, options) : await spawnTheirs(options)
}

const skipped = {}

// Whole suites by their title. Upstream has two switched off for reasons of
// its own; gossipsub's runs here all the same.
const whole = [
  [/^pubsub\.hybrid$/, 'hybrid: floodsub publishers, we speak gossipsub 1.1 and 1.2'],
  [/^pubsub\.floodSub$/, 'floodsub: we speak gossipsub 1.1 and 1.2'],
  [/^dht\.contentFetching$/, 'values in the DHT: ours keeps providers alone, by design']
]
const describe = globalThis.describe
function ours (title, body) {
  for (const [pattern, reason] of whole) {
    if (!pattern.test(title)) continue
    const suite = describe.skip(title, body)
    suite.reason = reason
    return suite
  }
  return describe(title, body)
}
globalThis.describe = Object.assign(ours, describe, { skip: ours })

const only = process.argv[2] // part of a title, for a look at one suite

await interopTests({ spawn })

// js against itself is not about us.
mocha.suite.suites = mocha.suite.suites.filter(suite => {
  suite.tests = suite.tests.filter(t => !/^js (peer|sender) to js |^js to js over relay js/.test(t.title))
  if (only !== undefined && !suite.title.includes(only)) return false
  return suite.tests.length > 0 && !/^js to js over relay js$/.test(suite.title)
})

const passed = new Map()
runner = mocha.run(failures => {
  console.log('\nsuites of @libp2p/interop against our node')
  for (const [name, n] of passed) console.log(`  passed   ${String(n).padStart(3)}  ${name}`)
  for (const [reason, n] of excluded) console.log(`  excluded ${String(n).padStart(3)}  ${reason}`)
  const total = [...passed.values()].reduce((a, b) => a + b, 0)
  const left = [...excluded.values()].reduce((a, b) => a + b, 0)
  console.log(`${total} passed, ${failures} failed, ${left} skipped`)
  process.exit(failures > 0 || total === 0 ? 1 : 0)
})
runner.on('pass', test => {
  const suite = test.parent.title.replace(/^(ed25519|rsa|secp256k1)\/.*/, 'streams.echo').replace(/^(go|js) to .*/, 'relay')
  passed.set(suite, (passed.get(suite) ?? 0) + 1)
})
runner.on('pending', test => {
  const reason = test.parent.reason ?? skipped.reason ?? 'unknown'
  excluded.set(reason, (excluded.get(reason) ?? 0) + 1)
})
