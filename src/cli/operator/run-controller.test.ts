import { expect, test } from 'vitest'
import type { Job } from '../../api/generated/batch-v1.ts'
import type { Change } from '../../reconcile/change.ts'
import type { Run, RunStatus } from '../../compute/run/run.ts'
import { LOST_MS } from '../../compute/run/tidy-runs.ts'
import { driverJob, programMaps } from '../../compute/submit/driver-job.ts'
import type { DriverSpec } from '../../compute/submit/driver-spec.ts'
import { decideRun } from './run-controller.ts'

const nowMs = Date.parse('2026-01-01T00:10:00Z')
const driver: DriverSpec = { image: 'node:24', parts: 1 }

const runOf = (status?: Partial<RunStatus>, spec: Partial<Run['spec']> = { driver }): Run => ({
  apiVersion: 'shoal.dev/v1',
  kind: 'Run',
  metadata: { name: 'nightly', namespace: 'data', uid: 'u-1', resourceVersion: '7' },
  spec: { program: 'main.ts', workers: 2, ...spec },
  ...(status === undefined
    ? {}
    : { status: { workers: 0, tasks: 0, retries: 0, losses: 0, phase: 'Pending', ...status } }),
})

const jobOf = (type?: 'Complete' | 'Failed', message?: string): Job => ({
  ...driverJob(runOf(), driver),
  status:
    type === undefined
      ? {}
      : { conditions: [{ type, status: 'True', reason: 'PodFailurePolicy', ...(message && { message }) }] },
})

const told = ([change]: readonly Change[]) =>
  change?.verb === 'patch' ? (change.patch as { patch: { status: RunStatus } }).patch.status : undefined

test('a run that wants a driver gets one, which goes when the run does', () => {
  const { changes } = decideRun(runOf(), undefined, nowMs)
  expect(changes.map(({ verb }) => verb)).toEqual(['create', 'patch'])
  const job = driverJob(runOf(), driver)
  expect(changes[0]).toMatchObject({
    verb: 'create',
    object: { metadata: { name: 'nightly-driver', namespace: 'data' } },
  })
  expect(job.metadata.ownerReferences).toEqual([
    { apiVersion: 'shoal.dev/v1', kind: 'Run', name: 'nightly', uid: 'u-1', controller: true },
  ])
})

test('a driver that failed before it said a word is told of with what its Job says', () => {
  const { changes } = decideRun(runOf({}), jobOf('Failed', 'exit code 1'), nowMs)
  expect(told(changes)).toMatchObject({
    phase: 'Failed',
    reason: 'DriverFailed',
    message: 'Its driver failed (PodFailurePolicy): exit code 1',
  })
})

test('a program that opens no session has succeeded when its driver has', () => {
  expect(told(decideRun(runOf({}), jobOf('Complete'), nowMs).changes)).toMatchObject({ phase: 'Succeeded' })
})

test('what is over, or to be deleted, is left alone', () => {
  expect(decideRun(runOf({ phase: 'Succeeded' }), undefined, nowMs).changes).toEqual([])
  expect(decideRun(runOf({ phase: 'Failed' }), jobOf('Failed'), nowMs).changes).toEqual([])
  const run = runOf()
  const deleted = { ...run, metadata: { ...run.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
  expect(decideRun(deleted, undefined, nowMs).changes).toEqual([])
})

test('a driver elsewhere that says nothing for a minute is lost, one that speaks is looked at again', () => {
  const heard = (ms: number) => new Date(nowMs - ms).toISOString()
  const lost = runOf({ phase: 'Running', heartbeatTime: heard(LOST_MS + 1000) }, {})
  expect(told(decideRun(lost, undefined, nowMs).changes)).toMatchObject({ phase: 'Failed', reason: 'DriverLost' })
  const alive = runOf({ phase: 'Running', heartbeatTime: heard(5_000) }, {})
  expect(decideRun(alive, undefined, nowMs)).toEqual({ changes: [], requeueAfterMs: LOST_MS })
})

test('a large program lies in as many config maps as it takes, each within what one may have', () => {
  const program = new Uint8Array(2_500_000).fill(7)
  const maps = programMaps(runOf(), program)
  const parts = maps.flatMap(({ binaryData = {} }) =>
    Object.values(binaryData).map((text) => Buffer.from(text, 'base64')),
  )
  expect(parts.map(({ length }) => length)).toEqual([1_000_000, 1_000_000, 500_000])
  expect(Buffer.concat(parts).equals(program)).toBe(true)
})

test('secrets are named in what is made, their values are nowhere', () => {
  const job = driverJob(runOf(), { ...driver, secrets: { TOKEN: { secret: 'service', key: 'token' } } })
  const { env } = job.spec!.template.spec!.containers[0]!
  expect(env).toContainEqual({ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'service', key: 'token' } } })
})
