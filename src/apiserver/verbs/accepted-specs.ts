import { jsonEqual } from '../../api/meta/equal.ts'
import type { Pod, PodSpec } from '../../api/generated/core-v1.ts'
import type { KubeObject } from '../../api/object.ts'

/**
 * The newest specs of pods that were created and found valid, without anything to warn of. Pods come by the thousand from one
 * template: another with the same spec is as valid, and need not be looked at again. What rules say of a pod's spec depends on
 * nothing but the spec itself, and what is warned of besides on its annotations.
 */
export interface AcceptedSpecs {
  includes(storage: string, object: KubeObject): boolean
  /** `object` is stored: what is remembered of it never changes. */
  add(storage: string, object: KubeObject): void
}

/** Templates that are told apart, those met last. */
const LIMIT = 8

export function createAcceptedSpecs(): AcceptedSpecs {
  const accepted: Pod[] = []
  const find = (pod: Pod) => accepted.findIndex((other) => isAlike(pod, other))
  return {
    includes(storage, object) {
      if (storage !== 'pods') return false
      const index = find(object as Pod)
      if (index > 0) accepted.unshift(...accepted.splice(index, 1))
      return index >= 0
    },
    add(storage, object) {
      if (storage !== 'pods' || accepted.unshift(object as Pod) <= LIMIT) return
      accepted.pop()
    },
  }
}

function isAlike(pod: Pod, other: Pod): boolean {
  const [spec, accepted] = [pod.spec, other.spec]
  if (spec === undefined || accepted === undefined) return false
  const { annotations } = pod.metadata
  if (annotations !== other.metadata.annotations && !jsonEqual(annotations, other.metadata.annotations)) return false
  return isRenamed(spec, accepted, tokenVolume(spec), tokenVolume(accepted))
}

/** The volume that admission gives a pod has a name of its own in each of them. */
function tokenVolume({ volumes = [] }: PodSpec): string {
  for (const { name } of volumes) if (name.length === TOKEN_NAME_LENGTH && name.startsWith(TOKEN_PREFIX)) return name
  return ''
}

const TOKEN_PREFIX = 'kube-api-access-'
const TOKEN_NAME_LENGTH = TOKEN_PREFIX.length + 5
const IS_TOKEN_NAME = /^kube-api-access-[a-z0-9]{5}$/

/**
 * Whether `value` is `other` but for `name`, which stands wherever `otherName` does there and nowhere else: what the rules ask of
 * a volume's name and of those who use it then holds for both or for neither.
 */
function isRenamed(value: unknown, other: unknown, name: string, otherName: string): boolean {
  if (name === otherName) return jsonEqual(value, other)
  if (!IS_TOKEN_NAME.test(name) || !IS_TOKEN_NAME.test(otherName)) return false
  return isSameButFor(value, other, name, otherName)
}

function isSameButFor(value: unknown, other: unknown, name: string, otherName: string): boolean {
  if (typeof value !== 'object' || typeof other !== 'object' || value === null || other === null) {
    if (value === other) return value !== name && value !== otherName
    return value === name && other === otherName
  }
  if (Array.isArray(value)) {
    if (!Array.isArray(other) || value.length !== other.length) return false
    for (let i = 0; i < value.length; i++) if (!isSameButFor(value[i], other[i], name, otherName)) return false
    return true
  }
  return !Array.isArray(other) && haveSameFields(value as Fields, other as Fields, name, otherName)
}

type Fields = Readonly<Record<string, unknown>>

function haveSameFields(value: Fields, other: Fields, name: string, otherName: string): boolean {
  let count = 0
  for (const key in value) {
    if (!Object.hasOwn(other, key) || !isSameButFor(value[key], other[key], name, otherName)) return false
    count++
  }
  for (const _ in other) count--
  return count === 0
}
