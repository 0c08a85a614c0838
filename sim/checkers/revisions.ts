import { check } from './checker.ts'
import type { Checker } from './checker.ts'

/**
 * Revisions rise by one with each commit; an object's version is the revision of its commit; a uid never changes its
 * object, and what is created, changed or deleted was, or was not, there before.
 */
export function revisionsRise(): Checker {
  let last: number | undefined
  const versions = new Map<string, { readonly uid: string; readonly revision: number }>()
  return {
    name: 'revisions rise',
    commit({ revision, changes }) {
      check(
        last === undefined || revision === last + 1,
        () => `revision ${revision} follows ${last}, expected the next`,
      )
      last = revision
      for (const { type, entry } of changes) {
        const id = `${entry.resource} ${entry.key}`
        const { uid = '', resourceVersion } = entry.object.metadata
        const known = versions.get(id)
        check(resourceVersion === String(revision), () => `${id} has version ${resourceVersion}, expected ${revision}`)
        check(
          (type === 'create') === (known === undefined),
          () => `${type} of ${id}, which was there: ${known !== undefined}`,
        )
        check(known === undefined || known.uid === uid, () => `${id} changed its uid from ${known?.uid} to ${uid}`)
        if (type === 'delete') versions.delete(id)
        else versions.set(id, { uid, revision })
      }
    },
  }
}
