import { ComputeError } from '../errors.ts'

/** What an array job runs. */
export interface ArrayJobOptions {
  /** The Job's name. Default: a new one. With a name, a program that is started again finds the Job that it had started. */
  readonly name?: string
  readonly image: string
  /** In place of the image's entry point. `$(JOB_COMPLETION_INDEX)` and `$(SHOAL_INPUT)` are replaced in it, as in `args`. */
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /**
   * One for each index, in a file whose path is in `SHOAL_INPUT`: texts and bytes as they are, anything else as JSON. At the
   * most 900 kB each, 32 MB together; larger ones belong into a volume or an object store, and their names in here.
   */
  readonly inputs?: readonly unknown[]
  /** How many indexes, where there are no inputs. */
  readonly count?: number
  /** Whether to bring the files home that a container leaves in the directory named by `SHOAL_OUTPUT`; 7 MB for each index. */
  readonly collect?: boolean
  /** How many run at once; default all. */
  readonly parallelism?: number
  /** Further attempts for an index that fails; default 0. */
  readonly retries?: number
  /** From the start of the Job to its end, in seconds. */
  readonly deadlineSeconds?: number
  /** Kubernetes quantities that each container asks for and is limited to, such as `{ cpu: '500m', memory: '256Mi' }`. */
  readonly resources?: Readonly<Record<string, string>>
  /** Ends the waiting, not the Job. */
  readonly signal?: AbortSignal
}

/** How many indexes there are. Throws where the options do not say, or contradict themselves. */
export function countOf({ name = 'unnamed', inputs, count = inputs?.length }: ArrayJobOptions): number {
  if (
    count !== undefined &&
    Number.isInteger(count) &&
    count > 0 &&
    (inputs === undefined || inputs.length === count)
  ) {
    return count
  }
  const current = `there are ${inputs?.length ?? 'no'} inputs and count is ${count ?? 'not given'}`
  const message = `Cannot start array job "${name}": ${current}, expected one or more inputs, or a count`
  throw new ComputeError('SHOAL_ARRAY_JOB', message, { hint: 'give inputs, or a count, or both of one length' })
}
