import { expect, test } from 'vitest'
import type { Pod } from '../api/generated/core-v1.ts'
import { isCountedChange } from './counted-change.ts'

const ready = (status: string, lastTransitionTime = '2026-01-01T00:00:00Z') => ({
  phase: 'Running',
  conditions: [{ type: 'Ready', status, lastTransitionTime }],
})
const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', labels: { app: 'a' }, ownerReferences: [] },
  spec: { containers: [] },
  status: ready('False'),
}
const { metadata } = pod

test.each<[what: string, changed: Pod, counts: boolean]>([
  ['an annotation', { ...pod, metadata: { ...metadata, annotations: { a: 'b' } } }, false],
  ['its node', { ...pod, spec: { containers: [], nodeName: 'n' } }, false],
  ['its address', { ...pod, status: { ...pod.status, podIP: '10.0.0.1' } }, false],
  ['labels', { ...pod, metadata: { ...metadata, labels: {} } }, true],
  ['its owner', { ...pod, metadata: { ...metadata, ownerReferences: [] } }, true],
  ['its deletion', { ...pod, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }, true],
  ['its end', { ...pod, status: { ...pod.status, phase: 'Failed' } }, true],
  ['being ready', { ...pod, status: ready('True') }, true],
  ['being ready since another time', { ...pod, status: ready('False', '2026-01-02T00:00:00Z') }, true],
])('a change of %s is looked at by those who count pods, or not', (_what, changed, counts) => {
  expect(isCountedChange(changed, pod)).toBe(counts)
})
