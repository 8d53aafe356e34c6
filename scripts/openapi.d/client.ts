// A program that uses the types openapi-typescript generates. It is type-checked, never run.
import createClient from 'openapi-fetch'
import type { components, paths } from './api.js'

const client = createClient<paths>({ baseUrl: 'http://127.0.0.1:8080', headers: { Authorization: 'Bearer token' } })

const created = await client.POST('/v1/groups', {
  params: { header: { 'Idempotency-Key': 'order-42' } },
  body: { name: 'Plaza Hotel', description: null, contacts: ['WAz8eIbvDR60rouK', { username: 'Hector' }] },
})
const group: components['schemas']['Group'] | undefined = created.data
if (group) {
  const names: string[] = group.contacts.map((contact) => contact.username)
  const archived: number | null = group.archived_at
  await client.PUT('/v1/groups/{id}', { params: { path: { id: group.id } }, body: { archived_at: archived, name: names[0] } })
}
if (created.error) {
  const code: components['schemas']['Error']['code'] = created.error.code
  const param: string | null = created.error.param
  console.error(code, param)
}

const page = await client.GET('/v1/messages', { params: { query: { limit: 10, query: 'nutritious' } } })
for (const message of page.data?.data ?? []) console.log(message.contact?.username ?? 'you', message.message, message.reactions)

// @ts-expect-error: missing name
await client.POST('/v1/groups', { body: { description: 'World-renowned.' } })
// @ts-expect-error: groups have no such filter
await client.GET('/v1/groups', { params: { query: { muted: true } } })
// @ts-expect-error: unknown path
await client.GET('/v1/group')
