import { expect, test } from 'vitest'
import { BUILT_IN_RESOURCES } from '../generated/resources.ts'
import type { KubeObject } from '../object.ts'
import type { ResourceType } from '../resource-type.ts'
import { convert } from './convert.ts'

const typeOf = (group: string, version: string, plural: string) =>
  BUILT_IN_RESOURCES.find(
    (one) => one.group === group && one.version === version && one.plural === plural,
  ) as ResourceType

test('an event of the older group has all its fields in the newer, and comes back as it was', () => {
  const [core, events] = [typeOf('', 'v1', 'events'), typeOf('events.k8s.io', 'v1', 'events')]
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'e', namespace: 'x' },
    involvedObject: { kind: 'Pod', name: 'p' },
    message: 'Started',
    reason: 'Started',
    source: { component: 'kubelet' },
    count: 2,
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:01Z',
    reportingComponent: 'kubelet',
  } as KubeObject
  const converted = convert(event, core, events)
  expect(converted).toEqual({
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: 'e', namespace: 'x' },
    regarding: { kind: 'Pod', name: 'p' },
    note: 'Started',
    reason: 'Started',
    deprecatedSource: { component: 'kubelet' },
    deprecatedCount: 2,
    deprecatedFirstTimestamp: '2026-01-01T00:00:00Z',
    deprecatedLastTimestamp: '2026-01-01T00:00:01Z',
    reportingController: 'kubelet',
  })
  // The older group always says who reported, if only that nobody did.
  expect(convert(converted, events, core)).toEqual({ ...event, reportingInstance: '' })
})

test('version 1 of an autoscaler knows the share of requested CPU alone', () => {
  const [v1, v2] = [
    typeOf('autoscaling', 'v1', 'horizontalpodautoscalers'),
    typeOf('autoscaling', 'v2', 'horizontalpodautoscalers'),
  ]
  const spec = { maxReplicas: 3, targetCPUUtilizationPercentage: 70 }
  const old = {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'h' },
    spec,
  } as KubeObject
  const converted = convert(old, v1, v2)
  const target = { type: 'Utilization', averageUtilization: 70 }
  expect(converted).toMatchObject({
    apiVersion: 'autoscaling/v2',
    spec: { maxReplicas: 3, metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }] },
  })
  expect(convert(converted, v2, v1)).toMatchObject({ apiVersion: 'autoscaling/v1', spec })
})

test('an object in the version asked for is itself', () => {
  const type = typeOf('', 'v1', 'pods')
  const pod: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: {} }
  expect(convert(pod, type, type)).toBe(pod)
})
