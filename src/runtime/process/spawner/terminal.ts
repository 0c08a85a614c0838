import { execFile } from 'node:child_process'
import * as fs from 'node:fs'
import { sleep } from '../../../env/clock.ts'
import type { Timers } from '../../../env/clock.ts'

/** Words that run a command on a terminal of its own; see `runInTerminal`. */
export type Quote = (word: string) => string

/**
 * The command line that runs `argv` on a pseudoterminal. Node cannot make one (that needs `ioctl`), so util-linux' `script`
 * does: it copies between its own streams and the terminal, ends as the command ends, and hands SIGTERM on.
 */
export function runInTerminal(script: string, argv: readonly string[], quote: Quote): string[] {
  return [
    script,
    '--quiet',
    '--flush',
    '--return',
    '--echo',
    'always',
    '--command',
    `exec ${argv.map(quote).join(' ')}`,
    '/dev/null',
  ]
}

/** `script` may not have made its terminal yet when the first size comes. */
const TRIES = 100
const PAUSE_MS = 10

/** Sets the size of the terminal that the `script` of `pid` made; whoever runs on it gets SIGWINCH. */
export async function resizeTerminal(timers: Timers, pid: number, columns: number, rows: number): Promise<void> {
  for (let tries = 0; tries < TRIES && fs.existsSync(`/proc/${pid}`); tries++) {
    const terminal = terminalOf(pid)
    if (terminal !== undefined) return await stty(terminal, columns, rows)
    await sleep(timers, PAUSE_MS)
  }
}

function terminalOf(pid: number): string | undefined {
  try {
    const [child] = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ')
    if (!child) return undefined
    const file = `/proc/${child}/fd/0`
    return fs.readlinkSync(file).startsWith('/dev/pts/') ? file : undefined
  } catch {
    return undefined
  }
}

function stty(terminal: string, columns: number, rows: number): Promise<void> {
  return new Promise((resolve) => {
    execFile('stty', ['-F', terminal, 'cols', String(columns), 'rows', String(rows)], () => resolve())
  })
}
