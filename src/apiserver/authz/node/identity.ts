import type { UserInfo } from '../../verbs/request.ts'

const USER_PREFIX = 'system:node:'
const GROUP = 'system:nodes'

/** The node that a user is by Kubernetes' rule, empty where its name does not say which; undefined for all others. */
export function nodeOf({ name, groups }: UserInfo): string | undefined {
  return name.startsWith(USER_PREFIX) && groups.includes(GROUP) ? name.slice(USER_PREFIX.length) : undefined
}
