import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where running clusters are listed: `$XDG_STATE_HOME/shoal`, `~/.local/state/shoal`. */
export function stateDirectory(): string {
  return join(process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'shoal')
}

/** Where a cluster keeps its objects unless told otherwise: `$XDG_DATA_HOME/shoal`, `~/.local/share/shoal`. */
export function defaultDataDirectory(): string {
  return join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'shoal')
}
