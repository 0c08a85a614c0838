import { makeDirectory } from '../env/make-directory.ts'
import { ClusterError } from './cluster-error.ts'

/**
 * Makes the data directory, which only its user may enter, where it is not there yet. Throws a {@link ClusterError} where that
 * cannot be.
 */
export function makeDataDirectory(directory: string): void {
  try {
    makeDirectory(directory, 0o700)
  } catch (error) {
    throw unusableDirectory(error, directory)
  }
}

/** What a code of the system says of a file or directory, such as `ENOSPC`. */
export const IN_WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EEXIST: 'it is a file',
  ENOENT: 'no directory can be made there',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is a file',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
}

/** What the system says of the directory, as a {@link ClusterError}; any other error as it is. */
export function unusableDirectory(error: unknown, directory: string): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (error instanceof ClusterError || code === undefined || !/^E[A-Z]+$/.test(code)) return error
  const current = IN_WORDS[code] ?? code
  const message = `Cannot use "${directory}" as data directory: ${current}, expected a directory that this user may write`
  const hint = 'name another with --data-dir, or run without one: --in-memory'
  return new ClusterError('CLUSTER_DATA_UNUSABLE', message, hint, { cause: error })
}
