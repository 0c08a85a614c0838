import { CORE, get, merge, post, put, remove, scenario, setup } from './scenario.ts'

const NODE = '{{ns}}-node'
const as = (name: string, groups: readonly string[] = ['system:nodes']) => ({
  'impersonate-user': `system:node:${name}`,
  'impersonate-group': groups,
})
const ME = as(NODE)
const OTHER = as('{{ns}}-other')

const object = (kind: string, name: string, rest: object = {}) => ({
  apiVersion: 'v1',
  kind,
  metadata: { name },
  ...rest,
})
const pod = {
  ...object('Pod', 'p'),
  spec: {
    nodeName: NODE,
    serviceAccountName: 'default',
    imagePullSecrets: [{ name: 'pull' }],
    containers: [
      {
        name: 'a',
        image: 'a',
        env: [
          { name: 'A', valueFrom: { secretKeyRef: { name: 'env', key: 'k' } } },
          { name: 'B', valueFrom: { configMapKeyRef: { name: 'env', key: 'k' } } },
        ],
        envFrom: [{ secretRef: { name: 'from' } }, { configMapRef: { name: 'from' } }],
      },
    ],
    volumes: [
      { name: 's', secret: { secretName: 'volume' } },
      { name: 'c', configMap: { name: 'volume' } },
      { name: 'p', projected: { sources: [{ secret: { name: 'projected' } }, { configMap: { name: 'projected' } }] } },
      { name: 'v', persistentVolumeClaim: { claimName: 'claim' } },
      { name: 'e', ephemeral: { volumeClaimTemplate: { spec: claimSpec() } } },
    ],
  },
}

function claimSpec(volumeName?: string) {
  return {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
    storageClassName: 'none',
    ...(volumeName !== undefined && { volumeName }),
  }
}

const volume = object('PersistentVolume', '{{ns}}-volume', {
  spec: {
    accessModes: ['ReadWriteOnce'],
    capacity: { storage: '1Gi' },
    storageClassName: 'none',
    claimRef: { namespace: '{{ns}}', name: 'claim' },
    csi: {
      driver: 'd',
      volumeHandle: 'h',
      nodeStageSecretRef: { namespace: '{{ns}}', name: 'stage' },
      controllerPublishSecretRef: { namespace: '{{ns}}', name: 'controller' },
    },
  },
})
const attachment = (name: string, nodeName: string) => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'VolumeAttachment',
  metadata: { name: `{{ns}}-${name}` },
  spec: { attacher: 'a', nodeName, source: { persistentVolumeName: '{{ns}}-volume' } },
})
const lease = (name: string) => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, namespace: 'kube-node-lease' },
  spec: { holderIdentity: name },
})
const review = (resourceAttributes: object, user = `system:node:${NODE}`, groups = ['system:nodes']) => ({
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SubjectAccessReview',
  spec: { user, groups, resourceAttributes },
})

const SECRETS = `${CORE}/secrets`
const MAPS = `${CORE}/configmaps`
const CLAIMS = `${CORE}/persistentvolumeclaims`
const ACCOUNTS = `${CORE}/serviceaccounts`
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
const ATTACHMENTS = '/apis/storage.k8s.io/v1/volumeattachments'
const CSI = '/apis/storage.k8s.io/v1/csinodes'
const REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews'
const tokenFor = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }
const ask = (id: string, attributes: object, user?: string, groups?: string[]) =>
  post(id, REVIEWS, review({ verb: 'get', resource: 'secrets', namespace: '{{ns}}', ...attributes }, user, groups))

const NAMES = ['pull', 'env', 'from', 'volume', 'projected', 'stage', 'controller', 'unrelated']

export const nodeAccess = scenario('node-access', 'What nodes may do: they read what their pods need', [
  ...NAMES.flatMap((name) => [
    setup(post(`secret ${name}`, SECRETS, object('Secret', name))),
    setup(post(`map ${name}`, MAPS, object('ConfigMap', name))),
  ]),
  setup(post('account', ACCOUNTS, object('ServiceAccount', 'other'))),
  setup(post('claim', CLAIMS, object('PersistentVolumeClaim', 'claim', { spec: claimSpec('{{ns}}-volume') }))),
  setup(post('claim 2', CLAIMS, object('PersistentVolumeClaim', 'p-e', { spec: claimSpec() }))),
  setup(post('volume', '/api/v1/persistentvolumes', volume)),
  setup(post('attachment', ATTACHMENTS, attachment('mine', NODE))),
  setup(post('attachment 2', ATTACHMENTS, attachment('others', 'x'))),
  setup(post('free', `${CORE}/pods`, { ...object('Pod', 'q'), spec: { containers: [{ name: 'a', image: 'a' }] } })),
  setup(post('pod', `${CORE}/pods`, pod)),
  get('without pods', `${SECRETS}/env`, OTHER),
  get('not a member of the group', `${SECRETS}/env`, as(NODE, [])),
  get('of no name', `${SECRETS}/env`, as('')),
  ...NAMES.map((name) => get(`get secret ${name}`, `${SECRETS}/${name}`, ME)),
  ...NAMES.slice(0, 5).map((name) => get(`get map ${name}`, `${MAPS}/${name}`, ME)),
  get('get no secret', `${SECRETS}/none`, ME),
  get('list a secret', `${SECRETS}?fieldSelector=metadata.name%3Denv`, ME),
  get('list secrets', SECRETS, ME),
  get('list all secrets', '/api/v1/secrets', ME),
  remove('delete a secret', `${SECRETS}/env`, undefined, ME),
  post('create a secret', SECRETS, object('Secret', 'new'), ME),
  get('get claim', `${CLAIMS}/claim`, ME, { setup: true }),
  get('list claims', CLAIMS, ME),
  get('get ephemeral claim', `${CLAIMS}/p-e`, ME),
  get('get claim of nobody', `${CLAIMS}/none`, ME),
  get('get status of claim', `${CLAIMS}/claim/status`, ME),
  merge('patch status of claim of nobody', `${CLAIMS}/none/status`, {}, ME),
  get('get volume', '/api/v1/persistentvolumes/{{ns}}-volume', ME),
  get('get another volume', '/api/v1/persistentvolumes/none', ME),
  get('get volume of others', '/api/v1/persistentvolumes/{{ns}}-volume', OTHER),
  get('list volumes', '/api/v1/persistentvolumes', ME),
  get('get attachment', `${ATTACHMENTS}/{{ns}}-mine`, ME),
  get('get attachment of others', `${ATTACHMENTS}/{{ns}}-others`, ME),
  get('get account', `${ACCOUNTS}/default`, ME),
  get('get another account', `${ACCOUNTS}/other`, ME),
  post('token of another account', `${ACCOUNTS}/other/token`, tokenFor, ME),
  remove('delete account', `${ACCOUNTS}/default`, undefined, ME),
  post('create account', ACCOUNTS, object('ServiceAccount', 'new'), ME),
  post('create lease', LEASES, lease(NODE), ME),
  get('get lease', `${LEASES}/${NODE}`, ME),
  get('get lease of others', `${LEASES}/${NODE}`, OTHER),
  get('list leases', LEASES, ME),
  get('get lease elsewhere', '/apis/coordination.k8s.io/v1/namespaces/{{ns}}/leases/x', ME),
  setup(remove('no lease', `${LEASES}/${NODE}`)),
  get('get csinode', `${CSI}/${NODE}`, ME),
  get('get csinode of others', `${CSI}/x`, ME),
  get('list csinodes', CSI, ME),
  setup(post('create node', '/api/v1/nodes', object('Node', NODE), ME)),
  get('get node of others', '/api/v1/nodes/x', ME),
  get('list nodes', '/api/v1/nodes', ME),
  get('list own node', `/api/v1/nodes?fieldSelector=metadata.name%3D${NODE}`, ME, { setup: true }),
  remove('delete node', `/api/v1/nodes/${NODE}`, undefined, ME),
  merge('patch node', `/api/v1/nodes/${NODE}?dryRun=All`, { metadata: { labels: { a: 'b' } } }, ME),
  setup(remove('no node', `/api/v1/nodes/${NODE}`)),
  get('get pod', `${CORE}/pods/p`, ME, { setup: true }),
  get('get pod of others', `${CORE}/pods/p`, OTHER),
  get('get free pod', `${CORE}/pods/q`, ME),
  get('list pods', '/api/v1/pods', ME),
  get('list pods of others', '/api/v1/pods?fieldSelector=spec.nodeName%3Dx', ME),
  get('list pods elsewhere than here', `/api/v1/pods?fieldSelector=spec.nodeName!%3D${NODE}`, ME),
  get('list own pods', `/api/v1/pods?fieldSelector=spec.nodeName%3D${NODE}`, OTHER),
  put('put pod', `${CORE}/pods/p`, pod, ME),
  get('log', `${CORE}/pods/p/log`, ME),
  get('get service', '/api/v1/namespaces/{{ns}}/services', ME),
  get('get deployments', '/apis/apps/v1/namespaces/{{ns}}/deployments', ME),
  get('get path', '/metrics', ME),
  post(
    'rules',
    '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace: '{{ns}}' },
    },
    ME,
  ),
  ask('may secret', { name: 'env' }),
  ask('may not secret', { name: 'unrelated' }),
  ask('may not secrets', {}),
  ask('may pods', {
    verb: 'list',
    resource: 'pods',
    fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'In', values: [NODE] }] },
  }),
  ask('may pods by text', { verb: 'watch', resource: 'pods', fieldSelector: { rawSelector: `spec.nodeName=${NODE}` } }),
  ask('may not pods', {
    verb: 'list',
    resource: 'pods',
    fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'NotIn', values: [NODE] }] },
  }),
  ask('selector of two values', {
    verb: 'list',
    resource: 'pods',
    fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'In', values: [NODE, 'x'] }] },
  }),
  ask('selector both ways', {
    fieldSelector: { rawSelector: 'a=b', requirements: [{ key: '', operator: 'In' }] },
    labelSelector: { requirements: [{ key: 'a b', operator: 'Exists', values: ['x y'] }] },
  }),
  ask('selector of nothing', { fieldSelector: {}, labelSelector: {} }),
  ask('slices', { group: 'resource.k8s.io', resource: 'resourceslices', verb: 'list', namespace: '' }),
  ask('slice', { group: 'resource.k8s.io', resource: 'resourceslices', verb: 'approve', namespace: '' }),
  ask('claims of resources', { group: 'resource.k8s.io', resource: 'resourceclaims', name: 'x' }),
  ask('nobody', { name: 'env' }, 'system:node:', ['system:nodes']),
])
