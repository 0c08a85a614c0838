import type { Node } from '../../../api/generated/core-v1.ts'
import { semanticallyEqual } from '../../../api/meta/equal.ts'
import type { KubeObject } from '../../../api/object.ts'
import type { AdmissionRequest } from '../admission.ts'
import { nameOf, refuse } from './node-rule.ts'

/** Those of Kubernetes' own labels that a kubelet may give its node. */
const KUBELET_LABELS: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'beta.kubernetes.io/instance-type',
  'node.kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
])
const KUBELET_DOMAINS = ['kubelet.kubernetes.io', 'node.kubernetes.io']
const RESTRICTED_DOMAIN = 'node-restriction.kubernetes.io'
const KUBERNETES_DOMAINS = ['kubernetes.io', 'k8s.io']

/** Its own object, but neither taints nor owners nor labels by which it would draw to itself what is meant for others. */
export function ownNode(node: string, request: AdmissionRequest): void {
  const name = nameOf(request)
  if (name !== node) refuse(request, `node "${node}" is not allowed to modify node "${name}"`)
  if (request.operation === 'CREATE') refuseNew(node, request)
  if (request.operation === 'UPDATE') refuseChange(node, request)
}

function refuseNew(node: string, request: AdmissionRequest): void {
  const { metadata, spec } = request.object as KubeObject as Node
  if (spec?.configSource !== undefined) {
    refuse(request, `node "${node}" is not allowed to create pods with a non-nil configSource`)
  }
  const labels = forbiddenAmong(changedKeys(metadata?.labels, {}))
  if (labels.length > 0)
    refuse(request, `node "${node}" is not allowed to set the following labels: ${labels.join(', ')}`)
}

function refuseChange(node: string, request: AdmissionRequest): void {
  const [now, before] = [request.object, request.old] as readonly unknown[] as readonly [Node, Node]
  const source = now.spec?.configSource
  if (source !== undefined && !semanticallyEqual(source, before.spec?.configSource)) {
    refuse(request, `node "${node}" is not allowed to update configSource to a new non-nil configSource`)
  }
  if (!semanticallyEqual(now.spec?.taints, before.spec?.taints)) {
    refuse(request, `node "${node}" is not allowed to modify taints`)
  }
  if (!semanticallyEqual(now.metadata?.ownerReferences, before.metadata?.ownerReferences)) {
    refuse(request, `node "${node}" is not allowed to modify ownerReferences`)
  }
  const labels = forbiddenAmong(changedKeys(now.metadata?.labels, before.metadata?.labels))
  if (labels.length > 0) refuse(request, `is not allowed to modify labels: ${labels.join(', ')}`)
}

type Labels = Readonly<Record<string, string>>

function changedKeys(one: Labels = {}, other: Labels = {}): readonly string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((key) => one[key] !== other[key])
}

function forbiddenAmong(keys: readonly string[]): readonly string[] {
  return keys.filter(isForbidden).toSorted()
}

function isForbidden(key: string): boolean {
  const domain = key.includes('/') ? key.slice(0, key.indexOf('/')) : ''
  const isIn = (domains: readonly string[]) => domains.some((one) => domain === one || domain.endsWith(`.${one}`))
  if (isIn([RESTRICTED_DOMAIN])) return true
  return isIn(KUBERNETES_DOMAINS) && !KUBELET_LABELS.has(key) && !isIn(KUBELET_DOMAINS)
}
