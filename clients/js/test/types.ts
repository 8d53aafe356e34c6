/** Typical calling code. It is type-checked, never run; lines that must not compile say so. */

import ApiClient, { ApiError, Page, RateLimitError, etag } from '@example/protocol-api'
import type { Contact, Group, Message } from '@example/protocol-api'

const client = new ApiClient('token', { baseUrl: 'https://a', timeout: 1000, maxRetries: 0 })

export async function accepted(signal: AbortSignal): Promise<void> {
  const page: Page<Group> = await client.groups.list()
  const more: boolean = page.has_more
  const next: Page<Group> | null = await page.nextPage()
  for await (const group of client.groups.list({ archived: false, limit: 100 }, { signal })) {
    const members: readonly Contact[] = group.contacts
    await client.groups.update(
      group.id,
      { contacts: [...members, { username: 'Hector' }, 'an id'] },
      { ifMatch: group },
    )
  }
  for await (const contact of page.data[0]?.contacts ?? []) contact.username.length
  const [first, second] = await Promise.all([client.groups.list(), client.contacts.list({ username: 'Hector' })])
  const message: Message = await client.messages.send(
    { conversation_id: first.data[0]?.conversation_id ?? '', message: second.data[0]?.username ?? '' },
    { idempotencyKey: 'mine' },
  )
  await client.messages.update(message.id, { reactions: [{ red_angry_face: ['Kate'] }], read_at: null })
  await client.conversations.create({ group_id: 'an id' })
  await client.groups.contacts.add('an id', 'another', { ifMatch: etag(message) ?? '*' })
  const nothing: void = await client.groups.delete('an id')
  const group: Group = await client.groups.get('an id')
  await client.groups.update(group.id, group)
  try {
    await client.groups.list().catch(() => null)
  } catch (error) {
    if (error instanceof RateLimitError) error.retryAfter?.toFixed()
    else if (error instanceof ApiError)
      [error.status, error.code?.length, error.param, error.requestId, nothing, more, next]
  }
}

export async function rejected(): Promise<void> {
  // @ts-expect-error: missing token
  new ApiClient()
  // @ts-expect-error: missing name
  await client.groups.create({ description: 'a' })
  // @ts-expect-error: unknown property
  await client.groups.create({ nmae: 'a' })
  // @ts-expect-error: not a number
  await client.groups.list({ limit: '10' })
  // @ts-expect-error: messages are sent, not created
  await client.messages.create({ conversation_id: 'a', message: 'b' })
  // @ts-expect-error: returned objects are read-only
  ;(await client.groups.get('a')).name = 'b'
  // @ts-expect-error: exactly one of the two is allowed
  await client.conversations.create({ contact_id: 'a', group_id: 'b' })
}
