import type { ConfigMap } from '../api/generated/core-v1.ts'
import { configMaps } from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'
import { MANAGER } from './manager.ts'
import { badFile, readManifest } from './manifest.ts'

/** A ConfigMap as data: settings by name, for whoever starts pods. */
export interface KubernetesConfigMap {
  readonly name: string
  /** Texts by key. */
  readonly data: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** Creates or changes it in the cluster's namespace; resolves to the stored object. */
  apply(cluster: { readonly client: Client; readonly namespace: string }): Promise<ConfigMap>
}

/**
 * Reads a ConfigMap's manifest, YAML or JSON. Rejects with an `ObjectsError` (`OBJECTS_FILE`) where the file cannot be
 * read, is another kind's, or has data that is not text.
 *
 * @example
 * const settings = await KubernetesConfigMap.parse('settings.yaml')
 */
async function parse(file: string): Promise<KubernetesConfigMap> {
  const { kind, apiVersion, metadata, data = {} } = await readManifest(file)
  if (kind !== 'ConfigMap' || apiVersion !== 'v1') {
    throw badFile(file, `it is a ${String(apiVersion)} ${String(kind)}`, 'a v1 ConfigMap')
  }
  const name = metadata?.name
  if (name === undefined) throw badFile(file, 'it has no metadata.name', 'the name of a ConfigMap')
  for (const [key, value] of Object.entries(data as object)) {
    if (typeof value !== 'string') throw badFile(file, `data.${key} is a ${typeof value}`, 'a text, in quotes')
  }
  return configMap(name, data as Readonly<Record<string, string>>, metadata?.labels ?? {})
}

/** A ConfigMap made here, without a file. */
function of(name: string, data: Readonly<Record<string, string>>): KubernetesConfigMap {
  return configMap(name, { ...data }, {})
}

function configMap(
  name: string,
  data: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): KubernetesConfigMap {
  return {
    name,
    data,
    labels,
    apply({ client, namespace }) {
      const metadata = { name, namespace, labels }
      const patch = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }
      return client.patch(configMaps, { namespace, name }, { type: 'apply', patch }, MANAGER)
    },
  }
}

/** Reads and makes ConfigMaps. */
export const KubernetesConfigMap = { parse, of }
