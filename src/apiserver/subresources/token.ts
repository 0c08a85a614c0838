import type { TokenRequest } from '../../api/generated/authentication-v1.ts'
import { apiError } from '../../api/meta/status.ts'
import { invalid, invalidError } from '../../api/meta/field-error.ts'
import type { Draft } from '../../api/draft.ts'
import type { KubeObject } from '../../api/object.ts'
import { trackUpdate } from '../../api/patch/managed-fields.ts'
import { decodeValue, DecodeError } from '../../api/schema/decode.ts'
import { schemaOf } from '../../api/schema/schema.ts'
import type { WriteOptions } from '../../client/client.ts'
import { formatTime } from '../../env/clock.ts'
import type { Engine } from '../verbs/engine.ts'
import { conflict } from '../verbs/failure.ts'
import { entryAt } from '../verbs/get.ts'
import type { Answer, ObjectTarget, RequestContext } from '../verbs/request.ts'
import { writerOf } from '../verbs/writer.ts'
import type { TokenClaims } from './token-signer.ts'

const REQUEST = { group: 'authentication.k8s.io', kind: 'TokenRequest' }
const DEFINITION = 'io.k8s.api.authentication.v1.TokenRequest'
const SHORTEST_SECONDS = 600
const LONGEST_SECONDS = 2 ** 32

const BOUND_RESOURCES: Readonly<Record<string, string>> = { Pod: 'pods', Secret: 'secrets', Node: 'nodes' }

/** POST of `token`: a signed token for a service account, bound to a pod, a secret or a node where asked. */
export async function requestToken(
  engine: Engine,
  context: RequestContext,
  target: ObjectTarget,
  body: KubeObject,
  options: WriteOptions,
): Promise<Answer> {
  const account = entryAt(engine.store.head(), target).object
  const request = decoded(body)
  const named = request.metadata.name
  if (named && named !== target.name) {
    const errors = [invalid('metadata.name', named, 'must match the service account name if specified')]
    throw invalidError(REQUEST, target.name, errors)
  }
  if (engine.tokens === undefined) throw apiError('ServiceUnavailable', 'no token signer is attached to this server')
  const { expirationSeconds = 3600, boundObjectRef, audiences = [] } = request.spec ?? {}
  const detail =
    expirationSeconds < SHORTEST_SECONDS
      ? 'may not specify a duration less than 10 minutes'
      : expirationSeconds > LONGEST_SECONDS
        ? 'may not specify a duration larger than 2^32 seconds'
        : undefined
  if (detail !== undefined) {
    throw invalidError(REQUEST, '', [invalid('spec.expirationSeconds', expirationSeconds, detail)])
  }
  const chosen = audiences.length === 0 ? engine.tokens.defaultAudiences : audiences
  const claims: TokenClaims = {
    namespace: target.namespace ?? '',
    serviceAccount: { name: target.name, uid: account.metadata.uid ?? '' },
    audiences: chosen,
    expirationSeconds,
    // Where webhooks have looked at it, it is there without a value.
    ...(boundObjectRef ? boundClaims(engine, target, boundObjectRef) : {}),
  }
  const status = await engine.tokens.sign(claims)
  const { name, namespace, uid } = account.metadata
  const spec = { audiences: chosen, expirationSeconds, boundObjectRef: boundObjectRef ?? null }
  const own = { name, namespace, uid, creationTimestamp: formatTime(engine.environment.clock.now()) }
  const metadata = { ...own, managedFields: managedBy(engine, context, target, request, options) }
  return { object: { ...request, metadata, spec, status } as unknown as KubeObject, code: 201 }
}

/** As Go's decoder takes it: what has another type is refused before it is looked at. */
function decoded(body: KubeObject): TokenRequest {
  try {
    decodeValue(schemaOf(DEFINITION), body)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    const message = `TokenRequest in version "v1" cannot be handled as a TokenRequest: ${error.message}`
    throw apiError('BadRequest', message)
  }
  return body as TokenRequest
}

/** Who asked for what, as of any object that is written. */
function managedBy(
  engine: Engine,
  context: RequestContext,
  { resource }: ObjectTarget,
  { spec, ...request }: TokenRequest,
  options: WriteOptions,
) {
  const object = structuredClone({
    ...request,
    spec: { expirationSeconds: 3600, ...spec },
  }) as unknown as Draft<KubeObject>
  const writer = writerOf(engine, context, resource, options, 'token')
  trackUpdate(schemaOf(DEFINITION), object, undefined, writer)
  // An empty request has the reference, without a value: to set it is no new part, what is within it is.
  const entries = structuredClone(object.metadata.managedFields) as readonly { readonly fieldsV1?: TokenFields }[]
  for (const { fieldsV1 } of entries) delete fieldsV1?.['f:spec']?.['f:boundObjectRef']?.['.']
  return entries
}

interface TokenFields {
  readonly 'f:spec'?: { readonly 'f:boundObjectRef'?: Record<string, unknown> }
}

type BoundReference = NonNullable<NonNullable<TokenRequest['spec']>['boundObjectRef']>

function boundClaims(engine: Engine, { namespace = '', resource }: ObjectTarget, reference: BoundReference) {
  const { kind = '', apiVersion = '', name = '', uid } = reference
  const storage = apiVersion === 'v1' ? BOUND_RESOURCES[kind] : undefined
  if (storage === undefined) {
    const version = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`
    throw apiError('BadRequest', `cannot bind token to object of type ${version}, Kind=${kind}`)
  }
  const key = kind === 'Node' ? name : `${namespace}/${name}`
  const bound = engine.store.head().get(storage, key)?.object
  if (bound === undefined) throw apiError('NotFound', `${storage} "${name}" not found`, { name, kind: storage })
  if (uid !== undefined && uid !== bound.metadata.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`
    throw conflict({ ...resource.type, plural: kind }, name, why)
  }
  const { nodeName } = (bound as KubeObject & { spec?: { nodeName?: string } }).spec ?? {}
  return {
    boundObject: { kind, apiVersion, name, uid: bound.metadata.uid ?? '' },
    ...(nodeName !== undefined && { nodeName }),
  }
}
