/** What `ShippedFunction.captured` holds once `v8.deserialize` has read it. Types only, as everything in this folder's ports. */
export interface Captured {
  /** What structured clone cannot carry, each once; the first is the function that was shipped. */
  readonly references: readonly Reference[]
  /** Where references belong in the values. Holders are shared with the values by identity within the serialised whole. */
  readonly patches: readonly Patch[]
}

export type Reference =
  | CodeReference
  | { readonly kind: 'per-worker'; readonly id: string; readonly open: number }
  | { readonly kind: 'global'; readonly path: readonly string[] }
  | { readonly kind: 'builtin'; readonly module: string; readonly name: string }
  /** Something of the session that the function runs in, as the worker's thread knows it: a task, the session itself. */
  | { readonly kind: 'host'; readonly name: string; readonly id: string }
  | { readonly kind: 'package'; readonly code: number; readonly name: string }
  /** What `import(…)` becomes: a function from specifier to the reference at this index. */
  | { readonly kind: 'loader'; readonly modules: Readonly<Record<string, number>> }
  | { readonly kind: 'url' | 'search-params' | 'symbol'; readonly text: string }

/** A function or class of the user. `values` are its free variables, `own` the properties that were put on it. */
export interface CodeReference {
  readonly kind: 'code'
  /** Index into `ShippedFunction.code`. */
  readonly code: number
  readonly isClass: boolean
  readonly values: Record<string, unknown>
  /** Variables that several functions assign, by name; functions that share one have the same cell. */
  readonly cells?: Record<string, Cell>
  readonly self?: unknown
  readonly own?: Record<string, unknown>
}

export interface Cell {
  value: unknown
}

/** `property`: `holder[key]` is the reference. `map` and `set`: the holder is empty and gets these, in order. */
export type Patch =
  | { readonly kind: 'property'; readonly holder: object; readonly key: string; readonly to: number }
  | { readonly kind: 'map'; readonly holder: Map<unknown, unknown>; readonly entries: readonly [unknown, unknown][] }
  | { readonly kind: 'set'; readonly holder: Set<unknown>; readonly members: readonly unknown[] }
