import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { program } from './root.ts'

const DOWNLOAD_TIMEOUT_MS = 30_000

/**
 * What a package of Debian's puts where, in a folder of its own: downloaded once, installed nowhere. Undefined where this is no
 * Debian, or its packages cannot be reached.
 */
export function debianPackage(name: string): string | undefined {
  const cache = join(tmpdir(), `shoal-test-images-${process.getuid?.() ?? 0}`, 'packages')
  const folder = join(cache, name)
  if (existsSync(folder)) return folder
  if (program('apt-get') === undefined || program('dpkg-deb') === undefined) return undefined
  mkdirSync(cache, { recursive: true })
  const work = mkdtempSync(join(cache, 'get-'))
  const quiet = { cwd: work, stdio: 'ignore', timeout: DOWNLOAD_TIMEOUT_MS } as const
  try {
    execFileSync('apt-get', ['download', name], quiet)
    const [archive = ''] = readdirSync(work)
    execFileSync('dpkg-deb', ['-x', archive, 'content'], quiet)
    renameSync(join(work, 'content'), folder)
    return folder
  } catch {
    return existsSync(folder) ? folder : undefined
  }
}
