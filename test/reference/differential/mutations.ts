import type { FieldSchema, Scalar, Schema } from '../../../src/api/schema/schema.ts'

/** One change of an object: a value put at a path, or a field taken away. */
export interface Mutation {
  readonly path: readonly (string | number)[]
  /** Undefined: the field is removed. */
  readonly value: unknown
}

/** So deep below the object's own fields; pod specs' affinities lie deepest. */
const MOST_DEPTH = 9

/** Fields that the server owns, or that have rules of their own in every kind. */
const LEFT_ALONE = new Set(['managedFields', 'apiVersion', 'kind'])

/**
 * For each field that the schema knows, what a careless or malicious author might put there. Present values of `base` are
 * descended into; absent objects are tried empty, absent lists with one empty item, so that what they require shows.
 */
export function mutationsOf(schema: Schema, base: unknown): readonly Mutation[] {
  return [...mutate(schema, base, [], 0)]
}

type Path = Mutation['path']

function* mutate(schema: Schema, base: unknown, path: Path, depth: number): Generator<Mutation> {
  if (depth > MOST_DEPTH) return
  if (schema.kind === 'object') {
    for (const [name, field] of schema.fields) {
      if (!LEFT_ALONE.has(name)) yield* mutateField(field, at(base, name), [...path, name], depth)
    }
  } else if (schema.kind === 'list' && Array.isArray(base)) {
    for (const [i, item] of base.entries()) yield* mutate(schema.items, item, [...path, i], depth + 1)
  }
}

function* mutateField(field: FieldSchema, present: unknown, path: Path, depth: number): Generator<Mutation> {
  const { schema } = field
  if (present !== undefined) yield { path, value: undefined }
  for (const value of valuesFor(schema, present)) yield { path, value }
  if (present === undefined && !isNested(path)) yield* below(schema, path, depth)
  else if (present !== undefined) yield* mutate(schema, present, path, depth + 1)
}

/** Absent parts are looked into as well, one field set at a time. */
function* below(schema: Schema, path: Path, depth: number): Generator<Mutation> {
  if (schema.kind === 'object') yield* mutate(schema, {}, path, depth + 1)
  if (schema.kind === 'list' && schema.items.kind === 'object') {
    yield* mutate(schema, [{}], path, depth + 1)
  }
}

/** Of types that contain themselves, one round is enough. */
const isNested = (path: Path) => new Set(path).size < path.filter((part) => typeof part === 'string').length

const at = (value: unknown, key: string): unknown => (value as Record<string, unknown> | undefined)?.[key]

const LONG = 'a'.repeat(300)

function valuesFor(schema: Schema, present: unknown): readonly unknown[] {
  if (schema.kind === 'any') return []
  if (schema.kind === 'object') return [{}]
  if (schema.kind === 'map') return mapValues(schema.values)
  if (schema.kind === 'list') return listValues(schema.items, present)
  return SCALARS[schema.scalar]
}

function mapValues(values: Schema): readonly unknown[] {
  const of = (value: unknown) => [{}, { a: value }, { 'Bad Key!': value }, { '': value }]
  if (values.kind !== 'scalar') return [{}]
  if (values.scalar === 'quantity') return [...of('1'), { cpu: '-1' }, { memory: '1.5' }, { 'example.com/x': '1500m' }]
  return values.scalar === 'bytes' ? of('YQ==') : [...of('v'), { a: 'bad value!' }]
}

function listValues(items: Schema, present: unknown): readonly unknown[] {
  const twice = Array.isArray(present) && present.length > 0 ? [[...(present as unknown[]), present[0]]] : []
  if (items.kind === 'object') return [[], [{}], ...twice]
  return items.kind === 'scalar' ? [[], [''], ['x', 'x'], ['Bad Value!']] : [[], ...twice]
}

/** Values at the edges of what validation tells apart. */
const SCALARS: Readonly<Record<Scalar, readonly unknown[]>> = {
  string: ['', 'x', 'Bad Value!', LONG],
  boolean: [true, false],
  int32: [-1, 0, 1, 70_000],
  int64: [-1, 0, 1],
  double: [-1, 0.5],
  bytes: ['', 'YQ=='],
  time: ['2020-01-01T00:00:00Z'],
  'micro-time': ['2020-01-01T00:00:00.000000Z'],
  quantity: ['0', '-1', '1.5', '1Gi'],
  'int-or-string': [-1, 0, 70_000, '50%', 'x', '150%'],
}

/** A copy of `base` with the change made; objects and lists on the way are made where they are missing. */
export function mutated<T>(base: T, { path, value }: Mutation): T {
  const copy: unknown = structuredClone(base)
  let part = copy as Record<string | number, unknown>
  path.forEach((key, i) => {
    const next = path[i + 1]
    if (next === undefined) {
      if (value === undefined) delete part[key]
      else part[key] = structuredClone(value)
      return
    }
    part = (part[key] ??= typeof next === 'number' ? [] : {}) as Record<string | number, unknown>
  })
  return copy as T
}
