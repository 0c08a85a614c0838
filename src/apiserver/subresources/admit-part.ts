import type { Draft } from '../../api/draft.ts'
import type { KubeObject } from '../../api/object.ts'
import type { AdmissionRequest } from '../admission/admission.ts'
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

/**
 * Asks the webhooks and policies that users configured about an act: a binding, an eviction, a token (CREATE) or a connection
 * (CONNECT). Resolves to the body as the mutating ones have it; throws what is refused. Kubernetes' own plugins look at none.
 */
export async function admitPart(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget & { readonly subresource: string },
  operation: 'CREATE' | 'CONNECT',
  body: object,
  dryRun = false,
): Promise<KubeObject> {
  const part = KINDS[target.subresource]
  if (part === undefined) return body as KubeObject
  const { group, version, kind } = part
  const typed = { apiVersion: group === '' ? version : `${group}/${version}`, kind }
  const { resource, namespace, name, subresource } = target
  const request: AdmissionRequest = {
    user: context.user,
    resource,
    subresource,
    operation,
    namespace,
    name,
    part,
    object: { ...structuredClone(body), ...typed } as Draft<KubeObject>,
    old: undefined,
    dryRun,
    head: engine.store.head(),
    environment: engine.environment,
    warn: context.warn,
  }
  const mutating = engine.dynamic.mutate(request)
  if (mutating !== undefined) await mutating
  const validating = engine.dynamic.validate(request)
  if (validating !== undefined) await validating
  return mutating === undefined ? (body as KubeObject) : (request.object as KubeObject)
}
