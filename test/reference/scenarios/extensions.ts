import { apply, CORE, get, merge, post, remove, scenario, setup, TABLE } from './scenario.ts'

const EXTENSIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const GROUP = '{{ns}}.example.com'
const definition = (plural: string, kind: string, schema: object, version: object = {}, rest: object = {}) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${GROUP}` },
  spec: {
    group: GROUP,
    scope: 'Namespaced',
    names: { plural, kind, singular: kind.toLowerCase() },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', ...schema } },
        ...version,
      },
    ],
    ...rest,
  },
})
const THINGS = `/apis/${GROUP}/v1/namespaces/{{ns}}/things`
const thing = (name: string, spec: object, rest: object = {}) => ({
  apiVersion: `${GROUP}/v1`,
  kind: 'Thing',
  metadata: { name },
  spec,
  ...rest,
})
const until = { until: { path: 'status.conditions.1.status', equals: 'True' } }

export const customMore = scenario(
  'custom-more',
  'Definitions: refusals, defaults, pruning, expressions, columns, scale, selectable fields',
  [
    post('not structural', EXTENSIONS, definition('as', 'A', { properties: { a: {} } })),
    post('bad default', EXTENSIONS, definition('bs', 'B', { properties: { a: { type: 'integer', default: 'x' } } })),
    post(
      'bad rule',
      EXTENSIONS,
      definition('cs', 'C', {
        properties: { a: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self.nope > 1' }] } },
      }),
    ),
    post('no schema', EXTENSIONS, {
      ...definition('ds', 'D', {}),
      spec: {
        group: GROUP,
        scope: 'Namespaced',
        names: { plural: 'ds', kind: 'D' },
        versions: [{ name: 'v1', served: true, storage: true }],
      },
    }),
    post(
      'two storages',
      EXTENSIONS,
      definition(
        'es',
        'E',
        {},
        {},
        {
          versions: [
            { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
            { name: 'v2', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
          ],
        },
      ),
    ),
    post('name mismatch', EXTENSIONS, { ...definition('fs', 'F', {}), metadata: { name: 'other.example.com' } }),
    post('bad scope', EXTENSIONS, definition('gs', 'G', {}, {}, { scope: 'Sideways' })),
    post('bad names', EXTENSIONS, definition('Hs', 'h', {})),
    post('preserves unknown', EXTENSIONS, definition('is', 'I', {}, {}, { preserveUnknownFields: true })),
    post('unapproved', EXTENSIONS, {
      ...definition('js', 'J', {}),
      metadata: { name: 'js.x.k8s.io' },
      spec: { ...definition('js', 'J', {}).spec, group: 'x.k8s.io' },
    }),
    setup(
      post(
        'definition',
        EXTENSIONS,
        definition(
          'things',
          'Thing',
          {
            properties: {
              spec: {
                type: 'object',
                required: ['size'],
                properties: {
                  size: { type: 'integer', minimum: 1, maximum: 10 },
                  mode: { type: 'string', enum: ['fast', 'slow'], default: 'slow' },
                  name: { type: 'string', pattern: '^[a-z]+$', maxLength: 5 },
                  tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set', maxItems: 3 },
                  ports: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['port'],
                    items: {
                      type: 'object',
                      required: ['port'],
                      properties: { port: { type: 'integer' }, name: { type: 'string' } },
                    },
                  },
                  any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  when: { type: 'string', format: 'date-time' },
                  share: { 'x-kubernetes-int-or-string': true },
                  fixed: {
                    type: 'string',
                    'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'fixed may not change' }],
                  },
                },
                'x-kubernetes-validations': [
                  {
                    rule: "self.mode != 'fast' || self.size < 5",
                    message: 'fast things are small',
                    reason: 'FieldValueForbidden',
                    fieldPath: '.size',
                  },
                  { rule: 'self.size != 7', messageExpression: "'seven'" },
                ],
              },
              status: { type: 'object', properties: { replicas: { type: 'integer' }, selector: { type: 'string' } } },
            },
          },
          {
            subresources: {
              status: {},
              scale: {
                specReplicasPath: '.spec.size',
                statusReplicasPath: '.status.replicas',
                labelSelectorPath: '.status.selector',
              },
            },
            additionalPrinterColumns: [
              { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
              { name: 'Mode', type: 'string', jsonPath: '.spec.mode', priority: 1 },
              { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
            ],
            selectableFields: [{ jsonPath: '.spec.mode' }],
          },
        ),
      ),
    ),
    {
      ...get('established', `${EXTENSIONS}/things.${GROUP}`),
      ...until,
      pick: ['spec.names', 'status.acceptedNames', 'status.storedVersions'],
    },
    post('create', THINGS, thing('a', { size: 1, nope: true, any: { x: 1 }, share: '50%', fixed: 'x' })),
    post('create strict', `${THINGS}?fieldValidation=Strict`, thing('b', { size: 1, nope: true })),
    post('no size', THINGS, thing('c', {})),
    post('no spec', THINGS, { apiVersion: `${GROUP}/v1`, kind: 'Thing', metadata: { name: 'c' } }),
    post(
      'many faults',
      THINGS,
      thing('d', {
        size: 20,
        mode: 'x',
        name: 'ABCDEFG',
        tags: ['a', 'a'],
        ports: [{ port: 1 }, { port: 1 }],
        when: 'now',
      }),
    ),
    post('wrong types', THINGS, thing('e', { size: 'x', tags: 'y', any: 7 })),
    post('rule', THINGS, thing('f', { size: 6, mode: 'fast' })),
    post('rule with an expression', THINGS, thing('g', { size: 7 })),
    merge('transition', `${THINGS}/a`, { spec: { fixed: 'y' } }),
    merge('status by the main path', `${THINGS}/a`, { status: { replicas: 3 } }),
    merge('status', `${THINGS}/a/status`, { status: { replicas: 3, selector: 'a=b' }, spec: { size: 9 } }),
    get('scale', `${THINGS}/a/scale`),
    merge('scale up', `${THINGS}/a/scale`, { spec: { replicas: 2 } }),
    merge('scale too far', `${THINGS}/a/scale`, { spec: { replicas: 200 } }),
    get('table', THINGS, TABLE),
    get('selected', `${THINGS}?fieldSelector=spec.mode%3Dslow`),
    get('not selectable', `${THINGS}?fieldSelector=spec.size%3D1`),
    apply(
      'apply',
      `${THINGS}/h?fieldManager=one`,
      thing('h', { size: 2, ports: [{ port: 1, name: 'x' }], tags: ['a'] }),
    ),
    apply(
      'apply by another',
      `${THINGS}/h?fieldManager=two`,
      thing('h', { size: 2, ports: [{ port: 2, name: 'y' }], tags: ['b'] }),
    ),
    apply('apply conflict', `${THINGS}/h?fieldManager=two`, thing('h', { size: 3, ports: [{ port: 1, name: 'z' }] })),
    apply('apply unknown', `${THINGS}/h?fieldManager=two`, thing('h', { size: 2, nope: 1 })),
    merge('definition loses its version', `${EXTENSIONS}/things.${GROUP}`, { spec: { versions: [] } }),
    merge('definition changes scope', `${EXTENSIONS}/things.${GROUP}`, { spec: { scope: 'Cluster' } }),
    merge('definition changes kind', `${EXTENSIONS}/things.${GROUP}`, { spec: { names: { kind: 'Other' } } }),
    get('discovery', `/apis/${GROUP}/v1`),
    get('group', `/apis/${GROUP}`),
    remove('gone', `${THINGS}/a`),
  ],
)

const REGISTRATION = '/apis/admissionregistration.k8s.io/v1'
const hook = (rest: object) => ({
  name: 'a.example.com',
  clientConfig: { url: 'https://example.com/x' },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
  ...rest,
})
const hooks = (name: string, ...webhooks: readonly object[]) => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: `{{ns}}-${name}` },
  webhooks,
})
const NEVER = { namespaceSelector: { matchLabels: { never: 'matches' } } }
const policy = (name: string, spec: object) => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name: `{{ns}}-${name}` },
  spec,
})
const CONSTRAINTS = {
  matchConstraints: {
    resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
  },
}

export const registration = scenario(
  'registration',
  'Webhook configurations and admission policies: what is refused, what defaults',
  [
    post('hooks', `${REGISTRATION}/validatingwebhookconfigurations`, hooks('ok', hook(NEVER))),
    post(
      'no versions',
      `${REGISTRATION}/validatingwebhookconfigurations`,
      hooks('a', hook({ admissionReviewVersions: [] })),
    ),
    post(
      'unknown versions',
      `${REGISTRATION}/validatingwebhookconfigurations`,
      hooks('b', hook({ admissionReviewVersions: ['v9'] })),
    ),
    post(
      'no side effects',
      `${REGISTRATION}/validatingwebhookconfigurations`,
      hooks('c', hook({ sideEffects: undefined })),
    ),
    post(
      'some side effects',
      `${REGISTRATION}/validatingwebhookconfigurations`,
      hooks('d', hook({ sideEffects: 'Some' })),
    ),
    post('no config', `${REGISTRATION}/validatingwebhookconfigurations`, hooks('e', hook({ clientConfig: {} }))),
    post(
      'both configs',
      `${REGISTRATION}/validatingwebhookconfigurations`,
      hooks('f', hook({ clientConfig: { url: 'https://x.example.com', service: { name: 'a', namespace: 'b' } } })),
    ),
    post(
      'plain url',
      `${REGISTRATION}/validatingwebhookconfigurations`,
      hooks('g', hook({ clientConfig: { url: 'http://x.example.com?a=b#c' } })),
    ),
    post('bad name', `${REGISTRATION}/validatingwebhookconfigurations`, hooks('h', hook({ name: 'short' }))),
    post('same names', `${REGISTRATION}/validatingwebhookconfigurations`, hooks('i', hook(NEVER), hook(NEVER))),
    post(
      'bad rules',
      `${REGISTRATION}/validatingwebhookconfigurations`,
      hooks(
        'j',
        hook({
          rules: [
            {
              operations: ['NOPE', '*'],
              apiGroups: ['*', 'x'],
              apiVersions: [],
              resources: ['*/*', 'a'],
              scope: 'Some',
            },
          ],
        }),
      ),
    ),
    post(
      'bad policy',
      `${REGISTRATION}/validatingwebhookconfigurations`,
      hooks('k', hook({ failurePolicy: 'Maybe', matchPolicy: 'Never', timeoutSeconds: 99 })),
    ),
    post(
      'bad condition',
      `${REGISTRATION}/validatingwebhookconfigurations`,
      hooks(
        'l',
        hook({
          matchConditions: [
            { name: 'a', expression: 'object.' },
            { name: 'a', expression: '1' },
          ],
        }),
      ),
    ),
    post(
      'policy',
      `${REGISTRATION}/validatingadmissionpolicies`,
      policy('ok', {
        ...CONSTRAINTS,
        validations: [
          { expression: "object.metadata.name != 'refused'", message: 'not that name' },
          {
            expression: '!has(object.data) || size(object.data) < 2',
            messageExpression: "'has ' + string(size(object.data))",
            reason: 'Forbidden',
          },
        ],
        variables: [{ name: 'n', expression: 'object.metadata.name' }],
      }),
    ),
    post('policy of nothing', `${REGISTRATION}/validatingadmissionpolicies`, policy('a', {})),
    post(
      'policy that does not parse',
      `${REGISTRATION}/validatingadmissionpolicies`,
      policy('b', { ...CONSTRAINTS, validations: [{ expression: 'object.' }] }),
    ),
    post(
      'policy of a number',
      `${REGISTRATION}/validatingadmissionpolicies`,
      policy('c', { ...CONSTRAINTS, validations: [{ expression: '1 + 1' }] }),
    ),
    post(
      'policy of unknown names',
      `${REGISTRATION}/validatingadmissionpolicies`,
      policy('d', { ...CONSTRAINTS, validations: [{ expression: 'nope == 1' }] }),
    ),
    post('binding', `${REGISTRATION}/validatingadmissionpolicybindings`, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: '{{ns}}-b' },
      spec: {
        policyName: '{{ns}}-ok',
        validationActions: ['Deny'],
        matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': '{{ns}}' } } },
      },
    }),
    post('binding without actions', `${REGISTRATION}/validatingadmissionpolicybindings`, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: '{{ns}}-c' },
      spec: { policyName: '{{ns}}-ok' },
    }),
    post('binding of two minds', `${REGISTRATION}/validatingadmissionpolicybindings`, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: '{{ns}}-d' },
      spec: { policyName: '', validationActions: ['Deny', 'Warn', 'Nope'] },
    }),
    get('binding as a table', `${REGISTRATION}/validatingadmissionpolicybindings/{{ns}}-b`, TABLE),
    setup({
      ...post('until it counts', `${CORE}/configmaps?dryRun=All`, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'refused' },
      }),
      until: { path: 'code', equals: 422 },
    }),
    post('denied', `${CORE}/configmaps`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'refused' } }),
    post('denied by an expression', `${CORE}/configmaps`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'x' },
      data: { a: '1', b: '2' },
    }),
    post('allowed', `${CORE}/configmaps`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } }),
    setup(remove('no binding', `${REGISTRATION}/validatingadmissionpolicybindings/{{ns}}-b`)),
    setup(remove('no hooks', `${REGISTRATION}/validatingwebhookconfigurations/{{ns}}-ok`)),
  ],
)
