import { fault } from '../dataset/fault.ts'

/** What keeps a worker from writing `what` to a file of its own. */
export function scratchFault(what: string, path: string, cause: unknown): Error {
  const { code, message } = cause as NodeJS.ErrnoException
  const full = code === 'ENOSPC' || code === 'EDQUOT'
  return fault(
    full ? 'SHOAL_SCRATCH_FULL' : 'SHOAL_SCRATCH',
    `Cannot keep ${what} in "${path}": ${full ? 'the disk is full' : message}`,
    { path },
    'Give workers room on disk, or another place with SHOAL_SCRATCH; fewer records travel after filter() or map()',
  )
}
