import type { Draft } from '../../api/draft.ts'
import { semanticallyEqual } from '../../api/meta/equal.ts'
import type { KubeObject } from '../../api/object.ts'
import type { RequestContext } from './request.ts'

/** Takes owner references that stand twice out of `object`, in place, with Kubernetes' warning; `when` says what came before. */
export function dropRepeatedOwners(
  { warn }: Pick<RequestContext, 'warn'>,
  { metadata }: Draft<KubeObject>,
  when: 'as sent' | 'after mutation',
): void {
  const owners = metadata.ownerReferences
  if (owners === undefined || owners.length < 2) return
  const isFirst = (one: unknown, i: number) => owners.findIndex((other) => semanticallyEqual(other, one)) === i
  const kept = owners.filter(isFirst)
  if (kept.length === owners.length) return
  const repeated = owners.filter((one, i) => !isFirst(one, i)).map(({ uid }) => uid)
  metadata.ownerReferences = kept
  const how = when === 'as sent' ? '' : ' after mutating admission happens'
  warn(
    `.metadata.ownerReferences contains duplicate entries${how}; API server dedups owner references in 1.20+, and may ` +
      `reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.join(', ')}`,
  )
}
