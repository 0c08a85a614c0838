import { apply, at, CORE, get, json, merge, post, put, remove, scenario, setup, TABLE } from './scenario.ts'
import { MASTERS_REQUEST, USER_REQUEST } from './signing-requests.ts'

const PODS = `${CORE}/pods`
const podSpec = { containers: [{ name: 'a', image: 'a' }] }
const pod = (name: string, spec: object = {}, labels: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels },
  spec: { ...podSpec, ...spec },
})
const template = { metadata: { labels: { app: 'x' } }, spec: podSpec }
const selector = { matchLabels: { app: 'x' } }
const DEPLOYMENTS = `${at('apps/v1')}/deployments`
const scale = (replicas: unknown, metadata: object = {}) => ({
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata: { name: 'one', namespace: '{{ns}}', ...metadata },
  spec: { replicas },
})
const eviction = (name: string, rest: object = {}) => ({
  apiVersion: 'policy/v1',
  kind: 'Eviction',
  metadata: { name, namespace: '{{ns}}' },
  ...rest,
})
const BUDGETS = `${at('policy/v1')}/poddisruptionbudgets`
const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
const csr = (name: string, spec: object = {}) => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name: `{{ns}}-${name}` },
  spec: { request: USER_REQUEST, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'], ...spec },
})

export const subresourcesMore = scenario(
  'subresources-more',
  'Scale, eviction, binding, status, ephemeral containers, resize',
  [
    setup(
      post('deployment', DEPLOYMENTS, {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'one' },
        spec: { selector, template },
      }),
    ),
    get('scale', `${DEPLOYMENTS}/one/scale`),
    get('scale as a table', `${DEPLOYMENTS}/one/scale`, TABLE),
    put('put scale', `${DEPLOYMENTS}/one/scale`, scale(4)),
    put('negative scale', `${DEPLOYMENTS}/one/scale`, scale(-1)),
    put('scale of another name', `${DEPLOYMENTS}/one/scale`, scale(1, { name: 'two' })),
    put('scale of another namespace', `${DEPLOYMENTS}/one/scale`, scale(1, { namespace: 'two' })),
    put('scale of an old version', `${DEPLOYMENTS}/one/scale`, scale(1, { resourceVersion: '1' })),
    put('scale of a text', `${DEPLOYMENTS}/one/scale`, scale('two')),
    put('scale without spec', `${DEPLOYMENTS}/one/scale`, {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'one', namespace: '{{ns}}' },
    }),
    put('scale of another kind', `${DEPLOYMENTS}/one/scale`, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'one' },
    }),
    merge('merge scale', `${DEPLOYMENTS}/one/scale`, { spec: { replicas: 3 } }),
    json('json scale', `${DEPLOYMENTS}/one/scale`, [{ op: 'replace', path: '/spec/replicas', value: 2 }]),
    merge('dry scale', `${DEPLOYMENTS}/one/scale?dryRun=All`, { spec: { replicas: 9 } }),
    get('scale of none', `${DEPLOYMENTS}/none/scale`),
    put('scale none', `${DEPLOYMENTS}/none/scale`, scale(1, { name: 'none' })),
    post('post scale', `${DEPLOYMENTS}/one/scale`, scale(1)),
    remove('delete scale', `${DEPLOYMENTS}/one/scale`),
    get('status', `${DEPLOYMENTS}/one/status`),
    merge('merge status', `${DEPLOYMENTS}/one/status`, { status: { replicas: 1, observedGeneration: 1 } }),
    merge('bad status', `${DEPLOYMENTS}/one/status`, { status: { replicas: -1, readyReplicas: 5 } }),
    get('no such part', `${DEPLOYMENTS}/one/nope`),
    setup(post('pod', PODS, pod('p', { nodeName: 'n' }, { app: 'guarded' }))),
    setup(post('pod 2', PODS, pod('q', { nodeName: 'n' }))),
    setup(post('pod 3', PODS, pod('r'))),
    setup(
      post('budget', BUDGETS, {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'b' },
        spec: { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } },
      }),
    ),
    post('evict unscheduled', `${PODS}/r/eviction`, eviction('r')),
    post('evict dry', `${PODS}/q/eviction`, eviction('q', { deleteOptions: { dryRun: ['All'] } })),
    post('evict', `${PODS}/q/eviction`, eviction('q', { deleteOptions: { gracePeriodSeconds: 7 } })),
    get('evicted', `${PODS}/q`),
    post('evict guarded', `${PODS}/p/eviction`, eviction('p')),
    post('evict none', `${PODS}/none/eviction`, eviction('none')),
    post('evict another name', `${PODS}/p/eviction`, eviction('q')),
    post('evict by beta', `${PODS}/p/eviction`, {
      apiVersion: 'policy/v1beta1',
      kind: 'Eviction',
      metadata: { name: 'p' },
    }),
    post('evict by a pod', `${PODS}/p/eviction`, pod('p')),
    setup(
      post('budget 2', BUDGETS, {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'c' },
        spec: { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } },
      }),
    ),
    post('evict with two budgets', `${PODS}/p/eviction`, eviction('p')),
    post('bind', `${PODS}/s/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 's' },
      target: { kind: 'Node', name: 'n' },
    }),
    setup(post('pod 4', PODS, pod('t'))),
    post('bind without target', `${PODS}/t/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 't' },
      target: {},
    }),
    post('bind to a pod', `${PODS}/t/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 't' },
      target: { kind: 'Pod', name: 'n' },
    }),
    post('bind to a node', `${PODS}/t/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 't', annotations: { a: 'b' } },
      target: { kind: 'Node', name: 'n' },
    }),
    post('bind again', `${PODS}/t/binding`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 't' },
      target: { kind: 'Node', name: 'm' },
    }),
    post('bind by the collection', `${CORE}/bindings`, {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 't' },
      target: { kind: 'Node', name: 'm' },
    }),
    get('bound', `${PODS}/t`),
    merge('ephemeral container', `${PODS}/t/ephemeralcontainers`, {
      spec: { ephemeralContainers: [{ name: 'debug', image: 'd' }] },
    }),
    merge('ephemeral container changed', `${PODS}/t/ephemeralcontainers`, {
      spec: { ephemeralContainers: [{ name: 'debug', image: 'e' }] },
    }),
    merge('ephemeral container gone', `${PODS}/t/ephemeralcontainers`, { spec: { ephemeralContainers: [] } }),
    merge('ephemeral by the main path', `${PODS}/t`, {
      spec: {
        ephemeralContainers: [
          { name: 'debug', image: 'd' },
          { name: 'more', image: 'd' },
        ],
      },
    }),
    merge('resize', `${PODS}/t/resize`, {
      spec: { containers: [{ name: 'a', image: 'a', resources: { requests: { cpu: '1' } } }] },
    }),
    get('logs of a pod without node', `${PODS}/r/log`),
    get('logs with bad tail', `${PODS}/t/log?tailLines=-1`),
    get('logs of a missing container', `${PODS}/t/log?container=none`),
  ],
)

export const certificatesMore = scenario(
  'certificates',
  'Requests for certificates: who asked, approval, status, refusals',
  [
    post('request', CSRS, csr('one', { username: 'someone-else', groups: ['x'] })),
    post('bad request', CSRS, csr('bad', { request: 'bm90IGEgcmVxdWVzdA==' })),
    post('no request', CSRS, csr('none', { request: undefined })),
    post('no usages', CSRS, csr('usages', { usages: [] })),
    post('bad usage', CSRS, csr('usage', { usages: ['client auth', 'nope', 'client auth'] })),
    post('bad signer', CSRS, csr('signer', { signerName: 'nope' })),
    post('bad signer domain', CSRS, csr('domain', { signerName: 'Bad/x' })),
    post('no signer', CSRS, csr('no-signer', { signerName: undefined })),
    post('legacy signer', CSRS, csr('legacy', { signerName: 'kubernetes.io/legacy-unknown' })),
    post('short', CSRS, csr('short', { expirationSeconds: 5 })),
    post('masters', CSRS, csr('masters', { request: MASTERS_REQUEST })),
    post('masters of another signer', CSRS, csr('masters2', { request: MASTERS_REQUEST, signerName: 'example.com/x' })),
    merge('spec', `${CSRS}/{{ns}}-one`, { spec: { signerName: 'example.com/y' } }),
    merge('approval by the main path', `${CSRS}/{{ns}}-one`, {
      status: { conditions: [{ type: 'Approved', status: 'True' }] },
    }),
    merge('approval by status', `${CSRS}/{{ns}}-one/status`, {
      status: { conditions: [{ type: 'Approved', status: 'True' }] },
    }),
    merge('false approval', `${CSRS}/{{ns}}-one/approval`, {
      status: { conditions: [{ type: 'Approved', status: 'False' }] },
    }),
    merge('approval', `${CSRS}/{{ns}}-one/approval`, {
      status: { conditions: [{ type: 'Approved', status: 'True', reason: 'r', message: 'm' }] },
    }),
    merge('approval taken back', `${CSRS}/{{ns}}-one/approval`, { status: { conditions: [] } }),
    merge('both', `${CSRS}/{{ns}}-one/approval`, {
      status: {
        conditions: [
          { type: 'Approved', status: 'True' },
          { type: 'Denied', status: 'True' },
        ],
      },
    }),
    merge('certificate by approval', `${CSRS}/{{ns}}-one/approval`, { status: { certificate: 'YQ==' } }),
    merge('bad certificate', `${CSRS}/{{ns}}-one/status`, { status: { certificate: 'YQ==' } }),
    get('as a table', `${CSRS}/{{ns}}-one`, TABLE),
    get('by signer', `${CSRS}?fieldSelector=spec.signerName%3Dexample.com/x,metadata.name%3D{{ns}}-masters2`),
    remove('gone', `${CSRS}/{{ns}}-one`),
  ],
)

const TOKENS = `${CORE}/serviceaccounts/default/token`
const token = (spec: object = {}) => ({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec })

export const tokens = scenario('tokens', 'Token requests and reviews', [
  setup(post('pod', PODS, pod('p'))),
  setup(post('secret', `${CORE}/secrets`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } })),
  post('token', TOKENS, token()),
  post('with audience', TOKENS, token({ audiences: ['a', 'b'], expirationSeconds: 1200 })),
  post('too short', TOKENS, token({ expirationSeconds: 5 })),
  post('too long', TOKENS, token({ expirationSeconds: 8589934592 })),
  post('a year', TOKENS, token({ expirationSeconds: 31536000 })),
  post('bound to a pod', TOKENS, token({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p' } })),
  post('bound to a missing pod', TOKENS, token({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'none' } })),
  post(
    'bound to another uid',
    TOKENS,
    token({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'p', uid: 'x' } }),
  ),
  post('bound to a secret', TOKENS, token({ boundObjectRef: { kind: 'Secret', apiVersion: 'v1', name: 's' } })),
  post(
    'bound to a deployment',
    TOKENS,
    token({ boundObjectRef: { kind: 'Deployment', apiVersion: 'apps/v1', name: 's' } }),
  ),
  post('of a missing account', `${CORE}/serviceaccounts/none/token`, token()),
  post('of another name', TOKENS, { ...token(), metadata: { name: 'other' } }),
  post('dry run', `${TOKENS}?dryRun=All`, token()),
  post('review of nonsense', '/apis/authentication.k8s.io/v1/tokenreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token: 'nonsense' },
  }),
  post('review of nothing', '/apis/authentication.k8s.io/v1/tokenreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: {},
  }),
  post('review', '/apis/authentication.k8s.io/v1/tokenreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token: '{{token:status.token}}' },
  }),
  post('review for another audience', '/apis/authentication.k8s.io/v1/tokenreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token: '{{token:status.token}}', audiences: ['other'] },
  }),
  get('get a token', TOKENS),
  apply('apply a token', `${TOKENS}?fieldManager=x`, token()),
])
