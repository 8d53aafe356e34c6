/** The types of the Protocol API's client. Properties have the API's names; times are UNIX seconds. */

export interface ClientOptions {
  /** Where the API is, with its base path if it has one. Else PROTOCOL_API_BASE_URL, else https://api.protocol.chat. */
  baseUrl?: string
  /** Milliseconds that a call may take, all tries included: 60000 unless told. */
  timeout?: number
  /** How many times a request is sent again: 3 unless told. */
  maxRetries?: number
}

export interface CallOptions {
  /** Milliseconds that this call may take, all tries included. */
  timeout?: number
  /** Ends the call when it is aborted. */
  signal?: AbortSignal
}

export interface CreateOptions extends CallOptions {
  /** A key of your own, under which the request takes effect once, also over several calls. */
  idempotencyKey?: string
}

export interface WriteOptions extends CallOptions {
  /** Write only if the object is still this one: an object that was answered, or its ETag. */
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

/** Such as `{ red_angry_face: ['KateMcCallister'] }`. */
export type Reaction = Readonly<Record<string, readonly string[]>>

export interface Message {
  readonly id: string
  readonly conversation_id: string
  /** The sender; null: you, or a contact that is deleted. */
  readonly contact: Contact | null
  readonly message: string
  readonly reactions: readonly Reaction[]
  readonly read_at: number | null
  readonly created_at: number
  readonly updated_at: number | null
}

/** A contact by its id, by an object with its `id`, or by a `username`, which makes the contact if there is none. */
export type ContactRef = string | { readonly id: string } | ContactCreate

export interface PageParams {
  /** Objects a page, 1 to 100: 10 unless told. */
  limit?: number
  /** Begins after the object with this id. */
  starting_after?: string
  /** The page before the object with this id. Iterating goes on towards the newest object then. */
  ending_before?: string
}

export interface GroupList extends PageParams {
  archived?: boolean
  /** Only groups with this member. */
  contact_id?: string
  /** Words of name and description. */
  query?: string
}

export interface GroupCreate {
  name: string
  description?: string | null
  avatar_url?: string | null
  contacts?: readonly ContactRef[]
}

export interface GroupUpdate extends Partial<GroupCreate> {
  /** Set: archived at that time; null: restored. */
  archived_at?: number | null
}

export interface ContactList extends PageParams {
  username?: string
  /** Words of username, display_name and phone_number. */
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

/** With a contact or with a group. */
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
  /** Words of the message. */
  query?: string
}

export interface MessageSend {
  conversation_id: string
  message: string
  /** The sender, a member of the group or the conversation's contact: you unless told. */
  contact_id?: string | null
}

export interface MessageUpdate {
  message?: string
  reactions?: readonly Reaction[] | Reaction
  read_at?: number | null
}

/** `data`, newest first. Iterating gives these objects and goes on through the pages after them. */
export declare class Page<T> implements AsyncIterable<T> {
  private constructor()
  readonly has_more: boolean
  readonly data: readonly T[]
  /** The page after this one; null after the last. */
  nextPage(): Promise<Page<T> | null>
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined>
}

/** `await` gives the first page, `for await` every object of all pages. It is asked for then, not before. */
export interface List<T> extends Promise<Page<T>>, AsyncIterable<T> {}

export interface Groups {
  list(params?: GroupList, options?: CallOptions): List<Group>
  create(params: GroupCreate, options?: CreateOptions): Promise<Group>
  get(id: string, options?: CallOptions): Promise<Group>
  update(id: string, changes: GroupUpdate, options?: WriteOptions): Promise<Group>
  /** For good, with its conversation and messages; the contacts stay. */
  delete(id: string, options?: WriteOptions): Promise<void>
  /** The members of a group. */
  readonly contacts: Members
}

/** `ifMatch` is asked of the group here. */
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

/** The ETag of an object that `get`, `create`, `send` or `update` answered; undefined for others, such as a list's. */
export declare function etag(object: object): string | undefined

/** The API refused a request, or there was no answer to it. */
export declare class ApiError extends Error {
  /** The answer's status; null where there was none. */
  readonly status: number | null
  readonly type: string | null
  /** Such as `parameter_missing`. */
  readonly code: string | null
  /** The parameter that is wrong, such as `contacts[2].id`. */
  readonly param: string | null
  readonly requestId: string | null
  readonly documentationUrl: string | null
  /** Seconds after which it is worth another try, where the server says so. */
  readonly retryAfter: number | null
}
/** 401 */
export declare class AuthenticationError extends ApiError {}
/** 403 */
export declare class PermissionDeniedError extends ApiError {}
/** 404 */
export declare class NotFoundError extends ApiError {}
/** 409, 412 */
export declare class ConflictError extends ApiError {}
/** Any other 4xx */
export declare class ValidationError extends ApiError {}
/** 429 */
export declare class RateLimitError extends ApiError {}
/** 5xx: a write may or may not have happened. */
export declare class ServerError extends ApiError {}
/** No answer: a write may or may not have happened. */
export declare class ApiConnectionError extends ApiError {}
/** No whole answer in time: a write may or may not have happened. */
export declare class ApiTimeoutError extends ApiConnectionError {}
