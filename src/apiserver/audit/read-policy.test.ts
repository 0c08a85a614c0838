import { expect, test } from 'vitest'
import { parsePath } from '../http/request-path.ts'
import { compilePolicy } from './policy.ts'
import { AuditPolicyError, readAuditPolicy } from './read-policy.ts'

const HEAD = 'apiVersion: audit.k8s.io/v1\nkind: Policy\n'
const ann = { name: 'ann', groups: ['dev', 'system:authenticated'] }

function policyOf(rest: string) {
  const unknown: string[] = []
  const policy = readAuditPolicy(HEAD + rest, (field) => unknown.push(field))
  const rule = compilePolicy(policy)
  return { unknown, level: (verb: string, path: string, user = ann) => rule(user, verb, parsePath(path)).level, rule }
}

// The example of Kubernetes' documentation, as far as it has rules of different shape.
const EXAMPLE = `
omitStages: [RequestReceived]
rules:
- level: RequestResponse
  resources: [{ group: "", resources: [pods] }]
- level: Metadata
  resources: [{ group: "", resources: ["pods/log", "pods/status"] }]
- level: None
  resources: [{ group: "", resources: [configmaps], resourceNames: [controller-leader] }]
- level: None
  users: ["system:kube-proxy"]
  verbs: [watch]
  resources: [{ group: "", resources: [endpoints, services] }]
- level: None
  userGroups: ["system:authenticated"]
  nonResourceURLs: ["/api*", "/version"]
- level: Request
  resources: [{ group: "", resources: [configmaps] }]
  namespaces: [kube-system]
- level: Metadata
  resources: [{ group: "", resources: [secrets, configmaps] }]
- level: Request
  resources: [{ group: "" }, { group: extensions }]
- level: Metadata
  omitStages: [ResponseStarted]
`

test.each([
  ['get', '/api/v1/namespaces/x/pods/p', 'RequestResponse'],
  ['get', '/api/v1/namespaces/x/pods/p/log', 'Metadata'],
  ['get', '/api/v1/namespaces/x/pods/p/exec', 'Request'],
  ['get', '/api/v1/namespaces/x/configmaps/controller-leader', 'None'],
  ['list', '/api/v1/namespaces/x/configmaps', 'Metadata'],
  ['list', '/api/v1/namespaces/kube-system/configmaps', 'Request'],
  ['watch', '/api/v1/services', 'Request'],
  ['get', '/api', 'None'],
  ['get', '/apis/apps', 'None'],
  ['get', '/version', 'None'],
  ['get', '/metrics', 'Metadata'],
  ['list', '/apis/apps/v1/deployments', 'Metadata'],
])('%s of %s is recorded at level %s, by the first rule that fits', (verb, path, level) => {
  expect(policyOf(EXAMPLE).level(verb, path)).toBe(level)
})

test('users and groups are looked at, and stages of the policy and of the rule are left out', () => {
  const { level, rule } = policyOf(EXAMPLE)
  expect(level('watch', '/api/v1/services', { name: 'system:kube-proxy', groups: [] })).toBe('None')
  expect(level('get', '/version', { name: 'eve', groups: ['system:unauthenticated'] })).toBe('Metadata')
  const found = rule(ann, 'list', parsePath('/apis/apps/v1/deployments'))
  expect([...found.omitStages]).toEqual(['RequestReceived', 'ResponseStarted'])
})

test('wildcards: every resource, the parts of one, a part of every one; what fits no rule is not recorded', () => {
  const all = (resource: string) =>
    policyOf(`rules: [{ level: Metadata, resources: [{ resources: ["${resource}"] }] }]`)
  const paths = ['pods', 'pods/p/log', 'services/s/status', 'pods/p/status'].map((at) => `/api/v1/namespaces/x/${at}`)
  const recorded = (resource: string) => paths.map((path) => all(resource).level('get', path) !== 'None')
  expect(recorded('*')).toEqual([true, true, true, true])
  expect(recorded('pods/*')).toEqual([true, true, false, true])
  expect(recorded('*/status')).toEqual([false, false, true, true])
  expect(all('*').level('get', '/apis/apps/v1/deployments')).toBe('None')
})

test('fields that are not known are told, and the rest holds', () => {
  expect(policyOf('rule: 1\nrules: [{ level: None, verb: [get], resources: [{ kind: x }] }]').unknown).toEqual([
    'rule',
    'rules[0].verb',
    'rules[0].resources[0].kind',
  ])
})

test.each([
  ['{', /^it is no YAML/],
  ['kind: Policy', /^it is undefined Policy|^it is Policy, expected audit.k8s.io\/v1 Policy/],
  [
    'apiVersion: audit.k8s.io/v1beta1\nkind: Policy',
    'it is audit.k8s.io/v1beta1 Policy, expected audit.k8s.io/v1 Policy',
  ],
  [HEAD, 'rules is empty, expected at least one'],
  [`${HEAD}rules: [{}]`, 'rules[0].level is missing, expected one of None, Metadata, Request, RequestResponse'],
  [
    `${HEAD}rules: [{ level: All }]`,
    'rules[0].level is "All", expected one of None, Metadata, Request, RequestResponse',
  ],
  [`${HEAD}rules: [{ level: None, users: ann }]`, 'rules[0].users is "ann", expected a list'],
  [`${HEAD}rules: [{ level: None, verbs: [1] }]`, 'rules[0].verbs[0] is 1, expected a text'],
  [
    `${HEAD}omitStages: [Done]\nrules: [{ level: None }]`,
    'omitStages[0] is "Done", allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic',
  ],
  [
    `${HEAD}rules: [{ level: None, nonResourceURLs: [api, "/a*b"], namespaces: [x] }]`,
    "rules[0].nonResourceURLs[0]: non-resource URL rules must begin with a '/' character; " +
      "rules[0].nonResourceURLs[1]: non-resource URL wildcards '*' must be the final character of the rule; " +
      'rules[0].nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs',
  ],
  [
    `${HEAD}rules: [{ level: None, resources: [{ group: "a/v1", resourceNames: [x] }] }]`,
    /rules\[0\].resources\[0\].group "a\/v1": .*subdomain.*; .*using resourceNames requires at least one resource/,
  ],
])('%j is refused: %s', (text, says) => {
  expect(() => readAuditPolicy(text, () => {})).toThrow(AuditPolicyError)
  expect(() => readAuditPolicy(text, () => {})).toThrow(says)
})
