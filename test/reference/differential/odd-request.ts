import type { Request } from './compare.ts'

/** A request that a careless client might send, by name; `{{rv}}` and `{{uid}}` are those of the server's own object. */
export interface OddRequest {
  readonly name: string
  readonly request: Request
}

export type Fields = Readonly<Record<string, unknown>>

/** Where an object is, what it is. */
export interface Target {
  readonly collection: string
  readonly path: string
  readonly name: string
  readonly object: Fields
  readonly namespaced: boolean
}
