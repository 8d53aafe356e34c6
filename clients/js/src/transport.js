/** Sends a call: headers, tries and their pauses, the timeout over all of them. What is called is resources.js's. */

import { ApiConnectionError, ApiError, ApiTimeoutError, errorOf } from './errors.js'
import { etag, remember } from './etag.js'
import { VERSION } from './version.js'

const DEFAULT_BASE_URL = 'https://api.protocol.chat'
const VISIBLE_ASCII = /^[\x21-\x7e]+$/
// The answers that a later try may better, also those of a proxy whose server is starting anew.
const TRY_AGAIN = new Set([429, 502, 503, 504])
const FIRST_PAUSE = 250
const LONGEST_PAUSE = 8000
// setTimeout takes no more.
const LONGEST_TIMER = 2 ** 31 - 1

export class Transport {
  #token
  #baseUrl
  #timeout
  #maxRetries

  constructor(token, { baseUrl, timeout = 60_000, maxRetries = 3 } = {}) {
    // Checked here, as fetch would put a token that it cannot send into its error.
    if (typeof token !== 'string' || !VISIBLE_ASCII.test(token)) {
      throw new TypeError('The token must be a string of visible ASCII characters.')
    }
    if (!Number.isInteger(maxRetries) || maxRetries < 0) throw new TypeError('`maxRetries` must be 0 or more.')
    this.#token = token
    this.#baseUrl = baseUrlOf(baseUrl)
    this.#timeout = timeoutOf(timeout)
    this.#maxRetries = maxRetries
  }

  /** Answers with the object in the answer, or with undefined where there is none. */
  async call(method, path, { query, body, idempotencyKey, ifMatch, timeout = this.#timeout, signal } = {}) {
    const url = this.#baseUrl + path + queryOf(query)
    const headers = this.#headers(body, idempotencyKey, ifMatch)
    const init = { method, headers, body: body && JSON.stringify(body), redirect: 'manual' }
    const limit = new Limit(timeoutOf(timeout), signal)
    try {
      return await this.#tries(url, init, limit, `${method} ${path}`)
    } finally {
      limit.end()
    }
  }

  #headers(body, idempotencyKey, ifMatch) {
    const headers = { accept: 'application/json', authorization: `Bearer ${this.#token}` }
    // A browser has its own, and asks the server's leave for another.
    if (typeof window === 'undefined') headers['user-agent'] = `protocol-api-js/${VERSION}`
    if (body !== undefined) headers['content-type'] = 'application/json'
    if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKeyOf(idempotencyKey)
    if (ifMatch !== undefined) headers['if-match'] = ifMatchOf(ifMatch)
    return headers
  }

  async #tries(url, init, limit, name) {
    // The failure that left it unknown whether the request took effect.
    let unknown = null
    for (let retries = 0; ; retries++) {
      const answer = await attempt(url, init, limit, name)
      if (answer.status >= 200 && answer.status < 300) return objectOf(answer)
      const failure = answer instanceof ApiError ? answer : errorOf(answer.status, answer.headers, answer.text)
      if (unknown !== null) {
        // The earlier try did it, or another caller; the object is gone, as was asked.
        if (init.method === 'DELETE' && failure.status === 404) return undefined
        // The object may have changed by the earlier try: that somebody else changed it cannot be said.
        if (init.method !== 'DELETE' && failure.status === 412) throw unknown
      }
      const pause = pauseBefore(retries, failure)
      if (!mayTryAgain(failure) || retries >= this.#maxRetries || pause >= limit.left()) throw failure
      if (failure.status !== 429) unknown = failure
      await limit.sleep(pause)
      limit.check(name)
    }
  }
}

/** One try: the whole answer, or an ApiConnectionError. Where time is up, or the caller's signal says so, it throws. */
async function attempt(url, init, limit, name) {
  try {
    const response = await fetch(url, { ...init, signal: limit.signal })
    return { status: response.status, headers: response.headers, text: await response.text() }
  } catch (cause) {
    limit.check(name)
    const reason = cause.cause?.code ?? cause.cause?.message ?? cause.message
    return new ApiConnectionError(`${name}: the connection failed (${reason}).`, { cause })
  }
}

function objectOf({ status, headers, text }) {
  if (text === '') return undefined
  let object
  try {
    object = JSON.parse(text)
  } catch {
    const requestId = headers.get('x-request-id')
    throw new ApiError('The answer is not JSON. Is the base URL that of the API?', { status, requestId })
  }
  remember(object, headers.get('etag'))
  return object
}

function mayTryAgain(failure) {
  return failure instanceof ApiConnectionError || TRY_AGAIN.has(failure.status)
}

/** Milliseconds: twice as long each time, shortened by chance so that clients do not come back all at once. */
function pauseBefore(retries, failure) {
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** retries) * (0.5 + Math.random() / 2)
  return Math.max(pause, (failure.retryAfter ?? 0) * 1000)
}

/** The time that a call has for all its tries, and the caller's own signal. */
class Limit {
  #controller = new AbortController()
  #caller
  #end
  #timer
  #abort = () => this.#controller.abort()

  constructor(timeout, caller) {
    this.#end = performance.now() + timeout
    this.#timer = setTimeout(this.#abort, timeout)
    this.#caller = caller
    if (caller?.aborted) this.#abort()
    caller?.addEventListener('abort', this.#abort)
  }

  get signal() {
    return this.#controller.signal
  }

  left() {
    return this.#end - performance.now()
  }

  check(name) {
    if (this.#caller?.aborted) throw this.#caller.reason
    if (this.signal.aborted) throw new ApiTimeoutError(`${name}: there was no whole answer in time.`)
  }

  /** Waits, at most until the limit. */
  sleep(pause) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pause)
      this.signal.addEventListener('abort', () => resolve(clearTimeout(timer)))
    })
  }

  end() {
    clearTimeout(this.#timer)
    this.#caller?.removeEventListener('abort', this.#abort)
  }
}

function baseUrlOf(option) {
  const text = option ?? (globalThis.process?.env?.PROTOCOL_API_BASE_URL || DEFAULT_BASE_URL)
  const url = URL.canParse(text) ? new URL(text) : null
  const fits = url !== null && /^https?:$/.test(url.protocol) && !url.username && !url.password && !/[?#]/.test(text)
  if (!fits) {
    throw new TypeError('The base URL must be an http or https URL without user, query and fragment.')
  }
  return url.href.replace(/\/+$/, '')
}

function timeoutOf(timeout) {
  if (typeof timeout === 'number' && timeout > 0) return Math.min(timeout, LONGEST_TIMER)
  throw new TypeError('`timeout` must be a number of milliseconds above 0.')
}

function queryOf(query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null)
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`
}

function idempotencyKeyOf(key) {
  if (typeof key === 'string' && key.length <= 255 && VISIBLE_ASCII.test(key)) return key
  throw new TypeError('`idempotencyKey` must be 1 to 255 visible ASCII characters.')
}

function ifMatchOf(given) {
  const tag = typeof given === 'string' ? given : etag(given)
  if (typeof tag === 'string' && /^[\x20-\x7e]+$/.test(tag)) return tag
  throw new TypeError('`ifMatch` must be an ETag or an object that get, create, send or update answered.')
}
