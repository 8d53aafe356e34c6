/** The API's resources, each request a method. */

import { List, Page } from './page.js'

class Resource {
  #transport
  #path

  constructor(transport, path) {
    this.#transport = transport
    this.#path = path
  }

  list(params, options) {
    return listOf(this.#transport, this.#path, params, options)
  }

  get(id, options) {
    return this.#transport.call('GET', this.#at(id), { ...options })
  }

  update(id, changes, options) {
    return this.#transport.call('PUT', this.#at(id), { ...options, body: { ...changes } })
  }

  delete(id, options) {
    return this.#transport.call('DELETE', this.#at(id), { ...options })
  }

  /** @protected */
  make(params, options) {
    // One key a call: all tries of a call have the same, so that it takes effect once.
    const idempotencyKey = options?.idempotencyKey ?? randomKey()
    return this.#transport.call('POST', this.#path, { ...options, body: { ...params }, idempotencyKey })
  }

  #at(id) {
    return `${this.#path}/${checkedId(id)}`
  }
}

class Made extends Resource {
  create(params, options) {
    return this.make(params, options)
  }
}

export class Groups extends Made {
  constructor(transport) {
    super(transport, '/v1/groups')
    this.contacts = new Members(transport)
  }
}

export class Contacts extends Made {
  constructor(transport) {
    super(transport, '/v1/contacts')
  }
}

export class Conversations extends Made {
  constructor(transport) {
    super(transport, '/v1/conversations')
  }
}

export class Messages extends Resource {
  constructor(transport) {
    super(transport, '/v1/messages')
  }

  send(params, options) {
    return this.make(params, options)
  }
}

/** The contacts that are members of a group. */
class Members {
  #transport

  constructor(transport) {
    this.#transport = transport
  }

  list(groupId, params, options) {
    return listOf(this.#transport, `/v1/groups/${checkedId(groupId)}/contacts`, params, options)
  }

  add(groupId, contactId, options) {
    return this.#transport.call('PUT', memberPath(groupId, contactId), { ...options })
  }

  remove(groupId, contactId, options) {
    return this.#transport.call('DELETE', memberPath(groupId, contactId), { ...options })
  }
}

function memberPath(groupId, contactId) {
  return `/v1/groups/${checkedId(groupId)}/contacts/${checkedId(contactId)}`
}

function listOf(transport, path, params, options) {
  const backwards = (params?.ending_before ?? null) !== null
  const cursor = backwards ? 'ending_before' : 'starting_after'
  const page = async (query) =>
    new Page(await transport.call('GET', path, { ...options, query }), backwards, (id) =>
      page({ ...query, [cursor]: id }),
    )
  return new List(() => page({ ...params }))
}

/** An id goes into the path: an empty one would name the list. */
function checkedId(id) {
  if (typeof id === 'string' && /^[\w-]+$/.test(id)) return id
  throw new TypeError(`An id must be a string of letters and digits, not ${JSON.stringify(id)}.`)
}

function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
