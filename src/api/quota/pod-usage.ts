import type { Container, Pod, PodSpec } from '../generated/core-v1.ts'
import { addQuantities, compareQuantities } from '../meta/quantity.ts'

/** Amounts by resource name. */
export type Amounts = Readonly<Record<string, string>>

type Kind = 'requests' | 'limits'

/** What a pod's containers ask for together: their sum, or more where an init container alone wants more. */
export function podAmounts(spec: PodSpec, kind: Kind): Amounts {
  const total: Record<string, string> = {}
  const sidecars: Record<string, string> = {}
  const peak: Record<string, string> = {}
  for (const container of spec.containers ?? []) addAll(total, amountsOf(container, kind))
  for (const container of spec.initContainers ?? []) {
    const own = amountsOf(container, kind)
    if (container.restartPolicy === 'Always') addAll(sidecars, own)
    const running = { ...sidecars }
    if (container.restartPolicy !== 'Always') addAll(running, own)
    raise(peak, running)
  }
  addAll(total, sidecars)
  raise(total, peak)
  Object.assign(total, spec.resources?.[kind])
  if (Object.keys(total).length > 0 || kind === 'requests') addAll(total, (spec.overhead ?? {}) as Amounts)
  return total
}

/** A container's amounts; where it asks for nothing, its limits are its requests. */
function amountsOf({ resources }: Container, kind: Kind): Amounts {
  const { limits = {}, requests = {} } = resources ?? {}
  return (kind === 'limits' ? limits : { ...limits, ...requests }) as Amounts
}

function addAll(total: Record<string, string>, more: Amounts): void {
  for (const [name, amount] of Object.entries(more)) total[name] = addQuantities(total[name] ?? '0', amount)
}

function raise(total: Record<string, string>, other: Amounts): void {
  for (const [name, amount] of Object.entries(other)) {
    if (compareQuantities(amount, total[name] ?? '0') > 0) total[name] = amount
  }
}

/** What a pod counts for in quotas: itself, its requests (under their own names too) and limits; nothing once it has ended. */
export function podUsage(pod: Pod): Amounts {
  const usage: Record<string, string> = { 'count/pods': '1' }
  if (hasEnded(pod)) return usage
  usage['pods'] = '1'
  const { spec } = pod
  for (const [name, amount] of Object.entries(spec === undefined ? {} : podAmounts(spec, 'requests'))) {
    usage[`requests.${name}`] = amount
    if (NAMED_ALONE.has(name)) usage[name] = amount
  }
  for (const [name, amount] of Object.entries(spec === undefined ? {} : podAmounts(spec, 'limits'))) {
    usage[`limits.${name}`] = amount
  }
  return usage
}

const NAMED_ALONE = new Set(['cpu', 'memory', 'ephemeral-storage'])

function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
}

const DEMANDED = /^(requests\.|limits\.)?(cpu|memory)$/

/** The resources of a quota that every container has to set, with the containers that do not: `limits.cpu for: main`. */
export function undemanded(pod: Pod, limited: readonly string[]): readonly string[] {
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]
  return limited.toSorted().flatMap((name) => {
    const match = DEMANDED.exec(name)
    if (match === null) return []
    const kind: Kind = match[1] === 'limits.' ? 'limits' : 'requests'
    const lacking = containers.filter((one) => amountsOf(one, kind)[match[2] ?? ''] === undefined)
    return lacking.length === 0 ? [] : [`${name} for: ${lacking.map((one) => one.name).join(',')}`]
  })
}
