import { expect, test } from 'vitest'
import { autoscalerToV1, autoscalerToV2 } from './autoscaler.ts'

const PREFIX = 'autoscaling.alpha.kubernetes.io'
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }
const cpu = (percent: number) => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } },
})

const second = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'a' },
  spec: {
    scaleTargetRef,
    maxReplicas: 5,
    metrics: [
      { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
      {
        type: 'Object',
        object: {
          metric: { name: 'q', selector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['x<&>'] }] } },
          describedObject: { kind: 'Service', name: 's' },
          target: { type: 'AverageValue', value: '0', averageValue: '10' },
        },
      },
      { type: 'External', external: { metric: { name: 'q' }, target: { type: 'Value', value: '10' } } },
      cpu(50),
    ],
    behavior: {
      scaleUp: {
        stabilizationWindowSeconds: 5,
        selectPolicy: 'Max',
        policies: [{ type: 'Pods', value: 2, periodSeconds: 10 }],
      },
    },
  },
  status: {
    currentReplicas: 1,
    desiredReplicas: 2,
    currentMetrics: [
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 3, averageValue: '7m' } } },
    ],
    conditions: [{ type: 'AbleToScale', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z', reason: 'x' }],
  },
}

// The texts are those that kube-apiserver 1.34.4 answered.
const carried = {
  [`${PREFIX}/metrics`]: [
    '[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1Gi"}}',
    '{"type":"Object","object":{"target":{"kind":"Service","name":"s"},"metricName":"q","targetValue":"0","selector":{"matchExpressions":[{"key":"a","operator":"In","values":["x\\u003c\\u0026\\u003e"]}]},"averageValue":"10"}}',
    '{"type":"External","external":{"metricName":"q","targetValue":"10"}}]',
  ].join(','),
  [`${PREFIX}/current-metrics`]:
    '[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":3,"currentAverageValue":"7m"}}]',
  [`${PREFIX}/behavior`]:
    '{"ScaleUp":{"StabilizationWindowSeconds":5,"SelectPolicy":"Max","Policies":[{"Type":"Pods","Value":2,"PeriodSeconds":10}],"Tolerance":null},"ScaleDown":null}',
  [`${PREFIX}/conditions`]:
    '[{"type":"AbleToScale","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z","reason":"x"}]',
}

test('version 1 of an autoscaler carries in annotations what it has no fields for, in the texts of Kubernetes', () => {
  expect(autoscalerToV1(second)).toMatchObject({
    metadata: { annotations: carried },
    spec: { scaleTargetRef, maxReplicas: 5, targetCPUUtilizationPercentage: 50 },
    status: { currentReplicas: 1, desiredReplicas: 2, currentCPUUtilizationPercentage: 3 },
  })
})

test('what version 1 carries comes back, and version 2 shows no annotation of it', () => {
  expect(autoscalerToV2(autoscalerToV1(second))).toEqual(second)
})

test('version 1 that names nothing to measure is scaled by 80 percent of the requested CPU', () => {
  const first = { metadata: { name: 'a' }, spec: { scaleTargetRef, maxReplicas: 5 } }
  expect(autoscalerToV2(first)).toMatchObject({ spec: { metrics: [cpu(80)] } })
  const others = { annotations: { [`${PREFIX}/metrics`]: carried[`${PREFIX}/metrics`] } }
  expect(autoscalerToV2({ ...first, metadata: others })).toMatchObject({
    spec: { metrics: second.spec.metrics.slice(0, 3) },
  })
})

test.each(['{x', '[{"type":3}]', '{}', 'null'])('an annotation of metrics that says %s is left out', (text) => {
  const first = { metadata: { annotations: { [`${PREFIX}/metrics`]: text, kept: 'y' } }, spec: { scaleTargetRef } }
  expect(autoscalerToV2(first)).toMatchObject({
    metadata: { annotations: { kept: 'y' } },
    spec: { metrics: [cpu(80)] },
  })
})
