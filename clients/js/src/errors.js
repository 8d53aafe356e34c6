/** Error classes, one for each way a caller may want to react. transport.js decides what is retried. */

/** The API rejected a request, or there was no response (`status` is then null). */
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
    /** Seconds to wait before trying again, from `Retry-After`. */
    this.retryAfter = retryAfter ?? null
  }

  get name() {
    return this.constructor.name
  }
}

/** 401: the token is missing, unknown, expired or revoked. */
export class AuthenticationError extends ApiError {}

/** 403: the token is read-only and cannot be used for this request. */
export class PermissionDeniedError extends ApiError {}

/** 404: the object does not exist. */
export class NotFoundError extends ApiError {}

/** 409 or 412: a unique value is already taken, or the object no longer matches `ifMatch`. */
export class ConflictError extends ApiError {}

/** Any other 4xx: the request is invalid; see the message and `param`. */
export class ValidationError extends ApiError {}

/** 429: too many requests. */
export class RateLimitError extends ApiError {}

/** 5xx: the server failed. A write may or may not have taken effect. */
export class ServerError extends ApiError {}

/** The server could not be reached, or the connection was lost. A write may or may not have taken effect. */
export class ApiConnectionError extends ApiError {}

/** No complete response arrived before the timeout. A write may or may not have taken effect. */
export class ApiTimeoutError extends ApiConnectionError {}

/** The error for a response. The body need not be JSON: a proxy may have written it. */
export function errorFromResponse({ status, headers, text }) {
  const body = parseObject(text)
  const ErrorClass = classForStatus(status)
  return new ErrorClass(typeof body.message === 'string' ? body.message : `The server returned status ${status}.`, {
    status,
    type: body.type,
    code: body.code,
    param: body.param,
    requestId: body.request_id ?? headers.get('x-request-id'),
    documentationUrl: body.documentation_url,
    retryAfter: parseRetryAfter(headers.get('retry-after')),
  })
}

function classForStatus(status) {
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
  // Below 400 it is a redirect. Redirects are not followed: the token must not reach another host.
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

/** `Retry-After`, which is a number of seconds or a date, in seconds. */
function parseRetryAfter(header) {
  if (header === null) return null
  if (/^\d+$/.test(header)) return Number(header)
  const date = Date.parse(header)
  return Number.isNaN(date) ? null : Math.max(0, (date - Date.now()) / 1000)
}
