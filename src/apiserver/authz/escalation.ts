import type { ClusterRole, PolicyRule, RoleBinding, RoleRef } from '../../api/generated/rbac-v1.ts'
import { semanticallyEqual } from '../../api/meta/equal.ts'
import type { KubeObject } from '../../api/object.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../admission/admission.ts'
import type { Authorizer } from '../verbs/authorizer.ts'
import { forbidden, notFound } from '../verbs/failure.ts'
import { describeRules, quoted, uncovered } from './rule-cover.ts'

const GROUP = 'rbac.authorization.k8s.io'
const KINDS = ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'] as const

/**
 * Nobody grants what they may not do themselves: whoever writes a role must hold all of its rules, or the verb `escalate`
 * on it; whoever writes a binding must hold all rules of its role, or the verb `bind` on that.
 */
export function preventEscalation(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'rbac/escalation',
    resources: KINDS.map((kind) => `${kind}.${GROUP}`),
    operations: ['CREATE', 'UPDATE'],
    validate(request) {
      const { user, resource, object, old } = request
      if (user.groups.includes('system:masters') || onlyMetadataDiffers(object as KubeObject, old)) return
      const isBinding = resource.type.plural.endsWith('bindings')
      if (isBinding) checkBinding(authorizer, request, object as unknown as RoleBinding)
      else checkRole(authorizer, request, object as unknown as ClusterRole)
    },
  }
}

/** The garbage collector may take its finalizers and owners away from what it could not write otherwise. */
function onlyMetadataDiffers(object: KubeObject, old: KubeObject | undefined): boolean {
  if (old === undefined) return false
  const { metadata: _, ...rest } = object
  const { metadata: __, ...before } = old
  return semanticallyEqual(rest, before) && semanticallyEqual(object.metadata.labels, old.metadata.labels)
}

function checkRole(authorizer: Authorizer, request: AdmissionRequest, role: ClusterRole): void {
  const { resource, name } = request
  if (may(authorizer, request, 'escalate', resource.type.plural, name)) return
  if (role.aggregationRule !== undefined && missing(authorizer, request, EVERYTHING).length > 0) {
    throw forbidden(resource.type, name, 'must have cluster-admin privileges to use an aggregationRule')
  }
  refuseMissing(authorizer, request, role.rules ?? [])
}

const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
]

function checkBinding(authorizer: Authorizer, request: AdmissionRequest, { roleRef }: RoleBinding): void {
  const plural = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles'
  if (may(authorizer, request, 'bind', plural, roleRef.name)) return
  refuseMissing(authorizer, request, rulesOf(request, plural, roleRef))
}

function rulesOf(
  { head, namespace, resource }: AdmissionRequest,
  plural: string,
  { name }: RoleRef,
): readonly PolicyRule[] {
  const key = plural === 'roles' ? `${namespace ?? ''}/${name}` : name
  const found = head.get(`${plural}.${GROUP}`, key)?.object as ClusterRole | undefined
  if (found !== undefined) return found.rules ?? []
  // Kubernetes names the binding's resource, and the role that it is about.
  throw notFound(resource.type, name)
}

function may(
  authorizer: Authorizer,
  { user, namespace, resource }: AdmissionRequest,
  verb: string,
  plural: string,
  name: string,
): boolean {
  const where = namespace === undefined ? {} : { namespace }
  const { version } = resource.type
  return authorizer.authorize({ user, verb, group: GROUP, version, resource: plural, name, ...where }).allowed
}

function missing(
  authorizer: Authorizer,
  { user, namespace }: AdmissionRequest,
  rules: readonly PolicyRule[],
): readonly PolicyRule[] {
  const { resourceRules, nonResourceRules } = authorizer.rulesFor(user, namespace ?? '')
  return uncovered([...resourceRules, ...nonResourceRules], rules)
}

function refuseMissing(authorizer: Authorizer, request: AdmissionRequest, rules: readonly PolicyRule[]): void {
  const lacking = missing(authorizer, request, rules)
  if (lacking.length === 0) return
  const { user, resource, name } = request
  const who = `user ${JSON.stringify(user.name)} (groups=${quoted(user.groups)})`
  const why = `${who} is attempting to grant RBAC permissions not currently held:\n${describeRules(lacking).join('\n')}`
  throw forbidden(resource.type, name, why)
}
