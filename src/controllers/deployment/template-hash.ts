import type { Deployment } from '../../api/generated/apps-v1.ts'
import type { PodTemplateSpec } from '../../api/generated/core-v1.ts'
import { canonical, safeHash } from '../safe-hash.ts'

export const POD_TEMPLATE_HASH = 'pod-template-hash'

/** A name for a pod template: the hash of its canonical JSON, and of how often the name was found to be taken. */
export function templateHash(deployment: Deployment): string {
  return safeHash(`${canonical(deployment.spec!.template)}${deployment.status?.collisionCount ?? ''}`)
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
