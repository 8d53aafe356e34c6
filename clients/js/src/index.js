/** Client for the Protocol API. Types are in index.d.ts. */

import { Contacts, Conversations, Groups, Messages } from './resources.js'
import { Transport } from './transport.js'

export default class ApiClient {
  constructor(token, options) {
    const transport = new Transport(token, options)
    this.groups = new Groups(transport)
    this.contacts = new Contacts(transport)
    this.conversations = new Conversations(transport)
    this.messages = new Messages(transport)
  }
}

export { ApiClient }
export { etag } from './etag.js'
export { Page } from './page.js'
export {
  ApiConnectionError,
  ApiError,
  ApiTimeoutError,
  AuthenticationError,
  ConflictError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  ServerError,
  ValidationError,
} from './errors.js'
