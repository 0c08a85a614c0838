import { base, CLUSTER_NAME } from './base.ts'
import type { Base } from './base.ts'

const labels = { app: 'web' }
const selector = { matchLabels: labels }

const container = {
  name: 'main',
  image: 'registry.example.com/app:1.0',
  ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
  env: [{ name: 'MODE', value: 'fast' }],
  resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '200m', memory: '128Mi' } },
  volumeMounts: [{ name: 'data', mountPath: '/data' }],
}

const podSpec = {
  containers: [container],
  volumes: [{ name: 'data', emptyDir: {} }],
}

const template = { metadata: { labels }, spec: podSpec }
const jobTemplate = { metadata: { labels }, spec: { ...podSpec, restartPolicy: 'Never' } }

const core = (kind: string, resource: string, rest: object, name = 'one') => base('v1', kind, resource, name, rest)
const rbac = (kind: string, resource: string, rest: object) =>
  base('rbac.authorization.k8s.io/v1', kind, resource, CLUSTER_NAME, rest)

/** The kinds that people write, the commonest first. */
export const BASES: readonly Base[] = [
  core('Pod', 'pods', { metadata: { name: 'one', labels }, spec: podSpec }),
  base('apps/v1', 'Deployment', 'deployments', 'one', {
    spec: { replicas: 2, selector, template, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } },
  }),
  base('apps/v1', 'StatefulSet', 'statefulsets', 'one', {
    spec: {
      serviceName: 'web',
      selector,
      template,
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  }),
  base('apps/v1', 'DaemonSet', 'daemonsets', 'one', { spec: { selector, template } }),
  base('apps/v1', 'ReplicaSet', 'replicasets', 'one', { spec: { selector, template } }),
  core('ReplicationController', 'replicationcontrollers', { spec: { selector: labels, template } }),
  base('batch/v1', 'Job', 'jobs', 'one', { spec: { template: jobTemplate } }),
  base('batch/v1', 'CronJob', 'cronjobs', 'one', {
    spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template: jobTemplate } } },
  }),
  core('Service', 'services', {
    spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }] },
  }),
  base('networking.k8s.io/v1', 'Ingress', 'ingresses', 'one', {
    spec: {
      ingressClassName: 'nginx',
      tls: [{ hosts: ['a.example.com'], secretName: 'tls' }],
      rules: [
        {
          host: 'a.example.com',
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }],
          },
        },
      ],
    },
  }),
  base('networking.k8s.io/v1', 'IngressClass', 'ingressclasses', CLUSTER_NAME, {
    spec: { controller: 'example.com/ingress', parameters: { kind: 'Params', apiGroup: 'example.com', name: 'x' } },
  }),
  base('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', 'one', {
    spec: {
      podSelector: selector,
      ingress: [
        {
          ports: [{ port: 80, protocol: 'TCP' }],
          from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }],
        },
      ],
      egress: [{ to: [{ namespaceSelector: selector }] }],
    },
  }),
  core('ConfigMap', 'configmaps', { data: { a: '1' }, binaryData: { b: 'YQ==' } }),
  core('Secret', 'secrets', { data: { a: 'MQ==' } }),
  core('PersistentVolumeClaim', 'persistentvolumeclaims', {
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'x', resources: { requests: { storage: '1Gi' } } },
  }),
  core(
    'PersistentVolume',
    'persistentvolumes',
    {
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'x',
        hostPath: { path: '/data' },
      },
    },
    CLUSTER_NAME,
  ),
  base('storage.k8s.io/v1', 'StorageClass', 'storageclasses', CLUSTER_NAME, {
    provisioner: 'example.com/disk',
    parameters: { a: 'b' },
  }),
  base('autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', 'one', {
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 1,
      maxReplicas: 5,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
      ],
    },
  }),
  base('autoscaling/v1', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', 'one', {
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 5 },
  }),
  base('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', 'one', { spec: { minAvailable: 1, selector } }),
  rbac('Role', 'roles', { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }),
  rbac('ClusterRole', 'clusterroles', {
    rules: [
      { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
      { nonResourceURLs: ['/healthz'], verbs: ['get'] },
    ],
  }),
  rbac('RoleBinding', 'rolebindings', {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'x' },
    subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: 'default' }],
  }),
  rbac('ClusterRoleBinding', 'clusterrolebindings', {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' }],
  }),
  core('ServiceAccount', 'serviceaccounts', { imagePullSecrets: [{ name: 'pull' }] }),
  core('Namespace', 'namespaces', {}, CLUSTER_NAME),
  core('Node', 'nodes', { spec: { podCIDR: '10.244.9.0/24', podCIDRs: ['10.244.9.0/24'] } }, CLUSTER_NAME),
  core('LimitRange', 'limitranges', {
    spec: { limits: [{ type: 'Container', max: { cpu: '2' }, min: { cpu: '1m' }, default: { cpu: '1' } }] },
  }),
  core('ResourceQuota', 'resourcequotas', { spec: { hard: { pods: '100', 'requests.cpu': '100' } } }),
  core('Endpoints', 'endpoints', {
    subsets: [{ addresses: [{ ip: '10.1.2.3' }], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }],
  }),
  base('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices', 'one', {
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.1.2.3'], conditions: { ready: true } }],
    ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
  }),
  core('PodTemplate', 'podtemplates', { template }),
  core('Event', 'events', {
    involvedObject: { kind: 'Pod', name: 'one', namespace: '{{ns}}' },
    reason: 'Tested',
    type: 'Normal',
  }),
  base('scheduling.k8s.io/v1', 'PriorityClass', 'priorityclasses', CLUSTER_NAME, { value: 10 }),
  base('coordination.k8s.io/v1', 'Lease', 'leases', 'one', { spec: { holderIdentity: 'me', leaseDurationSeconds: 5 } }),
  base('node.k8s.io/v1', 'RuntimeClass', 'runtimeclasses', CLUSTER_NAME, {
    handler: 'runc',
    overhead: { podFixed: { cpu: '1m' } },
  }),
  base(
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    'customresourcedefinitions',
    'differentials.example.com',
    {
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'differentials', kind: 'Differential' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object' } } } },
          },
        ],
      },
    },
    'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
  ),
  base(
    'admissionregistration.k8s.io/v1',
    'ValidatingWebhookConfiguration',
    'validatingwebhookconfigurations',
    CLUSTER_NAME,
    {
      webhooks: [
        {
          name: 'a.example.com',
          clientConfig: { service: { namespace: 'none', name: 'hook', path: '/x' } },
          rules: [
            { apiGroups: ['none.example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nothings'] },
          ],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    },
  ),
  base(
    'admissionregistration.k8s.io/v1',
    'MutatingWebhookConfiguration',
    'mutatingwebhookconfigurations',
    CLUSTER_NAME,
    {
      webhooks: [
        {
          name: 'a.example.com',
          clientConfig: { url: 'https://hook.example.com/x' },
          rules: [
            { apiGroups: ['none.example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nothings'] },
          ],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    },
  ),
  base('storage.k8s.io/v1', 'CSIDriver', 'csidrivers', 'differential.example.com', { spec: {} }),
  base('storage.k8s.io/v1', 'CSINode', 'csinodes', CLUSTER_NAME, {
    spec: { drivers: [{ name: 'd.example.com', nodeID: 'x', topologyKeys: ['zone'] }] },
  }),
  base('storage.k8s.io/v1', 'VolumeAttachment', 'volumeattachments', CLUSTER_NAME, {
    spec: { attacher: 'd.example.com', nodeName: 'n', source: { persistentVolumeName: 'x' } },
  }),
]
