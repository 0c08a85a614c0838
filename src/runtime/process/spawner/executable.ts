import * as fs from 'node:fs'
import * as path from 'node:path'
import type { BindMount } from './messages.ts'

/**
 * Finds what a command names, before anything is started, so that "not found" is an answer and not an exit code of a
 * shell. Looks through the container's mounts, which do not exist yet. Returns the error in the words of runc.
 */
export function executableError(
  command: string,
  searchPath: string | undefined,
  cwd: string,
  mounts: readonly BindMount[],
): string | undefined {
  const candidates = command.includes('/')
    ? [path.resolve(cwd, command)]
    : (searchPath ?? '/usr/local/bin:/usr/bin:/bin').split(':').map((folder) => path.join(folder || '.', command))
  let found = false
  for (const candidate of candidates) {
    const onHost = throughMounts(candidate, mounts)
    if (isExecutable(onHost)) return undefined
    found ||= fs.existsSync(onHost)
  }
  const cause = found
    ? 'permission denied'
    : command.includes('/')
      ? 'no such file or directory'
      : 'executable file not found in $PATH'
  return `exec: "${command}": ${cause}`
}

function throughMounts(candidate: string, mounts: readonly BindMount[]): string {
  const mount = mounts.find(({ target }) => candidate === target || candidate.startsWith(`${target}/`))
  return mount ? mount.source + candidate.slice(mount.target.length) : candidate
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK)
    return fs.statSync(file).isFile()
  } catch {
    return false
  }
}
