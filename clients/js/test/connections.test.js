import assert from 'node:assert/strict'
import { test } from 'node:test'

import { NotFoundError } from '@example/protocol-api'
import { proxyReport, uniqueWord, viaProxy } from './support.js'

test('consecutive calls reuse a connection', async () => {
  const name = uniqueWord()
  const proxied = viaProxy(name)
  const { id } = await proxied.groups.create({ name })
  for (let index = 0; index < 20; index++) await proxied.groups.get(id)
  await assert.rejects(proxied.groups.get('nothing'), NotFoundError)
  await proxied.groups.delete(id)
  const { connections, requests } = await proxyReport(name)
  assert.equal(requests.length, 23)
  // fetch may open a second connection before the first is available again.
  assert.ok(connections <= 2, `${connections} connections`)
})
