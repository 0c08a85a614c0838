import { expect, test } from 'vitest'
import { BUILT_IN_RESOURCES } from '../generated/resources.ts'
import type { KubeObject } from '../object.ts'
import type { ResourceType } from '../resource-type.ts'
import { validateCreate, validateUpdate } from './validate.ts'

const typeOf = (kind: string) =>
  BUILT_IN_RESOURCES.find((one) => one.kind === kind && one.version === 'v1') as ResourceType
const objectOf = (kind: string, fields: object) =>
  ({ apiVersion: 'resource.k8s.io/v1', kind, metadata: { name: 'a', namespace: 'x' }, ...fields }) as KubeObject
const told = (errors: readonly { readonly field: string; readonly message: string }[]) =>
  errors.map(({ field, message }) => `${field}: ${message}`)
const toldOfClaim = (devices: object) =>
  told(validateCreate(typeOf('ResourceClaim'), objectOf('ResourceClaim', { spec: { devices } })))

const exactly = { deviceClassName: 'gpu.example.com', allocationMode: 'ExactCount', count: 1 }
const ONE_OF = 'exactly one of `exactly` or `firstAvailable` is required'

// ValidateResourceClaim, ValidateResourceSlice; the texts are those that kube-apiserver 1.34.4 answers.
test('a request asks for devices in one way', () => {
  expect(toldOfClaim({ requests: [{ name: 'gpu', exactly }] })).toEqual([])
  expect(toldOfClaim({ requests: [{ name: 'gpu' }] })).toEqual([`spec.devices.requests[0]: Required value: ${ONE_OF}`])
  const both = { name: 'gpu', exactly, firstAvailable: [{ name: 'a', ...exactly }] }
  expect(toldOfClaim({ requests: [both] })).toEqual([
    `spec.devices.requests[0]: Invalid value: null: ${ONE_OF}, but multiple fields are set`,
  ])
  const all = { ...exactly, allocationMode: 'All' }
  expect(toldOfClaim({ requests: [{ name: 'gpu', exactly: all }] })).toEqual([
    "spec.devices.requests[0].exactly.count: Invalid value: 1: must not be specified when allocationMode is 'All'",
  ])
})

test('what is said of requests is said of those that there are', () => {
  const requests = [{ name: 'gpu', firstAvailable: [{ name: 'big', ...exactly }] }]
  const config = (...names: readonly string[]) => ({
    requests,
    config: [{ requests: names, opaque: { driver: 'd.example.com', parameters: {} } }],
  })
  expect(toldOfClaim(config('gpu', 'gpu/big'))).toEqual([])
  expect(toldOfClaim(config('gpu/small'))).toEqual([
    `spec.devices.config[0].requests[0]: Invalid value: "gpu/small": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'`,
  ])
})

test('devices of others are for namespaces that are labelled for it', () => {
  const claim = objectOf('ResourceClaim', {
    spec: { devices: { requests: [{ name: 'gpu', exactly: { ...exactly, adminAccess: true } }] } },
  })
  const around = (value: string) => ({
    podsOnLoopback: false,
    namespaceLabels: () => ({ 'resource.kubernetes.io/admin-access': value }),
  })
  expect(validateCreate(typeOf('ResourceClaim'), claim, around('true'))).toEqual([])
  expect(told(validateCreate(typeOf('ResourceClaim'), claim, around('false')))).toEqual([
    'spec.devices.requests[0].adminAccess: Forbidden: admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on the containing namespace',
  ])
})

test('an allocation stays, and is of devices that were asked for', () => {
  const spec = { devices: { requests: [{ name: 'gpu', exactly }] } }
  const result = { request: 'gpu', driver: 'd.example.com', pool: 'p', device: 'd0' }
  const claimOf = (status: object) =>
    ({
      ...objectOf('ResourceClaim', { spec, status }),
      metadata: { name: 'a', namespace: 'x', resourceVersion: '1' },
    }) as KubeObject
  const toldOf = (now: object, was: object) =>
    told(validateUpdate(typeOf('ResourceClaim'), claimOf(now), claimOf(was), 'status'))
  const allocated = { allocation: { devices: { results: [result] } } }
  expect(toldOf(allocated, {})).toEqual([])
  expect(toldOf({ reservedFor: [{ resource: 'pods', name: 'p', uid: 'u' }] }, {})).toEqual([
    'status.reservedFor: Forbidden: may not be specified when `allocated` is not set',
  ])
  const other = { allocation: { devices: { results: [{ ...result, device: 'd1' }] } } }
  expect(toldOf(other, allocated)[0]).toContain('status.allocation: Invalid value: ')
  const strange = { driver: 'd.example.com', pool: 'p', device: 'd2' }
  expect(toldOf({ ...allocated, devices: [strange] }, allocated)[0]).toContain(
    'must be an allocated device in the claim',
  )
})

test('a slice is of one node, of some, or of all, and an attribute has one value', () => {
  const pool = { name: 'p', generation: 1, resourceSliceCount: 1 }
  const toldOf = (rest: object) =>
    told(
      validateCreate(typeOf('ResourceSlice'), {
        ...objectOf('ResourceSlice', { spec: { driver: 'd.example.com', pool, ...rest } }),
        metadata: { name: 'a' },
      } as KubeObject),
    )
  const one = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'
  expect(toldOf({ allNodes: true })).toEqual([])
  expect(toldOf({})).toEqual([`spec: Required value: ${one}`])
  expect(toldOf({ allNodes: true, nodeName: 'n' })).toEqual([
    `spec: Invalid value: "{\`nodeName\`, \`allNodes\`}": ${one}, but multiple fields are set`,
  ])
  const attributes = { model: { string: 'x', int: 1 }, version: { version: '1.0' } }
  expect(toldOf({ allNodes: true, devices: [{ name: 'd', attributes }] })).toEqual([
    'spec.devices[0].attributes[model]: Invalid value: {"IntValue":1,"BoolValue":null,"StringValue":"x","VersionValue":null}: exactly one value must be specified',
    'spec.devices[0].attributes[version].version: Invalid value: "1.0": must be a string compatible with semver.org spec 2.0.0',
  ])
})
