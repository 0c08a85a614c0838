import { expect, test } from 'vitest'
import type { Node, Pod } from '../api/generated/core-v1.ts'
import { systemEnvironment } from '../env/system.ts'
import { utilization } from './utilization.ts'

const { random } = systemEnvironment('error')

const nodes = ['a', 'b', 'c', 'd'].map((name): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'kubernetes.io/hostname': name } },
  spec: {},
  status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110' } },
}))

function pod(name: string, nodeName: string, cpu: string, ownerKind?: string): Pod {
  const containers = [{ name: 'main', image: 'app', resources: { requests: { cpu, memory: '1Gi' } } }]
  const owners = ownerKind && [{ apiVersion: 'apps/v1', kind: ownerKind, name: 'x', uid: 'x', controller: true }]
  const metadata = { name, namespace: 'default', uid: name, ...(owners && { ownerReferences: owners }) }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { nodeName, containers }, status: { phase: 'Running' } }
}

const GIB = 2 ** 30

test('sums are those of pods that take room, and pods are packed on as few nodes as they fit', () => {
  const ended = { ...pod('ended', 'a', '4'), status: { phase: 'Succeeded' } } as Pod
  const pods = ['a', 'b', 'c', 'd'].map((name) => pod(`p-${name}`, name, '2'))
  const input = { nodes, pods: [...pods, ended], others: [], recommendationFor: () => undefined, random }
  expect(utilization(input)).toEqual({
    allocatable: { cpu: 16_000, memory: 32 * GIB },
    requested: { cpu: 8000, memory: 4 * GIB },
    // Two pods of two CPUs fill a node of four.
    nodes: { all: 4, occupied: 4, packed: 2 },
  })
})

test('what recommendations free is said, in sum and in nodes', () => {
  const pods = ['a', 'b', 'c', 'd'].map((name) => pod(`p-${name}`, name, '3'))
  const recommendationFor = ({ metadata }: Pod) => (metadata.name === 'p-a' ? undefined : { cpu: '500m' })
  const said = utilization({ nodes, pods, others: [], recommendationFor, random })
  expect(said).toMatchObject({
    requested: { cpu: 12_000 },
    recommended: { cpu: 4500, memory: 4 * GIB },
    nodes: { occupied: 4, packed: 4, packedAsRecommended: 2 },
  })
})

test('pods of DaemonSets stay where they are, and take their room there', () => {
  const daemons = ['a', 'b', 'c', 'd'].map((name) => pod(`d-${name}`, name, '1', 'DaemonSet'))
  const pods = [...daemons, pod('p', 'a', '3'), pod('q', 'b', '3')]
  const { nodes: said } = utilization({ nodes, pods, others: [], recommendationFor: () => undefined, random })
  expect(said).toEqual({ all: 4, occupied: 2, packed: 2 })
})
