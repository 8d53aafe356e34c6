/** Types of the Protocol API client. Properties use the API's names; timestamps are UNIX seconds. */

export interface ClientOptions {
  /**
   * Base URL of the API, including the base path if there is one.
   * Default: the environment variable PROTOCOL_API_BASE_URL, or https://api.protocol.chat. A token that begins with
   * `groups_` is never sent to the latter: without a base URL, the constructor throws a TypeError.
   */
  baseUrl?: string
  /** Time limit of a call in milliseconds, including retries. Default: 60000. */
  timeout?: number
  /** Maximum number of retries per call. Default: 3. */
  maxRetries?: number
}

export interface CallOptions {
  /** Time limit of this call in milliseconds, including retries. */
  timeout?: number
  /** Cancels the call when aborted. */
  signal?: AbortSignal
}

export interface CreateOptions extends CallOptions {
  /** Your own idempotency key: all calls with the same key take effect once. Default: a random key per call. */
  idempotencyKey?: string
}

export interface WriteOptions extends CallOptions {
  /** Write only if the object still has this ETag: an object returned by an earlier call, or the ETag itself. */
  ifMatch?: object | string
}

export interface Contact {
  readonly id: string
  readonly username: string
  readonly phone_number: string | null
  readonly avatar_url: string | null
  readonly display_name: string | null
  readonly conversation_id: string | null
  readonly last_active_at: number | null
  readonly created_at: number
}

export interface Group {
  readonly id: string
  readonly name: string
  readonly description: string | null
  readonly avatar_url: string | null
  readonly conversation_id: string | null
  readonly contacts: readonly Contact[]
  readonly created_at: number
  readonly archived_at: number | null
}

export interface Conversation {
  readonly id: string
  readonly contact_id: string | null
  readonly group_id: string | null
  readonly pinned_message_id: string | null
  readonly is_pinned: boolean
  readonly is_muted: boolean
  readonly last_active_at: number | null
  readonly last_opened_at: number | null
  readonly created_at: number
  readonly archived_at: number | null
}

/** For example `{ red_angry_face: ['KateMcCallister'] }`. */
export type Reaction = Readonly<Record<string, readonly string[]>>

export interface Message {
  readonly id: string
  readonly conversation_id: string
  /** The sender, or null if the sender is you or a deleted contact. */
  readonly contact: Contact | null
  readonly message: string
  readonly reactions: readonly Reaction[]
  readonly read_at: number | null
  readonly created_at: number
  readonly updated_at: number | null
}

/**
 * A contact: its id, an object with its `id`, or an object with a `username`, which creates the contact if it does not
 * exist.
 */
export type ContactRef = string | { readonly id: string } | ContactCreate

export interface PageParams {
  /** Objects per page, 1 to 100. Default: 10. */
  limit?: number
  /** Return the page after the object with this id. */
  starting_after?: string
  /** Return the page just before the object with this id. Iteration then continues toward the newest object. */
  ending_before?: string
}

export interface GroupList extends PageParams {
  archived?: boolean
  /** Only groups with this member. */
  contact_id?: string
  /** Search terms, matched against name and description. */
  query?: string
}

export interface GroupCreate {
  name: string
  description?: string | null
  avatar_url?: string | null
  contacts?: readonly ContactRef[]
}

export interface GroupUpdate extends Partial<GroupCreate> {
  /** A timestamp archives the group; null restores it. */
  archived_at?: number | null
}

export interface ContactList extends PageParams {
  username?: string
  /** Search terms, matched against username, display_name and phone_number. */
  query?: string
}

export interface ContactCreate {
  readonly username: string
  readonly phone_number?: string | null
  readonly avatar_url?: string | null
  readonly display_name?: string | null
}

export type ContactUpdate = Partial<ContactCreate>

export interface ConversationList extends PageParams {
  archived?: boolean
  muted?: boolean
  pinned?: boolean
  group_id?: string
  contact_id?: string
}

/** Exactly one of contact and group. */
export type ConversationCreate = { contact_id: string; group_id?: null } | { group_id: string; contact_id?: null }

export interface ConversationUpdate {
  pinned_message_id?: string | null
  is_pinned?: boolean
  is_muted?: boolean
  last_opened_at?: number | null
  archived_at?: number | null
}

export interface MessageList extends PageParams {
  conversation_id?: string
  /** Search terms, matched against the message text. */
  query?: string
}

export interface MessageSend {
  conversation_id: string
  message: string
  /** The sender: a member of the group, or the conversation's contact. Default: you. */
  contact_id?: string | null
}

export interface MessageUpdate {
  message?: string
  reactions?: readonly Reaction[] | Reaction
  read_at?: number | null
}

/** One page of a list, newest object first. Iterating continues through the pages that follow. */
export declare class Page<T> implements AsyncIterable<T> {
  private constructor()
  readonly has_more: boolean
  readonly data: readonly T[]
  /** Requests the next page; null if this is the last one. */
  nextPage(): Promise<Page<T> | null>
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined>
}

/**
 * A list: `await` returns its first page, `for await` iterates over the objects of all pages. No request is sent before
 * that.
 */
export interface List<T> extends Promise<Page<T>>, AsyncIterable<T> {}

export interface Groups {
  list(params?: GroupList, options?: CallOptions): List<Group>
  create(params: GroupCreate, options?: CreateOptions): Promise<Group>
  get(id: string, options?: CallOptions): Promise<Group>
  update(id: string, changes: GroupUpdate, options?: WriteOptions): Promise<Group>
  /** Permanently deletes the group, its conversation and its messages. Its contacts remain. */
  delete(id: string, options?: WriteOptions): Promise<void>
  readonly contacts: Members
}

/** The members of a group. Here `ifMatch` refers to the group. */
export interface Members {
  list(groupId: string, params?: PageParams, options?: CallOptions): List<Contact>
  add(groupId: string, contactId: string, options?: WriteOptions): Promise<void>
  remove(groupId: string, contactId: string, options?: WriteOptions): Promise<void>
}

export interface Contacts {
  list(params?: ContactList, options?: CallOptions): List<Contact>
  create(params: ContactCreate, options?: CreateOptions): Promise<Contact>
  get(id: string, options?: CallOptions): Promise<Contact>
  update(id: string, changes: ContactUpdate, options?: WriteOptions): Promise<Contact>
  delete(id: string, options?: WriteOptions): Promise<void>
}

export interface Conversations {
  list(params?: ConversationList, options?: CallOptions): List<Conversation>
  create(params: ConversationCreate, options?: CreateOptions): Promise<Conversation>
  get(id: string, options?: CallOptions): Promise<Conversation>
  update(id: string, changes: ConversationUpdate, options?: WriteOptions): Promise<Conversation>
  delete(id: string, options?: WriteOptions): Promise<void>
}

export interface Messages {
  list(params?: MessageList, options?: CallOptions): List<Message>
  send(params: MessageSend, options?: CreateOptions): Promise<Message>
  get(id: string, options?: CallOptions): Promise<Message>
  update(id: string, changes: MessageUpdate, options?: WriteOptions): Promise<Message>
  delete(id: string, options?: WriteOptions): Promise<void>
}

export declare class ApiClient {
  constructor(token: string, options?: ClientOptions)
  readonly groups: Groups
  readonly contacts: Contacts
  readonly conversations: Conversations
  readonly messages: Messages
}
export default ApiClient

/** The ETag of an object returned by `get`, `create`, `send` or `update`; undefined for others, such as list items. */
export declare function etag(object: object): string | undefined

/** The API rejected a request, or there was no response. */
export declare class ApiError extends Error {
  /** The HTTP status; null if there was no response. */
  readonly status: number | null
  readonly type: string | null
  /** For example `parameter_missing`. */
  readonly code: string | null
  /** The invalid parameter, for example `contacts[2].id`. */
  readonly param: string | null
  readonly requestId: string | null
  readonly documentationUrl: string | null
  /** Seconds to wait before trying again, from `Retry-After`. */
  readonly retryAfter: number | null
}
/** 401: the token is missing, unknown, expired or revoked. */
export declare class AuthenticationError extends ApiError {}
/** 403: the token is read-only. */
export declare class PermissionDeniedError extends ApiError {}
/** 404: the object does not exist. */
export declare class NotFoundError extends ApiError {}
/** 409 or 412: a unique value is already taken, or the object no longer matches `ifMatch`. */
export declare class ConflictError extends ApiError {}
/** Any other 4xx: the request is invalid. */
export declare class ValidationError extends ApiError {}
/** 429: too many requests. */
export declare class RateLimitError extends ApiError {}
/** 5xx: the server failed. A write may or may not have taken effect. */
export declare class ServerError extends ApiError {}
/** No response: a write may or may not have taken effect. */
export declare class ApiConnectionError extends ApiError {}
/** No complete response before the timeout: a write may or may not have taken effect. */
export declare class ApiTimeoutError extends ApiConnectionError {}
