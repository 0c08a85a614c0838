import { apply, at, CORE, get, json, merge, post, put, remove, scenario, setup, strategic, raw } from './scenario.ts'

const labels = { app: 'x' }
const spec = { containers: [{ name: 'a', image: 'a' }] }
const pod = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { ...spec, ...more },
})
const PODS = `${CORE}/pods`
const DEPLOYMENTS = `${at('apps/v1')}/deployments`
const SETS = `${at('apps/v1')}/statefulsets`
const JOBS = `${at('batch/v1')}/jobs`
const CLAIMS = `${CORE}/persistentvolumeclaims`
const scaled = (name: string, replicas: number) => ({
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata: { name },
  spec: { replicas },
})
const status = (apiVersion: string, kind: string, name: string, body: object) => ({
  apiVersion,
  kind,
  metadata: { name },
  status: body,
})
const CONDITION = { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }

export const partPatches = scenario('part-patches', 'Patches of each type on each part of objects', [
  setup(post('pod', PODS, pod('p', { nodeName: 'n' }))),
  setup(
    post('deployment', DEPLOYMENTS, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd' },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    }),
  ),
  setup(
    post('set', SETS, {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 's' },
      spec: { serviceName: 's', selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    }),
  ),
  setup(
    post('controller', `${CORE}/replicationcontrollers`, {
      apiVersion: 'v1',
      kind: 'ReplicationController',
      metadata: { name: 'r' },
      spec: { selector: labels, template: { metadata: { labels }, spec } },
    }),
  ),
  setup(
    post('job', JOBS, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'j' },
      spec: { template: { spec: { ...spec, restartPolicy: 'Never' } } },
    }),
  ),
  setup(
    post('claim', CLAIMS, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'c' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    }),
  ),
  apply(
    'pod status applied',
    `${PODS}/p/status?fieldManager=kubelet`,
    status('v1', 'Pod', 'p', {
      phase: 'Running',
      conditions: [CONDITION],
      podIPs: [{ ip: '10.0.0.1' }],
      podIP: '10.0.0.1',
    }),
  ),
  apply(
    'pod status applied by another',
    `${PODS}/p/status?fieldManager=other`,
    status('v1', 'Pod', 'p', { conditions: [{ ...CONDITION, status: 'False' }] }),
  ),
  apply(
    'pod condition of another',
    `${PODS}/p/status?fieldManager=other`,
    status('v1', 'Pod', 'p', { conditions: [{ ...CONDITION, type: 'example.com/x' }] }),
  ),
  apply(
    'pod status forced',
    `${PODS}/p/status?fieldManager=other&force=true`,
    status('v1', 'Pod', 'p', { conditions: [{ ...CONDITION, status: 'False' }], podIPs: [{ ip: '10.0.0.2' }] }),
  ),
  strategic('pod addresses', `${PODS}/p/status`, {
    status: { podIPs: [{ ip: '10.0.0.3' }, { $patch: 'delete', ip: '10.0.0.1' }] },
  }),
  strategic('pod conditions', `${PODS}/p/status`, {
    status: { $setElementOrder: 1, conditions: [{ type: 'A', status: 'True' }] },
  }),
  strategic('pod conditions in order', `${PODS}/p/status`, {
    status: {
      '$setElementOrder/conditions': [{ type: 'A' }, { type: 'Ready' }],
      conditions: [{ type: 'A', status: 'True' }],
    },
  }),
  json('pod status by operations', `${PODS}/p/status`, [
    { op: 'add', path: '/status/conditions/0', value: { type: 'B', status: 'Unknown', observedGeneration: 1 } },
    { op: 'add', path: '/metadata/labels', value: { a: 'b' } },
    { op: 'replace', path: '/spec/nodeName', value: 'm' },
  ]),
  merge('pod status and labels', `${PODS}/p/status`, {
    metadata: { labels: { a: 'b' }, annotations: { c: 'd' }, finalizers: ['example.com/x'] },
    status: { message: 'm' },
  }),
  merge('pod status of a wrong phase', `${PODS}/p/status`, { status: { phase: 'Flying' } }),
  merge('pod status of wrong addresses', `${PODS}/p/status`, {
    status: { hostIPs: [{ ip: 'x' }], podIPs: [{ ip: 'y' }] },
  }),
  merge('pod status of a node', `${PODS}/p/status`, { status: { nominatedNodeName: 'Not_Valid' } }),
  merge('pod status of containers', `${PODS}/p/status`, {
    status: {
      containerStatuses: [
        { name: 'a', image: 'a', imageID: 'i', ready: true, restartCount: -1, state: { running: {}, waiting: {} } },
      ],
    },
  }),
  apply(
    'pod resized',
    `${PODS}/p/resize?fieldManager=r`,
    pod('p', { containers: [{ name: 'a', image: 'a', resources: { requests: { cpu: '1' } } }] }),
  ),
  json('pod resized by operations', `${PODS}/p/resize`, [
    { op: 'add', path: '/spec/containers/0/resources', value: { limits: { cpu: '1' } } },
  ]),
  strategic('pod resized for its image', `${PODS}/p/resize`, { spec: { containers: [{ name: 'a', image: 'z' }] } }),
  strategic('pod resized for a label', `${PODS}/p/resize`, { metadata: { labels: { q: 'r' } } }),
  strategic('pod resized with a container more', `${PODS}/p/resize`, {
    spec: { containers: [{ name: 'b', image: 'b' }] },
  }),
  get('pod size', `${PODS}/p/resize`),
  get('ephemeral containers', `${PODS}/p/ephemeralcontainers`),
  apply(
    'ephemeral applied',
    `${PODS}/p/ephemeralcontainers?fieldManager=e`,
    pod('p', { containers: undefined, ephemeralContainers: [{ name: 'd', image: 'd' }] }),
  ),
  json('ephemeral by operations', `${PODS}/p/ephemeralcontainers`, [
    { op: 'add', path: '/spec/ephemeralContainers/-', value: { name: 'e', image: 'e', targetContainerName: 'a' } },
  ]),
  strategic('ephemeral of a wrong target', `${PODS}/p/ephemeralcontainers`, {
    spec: { ephemeralContainers: [{ name: 'f', image: 'e', targetContainerName: 'none' }] },
  }),
  strategic('ephemeral of more than allowed', `${PODS}/p/ephemeralcontainers`, {
    spec: {
      ephemeralContainers: [
        {
          name: 'g',
          image: 'e',
          ports: [{ containerPort: 1 }],
          livenessProbe: { exec: { command: ['x'] } },
          resources: { limits: { cpu: '1' } },
        },
      ],
    },
  }),
  strategic('ephemeral of the name of another', `${PODS}/p/ephemeralcontainers`, {
    spec: { ephemeralContainers: [{ name: 'a', image: 'e' }] },
  }),
  strategic('ephemeral with more', `${PODS}/p/ephemeralcontainers`, {
    metadata: { labels: { y: 'z' } },
    spec: { activeDeadlineSeconds: 5 },
  }),
  put('ephemeral replaced', `${PODS}/p/ephemeralcontainers`, pod('p', { nodeName: 'n' })),
  post('ephemeral posted', `${PODS}/p/ephemeralcontainers`, pod('p')),
  strategic('scale strategically', `${DEPLOYMENTS}/d/scale`, { spec: { replicas: 4 } }),
  apply('scale applied', `${DEPLOYMENTS}/d/scale?fieldManager=a`, scaled('d', 5)),
  apply('scale applied by force', `${DEPLOYMENTS}/d/scale?fieldManager=a&force=true`, scaled('d', 5)),
  apply('scale applied by another', `${DEPLOYMENTS}/d/scale?fieldManager=b`, scaled('d', 6)),
  apply('deployment meets the scale', `${DEPLOYMENTS}/d?fieldManager=c`, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: { replicas: 7 },
  }),
  apply('scale with labels', `${DEPLOYMENTS}/d/scale?fieldManager=a`, {
    ...scaled('d', 5),
    metadata: { name: 'd', labels: { a: 'b' } },
  }),
  merge('scale of a label', `${DEPLOYMENTS}/d/scale`, { metadata: { labels: { a: 'b' } } }),
  merge('scale of a status', `${DEPLOYMENTS}/d/scale`, { status: { replicas: 9 } }),
  json('scale tested', `${DEPLOYMENTS}/d/scale`, [{ op: 'test', path: '/spec/replicas', value: 1 }]),
  json('scale counted', `${DEPLOYMENTS}/d/scale`, [
    { op: 'test', path: '/spec/replicas', value: 5 },
    { op: 'replace', path: '/spec/replicas', value: 1e3 },
  ]),
  raw(
    'scale in yaml',
    'PUT',
    `${DEPLOYMENTS}/d/scale`,
    'apiVersion: autoscaling/v1\nkind: Scale\nmetadata:\n  name: d\nspec:\n  replicas: 2\n',
    { 'content-type': 'application/yaml' },
  ),
  merge('scale of the set', `${SETS}/s/scale`, { spec: { replicas: 4 } }),
  merge('scale of the controller', `${CORE}/replicationcontrollers/r/scale`, { spec: { replicas: 4 } }),
  get('scale of the controller read', `${CORE}/replicationcontrollers/r/scale`),
  merge('scale of the job', `${JOBS}/j/scale`, { spec: { replicas: 4 } }),
  apply(
    'deployment status applied',
    `${DEPLOYMENTS}/d/status?fieldManager=a`,
    status('apps/v1', 'Deployment', 'd', { replicas: 3, conditions: [{ type: 'Available', status: 'True' }] }),
  ),
  apply('deployment status with a spec', `${DEPLOYMENTS}/d/status?fieldManager=b`, {
    ...status('apps/v1', 'Deployment', 'd', { readyReplicas: 9 }),
    spec: { replicas: 99 },
  }),
  apply('deployment with a status', `${DEPLOYMENTS}/d?fieldManager=b&force=true`, {
    ...status('apps/v1', 'Deployment', 'd', { readyReplicas: 1 }),
    spec: { minReadySeconds: 1 },
  }),
  json('deployment status by operations', `${DEPLOYMENTS}/d/status`, [
    { op: 'replace', path: '/status', value: { replicas: 1, collisionCount: 2 } },
  ]),
  strategic('deployment conditions', `${DEPLOYMENTS}/d/status`, {
    status: {
      conditions: [
        { type: 'Available', status: 'False' },
        { type: 'Progressing', status: 'True' },
      ],
    },
  }),
  apply(
    'job status applied',
    `${JOBS}/j/status?fieldManager=a`,
    status('batch/v1', 'Job', 'j', { active: 1, startTime: '2026-01-01T00:00:00Z', ready: 0, terminating: 0 }),
  ),
  merge('job status without its start', `${JOBS}/j/status`, { status: { startTime: null } }),
  merge('job status complete', `${JOBS}/j/status`, { status: { conditions: [{ type: 'Complete', status: 'True' }] } }),
  merge('job status complete as it must be', `${JOBS}/j/status`, {
    status: {
      active: 0,
      completionTime: '2026-01-01T00:00:01Z',
      conditions: [
        { type: 'SuccessCriteriaMet', status: 'True' },
        { type: 'Complete', status: 'True' },
      ],
    },
  }),
  merge('job status after that', `${JOBS}/j/status`, { status: { conditions: [{ type: 'Failed', status: 'True' }] } }),
  merge('claim status', `${CLAIMS}/c/status`, {
    status: { phase: 'Bound', capacity: { storage: '1Gi' }, conditions: [{ type: 'Resizing', status: 'True' }] },
  }),
  apply(
    'claim status applied',
    `${CLAIMS}/c/status?fieldManager=a`,
    status('v1', 'PersistentVolumeClaim', 'c', {
      conditions: [{ type: 'Resizing', status: 'True' }],
      allocatedResources: { storage: '2Gi' },
      allocatedResourceStatuses: { storage: 'NodeResizePending' },
    }),
  ),
  merge('claim grows', `${CLAIMS}/c`, { spec: { resources: { requests: { storage: '2Gi' } } } }),
  merge('namespace status', '/api/v1/namespaces/{{ns}}/status', {
    status: { conditions: [{ type: 'X', status: 'True' }] },
  }),
  apply('namespace applied', '/api/v1/namespaces/{{ns}}?fieldManager=a', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: '{{ns}}', labels: { x: 'y' } },
  }),
  put('namespace finalized', '/api/v1/namespaces/{{ns}}/finalize', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: '{{ns}}' },
    spec: { finalizers: ['kubernetes', 'example.com/x'] },
  }),
  put('namespace finalized wrongly', '/api/v1/namespaces/{{ns}}/finalize', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: '{{ns}}' },
    spec: { finalizers: ['nope'] },
  }),
  merge('namespace finalizers by the main path', '/api/v1/namespaces/{{ns}}', { spec: { finalizers: [] } }),
  merge('namespace finalize patched', '/api/v1/namespaces/{{ns}}/finalize', { spec: { finalizers: ['kubernetes'] } }),
  put('namespace finalized at last', '/api/v1/namespaces/{{ns}}/finalize', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: '{{ns}}' },
    spec: { finalizers: ['kubernetes'] },
  }),
  setup(post('node', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: '{{ns}}' } })),
  strategic('node status', '/api/v1/nodes/{{ns}}/status', {
    status: {
      capacity: { cpu: '4' },
      conditions: [CONDITION],
      addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
    },
  }),
  strategic('node addresses', '/api/v1/nodes/{{ns}}/status', {
    status: {
      addresses: [
        { type: 'InternalIP', address: '10.0.0.2' },
        { type: 'Hostname', address: 'h' },
      ],
    },
  }),
  strategic('node addresses twice', '/api/v1/nodes/{{ns}}/status', {
    status: {
      addresses: [
        { type: 'InternalIP', address: '10.0.0.2' },
        { type: 'InternalIP', address: '10.0.0.3' },
      ],
    },
  }),
  apply(
    'node status applied',
    '/api/v1/nodes/{{ns}}/status?fieldManager=a',
    status('v1', 'Node', '{{ns}}', { images: [{ names: ['a'], sizeBytes: 1 }], capacity: { 'example.com/gpu': '1' } }),
  ),
  strategic('node taints', '/api/v1/nodes/{{ns}}', { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } }),
  strategic('node taints once more', '/api/v1/nodes/{{ns}}', {
    spec: {
      taints: [
        { key: 'a', effect: 'NoExecute', value: 'b' },
        { key: 'c', effect: 'PreferNoSchedule' },
      ],
    },
  }),
  setup(remove('no node', '/api/v1/nodes/{{ns}}')),
  setup(
    post('service', `${CORE}/services`, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: [{ port: 80 }] },
    }),
  ),
  merge('service status', `${CORE}/services/s/status`, {
    status: {
      loadBalancer: {
        ingress: [{ ip: '192.0.2.1', ipMode: 'VIP', ports: [{ port: 80, protocol: 'TCP', error: 'x.io/e' }] }],
      },
      conditions: [{ type: 'A', status: 'True', reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    },
  }),
  apply(
    'service status applied',
    `${CORE}/services/s/status?fieldManager=a`,
    status('v1', 'Service', 's', { loadBalancer: { ingress: [{ hostname: 'h.example.com' }] } }),
  ),
  merge('service status wrongly', `${CORE}/services/s/status`, {
    status: { loadBalancer: { ingress: [{ ip: 'x' }, { hostname: '10.0.0.1' }, { ip: '192.0.2.1', ipMode: 'Odd' }] } },
  }),
  merge('service status and spec', `${CORE}/services/s/status`, {
    spec: { externalIPs: ['192.0.2.5'] },
    metadata: { annotations: { a: 'b' } },
  }),
  strategic('service ports', `${CORE}/services/s`, { spec: { ports: [{ port: 81, name: 'b' }] } }),
  strategic('service ports in order', `${CORE}/services/s`, {
    spec: {
      '$setElementOrder/ports': [{ port: 81 }, { port: 80 }],
      ports: [
        { port: 80, name: 'a' },
        { port: 81, name: 'b' },
      ],
    },
  }),
  strategic('service port is gone', `${CORE}/services/s`, { spec: { ports: [{ port: 80, $patch: 'delete' }] } }),
])
