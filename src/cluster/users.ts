import type { UserInfo } from '../apiserver/verbs/request.ts'

/** Who the parts of the cluster are to the API server: the users that Kubernetes gives them. */
export const ADMIN: UserInfo = userInfo('kubernetes-admin', ['system:masters'])
export const SCHEDULER = 'system:kube-scheduler'

/** A user with the groups that authentication would find for it. */
export function userInfo(name: string, groups: readonly string[] = groupsOf(name)): UserInfo {
  return { name, groups: [...groups, 'system:authenticated'] }
}

/** The user of a node's agent. */
export function nodeUser(nodeName: string): UserInfo {
  return userInfo(`system:node:${nodeName}`, ['system:nodes'])
}

/** Service accounts belong to two groups by their name alone. */
function groupsOf(name: string): readonly string[] {
  const [, , namespace] = /^(system:serviceaccount):([^:]+):/.exec(name) ?? []
  return namespace === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
}
