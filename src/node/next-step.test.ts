import { expect, test } from 'vitest'
import type { Container, Pod, PodSpec } from '../api/generated/core-v1.ts'
import { nextStep } from './next-step.ts'
import type { ContainerRecord, PodRecord } from './pod-record.ts'
import { phaseOf } from './pod-status.ts'

const NOW = 100_000
const sandbox = {
  id: 's',
  podUid: 'u',
  namespace: 'n',
  name: 'p',
  attempt: 0,
  ip: '10.0.0.1',
  ready: true,
  createdAtMs: 0,
}
const attempt = { id: 'c', sandboxId: 's', podUid: 'u', name: '', attempt: 0, image: '', imageId: '' }
const runs: ContainerRecord = { restarts: 0, current: { ...attempt, state: { phase: 'running', startedAtMs: 0 } } }
const exited = (exitCode: number, more: Partial<ContainerRecord> = {}): ContainerRecord => {
  const state = { phase: 'exited', startedAtMs: 0, finishedAtMs: 0, exitCode, oomKilled: false } as const
  return { restarts: 0, current: { ...attempt, state }, ...more }
}
const pod = (spec: Partial<PodSpec> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'main' }], ...spec },
})
const record = (containers: Record<string, ContainerRecord>, more: Partial<PodRecord> = {}): PodRecord => ({
  startedAtMs: 0,
  sandbox,
  containers: new Map(Object.entries(containers)),
  ...more,
})
const side: Container = { name: 'side', restartPolicy: 'Always' }
const verdict = { reason: 'DeadlineExceeded', message: '' }

/** A step as a word or two: `start a b`, `wait 500`. */
function told(subject: Pod, known: PodRecord): string {
  const step = nextStep(subject, known, NOW)
  if (step.do === 'start') return ['start', ...step.containers.map(({ name }) => name)].join(' ')
  if (step.do === 'wait') return step.untilMs === undefined ? 'wait' : `wait ${step.untilMs - NOW}`
  return step.do
}

test.each<[string, Pod, PodRecord, string, string]>([
  ['a new pod', pod(), { startedAtMs: 0, containers: new Map() }, 'start-sandbox', 'Pending'],
  ['surroundings stand', pod(), record({}), 'start main', 'Pending'],
  ['all runs', pod(), record({ main: runs }), 'wait', 'Running'],
  ['Always: the container exited', pod(), record({ main: exited(0) }), 'start main', 'Running'],
  ['Always: held back', pod(), record({ main: exited(0, { notBeforeMs: NOW + 500 }) }), 'wait 500', 'Running'],
  ['OnFailure: exit 1', pod({ restartPolicy: 'OnFailure' }), record({ main: exited(1) }), 'start main', 'Running'],
  ['OnFailure: exit 0', pod({ restartPolicy: 'OnFailure' }), record({ main: exited(0) }), 'finish', 'Succeeded'],
  ['Never: exit 1', pod({ restartPolicy: 'Never' }), record({ main: exited(1) }), 'finish', 'Failed'],
  ['deadline ahead', pod({ activeDeadlineSeconds: 101 }), record({ main: runs }), 'wait 1000', 'Running'],
  ['deadline over', pod({ activeDeadlineSeconds: 100 }), record({ main: runs }), 'fail', 'Running'],
  ['ended by verdict, still running', pod(), record({ main: runs }, { verdict }), 'stop', 'Running'],
  ['ended by verdict', pod(), record({ main: exited(143) }, { verdict }), 'finish', 'Failed'],
  [
    'init containers start one by one',
    pod({ initContainers: [{ name: 'one' }, { name: 'two' }] }),
    record({}),
    'start one',
    'Pending',
  ],
  [
    'the second follows the first',
    pod({ initContainers: [{ name: 'one' }, { name: 'two' }] }),
    record({ one: exited(0) }),
    'start two',
    'Pending',
  ],
  [
    'Always: a failed init container is tried again',
    pod({ initContainers: [{ name: 'one' }] }),
    record({ one: exited(1) }),
    'start one',
    'Pending',
  ],
  [
    'Never: a failed init container fails the pod',
    pod({ restartPolicy: 'Never', initContainers: [{ name: 'one' }] }),
    record({ one: exited(1) }),
    'finish',
    'Failed',
  ],
  ['a sidecar starts first', pod({ initContainers: [side, { name: 'one' }] }), record({}), 'start side', 'Pending'],
  [
    'an init container does not wait for the end of a sidecar',
    pod({ initContainers: [side, { name: 'one' }] }),
    record({ side: runs }),
    'start one',
    'Pending',
  ],
  [
    'a sidecar is restarted, whatever the policy of the pod',
    pod({ restartPolicy: 'Never', initContainers: [side] }),
    record({ side: exited(0), main: runs }),
    'start side',
    'Running',
  ],
  [
    'sidecars are stopped when the containers have ended',
    pod({ restartPolicy: 'Never', initContainers: [side] }),
    record({ side: runs, main: exited(0) }),
    'stop',
    'Running',
  ],
  [
    'a pod with sidecars succeeds by its containers',
    pod({ restartPolicy: 'Never', initContainers: [side] }),
    record({ side: exited(143), main: exited(0) }),
    'finish',
    'Succeeded',
  ],
])('%s', (_title, subject, known, step, phase) => {
  expect([told(subject, known), phaseOf(subject, known)]).toEqual([step, phase])
})
