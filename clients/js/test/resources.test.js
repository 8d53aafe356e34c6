import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { inspect } from 'node:util'

import ApiClient, { ConflictError, etag } from '@example/protocol-api'
import { TOKEN, client, closedPort, proxyReport, uniqueWord, viaProxy } from './support.js'

test('groups can be created, retrieved, updated, listed and deleted', async () => {
  const name = uniqueWord()
  const group = await client.groups.create({ name, contacts: [{ username: uniqueWord() }] })
  assert.equal(group.name, name)
  assert.equal(group.contacts.length, 1)
  assert.deepEqual(await client.groups.get(group.id), group)
  const changed = await client.groups.update(group.id, { description: 'Ours.', archived_at: 1700000000, contacts: [] })
  assert.deepEqual(changed, { ...group, description: 'Ours.', archived_at: 1700000000, contacts: [] })
  assert.deepEqual((await client.groups.list({ query: name, archived: true })).data, [changed])
  assert.deepEqual((await client.groups.list({ query: name, archived: false })).data, [])
  assert.equal((await client.groups.update(group.id, { archived_at: null })).archived_at, null)
  assert.equal(await client.groups.delete(group.id), undefined)
})

test('a retrieved group can be sent back unchanged', async () => {
  const group = await client.groups.create({ name: uniqueWord(), contacts: [{ username: uniqueWord() }] })
  assert.deepEqual(await client.groups.update(group.id, group), group)
})

test('members can be added, listed and removed', async () => {
  const group = await client.groups.create({ name: uniqueWord() })
  const [first, second] = [
    await client.contacts.create({ username: uniqueWord() }),
    await client.contacts.create({ username: uniqueWord() }),
  ]
  assert.equal(await client.groups.contacts.add(group.id, first.id), undefined)
  await client.groups.contacts.add(group.id, second.id)
  assert.deepEqual((await client.groups.contacts.list(group.id)).data, [first, second])
  assert.deepEqual((await client.groups.list({ contact_id: first.id })).data.length, 1)
  assert.equal(await client.groups.contacts.remove(group.id, first.id), undefined)
  assert.deepEqual((await client.groups.contacts.list(group.id)).data, [second])
})

test('contacts can be created, retrieved, updated, listed and deleted', async () => {
  const username = uniqueWord()
  const contact = await client.contacts.create({ username, display_name: 'Kevin', phone_number: null })
  assert.deepEqual(await client.contacts.get(contact.id), contact)
  const changed = await client.contacts.update(contact.id, { phone_number: '1-800' })
  assert.deepEqual(changed, { ...contact, phone_number: '1-800' })
  assert.deepEqual((await client.contacts.list({ username })).data, [changed])
  assert.deepEqual((await client.contacts.list({ query: username })).data, [changed])
  await client.contacts.delete(contact.id)
  assert.deepEqual((await client.contacts.list({ username })).data, [])
})

test('conversations can be created, retrieved, updated, listed and deleted', async () => {
  const group = await client.groups.create({ name: uniqueWord() })
  const conversation = await client.conversations.get(group.conversation_id)
  const changed = await client.conversations.update(conversation.id, { is_pinned: true, last_opened_at: 1700000000 })
  assert.deepEqual(changed, { ...conversation, is_pinned: true, last_opened_at: 1700000000 })
  const filters = { group_id: group.id, pinned: true, muted: false, archived: false }
  assert.deepEqual((await client.conversations.list(filters)).data, [changed])
  await client.conversations.delete(conversation.id)
  const another = await client.conversations.create({ group_id: group.id })
  assert.equal(another.group_id, group.id)
  assert.notEqual(another.id, conversation.id)
})

test('messages can be sent, retrieved, updated, listed and deleted', async () => {
  const contact = await client.contacts.create({ username: uniqueWord() })
  const text = `${uniqueWord()} ünïcode 🙂`
  const params = { conversation_id: contact.conversation_id, contact_id: contact.id, message: text }
  const message = await client.messages.send(params)
  assert.equal(message.message, text)
  assert.equal(message.contact.id, contact.id)
  assert.deepEqual(await client.messages.get(message.id), message)
  const reactions = [{ red_angry_face: ['KateMcCallister'] }]
  assert.deepEqual((await client.messages.update(message.id, { reactions })).reactions, reactions)
  const found = await client.messages.list({ conversation_id: contact.conversation_id, query: text.split(' ')[0] })
  assert.deepEqual(
    found.data.map(({ id }) => id),
    [message.id],
  )
  await client.messages.delete(message.id)
  assert.deepEqual((await client.messages.list({ conversation_id: contact.conversation_id })).data, [])
})

test('unknown properties are preserved', async () => {
  const group = await viaProxy('more', 'more').groups.create({ name: uniqueWord() })
  assert.deepEqual(group.more, [1])
})

test('a write with ifMatch requires the object to be unchanged', async () => {
  const read = await client.groups.create({ name: uniqueWord() })
  assert.match(etag(read), /^".+"$/)
  const changed = await client.groups.update(read.id, { description: '1' }, { ifMatch: read })
  await assert.rejects(client.groups.update(read.id, { description: '2' }, { ifMatch: read }), ConflictError)
  await assert.rejects(client.groups.delete(read.id, { ifMatch: etag(read) }), { code: 'precondition_failed' })
  await client.groups.delete(read.id, { ifMatch: changed })
})

test('create with a custom idempotency key takes effect once', async () => {
  const [name, idempotencyKey] = [uniqueWord(), uniqueWord()]
  const first = await client.groups.create({ name }, { idempotencyKey })
  const repeated = await client.groups.create({ name }, { idempotencyKey })
  assert.deepEqual(repeated, first)
  await assert.rejects(client.groups.create({ name: 'Other' }, { idempotencyKey }), { code: 'idempotency_mismatch' })
})

test('each call has its own idempotency key, and the user agent names the client', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url)))
  const proxied = viaProxy('keys')
  await proxied.groups.create({ name: uniqueWord() })
  await proxied.groups.create({ name: uniqueWord() })
  const { requests } = await proxyReport('keys')
  assert.notEqual(requests[0].idempotency_key, requests[1].idempotency_key)
  assert.ok(requests[0].idempotency_key.length >= 32)
  assert.equal(requests[0].user_agent, `protocol-api-js/${version}`)
})

test('invalid arguments throw before a request is sent, without the token in the message', async () => {
  for (const token of ['', undefined, 'secret\r\nX: y']) {
    assert.throws(
      () => new ApiClient(token),
      (error) => error instanceof TypeError && !error.message.includes('secret'),
    )
  }
  for (const baseUrl of ['api.protocol.chat', 'ftp://a', 'https://user:pass@a', 'https://a?b', 'https://a#b', '']) {
    assert.throws(() => new ApiClient(TOKEN, { baseUrl }), TypeError, baseUrl)
  }
  for (const options of [{ timeout: 0 }, { timeout: '1' }, { maxRetries: -1 }]) {
    assert.throws(() => new ApiClient(TOKEN, options), TypeError)
  }
  for (const id of ['', '..', 'a/b', undefined]) assert.throws(() => client.groups.get(id), TypeError)
  await assert.rejects(client.groups.create({ name: 'a' }, { idempotencyKey: 'a b' }), TypeError)
  await assert.rejects(client.groups.update('a', {}, { ifMatch: { id: 'a' } }), TypeError)
})

test('a token that begins with groups_ needs a base URL; other tokens have a default', async (t) => {
  const url = process.env.PROTOCOL_API_BASE_URL
  t.after(() => (process.env.PROTOCOL_API_BASE_URL = url))
  const fetched = t.mock.method(globalThis, 'fetch', async () => new Response('{"data": []}'))
  const requested = async (token, options) => {
    await new ApiClient(token, options).groups.list()
    return fetched.mock.calls.at(-1).arguments[0]
  }
  const message =
    'A token that begins with groups_ belongs to a groups-server: set the base URL (baseUrl or PROTOCOL_API_BASE_URL).'
  const unset = [() => delete process.env.PROTOCOL_API_BASE_URL, () => (process.env.PROTOCOL_API_BASE_URL = '')]
  for (const unsetVariable of unset) {
    unsetVariable()
    for (const options of [undefined, {}, { baseUrl: undefined }]) {
      assert.throws(() => new ApiClient('groups_secret', options), { name: 'TypeError', message })
    }
    for (const token of ['secret', 'groups', 'a_groups_']) {
      assert.equal(await requested(token), 'https://api.protocol.chat/v1/groups')
    }
    assert.equal(await requested('groups_secret', { baseUrl: 'http://a' }), 'http://a/v1/groups')
  }
  process.env.PROTOCOL_API_BASE_URL = 'http://b'
  assert.equal(await requested('groups_secret'), 'http://b/v1/groups')
})

test('clients and errors do not expose the token', async () => {
  const error = await new ApiClient(TOKEN, { baseUrl: `http://127.0.0.1:${await closedPort()}`, maxRetries: 0 }).groups
    .list()
    .catch((e) => e)
  const notFound = await client.groups.get('nothing').catch((e) => e)
  for (const exposed of [client, client.groups, error, notFound]) {
    assert.ok(!inspect(exposed, { depth: 9, showHidden: true }).includes(TOKEN))
    assert.ok(!JSON.stringify(exposed).includes(TOKEN))
  }
})
