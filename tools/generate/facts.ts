/** The parts of the published facts of the API (`tools/generate/kubernetes/`) that the generator reads. */
export interface Field {
  readonly $ref?: string
  readonly type?: string
  readonly format?: string
  readonly items?: Field
  readonly additionalProperties?: Field
  readonly default?: unknown
}

export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export interface Definition {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Field>>
  readonly required?: readonly string[]
  readonly 'x-kubernetes-group-version-kind'?: readonly GroupVersionKind[]
}

export type Definitions = Readonly<Record<string, Definition>>

export interface Operation {
  readonly action: string | null
  readonly gvk: GroupVersionKind | null
  readonly body: string | null
  readonly ok: string | null
  readonly query: readonly string[]
}

/** Path -> HTTP method in lower case -> what it does. */
export type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>

/**
 * Definition -> field -> what Go's encoder writes of it: `w` always, `z` unless it is zero, `p` where it is given; then,
 * behind a space, the name of a type that is a string in all but name. Written by `go-fields.ts`.
 */
export type GoFields = Readonly<Record<string, Readonly<Record<string, string>>>>
