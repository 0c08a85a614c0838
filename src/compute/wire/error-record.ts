import { isNativeError } from 'node:util/types'
import { deserialize, serialize } from 'node:v8'

/** An error as it travels: everything that its author put into it, and its stack as it was where it was thrown. */
export interface ErrorRecord {
  readonly name: string
  /** The class, by its constructor's name: `ValidationError` even where `name` was left at `Error`. */
  readonly className: string
  readonly message: string
  readonly stack: string
  /** Own properties beside the above, encoded, in the order in which they were set. What cannot travel is left out. */
  readonly properties: readonly (readonly [string, Uint8Array])[]
  readonly cause?: CauseRecord
  /** Of an AggregateError. */
  readonly errors?: readonly CauseRecord[]
}

export type CauseRecord = { readonly error: ErrorRecord } | { readonly value: Uint8Array }

/** Longer chains are cut: they come from cycles. */
const MAX_DEPTH = 16

/** `thrown` as a record; what is not an error becomes an `Error` of class `Thrown` that says what it was. */
export function recordError(thrown: unknown, depth = 0): ErrorRecord {
  if (!isErrorLike(thrown)) {
    const message = `${safeString(thrown)} was thrown, which is not an Error`
    const properties = encoded(thrown) === undefined ? [] : [['thrown', encoded(thrown)!] as const]
    return { name: 'Error', className: 'Thrown', message, stack: message, properties }
  }
  const own = Object.keys(thrown).filter((key) => !CARRIED.has(key))
  const properties = own.flatMap((key) => {
    const bytes = encoded((thrown as unknown as Record<string, unknown>)[key])
    return bytes === undefined ? [] : [[key, bytes] as const]
  })
  const deeper = depth < MAX_DEPTH
  return {
    name: safeString(thrown.name),
    className: thrown.constructor?.name ?? safeString(thrown.name),
    message: safeString(thrown.message),
    stack: safeString(thrown.stack ?? ''),
    properties,
    ...(deeper && thrown.cause !== undefined ? { cause: recordCause(thrown.cause, depth + 1) } : {}),
    ...(deeper && thrown instanceof AggregateError
      ? { errors: thrown.errors.map((inner: unknown) => recordCause(inner, depth + 1)) }
      : {}),
  }
}

const CARRIED = new Set(['name', 'message', 'stack', 'cause', 'errors'])

function recordCause(cause: unknown, depth: number): CauseRecord {
  if (isErrorLike(cause)) return { error: recordError(cause, depth) }
  return { value: encoded(cause) ?? serialize(safeString(cause)) }
}

function isErrorLike(value: unknown): value is Error {
  return isNativeError(value) || value instanceof Error
}

function encoded(value: unknown): Uint8Array | undefined {
  try {
    return serialize(value)
  } catch {
    return undefined
  }
}

function safeString(value: unknown): string {
  try {
    return String(value)
  } catch {
    return 'a value without a text form'
  }
}

/** How the reader of a record makes an error of a class that it does not know. */
export type UnknownClass = (record: ErrorRecord) => Error

/**
 * The error that `record` describes: an instance of the same class where that is one of the language's own, else what
 * `unknownClass` makes. Message, stack, cause and own properties are restored on it.
 */
export function reviveError(record: ErrorRecord, unknownClass: UnknownClass): Error {
  const error = instanceOf(record, unknownClass)
  const hidden = { writable: true, configurable: true, enumerable: false }
  Object.defineProperty(error, 'message', { ...hidden, value: record.message })
  Object.defineProperty(error, 'stack', { ...hidden, value: record.stack })
  if (record.name !== error.name) Object.defineProperty(error, 'name', { ...hidden, value: record.name })
  if (record.cause !== undefined) {
    Object.defineProperty(error, 'cause', { ...hidden, value: reviveCause(record.cause, unknownClass) })
  }
  for (const [key, bytes] of record.properties) {
    Object.defineProperty(error, key, { ...hidden, enumerable: true, value: deserialize(bytes) as unknown })
  }
  return error
}

const BUILT_IN: Readonly<Record<string, new (message: string) => Error>> = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
}

function instanceOf(record: ErrorRecord, unknownClass: UnknownClass): Error {
  if (record.className === 'AggregateError') {
    return new AggregateError(
      (record.errors ?? []).map((inner) => reviveCause(inner, unknownClass)),
      record.message,
    )
  }
  if (record.className === 'DOMException') return new DOMException(record.message, record.name)
  const known = Object.hasOwn(BUILT_IN, record.className) ? BUILT_IN[record.className] : undefined
  return known === undefined ? unknownClass(record) : new known(record.message)
}

function reviveCause(cause: CauseRecord, unknownClass: UnknownClass): unknown {
  return 'error' in cause ? reviveError(cause.error, unknownClass) : (deserialize(cause.value) as unknown)
}
