import assert from 'node:assert/strict'
import { test } from 'node:test'

import { NotFoundError } from '@example/protocol-api'
import { proxied, report, word } from './site.js'

test('calls one after the other share a connection', async () => {
  const name = word()
  const through = proxied(name)
  const { id } = await through.groups.create({ name })
  for (let index = 0; index < 20; index++) await through.groups.get(id)
  await assert.rejects(through.groups.get('nothing'), NotFoundError)
  await through.groups.delete(id)
  const { connections, requests } = await report(name)
  assert.equal(requests.length, 23)
  // fetch may open a second one before it knows that the first is free again.
  assert.ok(connections <= 2, `${connections} connections`)
})
