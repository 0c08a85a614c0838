import { expect, test } from 'vitest'
import type { HorizontalPodAutoscaler } from '../../api/generated/autoscaling-v2.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { look } from './look.ts'
import type { Scene } from './metric-proposals.ts'
import { emptyMemory, rememberChange } from './stabilizer.ts'

const NOW = Date.parse('2026-01-01T01:00:00Z')
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString()

/** A pod that asks for 100m of cpu and has been ready for `readySeconds`. */
const pod = (name: string, readySeconds: number | undefined = 1800, phase = 'Running'): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'n' },
    spec: { containers: [{ name: 'main', resources: { requests: { cpu: '100m' } } }] },
    status: {
      phase,
      startTime: ago(1801),
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: ago(readySeconds) }],
    },
  }) as unknown as Pod

const utilization = (percent: number) => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } },
})

/** A scene of so many pods whose cpu, in thousandths, is given; undefined: not measured. */
function sceneOf(spec: object, used: readonly (number | undefined)[], more: Partial<Scene> = {}): Scene {
  const pods = used.map((_, i) => pod(`p${i}`))
  const usages = new Map(
    used.flatMap((value, i) =>
      value === undefined ? [] : [[`p${i}`, { value, atMs: NOW, windowMs: 30_000 }] as const],
    ),
  )
  const autoscaler = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'h', namespace: 'n' },
    spec: { minReplicas: 1, maxReplicas: 20, metrics: [utilization(50)], ...spec },
  } as unknown as HorizontalPodAutoscaler
  const metrics: Scene['metrics'] = {
    ofPods: () => Promise.resolve(usages),
    ofPodsCustom: () => Promise.resolve(usages),
    ofObject: () => Promise.resolve(1_000_000),
    external: () => Promise.reject(new Error('no metrics returned from external metrics API')),
  }
  const size = used.length
  const base = {
    specReplicas: size,
    statusReplicas: size,
    selector: 'a=b',
    pods,
    contenders: () => ['n/h'],
    metrics,
    nowMs: NOW,
  }
  return { autoscaler, ...base, pluralOf: () => 'services', ...more }
}

const lookAt = (scene: Scene, memory = emptyMemory(scene.specReplicas, scene.nowMs)) => look(scene, memory)

test('utilization above the target asks for as many pods as would meet it', async () => {
  const seen = await lookAt(sceneOf({}, [90, 90, 90]))
  expect(seen.rescale).toEqual({
    replicas: 6,
    reason: 'cpu resource utilization (percentage of request) above target',
  })
  expect(seen.metrics).toEqual([
    { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 90, averageValue: '90m' } } },
  ])
  expect(seen.conditions).toMatchObject([
    {
      type: 'AbleToScale',
      status: 'True',
      reason: 'ReadyForNewScale',
      message: 'recommended size matches current size',
    },
    {
      type: 'ScalingActive',
      status: 'True',
      reason: 'ValidMetricFound',
      message:
        'the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)',
    },
    { type: 'ScalingLimited', status: 'False', reason: 'DesiredWithinRange' },
  ])
})

test('within a tenth of the target nothing happens', async () => {
  expect((await lookAt(sceneOf({}, [54, 54]))).rescale).toBeUndefined()
})

test('a fall is held back by the highest advice of the last five minutes', async () => {
  const scene = sceneOf({}, [5, 5, 5, 5])
  const memory = emptyMemory(4, NOW - 60_000)
  const held = await lookAt(scene, memory)
  expect(held.rescale).toBeUndefined()
  expect(held.conditions[0]).toMatchObject({
    reason: 'ScaleDownStabilized',
    message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
  })
  const later = await lookAt({ ...scene, nowMs: NOW + 300_000 }, memory)
  expect(later.rescale).toEqual({ replicas: 1, reason: 'All metrics below target' })
})

test('without behaviour a rise is at most a doubling, or four', async () => {
  const seen = await lookAt(sceneOf({}, [500, 500]))
  expect(seen.rescale!.replicas).toBe(4)
  expect(seen.conditions[2]).toMatchObject({ type: 'ScalingLimited', status: 'True', reason: 'ScaleUpLimit' })
  const bounded = await lookAt(sceneOf({ maxReplicas: 3 }, [500, 500]))
  expect(bounded.rescale!.replicas).toBe(3)
  expect(bounded.conditions[2]).toMatchObject({ status: 'True', reason: 'TooManyReplicas' })
})

test('policies limit changes per period, counting what was changed within it', async () => {
  const policies = [
    { type: 'Pods', value: 3, periodSeconds: 60 },
    { type: 'Percent', value: 50, periodSeconds: 60 },
  ]
  const rise = (selectPolicy: string) =>
    sceneOf({ behavior: { scaleUp: { selectPolicy, policies } } }, [500, 500, 500, 500])
  expect((await lookAt(rise('Max'))).rescale!.replicas).toBe(7)
  expect((await lookAt(rise('Min'))).rescale!.replicas).toBe(6)
  expect((await lookAt(rise('Disabled'))).rescale).toBeUndefined()
  const memory = emptyMemory(4, NOW)
  rememberChange(memory, 2, 4, NOW - 30_000)
  expect((await lookAt(rise('Max'), memory)).rescale!.replicas).toBe(5)
})

test('a window on the way up takes the lowest advice within it', async () => {
  const scene = sceneOf({ behavior: { scaleUp: { stabilizationWindowSeconds: 60 } } }, [90, 90])
  const seen = await lookAt(scene, { advice: [{ atMs: NOW - 30_000, replicas: 2 }], changes: [] })
  expect(seen.rescale).toBeUndefined()
  expect(seen.conditions[0]).toMatchObject({ reason: 'ScaleUpStabilized' })
})

test('pods that are not measured count as idle on the way up and as full on the way down', async () => {
  expect((await lookAt(sceneOf({}, [100, 100, undefined]))).rescale!.replicas).toBe(4)
  const fresh = { advice: [], changes: [] }
  expect((await lookAt(sceneOf({}, [10, 10, undefined]), fresh)).rescale).toBeUndefined()
})

test('pods that are pending or just became ready count as idle on the way up', async () => {
  const pods = [
    pod('p0'),
    { ...pod('p1'), status: { ...pod('p1').status, startTime: ago(60), conditions: [] } },
    pod('p2', 0, 'Pending'),
  ]
  const seen = await lookAt(sceneOf({}, [200, 200, undefined], { pods: pods as Pod[] }))
  expect(seen.rescale!.replicas).toBe(4)
})

test('a metric that cannot be told is named, and never lets pods be taken', async () => {
  const external = { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '10' } } }
  const alone = await lookAt(sceneOf({ metrics: [external] }, [50]))
  expect(alone.failed).toBe(true)
  const why = 'unable to get external metric n/queue: no metrics returned from external metrics API'
  expect(alone.conditions[1]).toMatchObject({
    type: 'ScalingActive',
    status: 'False',
    reason: 'FailedGetExternalMetric',
    message: `the HPA was unable to compute the replica count: ${why}`,
  })
  expect(alone.notes.map(({ reason, message }) => `${reason}: ${message}`)).toEqual([
    `FailedGetExternalMetric: ${why}`,
    `FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get queue external metric value: ${why}`,
  ])
  const fresh = () => ({ advice: [], changes: [] })
  expect((await lookAt(sceneOf({ metrics: [utilization(50), external] }, [5, 5]), fresh())).failed).toBe(true)
  expect((await lookAt(sceneOf({ metrics: [utilization(50), external] }, [90, 90]), fresh())).rescale!.replicas).toBe(4)
})

test('a number of one object is met by its value, or by its share for each pod', async () => {
  const object = (target: object) => ({
    metrics: [
      { type: 'Object', object: { metric: { name: 'hits' }, describedObject: { kind: 'Service', name: 's' }, target } },
    ],
  })
  const byValue = await lookAt(sceneOf(object({ type: 'Value', value: '500' }), [1, 1]))
  expect(byValue.rescale).toEqual({ replicas: 4, reason: 'Service metric hits above target' })
  const byShare = await lookAt(sceneOf(object({ type: 'AverageValue', averageValue: '250' }), [1, 1]))
  expect(byShare.rescale!.replicas).toBe(4)
  expect(byShare.metrics[0]!.object!.current).toEqual({ averageValue: '500' })
})

test('outside its bounds the size is brought back without asking metrics; from zero on, scaling is off', async () => {
  expect((await lookAt(sceneOf({ maxReplicas: 1 }, [1, 1]))).rescale).toEqual({
    replicas: 1,
    reason: 'Current number of replicas above Spec.MaxReplicas',
  })
  expect((await lookAt(sceneOf({ minReplicas: 3 }, [1, 1]))).rescale!.reason).toBe(
    'Current number of replicas below Spec.MinReplicas',
  )
  const off = await lookAt(sceneOf({}, []))
  expect(off.conditions[1]).toMatchObject({ type: 'ScalingActive', status: 'False', reason: 'ScalingDisabled' })
})

test('a pod without a request for the resource is named', async () => {
  const bare = { ...pod('p0'), spec: { containers: [{ name: 'main' }] } } as unknown as Pod
  const seen = await lookAt(sceneOf({}, [50], { pods: [bare] }))
  expect(seen.notes[0]).toMatchObject({
    reason: 'FailedGetResourceMetric',
    message: 'failed to get cpu utilization: missing request for cpu in container main of Pod p0',
  })
})

// Kubernetes' rule (since 1.27): who cannot be told apart sizes nothing.
test('two autoscalers of the same pods leave them as they are, and each says so', async () => {
  const seen = await lookAt(sceneOf({}, [90, 90], { contenders: () => ['n/h', 'n/other'] }))
  expect(seen.rescale).toBeUndefined()
  const message = 'pods by selector a=b are controlled by multiple HPAs: [n/h n/other]'
  expect(seen.conditions.at(-1)).toMatchObject({ type: 'ScalingActive', reason: 'AmbiguousSelector', message })
  expect(seen.notes.map(({ reason }) => reason)).toEqual(['AmbiguousSelector', 'FailedComputeMetricsReplicas'])
})
