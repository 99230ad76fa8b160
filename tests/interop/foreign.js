// What our host must hold with any other implementation, as tests: the peer
// of go/ or rust/ as a process against ours. `peer` says what it is:
//
//   name, command   of the process
//   keys            of identities
//   versions        of gossip that it can be held to
//   unspoken        versions that are none of ours
//   signed          whether it knows the deployed form of signed peer records
//   exchange        whether it does peer exchange, both ways
//   protocols       how many more it can announce in identify
//   tells           whether its stats have rejects and control messages
//   takesAtOnce     streams in one moment without dropping some, default 20
//   resetIsEnd      whether it cannot tell a reset from an end
//   rsaAsked        whether it must be given its RSA key
//   refused         ways to start it so that what it publishes is no message
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { afterEach, describe, it } from 'node:test'
import { ECHO, LinePeer, OurPeer, hex, killAll, until } from './peers.js'

const BUILD = process.env.OHCN_BUILD
const MIB = 1024 * 1024
const TOPIC = '/ohcn/1/test-interop/people/0'

const body = (n, mark) => hex(Uint8Array.from({ length: n }, (_, i) => i === 0 ? mark : (i * 7 + (i >> 8)) & 0xff))

async function pair (peer, theirArgs = [], ourArgs = []) {
  const [their, our] = await Promise.all([
    LinePeer.start(peer.command, theirArgs), OurPeer.start(BUILD, ourArgs)])
  return { their, our }
}

async function end (...peers) {
  const codes = await Promise.all(peers.map(p => p.quit()))
  assert.deepEqual(codes, peers.map(() => 0))
}

/** We dial it and both have identified the other. */
async function connect (from, to) {
  assert.equal(await from.run(`dial ${to.address}`), 'ok')
  await Promise.all([from.event(e => e.event === 'identified' && e.peer === to.id),
    to.event(e => e.event === 'identified' && e.peer === from.id)])
}

const inMesh = async (our, topic = TOPIC) => (await our.ask(`topic ${topic}`)).mesh
const theirMesh = async (their, topic = TOPIC) => (await their.ask(`mesh ${topic}`)).peers

async function meshed (our, their, topic = TOPIC) {
  await until('we have it in our mesh', async () => await inMesh(our, topic) === 1)
  await until('it has us in its mesh', async () => (await theirMesh(their, topic)).includes(our.id))
}

const got = (peer, data, ms) => peer.event(e => e.event === 'message' && e.data === data, ms)

/** How to start it with a key of that kind; some cannot make RSA keys. */
function keyOf (peer, kind) {
  if (kind !== 'rsa' || !peer.rsaAsked) return `key=${kind}`
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return `key=rsa:${hex(privateKey.export({ type: 'pkcs8', format: 'der' }))}`
}

/** Peer exchange: who prunes names a third, whom the other then dials. */
async function exchange (peer, theirsPrunes) {
  const { their, our } = await pair(peer, ['px=on'], ['exchange'])
  const third = await OurPeer.start(BUILD)
  for (const p of [their, our, third]) assert.equal(await p.run(`subscribe ${TOPIC}`), 'ok')
  const [pruner, pruned] = theirsPrunes ? [their, our] : [our, their]
  await connect(pruner, pruned)
  await connect(pruner, third)
  await until('two in its mesh', async () => (theirsPrunes ? (await theirMesh(their)).length : await inMesh(our)) === 2)
  assert.equal(await pruner.run(`unsubscribe ${TOPIC}`), 'ok')
  await pruned.event(e => e.event === 'up' && e.peer === third.id)
  await end(their, our, third)
}

export function foreignTests (peer) {
  afterEach(killAll)

  describe(`${peer.name}: connect, identify, ping`, () => {
    for (const key of peer.keys) {
      it(`it dials us, its key ${key}`, async () => {
        const { their, our } = await pair(peer, [keyOf(peer, key)])
        assert.equal(await their.run(`dial ${our.address}`), 'ok')
        const seen = await our.event(e => e.event === 'identified')
        assert.equal(seen.peer, their.id)
        assert.equal(seen.echo, true)
        const known = await their.event(e => e.event === 'identified')
        assert.equal(known.agent, 'ohcn-peer/1')
        assert.equal(known.version, 'ohcn/1')
        for (const p of [ECHO, '/meshsub/1.1.0', '/meshsub/1.2.0', '/ipfs/ping/1.0.0', '/ipfs/id/1.0.0', '/ipfs/id/push/1.0.0']) assert.ok(known.protocols.includes(p), p)
        assert.equal((await their.ask(`ping ${our.id}`)).good, true)
        assert.equal((await our.ask(`ping ${their.id}`)).good, true)
        await end(their)
        await our.event(e => e.event === 'down')
        await end(our)
      })

      it(`we dial it, its key ${key}`, async () => {
        const { their, our } = await pair(peer, [keyOf(peer, key)])
        await connect(our, their)
        assert.equal((await our.ask(`ping ${their.id}`)).good, true)
        await end(our)
        await their.event(e => e.event === 'down')
        await end(their)
      })
    }

    it('an identify of many protocols, in parts', async () => {
      const { their, our } = await pair(peer, [`extra=${peer.protocols}`])
      await connect(our, their)
      const { stream } = await our.ask(`open ${their.id} ${ECHO}`, 'opening')
      await our.event(e => e.event === 'ready' && e.stream === stream)
      await end(our, their)
    })

    if (peer.signed) it('our signed peer record is taken', async () => {
      const { their, our } = await pair(peer)
      assert.equal(await their.run(`dial ${our.address}`), 'ok')
      assert.equal((await their.event(e => e.event === 'identified')).signed, true)
      await end(our, their)
    })

    it('another peer than the one dialled is refused, by both', async () => {
      const { their, our } = await pair(peer)
      const other = await OurPeer.start(BUILD)
      await our.run(`dial ${their.address.replace(their.id, other.id)}`)
      assert.notEqual(await their.run(`dial ${our.address.replace(our.id, other.id)}`), 'ok')
      await until('counted', async () => (await our.ask('stats')).closed_auth >= 1)
      assert.equal(our.events.filter(e => e.event === 'identified').length, 0)
      await end(other, our, their)
    })
  })

  describe(`${peer.name}: streams`, () => {
    const total = 32 * MIB

    it('it sends 32 MiB, we echo slowly, memory stays bounded', async () => {
      const { their, our } = await pair(peer, [], ['slow'])
      await connect(their, our)
      let most = 0
      let done = false
      const watch = (async () => {
        while (!done) {
          most = Math.max(most, (await our.ask('memory')).now)
          await new Promise(resolve => setTimeout(resolve, 100))
        }
      })()
      assert.equal(await their.run(`echo ${our.id} ${total}`), 'ok')
      const echo = await their.event(e => e.event === 'echo', 120000)
      done = true
      await watch
      assert.equal(echo.good, true, JSON.stringify(echo))
      assert.ok(most > 0 && most < 8 * MIB, `${most} bytes at most`)
      await end(their, our)
    })

    it('we send 32 MiB, it echoes slowly', async () => {
      const { their, our } = await pair(peer, ['slow=on'])
      await connect(our, their)
      assert.equal(await our.run(`echo ${their.id} ${total}`), 'ok')
      const echo = await our.event(e => e.event === 'echo', 120000)
      assert.equal(echo.good, true, `${echo.bytes} bytes came back`)
      await end(their, our)
    })

    it('half-closed by who answers, both ways', async () => {
      const { their, our } = await pair(peer)
      await connect(their, our)
      for (const [from, to] of [[their, our], [our, their]]) {
        for (const n of [0, 1, MIB]) {
          assert.equal(await from.run(`drain ${to.id} ${n}`), 'ok')
          assert.equal((await from.event(e => e.event === 'drain')).good, true)
          const drained = await to.event(e => e.event === 'drained')
          assert.deepEqual([drained.bytes, drained.good], [n, true])
        }
      }
      await end(their, our)
    })

    it('small streams, many at once, and one after the other', async () => {
      const { their, our } = await pair(peer)
      await connect(our, their)
      for (const [from, to] of [[their, our], [our, their]]) {
        const many = to === their ? peer.takesAtOnce ?? 20 : 20
        for (let i = 0; i < many; i++) from.send(`echo ${to.id} ${i * 997}`)
        for (let i = 0; i < many; i++) assert.equal((await from.event(e => e.event === 'echo')).good, true)
        for (let i = 0; i < 20; i++) {
          from.send(`echo ${to.id} ${i}`)
          assert.equal((await from.event(e => e.event === 'echo')).good, true)
        }
      }
      await end(their, our)
    })

    it('a stream that is reset costs the stream alone', async () => {
      const { their, our } = await pair(peer)
      await connect(their, our)
      for (const [from, to] of [[their, our], [our, their]]) {
        assert.equal(await from.run(`reset ${to.id}`), 'ok')
        if (to === our || !peer.resetIsEnd) await to.event(e => e.event === 'gone')
        for (const [a, b] of [[from, to], [to, from]]) {
          assert.equal(await a.run(`echo ${b.id} 300000`), 'ok')
          assert.equal((await a.event(e => e.event === 'echo')).good, true)
        }
      }
      assert.equal(our.events.filter(e => e.event === 'down').length, 0)
      await end(their, our)
    })

    it('a protocol that the other does not speak is refused, both ways', async () => {
      const { their, our } = await pair(peer)
      await connect(their, our)
      const { stream } = await our.ask(`open ${their.id} /nobody/speaks/1`, 'opening')
      await our.event(e => e.event === 'refused' && e.stream === stream)
      assert.equal((await our.ask(`ping ${their.id}`)).good, true)
      await end(their, our)
    })

    it('cut in the middle', async () => {
      const { their, our } = await pair(peer)
      await connect(their, our)
      their.send(`echo ${our.id} ${total}`)
      await new Promise(resolve => setTimeout(resolve, 100))
      their.process.kill('SIGKILL')
      await our.event(e => e.event === 'down')
      await end(our)
    })
  })

  for (const dialer of ['it dials', 'we dial']) {
    describe(`${peer.name}: gossip, ${dialer}`, () => {
      it('messages both ways, small and big, once each', async () => {
        const { their, our } = await pair(peer)
        await Promise.all([their.run(`subscribe ${TOPIC}`), our.run(`subscribe ${TOPIC}`)])
        await (dialer === 'we dial' ? connect(our, their) : connect(their, our))
        await meshed(our, their)
        for (const [from, to, mark] of [[their, our, 1], [our, their, 2]]) {
          for (const n of [1, 100, 2000, 16384]) {
            assert.equal(await from.run(`publish ${TOPIC} ${body(n, mark)}`), 'ok')
            const m = await got(to, body(n, mark))
            assert.equal(m.from, from.id)
            assert.equal(m.topic, TOPIC)
          }
          for (let i = 0; i < 100; i++) from.send(`publish ${TOPIC} ${body(300, mark + 2)}${i.toString(16).padStart(4, '0')}`)
          for (let i = 0; i < 100; i++) await got(to, body(300, mark + 2) + i.toString(16).padStart(4, '0'))
        }
        await new Promise(resolve => setTimeout(resolve, 1200))
        for (const p of [their, our]) assert.equal(p.events.filter(e => e.event === 'message').length, 0)
        const s = await our.ask('stats')
        assert.equal(s.protocol_errors, 0)
        assert.equal(s.signed_refused, 0)
        await end(their, our)
      })
    })
  }

  describe(`${peer.name}: gossip`, () => {
    for (const [versions, spoken] of peer.versions) {
      it(`it speaks ${versions ?? 'what it does by default'}: ${spoken}`, async () => {
        const { their, our } = await pair(peer, versions ? [`versions=${versions}`] : [])
        await Promise.all([their.run(`subscribe ${TOPIC}`), our.run(`subscribe ${TOPIC}`)])
        await connect(our, their)
        await meshed(our, their)
        assert.equal((await their.ask('stats')).speaks[our.id], spoken)
        assert.equal(await their.run(`publish ${TOPIC} ${body(3000, 5)}`), 'ok')
        await got(our, body(3000, 5))
        assert.equal(await our.run(`publish ${TOPIC} ${body(3000, 6)}`), 'ok')
        await got(their, body(3000, 6))
        assert.equal((await our.ask('stats')).protocol_errors, 0)
        await end(their, our)
      })
    }

    for (const [versions, why] of peer.unspoken) {
      it(`it speaks ${versions} alone: connected, without gossip (${why})`, async () => {
        const { their, our } = await pair(peer, [`versions=${versions}`])
        await Promise.all([their.run(`subscribe ${TOPIC}`), our.run(`subscribe ${TOPIC}`)])
        await connect(our, their)
        assert.equal((await our.ask(`ping ${their.id}`)).good, true)
        await new Promise(resolve => setTimeout(resolve, 1500))
        assert.equal(await inMesh(our), 0)
        const me = (await our.ask('peers')).peers.find(p => p.peer === their.id)
        assert.equal(me.gossips, false)
        assert.equal((await our.ask('stats')).closed_peer, 0)
        await end(their, our)
      })
    }

    it('it leaves and comes back', async () => {
      const { their, our } = await pair(peer)
      await Promise.all([their.run(`subscribe ${TOPIC}`), our.run(`subscribe ${TOPIC}`)])
      await connect(our, their)
      await meshed(our, their)
      assert.equal(await their.run(`unsubscribe ${TOPIC}`), 'ok')
      await until('it is out of our mesh', async () => {
        const t = await our.ask(`topic ${TOPIC}`)
        return t.mesh === 0 && t.peers === 0
      })
      assert.equal(await their.run(`subscribe ${TOPIC}`), 'ok')
      await until('we know', async () => (await our.ask(`topic ${TOPIC}`)).peers === 1)
      // in the backoff of its PRUNE nobody may graft; a flooded message arrives
      assert.equal(await our.run(`publish ${TOPIC} ${body(50, 9)}`), 'ok')
      await got(their, body(50, 9))
      assert.equal((await our.ask('stats')).protocol_errors, 0)
      await end(their, our)
    })

    for (const [how, args] of peer.refused) {
      it(`${how}: its messages are refused, counted, and cost no connection`, async () => {
        const { their, our } = await pair(peer, args)
        await Promise.all([their.run(`subscribe ${TOPIC}`), our.run(`subscribe ${TOPIC}`)])
        await connect(our, their)
        await meshed(our, their)
        for (let i = 0; i < 3; i++) assert.equal(await their.run(`publish ${TOPIC} ${body(40, i)}`), 'ok')
        await until('counted', async () => (await our.ask('stats')).signed_refused >= 3)
        assert.equal(our.events.filter(e => e.event === 'message').length, 0)
        assert.equal((await our.ask(`ping ${their.id}`)).good, true)
        await end(their, our)
      })
    }

    it('it wants signatures: it refuses ours', async () => {
      const { their, our } = await pair(peer, ['sign=strict', 'id=default'])
      await Promise.all([their.run(`subscribe ${TOPIC}`), our.run(`subscribe ${TOPIC}`)])
      await connect(our, their)
      await meshed(our, their)
      assert.equal(await our.run(`publish ${TOPIC} ${body(40, 77)}`), 'ok')
      if (peer.tells) await until('it says why', async () => Object.values((await their.ask('stats')).rejects).some(n => n > 0))
      else await new Promise(resolve => setTimeout(resolve, 1000))
      assert.equal(their.events.filter(e => e.event === 'message').length, 0)
      await end(their, our)
    })

    it('IDONTWANT: three in a triangle spare each other big bodies', async () => {
      const { their, our } = await pair(peer)
      const third = await OurPeer.start(BUILD)
      for (const p of [their, our, third]) assert.equal(await p.run(`subscribe ${TOPIC}`), 'ok')
      await connect(our, their)
      await connect(third, their)
      await connect(our, third)
      await until('a whole mesh', async () => await inMesh(our) === 2 && await inMesh(third) === 2 &&
        (await theirMesh(their)).length === 2)
      for (let i = 0; i < 5; i++) {
        await third.run(`publish ${TOPIC} ${body(4000, i)}`)
        await Promise.all([got(their, body(4000, i)), got(our, body(4000, i))])
      }
      if (peer.tells) await until('it was told by us', async () => (await their.ask('stats')).idontwant_in > 0)
      await until('we were told by it', async () => (await our.ask('stats')).idontwant_in > 0)
      for (let i = 0; i < 5; i++) {
        await their.run(`publish ${TOPIC} ${body(4000, 16 + i)}`)
        await Promise.all([got(third, body(4000, 16 + i)), got(our, body(4000, 16 + i))])
      }
      await end(their, our, third)
    })

    it('in a crowd of ours, where bodies go to few and ids to all', async () => {
      const { their, our } = await pair(peer)
      const crowd = [our, ...await Promise.all(Array.from({ length: 6 }, () => OurPeer.start(BUILD)))]
      for (const p of [their, ...crowd]) assert.equal(await p.run(`subscribe ${TOPIC}`), 'ok')
      for (let i = 0; i < crowd.length; i++) {
        for (const k of [1, 2]) assert.equal(await crowd[i].run(`dial ${crowd[(i + k) % crowd.length].address}`), 'ok')
      }
      for (const p of crowd) assert.equal(await p.run(`dial ${their.address}`), 'ok')
      await until('all in meshes', async () => {
        for (const p of crowd) if (await inMesh(p) < 4) return false
        return (await theirMesh(their)).length >= 5
      })
      const number = (i, mark) => body(1500, mark) + i.toString(16).padStart(4, '0')
      for (const [from, mark] of [[crowd[3], 41], [their, 42]]) {
        for (let i = 0; i < 60; i++) {
          from.send(`publish ${TOPIC} ${number(i, mark)}`)
          if (i % 5 === 4) await new Promise(resolve => setTimeout(resolve, 50))
        }
        for (const p of [their, ...crowd]) {
          if (p === from) continue
          for (let i = 0; i < 60; i++) await got(p, number(i, mark))
        }
      }
      for (const p of crowd) assert.equal((await p.ask('stats')).protocol_errors, 0)
      await end(their, ...crowd)
    })

    if (peer.exchange) {
      it('peer exchange: it prunes, we dial whom it names', async () => await exchange(peer, true))
      it('peer exchange: we prune, it dials whom we name', async () => await exchange(peer, false))
    }

    it('messages that come by IHAVE and IWANT, many at once', async () => {
      // Who comes to a topic after the messages is in no push for them, and
      // hears of them by gossip. Nobody grafts: it has just left the topic.
      // More ids than rust-libp2p takes in one RPC (16 KiB of control).
      const { their, our } = await pair(peer)
      await Promise.all([their.run(`subscribe ${TOPIC}`), our.run(`subscribe ${TOPIC}`)])
      await connect(their, our)
      await meshed(our, their)
      assert.equal(await their.run(`unsubscribe ${TOPIC}`), 'ok')
      await until('it is out of our mesh', async () => await inMesh(our) === 0)
      const all = Array.from({ length: 700 }, (_, i) => body(30, 21) + i.toString(16).padStart(4, '0'))
      for (const one of all) our.send(`publish ${TOPIC} ${one}`)
      await our.ask('stats')
      assert.equal(await their.run(`subscribe ${TOPIC}`), 'ok')
      for (const one of all) await got(their, one)
      assert.ok((await our.ask('stats')).iwant_served >= 700)
      assert.equal(our.events.filter(e => e.event === 'down').length, 0)
      await end(their, our)
    })
  })
}
