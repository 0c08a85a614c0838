import { expect, test } from 'vitest'
import type { Pod, PodStatus } from '../api/generated/core-v1.ts'
import { pods } from '../api/generated/resources.ts'
import { systemEnvironment } from '../env/system.ts'
import { createStatusReports } from './status-reports.ts'
import type { PodRecord } from './pod-record.ts'
import type { PodWork } from './pod-work.ts'

test('reports of a status: what comes after a write that took longer than progress waits is written, too', async () => {
  const writes: (() => void)[] = []
  const answer = { metadata: { name: 'p' } }
  const patch = (type: unknown) => new Promise((resolve) => type === pods && writes.push(() => resolve(answer)))
  const client = { patch }
  const context = { env: systemEnvironment('error'), client, runtime: { name: 'simulated' }, hostIp: '192.0.2.1' }
  const metadata = { namespace: 'default', name: 'p', uid: 'u', generation: 1 }
  const pod = { metadata, spec: { containers: [] } }
  const work = { context, pod, record: { startedAtMs: 0, containers: new Map() }, objectGone: false }
  const change = () => (work.pod = { ...pod, metadata: { ...metadata, generation: work.pod.metadata.generation + 1 } })
  const reports = createStatusReports(work as unknown as PodWork)
  const begun = (count: number) => expect.poll(() => writes.length, { timeout: 10_000 }).toBe(count)

  reports.now()
  await begun(1)
  reports.later()
  // The timer of this one fires while the write is under way.
  await new Promise((resolve) => context.env.timers.after(100, () => resolve(undefined)))
  writes[0]?.()
  await new Promise((resolve) => context.env.timers.after(100, () => resolve(undefined)))
  change()
  reports.later()
  await begun(2)
  writes[1]?.()
  reports.close()
})

test('reports of a status: a condition keeps the time of what was written last, however late the watch shows it', async () => {
  let nowMs = 0
  const env = { ...systemEnvironment('error'), clock: { now: () => nowMs } }
  const metadata = { namespace: 'default', name: 'p', uid: 'u', resourceVersion: '9', generation: 1 }
  const old: Pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [] } }
  const stored: Pod[] = []
  const client = {
    // The server keeps what it was told, as the next version.
    patch: async (_type: unknown, _key: unknown, { patch }: { patch: { status: PodStatus } }) => {
      const resourceVersion = `${10 + stored.length}`
      stored.push({ ...old, metadata: { ...metadata, resourceVersion }, status: patch.status })
      return stored.at(-1)
    },
  }
  const context = { env, client, runtime: { name: 'simulated' }, hostIp: '192.0.2.1' }
  const record: PodRecord = { startedAtMs: 0, containers: new Map() }
  const work = { context, pod: old, record, objectGone: false }
  const reports = createStatusReports(work as unknown as PodWork)

  await reports.flush()
  nowMs = 5_000
  work.record = { ...record, verdict: { reason: 'Evicted', message: 'The node was low on memory.' } }
  await reports.flush()
  const [first, second] = stored
  nowMs = 10_000
  // The watch shows the first write now, the second after it.
  if (first !== undefined) work.pod = first
  await reports.flush()
  if (second !== undefined) work.pod = second
  await reports.flush()
  reports.close()

  expect(stored).toHaveLength(2)
  const since = (type: string) =>
    stored.map(({ status }) => status?.conditions?.find((condition) => condition.type === type)?.lastTransitionTime)
  expect(since('PodScheduled')).toEqual(['1970-01-01T00:00:00Z', '1970-01-01T00:00:00Z'])
})
