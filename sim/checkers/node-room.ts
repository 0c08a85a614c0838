import type { Container, Node, Pod } from '../../src/api/generated/core-v1.ts'
import { check } from './checker.ts'
import type { Checker } from './checker.ts'

/** Requests by name, and the number of pods; cpu in thousandths. */
type Amounts = Map<string, number>

const UNITS: Readonly<Record<string, number>> = {
  m: 0.001,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
}

/**
 * No node is over-committed: what its pods that have not ended request never exceeds what it offers. Counted from objects
 * and with arithmetic of its own, so that an error of the scheduler's is not shared.
 */
export function nodesHaveRoom(): Checker {
  const nodes = new Map<string, Node>()
  /** A binding may come a moment after its node was deleted: the pod is collected before the end. */
  const gone = new Set<string>()
  const pods = new Map<string, Map<string, Pod>>()
  const forget = (pod: Pod, key: string) => pods.get(pod.spec?.nodeName ?? '')?.delete(key)
  const put = (pod: Pod, key: string) => {
    const nodeName = pod.spec?.nodeName ?? ''
    if (nodeName === '' || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return undefined
    const there = pods.get(nodeName) ?? new Map<string, Pod>()
    pods.set(nodeName, there.set(key, pod))
    return nodeName
  }
  return {
    name: 'no node over-committed',
    commit({ changes }) {
      for (const { type, entry, previous } of changes) {
        if (entry.resource === 'nodes') {
          if (type !== 'delete') nodes.set(entry.key, entry.object as Node)
          else if (nodes.delete(entry.key)) gone.add(entry.key)
        }
        if (entry.resource !== 'pods') continue
        if (previous !== undefined) forget(previous.object as Pod, entry.key)
        const nodeName = type === 'delete' ? undefined : put(entry.object as Pod, entry.key)
        const isNew = nodeName !== undefined && (previous?.object as Pod | undefined)?.spec?.nodeName !== nodeName
        if (isNew && (nodes.has(nodeName) || !gone.has(nodeName)))
          checkNode(nodes.get(nodeName), nodeName, [...(pods.get(nodeName)?.values() ?? [])])
      }
    },
    end() {
      for (const [nodeName, bound] of pods) {
        const left = () => `${[...bound.keys()].join(', ')} are left of node ${nodeName}, which is gone`
        check(bound.size === 0 || nodes.has(nodeName), left)
      }
    },
  }
}

function checkNode(node: Node | undefined, nodeName: string, pods: readonly Pod[]): void {
  check(node !== undefined, () => `pods are bound to node ${nodeName}, which does not exist`)
  const asked: Amounts = new Map([['pods', pods.length]])
  for (const container of pods.flatMap((pod) => pod.spec?.containers ?? [])) addRequests(asked, container)
  for (const [resource, amount] of asked) {
    const offered = amountOf(node?.status?.allocatable?.[resource] ?? '0')
    const names = () => pods.map(({ metadata }) => metadata.name).join(' ')
    check(
      amount <= offered + 1e-9,
      () => `${nodeName} offers ${offered} ${resource}, its pods ask for ${amount}: ${names()}`,
    )
  }
}

function addRequests(amounts: Amounts, container: Container): void {
  for (const [resource, quantity] of Object.entries(container.resources?.requests ?? {})) {
    amounts.set(resource, (amounts.get(resource) ?? 0) + amountOf(quantity))
  }
}

function amountOf(quantity: string | number): number {
  const [, digits = '0', unit = ''] = /^([\d.]+)(.*)$/.exec(String(quantity)) ?? []
  const factor = UNITS[unit]
  check(factor !== undefined, () => `the simulation knows no unit "${unit}" in "${quantity}"`)
  return Number(digits) * (factor ?? 1)
}
