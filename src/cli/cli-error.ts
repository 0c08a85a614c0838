import { CodedError } from '../env/coded-error.ts'

/** Every code of this family and what it says. The documentation lists the same. */
export const CLI_ERROR_CODES = {
  CLI_USAGE: 'The command line is not one that the command takes',
  CLI_NO_PROGRAM: 'The program to run is not there',
  CLI_PROGRAM: 'The program cannot be loaded',
  CLI_NO_RUN: 'There is no run of that name',
  CLI_NO_CLUSTER: 'There is no running cluster of that description',
  CLI_METRICS: 'Metrics cannot be served where they should be',
  CLI_FILE: 'A file that the command keeps cannot be written',
  CLI_IMAGE: 'An image cannot be built or loaded',
  CLI_DETACH: 'The detached cluster ended before it was ready',
} as const

export type CliErrorCode = keyof typeof CLI_ERROR_CODES

/** What a user of the command line did that cannot be done: a stable `code`, the next command in `hint`, an exit code. */
export class CliError extends CodedError<CliErrorCode> {
  override readonly name = 'CliError'

  /** 2 where the command line itself is wrong, else 1. */
  get exitCode(): number {
    return this.code === 'CLI_USAGE' || this.code === 'CLI_NO_PROGRAM' ? 2 : 1
  }
}
