import type { Pod } from '../../../api/generated/core-v1.ts'
import { semanticallyEqual } from '../../../api/meta/equal.ts'
import type { KubeObject } from '../../../api/object.ts'
import { storageKey } from '../../verbs/get.ts'
import { notFound } from '../../verbs/failure.ts'
import type { AdmissionRequest } from '../admission.ts'
import { refuse } from './node-rule.ts'
import { apiReferenceOf } from './pod-references.ts'

const MIRROR = 'kubernetes.io/config.mirror'

/** Mirrors of static pods are made, pods that are bound to the node get their status, are evicted and deleted. */
export function ownPods(node: string, request: AdmissionRequest): void {
  const { subresource, operation } = request
  if (subresource === 'status') return statusOfOwn(node, request)
  if (subresource === 'eviction') return evictionOfOwn(node, request)
  if (subresource !== undefined) {
    refuse(request, `unexpected pod subresource "${subresource}", only 'status' and 'eviction' are allowed`)
  }
  if (operation === 'CREATE') return mirror(node, request)
  if (operation !== 'DELETE') {
    refuse(request, `unexpected operation "${operation}", node "${node}" can only create and delete mirror pods`)
  }
  if ((request.old as Pod).spec?.nodeName === node) return
  refuse(request, `node "${node}" can only delete pods with spec.nodeName set to itself`)
}

function statusOfOwn(node: string, request: AdmissionRequest): void {
  const [now, before] = [request.object, request.old] as readonly unknown[] as readonly [Pod, Pod | undefined]
  if (request.operation !== 'UPDATE') refuse(request, `unexpected operation "${request.operation}"`)
  if (before?.spec?.nodeName !== node) {
    refuse(request, `node "${node}" can only update pod status for pods with spec.nodeName set to itself`)
  }
  if (!semanticallyEqual(before.metadata.labels, now.metadata.labels)) {
    refuse(request, `node "${node}" cannot update labels through pod status`)
  }
  if (!semanticallyEqual(before.status?.resourceClaimStatuses, now.status?.resourceClaimStatuses)) {
    refuse(request, `node "${node}" cannot update resource claim statues`)
  }
  if (!semanticallyEqual(before.status?.extendedResourceClaimStatus, now.status?.extendedResourceClaimStatus)) {
    refuse(request, `node "${node}" cannot update extended resource claim status`)
  }
}

function evictionOfOwn(node: string, request: AdmissionRequest): void {
  if (existingPod(request, request.name).spec?.nodeName === node) return
  refuse(request, `node ${node} can only evict pods with spec.nodeName set to itself`)
}

/** The pod as it is stored; an ApiError `NotFound` where there is none. */
export function existingPod({ head, namespace, resource }: AdmissionRequest, name: string): Pod {
  const key = storageKey({ name, ...(namespace !== undefined && { namespace }) })
  const pod = head.get('pods', key)?.object
  if (pod === undefined) throw notFound({ ...resource.type, group: '', kind: 'Pod', plural: 'pods' }, name)
  return pod as Pod
}

function mirror(node: string, request: AdmissionRequest): void {
  const pod = request.object as KubeObject as Pod
  if (pod.metadata.annotations?.[MIRROR] === undefined) {
    refuse(request, `pod does not have "${MIRROR}" annotation, node "${node}" can only create mirror pods`)
  }
  if (pod.spec?.nodeName !== node) {
    refuse(request, `node "${node}" can only create pods with spec.nodeName set to itself`)
  }
  refuseOtherOwners(node, request)
  const reference = apiReferenceOf(pod)
  if (reference !== undefined) refuse(request, `node "${node}" can not create pods that reference ${reference}`)
}

/** A mirror belongs to its node, so that it goes with it. */
function refuseOtherOwners(node: string, request: AdmissionRequest): void {
  const can = (what: string) => `node "${node}" can only create pods with ${what} set to itself`
  const [owner, ...others] = request.object.metadata.ownerReferences ?? []
  if (others.length > 0) refuse(request, can('a single owner reference'))
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node)
    refuse(request, can('an owner reference'))
  if (owner.controller !== true) refuse(request, can('a controller owner reference'))
  if (owner.blockOwnerDeletion === true) {
    refuse(request, `node "${node}" must not set blockOwnerDeletion on an owner reference`)
  }
  const known = request.head.get('nodes', node)?.object.metadata.uid
  if (known === undefined) throw notFound({ ...request.resource.type, group: '', kind: 'Node', plural: 'nodes' }, node)
  if (owner.uid !== known) refuse(request, `node ${node} UID mismatch: expected ${owner.uid} got ${known}`)
}
