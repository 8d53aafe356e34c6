// A headless Chromium driven through the DevTools protocol over a pipe. Records a page's requests and errors.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const FLAGS = [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--remote-debugging-pipe',
]

/** Opens `url` in a window of this size and returns the page once it has loaded. */
export async function open(url, { width, height, dark = false } = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'))
  const program = process.env.CHROMIUM ?? 'chromium'
  const child = spawn(program, [...FLAGS, `--user-data-dir=${profile}`], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  })
  const browser = connect(child)
  const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: true })
  const send = (method, params) => browser.send(method, params, sessionId)
  const page = { errors: [], requests: [], send }
  browser.listen((method, params) => {
    if (method === 'Network.requestWillBeSent') page.requests.push(params.request.url)
    if (method === 'Runtime.exceptionThrown') page.errors.push(params.exceptionDetails.text)
    if (method === 'Log.entryAdded' && params.entry.level === 'error') page.errors.push(params.entry.text)
    if (method === 'Runtime.consoleAPICalled' && params.type === 'error') page.errors.push(JSON.stringify(params.args))
  })
  for (const domain of ['Page', 'Network', 'Runtime', 'Log']) await send(`${domain}.enable`)
  if (width) {
    await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 })
  }
  const scheme = { name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }
  await send('Emulation.setEmulatedMedia', { features: [scheme] })
  const loaded = browser.next('Page.loadEventFired')
  await send('Page.navigate', { url })
  await loaded

  /** Evaluates an expression in the page, awaits it there, and returns its value. */
  page.evaluate = async (expression) => {
    const { result, exceptionDetails } = await send('Runtime.evaluate', {
      expression, awaitPromise: true, returnByValue: true,
    })
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`)
    return result.value
  }
  /** Waits up to 10 seconds until an expression is true in the page. */
  page.until = async (expression) => {
    const deadline = Date.now() + 10_000
    while (!(await page.evaluate(expression))) {
      if (Date.now() > deadline) throw new Error(`this did not become true: ${expression}`)
    }
  }
  page.screenshot = async () => Buffer.from((await send('Page.captureScreenshot')).data, 'base64')
  page.close = async () => {
    const ended = new Promise((done) => child.once('exit', done))
    // Killing it would leave behind child processes that still write to the profile.
    await browser.send('Browser.close')
    await ended
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  }
  return page
}

/** Exchanges commands and events as NUL-terminated JSON on the child's descriptors 3 and 4. */
function connect(child) {
  const [writing, reading] = [child.stdio[3], child.stdio[4]]
  const pending = new Map()
  const listeners = []
  let last = 0
  let rest = ''
  reading.setEncoding('utf8')
  reading.on('data', (text) => {
    const messages = (rest + text).split('\0')
    rest = messages.pop()
    for (const message of messages.map((each) => JSON.parse(each))) {
      const call = pending.get(message.id)
      pending.delete(message.id)
      if (call && message.error) call.reject(new Error(message.error.message))
      else if (call) call.resolve(message.result)
      else for (const listener of [...listeners]) listener(message.method, message.params)
    }
  })
  const end = (error) => {
    for (const call of pending.values()) call.reject(error)
  }
  child.once('error', end)
  child.once('exit', () => end(new Error('Chromium exited')))
  return {
    send(method, params = {}, sessionId) {
      last += 1
      const id = last
      return new Promise((resolve, reject) => {
        pending.set(id, { resolve, reject })
        writing.write(JSON.stringify({ id, method, params, sessionId }) + '\0')
      })
    },
    listen: (listener) => listeners.push(listener),
    next: (wanted) => new Promise((resolve) => {
      const listener = (method) => {
        if (method !== wanted) return
        listeners.splice(listeners.indexOf(listener), 1)
        resolve()
      }
      listeners.push(listener)
    }),
  }
}
