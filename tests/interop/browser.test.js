// A browser as a peer: js-libp2p bundled as any web page would, in headless
// Chromium, over WebSocket. Left out where there is no Chromium; the tests
// install none.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { build } from 'esbuild'
import { OurPeer, until } from './peers.js'

const BUILD = process.env.OHCN_BUILD

function findBrowser () {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
    } catch {}
  }
  return null
}

const browser = findBrowser()
if (browser === null) console.log('SKIP interop/browser: no chromium here (apt-get install chromium)')

/** Serves the page, its task, and takes its reports. */
async function serve (task) {
  const bundle = await build({
    entryPoints: [new URL('browser.entry.js', import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent'
  })
  const site = { reports: [] }
  site.server = http.createServer((request, answer) => {
    if (request.url === '/report') {
      let body = ''
      request.on('data', d => { body += d })
      request.on('end', () => { site.reports.push(JSON.parse(body)); answer.end() })
    } else if (request.url === '/task') {
      answer.end(JSON.stringify(task))
    } else if (request.url === '/page.js') {
      answer.setHeader('content-type', 'text/javascript')
      answer.end(bundle.outputFiles[0].text)
    } else {
      answer.setHeader('content-type', 'text/html')
      answer.end('<!doctype html><title>peer</title><script type="module" src="/page.js"></script>')
    }
  })
  await new Promise(resolve => site.server.listen(0, '127.0.0.1', resolve))
  site.url = `http://127.0.0.1:${site.server.address().port}/`
  return site
}

/**
 * Its helper processes may still write there while they end. What stays
 * behind after that is told and no failure: it says nothing of our peer.
 */
async function discard (directory) {
  for (let tries = 50; ; tries--) {
    try {
      return rmSync(directory, { recursive: true, force: true })
    } catch (error) {
      if (tries === 0) return console.log(`left behind: ${error.message}`)
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }
}

describe('a browser', { skip: browser === null }, () => {
  it('joins by WebSocket: identify, ping, gossip both ways', async () => {
    const topic = '/ohcn/1/test-js/people/0'
    const our = await OurPeer.start(BUILD, ['ws'])
    assert.equal(await our.run(`subscribe ${topic}`), 'ok')
    const site = await serve({ address: our.address, topic })
    const profile = mkdtempSync(join(tmpdir(), 'ohcn-browser-'))
    const page = spawn(browser, ['--headless=new', '--no-sandbox', '--disable-gpu',
      '--disable-dev-shm-usage', `--user-data-dir=${profile}`, '--no-first-run',
      '--remote-debugging-port=0', site.url], { stdio: 'ignore', detached: true })
    const gone = new Promise(resolve => page.on('exit', resolve))
    const told = async step => await until(`the browser tells: ${step}`, () => {
      const failed = site.reports.find(r => r.step === 'failed')
      if (failed) throw new Error(`${failed.why}\n${failed.stack}`)
      return site.reports.find(r => r.step === step)
    }, 60000)
    try {
      const { peer } = await told('started')
      const seen = await our.event(e => e.event === 'identified')
      assert.equal(seen.peer, peer)
      assert.match(seen.remote, /\/ws$/)
      assert.ok((await told('ping')).ms >= 0)
      await told('published')
      assert.equal((await our.event(e => e.data === 'b00b')).verdict, 'accept')
      assert.equal(await our.run(`publish ${topic} c0ffee`), 'ok')
      assert.deepEqual((await told('message')).data, [0xc0, 0xff, 0xee])
    } finally {
      process.kill(-page.pid, 'SIGKILL')
      await gone
      site.server.closeAllConnections()
      site.server.close()
      await discard(profile)
    }
    await our.event(e => e.event === 'down')
    assert.equal(await our.quit(), 0)
  })
})
