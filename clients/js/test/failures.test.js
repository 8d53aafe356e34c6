import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import ApiClient, * as api from '@example/protocol-api'
import { READ_ONLY_TOKEN, client, closedPort, proxyReport, uniqueWord, viaProxy } from './support.js'

const rejectionOf = (promise) =>
  promise.then(
    () => assert.fail('The call should have failed.'),
    (error) => error,
  )
const countOf = async (name) => (await client.groups.list({ query: name })).data.length

const FAULTS = [
  'cut_before',
  'cut_after',
  'cut_middle',
  '502',
  '503',
  '503:0',
  '429',
  '503,cut_after',
  'cut_after,cut_middle',
]

describe('failures', { concurrency: true }, () => {
  test('each error response throws its error class with details from the API', async () => {
    const username = uniqueWord()
    await client.contacts.create({ username })
    const rejections = [
      [() => new ApiClient('nobody').groups.list(), api.AuthenticationError, 401, 'unauthorized', null],
      [
        () => new ApiClient(READ_ONLY_TOKEN).groups.create({ name: 'a' }),
        api.PermissionDeniedError,
        403,
        'forbidden',
        null,
      ],
      [() => client.groups.get('nothing'), api.NotFoundError, 404, 'not_found', null],
      [() => client.contacts.create({ username }), api.ConflictError, 409, 'conflict', 'username'],
      [() => client.groups.create({}), api.ValidationError, 400, 'parameter_missing', 'name'],
      [() => client.groups.list({ limit: 0 }), api.ValidationError, 400, 'parameter_invalid', 'limit'],
      [
        () => client.groups.create({ name: 'a', description: 'a'.repeat(2 ** 20) }),
        api.ValidationError,
        413,
        'body_too_large',
        null,
      ],
      [
        () => viaProxy('limited', '429:1', { maxRetries: 0 }).groups.list(),
        api.RateLimitError,
        429,
        'rate_limited',
        null,
      ],
      [() => viaProxy('failing', '500').groups.list(), api.ServerError, 500, 'unavailable', null],
    ]
    for (const [call, ErrorClass, status, code, param] of rejections) {
      const error = await rejectionOf(call())
      assert.equal(error.constructor, ErrorClass, error.stack)
      assert.ok(error instanceof api.ApiError)
      assert.deepEqual([error.name, error.status, error.code, error.param], [ErrorClass.name, status, code, param])
      assert.ok(error.message.length > 5 && error.requestId && error.documentationUrl && error.type)
    }
  })

  test('a response without JSON throws an error', async () => {
    const error = await rejectionOf(viaProxy('proxy', '502', { maxRetries: 0 }).groups.list())
    assert.deepEqual([error.constructor, error.status, error.requestId], [api.ServerError, 502, 'of-the-proxy'])
    assert.match((await rejectionOf(viaProxy('html', 'html').groups.list())).message, /not JSON/)
    assert.equal((await rejectionOf(viaProxy('redirect', 'redirect').groups.list())).status, 302)
    assert.equal((await proxyReport('redirect')).requests.length, 1)
  })

  for (const faults of FAULTS) {
    test(`create takes effect once despite ${faults}`, async () => {
      const name = uniqueWord()
      const group = await viaProxy(name, faults).groups.create({ name })
      assert.equal(group.name, name)
      assert.equal(await countOf(name), 1)
      const { requests } = await proxyReport(name)
      assert.equal(requests.length, faults.split(',').length + 1)
      assert.equal(new Set(requests.map((request) => request.idempotency_key)).size, 1)
    })
  }

  test('get, update and delete are retried', async () => {
    const name = uniqueWord()
    const { id } = await client.groups.create({ name })
    assert.equal((await viaProxy(uniqueWord(), 'cut_middle').groups.get(id)).id, id)
    assert.equal((await viaProxy(uniqueWord(), 'cut_after').groups.update(id, { description: '1' })).description, '1')
    // The retry gets 404 because the first attempt deleted the group.
    assert.equal(await viaProxy(uniqueWord(), 'cut_after').groups.delete(id), undefined)
    assert.equal(await countOf(name), 0)
    await assert.rejects(viaProxy(uniqueWord(), '429:0').groups.delete(id), api.NotFoundError)
  })

  test('a conditional write whose outcome is unknown throws the original error', async () => {
    const group = await client.groups.create({ name: uniqueWord() })
    const interrupted = viaProxy(uniqueWord(), 'cut_after')
    const update = interrupted.groups.update(group.id, { description: '1' }, { ifMatch: group })
    assert.equal((await rejectionOf(update)).constructor, api.ApiConnectionError)
    const current = await client.groups.get(group.id)
    const retried = viaProxy(uniqueWord(), 'cut_before')
    const updated = await retried.groups.update(group.id, { description: '2' }, { ifMatch: current })
    assert.equal(updated.description, '2')
  })

  test('errors that a retry cannot fix are not retried', async () => {
    const name = uniqueWord()
    await assert.rejects(viaProxy(name).groups.create({}), api.ValidationError)
    await assert.rejects(viaProxy(name, '500,500,500').groups.list(), api.ServerError)
    assert.equal((await proxyReport(name)).requests.length, 2)
  })

  test('retries are limited', async () => {
    const name = uniqueWord()
    const error = await rejectionOf(viaProxy(name, '503,503,503', { maxRetries: 1 }).groups.list())
    assert.deepEqual([error.constructor, error.status], [api.ServerError, 503])
    assert.equal((await proxyReport(name)).requests.length, 2)
    const unreachable = new ApiClient('a', {
      baseUrl: `http://127.0.0.1:${await closedPort()}`,
      maxRetries: 1,
    }).groups.list()
    assert.match((await rejectionOf(unreachable)).message, /GET \/v1\/groups: .*ECONNREFUSED/)
  })

  test('Retry-After is honored unless it exceeds the timeout', async () => {
    const start = performance.now()
    await viaProxy(uniqueWord(), '429:1').groups.list()
    assert.ok(performance.now() - start >= 1000)
    for (const fault of ['503:90', '503:date']) {
      const name = uniqueWord()
      const error = await rejectionOf(viaProxy(name, fault).groups.list())
      assert.ok(error.retryAfter >= 90)
      assert.equal((await proxyReport(name)).requests.length, 1)
    }
    assert.ok(performance.now() - start < 30_000)
  })

  test('a call ends at its timeout, whatever the delay', async () => {
    // The last one must reach its second attempt.
    for (const [faults, timeout] of [
      ['hang', 300],
      ['drip', 300],
      ['503:0,hang', 1200],
    ]) {
      const start = performance.now()
      const error = await rejectionOf(viaProxy(uniqueWord(), faults, { timeout }).groups.list())
      assert.equal(error.constructor, api.ApiTimeoutError, faults)
      assert.ok(performance.now() - start < 10_000)
    }
    await assert.rejects(viaProxy(uniqueWord(), 'hang').groups.list({}, { timeout: 200 }), api.ApiTimeoutError)
  })

  test('the caller can abort a call', async () => {
    const reason = new Error('Aborted by the caller.')
    const controller = new AbortController()
    setTimeout(() => controller.abort(reason), 100)
    const start = performance.now()
    const hanging = viaProxy(uniqueWord(), 'hang', { timeout: 10_000 })
    assert.equal(await rejectionOf(hanging.groups.list({}, { signal: controller.signal })), reason)
    assert.ok(performance.now() - start < 5000)
    assert.equal(await rejectionOf(client.groups.get('a', { signal: controller.signal })), reason)
  })
})
