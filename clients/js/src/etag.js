/** Keeps the ETag with which an object was answered beside it, so that the object is what the API says and no more. */

const etags = new WeakMap()

export function remember(object, tag) {
  if (tag !== null && object !== null && typeof object === 'object') etags.set(object, tag)
}

/** The ETag of an object that `get`, `create`, `send` or `update` answered; undefined for others, such as a list's. */
export function etag(object) {
  return etags.get(object)
}
