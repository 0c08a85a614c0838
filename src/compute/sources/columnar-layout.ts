/** A run of bytes of a file. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** How a file is laid out: rows that are read together, and what every reader needs besides. */
export interface ColumnarLayout {
  readonly groups: readonly (Span & { readonly rows: number })[]
  readonly always: readonly Span[]
}
