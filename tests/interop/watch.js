// A stock js-libp2p gossipsub peer that joins the network as a bystander: it
// dials what is named, subscribes to the five topics and prints one JSON line
// for each message: its topic and the record's id, computed here.
//
//   watch.js NETWORK ADDRESS...
import { multiaddr } from '@multiformats/multiaddr'
import { blake2b } from '@noble/hashes/blake2.js'
import { jsPeer } from './peers.js'

const [network, ...addresses] = process.argv.slice(2)
const say = line => process.stdout.write(JSON.stringify(line) + '\n')

// record = msgpack [ body: bin, sigtype, sig ]: the id is that of the body.
function bodyOf (bytes) {
  if (bytes[0] !== 0x93) throw new Error('no record')
  if (bytes[1] === 0xc4) return bytes.subarray(3, 3 + bytes[2])
  if (bytes[1] === 0xc5) return bytes.subarray(4, 4 + bytes[2] * 256 + bytes[3])
  throw new Error('no record')
}

const personalization = new Uint8Array(16)
personalization.set(Buffer.from('ohcn-rec-v1'))

const js = await jsPeer()
js.services.pubsub.addEventListener('message', event => {
  try {
    const id = blake2b(bodyOf(event.detail.data), { dkLen: 32, personalization })
    say({ event: 'record', topic: event.detail.topic, id: Buffer.from(id).toString('hex') })
  } catch (e) {
    say({ event: 'odd', topic: event.detail.topic, why: e.message })
  }
})
for (const name of ['people', 'demand', 'learn', 'mail', 'meta']) {
  js.services.pubsub.subscribe(`/ohcn/1/${network}/${name}/0`)
}
for (const a of addresses) await js.dial(multiaddr(a))
say({ event: 'ready', peer: js.peerId.toString() })
process.stdin.on('end', () => js.stop().then(() => process.exit(0)))
process.stdin.resume()
