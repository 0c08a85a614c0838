import type { Draft, JsonObject } from '../draft.ts'
import type { KubeObject } from '../object.ts'

/** As ResetObjectMetaForStatus. */
const ALL = ['deletionTimestamp', 'selfLink', 'labels', 'annotations', 'finalizers', 'ownerReferences'] as const
/** All but what says who manages which field. */
const WHOLE = [...ALL, 'generateName', 'deletionGracePeriodSeconds'] as const

/** What a write of the status leaves alone of the metadata, by resource and group; of other kinds it writes it like any update. */
const KEPT: Readonly<Record<string, readonly (typeof WHOLE)[number][]>> = {
  pods: ['ownerReferences'],
  'deployments.apps': ['labels'],
  'volumeattachments.storage.k8s.io': ALL,
  'servicecidrs.networking.k8s.io': ALL,
  'validatingadmissionpolicies.admissionregistration.k8s.io': ALL,
  'apiservices.apiregistration.k8s.io': ['labels', 'annotations', 'finalizers', 'ownerReferences'],
  'flowschemas.flowcontrol.apiserver.k8s.io': WHOLE,
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': WHOLE,
  'resourceclaims.resource.k8s.io': ALL,
}

/** Who writes a status of these does not manage the metadata that comes with it, whatever it is: GetResetFields. */
const METADATA_IS_NOBODYS: ReadonlySet<string> = new Set([
  'volumeattachments.storage.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'flowschemas.flowcontrol.apiserver.k8s.io',
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
])

export const ownsMetadata = (resource: string): boolean => !METADATA_IS_NOBODYS.has(resource)

/** Who writes a status of these manages the metadata that came with it, though it is not written. */
const KEPT_LATE: ReadonlySet<string> = new Set(['servicecidrs.networking.k8s.io', 'resourceclaims.resource.k8s.io'])

export const isKeptLate = (resource: string): boolean => KEPT_LATE.has(resource)

/** Puts back, in place, the metadata that the writer of a status does not write. */
export function keepMetadata(resource: string, object: Draft<KubeObject>, old: KubeObject): void {
  const metadata = object.metadata as JsonObject
  for (const field of KEPT[resource] ?? []) {
    const value = old.metadata[field]
    if (value === undefined) delete metadata[field]
    else metadata[field] = value
  }
}
