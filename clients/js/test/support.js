/**
 * Shared by the tests. They run against a server, directly or through a proxy that injects the faults named in its URL
 * (tests/clients/proxy.rs).
 */

import { createServer } from 'node:net'

import ApiClient from '@example/protocol-api'

const { PROTOCOL_API_TOKEN: token, PROTOCOL_API_PROXY: proxy, PROTOCOL_API_READ_ONLY_TOKEN: readOnly } = process.env

export const TOKEN = token
export const READ_ONLY_TOKEN = readOnly
export const client = new ApiClient(TOKEN)

/** A client whose requests go through the proxy: its nth request meets the nth of the comma-separated faults. */
export function viaProxy(name, faults = 'pass', options) {
  return new ApiClient(TOKEN, { baseUrl: `${proxy}/${name}/${faults}`, ...options })
}

/** What the proxy received under a name: `connections` (a number) and `requests`. */
export async function proxyReport(name) {
  return (await fetch(`${proxy}/report/${name}`)).json()
}

/** A word that no other call returns, for names and search terms. */
export function uniqueWord() {
  return `word${crypto.randomUUID().slice(0, 8)}`
}

/** A port on which nothing listens. */
export function closedPort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}
