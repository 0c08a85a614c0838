import type { Draft } from '../../api/draft.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import type { RuntimeClass } from '../../api/generated/node-v1.ts'
import { semanticallyEqual } from '../../api/meta/equal.ts'
import { ApiError } from '../../api/meta/status.ts'
import { forbidden } from '../verbs/failure.ts'
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'

const CLASSES = 'runtimeclasses.node.k8s.io'

type PodSpec = NonNullable<Draft<Pod>['spec']>

/** A pod that names a runtime class gets its overhead and goes where it is supported; without a class it has no overhead. */
export const runtimeClass: AdmissionPlugin = {
  name: 'RuntimeClass',
  resources: ['pods'],
  operations: ['CREATE'],
  mutate(request) {
    if (request.subresource !== undefined) return
    const { spec } = request.object as Draft<Pod>
    if (spec === undefined) return
    const chosen = spec.runtimeClassName === undefined ? undefined : named(request, spec.runtimeClassName)
    setOverhead(request, spec, chosen)
    if (chosen?.scheduling !== undefined) setScheduling(request, spec, chosen.scheduling)
  },
  validate(request) {
    if (request.subresource !== undefined) return
    const { spec } = request.object as Draft<Pod>
    if (spec === undefined) return
    checkOverhead(
      request,
      spec,
      spec.runtimeClassName === undefined ? undefined : named(request, spec.runtimeClassName),
    )
  },
}

function named({ head, resource, name }: AdmissionRequest, className: string): RuntimeClass {
  if (className === '') throw unnamed()
  const found = head.get(CLASSES, className)?.object as RuntimeClass | undefined
  if (found === undefined)
    throw forbidden(resource.type, name, `pod rejected: RuntimeClass ${JSON.stringify(className)} not found`)
  return found
}

const MISMATCH = "Pod's Overhead doesn't match RuntimeClass's defined Overhead"

/** Once the pod is known to be valid: it has the overhead of its class, and none without one. */
function checkOverhead({ resource, name }: AdmissionRequest, spec: PodSpec, chosen: RuntimeClass | undefined): void {
  const refuse = (why: string) => forbidden(resource.type, name, `pod rejected: ${why}`)
  const overhead = chosen?.overhead?.podFixed
  if (overhead !== undefined && !semanticallyEqual(spec.overhead ?? {}, overhead)) throw refuse(MISMATCH)
  if (overhead === undefined && spec.overhead !== undefined) {
    throw refuse('Pod Overhead set without corresponding RuntimeClass defined Overhead')
  }
}

function setOverhead({ resource, name }: AdmissionRequest, spec: PodSpec, chosen: RuntimeClass | undefined): void {
  const overhead = chosen?.overhead?.podFixed
  if (overhead === undefined) return
  const given = Object.keys(spec.overhead ?? {}).length > 0
  if (given && !semanticallyEqual(spec.overhead, overhead)) {
    throw forbidden(resource.type, name, `pod rejected: ${MISMATCH}`)
  }
  spec.overhead = { ...overhead }
}

function setScheduling(
  { resource, name }: AdmissionRequest,
  spec: PodSpec,
  { nodeSelector = {}, tolerations = [] }: NonNullable<RuntimeClass['scheduling']>,
): void {
  for (const [key, value] of Object.entries(nodeSelector)) {
    const own = spec.nodeSelector?.[key]
    if (own === undefined || own === value) continue
    const why = `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`
    throw forbidden(resource.type, name, why)
  }
  if (Object.keys(nodeSelector).length > 0) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector }
  const own = spec.tolerations ?? []
  const added = tolerations.filter((one) => !own.some((other) => semanticallyEqual(one, other)))
  if (added.length > 0) spec.tolerations = [...own, ...structuredClone(added)] as typeof own
}

/** Kubernetes asks for a class without a name, and passes on what its client says of that. */
function unnamed(): ApiError {
  const message = 'resource name may not be empty'
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 })
}
