/** Lists: a page, and what `list()` answers, which is a page to `await` and all objects to `for await`. */

/** `data`, newest first, and whether there is more. Iterating goes on through the pages after it. */
export class Page {
  #backwards
  #next

  /** `next` asks for the page after the object with this id. */
  constructor({ has_more, data }, backwards, next) {
    this.has_more = has_more
    this.data = data
    this.#backwards = backwards
    this.#next = next
  }

  /** The page after this one, in the direction of the list; null after the last. */
  async nextPage() {
    const last = this.data.at(this.#backwards ? 0 : -1)
    return this.has_more && last ? this.#next(last.id) : null
  }

  async *[Symbol.asyncIterator]() {
    for (let page = this; page !== null;) {
      const objects = this.#backwards ? page.data.toReversed() : page.data
      yield* objects.slice(0, -1)
      // The page after an object cannot be asked for once it is deleted, and loops may delete what they are given.
      const next = await page.nextPage()
      yield* objects.slice(-1)
      page = next
    }
  }
}

/** A promise of the first page that is asked for when it is awaited or iterated, once. */
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
