import type { Deployment } from '../../api/generated/apps-v1.ts'
import type { PodTemplateSpec } from '../../api/generated/core-v1.ts'

export const POD_TEMPLATE_HASH = 'pod-template-hash'

/** Kubernetes' letters for hashes in names: no vowels, so that no words appear. */
const SAFE = 'bcdfghjklmnpqrstvwxz2456789'

/**
 * A name for a pod template: 32-bit FNV-1a of its canonical JSON, and of how often the name was found to be taken. (The
 * value differs from the one that Kubernetes computes from Go's memory layout; nothing may depend on it.)
 */
export function templateHash(deployment: Deployment): string {
  const text = `${canonical(deployment.spec!.template)}${deployment.status?.collisionCount ?? ''}`
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return String(hash >>> 0).replace(/./g, (digit) => SAFE[digit.charCodeAt(0) % SAFE.length]!)
}

/** Whether both templates make the same pods; the hash label does not count. */
export function isSameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return canonical(withoutHash(a)) === canonical(withoutHash(b))
}

function withoutHash(template: PodTemplateSpec | undefined): unknown {
  const { [POD_TEMPLATE_HASH]: _, ...labels } = template?.metadata?.labels ?? {}
  const { creationTimestamp: __, ...metadata } = template?.metadata ?? {}
  return { ...template, metadata: { ...metadata, labels } }
}

/** JSON with sorted keys, so that equal data gives equal text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
