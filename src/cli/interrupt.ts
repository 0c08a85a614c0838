/** The exit code of a program that a signal ended: 128 and the signal's number. */
export const INTERRUPTED = 130
export const TERMINATED = 143

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
