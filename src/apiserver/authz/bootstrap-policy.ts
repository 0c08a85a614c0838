import type { PolicyRule, Subject } from '../../api/generated/rbac-v1.ts'
import { controllerRules } from './controller-roles.ts'
import { ADMIN, ADMIN_ONLY, EDIT, EDIT_ONLY, VIEW } from './user-roles.ts'

/** A cluster role that every cluster has, and whom it is bound to in all of it. */
export interface BootstrapRole {
  readonly name: string
  readonly rules: readonly PolicyRule[]
  readonly subjects?: readonly Subject[]
  /** Where the binding is not named after the role. */
  readonly bindingName?: string
  readonly labels?: Readonly<Record<string, string>>
  /** Has the rules of all roles that are labelled to be aggregated to this one. */
  readonly aggregates?: string
}

const RBAC = 'rbac.authorization.k8s.io'
const group = (name: string): Subject => ({ apiGroup: RBAC, kind: 'Group', name })
const user = (name: string): Subject => ({ apiGroup: RBAC, kind: 'User', name })

/** A rule for resources of one or more groups. */
export const allow = (verbs: string, apiGroups: string, resources: string): PolicyRule => ({
  verbs: verbs.split(' '),
  apiGroups: apiGroups.split(' ').map((name) => (name === 'core' ? '' : name)),
  resources: resources.split(' '),
})

const paths = (...nonResourceURLs: readonly string[]): PolicyRule => ({ verbs: ['get'], nonResourceURLs })

const EVENTS = allow('create patch update', 'core events.k8s.io', 'events')
const READ = 'get list watch'

const NODE: readonly PolicyRule[] = [
  allow('create', 'authentication.k8s.io', 'tokenreviews'),
  allow('create', 'authorization.k8s.io', 'localsubjectaccessreviews subjectaccessreviews'),
  allow(READ, 'core', 'services configmaps secrets persistentvolumeclaims persistentvolumes'),
  allow('create get list watch', 'core', 'nodes'),
  allow('patch update', 'core', 'nodes nodes/status'),
  EVENTS,
  allow('get list watch create delete', 'core', 'pods'),
  allow('patch update', 'core', 'pods/status'),
  allow('create', 'core', 'pods/eviction serviceaccounts/token'),
  allow('get list watch', 'core', 'serviceaccounts'),
  allow('create delete get patch update', 'coordination.k8s.io', 'leases'),
  allow(READ, 'storage.k8s.io', 'volumeattachments csidrivers'),
  allow('create delete get patch update', 'storage.k8s.io', 'csinodes'),
  allow(READ, 'node.k8s.io', 'runtimeclasses'),
]

const SCHEDULER: readonly PolicyRule[] = [
  EVENTS,
  allow('create get list update watch', 'coordination.k8s.io', 'leases'),
  allow(READ, 'core', 'nodes namespaces'),
  allow('delete get list watch', 'core', 'pods'),
  allow('create', 'core', 'bindings pods/binding'),
  allow('patch update', 'core', 'pods/status'),
  allow(READ, 'core', 'replicationcontrollers services persistentvolumeclaims persistentvolumes configmaps'),
  allow('get list watch patch update', 'core', 'persistentvolumeclaims persistentvolumes'),
  allow(READ, 'apps', 'replicasets statefulsets'),
  allow(READ, 'policy', 'poddisruptionbudgets'),
  allow(READ, 'scheduling.k8s.io', 'priorityclasses'),
  allow(READ, 'storage.k8s.io', 'csinodes csidrivers csistoragecapacities storageclasses volumeattachments'),
  allow('create', 'authentication.k8s.io', 'tokenreviews'),
  allow('create', 'authorization.k8s.io', 'subjectaccessreviews'),
]

const CONTROLLER_MANAGER: readonly PolicyRule[] = [
  EVENTS,
  allow('create get update', 'coordination.k8s.io', 'leases'),
  allow('create', 'core', 'secrets serviceaccounts serviceaccounts/token'),
  allow('delete get update', 'core', 'namespaces secrets serviceaccounts'),
  allow('create', 'authentication.k8s.io', 'tokenreviews'),
  allow('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  allow('list watch', '*', '*'),
]

const SELF_REVIEWS: readonly PolicyRule[] = [
  allow('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
  allow('create', 'authentication.k8s.io', 'selfsubjectreviews'),
]

const DISCOVERY = paths(
  '/api',
  '/api/*',
  '/apis',
  '/apis/*',
  '/healthz',
  '/livez',
  '/openapi',
  '/openapi/*',
  '/readyz',
  '/version',
  '/version/',
)

export const aggregatedTo = (name: string) => ({ [`rbac.authorization.k8s.io/aggregate-to-${name}`]: 'true' })

/** The roles that Kubernetes makes when it starts. Each is bound by a ClusterRoleBinding of its own name. */
export const BOOTSTRAP_ROLES: readonly BootstrapRole[] = [
  {
    name: 'cluster-admin',
    rules: [allow('*', '*', '*'), { verbs: ['*'], nonResourceURLs: ['*'] }],
    subjects: [group('system:masters')],
  },
  { name: 'system:discovery', rules: [DISCOVERY], subjects: [group('system:authenticated')] },
  { name: 'system:basic-user', rules: SELF_REVIEWS, subjects: [group('system:authenticated')] },
  {
    name: 'system:public-info-viewer',
    rules: [paths('/healthz', '/livez', '/readyz', '/version', '/version/')],
    subjects: [group('system:authenticated'), group('system:unauthenticated')],
  },
  {
    name: 'system:service-account-issuer-discovery',
    rules: [
      paths(
        '/.well-known/openid-configuration',
        '/.well-known/openid-configuration/',
        '/openid/v1/jwks',
        '/openid/v1/jwks/',
      ),
    ],
    subjects: [group('system:serviceaccounts')],
  },
  {
    name: 'system:monitoring',
    rules: [paths('/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/metrics/slis', '/readyz', '/readyz/*')],
    subjects: [group('system:monitoring')],
  },
  { name: 'admin', rules: ADMIN, aggregates: 'admin' },
  { name: 'edit', rules: EDIT, aggregates: 'edit', labels: aggregatedTo('admin') },
  { name: 'view', rules: VIEW, aggregates: 'view', labels: aggregatedTo('edit') },
  { name: 'system:aggregate-to-admin', rules: ADMIN_ONLY, labels: aggregatedTo('admin') },
  { name: 'system:aggregate-to-edit', rules: EDIT_ONLY, labels: aggregatedTo('edit') },
  { name: 'system:aggregate-to-view', rules: VIEW, labels: aggregatedTo('view') },
  { name: 'system:node', rules: NODE, subjects: [group('system:nodes')] },
  { name: 'system:kube-scheduler', rules: SCHEDULER, subjects: [user('system:kube-scheduler')] },
  {
    name: 'system:kube-controller-manager',
    rules: CONTROLLER_MANAGER,
    subjects: [user('system:kube-controller-manager')],
  },
  {
    name: 'system:auth-delegator',
    rules: [
      allow('create', 'authentication.k8s.io', 'tokenreviews'),
      allow('create', 'authorization.k8s.io', 'subjectaccessreviews'),
    ],
  },
  ...Object.entries(controllerRules(allow, EVENTS)).map(([name, rules]) => ({
    name: `system:controller:${name}`,
    rules,
    subjects: [{ kind: 'ServiceAccount', name, namespace: 'kube-system' }],
  })),
]
