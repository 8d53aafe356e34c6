/** What callers catch: one class for each thing that they do about it. Whether to try again is for transport.js. */

/** The API refused a request, or there was no answer to it (`status` is null then). */
export class ApiError extends Error {
  /** @param {string} message */
  constructor(message, { status, type, code, param, requestId, documentationUrl, retryAfter, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.status = status ?? null
    this.type = type ?? null
    this.code = code ?? null
    this.param = param ?? null
    this.requestId = requestId ?? null
    this.documentationUrl = documentationUrl ?? null
    /** Seconds after which the server says that it is worth another try. */
    this.retryAfter = retryAfter ?? null
  }

  get name() {
    return this.constructor.name
  }
}

/** 401: the token is missing, unknown, expired or revoked. */
export class AuthenticationError extends ApiError {}

/** 403: the token may not do this; it is read-only. */
export class PermissionDeniedError extends ApiError {}

/** 404: there is no such object. */
export class NotFoundError extends ApiError {}

/** 409 and 412: a unique value is taken, or the object is no longer what `ifMatch` says. */
export class ConflictError extends ApiError {}

/** Any other 4xx: the request is wrong; `param` and the message say where. */
export class ValidationError extends ApiError {}

/** 429: too many requests. */
export class RateLimitError extends ApiError {}

/** 5xx: the server's fault. A write may or may not have happened. */
export class ServerError extends ApiError {}

/** The server was not reached, or the connection broke. A write may or may not have happened. */
export class ApiConnectionError extends ApiError {}

/** There was no whole answer within the timeout. A write may or may not have happened. */
export class ApiTimeoutError extends ApiConnectionError {}

/** The error that an answer tells, also where a proxy wrote it and it is no JSON. */
export function errorOf(status, headers, text) {
  const told = parseObject(text)
  const Kind = kindOf(status)
  return new Kind(typeof told.message === 'string' ? told.message : `The server answered with status ${status}.`, {
    status,
    type: told.type,
    code: told.code,
    param: told.param,
    requestId: told.request_id ?? headers.get('x-request-id'),
    documentationUrl: told.documentation_url,
    retryAfter: secondsOf(headers.get('retry-after')),
  })
}

function kindOf(status) {
  switch (status) {
    case 401:
      return AuthenticationError
    case 403:
      return PermissionDeniedError
    case 404:
      return NotFoundError
    case 409:
    case 412:
      return ConflictError
    case 429:
      return RateLimitError
  }
  if (status >= 500) return ServerError
  // What is neither is a redirect, which is not followed: the token is for this host alone.
  return status >= 400 ? ValidationError : ApiError
}

function parseObject(text) {
  try {
    const value = JSON.parse(text)
    return value !== null && typeof value === 'object' ? value : {}
  } catch {
    return {}
  }
}

/** `Retry-After` in seconds, which may also be a date. */
function secondsOf(header) {
  if (header === null) return null
  if (/^\d+$/.test(header)) return Number(header)
  const date = Date.parse(header)
  return Number.isNaN(date) ? null : Math.max(0, (date - Date.now()) / 1000)
}
