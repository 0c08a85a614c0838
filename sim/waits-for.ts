import type { Pod } from '../src/api/generated/core-v1.ts'
import type { Job } from '../src/api/generated/batch-v1.ts'
import type { World } from './world.ts'

/** Who waits for what, in lines: pods that have not ended, jobs that have not, controllers with work, parts that are down. */
export function waitsFor(world: World): readonly string[] {
  const { store, controllers, scheduler, nodes } = world
  const durable = store.durable()
  const parts = [controllers, scheduler, ...nodes.values()].filter((part) => !part.isUp)
  const pods = [...durable.list('pods')].map(({ object }) => object as Pod)
  const jobs = [...durable.list('jobs.batch')].map(({ object }) => object as Job)
  return [
    ...parts.map((part) => `${part.name} is down`),
    ...jobs.filter(({ status }) => status?.completionTime === undefined).map(jobLine),
    ...pods.filter(({ status }) => status?.phase !== 'Succeeded').map(podLine),
    ...controllers.waitsFor().map((line) => `controller ${line}`),
  ]
}

function jobLine({ metadata, spec, status }: Job): string {
  const { completions, parallelism, suspend } = spec ?? {}
  return `job ${metadata.name}: ${JSON.stringify({ completions, parallelism, suspend, status })}`
}

function podLine({ metadata, spec, status }: Pod): string {
  const { finalizers, deletionTimestamp } = metadata
  const conditions = status?.conditions?.map(
    (one) => `${one.type}=${one.status}${one.message ? ` (${one.message})` : ''}`,
  )
  return `pod ${metadata.name} on ${spec?.nodeName ?? 'no node'}: ${JSON.stringify({ phase: status?.phase, deletionTimestamp, finalizers, conditions })}`
}
