import type { WriteOptions } from '../../client/client.ts'
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
