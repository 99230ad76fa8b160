// Our real node (OHCN_BUILD/ohcn) as a process with a home of its own, driven
// by its command line, and the form of export files.
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as c from './codec.js'
import { until } from './peers.js'

const BUILD = process.env.OHCN_BUILD ?? fileURLToPath(new URL('../../build/test', import.meta.url))

// What no output may ever hold.
const FAULT = /ERROR: AddressSanitizer|runtime error:|LeakSanitizer|^\S+Z broken |assertion failed/m

// Those that run: a failed test does not leave its node behind.
const running = new Set()
process.on('exit', () => { for (const p of running) p.kill('SIGKILL') })
process.on('SIGTERM', () => process.exit(1))

export class RealNode {
  static async start (network, settings = {}) {
    const n = new RealNode()
    n.directory = mkdtempSync(join(tmpdir(), 'ohcn-js-'))
    n.home = join(n.directory, 'home')
    n.network = network
    n.files = 0
    const all = {
      'node.role': 'person',
      'node.network': network,
      'node.region': 'de',
      'node.name': 'js',
      'listen.addresses': '/ip4/127.0.0.1/tcp/0',
      'api.port': '0',
      'stem.alone': '1s', // few have peers of their own choice
      'publish.klint': 'warn', // one invented person
      'log.format': 'text',
      ...settings
    }
    n.settings = Object.entries(all).flatMap(([name, value]) => ['--set', `${name}=${value}`])
    await n.cli(...n.settings, 'init')
    const log = openSync(join(n.directory, 'log'), 'a')
    n.process = spawn(`${BUILD}/ohcn`, ['--home', n.home, '--no-passphrase', ...n.settings, 'daemon'],
      { stdio: ['ignore', log, log] })
    running.add(n.process)
    n.exited = new Promise(resolve => n.process.on('exit', (code, signal) => {
      running.delete(n.process)
      resolve(code ?? signal)
    }))
    const status = await until('our node is ready', async () => {
      if (n.process.exitCode !== null) throw new Error(`our node ended:\n${n.log()}`)
      const { code, json } = await n.cli('status')
      return code === 0 && json.stamp_ready ? json : null
    }, 60000).catch(e => { n.process.kill('SIGKILL'); throw e })
    n.did = status.did
    n.address = status.addresses[0]
    return n
  }

  log () {
    return readFileSync(join(this.directory, 'log'), 'utf8')
  }

  /** `ohcn --json WORDS`: the exit code and the answer. */
  async cli (...words) {
    const { code, out } = await this.raw('--json', ...words)
    return { code, json: out.startsWith('{') ? JSON.parse(out) : null }
  }

  async raw (...words) {
    const args = ['--home', this.home, '--no-passphrase', ...words]
    const { code, out, err } = await new Promise(resolve =>
      execFile(`${BUILD}/ohcn`, args, { maxBuffer: 2 ** 28, timeout: 120000 },
        (e, out, err) => resolve({ code: e === null ? 0 : e.code ?? e.signal, out, err })))
    if (typeof code !== 'number' || FAULT.test(err)) throw new Error(`ohcn ${words.join(' ')}: ${code}\n${err}`)
    return { code, out }
  }

  /** The same, for what has to work. */
  async must (...words) {
    const { code, json } = await this.cli(...words)
    if (code !== 0) throw new Error(`ohcn ${words.join(' ')}: ${code} ${JSON.stringify(json)}`)
    return json
  }

  file (name) {
    return join(this.directory, `${++this.files}-${name}`)
  }

  write (name, content) {
    const path = this.file(name)
    writeFileSync(path, content)
    return path
  }

  /** What became of them, with the exit code: 7 if some are rejected. */
  async import (...records) {
    const { code, json } = await this.cli('record', 'import', this.write('import.ohcn', writeFile(this.network, records)))
    return { code, ...json }
  }

  async export (...flags) {
    const path = this.file('export.ohcn')
    await this.must('record', 'export', '-o', path, ...flags)
    return readFile(this.network, readFileSync(path))
  }

  /** The record by its id, null if the node does not have it. */
  async show (id) {
    const { code, json } = await this.cli('record', 'show', c.idToCid(id))
    return code === 0 ? json : null
  }

  async outcomes () {
    return (await this.must('status')).pipeline.outcomes
  }

  /** Ends it in order; what was wrong with it, null: nothing. */
  async stop () {
    this.process.kill('SIGTERM')
    const timer = setTimeout(() => this.process.kill('SIGKILL'), 120000)
    const code = await this.exited
    clearTimeout(timer)
    const log = this.log()
    if (code !== 0 || FAULT.test(log)) return `our node ended with ${code}:\n${log.slice(-4000)}`
    rmSync(this.directory, { recursive: true })
    return null
  }
}

/** Without the head and the end of a file: each record as an unsigned varint of its length and its bytes. */
export function writeExport (records) {
  return c.concat(...records.flatMap(bytes => [c.uvarint(bytes.length), bytes]))
}

export function readExport (bytes) {
  const out = []
  for (let at = 0; at < bytes.length;) {
    const [n, used] = c.readUvarint(bytes, at)
    at += used
    if (at + n > bytes.length) throw new Error('cut short')
    out.push(new Uint8Array(bytes.subarray(at, at + n)))
    at += n
  }
  return out
}

/** A record file, SPEC.md section 15. */
export function writeFile (network, records) {
  return c.concat(fileHead(network), writeExport(records), fileEnd(records.length))
}

/** The records of one that is whole. */
export function readFile (network, bytes) {
  const head = fileHead(network)
  const end = bytes.length - fileEnd(0).length
  const records = readExport(bytes.subarray(head.length, end))
  if (!head.equals(bytes.subarray(0, head.length)) || !fileEnd(records.length).equals(bytes.subarray(end))) {
    throw new Error('no record file, or a damaged one')
  }
  return records
}

const fileHead = network => Buffer.concat([Buffer.from('OHCNREC\n'), Buffer.of(1, network.length), Buffer.from(network)])

function fileEnd (n) {
  const end = Buffer.concat([Buffer.alloc(9), Buffer.from('OHCNEND\n')])
  end.writeBigUInt64BE(BigInt(n), 1)
  return end
}
