import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** What tests run on real container engines, by the package of Debian's that has it. */
const WANTED: Readonly<Record<string, readonly string[]>> = {
  'docker.io': ['dockerd'],
  containerd: ['containerd'],
  runc: ['runc'],
  'containernetworking-plugins': ['/usr/lib/cni/bridge'],
  'docker-registry': ['docker-registry'],
  'busybox-static': ['busybox'],
  iptables: ['iptables'],
  nftables: ['nft'],
}

const FOLDERS = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin']

/** The packages of which something is not there; `isThere` is asked for whole paths. */
export function missingPackages(isThere: (file: string) => boolean = existsSync): readonly string[] {
  const has = (name: string) =>
    name.startsWith('/') ? isThere(name) : FOLDERS.some((folder) => isThere(join(folder, name)))
  return Object.keys(WANTED).filter((name) => !(WANTED[name] ?? []).every(has))
}

const MOST_MS = 5 * 60_000
/**
 * Machines without a network are to know soon; files that somebody has changed stay, and nobody is asked; and where another
 * program installs something it is waited for.
 */
const OPTIONS = [
  'Acquire::Retries=0',
  'Acquire::http::Timeout=10',
  'Acquire::https::Timeout=10',
  'Dpkg::Options::=--force-confdef',
  'Dpkg::Options::=--force-confold',
  'DPkg::Lock::Timeout=120',
].flatMap((option) => ['-o', option])

function apt(...args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const stdio = ['ignore', 'ignore', 'ignore'] as const
  return spawnSync('apt-get', ['-y', ...OPTIONS, ...args], { env, stdio: [...stdio], timeout: MOST_MS }).status === 0
}

/** Why nothing is installed here; undefined where it may be. */
export function whyNot(missing: readonly string[], isRoot: boolean, isDebian: boolean): string | undefined {
  if (missing.length === 0 || (isRoot && isDebian)) return undefined
  const command = `sudo apt-get install ${missing.join(' ')}`
  const because = isDebian ? 'only root may install them' : 'this is no Debian'
  return `engines: ${missing.join(', ')} not found and ${because}: their tests are skipped. By hand: ${command}`
}

/**
 * Before the tests: on Debian, as root, installs the engines that are missing. `SHOAL_ENGINES=none` leaves the machine as it
 * is. Where they cannot be had, the tests that need them are skipped and name the command.
 */
function main(): void {
  const missing = missingPackages()
  if (missing.length === 0 || process.env['SHOAL_ENGINES'] === 'none') return
  if (process.platform !== 'linux') return
  const refusal = whyNot(missing, process.getuid?.() === 0, existsSync('/etc/debian_version'))
  if (refusal !== undefined) return console.error(refusal)
  console.error(`engines: installing ${missing.join(' ')}`)
  const install = () => apt('install', '--no-install-recommends', ...missing)
  if (install() || (apt('update') && install())) return
  console.error(
    `engines: cannot install them; their tests are skipped. By hand: sudo apt-get install ${missing.join(' ')}`,
  )
}

if (import.meta.main) main()
