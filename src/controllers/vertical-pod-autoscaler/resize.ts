import type { Container, Pod } from '../../api/generated/core-v1.ts'
import { milliOf } from '../../api/meta/quantity.ts'
import { policyOf } from './recommendation.ts'
import type { ContainerPolicy, ContainerRecommendation, Quantities } from './resource.ts'

/** A container's resources as they should be. */
export interface ContainerResize {
  readonly name: string
  readonly resources: { readonly requests: Quantities; readonly limits?: Quantities }
}

/**
 * The containers of a running pod whose requests lie outside of what is recommended, with their requests at the target.
 * Limits keep their proportion to the requests, unless the policy controls requests only. A pod in the best-effort class stays as it is:
 * a pod's class never changes.
 */
export function resizesOf(
  pod: Pod,
  recommendations: readonly ContainerRecommendation[],
  policies: readonly ContainerPolicy[] = [],
): readonly ContainerResize[] {
  if (pod.status?.qosClass === 'BestEffort') return []
  return (pod.spec?.containers ?? []).flatMap((container) => {
    const recommendation = recommendations.find(({ containerName }) => containerName === container.name)
    if (recommendation === undefined || !isOutside(container, recommendation)) return []
    return [resizeOf(container, recommendation, policyOf(container.name, policies))]
  })
}

function isOutside({ resources }: Container, { target, lowerBound, upperBound }: ContainerRecommendation): boolean {
  return Object.keys(target).some((resource) => {
    const asked = resources?.requests?.[resource]
    if (asked === undefined) return true
    const amount = milliOf(asked)
    return amount < milliOf(lowerBound[resource]!) || amount > milliOf(upperBound[resource]!)
  })
}

function resizeOf(
  { name, resources = {} }: Container,
  { target }: ContainerRecommendation,
  policy: ContainerPolicy | undefined,
): ContainerResize {
  const requests = { ...resources.requests, ...target } as Quantities
  const limits = resources.limits as Quantities | undefined
  if (limits === undefined || policy?.controlledValues === 'RequestsOnly') {
    return { name, resources: { requests: withinLimits(requests, limits), ...(limits && { limits }) } }
  }
  const scaled = Object.entries(limits).map(([resource, limit]) => {
    const [before, after] = [resources.requests?.[resource], target[resource]]
    if (before === undefined || after === undefined || milliOf(before) === 0) return [resource, limit] as const
    return [resource, quantityOf(resource, (milliOf(limit) / milliOf(before)) * milliOf(after))] as const
  })
  return { name, resources: { requests, limits: Object.fromEntries(scaled) } }
}

function withinLimits(requests: Quantities, limits: Quantities = {}): Quantities {
  const fit = Object.entries(requests).map(([resource, request]) => {
    const limit = limits[resource]
    return [resource, limit !== undefined && milliOf(limit) < milliOf(request) ? limit : request] as const
  })
  return Object.fromEntries(fit)
}

/** From thousandths: cpu in thousandths of a core, all else in whole units. */
function quantityOf(resource: string, milli: number): string {
  return resource === 'cpu' ? `${Math.ceil(milli)}m` : String(Math.ceil(milli / 1000))
}
