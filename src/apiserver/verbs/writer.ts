import { required } from '../../api/meta/field-error.ts'
import type { PatchOptions, WriteOptions } from '../../client/client.ts'
import { invalidOptions } from './failure.ts'
import type { RequestContext } from './request.ts'

/** Whom managed fields name for a write: the field manager asked for, else the client program's name. */
export function managerOf(
  context: RequestContext,
  options: WriteOptions,
  subresource?: string,
): { readonly manager: string; readonly subresource?: string } {
  const manager = options.fieldManager || context.userAgent?.split('/', 1)[0] || 'unknown'
  return subresource === undefined ? { manager } : { manager, subresource }
}

/** Server-side apply has to say who applies. */
export function applyManager({ fieldManager }: PatchOptions): string {
  if (fieldManager) return fieldManager
  throw invalidOptions('PatchOptions', [required('fieldManager', 'is required for apply patch')])
}
