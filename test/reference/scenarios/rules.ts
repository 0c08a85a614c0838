import { at, CORE, get, merge, post, put, remove, scenario, setup, TABLE } from './scenario.ts'

const PODS = `${CORE}/pods`
const podSpec = { containers: [{ name: 'a', image: 'a' }] }
const pod = (name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec: { ...podSpec, ...spec },
})
const container = (rest: object) => ({ containers: [{ name: 'a', image: 'a', ...rest }] })
const object = (kind: string, name: string, spec: object) => ({ apiVersion: 'v1', kind, metadata: { name }, spec })
const NS = '/api/v1/namespaces/{{ns}}'

export const limits = scenario('limits', 'Quotas, limit ranges and pod security', [
  post(
    'range',
    `${CORE}/limitranges`,
    object('LimitRange', 'l', {
      limits: [
        {
          type: 'Container',
          default: { cpu: '200m' },
          defaultRequest: { cpu: '100m' },
          max: { cpu: '500m' },
          min: { cpu: '50m' },
          maxLimitRequestRatio: { cpu: '4' },
        },
      ],
    }),
  ),
  post(
    'bad range',
    `${CORE}/limitranges`,
    object('LimitRange', 'm', { limits: [{ type: 'Container', min: { cpu: '2' }, max: { cpu: '1' } }] }),
  ),
  post('defaults', PODS, pod('defaulted')),
  post('too much', PODS, pod('much', container({ resources: { limits: { cpu: '2' } } }))),
  post(
    'too little',
    PODS,
    pod('little', container({ resources: { requests: { cpu: '1m' }, limits: { cpu: '100m' } } })),
  ),
  post('ratio', PODS, pod('ratio', container({ resources: { requests: { cpu: '50m' }, limits: { cpu: '400m' } } }))),
  setup(remove('no range', `${CORE}/limitranges/l`)),
  post(
    'quota',
    `${CORE}/resourcequotas`,
    object('ResourceQuota', 'q', { hard: { pods: '1', 'requests.cpu': '1', 'count/configmaps': '1', services: '0' } }),
  ),
  post('bad quota', `${CORE}/resourcequotas`, object('ResourceQuota', 'r', { hard: { nope: '1', pods: '-1' } })),
  post(
    'bad scopes',
    `${CORE}/resourcequotas`,
    object('ResourceQuota', 'r', { hard: { pods: '1' }, scopes: ['Nope', 'BestEffort', 'NotBestEffort'] }),
  ),
  setup(
    merge('quota status', `${CORE}/resourcequotas/q/status`, {
      status: {
        hard: { pods: '1', 'requests.cpu': '1', 'count/configmaps': '1', services: '0' },
        used: { pods: '1', 'requests.cpu': '100m', 'count/configmaps': '0', services: '0' },
      },
    }),
  ),
  post('pod over', PODS, pod('over', container({ resources: { requests: { cpu: '1' } } }))),
  post('pod without request', PODS, pod('silent')),
  post('config', `${CORE}/configmaps`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' } }),
  post('config over', `${CORE}/configmaps`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'two' } }),
  post('service over', `${CORE}/services`, object('Service', 's', { ports: [{ port: 80 }] })),
  get('quota read', `${CORE}/resourcequotas/q`),
  get('quota as a table', `${CORE}/resourcequotas/q`, TABLE),
  setup(remove('no quota', `${CORE}/resourcequotas/q`)),
  merge('restricted', NS, {
    metadata: {
      labels: { 'pod-security.kubernetes.io/enforce': 'restricted', 'pod-security.kubernetes.io/warn': 'restricted' },
    },
  }),
  post('refused', PODS, pod('bad')),
  post(
    'privileged',
    PODS,
    pod('worse', {
      ...container({ securityContext: { privileged: true } }),
      hostNetwork: true,
      hostPID: true,
      volumes: [{ name: 'h', hostPath: { path: '/' } }],
    }),
  ),
  post('template warned of', `${at('apps/v1')}/deployments`, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: podSpec } },
  }),
  post(
    'allowed',
    PODS,
    pod('good', {
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      ...container({ securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }),
    }),
  ),
  merge('bad level', NS, { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'nope' } } }),
  merge('bad version', NS, { metadata: { labels: { 'pod-security.kubernetes.io/enforce-version': 'v0.1x' } } }),
  merge('baseline', NS, {
    metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'baseline', 'pod-security.kubernetes.io/warn': null } },
  }),
  post(
    'baseline refuses',
    PODS,
    pod('host', { ...container({ ports: [{ containerPort: 80, hostPort: 80 }] }), hostIPC: true }),
  ),
])

const AS = { 'impersonate-user': 'eve', 'impersonate-group': 'system:authenticated' }
const RBAC = at('rbac.authorization.k8s.io/v1')
const role = (name: string, rules: readonly object[]) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { name },
  rules,
})
const review = (kind: string, spec: object) => ({ apiVersion: 'authorization.k8s.io/v1', kind, spec })
const AUTHORIZATION = '/apis/authorization.k8s.io/v1'

export const accessMore = scenario('access-more', 'Who may do what: refusals, escalation, impersonation, reviews', [
  get('get pods', `${PODS}/x`, AS),
  get('all pods', '/api/v1/pods', AS),
  get('nodes', '/api/v1/nodes/x', AS),
  get('status', `${at('apps/v1')}/deployments/x/status`, AS),
  get('logs', `${PODS}/x/log`, AS),
  post('exec', `${PODS}/x/exec?command=x`, undefined, AS),
  put('scale', `${at('apps/v1')}/deployments/x/scale`, {}, AS),
  remove('collection', `${CORE}/configmaps`, undefined, AS),
  get('watch', `${CORE}/configmaps?watch=true&timeoutSeconds=1`, AS),
  get('unknown resource', '/apis/nope.example.com/v1/things', AS),
  get('metrics', '/metrics', AS),
  get('version', '/version', AS, { pick: ['gitVersion'] }),
  post(
    'roles',
    `${RBAC}/roles`,
    role('writer', [
      {
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['roles', 'rolebindings'],
        verbs: ['create', 'update', 'get'],
      },
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'], resourceNames: ['one'] },
    ]),
  ),
  post('binding', `${RBAC}/rolebindings`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'writer' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'writer' },
    subjects: [{ kind: 'User', name: 'eve', apiGroup: 'rbac.authorization.k8s.io' }],
  }),
  get('named', `${CORE}/configmaps/one`, AS),
  get('another', `${CORE}/configmaps/two`, AS),
  post(
    'escalates',
    `${RBAC}/roles`,
    role('more', [
      { apiGroups: [''], resources: ['secrets'], verbs: ['*'] },
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list'] },
    ]),
    AS,
  ),
  post(
    'within',
    `${RBAC}/roles`,
    role('less', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'], resourceNames: ['one'] }]),
    AS,
  ),
  post(
    'binds more',
    `${RBAC}/rolebindings`,
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'more' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:heapster' },
      subjects: [{ kind: 'User', name: 'eve', apiGroup: 'rbac.authorization.k8s.io' }],
    },
    AS,
  ),
  post(
    'binds none',
    `${RBAC}/rolebindings`,
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'none' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'missing' },
    },
    AS,
  ),
  get('impersonates', PODS, { ...AS, 'impersonate-user': 'system:serviceaccount:{{ns}}:default' }),
  get('bad impersonation', PODS, { 'impersonate-group': 'x' }),
  post(
    'may',
    `${AUTHORIZATION}/selfsubjectaccessreviews`,
    review('SelfSubjectAccessReview', {
      resourceAttributes: { namespace: '{{ns}}', verb: 'get', resource: 'configmaps', name: 'one' },
    }),
    AS,
  ),
  post(
    'may not',
    `${AUTHORIZATION}/selfsubjectaccessreviews`,
    review('SelfSubjectAccessReview', {
      resourceAttributes: { namespace: '{{ns}}', verb: 'delete', resource: 'configmaps' },
    }),
    AS,
  ),
  post(
    'may path',
    `${AUTHORIZATION}/selfsubjectaccessreviews`,
    review('SelfSubjectAccessReview', { nonResourceAttributes: { path: '/healthz', verb: 'get' } }),
    AS,
    // Which of several bindings allows it hangs on the order of a map.
    { pick: ['status.allowed'] },
  ),
  post(
    'both',
    `${AUTHORIZATION}/selfsubjectaccessreviews`,
    review('SelfSubjectAccessReview', {
      nonResourceAttributes: { path: '/', verb: 'get' },
      resourceAttributes: { verb: 'get' },
    }),
  ),
  post('neither', `${AUTHORIZATION}/selfsubjectaccessreviews`, review('SelfSubjectAccessReview', {})),
  post(
    'other may',
    `${AUTHORIZATION}/subjectaccessreviews`,
    review('SubjectAccessReview', {
      user: 'eve',
      groups: ['x'],
      resourceAttributes: { namespace: '{{ns}}', verb: 'get', resource: 'roles', group: 'rbac.authorization.k8s.io' },
    }),
  ),
  post(
    'nobody',
    `${AUTHORIZATION}/subjectaccessreviews`,
    review('SubjectAccessReview', { resourceAttributes: { verb: 'get', resource: 'pods' } }),
  ),
  post(
    'local',
    `${AUTHORIZATION}/namespaces/{{ns}}/localsubjectaccessreviews`,
    review('LocalSubjectAccessReview', {
      user: 'eve',
      resourceAttributes: { namespace: '{{ns}}', verb: 'list', resource: 'pods' },
    }),
  ),
  post(
    'local elsewhere',
    `${AUTHORIZATION}/namespaces/{{ns}}/localsubjectaccessreviews`,
    review('LocalSubjectAccessReview', {
      user: 'eve',
      resourceAttributes: { namespace: 'other', verb: 'list', resource: 'pods' },
    }),
  ),
  post(
    'by label',
    `${AUTHORIZATION}/selfsubjectaccessreviews`,
    review('SelfSubjectAccessReview', {
      resourceAttributes: {
        verb: 'list',
        resource: 'pods',
        labelSelector: { requirements: [{ key: 'a', operator: 'In', values: ['b'] }] },
      },
    }),
    AS,
  ),
  post(
    'rules',
    `${AUTHORIZATION}/selfsubjectrulesreviews`,
    review('SelfSubjectRulesReview', { namespace: '{{ns}}' }),
    AS,
  ),
  post('rules of no namespace', `${AUTHORIZATION}/selfsubjectrulesreviews`, review('SelfSubjectRulesReview', {}), AS),
  get('list reviews', `${AUTHORIZATION}/subjectaccessreviews`),
  post(
    'bad role',
    `${RBAC}/roles`,
    role('bad', [
      { apiGroups: [''], resources: [], verbs: [] },
      { nonResourceURLs: ['/x'], verbs: ['get'] },
    ]),
  ),
  post('bad binding', `${RBAC}/rolebindings`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'bad' },
    roleRef: { apiGroup: 'x', kind: 'Nope', name: '' },
    subjects: [
      { kind: 'Nope', name: '' },
      { kind: 'ServiceAccount', name: 'a' },
      { kind: 'User', name: 'a', namespace: 'b' },
    ],
  }),
])
