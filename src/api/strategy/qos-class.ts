import type { Container, PodSpec } from '../generated/core-v1.ts'
import { compareQuantities } from '../meta/quantity.ts'

const COUNTED = ['cpu', 'memory']

/** A pod's class of service: it decides who is evicted first. */
export function qosClassOf(spec: PodSpec): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
  const holders = spec.resources === undefined ? containers : [{ resources: spec.resources }]
  if (!holders.some(asksForAnything)) return 'BestEffort'
  return holders.every(isGuaranteed) ? 'Guaranteed' : 'Burstable'
}

type Holder = Pick<Container, 'resources'>

function asksForAnything({ resources }: Holder): boolean {
  return COUNTED.some((name) => isPositive(resources?.limits?.[name]) || isPositive(resources?.requests?.[name]))
}

function isGuaranteed({ resources }: Holder): boolean {
  return COUNTED.every((name) => {
    const limit = resources?.limits?.[name]
    const request = resources?.requests?.[name] ?? limit
    return limit !== undefined && request !== undefined && isPositive(limit) && compareQuantities(limit, request) === 0
  })
}

const isPositive = (quantity: string | number | undefined) =>
  quantity !== undefined && compareQuantities(quantity, 0) > 0
