import { configMaps, jobs, secrets } from '../../api/generated/resources.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Client } from '../../client/client.ts'
import { COMPONENT_LABEL } from '../pods/worker-job.ts'
import { runs } from './run.ts'

/**
 * Removes what an earlier driver of the same run has left in the cluster, whose workers can be of no use to anybody else: they
 * hold what the next driver's need. What cannot be removed goes with the run.
 */
export async function removeEarlier(client: Client, namespace: string, name: string): Promise<void> {
  const run = await client.get(runs, { namespace, name }).catch(() => undefined)
  if (run === undefined) return
  const labelSelector = `${COMPONENT_LABEL} in (worker,coordinator)`
  const { items } = await client.list(jobs, { namespace, labelSelector })
  const isOfRun = ({ metadata }: KubeObject) =>
    metadata.ownerReferences?.some(({ uid }) => uid === run.metadata.uid) === true
  await Promise.allSettled(
    items.filter(isOfRun).flatMap(({ metadata }) => {
      const key = { namespace, name: metadata.name ?? '' }
      return [
        client.delete(jobs, key, { propagationPolicy: 'Background' }),
        client.delete(configMaps, key),
        client.delete(secrets, key),
      ]
    }),
  )
}
