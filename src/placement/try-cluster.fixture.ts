import type { Node, Pod, PodSpec } from '../api/generated/core-v1.ts'
import type { KubeObject } from '../api/object.ts'
import { systemEnvironment } from '../env/system.ts'
import { createClusterView, putObject } from './cluster-view.ts'
import type { ViewKind } from './cluster-view.ts'
import { decide } from './decide.ts'
import type { Profile } from './framework.ts'
import { podRequests } from './pod-requests.ts'
import { findPreemption } from './preemption.ts'
import { createProfiles, DEFAULT_PROFILE } from './profiles.ts'
import { unschedulableMessage } from './unschedulable-message.ts'

export function node(name: string, labels: Record<string, string> = {}, spec: Node['spec'] = {}): Node {
  const allocatable = { cpu: '4', memory: '8Gi', pods: '110' }
  const metadata = { name, labels: { 'kubernetes.io/hostname': name, ...labels } }
  return { apiVersion: 'v1', kind: 'Node', metadata, status: { allocatable }, spec }
}

export function pod(name: string, spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}): Pod {
  const containers = [{ name: 'main', image: 'node:24', resources: { requests: { cpu: '1' } } }]
  const facts = { name, namespace: 'x', uid: `uid-${name}`, ...metadata }
  return { apiVersion: 'v1', kind: 'Pod', metadata: facts, spec: { containers, ...spec } }
}

/** A cluster in which pods are placed one after the other, as the scheduler would. */
export function clusterOf(nodes: readonly Node[], others: readonly (readonly [ViewKind, KubeObject])[] = []) {
  const view = createClusterView()
  for (const each of nodes) view.table.putNode(each)
  for (const [kind, object] of others) putObject(view, kind, object)
  const { random } = systemEnvironment('error')
  const defaultProfile = createProfiles().get(DEFAULT_PROFILE)!
  const look = (wanted: Pod, profile: Profile = defaultProfile) => {
    const cycle = { pod: wanted, requests: podRequests(wanted), table: view.table, view, random }
    const { placement } = decide(cycle, profile)
    if (placement.placed) return { nodeName: placement.nodeName, message: '', victims: [] }
    const found = findPreemption(cycle, placement.filters, placement.diagnosis)
    const message = unschedulableMessage(placement.diagnosis, found.found ? undefined : found.message)
    return { nodeName: undefined, message, victims: found.found ? found.victims.map((v) => v.metadata.name) : [] }
  }
  return {
    view,
    look,
    /** The node that the pod goes to and stays on, or why it goes nowhere. */
    place(wanted: Pod, profile?: Profile) {
      const { nodeName, message } = look(wanted, profile)
      if (nodeName !== undefined) view.table.addPod(wanted, nodeName)
      return nodeName ?? message
    },
    put: (wanted: Pod, nodeName: string) => view.table.addPod(wanted, nodeName),
  }
}
