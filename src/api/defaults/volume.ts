import type { Draft } from '../draft.ts'
import type { DownwardAPIVolumeFile, ProjectedVolumeSource, Volume } from '../generated/core-v1.ts'
import { defaultNetworkVolumes } from './network-volumes.ts'
import { defaultClaimSpec } from './storage.ts'
import { setDefaults, setDefaultsOfZero } from './set-default.ts'

const FILE_MODE = 0o644

/** A volume without a source is an emptyDir. */
export function defaultVolume(volume: Draft<Volume>): void {
  if (Object.keys(volume).every((key) => key === 'name')) volume.emptyDir = {}
  if (volume.configMap) setDefaults(volume.configMap, { defaultMode: FILE_MODE })
  if (volume.secret) setDefaults(volume.secret, { defaultMode: FILE_MODE })
  if (volume.hostPath) setDefaults(volume.hostPath, { type: '' })
  if (volume.downwardAPI) {
    setDefaults(volume.downwardAPI, { defaultMode: FILE_MODE })
    volume.downwardAPI.items?.forEach(defaultDownwardFile)
  }
  if (volume.projected) defaultProjected(volume.projected)
  if (volume.ephemeral?.volumeClaimTemplate) defaultClaimSpec(volume.ephemeral.volumeClaimTemplate.spec)
  defaultNetworkVolumes(volume)
}

function defaultProjected(projected: Draft<ProjectedVolumeSource>): void {
  setDefaults(projected, { defaultMode: FILE_MODE })
  for (const source of projected.sources ?? []) {
    source.downwardAPI?.items?.forEach(defaultDownwardFile)
    if (source.serviceAccountToken) setDefaults(source.serviceAccountToken, { expirationSeconds: 3600 })
  }
}

function defaultDownwardFile(file: Draft<DownwardAPIVolumeFile>): void {
  if (file.fieldRef) setDefaultsOfZero(file.fieldRef, { apiVersion: 'v1' })
  if (file.resourceFieldRef) setDefaults(file.resourceFieldRef, { divisor: '0' })
}
