import assert from 'node:assert/strict'
import { before, test } from 'node:test'

import { client, proxyReport, uniqueWord, viaProxy } from './support.js'

let conversation_id
// Newest first, like every list.
const texts = Array.from({ length: 25 }, (_, index) => String(25 - index))

before(async () => {
  ;({ conversation_id } = await client.groups.create({ name: uniqueWord() }))
  for (const message of texts.toReversed()) await client.messages.send({ conversation_id, message })
})

const textsOf = (page) => page.data.map(({ message }) => message)

test('a list resolves to a page, which requests the next one', async () => {
  const first = await client.messages.list({ conversation_id })
  assert.deepEqual(textsOf(first), texts.slice(0, 10))
  assert.equal(first.has_more, true)
  const second = await first.nextPage()
  assert.deepEqual(textsOf(second), texts.slice(10, 20))
  const third = await second.nextPage()
  assert.deepEqual(textsOf(third), texts.slice(20))
  assert.equal(third.has_more, false)
  assert.equal(await third.nextPage(), null)
})

test('a list iterates over all pages', async () => {
  const found = []
  for await (const { message } of viaProxy('paging').messages.list({ conversation_id })) found.push(message)
  assert.deepEqual(found, texts)
  assert.equal((await proxyReport('paging')).requests.length, 3)
})

test('a page iterates over itself and the pages that follow', async () => {
  const second = await (await client.messages.list({ conversation_id })).nextPage()
  const found = []
  for await (const { message } of second) found.push(message)
  assert.deepEqual(found, texts.slice(10))
})

test('a list with ending_before continues toward the newest object', async () => {
  const { data } = await client.messages.list({ conversation_id, limit: 25 })
  const list = client.messages.list({ conversation_id, limit: 4, ending_before: data[9].id })
  assert.deepEqual(textsOf(await list), texts.slice(5, 9))
  const found = []
  for await (const { message } of list) found.push(message)
  assert.deepEqual(found, texts.slice(0, 9).toReversed())
})

test('objects can be deleted while iterating', async () => {
  const { conversation_id } = await client.groups.create({ name: uniqueWord() })
  for (let index = 0; index < 7; index++) await client.messages.send({ conversation_id, message: 'Away.' })
  for await (const { id } of client.messages.list({ conversation_id, limit: 3 })) await client.messages.delete(id)
  assert.deepEqual((await client.messages.list({ conversation_id })).data, [])
})

test('a list is requested lazily and only once', async () => {
  const proxied = viaProxy('lazy')
  proxied.groups.list()
  const list = proxied.groups.list()
  assert.equal(await list, await list)
  assert.equal((await proxyReport('lazy')).requests.length, 1)
})

test('an empty list yields nothing', async () => {
  for await (const message of client.messages.list({ conversation_id, query: uniqueWord() })) assert.fail(message.id)
})
