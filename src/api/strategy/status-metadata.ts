import type { Draft, JsonObject } from '../draft.ts'
import type { KubeObject } from '../object.ts'

const ALL = ['deletionTimestamp', 'labels', 'annotations', 'finalizers', 'ownerReferences'] as const

/** What a write of the status leaves alone of the metadata, by resource and group; of other kinds it writes it like any update. */
const KEPT: Readonly<Record<string, readonly (typeof ALL)[number][]>> = {
  pods: ['ownerReferences'],
  'deployments.apps': ['labels'],
  'volumeattachments.storage.k8s.io': ALL,
  'servicecidrs.networking.k8s.io': ALL,
  'validatingadmissionpolicies.admissionregistration.k8s.io': ALL,
  'apiservices.apiregistration.k8s.io': ['labels', 'annotations', 'finalizers', 'ownerReferences'],
  'flowschemas.flowcontrol.apiserver.k8s.io': ALL,
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': ALL,
  'resourceclaims.resource.k8s.io': ALL,
}

/** Puts back, in place, the metadata that the writer of a status does not write. */
export function keepMetadata(resource: string, object: Draft<KubeObject>, old: KubeObject): void {
  const metadata = object.metadata as JsonObject
  for (const field of KEPT[resource] ?? []) {
    const value = old.metadata[field]
    if (value === undefined) delete metadata[field]
    else metadata[field] = value
  }
}
