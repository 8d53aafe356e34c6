/** Pagination: a page of objects, and the result of `list()`, which can be awaited or iterated. */

/** One page of a list, newest object first. Iterating continues through the pages that follow. */
export class Page {
  #backwards
  #fetchPage

  /** `fetchPage` requests the page that follows the object with the given id. */
  constructor({ has_more, data }, backwards, fetchPage) {
    this.has_more = has_more
    this.data = data
    this.#backwards = backwards
    this.#fetchPage = fetchPage
  }

  /** Requests the next page in the list's direction; null if this is the last one. */
  async nextPage() {
    const last = this.data.at(this.#backwards ? 0 : -1)
    return this.has_more && last ? this.#fetchPage(last.id) : null
  }

  async *[Symbol.asyncIterator]() {
    for (let page = this; page !== null;) {
      const objects = this.#backwards ? page.data.toReversed() : page.data
      yield* objects.slice(0, -1)
      // The last object is the cursor of the next page, so that page is requested before the caller can delete it.
      const next = await page.nextPage()
      yield* objects.slice(-1)
      page = next
    }
  }
}

/** A lazy promise of the first page: the request is sent once, when the list is first awaited or iterated. */
export class List {
  #fetch
  #first
  get [Symbol.toStringTag]() {
    return 'List'
  }

  constructor(fetch) {
    this.#fetch = fetch
  }

  then(resolve, reject) {
    return (this.#first ??= this.#fetch()).then(resolve, reject)
  }

  catch(reject) {
    return this.then(undefined, reject)
  }

  finally(settle) {
    return this.then().finally(settle)
  }

  async *[Symbol.asyncIterator]() {
    yield* await this
  }
}
