import { apply, at, CORE, get, json, merge, post, put, remove, scenario, setup, strategic, TABLE } from './scenario.ts'
import { shown } from './table-cells.ts'
import type { Shown } from './table-cells.ts'

const one = (rest: object, status?: object): readonly Shown[] => [
  status === undefined ? ['', rest] : ['', rest, status],
]
const CLAIM = { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.example.com', count: 2 } }] } }
const FLOW = 'flowcontrol.apiserver.k8s.io/v1'
const RBAC = 'rbac.authorization.k8s.io/v1'
const ADMISSION = 'admissionregistration.k8s.io/v1'
const subjects = [
  { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' },
  { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'g' },
  { kind: 'ServiceAccount', name: 'default', namespace: '{{ns}}' },
  { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'bob' },
]
const never = { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['no-such-one'] }] }
const webhook = {
  clientConfig: { url: 'https://hook.example.com' },
  namespaceSelector: never,
  rules: [{ operations: ['*'], apiGroups: ['none.example.com'], apiVersions: ['*'], resources: ['*/*'] }],
  sideEffects: 'NoneOnDryRun',
  admissionReviewVersions: ['v1beta1', 'v1'],
}

/** Kinds of the whole cluster, each as it is answered and as it is printed. */
export const kindsWide = scenario('kinds-wide', 'Cells of kinds of the whole cluster', [
  ...shown(
    'storage.k8s.io/v1',
    'StorageClass',
    'storageclasses',
    one({
      metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'example.com/x',
      reclaimPolicy: 'Retain',
      volumeBindingMode: 'WaitForFirstConsumer',
      allowVolumeExpansion: true,
      mountOptions: ['a'],
      allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['a'] }] }],
    }),
    true,
  ),
  setup(remove('no default class', '/apis/storage.k8s.io/v1/storageclasses/{{ns}}')),
  ...shown(
    'storage.k8s.io/v1',
    'CSIDriver',
    'csidrivers',
    one({
      spec: {
        attachRequired: false,
        podInfoOnMount: true,
        storageCapacity: true,
        fsGroupPolicy: 'File',
        tokenRequests: [{ audience: '' }, { audience: 'a', expirationSeconds: 900 }],
        requiresRepublish: true,
        volumeLifecycleModes: ['Persistent', 'Ephemeral'],
      },
    }),
    true,
  ),
  ...shown(
    'storage.k8s.io/v1',
    'CSINode',
    'csinodes',
    one({ spec: { drivers: [{ name: 'a.io', nodeID: 'n', allocatable: { count: 5 } }] } }),
    true,
  ),
  ...shown(
    'storage.k8s.io/v1',
    'VolumeAttachment',
    'volumeattachments',
    one({ spec: { attacher: 'a.io', nodeName: 'n', source: { persistentVolumeName: 'v' } } }, { attached: true }),
    true,
  ),
  ...shown(
    'storage.k8s.io/v1',
    'VolumeAttributesClass',
    'volumeattributesclasses',
    one({
      metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      driverName: 'a.io',
      parameters: { a: 'b' },
    }),
    true,
  ),
  ...shown('storage.k8s.io/v1', 'CSIStorageCapacity', 'csistoragecapacities', [
    ['one', { storageClassName: 's', capacity: '1500M', maximumVolumeSize: '10Gi', nodeTopology: {} }],
  ]),
  ...shown(
    'scheduling.k8s.io/v1',
    'PriorityClass',
    'priorityclasses',
    one({ value: -5, preemptionPolicy: 'Never', description: 'low' }),
    true,
  ),
  ...shown(
    'node.k8s.io/v1',
    'RuntimeClass',
    'runtimeclasses',
    one({
      handler: 'kata',
      overhead: { podFixed: { cpu: '250m', memory: '120Mi' } },
      scheduling: { nodeSelector: { kata: 'yes' }, tolerations: [{ key: 'a', operator: 'Exists' }] },
    }),
    true,
  ),
  ...shown('coordination.k8s.io/v1', 'Lease', 'leases', [
    ['free', {}],
    [
      'held',
      {
        spec: {
          holderIdentity: 'me',
          leaseDurationSeconds: 15,
          acquireTime: '2026-01-01T00:00:00.5Z',
          renewTime: '2026-01-01T00:00:00.123456Z',
          leaseTransitions: 3,
          strategy: 'OldestEmulationVersion',
          preferredHolder: 'you',
        },
      },
    ],
  ]),
  ...shown(RBAC, 'ClusterRole', 'clusterroles', one({ rules: null }), true),
  ...shown(
    RBAC,
    'ClusterRoleBinding',
    'clusterrolebindings',
    one({ roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' }, subjects }),
    true,
  ),
  ...shown(RBAC, 'RoleBinding', 'rolebindings', [
    ['one', { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'x' }, subjects }],
    ['none', { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'x' } }],
  ]),
  ...shown(RBAC, 'Role', 'roles', [['one', {}]]),
  ...shown(
    ADMISSION,
    'MutatingWebhookConfiguration',
    'mutatingwebhookconfigurations',
    one({
      webhooks: [
        { ...webhook, name: 'a.example.com', reinvocationPolicy: 'IfNeeded', matchPolicy: 'Exact' },
        { ...webhook, name: 'b.example.com', objectSelector: never, failurePolicy: 'Ignore', timeoutSeconds: 1 },
      ],
    }),
    true,
  ),
  ...shown(
    ADMISSION,
    'ValidatingWebhookConfiguration',
    'validatingwebhookconfigurations',
    one({ webhooks: [{ ...webhook, name: 'a.example.com' }] }),
    true,
  ),
  ...shown(
    ADMISSION,
    'ValidatingAdmissionPolicy',
    'validatingadmissionpolicies',
    one({
      spec: {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        matchConstraints: {
          resourceRules: [{ apiGroups: ['none.example.com'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }],
        },
        validations: [{ expression: 'true' }, { expression: '1 == 2' }],
        failurePolicy: 'Ignore',
      },
    }),
    true,
  ),
  ...shown(FLOW, 'FlowSchema', 'flowschemas', one({ spec: { priorityLevelConfiguration: { name: 'exempt' } } }), true),
  ...shown(
    FLOW,
    'PriorityLevelConfiguration',
    'prioritylevelconfigurations',
    one({ spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' }, nominalConcurrencyShares: 3 } } }),
    true,
  ),
  ...shown(
    'networking.k8s.io/v1',
    'IngressClass',
    'ingressclasses',
    [
      [
        '',
        { spec: { controller: 'a.io/b', parameters: { kind: 'P', name: 'p', scope: 'Namespace', namespace: 'n' } } },
      ],
      ['plain', { spec: { controller: 'a.io/b' } }],
    ],
    true,
  ),
  ...shown(
    'networking.k8s.io/v1',
    'ServiceCIDR',
    'servicecidrs',
    one({ spec: { cidrs: ['192.0.2.0/24', '2001:db8::/112'] } }),
    true,
  ),
  ...shown('resource.k8s.io/v1', 'DeviceClass', 'deviceclasses', one({ spec: {} }), true),
  ...shown('resource.k8s.io/v1', 'ResourceClaim', 'resourceclaims', [
    ['one', { spec: CLAIM }],
    ['empty', { spec: {} }],
  ]),
  ...shown('resource.k8s.io/v1', 'ResourceClaimTemplate', 'resourceclaimtemplates', [
    ['one', { spec: { spec: CLAIM } }],
  ]),
  ...shown(
    'resource.k8s.io/v1',
    'ResourceSlice',
    'resourceslices',
    one({ spec: { driver: 'd.io', nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 } } }),
    true,
  ),
  setup(remove('no range', '/apis/networking.k8s.io/v1/servicecidrs/{{ns}}')),
  setup(remove('no mutating hook', `/apis/${ADMISSION}/mutatingwebhookconfigurations/{{ns}}`)),
  setup(remove('no validating hook', `/apis/${ADMISSION}/validatingwebhookconfigurations/{{ns}}`)),
])

const LEASES = `${at('coordination.k8s.io/v1')}/leases`
const lease = (name: string, spec: object) => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name },
  spec,
})
const EVENTS = `${CORE}/events`
const NEW_EVENTS = `${at('events.k8s.io/v1')}/events`
const event = (name: string, rest: object) => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name },
  involvedObject: { kind: 'Pod', namespace: '{{ns}}', name: 'p' },
  ...rest,
})
const newEvent = (name: string, rest: object) => ({
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name },
  eventTime: '2026-01-01T00:00:00.000001Z',
  reportingController: 'c.example.com/x',
  reportingInstance: 'i',
  action: 'A',
  reason: 'R',
  type: 'Normal',
  regarding: { kind: 'Pod', namespace: '{{ns}}', name: 'p' },
  ...rest,
})
const TEMPLATES = `${CORE}/podtemplates`
const CLASSES = '/apis/scheduling.k8s.io/v1/priorityclasses'
const priority = (name: string, rest: object) => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name },
  ...rest,
})
const SLICES = `${at('discovery.k8s.io/v1')}/endpointslices`

export const kindsMore = scenario('kinds-more', 'Leases, events of both versions, templates, classes, accounts', [
  post('lease', LEASES, lease('a', { holderIdentity: 'x', leaseDurationSeconds: 15 })),
  post('lease of nothing', LEASES, lease('b', {})),
  post('lease of a nanosecond', LEASES, lease('c', { renewTime: '2026-01-01T00:00:00.123456789Z' })),
  post('lease of a whole second', LEASES, lease('d', { renewTime: '2026-01-01T00:00:00Z' })),
  post('lease of a zone', LEASES, lease('e', { acquireTime: '2026-01-01T02:00:00.5+02:00' })),
  post('lease of a wrong time', LEASES, lease('f', { acquireTime: 'soon' })),
  post('lease of no holder', LEASES, lease('g', { holderIdentity: '', leaseTransitions: 0 })),
  post('lease of a strategy', LEASES, lease('h', { strategy: 'Wrong', preferredHolder: 'y' })),
  post('lease preferred without a strategy', LEASES, lease('i', { preferredHolder: 'y' })),
  post('lease over zero seconds', LEASES, lease('j', { leaseDurationSeconds: 0, leaseTransitions: -1 })),
  merge('lease is renewed', `${LEASES}/a`, { spec: { renewTime: '2026-01-01T00:00:01.000000Z' } }),
  apply('lease is applied', `${LEASES}/a?fieldManager=m`, lease('a', { holderIdentity: 'z' })),
  put('lease is replaced', `${LEASES}/a`, lease('a', { holderIdentity: 'w' })),
  post('event', EVENTS, event('a', { reason: 'R', firstTimestamp: '2026-01-01T00:00:00Z', count: 1 })),
  get('event by the other group', `${NEW_EVENTS}/a`),
  post('event elsewhere', EVENTS, event('b', { involvedObject: { kind: 'Pod', namespace: 'other', name: 'p' } })),
  post('event of a node', EVENTS, event('c', { involvedObject: { kind: 'Node', name: 'n' } })),
  post('event of the default namespace', '/api/v1/namespaces/default/events', {
    ...event('{{ns}}-d', { involvedObject: { kind: 'Node', name: 'n' } }),
  }),
  post(
    'new event',
    NEW_EVENTS,
    newEvent('n', { note: 'x', series: { count: 2, lastObservedTime: '2026-01-01T00:00:00.5Z' } }),
  ),
  get('new event by the core group', `${EVENTS}/n`),
  post('new event without a time', NEW_EVENTS, newEvent('o', { eventTime: undefined })),
  post('new event of much', NEW_EVENTS, newEvent('p', { note: 'x'.repeat(1025), action: '', reason: 'x'.repeat(129) })),
  post(
    'new event of a controller that is none',
    NEW_EVENTS,
    newEvent('q', { reportingController: 'a b', reportingInstance: '', type: 'Odd' }),
  ),
  post(
    'new event of old fields',
    NEW_EVENTS,
    newEvent('r', { deprecatedCount: 3, deprecatedSource: { component: 'x' } }),
  ),
  post('new event of a series', NEW_EVENTS, newEvent('s', { series: { count: 1 } })),
  post('event with a time', EVENTS, event('t', { eventTime: '2026-01-01T00:00:00.000001Z' })),
  post(
    'event with a time and all',
    EVENTS,
    event('u', {
      eventTime: '2026-01-01T00:00:00.000001Z',
      reportingComponent: 'a.io/b',
      reportingInstance: 'i',
      action: 'A',
      reason: 'R',
      type: 'Warning',
    }),
  ),
  merge('event changes', `${EVENTS}/a`, { count: 2, lastTimestamp: '2026-01-01T00:00:02Z' }),
  merge('new event changes', `${NEW_EVENTS}/n`, { note: 'y' }),
  merge('new event is counted', `${NEW_EVENTS}/n`, {
    series: { count: 3, lastObservedTime: '2026-01-01T00:00:01.5Z' },
  }),
  strategic('event by the other group changes', `${NEW_EVENTS}/a`, { deprecatedCount: 7 }),
  json('event loses its reason', `${EVENTS}/a`, [{ op: 'remove', path: '/reason' }]),
  apply('event is applied', `${EVENTS}/a?fieldManager=m`, event('a', { message: 'm' })),
  get('new events as a table', `${NEW_EVENTS}?fieldSelector=metadata.name%3Dn`, TABLE),
  get('events by reason', `${EVENTS}?fieldSelector=reason%3DR,involvedObject.kind%3DPod`, undefined, {
    pick: ['items.length', 'kind'],
  }),
  get('new events by an old field', `${NEW_EVENTS}?fieldSelector=involvedObject.name%3Dp`, undefined, {
    pick: ['items.length', 'message'],
  }),
  get('new events by regarding', `${NEW_EVENTS}?fieldSelector=regarding.name%3Dp`),
  remove('events are gone', `${NEW_EVENTS}?labelSelector=none`),
  post('template', TEMPLATES, {
    apiVersion: 'v1',
    kind: 'PodTemplate',
    metadata: { name: 'a' },
    template: { spec: { containers: [{ name: 'a', image: 'a' }] } },
  }),
  post('template of nothing', TEMPLATES, { apiVersion: 'v1', kind: 'PodTemplate', metadata: { name: 'b' } }),
  strategic('template gets a container', `${TEMPLATES}/a`, {
    template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'b', image: 'b' }] } },
  }),
  get('template as a table', `${TEMPLATES}/a`, TABLE),
  post('class', CLASSES, priority('{{ns}}-a', { value: 10, globalDefault: true })),
  post('another default', CLASSES, priority('{{ns}}-b', { value: 20, globalDefault: true })),
  post('class of the system', CLASSES, priority('system-{{ns}}', { value: 20 })),
  post('class too high', CLASSES, priority('{{ns}}-c', { value: 1000000001 })),
  post('class beyond numbers', CLASSES, priority('{{ns}}-c', { value: 3000000000 })),
  post('class without value', CLASSES, priority('{{ns}}-d', {})),
  post('class of a policy', CLASSES, priority('{{ns}}-e', { value: 1, preemptionPolicy: 'Sometimes' })),
  post('pod of the default', `${CORE}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'a', image: 'a' }] },
  }),
  post('pod of another priority', `${CORE}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'q' },
    spec: { priority: 7, containers: [{ name: 'a', image: 'a' }] },
  }),
  post('pod of a policy', `${CORE}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'q' },
    spec: { preemptionPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] },
  }),
  post('pod critical', `${CORE}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'r' },
    spec: { priorityClassName: 'system-node-critical', containers: [{ name: 'a', image: 'a' }] },
  }),
  merge('class is no default', `${CLASSES}/{{ns}}-a`, { globalDefault: false }),
  remove('class goes', `${CLASSES}/{{ns}}-a`),
  remove('class of the system goes', `${CLASSES}/system-node-critical`),
  post('slice by address', SLICES, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'a', labels: { 'kubernetes.io/service-name': 's' } },
    addressType: 'IPv6',
    endpoints: [
      {
        addresses: ['2001:db8::1'],
        hostname: 'h',
        nodeName: 'n',
        zone: 'z',
        hints: { forZones: [{ name: 'z' }] },
        targetRef: { kind: 'Pod', name: 'p' },
      },
    ],
    ports: [{}],
  }),
  post('slice of wrong addresses', SLICES, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'b' },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['2001:db8::1', '127.0.0.1'] }, { addresses: [] }],
  }),
  post('endpoints of wrong addresses', `${CORE}/endpoints`, {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'b' },
    subsets: [
      {
        addresses: [{ ip: '127.0.0.1' }, { ip: '169.254.1.1' }, { ip: '224.0.0.1' }, { ip: '01.2.3.4' }],
        ports: [{ port: 80 }, { port: 81 }],
      },
    ],
  }),
  post('account', `${CORE}/serviceaccounts`, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'a' },
    automountServiceAccountToken: false,
    secrets: [{ name: 's' }],
    imagePullSecrets: [{ name: 'p' }, {}],
  }),
  post('pod of that account', `${CORE}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 's' },
    spec: { serviceAccountName: 'a', containers: [{ name: 'a', image: 'a' }] },
  }),
  post('pod that mounts a token all the same', `${CORE}/pods`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 't' },
    spec: { serviceAccount: 'a', automountServiceAccountToken: true, containers: [{ name: 'a', image: 'a' }] },
  }),
  post('token secret', `${CORE}/secrets`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'tok', annotations: { 'kubernetes.io/service-account.name': 'a' } },
    type: 'kubernetes.io/service-account-token',
  }),
  post('token secret of nobody', `${CORE}/secrets`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'tok2' },
    type: 'kubernetes.io/service-account-token',
  }),
  post('docker secret', `${CORE}/secrets`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'd' },
    type: 'kubernetes.io/dockerconfigjson',
    stringData: { '.dockerconfigjson': 'x' },
  }),
  post('old docker secret', `${CORE}/secrets`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'd2' },
    type: 'kubernetes.io/dockercfg',
    data: {},
  }),
  post('basic secret', `${CORE}/secrets`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'd3' },
    type: 'kubernetes.io/basic-auth',
    data: { x: 'eA==' },
  }),
  post('ssh secret', `${CORE}/secrets`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'd4' },
    type: 'kubernetes.io/ssh-auth',
    stringData: { x: '' },
  }),
  post('tls secret', `${CORE}/secrets`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'd5' },
    type: 'kubernetes.io/tls',
    stringData: { 'tls.crt': '' },
  }),
  post('bootstrap secret', `${CORE}/secrets`, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'd6' },
    type: 'bootstrap.kubernetes.io/token',
    stringData: { a: 'b' },
  }),
])
