import type { PolicyRule } from '../../api/generated/rbac-v1.ts'

const READ = ['get', 'list', 'watch']
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update']

const rule = (verbs: readonly string[], apiGroup: string, resources: string): PolicyRule => ({
  verbs,
  apiGroups: [apiGroup],
  resources: resources.split(' '),
})

const CORE =
  'configmaps endpoints persistentvolumeclaims pods replicationcontrollers replicationcontrollers/scale serviceaccounts services'
const APPS = 'daemonsets deployments deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale'
const STATUSES = 'daemonsets/status deployments/status replicasets/status statefulsets/status controllerrevisions'

/** What may be looked at in a namespace: all but secrets, roles and bindings. */
export const VIEW: readonly PolicyRule[] = [
  rule(READ, '', `${CORE} persistentvolumeclaims/status pods/log pods/status services/status`),
  rule(READ, '', 'bindings events limitranges namespaces namespaces/status resourcequotas resourcequotas/status'),
  rule(READ, 'discovery.k8s.io', 'endpointslices'),
  rule(READ, 'apps', `${APPS} ${STATUSES}`),
  rule(READ, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
  rule(READ, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
  rule(READ, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
  rule(READ, 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
]

/** Beyond that, what may be changed by whoever works in a namespace. */
export const EDIT_ONLY: readonly PolicyRule[] = [
  rule(READ, '', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
  rule(WRITE, '', `${CORE} secrets pods/attach pods/exec pods/portforward pods/proxy services/proxy events`),
  rule(['create'], '', 'pods/eviction serviceaccounts/token'),
  rule(['impersonate'], '', 'serviceaccounts'),
  rule(WRITE, 'apps', `${APPS} deployments/rollback`),
  rule(WRITE, 'autoscaling', 'horizontalpodautoscalers'),
  rule(WRITE, 'batch', 'cronjobs jobs'),
  rule(WRITE, 'policy', 'poddisruptionbudgets'),
  rule(WRITE, 'networking.k8s.io', 'ingresses networkpolicies'),
  rule([...READ, ...WRITE], 'coordination.k8s.io', 'leases'),
]

/** And by whoever rules it: who else may work there. */
export const ADMIN_ONLY: readonly PolicyRule[] = [
  rule(['create'], 'authorization.k8s.io', 'localsubjectaccessreviews'),
  rule([...READ, ...WRITE], 'rbac.authorization.k8s.io', 'rolebindings roles'),
]

/** What the aggregated roles hold, in the order in which aggregation puts it: by the names of the roles selected. */
export const EDIT: readonly PolicyRule[] = [...EDIT_ONLY, ...VIEW]
export const ADMIN: readonly PolicyRule[] = [...EDIT, ...ADMIN_ONLY]
