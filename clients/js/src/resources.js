/** The API's resources, with one method per request. */

import { List, Page } from './page.js'

class Resource {
  #transport
  #path

  constructor(transport, path) {
    this.#transport = transport
    this.#path = path
  }

  list(params, options) {
    return listFrom(this.#transport, this.#path, params, options)
  }

  get(id, options) {
    return this.#transport.call('GET', this.#pathOf(id), { ...options })
  }

  update(id, changes, options) {
    return this.#transport.call('PUT', this.#pathOf(id), { ...options, body: { ...changes } })
  }

  delete(id, options) {
    return this.#transport.call('DELETE', this.#pathOf(id), { ...options })
  }

  /** @protected */
  post(params, options) {
    // All attempts of a call share one key, so that the request takes effect once.
    const idempotencyKey = options?.idempotencyKey ?? randomKey()
    return this.#transport.call('POST', this.#path, { ...options, body: { ...params }, idempotencyKey })
  }

  #pathOf(id) {
    return `${this.#path}/${checkId(id)}`
  }
}

class CreatableResource extends Resource {
  create(params, options) {
    return this.post(params, options)
  }
}

export class Groups extends CreatableResource {
  constructor(transport) {
    super(transport, '/v1/groups')
    this.contacts = new Members(transport)
  }
}

export class Contacts extends CreatableResource {
  constructor(transport) {
    super(transport, '/v1/contacts')
  }
}

export class Conversations extends CreatableResource {
  constructor(transport) {
    super(transport, '/v1/conversations')
  }
}

export class Messages extends Resource {
  constructor(transport) {
    super(transport, '/v1/messages')
  }

  send(params, options) {
    return this.post(params, options)
  }
}

/** The members of a group. */
class Members {
  #transport

  constructor(transport) {
    this.#transport = transport
  }

  list(groupId, params, options) {
    return listFrom(this.#transport, `/v1/groups/${checkId(groupId)}/contacts`, params, options)
  }

  add(groupId, contactId, options) {
    return this.#transport.call('PUT', memberPath(groupId, contactId), { ...options })
  }

  remove(groupId, contactId, options) {
    return this.#transport.call('DELETE', memberPath(groupId, contactId), { ...options })
  }
}

function memberPath(groupId, contactId) {
  return `/v1/groups/${checkId(groupId)}/contacts/${checkId(contactId)}`
}

function listFrom(transport, path, params, options) {
  const backwards = (params?.ending_before ?? null) !== null
  const cursor = backwards ? 'ending_before' : 'starting_after'
  const fetchPage = async (query) =>
    new Page(await transport.call('GET', path, { ...options, query }), backwards, (id) =>
      fetchPage({ ...query, [cursor]: id }),
    )
  return new List(() => fetchPage({ ...params }))
}

/** Ids become part of the path, where an empty one would address the list. */
function checkId(id) {
  if (typeof id === 'string' && /^[\w-]+$/.test(id)) return id
  throw new TypeError(`An id must be a string of letters and digits, not ${JSON.stringify(id)}.`)
}

function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
