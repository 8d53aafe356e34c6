import assert from 'node:assert/strict'
import { before, test } from 'node:test'

import { client, proxied, report, word } from './site.js'

let conversation_id
// Newest first, as lists are.
const texts = Array.from({ length: 25 }, (_, index) => String(25 - index))

before(async () => {
  ;({ conversation_id } = await client.groups.create({ name: word() }))
  for (const message of texts.toReversed()) await client.messages.send({ conversation_id, message })
})

const textsOf = (page) => page.data.map(({ message }) => message)

test('a list is a page, from which the next is asked for', async () => {
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

test('a list iterates over all of its pages', async () => {
  const found = []
  for await (const { message } of proxied('paging').messages.list({ conversation_id })) found.push(message)
  assert.deepEqual(found, texts)
  assert.equal((await report('paging')).requests.length, 3)
})

test('a page iterates over itself and the pages after it', async () => {
  const second = await (await client.messages.list({ conversation_id })).nextPage()
  const found = []
  for await (const { message } of second) found.push(message)
  assert.deepEqual(found, texts.slice(10))
})

test('a list before an object goes on towards the newest', async () => {
  const { data } = await client.messages.list({ conversation_id, limit: 25 })
  const list = client.messages.list({ conversation_id, limit: 4, ending_before: data[9].id })
  assert.deepEqual(textsOf(await list), texts.slice(5, 9))
  const found = []
  for await (const { message } of list) found.push(message)
  assert.deepEqual(found, texts.slice(0, 9).toReversed())
})

test('a loop may delete what it is given', async () => {
  const { conversation_id } = await client.groups.create({ name: word() })
  for (let index = 0; index < 7; index++) await client.messages.send({ conversation_id, message: 'Away.' })
  for await (const { id } of client.messages.list({ conversation_id, limit: 3 })) await client.messages.delete(id)
  assert.deepEqual((await client.messages.list({ conversation_id })).data, [])
})

test('a list is asked for once, and only when it is wanted', async () => {
  const through = proxied('lazy')
  through.groups.list()
  const list = through.groups.list()
  assert.equal(await list, await list)
  assert.equal((await report('lazy')).requests.length, 1)
})

test('an empty list iterates over nothing', async () => {
  for await (const message of client.messages.list({ conversation_id, query: word() })) assert.fail(message.id)
})
