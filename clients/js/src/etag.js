/** Stores each object's ETag outside the object, so that objects hold only the API's own properties. */

const etags = new WeakMap()

export function remember(object, tag) {
  if (tag !== null && object !== null && typeof object === 'object') etags.set(object, tag)
}

/** The ETag of an object returned by `get`, `create`, `send` or `update`; undefined for others, such as list items. */
export function etag(object) {
  return etags.get(object)
}
