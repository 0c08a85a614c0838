import { describe, expect, test } from 'vitest'
import type { Pod } from '../../api/generated/core-v1.ts'
import { createContainerUsage } from './container-usage.ts'
import { createHistogram } from './histogram.ts'
import { recommend } from './recommendation.ts'
import { resizesOf } from './resize.ts'
import type { ContainerRecommendation } from './resource.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const MIB = 2 ** 20

describe('a decaying histogram', () => {
  const options = { firstBucket: 1, largest: 1000, halfLifeMs: DAY_MS }

  test('gives the end of the bucket that a share of the weight does not exceed', () => {
    const histogram = createHistogram(options)
    for (const value of [0.5, 0.6, 0.7, 1.5]) histogram.add(value, 1, 0)
    // Buckets grow by a twentieth: the first ends at 1, the second at 2.05.
    expect(histogram.percentile(0.75)).toBe(1)
    expect(histogram.percentile(0.76)).toBeCloseTo(2.05)
    expect(createHistogram(options).percentile(0.5)).toBe(0)
  })

  test('counts a sample half as much as one that is a half-life younger, for as long as it runs', () => {
    const histogram = createHistogram(options)
    histogram.add(0.5, 4, 0)
    histogram.add(500, 1, DAY_MS)
    expect(histogram.percentile(0.6)).toBe(1)
    histogram.add(500, 1, 3 * DAY_MS)
    expect(histogram.percentile(0.6)).toBeGreaterThan(500)
    histogram.add(0.5, 1, 2000 * DAY_MS)
    expect(histogram.percentile(0.99)).toBe(1)
  })

  test('takes a sample back', () => {
    const histogram = createHistogram(options)
    histogram.add(5, 1, 0)
    histogram.subtract(5, 1, 0)
    expect(histogram.isEmpty()).toBe(true)
  })
})

test('usage: what is saved and restored recommends the same, and counts on; peaks of today are left out', () => {
  const usage = steadyUsage(0.5, 1000 * MIB)
  const restored = createContainerUsage()
  restored.restore(usage.save(8 * DAY_MS))
  expect(recommend('main', restored, 1)).toEqual(recommend('main', usage, 1))
  usage.add('new', { atMs: 8 * DAY_MS, cpu: 0.5, memory: 9000 * MIB, cpuRequest: 1 })
  restored.restore(usage.save(8 * DAY_MS))
  expect(usage.memory.percentile(1)).toBeGreaterThan(9000 * MIB)
  expect(restored.memory.percentile(1)).toBeLessThan(1100 * MIB)
})

/** A week of measurements, one a minute. */
function steadyUsage(cpu: number, memory: number, days = 7) {
  const usage = createContainerUsage()
  for (let atMs = 0; atMs < days * DAY_MS; atMs += MINUTE_MS) usage.add('pod', { atMs, cpu, memory, cpuRequest: 1 })
  return usage
}

const milli = (text: string | undefined) => Number(text?.replace('m', ''))

describe('a recommendation', () => {
  test('lies over the 90th percentile by the safety margin, between bounds that a week has brought near', () => {
    const { target, lowerBound, upperBound } = recommend('main', steadyUsage(0.5, 1000 * MIB), 1)!
    // At the most one bucket, a twentieth, over 0.5 cores and its margin of 15 %.
    expect(milli(target['cpu'])).toBeGreaterThanOrEqual(575)
    expect(milli(target['cpu'])).toBeLessThanOrEqual(575 * 1.07)
    expect(Number(target['memory'])).toBeGreaterThanOrEqual(1150 * MIB)
    expect(Number(target['memory'])).toBeLessThanOrEqual(1150 * MIB * 1.06)
    expect(milli(lowerBound['cpu'])).toBeLessThanOrEqual(milli(target['cpu']))
    // (1 + 1 / 7 days): the recommender's confidence factor.
    expect(milli(upperBound['cpu']) / milli(target['cpu'])).toBeCloseTo(8 / 7, 1)
  })

  test('has an upper bound that says nothing while there is next to nothing measured', () => {
    const { target, upperBound } = recommend('main', steadyUsage(0.5, 1000 * MIB, 0.001), 1)!
    expect(milli(upperBound['cpu'])).toBeGreaterThan(100 * milli(target['cpu']))
  })

  test('gives no pod less than 25m and 250 MiB, divided among its containers', () => {
    const usage = steadyUsage(0.001, MIB, 1)
    expect(recommend('main', usage, 1)?.target).toEqual({ cpu: '25m', memory: '262144k' })
    expect(recommend('main', usage, 2)?.target).toEqual({ cpu: '13m', memory: '131072k' })
  })

  test('keeps within the policy, names what is controlled, and tells what it would have been', () => {
    const usage = steadyUsage(2, 1000 * MIB, 1)
    const policy = { containerName: '*', maxAllowed: { cpu: '1' }, controlledResources: ['cpu'] }
    const { target, uncappedTarget } = recommend('main', usage, 1, [policy])!
    expect(target).toEqual({ cpu: '1000m' })
    expect(milli(uncappedTarget['cpu'])).toBeGreaterThan(2000)
    expect(recommend('main', usage, 1, [policy, { containerName: 'main', mode: 'Off' }])).toBeUndefined()
    expect(recommend('main', createContainerUsage(), 1)).toBeUndefined()
  })

  test('takes a container that ran out of memory to need a fifth more than it had', () => {
    const usage = steadyUsage(0.1, 900 * MIB, 1)
    usage.addOutOfMemory('other', 1000 * MIB, DAY_MS)
    expect(usage.memory.percentile(1)).toBeGreaterThan(1200 * MIB)
  })
})

describe('a resize', () => {
  const recommendation: ContainerRecommendation = {
    containerName: 'main',
    lowerBound: { cpu: '100m' },
    target: { cpu: '200m' },
    uncappedTarget: { cpu: '200m' },
    upperBound: { cpu: '400m' },
  }
  const pod = (requests: object, limits?: object, qosClass = 'Burstable'): Pod => {
    const resources = { requests, ...(limits && { limits }) }
    const spec = { containers: [{ name: 'main', image: 'app', resources }] }
    return { apiVersion: 'v1', kind: 'Pod', metadata: {}, spec, status: { qosClass } } as Pod
  }

  test('is made where requests lie outside of the bounds, and leaves what is within', () => {
    expect(resizesOf(pod({ cpu: '1' }), [recommendation])).toEqual([
      { name: 'main', resources: { requests: { cpu: '200m' } } },
    ])
    expect(resizesOf(pod({ cpu: '50m', memory: '1Gi' }), [recommendation])).toEqual([
      { name: 'main', resources: { requests: { cpu: '200m', memory: '1Gi' } } },
    ])
    expect(resizesOf(pod({ cpu: '300m' }), [recommendation])).toEqual([])
  })

  test('keeps the proportion of limits to requests, or the limits where only requests are controlled', () => {
    const [scaled] = resizesOf(pod({ cpu: '1' }, { cpu: '3', memory: '1Gi' }), [recommendation])
    expect(scaled?.resources.limits).toEqual({ cpu: '600m', memory: '1Gi' })
    const only = [{ containerName: '*', controlledValues: 'RequestsOnly' as const }]
    const [kept] = resizesOf(pod({ cpu: '50m' }, { cpu: '150m' }), [recommendation], only)
    expect(kept?.resources).toEqual({ requests: { cpu: '150m' }, limits: { cpu: '150m' } })
  })

  test('never changes the class of a pod', () => {
    expect(resizesOf(pod({}, undefined, 'BestEffort'), [recommendation])).toEqual([])
  })
})
