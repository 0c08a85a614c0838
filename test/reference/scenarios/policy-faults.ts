import { get, merge, post, put, remove, scenario, setup, TABLE } from './scenario.ts'

const REGISTRATION = '/apis/admissionregistration.k8s.io/v1'
const POLICIES = `${REGISTRATION}/validatingadmissionpolicies`
const BINDINGS = `${REGISTRATION}/validatingadmissionpolicybindings`
const HERE = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': '{{ns}}' } } }
const rule = (resources: readonly string[], operations: readonly string[] = ['CREATE', 'UPDATE'], group = '') => ({
  apiGroups: [group],
  apiVersions: ['v1'],
  operations,
  resources,
})
const ON_CONFIGS = { matchConstraints: { resourceRules: [rule(['configmaps'])] } }
const policyOf = (name: string, spec: object) => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name: `{{ns}}-${name}` },
  spec: { ...ON_CONFIGS, ...spec },
})
const bindingOf = (name: string, spec: object) => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name: `{{ns}}-${name}` },
  spec: { policyName: `{{ns}}-${name}`, validationActions: ['Deny'], matchResources: HERE, ...spec },
})
const refuse = (id: string, spec: object) => post(id, POLICIES, policyOf(id.replaceAll(' ', '-'), spec))
const VALID = { validations: [{ expression: 'true' }] }
const bind = (id: string, spec: object) => post(id, BINDINGS, bindingOf(id.replaceAll(' ', '-'), spec))

export const policyFaults = scenario(
  'policy-faults',
  'Admission policies and bindings that are refused, and what defaults',
  [
    refuse('all of it', {
      ...VALID,
      failurePolicy: 'Ignore',
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConstraints: {
        resourceRules: [rule(['*/*'])],
        matchPolicy: 'Exact',
        objectSelector: { matchLabels: { a: 'never-used' } },
      },
      auditAnnotations: [{ key: 'a', valueExpression: "'x'" }],
      matchConditions: [{ name: 'a', expression: 'true' }],
    }),
    refuse('no validations', {}),
    refuse('audit alone', {
      auditAnnotations: [{ key: 'a.b/c', valueExpression: "object.metadata.name == 'x' ? null : 'y'" }],
    }),
    refuse('audit wrong', {
      auditAnnotations: [
        { key: 'A b', valueExpression: '1' },
        { key: 'a', valueExpression: '' },
        { key: 'a', valueExpression: 'x' },
      ],
    }),
    refuse('empty expression', { validations: [{ expression: ' ' }] }),
    refuse('wrong reason', { validations: [{ expression: 'true', reason: 'Nope' }] }),
    refuse('message of lines', { validations: [{ expression: 'true', message: 'a\nb' }] }),
    refuse('message of a number', { validations: [{ expression: 'true', messageExpression: '1' }] }),
    refuse('message that does not parse', { validations: [{ expression: 'true', messageExpression: 'a +' }] }),
    refuse('empty message', { validations: [{ expression: 'true', message: ' ', messageExpression: ' ' }] }),
    refuse('lines without message', { validations: [{ expression: "object.a == 'x' ||\n true" }] }),
    refuse('variables wrong', {
      ...VALID,
      variables: [
        { name: '1a', expression: 'true' },
        { name: 'b', expression: '' },
        { name: 'c', expression: 'variables.d' },
        { name: 'b', expression: '1' },
        { name: 'if', expression: '1' },
      ],
    }),
    refuse('variables of types', {
      variables: [{ name: 'n', expression: '1' }],
      validations: [{ expression: "variables.n == 'x'" }],
    }),
    refuse('conditions wrong', {
      ...VALID,
      matchConditions: [
        { name: '', expression: 'true' },
        { name: 'A_b!', expression: '1' },
        { name: 'a', expression: '' },
        { name: 'x', expression: 'params.a' },
        { name: 'y', expression: 'variables.a' },
      ],
    }),
    refuse('params without a kind', { validations: [{ expression: 'params.a == 1' }] }),
    refuse('param kind wrong', { ...VALID, paramKind: { apiVersion: 'a/b/c', kind: '' } }),
    refuse('param kind of no version', { ...VALID, paramKind: { kind: 'X y' } }),
    refuse('constraints wrong', {
      ...VALID,
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: [],
            apiVersions: ['*', 'v1'],
            operations: ['CONNECT', 'X'],
            resources: ['a', '*', 'b/', '/c'],
            scope: 'Nope',
          },
        ],
        matchPolicy: 'X',
        namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] },
      },
    }),
    refuse('no constraints', { ...VALID, matchConstraints: null }),
    refuse('no rules', { ...VALID, matchConstraints: {} }),
    refuse('of the kind itself', {
      ...VALID,
      matchConstraints: {
        resourceRules: [rule(['validatingadmissionpolicies'], ['*'], 'admissionregistration.k8s.io')],
      },
    }),
    refuse('names of resources', {
      ...VALID,
      matchConstraints: { resourceRules: [{ ...rule(['pods']), resourceNames: ['a', 'A b', ''] }] },
    }),
    refuse('wrong failure', { ...VALID, failurePolicy: 'Sometimes' }),
    refuse('types that cannot be', {
      validations: [
        { expression: 'request.operation == 1' },
        { expression: 'object.metadata.name' },
        { expression: 'oldObject.x == object' },
        { expression: 'namespaceObject.spec.nope' },
        { expression: 'authorizer.nope()' },
      ],
    }),
    refuse('functions that are not', {
      validations: [
        { expression: 'object.spec.size.nope()' },
        { expression: "'a'.format([1])" },
        { expression: 'quantity("1").isGreaterThan(quantity("2"))' },
        { expression: 'now() > 1' },
      ],
    }),
    refuse('too dear', {
      validations: [
        {
          expression:
            '[1,2,3,4,5,6,7,8,9,10].all(a, [1,2,3,4,5,6,7,8,9,10].all(b, object.spec.x.all(c, object.spec.x.all(d, object.spec.x.all(e, c == d && e == c)))))',
        },
      ],
    }),
    refuse('too long', { validations: [{ expression: `'${'x'.repeat(20000)}' == 'y'` }] }),
    bind('binding of all', {
      validationActions: ['Warn', 'Audit'],
      matchResources: { resourceRules: [rule(['pods'])], matchPolicy: 'Equivalent' },
      paramRef: { selector: {}, parameterNotFoundAction: 'Allow' },
    }),
    bind('binding of none', { validationActions: [] }),
    bind('binding twice', { validationActions: ['Audit', 'Audit'] }),
    bind('binding of name and selector', { paramRef: { name: 'a', selector: {}, parameterNotFoundAction: 'Allow' } }),
    bind('binding of neither', { paramRef: { parameterNotFoundAction: 'Odd' } }),
    bind('binding without action', { paramRef: { name: 'x' } }),
    bind('binding of a wrong name', {
      policyName: 'A b',
      paramRef: { name: 'A/b', namespace: 'x', parameterNotFoundAction: 'Deny' },
    }),
    get('policy as a table', `${POLICIES}/{{ns}}-all-of-it`, TABLE),
    get('binding as a table', `${BINDINGS}/{{ns}}-binding-of-all`, TABLE),
    merge('policy status', `${POLICIES}/{{ns}}-all-of-it/status`, {
      status: {
        observedGeneration: 1,
        typeChecking: { expressionWarnings: [{ fieldRef: 'x', warning: 'y' }] },
        conditions: [
          { type: 'A', status: 'True', reason: 'R', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
        ],
      },
    }),
    merge('policy status wrong', `${POLICIES}/{{ns}}-all-of-it/status`, {
      status: { conditions: [{ type: '', status: 'x' }] },
    }),
    merge('policy changes', `${POLICIES}/{{ns}}-all-of-it`, { spec: { validations: [{ expression: 'false' }] } }),
    put('policy without version', `${POLICIES}/{{ns}}-all-of-it`, policyOf('all-of-it', VALID)),
    ...['v1beta1', 'v1alpha1'].flatMap((version) =>
      ['mutatingadmissionpolicies', 'mutatingadmissionpolicybindings', 'validatingadmissionpolicies'].map((kind) =>
        get(`${kind} of ${version}`, `/apis/admissionregistration.k8s.io/${version}/${kind}`),
      ),
    ),
    get('versions of the group', '/apis/admissionregistration.k8s.io'),
    setup(remove('gone 1', `${POLICIES}/{{ns}}-all-of-it`)),
    setup(remove('gone 2', `${POLICIES}/{{ns}}-audit-alone`)),
    setup(remove('gone 3', `${BINDINGS}/{{ns}}-binding-of-all`)),
  ],
)
