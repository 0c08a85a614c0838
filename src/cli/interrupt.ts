/** The exit code of a program that a signal ended: 128 and the signal's number. */
export const INTERRUPTED = 130
export const TERMINATED = 143
export const PIPE_BROKEN = 141

/**
 * Calls `onSignal` once at Ctrl-C or SIGTERM; a second signal ends the process at once, since then somebody does not want
 * to wait. Returns the way to stop listening.
 */
export function onInterrupt(onSignal: (exitCode: number) => void): () => void {
  let asked = false
  const heard = (exitCode: number) => () => {
    if (asked) process.exit(exitCode)
    asked = true
    onSignal(exitCode)
  }
  const interrupted = heard(INTERRUPTED)
  const terminated = heard(TERMINATED)
  process.on('SIGINT', interrupted)
  process.on('SIGTERM', terminated)
  process.on('SIGHUP', terminated)
  return () => {
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', terminated)
    process.off('SIGHUP', terminated)
  }
}

/**
 * Calls `onBroken` once when nobody reads standard output any more, as after `| head -1`. What is written to standard error
 * after its reader has gone is dropped: it was for people to see.
 */
export function onBrokenPipe(onBroken: (exitCode: number) => void): void {
  let broken = false
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (!broken) onBroken(PIPE_BROKEN)
    broken = true
  })
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}
