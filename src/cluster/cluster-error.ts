import { CodedError } from '../env/coded-error.ts'

/** Every code of this family and what it says. The documentation lists the same. */
export const CLUSTER_ERROR_CODES = {
  CLUSTER_PORT_IN_USE: 'Another program listens on the port',
  CLUSTER_PORT_REFUSED: 'The system does not let this user listen on the port',
  CLUSTER_DATA_LOCKED: 'Another cluster uses the data directory',
  CLUSTER_DATA_UNUSABLE: 'The data directory cannot be read or written',
  CLUSTER_DATA_DAMAGED: 'What the data directory holds is damaged',
  CLUSTER_OPTION: 'An option has a value that is not one of its own',
  CLUSTER_ENGINE_MISSING: 'The container engine that is to run pods is not there or does not answer',
  CLUSTER_ENDED: 'The cluster ended while something was still asked of it',
} as const

export type ClusterErrorCode = keyof typeof CLUSTER_ERROR_CODES

/** What keeps a cluster from starting or going on: a stable `code`, and in `hint` what to do next. */
export class ClusterError extends CodedError<ClusterErrorCode> {
  override readonly name = 'ClusterError'
}
