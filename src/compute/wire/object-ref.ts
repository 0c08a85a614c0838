/** A value that was put into the session once, for all who want it. It travels: captured, or as an argument of a call. */
export class ObjectRef<T> {
  readonly #id: string
  /**
   * The value. On a worker its large parts lie in memory that all threads of the worker share: it is there for reading, and what
   * one of them writes into it the others see.
   */
  readonly get: () => Promise<T>

  constructor(id: string) {
    this.#id = id
    this.get = () => source(this.#id) as Promise<T>
  }

  static idOf(ref: ObjectRef<unknown>): string {
    return ref.#id
  }
}

type ObjectSource = (id: string) => Promise<unknown>

let source: ObjectSource = (id) => Promise.reject(new Error(`Cannot get object "${id}": no session is open here`))

/** Where the objects of this process, or thread, come from. */
export function setObjectSource(next: ObjectSource): void {
  source = next
}
