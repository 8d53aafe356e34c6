/** Where the tests run: a server, and a proxy that does to requests what its path says (tests/clients/proxy.rs). */

import { createServer } from 'node:net'

import ApiClient from '@example/protocol-api'

const { PROTOCOL_API_TOKEN: token, PROTOCOL_API_PROXY: proxy, PROTOCOL_API_READ_ONLY_TOKEN: readOnly } = process.env

export const TOKEN = token
export const READ_ONLY_TOKEN = readOnly
export const client = new ApiClient(TOKEN)

/** A client whose first request under the name meets the first of the steps, and so on. */
export function proxied(name, steps = 'pass', options) {
  return new ApiClient(TOKEN, { baseUrl: `${proxy}/${name}/${steps}`, ...options })
}

/** What came to the proxy under the name: `connections`, `requests`. */
export async function report(name) {
  return (await fetch(`${proxy}/report/${name}`)).json()
}

/** Whoever calls it has a word of its own. */
export function word() {
  return `word${crypto.randomUUID().slice(0, 8)}`
}

/** A port on which nobody listens. */
export function closedPort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
