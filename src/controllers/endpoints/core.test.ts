import { expect, test } from 'vitest'
import type { Endpoints, Pod, Service } from '../../api/generated/core-v1.ts'
import { decideEndpoints } from './core.ts'

const ports = [
  { name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' },
  { name: 'admin', port: 81, targetPort: 'admin', protocol: 'TCP' },
]
const metadata = { name: 's', namespace: 'default' }
const spec = { selector: { app: 'a' }, clusterIP: '10.96.0.9', ipFamilies: ['IPv4'], ports }
const service: Service = { apiVersion: 'v1', kind: 'Service', metadata, spec }

function pod(index: number, isReady: boolean, containerPorts: readonly { name: string; containerPort: number }[] = []) {
  const ip = `10.0.${Math.floor(index / 250)}.${index % 250}`
  const conditions = [{ type: 'Ready', status: isReady ? 'True' : 'False' }]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `p${index}`, namespace: 'default', uid: `p${index}` },
    spec: { containers: [{ name: 'main', ports: containerPorts }] },
    status: { podIP: ip, conditions },
  } as Pod
}

function decide(pods: readonly Pod[], endpoints?: Endpoints) {
  const { changes } = decideEndpoints({ service, pods, endpoints, triggerTime: undefined })
  return changes.map((change) => ('object' in change ? (change.object as Endpoints) : undefined))
}

test('ports with the same addresses share a subset, ready and other addresses apart', () => {
  const admin = [{ name: 'admin', containerPort: 9000 }]
  const [first] = decide([pod(1, true, admin), pod(2, false, admin)])
  const subsets = first?.subsets?.map(({ addresses, notReadyAddresses, ports: own }) => {
    return [addresses?.map(({ ip }) => ip), notReadyAddresses?.map(({ ip }) => ip), own?.map(({ port }) => port)]
  })
  expect(subsets).toEqual([[['10.0.0.1'], ['10.0.0.2'], [8080, 9000]]])
  expect(decide([pod(1, true, admin), pod(2, false, admin)], first)).toEqual([])
  const [apart] = decide([pod(1, true, admin), pod(2, true)])
  expect(apart?.subsets?.map(({ ports: own }) => own?.map(({ name }) => name))).toEqual([['http'], ['admin']])
})

test('Endpoints hold a thousand addresses, the ready ones first, and say that there are more', () => {
  const [full] = decide(Array.from({ length: 1200 }, (_, index) => pod(index, index < 900)))
  const [subset] = full?.subsets ?? []
  expect([subset?.addresses?.length, subset?.notReadyAddresses?.length]).toEqual([900, 100])
  expect(full?.metadata.annotations).toEqual({ 'endpoints.kubernetes.io/over-capacity': 'truncated' })
})
