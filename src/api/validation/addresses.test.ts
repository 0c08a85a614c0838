import { expect, test } from 'vitest'
import { endpoints, endpointSlices } from '../generated/resources.ts'
import type { KubeObject } from '../object.ts'
import type { ResourceType } from '../resource-type.ts'
import { validateCreate } from './validate.ts'

const endpointsAt = (ip: string, name: string) =>
  ({
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { namespace: 'default', name },
    subsets: [{ addresses: [{ ip }], ports: [{ port: 80, protocol: 'TCP' }] }],
  }) as unknown as KubeObject
const sliceAt = (ip: string, name: string) =>
  ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'default', name },
    addressType: 'IPv4',
    endpoints: [{ addresses: [ip] }],
  }) as unknown as KubeObject

const toldOf = (ip: string, name: string, podsOnLoopback: boolean): readonly string[] =>
  [
    ...validateCreate(endpoints as ResourceType, endpointsAt(ip, name), { podsOnLoopback }),
    ...validateCreate(endpointSlices as ResourceType, sliceAt(ip, name), { podsOnLoopback }),
  ].map(({ field, message }) => `${field}: ${message}`)

const REFUSED = 'may not be in the loopback range (127.0.0.0/8, ::1/128)'

// ValidateNonSpecialIP, for Endpoints and EndpointSlices alike, those of the API server included.
test.each(['127.0.0.1', '127.20.0.2', '127.224.1.1'])('pods have no address %s where they have networks', (ip) => {
  for (const name of ['web', 'kubernetes']) {
    expect(toldOf(ip, name, false)).toEqual([
      `subsets[0].addresses[0].ip: Invalid value: "${ip}": ${REFUSED}`,
      `endpoints[0].addresses[0]: Invalid value: "${ip}": ${REFUSED}`,
    ])
  }
})

test('pods that live on loopback have their addresses from 127.20.0.0 on, the API server has any there', () => {
  expect(toldOf('127.20.0.2', 'web', true)).toEqual([])
  expect(toldOf('127.0.0.1', 'web', true)).toHaveLength(2)
  expect(toldOf('127.0.0.1', 'kubernetes', true)).toEqual([])
})
