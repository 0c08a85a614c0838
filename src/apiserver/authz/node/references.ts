import type { Container, EphemeralContainer, PersistentVolume, Pod, Volume } from '../../../api/generated/core-v1.ts'

/** What pods need at their node, as the node authorizer tells them apart. */
export type Needed = 'secrets' | 'configmaps' | 'persistentvolumeclaims' | 'serviceaccounts' | 'resourceclaims'

/** A reference to something in a namespace. */
export interface NamespacedName {
  readonly namespace: string
  readonly name: string
}

const MIRROR = 'kubernetes.io/config.mirror'

/**
 * Whether a pod names an object of its namespace: by Kubernetes' rule its node may then read it. Mirror pods give nothing, since
 * nodes make them by themselves.
 */
export function refersTo(pod: Pod, resource: Needed, name: string): boolean {
  if (pod.metadata?.annotations?.[MIRROR] !== undefined) return false
  for (const each of namesOf(pod, resource)) if (each === name) return true
  return false
}

/** What a pod names of its namespace, mirror or not. */
export function* namesOf(pod: Pod, resource: Needed): Iterable<string> {
  for (const name of REFERENCES[resource](pod)) if (name) yield name
}

const REFERENCES: Readonly<Record<Needed, (pod: Pod) => Iterable<string | undefined>>> = {
  secrets: secretNames,
  configmaps: configMapNames,
  persistentvolumeclaims: claimNames,
  serviceaccounts: ({ spec }) => [spec?.serviceAccountName],
  resourceclaims: resourceClaimNames,
}

function* containersOf({ spec }: Pod): Iterable<Container | EphemeralContainer> {
  yield* spec?.initContainers ?? []
  yield* spec?.containers ?? []
  yield* spec?.ephemeralContainers ?? []
}

function* secretNames(pod: Pod): Iterable<string | undefined> {
  for (const { name } of pod.spec?.imagePullSecrets ?? []) yield name
  for (const { env, envFrom } of containersOf(pod)) {
    for (const { secretRef } of envFrom ?? []) yield secretRef?.name
    for (const { valueFrom } of env ?? []) yield valueFrom?.secretKeyRef?.name
  }
  for (const volume of pod.spec?.volumes ?? []) yield* secretsOfVolume(volume)
}

function* secretsOfVolume(volume: Volume): Iterable<string | undefined> {
  yield volume.secret?.secretName
  for (const { secret } of volume.projected?.sources ?? []) yield secret?.name
  yield volume.azureFile?.secretName
  yield volume.csi?.nodePublishSecretRef?.name
  const { cephfs, cinder, flexVolume, rbd, scaleIO, iscsi, storageos } = volume
  for (const source of [cephfs, cinder, flexVolume, rbd, scaleIO, iscsi, storageos]) yield source?.secretRef?.name
}

function* configMapNames(pod: Pod): Iterable<string | undefined> {
  for (const { env, envFrom } of containersOf(pod)) {
    for (const { configMapRef } of envFrom ?? []) yield configMapRef?.name
    for (const { valueFrom } of env ?? []) yield valueFrom?.configMapKeyRef?.name
  }
  for (const { configMap, projected } of pod.spec?.volumes ?? []) {
    yield configMap?.name
    for (const source of projected?.sources ?? []) yield source.configMap?.name
  }
}

/** The claims of a pod's volumes; those of ephemeral volumes are named after pod and volume. */
export function* claimNames({ metadata, spec }: Pod): Iterable<string> {
  for (const { name, persistentVolumeClaim, ephemeral } of spec?.volumes ?? []) {
    if (persistentVolumeClaim !== undefined) yield persistentVolumeClaim.claimName
    else if (ephemeral !== undefined) yield `${metadata?.name}-${name}`
  }
}

function* resourceClaimNames({ spec, status }: Pod): Iterable<string | undefined> {
  for (const { resourceClaimName } of spec?.resourceClaims ?? []) yield resourceClaimName
  for (const { resourceClaimName } of status?.resourceClaimStatuses ?? []) yield resourceClaimName
  yield status?.extendedResourceClaimStatus?.resourceClaimName
}

/** The secrets that a kubelet needs to mount a volume; those for controllers are not among them. */
export function* secretsOfPersistentVolume({ spec }: PersistentVolume): Iterable<NamespacedName> {
  const claimNamespace = spec?.claimRef?.namespace ?? ''
  const { azureFile, csi } = spec ?? {}
  if (azureFile !== undefined) {
    yield { namespace: azureFile.secretNamespace || claimNamespace, name: azureFile.secretName }
  }
  for (const source of [spec?.cephfs, spec?.flexVolume, spec?.rbd, spec?.scaleIO, spec?.iscsi]) {
    yield* named(source?.secretRef, claimNamespace)
  }
  for (const source of [spec?.cinder, spec?.storageos]) yield* named(source?.secretRef, '')
  for (const ref of [csi?.nodePublishSecretRef, csi?.nodeStageSecretRef, csi?.nodeExpandSecretRef])
    yield* named(ref, '')
}

function* named(
  ref: { readonly namespace?: string; readonly name?: string } | undefined,
  otherwise: string,
): Iterable<NamespacedName> {
  if (ref?.name) yield { namespace: ref.namespace || otherwise, name: ref.name }
}
