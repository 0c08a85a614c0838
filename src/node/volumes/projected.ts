import type {
  DownwardAPIVolumeFile,
  Pod,
  ServiceAccountTokenProjection,
  Volume,
  VolumeProjection,
} from '../../api/generated/core-v1.ts'
import type { Client } from '../../client/client.ts'
import { VolumeError } from '../config-error.ts'
import { podField, resourceField } from '../pod-fields.ts'
import type { FieldFacts } from '../pod-fields.ts'
import { configMapData, secretData } from '../pod-sources.ts'
import type { PodTokens } from './pod-tokens.ts'
import type { VolumeFile } from './volume-files.ts'
import { DEFAULT_MODE, filesOf } from './volume-files.ts'

export interface VolumeContext {
  readonly client: Client
  readonly pod: Pod
  readonly facts: FieldFacts
  readonly tokens: PodTokens
}

/** The files of a volume whose content comes from the API; undefined for other sorts of volume. */
export async function apiFiles(context: VolumeContext, volume: Volume): Promise<readonly VolumeFile[] | undefined> {
  const { configMap, secret, downwardAPI, projected } = volume
  if (configMap !== undefined) return await source(context, { configMap }, configMap.defaultMode ?? DEFAULT_MODE)
  if (secret !== undefined) {
    const { secretName, ...rest } = secret
    const renamed = { ...rest, ...(secretName !== undefined && { name: secretName }) }
    return await source(context, { secret: renamed }, secret.defaultMode ?? DEFAULT_MODE)
  }
  if (downwardAPI !== undefined) return await source(context, { downwardAPI }, downwardAPI.defaultMode ?? DEFAULT_MODE)
  if (projected === undefined) return undefined
  const mode = projected.defaultMode ?? DEFAULT_MODE
  return (await Promise.all((projected.sources ?? []).map((each) => source(context, each, mode)))).flat()
}

async function source(context: VolumeContext, from: VolumeProjection, mode: number): Promise<readonly VolumeFile[]> {
  if (from.configMap !== undefined) return await fromMap(context, 'configmap', configMapData, from.configMap, mode)
  if (from.secret !== undefined) return await fromMap(context, 'secret', secretData, from.secret, mode)
  if (from.downwardAPI !== undefined) return (from.downwardAPI.items ?? []).map((item) => downward(context, item, mode))
  if (from.serviceAccountToken !== undefined) return [await token(context, from.serviceAccountToken, mode)]
  throw new VolumeError('projected volume source is not supported')
}

/** The kubelet's words for a key that is not there. */
const MISSING_KEY = {
  configmap: 'configmap references non-existent config key',
  secret: 'references non-existent secret key',
} as const

async function fromMap(
  { client, pod }: VolumeContext,
  description: keyof typeof MISSING_KEY,
  read: typeof configMapData,
  from: NonNullable<VolumeProjection['configMap']>,
  mode: number,
): Promise<readonly VolumeFile[]> {
  const name = from.name ?? ''
  const optional = from.optional === true
  const data = await read(client, pod.metadata.namespace ?? '', name)
  if (data !== undefined) return filesOf(data, from.items, mode, { missingKey: MISSING_KEY[description], optional })
  if (optional) return []
  throw new VolumeError(`${description} "${name}" not found`)
}

function downward({ pod, facts }: VolumeContext, item: DownwardAPIVolumeFile, mode: number): VolumeFile {
  const { fieldRef, resourceFieldRef } = item
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]
  const container = containers.find(({ name }) => name === resourceFieldRef?.containerName)
  const text =
    fieldRef !== undefined
      ? (podField(pod, fieldRef.fieldPath, facts) ?? '')
      : resourceFieldRef !== undefined && container !== undefined
        ? resourceField(container, resourceFieldRef.resource, resourceFieldRef.divisor, facts)
        : ''
  return { path: item.path, bytes: text, mode: item.mode ?? mode }
}

async function token(
  { pod, tokens }: VolumeContext,
  projection: ServiceAccountTokenProjection,
  mode: number,
): Promise<VolumeFile> {
  const bytes = await tokens.tokenFor(pod, projection)
  const user = soleUserOf(pod)
  const isPrivate = user !== undefined || pod.spec?.securityContext?.fsGroup !== undefined
  return { path: projection.path, bytes, mode: isPrivate ? 0o600 : mode, ...(user !== undefined && { user }) }
}

/** The user that all the pod's containers run as, if there is one: only it may read the pod's tokens. */
function soleUserOf({ spec }: Pod): number | undefined {
  const all = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])]
  const users = new Set(all.map(({ securityContext: own }) => own?.runAsUser ?? spec?.securityContext?.runAsUser))
  return users.size === 1 ? [...users][0] : undefined
}
