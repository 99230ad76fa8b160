// Our peer (tests/tool/peer/) behind the surface that the suites of
// @libp2p/interop expect of a daemon's client.
import { readFileSync } from 'node:fs'
import { defaultLogger } from '@libp2p/logger'
import { peerIdFromString } from '@libp2p/peer-id'
import { AbstractStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { OurPeer, hex, unhex, until } from '../peers.js'

/** The seed in a file with libp2p's PrivateKey of an Ed25519 key. */
function seedOf (file) {
  const bytes = readFileSync(file)
  if (bytes[0] !== 8 || bytes[1] !== 1 || bytes[2] !== 0x12) throw new Error(`${file}: no Ed25519 key`)
  return hex(bytes.subarray(4, 36))
}

/** A stream of our peer, whose bytes travel through its command line. */
class ProxyStream extends AbstractStream {
  constructor (our, number, protocol) {
    super({
      id: `${number}`,
      protocol,
      direction: 'outbound',
      log: defaultLogger().forComponent('ours:stream')
    })
    this.our = our
    this.number = number
  }

  on (event) {
    if (event.event === 'data') this.onData(unhex(event.data))
    if (event.event === 'end') this.onRemoteCloseWrite()
    if (event.event === 'closed' && this.readStatus === 'readable') this.onRemoteReset()
  }

  sendData (data) {
    this.our.send(`write ${this.number} ${hex(data.subarray())}`)
    return { sentBytes: data.byteLength, canSendMore: true }
  }

  sendReset () {
    this.our.send(`abort ${this.number}`)
  }

  async sendCloseWrite () {
    this.our.send(`shut ${this.number}`)
  }

  async sendCloseRead () {}
  sendPause () {}
  sendResume () {}
}

const HOP = '/libp2p/circuit/relay/0.2.0/hop'

/**
 * What the suites do by hand on a stream to a relay: RESERVE. Our node takes
 * circuits only of relays at which it keeps a place itself, so it is told to
 * reserve one, and the stream answers with the status that follows.
 */
class ReserveStream extends ProxyStream {
  constructor (our, relay) {
    super(our, 0, HOP)
    this.relay = relay
  }

  sendData (data) {
    const n = data.byteLength
    this.our.run(`reserve ${this.relay}`)
      .then(() => this.our.event(e => e.event === 'reserve'))
      // HopMessage { type STATUS, status OK or RESERVATION_REFUSED }
      .then(e => this.onData(unhex(e.good ? '0408022864' : '05080228c801')), err => this.abort(err))
    return { sentBytes: n, canSendMore: true }
  }

  sendReset () {}
  async sendCloseWrite () {}
}

export class OurClient {
  constructor (our) {
    this.our = our
    this.streams = new Map()
    this.handlers = new Map()
    this.pubsub = new OurPubsub(our)
    this.dht = new OurDht(this)
    this.pump = setInterval(() => this.takeStreamEvents(), 5)
  }

  takeStreamEvents () {
    const mine = ['data', 'end', 'closed', 'opened']
    const events = this.our.events.filter(e => mine.includes(e.event))
    if (events.length === 0) return
    this.our.events = this.our.events.filter(e => !mine.includes(e.event))
    for (const e of events) {
      if (e.event === 'opened') {
        const stream = new ProxyStream(this.our, e.stream, e.protocol)
        this.streams.set(e.stream, stream)
        const handler = this.handlers.get(e.protocol)
        if (handler === undefined) stream.abort(new Error('nobody handles it'))
        else Promise.resolve(handler(stream)).catch(err => stream.abort(err))
        continue
      }
      this.streams.get(e.stream)?.on(e)
    }
  }

  async identify () {
    return {
      peerId: peerIdFromString(this.our.id),
      addrs: this.our.address === undefined ? [] : [multiaddr(this.our.address.split('/p2p/')[0])]
    }
  }

  async listPeers () {
    const { peers } = await this.our.ask('peers')
    return peers.map(p => peerIdFromString(p.peer))
  }

  async connect (peerId, addrs) {
    let last = 'no address'
    for (const addr of addrs) {
      const text = addr.toString()
      last = await this.our.run(`dial ${text.endsWith(`/p2p/${peerId}`) ? text : `${text}/p2p/${peerId}`}`)
      if (last === 'ok') {
        await until('connected', async () => (await this.our.ask('peers')).peers
          .some(p => p.peer === peerId.toString()))
        return
      }
    }
    // the suites know the status of the relay's answer by its name
    throw new Error(last.includes('no reservation') ? `NO_RESERVATION: ${last}` : last)
  }

  async openStream (peerId, protocol) {
    if (protocol === HOP) return new ReserveStream(this.our, peerId)
    const { stream: number } = await this.our.ask(`open ${peerId} ${protocol}`, 'opening')
    const how = await this.our.event(e => ['ready', 'refused'].includes(e.event) && e.stream === number)
    if (how.event === 'refused') throw new Error(`${protocol}: not spoken`)
    const stream = new ProxyStream(this.our, number, protocol)
    this.streams.set(number, stream)
    return stream
  }

  async registerStreamHandler (protocol, handler) {
    this.handlers.set(protocol, handler)
  }

  async stop () {
    clearInterval(this.pump)
    const code = await this.our.quit()
    if (code !== 0) throw new Error(`our peer ended with ${code}`)
  }
}

class OurPubsub {
  constructor (our) {
    this.our = our
    this.topics = []
  }

  async getTopics () {
    return this.topics
  }

  async subscribe (topic) {
    const error = await this.our.run(`subscribe ${topic}`)
    if (error !== 'ok') throw new Error(error)
    this.topics.push(topic)
    const our = this.our
    return {
      async * messages () {
        for (;;) {
          const m = await our.event(e => e.event === 'message' && e.topic === topic, 10000)
          yield { topics: [m.topic], data: unhex(m.data) }
        }
      },
      async cancel () {}
    }
  }

  async publish (topic, data) {
    const error = await this.our.run(`publish ${topic} ${hex(data)}`)
    if (error !== 'ok') throw new Error(error)
  }

  async getSubscribers (topic) {
    const { peers } = await this.our.ask(`subscribers ${topic}`)
    return peers.map(p => peerIdFromString(p))
  }
}

class OurDht {
  constructor (client) {
    this.client = client
    this.our = client.our
  }

  async findPeer (peerId) {
    const found = await this.our.ask(`dht-peer ${peerId}`)
    if (found.peer === null) throw new Error('not found')
    return { id: peerIdFromString(found.peer), multiaddrs: found.addresses.map(a => multiaddr(a)) }
  }

  async provide (cid) {
    const error = await this.our.run(`dht-provide ${hex(cid.multihash.bytes)}`)
    if (error !== 'ok') throw new Error(error)
    await new Promise(resolve => setTimeout(resolve, 100))
    await until('told', async () => (await this.our.ask('dht-stats')).busy === 0)
  }

  async * findProviders (cid) {
    const { providers } = await this.our.ask(`dht-providers ${hex(cid.multihash.bytes)}`)
    for (const p of providers) {
      yield { id: peerIdFromString(p.peer), multiaddrs: p.addresses.map(a => multiaddr(a)) }
    }
  }
}

export async function spawnOurs (build, options) {
  const args = []
  if (options.key !== undefined) args.push(`seed=${seedOf(options.key)}`)
  if (options.noListen) args.push('nolisten')
  if (options.dht) args.push('dht')
  if (options.relay) args.push('relay')
  const client = new OurClient(await OurPeer.start(build, args))
  return { client, stop: () => client.stop() }
}
