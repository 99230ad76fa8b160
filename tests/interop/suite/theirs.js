// A js-libp2p node behind the same surface as ours.js, in this process.
import { readFileSync } from 'node:fs'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { gossipsub } from '@libp2p/gossipsub'
import { identify, identifyPush } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

export const KAD = '/ohcn-test/kad/1.0.0'

class JsClient {
  constructor (node) {
    this.node = node
    this.pubsub = new JsPubsub(node)
    this.dht = new JsDht(node)
  }

  async identify () {
    // the suites add /p2p themselves
    const addrs = this.node.getMultiaddrs().map(a => multiaddr(a.toString().split('/p2p/')[0]))
    return { peerId: this.node.peerId, addrs }
  }

  async listPeers () {
    return this.node.getPeers()
  }

  async connect (peerId, addrs) {
    await this.node.dial(addrs.map(a => {
      const text = a.toString()
      return multiaddr(text.endsWith(`/p2p/${peerId}`) ? text : `${text}/p2p/${peerId}`)
    }))
  }

  async openStream (peerId, protocol) {
    return await this.node.dialProtocol(peerId, protocol, { runOnLimitedConnection: true })
  }

  async registerStreamHandler (protocol, handler) {
    await this.node.handle(protocol, handler, { runOnLimitedConnection: true })
  }
}

class JsPubsub {
  constructor (node) {
    this.node = node
  }

  async getTopics () {
    return this.node.services.pubsub.getTopics()
  }

  async subscribe (topic) {
    const queue = []
    const wake = []
    this.node.services.pubsub.addEventListener('message', e => {
      if (e.detail.topic !== topic) return
      queue.push({ topics: [topic], data: e.detail.data })
      wake.splice(0).forEach(f => f())
    })
    this.node.services.pubsub.subscribe(topic)
    return {
      async * messages () {
        for (;;) {
          while (queue.length > 0) yield queue.shift()
          await new Promise(resolve => wake.push(resolve))
        }
      },
      async cancel () {}
    }
  }

  async publish (topic, data) {
    await this.node.services.pubsub.publish(topic, data)
  }

  async getSubscribers (topic) {
    return this.node.services.pubsub.getSubscribers(topic)
  }
}

class JsDht {
  constructor (node) {
    this.node = node
  }

  async put (key, value) {
    await this.node.contentRouting.put(key, value)
  }

  async get (key) {
    return await this.node.contentRouting.get(key)
  }

  async findPeer (peerId) {
    return await this.node.peerRouting.findPeer(peerId)
  }

  async provide (cid) {
    await this.node.contentRouting.provide(cid)
  }

  async * findProviders (cid) {
    yield * this.node.contentRouting.findProviders(cid)
  }
}

export async function spawnTheirs (options) {
  const services = { identify: identify(), identifyPush: identifyPush(), ping: ping() }
  if (options.pubsub) {
    services.pubsub = gossipsub({ globalSignaturePolicy: 'StrictNoSign', allowPublishToZeroTopicPeers: true })
  }
  if (options.dht) {
    services.dht = kadDHT({ protocol: KAD, clientMode: false, peerInfoMapper: passthroughMapper, allowQueryWithZeroPeers: true })
  }
  if (options.relay) services.relay = circuitRelayServer()
  const node = await createLibp2p({
    privateKey: options.key === undefined ? undefined : privateKeyFromProtobuf(readFileSync(options.key)),
    addresses: { listen: options.noListen ? [] : ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp(), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services
  })
  return { client: new JsClient(node), stop: () => node.stop() }
}
