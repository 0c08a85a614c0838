import type { PolicyRule } from '../../../api/generated/rbac-v1.ts'
import type { Store } from '../../../store/store.ts'
import type { Authorizer, Decision, ResourceAttributes } from '../../verbs/authorizer.ts'
import { ruleAllows } from '../rule-match.ts'
import { nodeOf } from './identity.ts'
import type { Needed } from './references.ts'
import { trackNodeRelations } from './relations.ts'
import type { NodeRelations } from './relations.ts'

const LEASES = 'kube-node-lease'

const ALLOWED: Decision = { allowed: true }
const NO_OPINION: Decision = { allowed: false }
const no = (reason: string): Decision => ({ allowed: false, reason })

type Ask = (node: string, asked: ResourceAttributes, relations: NodeRelations) => Decision

/**
 * Kubernetes' node authorizer: a node may do what the rules of the role `system:node` say, but reads only what pods that are
 * bound to it need, and of nodes, leases and the like only its own. It has no opinion about other users.
 *
 * @param rules those of the role `system:node`, as it is at first: nobody takes them from nodes by editing it
 */
export function createNodeAuthorizer(store: Store, rules: readonly PolicyRule[]): Authorizer & Disposable {
  const relations = trackNodeRelations(store)
  return {
    authorize(attributes) {
      const node = nodeOf(attributes.user)
      if (node === undefined) return NO_OPINION
      if (node === '') return no(`unknown node for user ${JSON.stringify(attributes.user.name)}`)
      const ask = 'path' in attributes ? undefined : RESTRICTED.get(groupResource(attributes))
      if (ask !== undefined) return ask(node, attributes as ResourceAttributes, relations)
      return rules.some((rule) => ruleAllows(rule, attributes)) ? ALLOWED : NO_OPINION
    },
    rulesFor(user) {
      const none = { resourceRules: [], nonResourceRules: [], incomplete: false }
      if (nodeOf(user) === undefined) return none
      // What a node may do cannot be listed.
      return { ...none, incomplete: true, evaluationError: 'node authorizer does not support user rule resolution' }
    },
    [Symbol.dispose]: () => relations[Symbol.dispose](),
  }
}

const groupResource = ({ group, resource }: ResourceAttributes) => (group === '' ? resource : `${resource}.${group}`)

const RESTRICTED: ReadonlyMap<string, Ask> = new Map<string, Ask>([
  ['secrets', readNeeded('secrets')],
  ['configmaps', readNeeded('configmaps')],
  ['persistentvolumeclaims', claims],
  ['persistentvolumes', getOnly(({ claimsVolume }, node, { name = '' }) => claimsVolume(node, name))],
  [
    'resourceclaims.resource.k8s.io',
    getOnly((relations, node, asked) => isNeeded(relations, node, 'resourceclaims', asked)),
  ],
  ['volumeattachments.storage.k8s.io', getOnly(ownedByName('volumeattachments.storage.k8s.io'))],
  ['serviceaccounts', serviceAccounts],
  ['leases.coordination.k8s.io', leases],
  ['csinodes.storage.k8s.io', csiNodes],
  ['resourceslices.resource.k8s.io', resourceSlices],
  ['nodes', nodes],
  ['pods', pods],
])

type Relation = (relations: NodeRelations, node: string, asked: ResourceAttributes) => boolean

function ownedByName(resource: string): Relation {
  return ({ ownsByName }, node, { name = '' }) => ownsByName(node, resource, name)
}

function isNeeded({ needs }: NodeRelations, node: string, resource: Needed, asked: ResourceAttributes): boolean {
  return needs(node, resource, { namespace: asked.namespace ?? '', name: asked.name ?? '' })
}

/** Only what is related to the node; an object that does not exist is related to nobody. */
function related(node: string, { name = '' }: ResourceAttributes, isRelated: () => boolean): Decision {
  if (name === '') return no('No Object name found')
  return isRelated() ? ALLOWED : no(`no relationship found between node '${node}' and this object`)
}

function getOnly(relation: Relation): Ask {
  return (node, asked, relations) => {
    if (asked.verb !== 'get') return no('can only get individual resources of this type')
    if (asked.subresource !== undefined) return no('cannot get subresource')
    return related(node, asked, () => relation(relations, node, asked))
  }
}

/** Objects that a kubelet also watches, each by its name. */
function readNeeded(resource: Needed): Ask {
  return (node, asked, relations) => {
    if (!['get', 'list', 'watch'].includes(asked.verb)) return no('can only read resources of this type')
    if (asked.subresource !== undefined) return no('cannot read subresource')
    if (asked.namespace === undefined) return no('can only read namespaced object of this type')
    return related(node, asked, () => isNeeded(relations, node, resource, asked))
  }
}

function claims(node: string, asked: ResourceAttributes, relations: NodeRelations): Decision {
  const relation: Relation = (all) => isNeeded(all, node, 'persistentvolumeclaims', asked)
  if (asked.subresource !== 'status') return getOnly(relation)(node, asked, relations)
  if (!['update', 'patch'].includes(asked.verb)) return no('can only get/update/patch this type')
  return related(node, asked, () => relation(relations, node, asked))
}

function serviceAccounts(node: string, asked: ResourceAttributes, relations: NodeRelations): Decision {
  const { verb, subresource, name = '' } = asked
  if (verb === 'get' && subresource === undefined) return readNeeded('serviceaccounts')(node, asked, relations)
  if (verb !== 'create' || name === '') return no('can only create tokens for individual service accounts')
  if (subresource !== 'token') return no('can only create token subresource of serviceaccount')
  return related(node, asked, () => isNeeded(relations, node, 'serviceaccounts', asked))
}

const OWN_VERBS = ['get', 'create', 'update', 'patch', 'delete']

/** The name of what is created is not known yet. */
const isOwn = (node: string, { verb, name }: ResourceAttributes) => verb === 'create' || name === node

function leases(node: string, asked: ResourceAttributes): Decision {
  if (!OWN_VERBS.includes(asked.verb)) return no('can only get, create, update, patch, or delete a node lease')
  if (asked.namespace !== LEASES) return no(`can only access leases in the "${LEASES}" system namespace`)
  if (isOwn(node, asked)) return ALLOWED
  return no('can only access node lease with the same name as the requesting node')
}

function csiNodes(node: string, asked: ResourceAttributes): Decision {
  if (!OWN_VERBS.includes(asked.verb)) return no('can only get, create, update, patch, or delete a CSINode')
  if (asked.subresource !== undefined) return no('cannot authorize CSINode subresources')
  return isOwn(node, asked) ? ALLOWED : no('can only access CSINode with the same name as the requesting node')
}

function selects({ fieldSelector }: ResourceAttributes, field: string, node: string): boolean {
  return fieldSelector?.some((one) => one.field === field && one.equals && one.value === node) === true
}

function resourceSlices(node: string, asked: ResourceAttributes, relations: NodeRelations): Decision {
  const { verb, subresource } = asked
  if (subresource !== undefined) return no('cannot authorize ResourceSlice subresources')
  if (verb === 'create') return ALLOWED
  if (['get', 'update', 'patch', 'delete'].includes(verb)) {
    return related(node, asked, () => ownedByName('resourceslices.resource.k8s.io')(relations, node, asked))
  }
  if (!['watch', 'list', 'deletecollection'].includes(verb)) {
    return no(
      'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
    )
  }
  if (selects(asked, 'spec.nodeName', node)) return ALLOWED
  return no('can only list/watch/deletecollection resourceslices with nodeName field selector')
}

function nodes(node: string, { verb, subresource, name = '' }: ResourceAttributes): Decision {
  if (subresource === 'status') return ['update', 'patch'].includes(verb) ? ALLOWED : NO_OPINION
  if (subresource !== undefined) return NO_OPINION
  if (['create', 'update', 'patch'].includes(verb)) return ALLOWED
  if (!['get', 'list', 'watch'].includes(verb)) return NO_OPINION
  if (name === node) return ALLOWED
  if (name === '') return no(`node '${node}' cannot read all nodes, only its own Node object`)
  return no(`node '${node}' cannot read '${name}', only its own Node object`)
}

function pods(node: string, asked: ResourceAttributes, { hasPod }: NodeRelations): Decision {
  const { verb, subresource, namespace = '', name = '' } = asked
  const ofNode = () => related(node, asked, () => hasPod(node, { namespace, name }))
  if (subresource === 'status') return ['update', 'patch'].includes(verb) ? ALLOWED : NO_OPINION
  if (subresource === 'eviction') return verb === 'create' ? ALLOWED : NO_OPINION
  if (subresource !== undefined) return NO_OPINION
  if (verb === 'get') return ofNode()
  if (verb === 'create' || verb === 'delete') return ALLOWED
  if (verb !== 'list' && verb !== 'watch') return NO_OPINION
  if (selects(asked, 'spec.nodeName', node)) return ALLOWED
  return name === '' ? no('can only list/watch pods with spec.nodeName field selector') : ofNode()
}
