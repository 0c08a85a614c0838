import type { ControllerRevision } from '../../api/generated/apps-v1.ts'
import type { PodTemplateSpec } from '../../api/generated/core-v1.ts'

/** The pod template that a revision keeps. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  const { spec } = revision.data as { spec: { template: PodTemplateSpec & { $patch?: string } } }
  const { $patch: _, ...template } = spec.template
  return template
}
