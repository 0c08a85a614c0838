import { milliOf, wholeOf } from '../../api/meta/quantity.ts'
import type { ContainerUsage } from './container-usage.ts'
import type { Histogram } from './histogram.ts'
import type { ContainerPolicy, ContainerRecommendation, Quantities } from './resource.ts'

/** How the estimates are made; the figures are those of Kubernetes' recommender. */
const TARGET = { share: 0.9, factor: 1, power: 0 }
const LOWER = { share: 0.5, factor: 0.001, power: -2 }
const UPPER = { share: 0.95, factor: 1, power: 1 }
const SAFETY = 1.15
/** What a pod is given at the least, divided among its containers. */
const POD_CPU = 0.025
const POD_MEMORY = 250 * 2 ** 20

const RESOURCES = ['cpu', 'memory'] as const
type Resource = (typeof RESOURCES)[number]

/**
 * What the containers of one name should ask for: the 90th percentile of what they used and some safety, between bounds that
 * close in as measurements grow; within what the policy allows. Undefined where nothing was measured, or the policy says `Off`.
 */
export function recommend(
  containerName: string,
  usage: ContainerUsage,
  containers: number,
  policies: readonly ContainerPolicy[] = [],
): ContainerRecommendation | undefined {
  const policy = policyOf(containerName, policies)
  if (policy?.mode === 'Off' || usage.cpu.isEmpty() || usage.memory.isEmpty()) return undefined
  const days = usage.days()
  const estimate = ({ share, factor, power }: typeof TARGET): Amounts => {
    // Without a single day's measurements the upper bound is as good as none.
    const confidence = power === 0 ? 1 : (1 + factor / days) ** power
    const of = (histogram: Histogram, least: number, most: number) =>
      Math.min(most, Math.max(histogram.percentile(share) * SAFETY * confidence, least / containers))
    return { cpu: of(usage.cpu, POD_CPU, MOST_CPU), memory: of(usage.memory, POD_MEMORY, MOST_MEMORY) }
  }
  const controlled = policy?.controlledResources ?? RESOURCES
  const written = (amounts: Amounts) => quantitiesOf(amounts, controlled)
  const capped = (amounts: Amounts) => written(within(amounts, policy))
  const target = estimate(TARGET)
  return {
    containerName,
    lowerBound: capped(estimate(LOWER)),
    target: capped(target),
    uncappedTarget: written(target),
    upperBound: capped(estimate(UPPER)),
  }
}

/** The policy of that container, else the one for all: `*`. */
export function policyOf(containerName: string, policies: readonly ContainerPolicy[]): ContainerPolicy | undefined {
  return (
    policies.find((policy) => policy.containerName === containerName) ??
    policies.find((policy) => policy.containerName === '*')
  )
}

type Amounts = Readonly<Record<Resource, number>>

/** Where nothing is certain yet, the upper bound is this. */
const MOST_CPU = 1e11
const MOST_MEMORY = 1e14

function within(amounts: Amounts, policy: ContainerPolicy | undefined): Amounts {
  const bound = (resource: Resource, valueOf: (text: string) => number) => {
    const [least, most] = [policy?.minAllowed?.[resource], policy?.maxAllowed?.[resource]]
    const raised = least === undefined ? amounts[resource] : Math.max(amounts[resource], valueOf(least))
    return most === undefined ? raised : Math.min(raised, valueOf(most))
  }
  return { cpu: bound('cpu', (text) => milliOf(text) / 1000), memory: bound('memory', wholeOf) }
}

function quantitiesOf({ cpu, memory }: Amounts, controlled: readonly string[]): Quantities {
  const all: Quantities = { cpu: `${Math.ceil(cpu * 1000 - 1e-9)}m`, memory: bytesText(Math.ceil(memory)) }
  return Object.fromEntries(Object.entries(all).filter(([resource]) => controlled.includes(resource)))
}

/** Bytes as Kubernetes writes a decimal quantity: in thousands where there is no rest. */
function bytesText(bytes: number): string {
  return bytes % 1000 === 0 ? `${bytes / 1000}k` : String(bytes)
}
