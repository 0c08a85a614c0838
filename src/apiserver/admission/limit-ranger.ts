import type { Draft } from '../../api/draft.ts'
import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from '../../api/generated/core-v1.ts'
import { compareQuantities, milliOf } from '../../api/meta/quantity.ts'
import type { Amounts } from '../../api/quota/pod-usage.ts'
import { podAmounts } from '../../api/quota/pod-usage.ts'
import { forbidden } from '../verbs/failure.ts'
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'

const ANNOTATION = 'kubernetes.io/limit-ranger'

/** Gives containers the requests and limits that their namespace sets by default, and holds all to its bounds. */
export const limitRanger: AdmissionPlugin = {
  name: 'LimitRanger',
  resources: ['pods', 'persistentvolumeclaims'],
  operations: ['CREATE', 'UPDATE'],
  mutate(request) {
    const { resource, operation, object } = request
    if (resource.storage !== 'pods' || operation !== 'CREATE') return
    for (const item of itemsOf(request)) if (item.type === 'Container') fillIn(object as unknown as Draft<Pod>, item)
  },
  validate(request) {
    const { resource, operation, object, name, subresource } = request
    if (subresource !== undefined || (resource.storage === 'pods' && operation === 'UPDATE')) return
    const problems = itemsOf(request).flatMap((item) =>
      resource.storage === 'pods'
        ? podProblems(object as unknown as Pod, item)
        : claimProblems(object as unknown as PersistentVolumeClaim, item),
    )
    if (problems.length === 0) return
    throw forbidden(resource.type, name, problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`)
  },
}

function itemsOf({ head, namespace }: AdmissionRequest): readonly LimitRangeItem[] {
  if (namespace === undefined || head.count('limitranges') === 0) return []
  const ranges = [...head.list('limitranges', { prefix: `${namespace}/` })]
  return ranges.flatMap(({ object }) => (object as LimitRange).spec?.limits ?? [])
}

function fillIn(pod: Draft<Pod>, item: LimitRangeItem): void {
  const notes = [
    ...(pod.spec?.containers ?? []).flatMap((one) => fillContainer(one, item, 'container')),
    ...(pod.spec?.initContainers ?? []).flatMap((one) => fillContainer(one, item, 'init container')),
  ]
  if (notes.length === 0) return
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [ANNOTATION]: `LimitRanger plugin set: ${notes.join('; ')}`,
  }
}

function fillContainer(container: Draft<Container>, item: LimitRangeItem, what: string): readonly string[] {
  const resources = (container.resources ??= {})
  const fill = (kind: 'requests' | 'limits', wanted: Readonly<Record<string, string | number>> = {}) => {
    const missing = Object.keys(wanted).filter((name) => resources[kind]?.[name] === undefined)
    if (missing.length === 0) return []
    const added = Object.fromEntries(missing.map((name) => [name, wanted[name] ?? '0']))
    resources[kind] = { ...resources[kind], ...added }
    return [`${missing.sort().join(', ')} ${kind.slice(0, -1)} for ${what} ${container.name}`]
  }
  // Requests first: a default request counts for more than the limit that would stand in for it.
  return [...fill('requests', item.defaultRequest), ...fill('limits', item.default)]
}

function podProblems(pod: Pod, item: LimitRangeItem): readonly string[] {
  const { spec } = pod
  if (spec === undefined) return []
  if (item.type === 'Pod') {
    // What the runtime needs beside the containers is none of theirs.
    const { overhead: _, ...own } = spec
    return problemsOf(item, podAmounts(own, 'requests'), podAmounts(own, 'limits'))
  }
  if (item.type !== 'Container') return []
  return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
    problemsOf(item, (resources?.requests ?? {}) as Amounts, (resources?.limits ?? {}) as Amounts),
  )
}

function claimProblems({ spec }: PersistentVolumeClaim, item: LimitRangeItem): readonly string[] {
  if (item.type !== 'PersistentVolumeClaim') return []
  const requests = (spec?.resources?.requests ?? {}) as Amounts
  return [
    ...each(item.min, (name, bound) => minimum(item.type, name, bound, requests[name], undefined)),
    ...each(item.max, (name, bound) => maximum(item.type, name, bound, requests[name], 'request')),
  ]
}

function problemsOf(item: LimitRangeItem, requests: Amounts, limits: Amounts): readonly string[] {
  const { type } = item
  return [
    ...each(item.min, (name, bound) => minimum(type, name, bound, requests[name], limits[name])),
    ...each(
      item.max,
      (name, bound) => maximum(type, name, bound, limits[name], 'limit') ?? above(type, name, bound, requests[name]),
    ),
    ...each(item.maxLimitRequestRatio, (name, bound) => ratio(type, name, bound, requests[name], limits[name])),
  ]
}

function each(
  bounds: Readonly<Record<string, string | number>> = {},
  check: (name: string, bound: string) => string | undefined,
): readonly string[] {
  return Object.keys(bounds)
    .sort()
    .flatMap((name) => check(name, String(bounds[name])) ?? [])
}

function minimum(type: string, name: string, bound: string, request?: string, limit?: string): string | undefined {
  const head = `minimum ${name} usage per ${type} is ${bound}`
  if (request === undefined) return `${head}.  No request is specified`
  if (compareQuantities(request, bound) < 0) return `${head}, but request is ${request}`
  return limit !== undefined && compareQuantities(limit, bound) < 0 ? `${head}, but limit is ${limit}` : undefined
}

function maximum(type: string, name: string, bound: string, amount: string | undefined, kind: string) {
  if (amount === undefined) return `maximum ${name} usage per ${type} is ${bound}.  No ${kind} is specified`
  return above(type, name, bound, amount, kind)
}

function above(type: string, name: string, bound: string, amount: string | undefined, kind = 'request') {
  if (amount === undefined || compareQuantities(amount, bound) <= 0) return undefined
  return `maximum ${name} usage per ${type} is ${bound}, but ${kind} is ${amount}`
}

function ratio(type: string, name: string, bound: string, request?: string, limit?: string): string | undefined {
  const head = `${name} max limit to request ratio per ${type} is ${bound}, but`
  if (request === undefined || milliOf(request) === 0) return `${head} no request is specified or request is 0`
  if (limit === undefined || milliOf(limit) === 0) return `${head} no limit is specified or limit is 0`
  const actual = milliOf(limit) / milliOf(request)
  return actual > milliOf(bound) / 1000 ? `${head} provided ratio is ${actual.toFixed(6)}` : undefined
}
