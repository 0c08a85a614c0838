import { at, CORE, get, merge, post, put, raw, remove, scenario, setup } from './scenario.ts'

const AUTHORIZATION = '/apis/authorization.k8s.io/v1'
const AUTHENTICATION = '/apis/authentication.k8s.io/v1'
const RBAC = at('rbac.authorization.k8s.io/v1')
const WIDE_RBAC = '/apis/rbac.authorization.k8s.io/v1'
const review = (kind: string, spec: object, group = 'authorization') => ({
  apiVersion: `${group}.k8s.io/v1`,
  kind,
  spec,
})
const subject = (id: string, spec: object) =>
  post(id, `${AUTHORIZATION}/subjectaccessreviews`, review('SubjectAccessReview', spec))
const own = (id: string, spec: object, as: object) =>
  post(
    id,
    `${AUTHORIZATION}/selfsubjectaccessreviews`,
    review('SelfSubjectAccessReview', spec),
    as as Record<string, string>,
  )
const rules = (id: string, spec: object, as: object, rest: object = {}) =>
  post(
    id,
    `${AUTHORIZATION}/selfsubjectrulesreviews`,
    review('SelfSubjectRulesReview', spec),
    as as Record<string, string>,
    rest,
  )
const role = (name: string, list: readonly object[], kind = 'Role', more: object = {}) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name, ...more },
  rules: list,
})
const binding = (name: string, ref: object, subjects: readonly object[], kind = 'RoleBinding') => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', ...ref },
  subjects,
})
const EVE = { 'impersonate-user': 'eve-{{ns}}', 'impersonate-group': 'system:authenticated' }
const eve = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve-{{ns}}' }
const ACCOUNT = { 'impersonate-user': 'system:serviceaccount:{{ns}}:robot' }
const TOKENS = `${CORE}/serviceaccounts/default/token`
const token = (spec: object) => ({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec })
const tokenReview = (id: string, spec: object) =>
  post(id, `${AUTHENTICATION}/tokenreviews`, review('TokenReview', spec, 'authentication'))
const CSRS = '/apis/certificates.k8s.io/v1/certificatesigningrequests'

export const accessForms = scenario(
  'access-forms',
  'Roles of every form, reviews, tokens, accounts, impersonation by right',
  [
    setup(
      post('robot', `${CORE}/serviceaccounts`, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'robot' },
      }),
    ),
    post('role of all', `${RBAC}/roles`, role('all', [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }])),
    post(
      'role of parts',
      `${RBAC}/roles`,
      role('parts', [
        {
          apiGroups: ['', 'apps'],
          resources: ['pods/log', '*/scale', 'configmaps'],
          verbs: ['get', 'list', 'update'],
          resourceNames: ['one', 'two'],
        },
        { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch', 'create', 'deletecollection'] },
      ]),
    ),
    post(
      'role of paths',
      `${WIDE_RBAC}/clusterroles`,
      role(
        '{{ns}}-paths',
        [{ nonResourceURLs: ['/healthz', '/metrics/*', '*'], verbs: ['get', 'post'] }],
        'ClusterRole',
      ),
    ),
    post('role aggregated', `${WIDE_RBAC}/clusterroles`, {
      ...role('{{ns}}-aggregated', [], 'ClusterRole'),
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'x.io/{{ns}}': 'yes' } }] },
    }),
    post('role aggregated wrongly', `${WIDE_RBAC}/clusterroles`, {
      ...role('{{ns}}-bad', [], 'ClusterRole'),
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { 'x y': 'no way' } }] },
    }),
    post('role aggregated of nothing', `${WIDE_RBAC}/clusterroles`, {
      ...role('{{ns}}-bad', [], 'ClusterRole'),
      aggregationRule: {},
    }),
    post(
      'role without verbs',
      `${RBAC}/roles`,
      role('bad', [
        { apiGroups: [''], resources: ['pods'] },
        { resources: ['pods'], verbs: ['get'] },
        { apiGroups: [''], verbs: ['get'] },
        { apiGroups: [''], resources: ['pods'], verbs: ['get'], nonResourceURLs: ['/x'] },
      ]),
    ),
    post('role with a colon', `${RBAC}/roles`, role('a:b', [])),
    post('role with a slash', `${RBAC}/roles`, role('a/b', [])),
    post(
      'binding',
      `${RBAC}/rolebindings`,
      binding('parts', { kind: 'Role', name: 'parts' }, [
        eve,
        { kind: 'ServiceAccount', name: 'robot', namespace: '{{ns}}' },
        { kind: 'Group', name: 'system:serviceaccounts:{{ns}}', apiGroup: 'rbac.authorization.k8s.io' },
      ]),
    ),
    post(
      'binding to a role of the cluster',
      `${RBAC}/rolebindings`,
      binding('viewer', { kind: 'ClusterRole', name: 'view' }, [{ ...eve, name: 'bob-{{ns}}' }]),
    ),
    post('binding that lacks', `${RBAC}/rolebindings`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'x' },
    }),
    post(
      'binding of the cluster to a role',
      `${WIDE_RBAC}/clusterrolebindings`,
      binding('{{ns}}-bad', { kind: 'Role', name: 'parts' }, [], 'ClusterRoleBinding'),
    ),
    post(
      'binding of accounts',
      `${WIDE_RBAC}/clusterrolebindings`,
      binding(
        '{{ns}}-bad',
        { kind: 'ClusterRole', name: 'view' },
        [
          { kind: 'ServiceAccount', name: 'x y', namespace: '' },
          { kind: 'ServiceAccount', apiGroup: 'x', name: 'a', namespace: 'b' },
          { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: '' },
        ],
        'ClusterRoleBinding',
      ),
    ),
    merge('binding changes its role', `${RBAC}/rolebindings/parts`, { roleRef: { name: 'all' } }),
    { id: 'until it counts', sleep: 300 },
    get('named', `${CORE}/configmaps/one`, EVE),
    get('other', `${CORE}/configmaps/three`, EVE),
    get('list by name', `${CORE}/configmaps?fieldSelector=metadata.name%3Done`, EVE),
    get('list of others', `${CORE}/configmaps`, EVE),
    get('pods listed', `${CORE}/pods`, EVE),
    get('pods by label', `${CORE}/pods?labelSelector=a`, EVE),
    remove('pods removed', `${CORE}/pods?labelSelector=none`, undefined, EVE),
    remove('pod removed', `${CORE}/pods/x`, undefined, EVE),
    get('log', `${CORE}/pods/one/log`, EVE),
    get('scale', `${at('apps/v1')}/deployments/one/scale`, EVE),
    merge('scale patched', `${at('apps/v1')}/deployments/one/scale`, {}, EVE),
    get('as the account', `${CORE}/pods`, ACCOUNT),
    get('as an account of its group', `${CORE}/pods`, { 'impersonate-user': 'system:serviceaccount:{{ns}}:default' }),
    get('as an account with other groups', `${CORE}/pods`, {
      'impersonate-user': 'system:serviceaccount:{{ns}}:default',
      'impersonate-group': 'nobody',
    }),
    post('gives itself', `${RBAC}/roles`, role('more', []), EVE),
    own(
      'may by name',
      { resourceAttributes: { namespace: '{{ns}}', verb: 'get', resource: 'configmaps', name: 'two' } },
      EVE,
    ),
    own(
      'may scale',
      {
        resourceAttributes: {
          namespace: '{{ns}}',
          verb: 'update',
          group: 'apps',
          resource: 'statefulsets',
          subresource: 'scale',
          name: 'one',
        },
      },
      EVE,
    ),
    own('may everything', { resourceAttributes: { verb: '*', group: '*', resource: '*' } }, EVE),
    own('may path', { nonResourceAttributes: { path: '/apis/x', verb: 'get' } }, EVE),
    own(
      'may by selectors',
      {
        resourceAttributes: {
          namespace: '{{ns}}',
          verb: 'list',
          resource: 'pods',
          fieldSelector: { rawSelector: 'metadata.name=x' },
          labelSelector: { rawSelector: 'a in (b)' },
        },
      },
      EVE,
    ),
    own(
      'may by a selector that does not parse',
      {
        resourceAttributes: {
          namespace: '{{ns}}',
          verb: 'list',
          resource: 'pods',
          labelSelector: { rawSelector: 'a===b' },
        },
      },
      EVE,
    ),
    subject('of extra', {
      user: 'u',
      uid: 'i',
      groups: ['system:masters'],
      extra: { A: ['b'] },
      resourceAttributes: { verb: 'delete', resource: 'nodes' },
    }),
    subject('of a path', { user: 'u', nonResourceAttributes: { path: '/metrics', verb: 'get' } }),
    subject('of groups alone', {
      groups: ['system:serviceaccounts:{{ns}}'],
      resourceAttributes: { namespace: '{{ns}}', verb: 'list', resource: 'pods' },
    }),
    subject('of nobody and nothing', {}),
    post('of a name', `${AUTHORIZATION}/subjectaccessreviews`, {
      ...review('SubjectAccessReview', { user: 'u', resourceAttributes: { verb: 'get', resource: 'pods' } }),
      metadata: { name: 'n' },
    }),
    post('of a status', `${AUTHORIZATION}/subjectaccessreviews`, {
      ...review('SubjectAccessReview', { user: 'u', resourceAttributes: { verb: 'get', resource: 'pods' } }),
      status: { allowed: true },
    }),
    post(
      'dry',
      `${AUTHORIZATION}/subjectaccessreviews?dryRun=All`,
      review('SubjectAccessReview', { user: 'u', resourceAttributes: { verb: 'get', resource: 'pods' } }),
    ),
    post(
      'strict',
      `${AUTHORIZATION}/subjectaccessreviews?fieldValidation=Strict`,
      review('SubjectAccessReview', { user: 'u', nope: 1 }),
    ),
    rules('rules of eve', { namespace: '{{ns}}' }, EVE, { pick: ['status.incomplete', 'kind'] }),
    rules('rules of the account', { namespace: '{{ns}}' }, ACCOUNT),
    rules('rules of bob', { namespace: '{{ns}}' }, { 'impersonate-user': 'bob-{{ns}}' }),
    setup(
      post(
        'impersonator',
        `${WIDE_RBAC}/clusterroles`,
        role(
          '{{ns}}-impersonator',
          [
            { apiGroups: [''], resources: ['users'], verbs: ['impersonate'], resourceNames: ['alice'] },
            { apiGroups: [''], resources: ['groups'], verbs: ['impersonate'], resourceNames: ['devs'] },
            {
              apiGroups: ['authentication.k8s.io'],
              resources: ['userextras/scopes'],
              verbs: ['impersonate'],
              resourceNames: ['view'],
            },
            { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['impersonate'] },
          ],
          'ClusterRole',
        ),
      ),
    ),
    setup(
      post(
        'impersonators',
        `${WIDE_RBAC}/clusterrolebindings`,
        binding(
          '{{ns}}-impersonators',
          { kind: 'ClusterRole', name: '{{ns}}-impersonator' },
          [{ kind: 'ServiceAccount', name: 'robot', namespace: '{{ns}}' }],
          'ClusterRoleBinding',
        ),
      ),
    ),
    setup(post('robot token', `${CORE}/serviceaccounts/robot/token`, token({ expirationSeconds: 600 }))),
    post('token', TOKENS, token({ audiences: ['x'], expirationSeconds: 600 })),
    post('token of no audience', TOKENS, token({ audiences: [] })),
    post('token of an empty audience', TOKENS, token({ audiences: [''] })),
    post('token of the same twice', TOKENS, token({ audiences: ['a', 'a'] })),
    post('token below ten minutes', TOKENS, token({ expirationSeconds: 599 })),
    post('token bound to a node', TOKENS, token({ boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: 'none' } })),
    post(
      'token bound to a map',
      TOKENS,
      token({ boundObjectRef: { kind: 'ConfigMap', apiVersion: 'v1', name: 'none' } }),
    ),
    post('token bound to no kind', TOKENS, token({ boundObjectRef: { name: 'none' } })),
    raw(
      'token of text',
      'POST',
      TOKENS,
      '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":"x"}}',
    ),
    raw('token of nothing', 'POST', TOKENS, ''),
    post('token of another kind', TOKENS, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } }),
    put('token put', TOKENS, token({})),
    tokenReview('review of the token', { token: '{{token:status.token}}' }),
    tokenReview('review for its audience', { token: '{{token:status.token}}', audiences: ['x', 'y'] }),
    tokenReview('review of one that is cut', { token: 'eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.e30.x' }),
    tokenReview('review of a text', { token: 'a.b.c' }),
    get('with a wrong token', `${CORE}/pods`, { authorization: 'Bearer nope' }),
    get('with an empty token', `${CORE}/pods`, { authorization: 'Bearer ' }),
    get('with another scheme', `${CORE}/pods`, { authorization: 'Basic YTpi' }),
    get('approval of none', `${CSRS}/none/approval`),
    put('approval put to none', `${CSRS}/none/approval`, {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: 'none' },
      spec: { request: 'YQ==', signerName: 'a.io/b', usages: ['any'] },
    }),
    setup(remove('no role of paths', `${WIDE_RBAC}/clusterroles/{{ns}}-paths`)),
    setup(remove('no aggregated', `${WIDE_RBAC}/clusterroles/{{ns}}-aggregated`)),
    setup(remove('no impersonator', `${WIDE_RBAC}/clusterroles/{{ns}}-impersonator`)),
    setup(remove('no impersonators', `${WIDE_RBAC}/clusterrolebindings/{{ns}}-impersonators`)),
  ],
)
