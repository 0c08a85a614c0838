import type { TokenRequest } from '../../api/generated/authentication-v1.ts'
import { apiError } from '../../api/meta/status.ts'
import { invalid, invalidError } from '../../api/meta/field-error.ts'
import type { KubeObject } from '../../api/object.ts'
import type { Engine } from '../verbs/engine.ts'
import { conflict } from '../verbs/failure.ts'
import { entryAt } from '../verbs/get.ts'
import type { Answer, ObjectTarget } from '../verbs/request.ts'
import type { TokenClaims } from './token-signer.ts'

const BOUND_RESOURCES: Readonly<Record<string, string>> = { Pod: 'pods', Secret: 'secrets', Node: 'nodes' }

/** POST of `token`: a signed token for a service account, bound to a pod, a secret or a node where asked. */
export async function requestToken(engine: Engine, target: ObjectTarget, body: KubeObject): Promise<Answer> {
  const account = entryAt(engine.store.head(), target).object
  const request = body as TokenRequest
  if (engine.tokens === undefined) throw apiError('ServiceUnavailable', 'no token signer is attached to this server')
  const { expirationSeconds = 3600, boundObjectRef, audiences = [] } = request.spec ?? {}
  if (expirationSeconds < 600) {
    const detail = 'may not specify a duration less than 10 minutes'
    const type = { group: 'authentication.k8s.io', kind: 'TokenRequest' }
    throw invalidError(type, target.name, [invalid('spec.expirationSeconds', expirationSeconds, detail)])
  }
  const chosen = audiences.length === 0 ? engine.tokens.defaultAudiences : audiences
  const claims: TokenClaims = {
    namespace: target.namespace ?? '',
    serviceAccount: { name: target.name, uid: account.metadata.uid ?? '' },
    audiences: chosen,
    expirationSeconds,
    ...(boundObjectRef !== undefined && boundClaims(engine, target, boundObjectRef)),
  }
  const status = await engine.tokens.sign(claims)
  const { name, namespace } = account.metadata
  const spec = { ...request.spec, audiences: chosen, expirationSeconds }
  const metadata = { name, namespace, creationTimestamp: account.metadata.creationTimestamp } as KubeObject['metadata']
  return { object: { ...request, metadata, spec, status } as KubeObject, code: 201 }
}

type BoundReference = NonNullable<NonNullable<TokenRequest['spec']>['boundObjectRef']>

function boundClaims(engine: Engine, { namespace = '', resource }: ObjectTarget, reference: BoundReference) {
  const { kind = '', apiVersion = 'v1', name = '', uid } = reference
  const storage = BOUND_RESOURCES[kind]
  if (storage === undefined)
    throw apiError('BadRequest', `cannot bind token to object of type ${apiVersion}, Kind=${kind}`)
  const key = kind === 'Node' ? name : `${namespace}/${name}`
  const bound = engine.store.head().get(storage, key)?.object
  if (bound === undefined) throw apiError('NotFound', `${storage} "${name}" not found`, { name, kind: storage })
  if (uid !== undefined && uid !== bound.metadata.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`
    throw conflict({ ...resource.type, plural: kind.toLowerCase() }, name, why)
  }
  const { nodeName } = (bound as KubeObject & { spec?: { nodeName?: string } }).spec ?? {}
  return {
    boundObject: { kind, apiVersion, name, uid: bound.metadata.uid ?? '' },
    ...(nodeName !== undefined && { nodeName }),
  }
}
