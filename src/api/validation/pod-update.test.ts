import { expect, test } from 'vitest'
import type { Pod } from '../generated/core-v1.ts'
import { pods } from '../generated/resources.ts'
import { validateUpdate } from './validate.ts'

const metadata = { name: 'p', namespace: 'x', uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' }
const main = { name: 'main', image: 'one', imagePullPolicy: 'Always', terminationMessagePolicy: 'File', resources: {} }
const pod = (spec: object = {}, more: object = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, ...more },
    spec: {
      containers: [main],
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      terminationGracePeriodSeconds: 30,
      ...spec,
    },
  }) as Pod

const faults = (next: Pod, old = pod()) =>
  validateUpdate(pods, next, old).map(({ field, message }) => [field, message.split('\n')[0]])

test('an image, a shorter deadline and further tolerations may be set', () => {
  expect(faults(pod({ containers: [{ ...main, image: 'two' }] }))).toEqual([])
  expect(faults(pod({ activeDeadlineSeconds: 5 }), pod({ activeDeadlineSeconds: 9 }))).toEqual([])
  expect(faults(pod({ tolerations: [{ key: 'a', operator: 'Exists' }] }))).toEqual([])
})

test('a longer deadline, none, or a toleration less is refused', () => {
  expect(faults(pod({ activeDeadlineSeconds: 9 }), pod({ activeDeadlineSeconds: 5 }))).toEqual([
    ['spec.activeDeadlineSeconds', 'Invalid value: 9: must be less than or equal to previous value'],
  ])
  expect(faults(pod(), pod({ activeDeadlineSeconds: 5 }))).toEqual([
    ['spec.activeDeadlineSeconds', 'Invalid value: null: must not update from a positive integer to nil value'],
  ])
  const tolerations = [{ key: 'a', operator: 'Exists' }]
  expect(faults(pod(), pod({ tolerations }))).toEqual([
    ['spec.tolerations', 'Forbidden: existing toleration can not be modified except its tolerationSeconds'],
  ])
})

test('all else of a pod stays as it was made', () => {
  expect(faults(pod({ nodeName: 'n' }))[0]?.[1]).toContain('Forbidden: pod updates may not change fields other than')
  expect(faults(pod({ containers: [main, { ...main, name: 'b' }] }))).toEqual([
    ['spec.containers', 'Forbidden: pod updates may not add or remove containers'],
  ])
})

test('a gated pod may be told where to go', () => {
  const schedulingGates = [{ name: 'example.com/wait' }]
  expect(faults(pod({ nodeSelector: { a: 'b' } }), pod({ schedulingGates }))).toEqual([])
})

test('identity is for ever, and each fault of the metadata is named twice, once for all kinds and once for this one', () => {
  expect(faults(pod({}, { uid: 'v' }))).toEqual([
    ['metadata.uid', 'Invalid value: "v": field is immutable'],
    ['metadata.uid', 'Invalid value: "v": field is immutable'],
  ])
})
