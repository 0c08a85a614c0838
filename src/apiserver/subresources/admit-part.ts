import { copyJson } from '../../api/meta/copy.ts'
import type { KubeObject } from '../../api/object.ts'
import type { AdmissionRequest } from '../admission/admission.ts'
import { formatTime } from '../../env/clock.ts'
import { admissionRequest } from '../verbs/admission-request.ts'
import { storageKey } from '../verbs/get.ts'
import type { Engine } from '../verbs/engine.ts'
import type { ObjectTarget, RequestContext } from '../verbs/request.ts'

/** What is posted to each subresource that is not an object's part but an act. */
const KINDS: Readonly<Record<string, AdmissionRequest['part']>> = {
  binding: { group: '', version: 'v1', kind: 'Binding' },
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction' },
  token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
  exec: { group: '', version: 'v1', kind: 'PodExecOptions' },
  attach: { group: '', version: 'v1', kind: 'PodAttachOptions' },
  portforward: { group: '', version: 'v1', kind: 'PodPortForwardOptions' },
}

/** By plural. */
const PROXIES: Readonly<Record<string, AdmissionRequest['part']>> = {
  pods: { group: '', version: 'v1', kind: 'PodProxyOptions' },
  services: { group: '', version: 'v1', kind: 'ServiceProxyOptions' },
  nodes: { group: '', version: 'v1', kind: 'NodeProxyOptions' },
}

/** What is posted has a place; what Kubernetes fills in of a request for a token is there, too. */
function completed(engine: Engine, target: ObjectTarget, body: object): object {
  const { name, namespace, subresource } = target
  const { metadata, spec } = body as { readonly metadata?: object; readonly spec?: object }
  const uid = engine.store.head().get(target.resource.storage, storageKey(target))?.object.metadata.uid
  const creationTimestamp = formatTime(engine.environment.clock.now())
  const own = subresource === 'token' ? { creationTimestamp, ...(uid !== undefined && { uid }) } : {}
  const placed = { ...body, metadata: { ...own, name, ...(namespace !== undefined && { namespace }), ...metadata } }
  if (subresource !== 'token') return placed
  const status = { token: '', expirationTimestamp: null }
  return { ...placed, spec: { expirationSeconds: 3600, boundObjectRef: null, ...spec }, status }
}

/**
 * Asks the webhooks and policies that users configured about an act: a binding, an eviction, a token (CREATE) or a connection
 * (CONNECT). Resolves to the body as the mutating ones have it; throws what is refused. Of Kubernetes' own plugins one keeps nodes to their own.
 */
export async function admitPart(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget & { readonly subresource: string },
  operation: 'CREATE' | 'CONNECT',
  body: object,
  dryRun = false,
): Promise<KubeObject> {
  const { plural } = target.resource.type
  const part = target.subresource === 'proxy' ? PROXIES[plural] : KINDS[target.subresource]
  if (part === undefined) return body as KubeObject
  const { group, version, kind } = part
  const typed = { apiVersion: group === '' ? version : `${group}/${version}`, kind }
  const shown = copyJson(operation === 'CREATE' ? completed(engine, target, body) : body)
  const object = { ...shown, ...typed } as KubeObject
  const request = admissionRequest(engine, context, target, { operation, object, part }, { dryRun })
  engine.admission.mutate(request)
  const mutating = engine.dynamic.mutate(request)
  if (mutating !== undefined) await mutating
  const validating = engine.dynamic.validate(request)
  if (validating !== undefined) await validating
  return mutating === undefined ? (body as KubeObject) : (request.object as KubeObject)
}
