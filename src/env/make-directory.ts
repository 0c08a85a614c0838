import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a directory that somebody named, and those above it that are missing. Step by step, because Node's own recursive way
 * never ends below a parent that takes no directories, as `/proc`. Throws what the system says.
 */
export function makeDirectory(directory: string, mode = 0o777): void {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) return
  const parent = dirname(directory)
  if (parent !== directory && !existsSync(parent)) makeDirectory(parent, mode)
  try {
    mkdirSync(directory, { mode })
  } catch (error) {
    // Somebody else was quicker.
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) throw error
  }
}
