import type { Container, Pod, PodSpec } from '../../../api/generated/core-v1.ts'

/** What a check found forbidden: in short, and in full. */
export interface Violation {
  readonly reason: string
  readonly detail: string
}

/** What is checked: a pod, or the template of one. */
export interface Subject {
  readonly metadata: Pick<Pod['metadata'], 'annotations'>
  readonly spec: PodSpec
}

/** One rule of the pod security standards. `minor` is that of the version asked for, infinite for the latest. */
export type Check = (subject: Subject, minor: number) => Violation | undefined

/** All containers of a pod, those that prepare it first. */
export function containersOf({ spec }: Subject): readonly Container[] {
  const ephemeral = (spec.ephemeralContainers ?? []) as unknown as readonly Container[]
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...ephemeral]
}

export const quoted = (names: Iterable<string>): string => [...names].map((name) => `"${name}"`).join(', ')

export const plural = (count: number, one: string, many = `${one}s`): string => (count === 1 ? one : many)

/** `container "a"`, `containers "a", "b"`. */
export const named = (containers: readonly Container[], what = 'container'): string =>
  `${plural(containers.length, what)} ${quoted(containers.map(({ name }) => name))}`

/** Sorted, each once. */
export const distinct = (values: Iterable<string>): readonly string[] => [...new Set(values)].sort()

/** `pod and container "a"`: who has set what is forbidden; nobody for an empty text. */
export function setters(pod: boolean, containers: readonly Container[]): string {
  const parts = [...(pod ? ['pod'] : []), ...(containers.length === 0 ? [] : [named(containers)])]
  return parts.join(' and ')
}
