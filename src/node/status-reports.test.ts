import { expect, test } from 'vitest'
import { pods } from '../api/generated/resources.ts'
import { systemEnvironment } from '../env/system.ts'
import { createStatusReports } from './status-reports.ts'
import type { PodWork } from './pod-work.ts'

test('reports of a status: what comes after a write that took longer than progress waits is written, too', async () => {
  const writes: (() => void)[] = []
  const client = { patch: (type: unknown) => new Promise<void>((resolve) => type === pods && writes.push(resolve)) }
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
