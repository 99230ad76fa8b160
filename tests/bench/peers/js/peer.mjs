// js-libp2p as one side of the network benchmarks: the same lines as
// tests/tool/bench_peer.c, whose head lists them. The packages are those of
// tests/interop, which the caller finds for us (OHCN_BENCH_MODULES).
import { createPublicKey, verify } from 'node:crypto'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const modules = process.env.OHCN_BENCH_MODULES
const near = createRequire(join(modules, 'x.cjs'))
const load = async name => {
  try {
    return await import(pathToFileURL(near.resolve(name)))
  } catch {
    // packages that export for `import` alone
    const { exports, main } = near(join(modules, 'node_modules', name, 'package.json'))
    const entry = exports?.['.']?.import ?? exports?.import ?? main
    return await import(pathToFileURL(join(modules, 'node_modules', name, entry)))
  }
}
const { noise } = await load('@chainsafe/libp2p-noise')
const { yamux } = await load('@chainsafe/libp2p-yamux')
const { gossipsub } = await load('@libp2p/gossipsub')
const { identify } = await load('@libp2p/identify')
const { ping } = await load('@libp2p/ping')
const { tcp } = await load('@libp2p/tcp')
const { multiaddr } = await load('@multiformats/multiaddr')
const { createLibp2p } = await load('libp2p')

const SINK = '/ohcn-bench/sink/1'
const zeros = new Uint8Array(65536)
const say = o => process.stdout.write(JSON.stringify(o) + '\n')
const seconds = from => Number(process.hrtime.bigint() - from) / 1e9

let messages = 0
let bad = 0

// ---- the sink: counts, and answers with the number of bytes

async function sink (stream) {
  let bytes = 0
  for await (const part of stream) bytes += part.byteLength
  const receipt = new Uint8Array(8)
  new DataView(receipt.buffer).setBigUint64(0, BigInt(bytes))
  stream.send(receipt)
  await stream.close()
}

async function host () {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: {
      inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: 1000, maxConnections: 2000
    },
    services: {
      identify: identify(),
      ping: ping({ maxInboundStreams: 100, maxOutboundStreams: 100 }),
      pubsub: gossipsub({ globalSignaturePolicy: 'StrictNoSign', allowPublishToZeroTopicPeers: true })
    }
  })
  await node.handle(SINK, stream => { sink(stream).catch(() => {}) }, { maxInboundStreams: 100, maxOutboundStreams: 100 })
  return node
}

const hosts = process.argv[2] === 'hosts' ? Number(process.argv[3]) : 1
const nodes = []
for (let i = 0; i < hosts; i++) nodes.push(await host())
const first = nodes[0]

// ---- gossip

// A raw Ed25519 key as node:crypto takes it.
const head = Buffer.from('302a300506032b6570032100', 'hex')

function signatureIsGood (data) {
  const key = createPublicKey({
    key: Buffer.concat([head, data.subarray(64, 96)]), format: 'der', type: 'spki'
  })
  return verify(null, data.subarray(96), key, data.subarray(0, 64))
}

function subscribe (topic, signed) {
  const pubsub = first.services.pubsub
  pubsub.topicValidators.set(topic, (_, message) => {
    if (signed && !signatureIsGood(message.data)) {
      bad++
      return 'reject'
    }
    messages++
    return 'accept'
  })
  pubsub.subscribe(topic)
  say({ event: 'done' })
}

// ---- dial

async function dial (count, parallel, addresses) {
  const start = process.hrtime.bigint()
  let begun = 0
  let good = 0
  let failed = 0
  const line = async address => {
    while (begun < count) {
      begun++
      try {
        const connection = await first.dial(address)
        await first.services.ping.ping(connection.remotePeer)
        await connection.close()
        good++
      } catch (e) {
        process.stderr.write(`dial: ${e.message}\n`)
        failed++
      }
    }
  }
  await Promise.all(addresses.slice(0, parallel).map(a => line(multiaddr(a))))
  say({ event: 'dialled', count: good, failed, seconds: seconds(start) })
}

// ---- streams

async function sendOne (connection, bytes) {
  const stream = await connection.newStream(SINK)
  let receipt = null
  const answered = (async () => {
    for await (const part of stream) receipt ??= part.subarray()
  })()
  for (let left = bytes; left > 0;) {
    const n = Math.min(left, zeros.length)
    if (!stream.send(zeros.subarray(0, n))) await stream.onDrain()
    left -= n
  }
  await stream.close()
  await answered
  return Number(new DataView(receipt.buffer, receipt.byteOffset).getBigUint64(0))
}

async function send (address, bytes, streams) {
  const connection = await first.dial(multiaddr(address))
  const start = process.hrtime.bigint()
  const each = await Promise.all(Array.from({ length: streams },
    () => sendOne(connection, Math.floor(bytes / streams))))
  say({ event: 'sent', bytes: each.reduce((a, b) => a + b, 0), failed: 0, seconds: seconds(start) })
}

// ---- commands

async function command ([verb, ...rest]) {
  switch (verb) {
    case 'connect':
      await first.dial(multiaddr(rest[0]))
      return say({ event: 'connected' })
    case 'subscribe': return subscribe(rest[0], rest[1] === 'signed')
    case 'count': return say({ event: 'count', messages, bad })
    case 'dial': return await dial(Number(rest[0]), Number(rest[1]), rest.slice(2))
    case 'send': return await send(rest[0], Number(rest[1]), Number(rest[2]))
    case 'quit': return process.exit(0)
    default: throw new Error(`no such command: ${verb}`)
  }
}

createInterface({ input: process.stdin })
  .on('line', line => command(line.split(' ')).catch(e => say({ event: 'failed', why: e.message })))
  .on('close', () => process.exit(0))
say({ event: 'listening', addresses: nodes.map(n => n.getMultiaddrs()[0].toString()) })
