import type { KubeObject } from '../../api/object.ts'
import type { Entry } from '../../store/store.ts'
import type { Engine } from './engine.ts'
import { modified } from './failure.ts'
import type { ObjectTarget } from './request.ts'

/** Somebody else wrote the object while a webhook was asked about this write: it has to begin again. */
export class Overtaken extends Error {}

const ATTEMPTS = 5

/** Tries a write again when it was overtaken; a conflict where it is overtaken every time. */
export async function untilNotOvertaken<T>(target: ObjectTarget, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error
      if (tries === ATTEMPTS) throw modified(target.resource.type, target.name)
    }
  }
}

/** Throws where `entry` is not the newest any more: a conflict for who named a version, else Overtaken. */
export function refuseOvertaken(
  engine: Engine,
  target: ObjectTarget,
  entry: Entry,
  object: Pick<KubeObject, 'metadata'>,
  named: boolean,
) {
  const current = engine.store.head().get(entry.resource, entry.key)
  if (current?.object === entry.object) return
  if (named) throw modified(target.resource.type, object.metadata.name ?? target.name)
  throw new Overtaken()
}
