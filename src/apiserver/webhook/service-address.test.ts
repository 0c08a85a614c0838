import { expect, test } from 'vitest'
import { systemEnvironment } from '../../env/system.ts'
import { createMemoryStore } from '../../store/memory-store.ts'
import type { KubeObject } from '../../api/object.ts'
import { serviceAddress } from './service-address.ts'

const metadata = { name: 'hook', namespace: 'default' }

const service = { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 443, name: 'https' }] } }

const slice = (name: string, ready: boolean, address: string) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': 'hook' } },
  addressType: 'IPv4',
  endpoints: [{ addresses: [address], conditions: { ready } }],
  ports: [{ name: 'https', port: 8443 }],
})

test('a port of a Service is that of a ready pod, through its EndpointSlices', async () => {
  const store = createMemoryStore(systemEnvironment('error'))
  const create = (resource: string, object: unknown, name: string) =>
    store.commit([{ type: 'create', resource, key: `default/${name}`, object: object as KubeObject }])
  expect(serviceAddress(store.head(), 'default', 'hook', 443)).toBe('service "hook" not found')
  await create('services', service, 'hook')
  expect(serviceAddress(store.head(), 'default', 'hook', 80)).toBe('no service port 80 found for service "hook"')
  await create('endpointslices.discovery.k8s.io', slice('a', false, '10.0.0.1'), 'a')
  expect(serviceAddress(store.head(), 'default', 'hook', 443)).toBe('no endpoints available for service "hook"')
  await create('endpointslices.discovery.k8s.io', slice('b', true, '10.0.0.2'), 'b')
  expect(serviceAddress(store.head(), 'default', 'hook', 443)).toEqual({ host: '10.0.0.2', port: 8443 })
})
