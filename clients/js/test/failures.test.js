import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import ApiClient, * as api from '@example/protocol-api'
import { READ_ONLY_TOKEN, client, closedPort, proxied, report, word } from './site.js'

const failureOf = (promise) =>
  promise.then(
    () => assert.fail('It must fail.'),
    (error) => error,
  )
const countOf = async (name) => (await client.groups.list({ query: name })).data.length

const BREAKS = [
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
  test('each refusal is an error of its class, with what the API says', async () => {
    const username = word()
    await client.contacts.create({ username })
    const refusals = [
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
        () => proxied('limited', '429:1', { maxRetries: 0 }).groups.list(),
        api.RateLimitError,
        429,
        'rate_limited',
        null,
      ],
      [() => proxied('ill', '500').groups.list(), api.ServerError, 500, 'unavailable', null],
    ]
    for (const [call, Kind, status, code, param] of refusals) {
      const error = await failureOf(call())
      assert.equal(error.constructor, Kind, error.stack)
      assert.ok(error instanceof api.ApiError)
      assert.deepEqual([error.name, error.status, error.code, error.param], [Kind.name, status, code, param])
      assert.ok(error.message.length > 5 && error.requestId && error.documentationUrl && error.type)
    }
  })

  test('what a proxy answers without JSON is an error too', async () => {
    const error = await failureOf(proxied('proxy', '502', { maxRetries: 0 }).groups.list())
    assert.deepEqual([error.constructor, error.status, error.requestId], [api.ServerError, 502, 'of-the-proxy'])
    assert.match((await failureOf(proxied('html', 'html').groups.list())).message, /not JSON/)
    assert.equal((await failureOf(proxied('redirect', 'redirect').groups.list())).status, 302)
    assert.equal((await report('redirect')).requests.length, 1)
  })

  for (const steps of BREAKS) {
    test(`a create through ${steps} takes effect once`, async () => {
      const name = word()
      const made = await proxied(name, steps).groups.create({ name })
      assert.equal(made.name, name)
      assert.equal(await countOf(name), 1)
      const { requests } = await report(name)
      assert.equal(requests.length, steps.split(',').length + 1)
      assert.equal(new Set(requests.map((request) => request.idempotency_key)).size, 1)
    })
  }

  test('reads, changes and deletes are tried again', async () => {
    const name = word()
    const { id } = await client.groups.create({ name })
    assert.equal((await proxied(word(), 'cut_middle').groups.get(id)).id, id)
    assert.equal((await proxied(word(), 'cut_after').groups.update(id, { description: '1' })).description, '1')
    // The second try finds nothing: the first has deleted it.
    assert.equal(await proxied(word(), 'cut_after').groups.delete(id), undefined)
    assert.equal(await countOf(name), 0)
    await assert.rejects(proxied(word(), '429:0').groups.delete(id), api.NotFoundError)
  })

  test('a conditional write of which nobody knows whether it took effect is told as that', async () => {
    const group = await client.groups.create({ name: word() })
    const lost = proxied(word(), 'cut_after').groups.update(group.id, { description: '1' }, { ifMatch: group })
    assert.equal((await failureOf(lost)).constructor, api.ApiConnectionError)
    const now = await client.groups.get(group.id)
    const kept = await proxied(word(), 'cut_before').groups.update(group.id, { description: '2' }, { ifMatch: now })
    assert.equal(kept.description, '2')
  })

  test('what is wrong is not tried again', async () => {
    const name = word()
    await assert.rejects(proxied(name).groups.create({}), api.ValidationError)
    await assert.rejects(proxied(name, '500,500,500').groups.list(), api.ServerError)
    assert.equal((await report(name)).requests.length, 2)
  })

  test('tries are bounded', async () => {
    const name = word()
    const error = await failureOf(proxied(name, '503,503,503', { maxRetries: 1 }).groups.list())
    assert.deepEqual([error.constructor, error.status], [api.ServerError, 503])
    assert.equal((await report(name)).requests.length, 2)
    const refused = new ApiClient('a', {
      baseUrl: `http://127.0.0.1:${await closedPort()}`,
      maxRetries: 1,
    }).groups.list()
    assert.match((await failureOf(refused)).message, /GET \/v1\/groups: .*ECONNREFUSED/)
  })

  test('Retry-After is kept to, and not waited for where it is too long', async () => {
    const start = performance.now()
    await proxied(word(), '429:1').groups.list()
    assert.ok(performance.now() - start >= 1000)
    for (const step of ['503:90', '503:date']) {
      const name = word()
      const error = await failureOf(proxied(name, step).groups.list())
      assert.ok(error.retryAfter >= 90)
      assert.equal((await report(name)).requests.length, 1)
    }
    assert.ok(performance.now() - start < 30_000)
  })

  test('a call ends with its timeout, whatever takes the time', async () => {
    // The last has to come as far as its second try.
    for (const [steps, timeout] of [
      ['hang', 300],
      ['drip', 300],
      ['503:0,hang', 1200],
    ]) {
      const start = performance.now()
      const error = await failureOf(proxied(word(), steps, { timeout }).groups.list())
      assert.equal(error.constructor, api.ApiTimeoutError, steps)
      assert.ok(performance.now() - start < 10_000)
    }
    await assert.rejects(proxied(word(), 'hang').groups.list({}, { timeout: 200 }), api.ApiTimeoutError)
  })

  test('the caller can end a call', async () => {
    const reason = new Error('Enough.')
    const controller = new AbortController()
    setTimeout(() => controller.abort(reason), 100)
    const start = performance.now()
    const hanging = proxied(word(), 'hang', { timeout: 10_000 })
    assert.equal(await failureOf(hanging.groups.list({}, { signal: controller.signal })), reason)
    assert.ok(performance.now() - start < 5000)
    assert.equal(await failureOf(client.groups.get('a', { signal: controller.signal })), reason)
  })
})
