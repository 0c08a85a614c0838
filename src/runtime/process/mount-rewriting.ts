import type { Mount } from '../runtime.ts'

/**
 * Where there are no mount namespaces, a volume is where it is on the host: its path is put in place of the mount path
 * wherever a command, an argument or a variable names it (`/etc/config`, `--file=/etc/config/a`, `/a:/etc/config`).
 */
export function rewriteMountPaths(text: string, mounts: readonly Pick<Mount, 'hostPath' | 'containerPath'>[]): string {
  // Longer paths first, so that a mount within another one wins.
  const byLength = mounts.toSorted((a, b) => b.containerPath.length - a.containerPath.length)
  if (byLength.length === 0) return text
  const paths = byLength.map(({ containerPath }) => RegExp.escape(containerPath.replace(/\/$/, '')))
  const pattern = new RegExp(`(?<![\\w./-])(${paths.join('|')})(?![\\w.-])`, 'g')
  return text.replace(pattern, (found) => {
    const mount = byLength.find(({ containerPath }) => containerPath.replace(/\/$/, '') === found)
    return mount ? mount.hostPath : found
  })
}
