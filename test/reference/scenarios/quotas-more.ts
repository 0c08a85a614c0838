import { at, CORE, get, merge, post, put, remove, scenario, setup } from './scenario.ts'

const PODS = `${CORE}/pods`
const object = (kind: string, name: string, spec: object) => ({ apiVersion: 'v1', kind, metadata: { name }, spec })
const pod = (name: string, resources: object = {}, more: object = {}, other: readonly object[] = []) =>
  object('Pod', name, { containers: [{ name: 'a', image: 'a', resources }, ...other], ...more })
const range = (name: string, ...limits: readonly object[]) =>
  post(`range ${name}`, `${CORE}/limitranges`, object('LimitRange', name, { limits }))
const quota = (name: string, hard: object, more: object = {}) =>
  post(`quota ${name}`, `${CORE}/resourcequotas`, object('ResourceQuota', name, { hard, ...more }))
const counted = (name: string, hard: object, used: object) =>
  setup(merge(`used of ${name}`, `${CORE}/resourcequotas/${name}/status`, { status: { hard, used } }))
const claim = (name: string, storage: string, more: object = {}) =>
  object('PersistentVolumeClaim', name, {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage } },
    ...more,
  })
const HARD = {
  pods: '3',
  'requests.cpu': '1',
  'limits.memory': '1Gi',
  'count/deployments.apps': '1',
  persistentvolumeclaims: '1',
  'requests.storage': '5Gi',
  'gold.storageclass.storage.k8s.io/requests.storage': '1Gi',
  'services.nodeports': '1',
  'services.loadbalancers': '0',
  'count/leases.coordination.k8s.io': '0',
}
const USED = Object.fromEntries(Object.keys(HARD).map((key) => [key, '0']))

export const quotasMore = scenario('quotas-more', 'Quotas and limit ranges in combination', [
  setup(
    range(
      'r',
      {
        type: 'Container',
        default: { cpu: '200m', memory: '100Mi' },
        defaultRequest: { cpu: '100m' },
        max: { memory: '500Mi' },
      },
      { type: 'Pod', max: { cpu: '600m' }, min: { memory: '10Mi' }, maxLimitRequestRatio: { cpu: '3' } },
      { type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '3Gi' } },
    ),
  ),
  get('range read', `${CORE}/limitranges/r`),
  setup(quota('q', HARD)),
  counted('q', HARD, USED),
  post('defaulted', PODS, pod('a')),
  get('counted after it', `${CORE}/resourcequotas/q`, undefined, { pick: ['status'] }),
  post(
    'two containers over the pod',
    PODS,
    pod('b', { limits: { cpu: '400m' } }, {}, [{ name: 'b', image: 'b', resources: { limits: { cpu: '300m' } } }]),
  ),
  post('ratio of the pod', PODS, pod('b', { limits: { cpu: '600m' }, requests: { cpu: '100m' } })),
  post('memory of the container', PODS, pod('b', { limits: { memory: '1Gi' } })),
  post('several faults', PODS, pod('b', { limits: { memory: '1Gi', cpu: '2' }, requests: { memory: '1Mi' } })),
  post(
    'initial container',
    PODS,
    pod(
      'b',
      {},
      {
        initContainers: [{ name: 'i', image: 'i', resources: { requests: { cpu: '550m' }, limits: { cpu: '600m' } } }],
      },
    ),
  ),
  post('over the cpu', PODS, pod('c', { requests: { cpu: '500m' }, limits: { cpu: '600m' } })),
  post(
    'over memory',
    PODS,
    pod('c', { limits: { memory: '500Mi' } }, {}, [
      { name: 'b', image: 'b', resources: { limits: { memory: '500Mi' } } },
    ]),
  ),
  post('overhead of none', PODS, pod('c', {}, { overhead: { cpu: '1' } })),
  post(
    'pod level resources',
    PODS,
    pod(
      'd',
      {},
      { resources: { requests: { cpu: '100m', memory: '20Mi' }, limits: { cpu: '300m', memory: '100Mi' } } },
    ),
  ),
  post('dry run counts nothing', `${PODS}?dryRun=All`, pod('dry')),
  get('counted after all', `${CORE}/resourcequotas/q`, undefined, { pick: ['status'] }),
  post('claim', `${CORE}/persistentvolumeclaims`, claim('a', '2Gi')),
  post('claim too many', `${CORE}/persistentvolumeclaims`, claim('b', '2Gi')),
  post('claim too small', `${CORE}/persistentvolumeclaims`, claim('c', '1Mi')),
  post('claim too large', `${CORE}/persistentvolumeclaims`, claim('c', '9Gi')),
  post('claim of gold', `${CORE}/persistentvolumeclaims`, claim('d', '2Gi', { storageClassName: 'gold' })),
  merge('claim grows beyond', `${CORE}/persistentvolumeclaims/a`, {
    spec: { resources: { requests: { storage: '9Gi' } } },
  }),
  post('deployment', `${at('apps/v1')}/deployments`, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'a' },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'a' }] } },
    },
  }),
  post('deployment too many', `${at('apps/v1')}/deployments`, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'b' },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'a' }] } },
    },
  }),
  post('lease over', `${at('coordination.k8s.io/v1')}/leases`, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'a' },
  }),
  post('balancer over', `${CORE}/services`, object('Service', 'lb', { type: 'LoadBalancer', ports: [{ port: 80 }] })),
  post(
    'node ports over',
    `${CORE}/services`,
    object('Service', 'np', {
      type: 'NodePort',
      ports: [
        { name: 'a', port: 80 },
        { name: 'b', port: 81 },
      ],
    }),
  ),
  post(
    'node port',
    `${CORE}/services`,
    object('Service', 'ok', { type: 'NodePort', ports: [{ name: 'a', port: 80 }] }),
  ),
  setup(post('plain service', `${CORE}/services`, object('Service', 'plain', { ports: [{ port: 80 }] }))),
  merge('service becomes a node port', `${CORE}/services/plain`, { spec: { type: 'NodePort' } }),
  get('counted in the end', `${CORE}/resourcequotas/q`, undefined, { pick: ['status'] }),
  merge('resized within', `${PODS}/a/resize`, {
    spec: {
      containers: [
        { name: 'a', image: 'a', resources: { requests: { cpu: '150m' }, limits: { cpu: '200m', memory: '100Mi' } } },
      ],
    },
  }),
  merge('resized beyond', `${PODS}/a/resize`, {
    spec: {
      containers: [
        { name: 'a', image: 'a', resources: { requests: { cpu: '5' }, limits: { cpu: '5', memory: '100Mi' } } },
      ],
    },
  }),
  remove('pod goes', `${PODS}/a`),
  setup(remove('no q', `${CORE}/resourcequotas/q`)),
  setup(remove('no r', `${CORE}/limitranges/r`)),
  setup(quota('best', { pods: '0' }, { scopes: ['BestEffort'] })),
  setup(quota('not-best', { pods: '1', 'limits.cpu': '1' }, { scopes: ['NotBestEffort'] })),
  setup(quota('terminating', { pods: '0' }, { scopes: ['Terminating', 'NotBestEffort'] })),
  setup(
    quota(
      'high',
      { pods: '0' },
      {
        scopeSelector: {
          matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['system-cluster-critical'] }],
        },
      },
    ),
  ),
  setup(
    quota(
      'affine',
      { pods: '0' },
      { scopeSelector: { matchExpressions: [{ scopeName: 'CrossNamespacePodAffinity', operator: 'Exists' }] } },
    ),
  ),
  setup(
    post(
      'quota of attributes',
      `${CORE}/resourcequotas`,
      object('ResourceQuota', 'attributes', {
        hard: { persistentvolumeclaims: '0' },
        scopeSelector: { matchExpressions: [{ scopeName: 'VolumeAttributesClass', operator: 'In', values: ['gold'] }] },
      }),
    ),
  ),
  counted('best', { pods: '0' }, { pods: '0' }),
  counted('not-best', { pods: '1', 'limits.cpu': '1' }, { pods: '0', 'limits.cpu': '0' }),
  counted('terminating', { pods: '0' }, { pods: '0' }),
  counted('high', { pods: '0' }, { pods: '0' }),
  counted('affine', { pods: '0' }, { pods: '0' }),
  counted('attributes', { persistentvolumeclaims: '0' }, { persistentvolumeclaims: '0' }),
  post('best effort', PODS, pod('e')),
  post('burstable without limits', PODS, pod('f', { requests: { memory: '1Mi' } })),
  post('burstable', PODS, pod('f', { requests: { memory: '1Mi' }, limits: { cpu: '1' } })),
  post('burstable once more', PODS, pod('g', { requests: { memory: '1Mi' }, limits: { cpu: '1' } })),
  post(
    'terminating',
    PODS,
    pod('h', { requests: { memory: '1Mi' }, limits: { cpu: '0' } }, { activeDeadlineSeconds: 5 }),
  ),
  post('critical', PODS, pod('i', { limits: { cpu: '0' } }, { priorityClassName: 'system-cluster-critical' })),
  post(
    'claim of attributes',
    `${CORE}/persistentvolumeclaims`,
    claim('g', '1Gi', { volumeAttributesClassName: 'gold' }),
  ),
  post(
    'bad selector',
    `${CORE}/resourcequotas`,
    object('ResourceQuota', 'bad', {
      hard: { pods: '1', services: '1' },
      scopeSelector: {
        matchExpressions: [
          { scopeName: 'BestEffort', operator: 'In', values: ['x'] },
          { scopeName: 'PriorityClass', operator: 'Exists', values: ['x'] },
          { scopeName: 'PriorityClass', operator: 'In' },
          { scopeName: 'Nope', operator: 'Odd' },
        ],
      },
    }),
  ),
  post(
    'bad both',
    `${CORE}/resourcequotas`,
    object('ResourceQuota', 'bad', {
      hard: { services: '1', configmaps: '1', 'requests.nvidia.com/gpu': '1.5', 'limits.nvidia.com/gpu': '1' },
      scopes: ['BestEffort', 'Terminating', 'NotTerminating'],
    }),
  ),
  post(
    'bad range',
    `${CORE}/limitranges`,
    object('LimitRange', 'bad', {
      limits: [
        { type: 'Pod', default: { cpu: '1' }, defaultRequest: { cpu: '1' } },
        {
          type: 'Container',
          default: { cpu: '2' },
          defaultRequest: { cpu: '3' },
          max: { cpu: '1' },
          min: { cpu: '500m' },
          maxLimitRequestRatio: { cpu: '0.5' },
        },
        { type: 'Container' },
        { type: 'example.com/X', max: { cpu: '1' } },
        { type: 'nope' },
        { type: 'PersistentVolumeClaim' },
      ],
    }),
  ),
  put(
    'quota replaced',
    `${CORE}/resourcequotas/best`,
    object('ResourceQuota', 'best', { hard: { pods: '2' }, scopes: ['NotBestEffort'] }),
  ),
  merge('quota raised', `${CORE}/resourcequotas/best`, { spec: { hard: { pods: '1500m' } } }),
  merge('quota status wrongly', `${CORE}/resourcequotas/best/status`, { status: { used: { nope: '1', pods: '-1' } } }),
])
