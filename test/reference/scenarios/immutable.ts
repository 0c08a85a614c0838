import { at, CORE, merge, post, scenario, setup } from './scenario.ts'

const podSpec = { containers: [{ name: 'a', image: 'a' }] }
const template = { metadata: { labels: { app: 'x' } }, spec: podSpec }
const selector = { matchLabels: { app: 'x' } }
const meta = { name: 'one' }
const wide = { name: '{{ns}}' }

export const immutable = scenario('immutable', 'What updates may not change, of every kind', [
  setup(
    post('config', `${CORE}/configmaps`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: meta,
      data: { a: '1' },
      immutable: true,
    }),
  ),
  merge('config data', `${CORE}/configmaps/one`, { data: { a: '2' } }),
  merge('config binary data', `${CORE}/configmaps/one`, { binaryData: { b: 'YQ==' } }),
  merge('config immutable', `${CORE}/configmaps/one`, { immutable: false }),
  merge('config labels', `${CORE}/configmaps/one`, { metadata: { labels: { a: 'b' } } }),
  setup(
    post('secret', `${CORE}/secrets`, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: meta,
      data: { a: 'MQ==' },
      immutable: true,
    }),
  ),
  merge('secret data', `${CORE}/secrets/one`, { data: { a: 'Mg==' } }),
  merge('secret type', `${CORE}/secrets/one`, { type: 'example.com/x' }),
  merge('secret mutable', `${CORE}/secrets/one`, { immutable: null }),
  setup(
    post('service', `${CORE}/services`, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta,
      spec: { ports: [{ port: 80 }], clusterIP: 'None' },
    }),
  ),
  merge('service address', `${CORE}/services/one`, { spec: { clusterIP: '10.96.3.4', clusterIPs: ['10.96.3.4'] } }),
  merge('service addresses', `${CORE}/services/one`, { spec: { clusterIPs: ['10.96.3.4'] } }),
  merge('service families', `${CORE}/services/one`, { spec: { ipFamilies: ['IPv6'] } }),
  merge('service type', `${CORE}/services/one`, { spec: { type: 'NodePort' } }),
  setup(
    post('deployment', `${at('apps/v1')}/deployments`, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: meta,
      spec: { selector, template },
    }),
  ),
  merge('deployment selector', `${at('apps/v1')}/deployments/one`, {
    spec: { selector: { matchLabels: { app: 'y' } }, template: { metadata: { labels: { app: 'y' } } } },
  }),
  setup(
    post('replicaset', `${at('apps/v1')}/replicasets`, {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: meta,
      spec: { selector, template },
    }),
  ),
  merge('replicaset selector', `${at('apps/v1')}/replicasets/one`, {
    spec: { selector: { matchLabels: { app: 'y' } }, template: { metadata: { labels: { app: 'y' } } } },
  }),
  setup(
    post('daemonset', `${at('apps/v1')}/daemonsets`, {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: meta,
      spec: { selector, template },
    }),
  ),
  merge('daemonset selector', `${at('apps/v1')}/daemonsets/one`, {
    spec: { selector: { matchLabels: { app: 'y' } }, template: { metadata: { labels: { app: 'y' } } } },
  }),
  setup(
    post('statefulset', `${at('apps/v1')}/statefulsets`, {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: meta,
      spec: { selector, template, serviceName: 's' },
    }),
  ),
  merge('statefulset service', `${at('apps/v1')}/statefulsets/one`, { spec: { serviceName: 't' } }),
  merge('statefulset management', `${at('apps/v1')}/statefulsets/one`, { spec: { podManagementPolicy: 'Parallel' } }),
  merge('statefulset claims', `${at('apps/v1')}/statefulsets/one`, {
    spec: {
      volumeClaimTemplates: [
        {
          metadata: { name: 'x' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  }),
  merge('statefulset selector', `${at('apps/v1')}/statefulsets/one`, {
    spec: { selector: { matchLabels: { app: 'y' } } },
  }),
  merge('statefulset replicas', `${at('apps/v1')}/statefulsets/one`, { spec: { replicas: 3 } }),
  setup(
    post('job', `${at('batch/v1')}/jobs`, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: meta,
      spec: { completions: 2, template: { spec: { ...podSpec, restartPolicy: 'Never' } } },
    }),
  ),
  merge('job completions', `${at('batch/v1')}/jobs/one`, { spec: { completions: 3 } }),
  merge('job mode', `${at('batch/v1')}/jobs/one`, { spec: { completionMode: 'Indexed' } }),
  merge('job selector', `${at('batch/v1')}/jobs/one`, { spec: { selector: { matchLabels: { a: 'b' } } } }),
  merge('job backoff', `${at('batch/v1')}/jobs/one`, { spec: { backoffLimit: 9, parallelism: 7, suspend: true } }),
  merge('job policy', `${at('batch/v1')}/jobs/one`, {
    spec: { podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'X', status: 'True' }] }] } },
  }),
  setup(
    post('claim', `${CORE}/persistentvolumeclaims`, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: meta,
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'x', resources: { requests: { storage: '1Gi' } } },
    }),
  ),
  merge('claim smaller', `${CORE}/persistentvolumeclaims/one`, {
    spec: { resources: { requests: { storage: '1Mi' } } },
  }),
  merge('claim larger', `${CORE}/persistentvolumeclaims/one`, {
    spec: { resources: { requests: { storage: '2Gi' } } },
  }),
  setup(
    post('storage class', '/apis/storage.k8s.io/v1/storageclasses', {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: wide,
      provisioner: 'example.com/x',
      parameters: { a: 'b' },
    }),
  ),
  merge('storage class provisioner', '/apis/storage.k8s.io/v1/storageclasses/{{ns}}', { provisioner: 'example.com/y' }),
  merge('storage class parameters', '/apis/storage.k8s.io/v1/storageclasses/{{ns}}', { parameters: { a: 'c' } }),
  merge('storage class reclaim', '/apis/storage.k8s.io/v1/storageclasses/{{ns}}', { reclaimPolicy: 'Retain' }),
  merge('storage class binding', '/apis/storage.k8s.io/v1/storageclasses/{{ns}}', {
    volumeBindingMode: 'WaitForFirstConsumer',
  }),
  setup(
    post('binding', `${at('rbac.authorization.k8s.io/v1')}/rolebindings`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: meta,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    }),
  ),
  merge('binding role', `${at('rbac.authorization.k8s.io/v1')}/rolebindings/one`, { roleRef: { name: 'edit' } }),
  setup(
    post('priority class', '/apis/scheduling.k8s.io/v1/priorityclasses', {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: wide,
      value: 5,
    }),
  ),
  merge('priority value', '/apis/scheduling.k8s.io/v1/priorityclasses/{{ns}}', { value: 6 }),
  merge('priority preemption', '/apis/scheduling.k8s.io/v1/priorityclasses/{{ns}}', { preemptionPolicy: 'Never' }),
  setup(
    post('runtime class', '/apis/node.k8s.io/v1/runtimeclasses', {
      apiVersion: 'node.k8s.io/v1',
      kind: 'RuntimeClass',
      metadata: wide,
      handler: 'a',
    }),
  ),
  merge('runtime handler', '/apis/node.k8s.io/v1/runtimeclasses/{{ns}}', { handler: 'b' }),
  setup(
    post('ingress class', '/apis/networking.k8s.io/v1/ingressclasses', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: wide,
      spec: { controller: 'example.com/a' },
    }),
  ),
  merge('ingress controller', '/apis/networking.k8s.io/v1/ingressclasses/{{ns}}', {
    spec: { controller: 'example.com/b' },
  }),
  setup(
    post('slice', `${at('discovery.k8s.io/v1')}/endpointslices`, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: meta,
      addressType: 'IPv4',
      endpoints: [],
    }),
  ),
  merge('slice type', `${at('discovery.k8s.io/v1')}/endpointslices/one`, { addressType: 'IPv6' }),
  setup(
    post('budget', `${at('policy/v1')}/poddisruptionbudgets`, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: meta,
      spec: { minAvailable: 1, selector },
    }),
  ),
  merge('budget selector', `${at('policy/v1')}/poddisruptionbudgets/one`, {
    spec: { selector: { matchLabels: { app: 'y' } } },
  }),
  merge('budget both', `${at('policy/v1')}/poddisruptionbudgets/one`, { spec: { maxUnavailable: 1 } }),
  setup(
    post('csi driver', '/apis/storage.k8s.io/v1/csidrivers', {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIDriver',
      metadata: wide,
      spec: {},
    }),
  ),
  merge('csi attach', '/apis/storage.k8s.io/v1/csidrivers/{{ns}}', { spec: { attachRequired: false } }),
  merge('csi modes', '/apis/storage.k8s.io/v1/csidrivers/{{ns}}', { spec: { volumeLifecycleModes: ['Ephemeral'] } }),
  setup(
    post('attachment', '/apis/storage.k8s.io/v1/volumeattachments', {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'VolumeAttachment',
      metadata: wide,
      spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'p' } },
    }),
  ),
  merge('attachment node', '/apis/storage.k8s.io/v1/volumeattachments/{{ns}}', { spec: { nodeName: 'm' } }),
  setup(
    post('revision', `${at('apps/v1')}/controllerrevisions`, {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: meta,
      revision: 1,
      data: { a: 1 },
    }),
  ),
  merge('revision data', `${at('apps/v1')}/controllerrevisions/one`, { data: { a: 2 } }),
  merge('revision number', `${at('apps/v1')}/controllerrevisions/one`, { revision: 2 }),
  setup(
    post('node', '/api/v1/nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: wide,
      spec: { podCIDR: '10.1.0.0/24', podCIDRs: ['10.1.0.0/24'], providerID: 'a' },
    }),
  ),
  merge('node range', '/api/v1/nodes/{{ns}}', { spec: { podCIDR: '10.2.0.0/24', podCIDRs: ['10.2.0.0/24'] } }),
  merge('node provider', '/api/v1/nodes/{{ns}}', { spec: { providerID: 'b' } }),
  merge('node cordon', '/api/v1/nodes/{{ns}}', { spec: { unschedulable: true } }),
  setup(
    post('quota', `${CORE}/resourcequotas`, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: meta,
      spec: { hard: { pods: '1' }, scopes: ['BestEffort'] },
    }),
  ),
  merge('quota scopes', `${CORE}/resourcequotas/one`, { spec: { scopes: ['NotBestEffort'] } }),
  setup(
    post('pv', '/api/v1/persistentvolumes', {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: wide,
      spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/a' } },
    }),
  ),
  merge('pv mode', '/api/v1/persistentvolumes/{{ns}}', { spec: { volumeMode: 'Block' } }),
  merge('pv affinity', '/api/v1/persistentvolumes/{{ns}}', {
    spec: {
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }] } },
    },
  }),
  merge('pv affinity again', '/api/v1/persistentvolumes/{{ns}}', {
    spec: {
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'b', operator: 'Exists' }] }] } },
    },
  }),
  setup(
    post('cidr', '/apis/networking.k8s.io/v1/servicecidrs', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'ServiceCIDR',
      metadata: wide,
      spec: { cidrs: ['192.168.7.0/24'] },
    }),
  ),
  merge('cidr range', '/apis/networking.k8s.io/v1/servicecidrs/{{ns}}', { spec: { cidrs: ['192.168.8.0/24'] } }),
  setup(
    post('lease', `${at('coordination.k8s.io/v1')}/leases`, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: meta,
      spec: { holderIdentity: 'a', leaseDurationSeconds: 5 },
    }),
  ),
  merge('lease duration', `${at('coordination.k8s.io/v1')}/leases/one`, { spec: { leaseDurationSeconds: 0 } }),
  merge('lease transitions', `${at('coordination.k8s.io/v1')}/leases/one`, { spec: { leaseTransitions: -1 } }),
])
