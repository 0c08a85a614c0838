import { required } from '../../api/meta/field-error.ts'
import type { Writer } from '../../api/patch/managed-fields.ts'
import type { PatchOptions, WriteOptions } from '../../client/client.ts'
import { formatTime } from '../../env/clock.ts'
import { REQUESTS } from '../certificates/requests.ts'
import type { Engine } from './engine.ts'
import { invalidOptions } from './failure.ts'
import type { RequestContext } from './request.ts'
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
    hasStatus: strategy.hasStatus,
    ...(storage === REQUESTS && subresource === undefined && { resets: ['f:spec'] }),
    ...(subresource !== undefined && { subresource }),
  }
}

/** Server-side apply has to say who applies. */
export function applyManager({ fieldManager }: PatchOptions): string {
  if (fieldManager) return fieldManager
  throw invalidOptions('PatchOptions', [required('fieldManager', 'is required for apply patch')])
}
