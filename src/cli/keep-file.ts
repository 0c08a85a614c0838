import { IN_WORDS } from '../cluster/data-directory.ts'
import { CliError } from './cli-error.ts'

/** Writes a file that a command keeps, or says in a CliError which it is, why it cannot be and, with `hint`, what to do. */
export function keepFile(what: string, file: string, write: () => void, hint: string): void {
  try {
    write()
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    const current = IN_WORDS[code] ?? code
    if (current === '') throw error
    const message = `Cannot write the ${what} "${file}": ${current}, expected a file that this user may write`
    throw new CliError('CLI_FILE', message, hint, { cause: error })
  }
}
