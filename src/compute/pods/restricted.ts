import type { PodSpec, SecurityContext } from '../../api/generated/core-v1.ts'

/** The user of the stock Node image that is not root. */
const NODE_USER = 1000

/**
 * What the pods of a run may do on a cluster elsewhere: nothing beyond their own work. Meets the `restricted` Pod Security
 * Standard. Files of Secrets belong to the group, since the user is not root.
 */
export const RESTRICTED_POD = {
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  securityContext: {
    runAsNonRoot: true,
    runAsUser: NODE_USER,
    runAsGroup: NODE_USER,
    fsGroup: NODE_USER,
    seccompProfile: { type: 'RuntimeDefault' },
  },
} satisfies Partial<PodSpec>

export const RESTRICTED_CONTAINER: SecurityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
}

/** Read by their owner and group, and by nobody else. */
export const SECRET_FILE_MODE = 0o440

export const TRUST_DIRECTORY = '/trust'
export const SCRATCH_DIRECTORY = '/scratch'
