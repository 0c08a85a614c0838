import type { Draft } from '../draft.ts'
import type { RoleBinding } from '../generated/rbac-v1.ts'
import { setDefaultsOfZero } from './set-default.ts'

const RBAC = 'rbac.authorization.k8s.io'

/** RoleBindings and ClusterRoleBindings. */
export function defaultRoleBinding(binding: Draft<RoleBinding>): void {
  setDefaultsOfZero(binding.roleRef, { apiGroup: RBAC })
  for (const subject of binding.subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') setDefaultsOfZero(subject, { apiGroup: RBAC })
  }
}
