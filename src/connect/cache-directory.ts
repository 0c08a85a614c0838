import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where worker programs, bundles and transformed modules are kept between runs: `$XDG_CACHE_HOME/shoal`, `~/.cache/shoal`. */
export function cacheDirectory(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'shoal')
}

/** Where tasks that failed are kept for `shoal replay`: `$XDG_STATE_HOME/shoal/failed`, `~/.local/state/shoal/failed`. */
export function failedDirectory(): string {
  return join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'shoal', 'failed')
}

/** Where runs that have a name keep what they have committed: `$XDG_STATE_HOME/shoal/runs`, `~/.local/state/shoal/runs`. */
export function runsDirectory(): string {
  return join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'shoal', 'runs')
}
