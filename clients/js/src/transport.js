/** Sends requests: headers, retries with backoff, and the timeout that covers them all. */

import { ApiConnectionError, ApiError, ApiTimeoutError, errorFromResponse } from './errors.js'
import { etag, remember } from './etag.js'
import { VERSION } from './version.js'

const DEFAULT_BASE_URL = 'https://api.protocol.chat'
const VISIBLE_ASCII = /^[\x21-\x7e]+$/
// 502 and 504 come from proxies, for example while the server behind them restarts.
const RETRYABLE_STATUSES = new Set([429, 502, 503, 504])
const INITIAL_BACKOFF_MS = 250
const MAX_BACKOFF_MS = 8000
// The longest delay that setTimeout supports.
const MAX_TIMER_MS = 2 ** 31 - 1

export class Transport {
  #token
  #baseUrl
  #timeout
  #maxRetries

  constructor(token, { baseUrl, timeout = 60_000, maxRetries = 3 } = {}) {
    // Checked here because fetch would quote an invalid header value, and so the token, in its error.
    if (typeof token !== 'string' || !VISIBLE_ASCII.test(token)) {
      throw new TypeError('The token must be a string of visible ASCII characters.')
    }
    if (!Number.isInteger(maxRetries) || maxRetries < 0) {
      throw new TypeError('`maxRetries` must be a non-negative integer.')
    }
    this.#token = token
    this.#baseUrl = resolveBaseUrl(baseUrl, token)
    this.#timeout = checkTimeout(timeout)
    this.#maxRetries = maxRetries
  }

  /** Resolves to the object in the response, or to undefined if the response is empty. */
  async call(method, path, { query, body, idempotencyKey, ifMatch, timeout = this.#timeout, signal } = {}) {
    const url = this.#baseUrl + path + queryString(query)
    const headers = this.#headers(body, idempotencyKey, ifMatch)
    const init = { method, headers, body: body && JSON.stringify(body), redirect: 'manual' }
    const deadline = new Deadline(checkTimeout(timeout), signal)
    try {
      return await this.#sendWithRetries(url, init, deadline, `${method} ${path}`)
    } finally {
      deadline.clear()
    }
  }

  #headers(body, idempotencyKey, ifMatch) {
    const headers = { accept: 'application/json', authorization: `Bearer ${this.#token}` }
    // Browsers set their own; a custom one would have to be allowed by a CORS preflight.
    if (typeof window === 'undefined') headers['user-agent'] = `protocol-api-js/${VERSION}`
    if (body !== undefined) headers['content-type'] = 'application/json'
    if (idempotencyKey !== undefined) headers['idempotency-key'] = checkIdempotencyKey(idempotencyKey)
    if (ifMatch !== undefined) headers['if-match'] = entityTag(ifMatch)
    return headers
  }

  async #sendWithRetries(url, init, deadline, name) {
    // The failure of an earlier attempt that may nevertheless have taken effect.
    let ambiguous = null
    for (let retries = 0; ; retries++) {
      const outcome = await attempt(url, init, deadline, name)
      if (outcome.status >= 200 && outcome.status < 300) return parseBody(outcome)
      const failure = outcome instanceof ApiError ? outcome : errorFromResponse(outcome)
      if (ambiguous !== null) {
        // The object is gone, as requested: the earlier attempt deleted it, or another caller did.
        if (init.method === 'DELETE' && failure.status === 404) return undefined
        // The earlier attempt may itself have changed the ETag, so this need not be a conflict with another caller.
        if (init.method !== 'DELETE' && failure.status === 412) throw ambiguous
      }
      const delay = backoff(retries, failure)
      if (!isRetryable(failure) || retries >= this.#maxRetries || delay >= deadline.remaining()) throw failure
      // A request that was rate-limited had no effect.
      if (failure.status !== 429) ambiguous = failure
      await deadline.sleep(delay)
      deadline.check(name)
    }
  }
}

/**
 * One attempt: the complete response, or an ApiConnectionError. Throws once the deadline has passed or the caller has
 * aborted.
 */
async function attempt(url, init, deadline, name) {
  try {
    const response = await fetch(url, { ...init, signal: deadline.signal })
    return { status: response.status, headers: response.headers, text: await response.text() }
  } catch (cause) {
    deadline.check(name)
    const reason = cause.cause?.code ?? cause.cause?.message ?? cause.message
    return new ApiConnectionError(`${name}: the connection failed (${reason}).`, { cause })
  }
}

function parseBody({ status, headers, text }) {
  if (text === '') return undefined
  let object
  try {
    object = JSON.parse(text)
  } catch {
    const requestId = headers.get('x-request-id')
    throw new ApiError('The response is not JSON. Check that the base URL points to the API.', { status, requestId })
  }
  remember(object, headers.get('etag'))
  return object
}

function isRetryable(failure) {
  return failure instanceof ApiConnectionError || RETRYABLE_STATUSES.has(failure.status)
}

/** Milliseconds before the next attempt: exponential backoff with jitter, or `Retry-After` if that is longer. */
function backoff(retries, failure) {
  const delay = Math.min(MAX_BACKOFF_MS, INITIAL_BACKOFF_MS * 2 ** retries) * (0.5 + Math.random() / 2)
  return Math.max(delay, (failure.retryAfter ?? 0) * 1000)
}

/** The time limit of a call, retries included, combined with the caller's own signal. */
class Deadline {
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

  remaining() {
    return this.#end - performance.now()
  }

  check(name) {
    if (this.#caller?.aborted) throw this.#caller.reason
    if (this.signal.aborted) throw new ApiTimeoutError(`${name}: timed out before a complete response arrived.`)
  }

  /** Resolves after `delay` milliseconds, or at the deadline if that comes first. */
  sleep(delay) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delay)
      this.signal.addEventListener('abort', () => resolve(clearTimeout(timer)))
    })
  }

  clear() {
    clearTimeout(this.#timer)
    this.#caller?.removeEventListener('abort', this.#abort)
  }
}

function resolveBaseUrl(option, token) {
  const text = option ?? (globalThis.process?.env?.PROTOCOL_API_BASE_URL || defaultBaseUrl(token))
  const url = URL.canParse(text) ? new URL(text) : null
  const valid = url !== null && /^https?:$/.test(url.protocol) && !url.username && !url.password && !/[?#]/.test(text)
  if (!valid) {
    throw new TypeError('The base URL must be an http or https URL without credentials, query or fragment.')
  }
  return url.href.replace(/\/+$/, '')
}

function defaultBaseUrl(token) {
  // The default host has no use for such a token; sending it there would only disclose it.
  if (token.startsWith('groups_')) {
    throw new TypeError(
      'A token that begins with groups_ belongs to a groups-server: ' +
        'set the base URL (baseUrl or PROTOCOL_API_BASE_URL).',
    )
  }
  return DEFAULT_BASE_URL
}

function checkTimeout(timeout) {
  if (typeof timeout === 'number' && timeout > 0) return Math.min(timeout, MAX_TIMER_MS)
  throw new TypeError('`timeout` must be a positive number of milliseconds.')
}

function queryString(query = {}) {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null)
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`
}

function checkIdempotencyKey(key) {
  if (typeof key === 'string' && key.length <= 255 && VISIBLE_ASCII.test(key)) return key
  throw new TypeError('`idempotencyKey` must be 1 to 255 visible ASCII characters.')
}

function entityTag(ifMatch) {
  const tag = typeof ifMatch === 'string' ? ifMatch : etag(ifMatch)
  if (typeof tag === 'string' && /^[\x20-\x7e]+$/.test(tag)) return tag
  throw new TypeError('`ifMatch` must be an ETag, or an object returned by get, create, send or update.')
}
