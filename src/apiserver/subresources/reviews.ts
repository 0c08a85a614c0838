import type { Draft } from '../../api/draft.ts'
import type {
  NonResourceAttributes as NonResource,
  ResourceAttributes as Resource,
  SubjectAccessReviewSpec,
} from '../../api/generated/authorization-v1.ts'
import type { TokenReviewSpec } from '../../api/generated/authentication-v1.ts'
import { invalid, invalidError } from '../../api/meta/field-error.ts'
import type { FieldError } from '../../api/meta/field-error.ts'
import { apiError } from '../../api/meta/status.ts'
import type { KubeObject } from '../../api/object.ts'
import { formatTime } from '../../env/clock.ts'
import { deepFreeze } from '../../store/freeze.ts'
import type { Attributes } from '../verbs/authorizer.ts'
import type { Engine } from '../verbs/engine.ts'
import type { Answer, CollectionTarget, RequestContext, UserInfo } from '../verbs/request.ts'
import type { ServedResource } from '../verbs/served-resource.ts'
import { ignoredSelectors, reviewedFields, selectorErrors } from './review-selectors.ts'

type Review = (engine: Engine, context: RequestContext, object: KubeObject, target: CollectionTarget) => unknown

/** Questions put as objects: they are answered and never stored. */
const REVIEWS: Readonly<Record<string, Review>> = {
  SelfSubjectAccessReview: (engine, context, object) => review(engine, context.user, specOf(object)),
  SubjectAccessReview: (engine, _, object) => review(engine, subjectOf(specOf(object)), specOf(object)),
  LocalSubjectAccessReview: (engine, _, object) => review(engine, subjectOf(specOf(object)), specOf(object)),
  SelfSubjectRulesReview: (engine, context, object) => {
    const { namespace = '' } = (object as KubeObject & { spec?: { namespace?: string } }).spec ?? {}
    if (namespace === '') throw apiError('BadRequest', 'no namespace on request')
    return engine.authorizer.rulesFor(context.user, namespace)
  },
  SelfSubjectReview: (_, context) => ({ userInfo: userInfoOf(context.user) }),
  TokenReview: (engine, _, object) => reviewToken(engine, object),
}

export function isReview(resource: ServedResource): boolean {
  return resource.definition === undefined && Object.hasOwn(REVIEWS, resource.type.kind)
}

const RULES_STATUS = { resourceRules: null, nonResourceRules: null, incomplete: false }

/** A question before it is answered, as Kubernetes shows it to whoever may refuse it. */
export function withEmptyStatus(object: Draft<KubeObject>): Draft<KubeObject> {
  const { kind } = object
  const status =
    kind === 'SelfSubjectRulesReview'
      ? RULES_STATUS
      : kind === 'TokenReview'
        ? { user: {} }
        : kind === 'SelfSubjectReview'
          ? { userInfo: {} }
          : { allowed: false }
  return Object.assign(object, { status })
}

export async function createReview(
  engine: Engine,
  context: RequestContext,
  target: CollectionTarget,
  object: Draft<KubeObject>,
): Promise<Answer> {
  const { kind } = target.resource.type
  checkReview(kind, target.namespace, object as KubeObject)
  const status = await REVIEWS[kind]?.(engine, context, object as KubeObject, target)
  if (kind === 'SelfSubjectReview') object.metadata.creationTimestamp = formatTime(engine.environment.clock.now())
  // Of the question which rules hold, nothing is repeated.
  const asked = kind === 'SelfSubjectRulesReview' ? { ...object, metadata: {}, spec: {} } : object
  return { object: deepFreeze({ ...asked, status } as unknown as KubeObject), code: 201 }
}

const GROUP = 'authorization.k8s.io'

/** What a review asks must be one question, about somebody. */
function checkReview(kind: string, namespace: string | undefined, object: KubeObject): void {
  if (!kind.endsWith('AccessReview')) return
  const { resourceAttributes, nonResourceAttributes, user = '', groups = [] } = specOf(object)
  const errors: FieldError[] = []
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    const shown = { Path: nonResourceAttributes.path ?? '', Verb: nonResourceAttributes.verb ?? '' }
    const detail = 'cannot be specified in combination with resourceAttributes'
    errors.push(invalid('spec.nonResourceAttributes', shown, detail))
  }
  if (resourceAttributes === undefined && nonResourceAttributes === undefined) {
    const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified'
    errors.push(invalid('spec.resourceAttributes', null, detail))
  }
  if (resourceAttributes !== undefined) errors.push(...selectorErrors(resourceAttributes))
  if (!kind.startsWith('Self') && user === '' && groups.length === 0) {
    errors.push(invalid('spec.user', user, 'at least one of user or group must be specified'))
  }
  const asked = resourceAttributes?.namespace ?? ''
  if (kind === 'LocalSubjectAccessReview' && resourceAttributes !== undefined && asked !== namespace) {
    errors.push(invalid('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace'))
  }
  if (errors.length > 0) throw invalidError({ group: GROUP, kind: '' }, '', errors)
}

function specOf(object: KubeObject): SubjectAccessReviewSpec {
  return (object as KubeObject & { spec?: SubjectAccessReviewSpec }).spec ?? {}
}

function subjectOf({ user = '', uid, groups = [], extra }: SubjectAccessReviewSpec): UserInfo {
  return { name: user, groups, ...(uid !== undefined && { uid }), ...(extra !== undefined && { extra }) }
}

function review(engine: Engine, user: UserInfo, spec: SubjectAccessReviewSpec) {
  const { allowed, reason, evaluationError: found } = engine.authorizer.authorize(attributesOf(user, spec))
  const ignored = spec.resourceAttributes === undefined ? undefined : ignoredSelectors(spec.resourceAttributes)
  const evaluationError = [found, ignored].filter((error) => error !== undefined).join('; ')
  return {
    allowed,
    ...(reason && { reason }),
    ...(evaluationError && { evaluationError }),
  }
}

function attributesOf(user: UserInfo, spec: SubjectAccessReviewSpec): Attributes {
  if (spec.nonResourceAttributes !== undefined) return nonResource(user, spec.nonResourceAttributes)
  if (spec.resourceAttributes !== undefined) return resource(user, spec.resourceAttributes)
  throw apiError('BadRequest', 'exactly one of nonResourceAttributes or resourceAttributes must be specified')
}

function nonResource(user: UserInfo, { path = '', verb = '' }: NonResource): Attributes {
  return { user, path, verb }
}

function resource(user: UserInfo, asked: Resource): Attributes {
  const { namespace, name, subresource } = asked
  const fieldSelector = reviewedFields(asked.fieldSelector)
  return {
    user,
    verb: asked.verb ?? '',
    group: asked.group ?? '',
    version: asked.version ?? '*',
    resource: asked.resource ?? '',
    ...(subresource && { subresource }),
    ...(namespace && { namespace }),
    ...(name && { name }),
    ...(fieldSelector && { fieldSelector }),
  }
}

/** The form that reviews of identity answer with. */
function userInfoOf({ name, uid, groups, extra }: UserInfo) {
  return {
    username: name,
    ...(uid !== undefined && { uid }),
    ...(groups.length > 0 && { groups }),
    ...(extra !== undefined && { extra }),
  }
}

const AUTHENTICATED = 'system:authenticated'

async function reviewToken(engine: Engine, object: KubeObject) {
  const { token = '', audiences = [] } = (object as KubeObject & { spec?: Partial<TokenReviewSpec> }).spec ?? {}
  if (token === '') throw apiError('BadRequest', 'token is required for TokenReview in authentication')
  if (engine.tokens === undefined) return { user: {}, error: 'no token authenticator is attached to this server' }
  const wanted = audiences.length === 0 ? engine.tokens.defaultAudiences : audiences
  const found = await engine.tokens.review(token, wanted)
  if (!found.authenticated) {
    const unknown = 'invalid bearer token'
    return { user: {}, error: found.error === undefined ? unknown : `[${unknown}, ${found.error}]` }
  }
  const groups = [...found.user.groups.filter((group) => group !== AUTHENTICATED), AUTHENTICATED]
  return { authenticated: true, user: userInfoOf({ ...found.user, groups }), audiences: found.audiences }
}
