import { CodedError } from '../env/coded-error.ts'

/** Every code of this family and what it says. The documentation lists the same. */
export const CONNECT_ERROR_CODES = {
  CONNECT_KUBECONFIG: 'The kubeconfig cannot be read',
  CONNECT_NO_ANSWER: 'The API server of the named cluster does not answer',
} as const

export type ConnectErrorCode = keyof typeof CONNECT_ERROR_CODES

/** Why `connect()` has no cluster to give: a stable `code`, and in `hint` what to do next. */
export class ConnectError extends CodedError<ConnectErrorCode> {
  override readonly name = 'ConnectError'
}
