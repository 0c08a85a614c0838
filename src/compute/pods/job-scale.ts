import { jobs, pods } from '../../api/generated/resources.ts'
import { hasReason } from '../../api/meta/status.ts'
import type { Client } from '../../client/client.ts'
import type { ElasticPool } from '../elastic/elastic-pool.ts'

/** How many pods a Job is to have at once, as it changes. */
export interface JobScale extends ElasticPool {
  readonly wanted: number
  /** So many pods of those that are wanted are held back: as many more are made meanwhile. */
  makeUpFor(heldBack: number): Promise<void>
}

/** Changes are written one after another, each with what is wanted by then, once `created` says that the Job is there. */
export function createJobScale(
  client: Client,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  created: Promise<void>,
  first: number,
): JobScale {
  let wanted = first
  let heldBack = 0
  let scaling = Promise.resolve()
  const scale = (change: () => void): Promise<void> => {
    change()
    const patched = scaling.then(async () => {
      await created
      const patch = { spec: { parallelism: wanted + Math.min(wanted, heldBack) } }
      await client.patch(jobs, { namespace, name }, { type: 'merge', patch })
    })
    scaling = patched.catch(() => {})
    return patched
  }
  return {
    get wanted() {
      return wanted
    },
    makeUpFor: (count) => scale(() => (heldBack = count)),
    grow: (count) => scale(() => (wanted = count)),
    async retire(pod) {
      // The pod first: of fewer pods the Job would choose itself which is to go. One that it makes meanwhile is the next to go.
      if (pod !== undefined) await client.delete(pods, { namespace, name: pod }).catch(unlessGone)
      await scale(() => wanted--)
    },
  }
}

function unlessGone(error: unknown): void {
  if (!hasReason(error, 'NotFound')) throw error
}
