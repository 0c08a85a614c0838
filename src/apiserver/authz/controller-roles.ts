import type { PolicyRule } from '../../api/generated/rbac-v1.ts'

type Allow = (verbs: string, apiGroups: string, resources: string) => PolicyRule

const READ = 'get list watch'

/** What each controller may do, by the name of its service account: no more than it needs. */
export function controllerRules(allow: Allow, events: PolicyRule): Readonly<Record<string, readonly PolicyRule[]>> {
  const podsOf = (group: string, kinds: string): readonly PolicyRule[] => [
    allow('get list watch update', group, kinds),
    allow(
      'update',
      group,
      kinds
        .split(' ')
        .flatMap((kind) => [`${kind}/status`, `${kind}/finalizers`])
        .join(' '),
    ),
    allow('create delete get list patch update watch', 'core', 'pods'),
    events,
  ]
  const collect = allow('delete get list patch update watch', '*', '*')
  return {
    ...workloadRules(allow, events, podsOf),
    ...clusterRules(allow, events),
    ...autoscalerRules(allow, events),
    'endpoint-controller': [
      allow(READ, 'core', 'pods services'),
      allow('create delete get list update', 'core', 'endpoints'),
      allow('create', 'core', 'endpoints/restricted'),
      events,
    ],
    'endpointslice-controller': [
      allow(READ, 'core', 'nodes pods services'),
      allow('update', 'core', 'services/finalizers'),
      allow('create delete get list update watch', 'discovery.k8s.io', 'endpointslices'),
      events,
    ],
    'endpointslicemirroring-controller': [
      allow(READ, 'core', 'endpoints services'),
      allow('update', 'core', 'endpoints/finalizers services/finalizers'),
      allow('create delete get list update watch', 'discovery.k8s.io', 'endpointslices'),
      events,
    ],
    'generic-garbage-collector': [collect, events],
    'namespace-controller': [
      allow('delete get list watch', 'core', 'namespaces'),
      allow('update', 'core', 'namespaces/finalize namespaces/status'),
      allow('delete deletecollection get list', '*', '*'),
    ],
    'node-controller': [
      allow('delete get list patch update watch', 'core', 'nodes'),
      allow('patch update', 'core', 'nodes/status pods/status'),
      allow('delete get list watch', 'core', 'pods'),
      allow(READ, 'coordination.k8s.io', 'leases'),
      events,
    ],
    'pod-garbage-collector': [
      allow('delete list watch', 'core', 'pods'),
      allow('patch', 'core', 'pods/status'),
      allow('get list watch', 'core', 'nodes'),
    ],
  }
}

function autoscalerRules(allow: Allow, events: PolicyRule): Readonly<Record<string, readonly PolicyRule[]>> {
  return {
    'horizontal-pod-autoscaler': [
      allow(READ, 'autoscaling', 'horizontalpodautoscalers'),
      allow('update', 'autoscaling', 'horizontalpodautoscalers/status'),
      allow('get update', '*', '*/scale'),
      allow('list', 'core', 'pods'),
      allow('list get', 'metrics.k8s.io custom.metrics.k8s.io external.metrics.k8s.io', '*'),
      events,
    ],
    'vertical-pod-autoscaler': [
      allow(READ, 'autoscaling.k8s.io', 'verticalpodautoscalers'),
      allow('update', 'autoscaling.k8s.io', 'verticalpodautoscalers/status'),
      allow('list create patch', 'autoscaling.k8s.io', 'verticalpodautoscalercheckpoints'),
      allow(READ, 'apiextensions.k8s.io', 'customresourcedefinitions'),
      allow('get', 'apps', 'daemonsets deployments replicasets statefulsets'),
      allow('get', 'batch', 'jobs'),
      allow('get', 'core', 'replicationcontrollers'),
      allow('get', '*', '*/scale'),
      allow(READ, 'core', 'pods'),
      allow('patch', 'core', 'pods/resize'),
      allow('list', 'metrics.k8s.io', 'pods'),
      events,
    ],
  }
}

function clusterRules(allow: Allow, events: PolicyRule): Readonly<Record<string, readonly PolicyRule[]>> {
  return {
    'resourcequota-controller': [
      allow('list watch', '*', '*'),
      allow('update', 'core', 'resourcequotas/status'),
      events,
    ],
    'root-ca-cert-publisher': [
      allow('create get list update watch', 'core', 'configmaps'),
      allow(READ, 'core', 'namespaces'),
      events,
    ],
    'service-account-controller': [
      allow('create get list watch', 'core', 'serviceaccounts'),
      allow(READ, 'core', 'namespaces'),
      events,
    ],
    'ttl-after-finished-controller': [allow('delete get list watch', 'batch', 'jobs'), events],
    'clusterrole-aggregation-controller': [
      allow('escalate get list patch update watch', 'rbac.authorization.k8s.io', 'clusterroles'),
    ],
    'pvc-protection-controller': [
      allow('get list update watch', 'core', 'persistentvolumeclaims'),
      allow('get list watch', 'core', 'pods'),
      events,
    ],
    'persistent-volume-binder': [
      allow('get list watch update create delete', 'core', 'persistentvolumes'),
      allow('update', 'core', 'persistentvolumes/status persistentvolumeclaims/status'),
      allow('get list watch update', 'core', 'persistentvolumeclaims'),
      allow('get list watch create delete', 'core', 'pods'),
      allow('get list watch', 'storage.k8s.io', 'storageclasses'),
      allow('list watch', 'core', 'nodes'),
      events,
    ],
    'ephemeral-volume-controller': [
      allow('get list watch', 'core', 'pods'),
      allow('update', 'core', 'pods/finalizers'),
      allow('get list watch create', 'core', 'persistentvolumeclaims'),
      events,
    ],
    'pv-protection-controller': [allow('get list update watch', 'core', 'persistentvolumes'), events],
  }
}

function workloadRules(
  allow: Allow,
  events: PolicyRule,
  podsOf: (group: string, kinds: string) => readonly PolicyRule[],
): Readonly<Record<string, readonly PolicyRule[]>> {
  const revisions = allow('create delete get list patch update watch', 'apps', 'controllerrevisions')
  return {
    'cronjob-controller': [
      allow('get list update watch', 'batch', 'cronjobs'),
      allow('create delete get list patch update watch', 'batch', 'jobs'),
      allow('update', 'batch', 'cronjobs/status cronjobs/finalizers'),
      allow('delete list', 'core', 'pods'),
      events,
    ],
    'daemon-set-controller': [
      ...podsOf('apps', 'daemonsets'),
      allow(READ, 'core', 'nodes'),
      allow('create', 'core', 'pods/binding'),
      revisions,
    ],
    'deployment-controller': [
      // Ours patches where Kubernetes' own updates: two writes of one look then cannot be in each other's way.
      allow('get list patch update watch', 'apps', 'deployments'),
      allow('patch update', 'apps', 'deployments/status deployments/finalizers'),
      allow('create delete get list patch update watch', 'apps', 'replicasets'),
      allow('get list update watch', 'core', 'pods'),
      events,
    ],
    'disruption-controller': [
      allow(READ, 'apps', 'deployments replicasets statefulsets'),
      allow(READ, 'core', 'pods replicationcontrollers'),
      allow('patch update', 'core', 'pods/status'),
      allow(READ, 'policy', 'poddisruptionbudgets'),
      allow('update', 'policy', 'poddisruptionbudgets/status'),
      allow('get', '*', '*/scale'),
      events,
    ],
    'job-controller': [...podsOf('batch', 'jobs'), allow('patch', 'batch', 'jobs')],
    'replicaset-controller': podsOf('apps', 'replicasets'),
    'replication-controller': podsOf('core', 'replicationcontrollers'),
    'statefulset-controller': [
      ...podsOf('apps', 'statefulsets'),
      revisions,
      allow('create delete get list update watch', 'core', 'persistentvolumeclaims'),
    ],
  }
}
