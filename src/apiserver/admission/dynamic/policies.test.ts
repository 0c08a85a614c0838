import { expect, test } from 'vitest'
import {
  configMaps,
  validatingAdmissionPolicies,
  validatingAdmissionPolicyBindings,
} from '../../../api/generated/resources.ts'
import type { ValidatingAdmissionPolicy } from '../../../api/generated/admissionregistration-v1.ts'
import { systemEnvironment } from '../../../env/system.ts'
import { createMemoryStore } from '../../../store/memory-store.ts'
import { createApiServer } from '../../api-server.ts'
import type { AuditNotes } from '../../audit/audit-notes.ts'
import { createDirectClient } from '../../direct-client.ts'
import { allowAll } from '../../verbs/authorizer.ts'

async function connect(spec: object, binding: object = { validationActions: ['Deny'] }) {
  const environment = systemEnvironment('error')
  const server = await createApiServer({ environment, store: createMemoryStore(environment), authorizer: allowAll })
  const warnings: string[] = []
  const warn = (text: string) => warnings.push(text)
  const client = createDirectClient(server, { user: { name: 'ann', groups: ['crew'] }, warn })
  const matchConstraints = {
    resourceRules: [
      { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] },
    ],
  }
  const apiVersion = 'admissionregistration.k8s.io/v1'
  await client.create(validatingAdmissionPolicies, {
    apiVersion,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: 'p' },
    spec: { matchConstraints, ...spec },
  } as ValidatingAdmissionPolicy)
  await client.create(validatingAdmissionPolicyBindings, {
    apiVersion,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: 'b' },
    spec: { policyName: 'p', ...binding },
  })
  const make = (name: string, data: Readonly<Record<string, string>> = {}) =>
    client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data })
  return { client, make, warnings, server }
}

const denied = (why: string) =>
  `configmaps "a" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: ${why}`

test('a policy that is bound refuses what its expression does not hold for, as invalid', async () => {
  const { make } = await connect({ validations: [{ expression: 'has(object.data)' }] })
  await expect(make('a')).rejects.toMatchObject({
    code: 422,
    reason: 'Invalid',
    message: denied('failed expression: has(object.data)'),
  })
  await make('a', { x: '1' })
})

test('variables, the request and message expressions are at hand', async () => {
  const { make } = await connect({
    variables: [
      { name: 'size', expression: 'object.data.size()' },
      { name: 'twice', expression: 'variables.size * 2' },
    ],
    validations: [
      {
        expression: 'variables.twice < 4 || request.userInfo.username != "ann"',
        messageExpression: '"twice is " + string(variables.twice)',
        reason: 'Forbidden',
      },
    ],
  })
  await make('b', { x: '1' })
  await expect(make('a', { x: '1', y: '2' })).rejects.toMatchObject({ code: 403, message: denied('twice is 4') })
})

test('an expression that fails is refused, or let pass where failures are to be ignored', async () => {
  const validations = [{ expression: 'object.data.x == "1"' }]
  const { make } = await connect({ validations })
  await expect(make('a')).rejects.toMatchObject({
    message: denied(`expression 'object.data.x == "1"' resulted in error: no such key: data`),
  })
  const lenient = await connect({ validations, failurePolicy: 'Ignore' })
  await lenient.make('a')
})

test('match conditions leave out what does not concern the policy; warnings do not refuse', async () => {
  const { make, warnings } = await connect(
    {
      matchConditions: [{ name: 'not-b', expression: 'object.metadata.name != "b"' }],
      validations: [{ expression: 'false', message: 'never' }],
    },
    { validationActions: ['Warn'] },
  )
  await make('b')
  await make('a')
  expect(warnings).toEqual(["Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': never"])
})

test('parameters come from the object that the binding names; without it the action for that case counts', async () => {
  const binding = {
    validationActions: ['Deny'],
    paramRef: { name: 'limits', namespace: 'kube-system', parameterNotFoundAction: 'Deny' },
    matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } } },
  }
  const { client, make } = await connect(
    {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      validations: [{ expression: 'object.data.size() <= int(params.data.most)' }],
    },
    binding,
  )
  await expect(make('a', { x: '1' })).rejects.toMatchObject({
    message: denied(
      'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
    ),
  })
  const metadata = { name: 'limits', namespace: 'kube-system' }
  await client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { most: '1' } })
  await make('b', { x: '1' })
  await expect(make('a', { x: '1', y: '2' })).rejects.toMatchObject({ code: 422 })
})

test('a policy whose expressions cannot be compiled is refused', async () => {
  await expect(connect({ validations: [{ expression: 'object.x == foo' }] })).rejects.toThrow(
    'spec.validations[0].expression: Invalid value: "object.x == foo": compilation failed: ERROR: <input>:1:13: undeclared reference to \'foo\'',
  )
  await expect(connect({ validations: [] })).rejects.toThrow(
    'spec.validations: Required value: validations or auditAnnotations must contain at least one item',
  )
})

test('a binding may have what fails recorded and told of; what a policy notes stands in the audit event', async () => {
  const { server, warnings } = await connect(
    {
      validations: [{ expression: 'true' }, { expression: 'has(object.data)' }],
      auditAnnotations: [
        { key: 'name', valueExpression: '"of " + object.metadata.name' },
        { key: 'none', valueExpression: 'null' },
      ],
    },
    { validationActions: ['Audit', 'Warn'] },
  )
  const resource = server.registry.find('', 'v1', 'configmaps')
  if (resource === undefined) throw new Error('no ConfigMaps')
  const notes: AuditNotes = { id: 'one' }
  const warn = (text: string) => void warnings.push(text)
  const value = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'aud' } }
  const context = { user: { name: 'ann', groups: [] }, warn, notes }
  await server.verbs.create(context, { resource, namespace: 'default' }, { value })
  const told = 'failed expression: has(object.data)'
  expect(warnings).toEqual([`Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': ${told}`])
  // As Kubernetes 1.34.4 wrote them.
  expect(Object.fromEntries(notes.annotations ?? [])).toEqual({
    'p/name': 'of aud',
    'validation.policy.admission.k8s.io/validation_failure': `[{"message":"${told}","policy":"p","binding":"b","expressionIndex":1,"validationActions":["Audit","Warn"]}]`,
  })
})

/** To look for a text in one costs a tenth of the length of each, multiplied: of so long ones, more than an expression may cost. */
const COSTLY = 'object.data.x.contains(object.data.x)'
const LONG = { x: 'x'.repeat(12_000) }

// Kubernetes' limits: 1,000,000 for one expression, 10,000,000 for all of a binding.
test('an expression that costs too much is cut off, and many of them run out of what a binding may cost', async () => {
  const expression = COSTLY
  const one = await connect({ validations: [{ expression }] })
  const cut = `expression '${expression}' resulted in error: operation cancelled: actual cost limit exceeded`
  await expect(one.make('a', LONG)).rejects.toMatchObject({ message: denied(cut) })
  const many = await connect({ validations: Array.from({ length: 11 }, () => ({ expression })) })
  const out = 'validation failed due to running out of cost budget, no further validation rules will be run'
  await expect(many.make('a', LONG)).rejects.toMatchObject({ message: denied(out) })
  const ignored = await connect({ validations: [{ expression }], failurePolicy: 'Ignore' })
  await ignored.make('a', LONG)
})
