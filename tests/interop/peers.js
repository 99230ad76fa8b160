// What the interop tests share: a stock js-libp2p peer, and peers as processes
// that speak JSON lines: our own (tests/tool/peer/), go's and rust's.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'

export const ECHO = '/ohcn-test/echo/1'

// A machine that does other work as well is no failure.
const PATIENCE = 3

/** Polls until check() is true; its value. Fails after PATIENCE times ms. */
export async function until (what, check, ms = 20000) {
  ms *= PATIENCE
  const end = Date.now() + ms
  for (;;) {
    const value = await check()
    if (value) return value
    if (Date.now() > end) throw new Error(`after ${ms} ms still not: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 25))
  }
}

/** A js-libp2p peer on loopback, StrictNoSign as the network wants it. */
export async function jsPeer (options = {}) {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      ping: ping(),
      pubsub: gossipsub({
        globalSignaturePolicy: 'StrictNoSign',
        allowPublishToZeroTopicPeers: true,
        ...options.gossipsub
      })
    },
    ...options.libp2p
  })
  return node
}

const started = []

/** After each test: what a failed one left behind. */
export function killAll () {
  for (const p of started.splice(0)) if (p.process.exitCode === null) p.process.kill('SIGKILL')
}

process.on('exit', killAll)

/** A peer as a process that speaks the lines of tests/tool/peer/main.c. */
export class LinePeer {
  static async start (command, args = []) {
    const p = new this()
    started.push(p)
    p.events = []
    p.process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    p.stderr = ''
    p.process.stderr.on('data', d => { p.stderr += d })
    p.exited = new Promise(resolve => p.process.on('exit', code => resolve(code)))
    createInterface({ input: p.process.stdout })
      .on('line', line => p.events.push(JSON.parse(line)))
    const listening = await p.event(e => e.event === 'listening')
    p.address = listening.address
    p.id = listening.peer
    return p
  }

  /** The first event that fits, waiting for it; it is then used up. */
  async event (fits, ms) {
    return await until('an event of a peer', () => {
      const at = this.events.findIndex(fits)
      return at < 0 ? null : this.events.splice(at, 1)[0]
    }, ms).catch(e => {
      throw new Error(`${e.message}\nevents: ${JSON.stringify(this.events.slice(-10))}\n${this.stderr.slice(-2000)}`)
    })
  }

  send (line) {
    this.process.stdin.write(line + '\n')
  }

  /** A command and its answer. */
  async run (line) {
    const verb = line.split(' ')[0]
    this.send(line)
    const done = await this.event(e => e.event === 'done' && e.command === verb)
    return done.error
  }

  /** What a command tells before its answer: the event of that name. */
  async ask (line, name = line.split(' ')[0]) {
    const error = await this.run(line)
    if (error !== 'ok') throw new Error(`${line}: ${error}`)
    return await this.event(e => e.event === name)
  }

  /** The exit code: 0 unless it crashed or leaked. */
  async quit () {
    if (this.process.exitCode !== null) return this.process.exitCode
    this.send('quit')
    const code = await Promise.race([this.exited,
      new Promise(resolve => setTimeout(() => resolve('hangs'), 60000).unref())])
    if (code === 'hangs') this.process.kill('SIGKILL')
    if (code !== 0) process.stderr.write(this.stderr)
    return code
  }
}

/** Our own peer. */
export class OurPeer extends LinePeer {
  static async start (build, args = []) {
    return await super.start(`${build}/tests/tool_peer`, args)
  }
}

export const hex = bytes => Buffer.from(bytes).toString('hex')
export const unhex = text => new Uint8Array(Buffer.from(text, 'hex'))
