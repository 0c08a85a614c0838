import type { OwnerReference } from '../api/generated/meta-v1.ts'
import type { KubeObject } from '../api/object.ts'

/** The reference by which `owner` manages an object: deleting it in the foreground waits for the object. */
export function controllerReference(owner: KubeObject): OwnerReference {
  const { apiVersion, kind, metadata } = owner
  return { apiVersion, kind, name: metadata.name!, uid: metadata.uid!, controller: true, blockOwnerDeletion: true }
}
