import { convert } from '../../api/conversion/convert.ts'
import type { Draft } from '../../api/draft.ts'
import type { KubeObject } from '../../api/object.ts'
import { apiVersionOf } from '../../api/resource-type.ts'
import { carryEmpties, dropEmpties, holdsEmpties } from '../../api/schema/empty-values.ts'
import { schemaOf } from '../../api/schema/schema.ts'
import type { Environment } from '../../env/environment.ts'
import { deepFreeze } from '../../store/freeze.ts'
import type { Store } from '../../store/store.ts'
import { convertByWebhook, webhookOf } from '../custom/webhook-conversion.ts'
import type { ServedResource } from './served-resource.ts'

type Cache = WeakMap<KubeObject, KubeObject>

/** What asking a webhook needs of an engine. */
interface Converting {
  readonly environment: Environment
  readonly store: Store
}

/** Converted objects by the version asked for, each made once and kept as long as the stored object is. */
const builtIn = new Map<string, Cache>()
/** The same of custom resources, kept no longer than the definition that says how they are converted. */
const custom = new WeakMap<KubeObject, Map<string, Cache>>()

/**
 * The stored object in the version of `resource`: itself where that is how it is stored, else the one converted copy that
 * everyone shares. What a webhook converts must have been asked for before, by {@link fetchServed}.
 */
export function toServed(resource: ServedResource, object: KubeObject): KubeObject {
  if (isServedForm(resource, object)) return object
  const cache = cacheOf(resource)
  let converted = cache.get(object)
  if (converted === undefined) {
    if (convertsByWebhook(resource))
      throw new Error(`${object.kind} ${object.metadata.name ?? ''} was not converted before`)
    converted = deepFreeze(convert(object, { ...resource.storageType, ...versionOf(object) }, resource.type))
    cache.set(object, converted)
  }
  return converted
}

/** A served object in the version that its resource is stored in; the same object where a webhook must be asked for that. */
export function toStored(resource: ServedResource, object: KubeObject): KubeObject {
  if (resource.type === resource.storageType || convertsByWebhook(resource)) return object
  return carryEmpties(object, convert(object, resource.type, resource.storageType))
}

/** Brings an object, in its stored version, into the form in which a store gives it back. */
export function settleEmpties({ definition, storageType }: ServedResource, object: Draft<KubeObject>): void {
  if (definition === undefined && holdsEmpties(object)) dropEmpties(schemaOf(storageType.definition), object)
}

/** Whether a webhook converts between the version served and the one stored: it is then written in the one served. */
export function convertsByWebhook({ type, storageType, definition }: ServedResource): boolean {
  return (
    definition !== undefined && (type !== storageType || hasOlder(definition)) && webhookOf(definition) !== undefined
  )
}

/** Objects of earlier storage versions may lie in the store. */
function hasOlder(definition: KubeObject): boolean {
  const { status } = definition as { readonly status?: { readonly storedVersions?: readonly string[] } }
  return (status?.storedVersions ?? []).length > 1
}

/**
 * Has a webhook convert what is not known in the version of `resource` yet, so that {@link toServed} finds it; undefined
 * where nothing is to be waited for.
 */
export function fetchServed(
  engine: Converting,
  resource: ServedResource,
  objects: readonly KubeObject[],
): Promise<void> | undefined {
  if (!convertsByWebhook(resource)) return undefined
  const cache = cacheOf(resource)
  const missing = objects.filter((object) => !isServedForm(resource, object) && !cache.has(object))
  return missing.length === 0 ? undefined : fetchInto(cache, engine, resource, missing)
}

async function fetchInto(cache: Cache, engine: Converting, resource: ServedResource, objects: readonly KubeObject[]) {
  const context = { environment: engine.environment, head: engine.store.head() }
  const converted = await convertByWebhook(context, resource.definition as KubeObject, objects, resource.type)
  objects.forEach((object, i) => cache.set(object, deepFreeze(converted[i] as KubeObject)))
}

/** {@link toServed} of one object, waiting for a webhook where one must be asked. */
export function servedForm(
  engine: Converting,
  resource: ServedResource,
  object: KubeObject,
): KubeObject | Promise<KubeObject> {
  const waiting = fetchServed(engine, resource, [object])
  return waiting === undefined ? toServed(resource, object) : waiting.then(() => toServed(resource, object))
}

/** What a write that a webhook converts leaves in the store; undefined where the object has its stored form already. */
export function storedByWebhook(
  engine: Converting,
  resource: ServedResource,
  object: KubeObject,
): Promise<KubeObject> | undefined {
  if (resource.type === resource.storageType || !convertsByWebhook(resource)) return undefined
  const context = { environment: engine.environment, head: engine.store.head() }
  const converted = convertByWebhook(context, resource.definition as KubeObject, [object], resource.storageType)
  return converted.then(([one]) => one as KubeObject)
}

/** Built-in kinds have one stored version; of a definition's objects some may be of an earlier one. */
function isServedForm(resource: ServedResource, object: KubeObject): boolean {
  if (resource.definition === undefined) return resource.type === resource.storageType
  return object.apiVersion === apiVersionOf(resource.type)
}

function versionOf({ apiVersion }: KubeObject): { readonly version: string } {
  return { version: apiVersion.slice(apiVersion.indexOf('/') + 1) }
}

function cacheOf({ type, definition }: ServedResource): Cache {
  const apiVersion = apiVersionOf(type)
  let caches = builtIn
  if (definition !== undefined) {
    caches = custom.get(definition) ?? new Map<string, Cache>()
    custom.set(definition, caches)
  }
  let cache = caches.get(apiVersion)
  if (cache === undefined) caches.set(apiVersion, (cache = new WeakMap()))
  return cache
}
