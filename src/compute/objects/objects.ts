import { removeShared, readShared } from '../wire/shared-memory.ts'
import type { SharedMemory } from '../wire/shared-memory.ts'
import { ObjectRef, setObjectSource } from '../wire/object-ref.ts'
import { decodeShared, encodeShared } from '../wire/shared-value.ts'
import { markHostValue } from '../ship/host-values.ts'
import { ComputeError } from '../errors.ts'
import { pathOfUncloneable } from '../wire/values.ts'

/** Values for many calls. */
export interface ObjectApi {
  /** Keeps a copy of `value` for whoever wants it; it goes to each worker once, when it is first asked for there. */
  put<T>(value: T): ObjectRef<T>
  /** A copy of the value. On workers: `ref.get()`. */
  get<T>(ref: ObjectRef<T>): Promise<T>
  /** The value is of no more use: memory that it took is freed, here and on workers. */
  release(ref: ObjectRef<unknown>): void
}

export interface Objects {
  readonly api: ObjectApi
  /** The bytes of an object, for a worker that does not see them. */
  bytesOf(id: string): Uint8Array
  close(): void
}

/** Where the bytes of an object are: in shared memory under a name, or here. */
type Place = { readonly name: string } | { readonly bytes: Uint8Array }

export interface ObjectsOptions {
  readonly memory: SharedMemory | undefined
  /** Tells the workers that they can let go of it. */
  readonly onReleased: (id: string) => void
}

let sessions = 0

export function createObjects({ memory, onReleased }: ObjectsOptions): Objects {
  const places = new Map<string, Place>()
  const session = ++sessions
  let count = 0
  const bytesOf = (id: string): Uint8Array => {
    const place = places.get(id)
    if (place === undefined) throw goneError(id)
    return 'bytes' in place ? place.bytes : readShared(place.name)
  }
  const release = (id: string) => {
    const place = places.get(id)
    if (place === undefined) return
    places.delete(id)
    known.delete(id)
    if ('name' in place) removeShared(place.name)
    onReleased(id)
  }
  return {
    api: {
      put<T>(value: T) {
        const bytes = encoded(value)
        const name = memory?.write(bytes)
        // Workers that see shared memory find it by the name in its id.
        const id = name ?? `object-${session}-${++count}`
        places.set(id, name === undefined ? { bytes } : { name })
        known.set(id, bytesOf)
        return markHostValue(new ObjectRef<T>(id), { name: 'object', id })
      },
      get: async <T>(ref: ObjectRef<T>) => decodeShared(bytesOf(ObjectRef.idOf(ref))) as T,
      release: (ref) => release(ObjectRef.idOf(ref)),
    },
    bytesOf,
    close() {
      for (const id of places.keys()) known.delete(id)
      places.clear()
    },
  }
}

/** The objects of all sessions of this process. */
const known = new Map<string, (id: string) => Uint8Array>()

setObjectSource(async (id) => {
  const bytesOf = known.get(id)
  if (bytesOf === undefined) throw goneError(id)
  return decodeShared(bytesOf(id))
})

function encoded(value: unknown): Uint8Array {
  try {
    return encodeShared(value)
  } catch (cause) {
    const found = pathOfUncloneable(value, 'value')
    if (found === undefined) throw cause
    const message = `Cannot put "${found.path}": it is ${found.what}, expected what structured clone can carry`
    throw new ComputeError('SHOAL_ARGUMENT_CANNOT_TRAVEL', message, { cause, facts: found })
  }
}

function goneError(id: string): ComputeError {
  return new ComputeError('SHOAL_OBJECT_GONE', `Cannot get object "${id}": it was released, or its session is closed`)
}
