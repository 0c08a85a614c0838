import { copyJson } from '../../api/meta/copy.ts'
import { required } from '../../api/meta/field-error.ts'
import type { Writer } from '../../api/patch/managed-fields.ts'
import { ownsMetadata } from '../../api/strategy/status-metadata.ts'
import type { PatchOptions, WriteOptions } from '../../client/client.ts'
import { formatTime } from '../../env/clock.ts'
import type { Draft } from '../../api/draft.ts'
import { convert } from '../../api/conversion/convert.ts'
import type { KubeObject } from '../../api/object.ts'
import { trackUpdate } from '../../api/patch/managed-fields.ts'
import { carryEmpties } from '../../api/schema/empty-values.ts'
import type { Entry } from '../../store/store.ts'
import { REQUESTS } from '../certificates/requests.ts'
import type { Engine } from './engine.ts'
import { invalidOptions } from './failure.ts'
import { convertsByWebhook, toServed } from './conversion.ts'
import type { CollectionTarget, RequestContext } from './request.ts'
import type { ServedResource } from './served-resource.ts'

/** Whom managed fields name for a write: the field manager asked for, else the client program's name. */
export function writerOf(
  { environment }: Engine,
  context: RequestContext,
  { strategy, storage }: ServedResource,
  options: WriteOptions,
  subresource?: string,
): Writer {
  return {
    manager: options.fieldManager || context.userAgent?.split('/', 1)[0] || 'unknown',
    time: formatTime(environment.clock.now()),
    // A range's status belongs to whoever sends one, though it is not written.
    hasStatus: strategy.hasStatus && storage !== 'servicecidrs.networking.k8s.io',
    ...(storage === REQUESTS && subresource === undefined && { resets: ['f:spec'] }),
    ...(subresource === 'status' && !ownsMetadata(storage) && { resets: ['f:metadata'] }),
    ...(subresource !== undefined && { subresource }),
  }
}

/** Server-side apply has to say who applies. */
export function applyManager({ fieldManager }: PatchOptions): string {
  if (fieldManager) return fieldManager
  throw invalidOptions('PatchOptions', [required('fieldManager', 'is required for apply patch')])
}

/**
 * Notes whose fields are whose in the version in which an object was sent, where `stored` is another one; tells whether that
 * was so. Objects of the stored version are looked at as they are written.
 */
export function trackServed(
  engine: Engine,
  context: RequestContext,
  { resource, subresource }: CollectionTarget & { readonly subresource?: string },
  stored: Draft<KubeObject>,
  entry: Entry | undefined,
  options: WriteOptions,
): boolean {
  if (resource.type === resource.storageType || convertsByWebhook(resource)) return false
  const old = entry === undefined ? undefined : toServed(resource, entry.object)
  const served = copyJson(convert(stored as KubeObject, resource.storageType, resource.type)) as Draft<KubeObject>
  carryEmpties(stored, served)
  trackUpdate(resource.schema(), served, old, writerOf(engine, context, resource, options, subresource))
  if (served.metadata.managedFields === undefined) delete stored.metadata.managedFields
  else stored.metadata.managedFields = served.metadata.managedFields
  return true
}
