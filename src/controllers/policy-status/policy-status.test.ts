import { expect, test } from 'vitest'
import type { ValidatingAdmissionPolicy } from '../../api/generated/admissionregistration-v1.ts'
import { validatingAdmissionPolicies } from '../../api/generated/resources.ts'
import { startControlPlane } from '../control-plane.fixture.ts'

type Rule = readonly [groups: readonly string[], resources: readonly string[]]

function policy(name: string, [apiGroups, resources]: Rule, validations: readonly object[], more: object = {}) {
  const resourceRules = [{ apiGroups, apiVersions: ['v1'], operations: ['*'], resources }]
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name },
    spec: { matchConstraints: { resourceRules }, validations, ...more },
  } as unknown as ValidatingAdmissionPolicy
}

/** An error as the compiler shows it, at a column of an expression. */
const at = (kind: string, column: number, message: string, expression: string, last = true) =>
  `${kind === '' ? '' : `${kind}: `}ERROR: <input>:1:${column}: ${message}\n | ${expression}\n | ${'.'.repeat(column - 1)}^${last ? '\n' : ''}`

const fine: readonly (readonly [what: string, ValidatingAdmissionPolicy])[] = [
  ['fits', policy('fits', [['apps'], ['deployments']], [{ expression: 'object.spec.replicas > 1' }])],
  ['names any group', policy('any', [['*'], ['pods']], [{ expression: 'object.foo == 1' }])],
  ['is about nothing known', policy('unknown', [['nope'], ['nopes']], [{ expression: 'object.foo == 1' }])],
]

test.each(fine)('a policy that %s is observed, and nothing is said of its types', async (_, object) => {
  await using plane = await startControlPlane()
  await plane.client.create(validatingAdmissionPolicies, object)
  const seen = await plane.until(validatingAdmissionPolicies, { name: object.metadata.name ?? '' }, isObserved)
  expect(seen?.status).toEqual({ observedGeneration: 1, typeChecking: {} })
  const managers = seen?.metadata.managedFields?.map(({ manager, operation, subresource }) => [
    manager,
    operation,
    subresource,
  ])
  expect(managers).toContainEqual(['validatingadmissionpolicy-status', 'Apply', 'status'])
})

const isObserved = (one: ValidatingAdmissionPolicy | undefined) => one?.status?.observedGeneration === 1

// What Kubernetes 1.34.4's controller wrote into the status of each.
const limits =
  'object.spec.containers.all(c, c.resources.limits["cpu"] == 1 && c.ports.exists(p, p.containerPort == "a"))'
const ports = 'object.spec.ports.all(p, p.targetPort == 80 || p.targetPort == "x" || p.port == "x")'
const secret = 'object.data["a"] == b"x" && object.data["a"] == 1 && object.stringData["b"] == 1'
const config = 'params.data.x == object.data.y && params.nope == 1'
const wrong: readonly (readonly [rule: Rule, expression: string, warning: string, more: object])[] = [
  [
    [
      ['apps', ''],
      ['deployments', 'pods', 'pods/status', 'replicasets'],
    ],
    'object.spec.replicas > 1',
    at('/v1, Kind=Pod', 12, "undefined field 'replicas'", 'object.spec.replicas > 1'),
    {},
  ],
  [
    [[''], ['pods']],
    limits,
    at('/v1, Kind=Pod', 42, "undefined field 'limits'", limits, false) +
      `\n${at('', 99, "found no matching overload for '_==_' applied to '(int, string)'", limits)}`,
    {},
  ],
  [
    [[''], ['services']],
    ports,
    at('/v1, Kind=Service', 78, "found no matching overload for '_==_' applied to '(int, string)'", ports),
    {},
  ],
  [
    [[''], ['secrets']],
    secret,
    at('/v1, Kind=Secret', 46, "found no matching overload for '_==_' applied to '(bytes, int)'", secret, false) +
      `\n${at('', 77, "found no matching overload for '_==_' applied to '(string, int)'", secret)}`,
    {},
  ],
  [
    [[''], ['configmaps']],
    config,
    at('/v1, Kind=ConfigMap', 41, "undefined field 'nope'", config),
    { paramKind: { apiVersion: 'v1', kind: 'ConfigMap' } },
  ],
]

test.each(wrong)('of %j the expression %s gets a warning', async (rule, expression, warning, more) => {
  await using plane = await startControlPlane()
  await plane.client.create(validatingAdmissionPolicies, policy('p', rule, [{ expression }], more))
  const seen = await plane.until(validatingAdmissionPolicies, { name: 'p' }, isObserved)
  expect(seen?.status?.typeChecking?.expressionWarnings).toEqual([
    { fieldRef: 'spec.validations[0].expression', warning },
  ])
})

test('of a Namespace policies see what Kubernetes names, and a policy that asks for more is refused', async () => {
  await using plane = await startControlPlane()
  const rule: Rule = [[''], ['pods']]
  const good = 'namespaceObject.metadata.labels["a"] == "b" && namespaceObject.status.phase == "Active"'
  await plane.client.create(validatingAdmissionPolicies, policy('good', rule, [{ expression: good }]))
  const bad = policy('bad', rule, [{ expression: 'namespaceObject.foo == 1' }])
  await expect(plane.client.create(validatingAdmissionPolicies, bad)).rejects.toThrow("undefined field 'foo'")
})
