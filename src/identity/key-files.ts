import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Environment } from '../env/environment.ts'
import { makeDirectory } from '../env/make-directory.ts'
import { createAuthority, isCurrent, loadAuthority } from './authority.ts'
import type { Authority, KeyPair } from './authority.ts'
import { createTokenKey } from './json-web-token.ts'
import type { TokenKey } from './json-web-token.ts'
import { createPortableKeys } from './portable-keys.ts'
import type { KeyObjects } from './portable-keys.ts'

/** Who a cluster is and whom it trusts: kept between its runs where it has a directory. */
export interface ClusterIdentity {
  readonly authority: Authority
  readonly serviceAccountKey: TokenKey
  /** The API server's own certificate for `hosts`; the one kept is used while it is current and covers them. */
  server(hosts: readonly string[]): KeyPair
  /** A client certificate, kept under `file` and issued again when it is about to expire. */
  client(file: string, user: string, groups: readonly string[]): KeyPair
  /** The same with a key that client libraries of every language read: `keys`, where a new one is needed, or others. */
  portableClient(file: string, user: string, groups: readonly string[], keys?: Promise<KeyObjects>): Promise<KeyPair>
}

/** The names that pods and people use for the API server. */
export const SERVER_HOSTS = [
  'localhost',
  '127.0.0.1',
  '::1',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  '10.96.0.1',
] as const

/**
 * The identity kept in `directory` (created with mode 0700, its files with 0600), or a new one that lives in memory only.
 * Nothing is made before it is asked for.
 */
export function openClusterIdentity(environment: Environment, directory?: string): ClusterIdentity {
  const files = directory === undefined ? undefined : keyFiles(directory)
  let authority: Authority | undefined
  let serviceAccountKey: TokenKey | undefined
  const own = () => (authority ??= openAuthority(environment, files))
  const current = (file: string, hosts: readonly string[]): KeyPair | undefined => {
    const known = files?.readPair(file)
    return known !== undefined && isCurrent(known, own(), environment.clock.now(), hosts) ? known : undefined
  }
  const keep = (file: string, pair: KeyPair): KeyPair => {
    files?.writePair(file, pair)
    return pair
  }
  return {
    get authority() {
      return own()
    },
    get serviceAccountKey() {
      return (serviceAccountKey ??= openTokenKey(files))
    },
    server: (hosts) => current('apiserver', hosts) ?? keep('apiserver', own().issueServer('kube-apiserver', hosts)),
    client: (file, user, groups) => current(file, []) ?? keep(file, own().issueClient(user, groups)),
    portableClient: async (file, user, groups, keys) =>
      current(file, []) ?? keep(file, own().issueClient(user, groups, await (keys ?? createPortableKeys()))),
  }
}

/** Everything else is issued again by what lasts. */
const LASTING = { flushed: true }

function openAuthority(environment: Environment, files: KeyFiles | undefined): Authority {
  const known = files?.readPair('ca')
  if (known !== undefined) return loadAuthority(environment, known)
  const authority = createAuthority(environment, 'kubernetes')
  files?.writePair('ca', authority, LASTING)
  return authority
}

function openTokenKey(files: KeyFiles | undefined): TokenKey {
  const known = files?.read('sa.key')
  const key = createTokenKey(known)
  if (known === undefined) files?.write('sa.key', key.privateKeyPem, LASTING)
  return key
}

type KeyFiles = ReturnType<typeof keyFiles>

function keyFiles(directory: string) {
  const read = (file: string): string | undefined => {
    try {
      return readFileSync(join(directory, file), 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }
  const write = (file: string, content: string, how?: { readonly flushed: boolean }) =>
    writePrivateFile(join(directory, file), content, how)
  return {
    read,
    write,
    readPair(name: string): KeyPair | undefined {
      const certificate = read(`${name}.crt`)
      const key = read(`${name}.key`)
      return certificate === undefined || key === undefined ? undefined : { certificate, key }
    },
    writePair(name: string, pair: KeyPair, how?: { readonly flushed: boolean }): void {
      write(`${name}.key`, pair.key, how)
      write(`${name}.crt`, pair.certificate, how)
    },
  }
}

/**
 * Writes a file that only its owner may read, whole or not at all. One that is `flushed` survives a power cut from then on, as what
 * it signs does.
 */
export function writePrivateFile(file: string, content: string, { flushed = false } = {}): void {
  const directory = dirname(file)
  makeDirectory(directory, 0o700)
  const temporary = `${file}.${process.pid}`
  writeFileSync(temporary, content, { mode: 0o600, flush: flushed })
  renameSync(temporary, file)
  if (flushed) for (const each of [directory, dirname(directory)]) flushDirectory(each)
}

/** What a directory names lasts only when the directory is flushed too; not every file system lets that be asked for. */
function flushDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    closeSync(descriptor)
  }
}
