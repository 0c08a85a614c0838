import { expect, test } from 'vitest'
import type { Pod } from '../api/generated/core-v1.ts'
import { podField, resourceField } from './pod-fields.ts'

const facts = { podIp: '10.0.0.5', hostIp: '192.0.2.1', nodeName: 'node1', allocatable: { cpu: '4', memory: '1Gi' } }
const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'n', uid: 'u', labels: { b: '2', a: 'x"y' }, annotations: { 'k/v': 'w' } },
  spec: { serviceAccountName: 'account', containers: [] },
}

test.each([
  ['metadata.name', 'p'],
  ['metadata.namespace', 'n'],
  ['metadata.uid', 'u'],
  ['metadata.labels', 'a="x\\"y"\nb="2"'],
  ["metadata.labels['b']", '2'],
  ["metadata.labels['none']", ''],
  ["metadata.annotations['k/v']", 'w'],
  ['spec.nodeName', 'node1'],
  ['spec.serviceAccountName', 'account'],
  ['status.podIP', '10.0.0.5'],
  ['status.hostIP', '192.0.2.1'],
  ['spec.unknown', undefined],
])('the downward API gives %s as %s', (path, value) => {
  expect(podField(pod, path, facts)).toBe(value)
})

const resources = { requests: { cpu: '250m', memory: '32Mi' }, limits: { memory: '64Mi' } }

// Kubernetes rounds up to whole units of the divisor, and takes the node's allocatable where there is no limit.
test.each([
  ['limits.memory', undefined, '67108864'],
  ['limits.memory', '1Mi', '64'],
  ['requests.memory', '30Mi', '2'],
  ['requests.cpu', undefined, '1'],
  ['requests.cpu', '1m', '250'],
  ['limits.cpu', undefined, '4'],
  ['limits.cpu', '1m', '4000'],
  ['requests.ephemeral-storage', undefined, '0'],
])('%s in units of %s is %s', (resource, divisor, value) => {
  expect(resourceField({ name: 'main', resources }, resource, divisor, facts)).toBe(value)
})
