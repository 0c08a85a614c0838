import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../', import.meta.url))
/** Built programs are kept here between runs; git ignores it. */
const cache = join(root, '.cache/go')

export const KUBERNETES_VERSION = 'v1.34.4'

const VERSION_FLAGS = [
  ['gitVersion', KUBERNETES_VERSION],
  ['gitMajor', '1'],
  ['gitMinor', '34'],
]
  .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
  .join(' ')

const command = (name: string): Build => ({
  module: 'test/conformance',
  args: ['build', `-ldflags=-s -w ${VERSION_FLAGS}`],
  of: `k8s.io/kubernetes/cmd/${name}`,
})

interface Build {
  readonly module: string
  readonly args: readonly string[]
  readonly of: string
}

/** The program of one of the suite's images. */
const testImage = (name: string): Build => ({
  module: 'test/conformance',
  args: ['build', '-ldflags=-s -w'],
  of: `k8s.io/kubernetes/test/images/${name}`,
})

/** Kubernetes' own programs, etcd, an S3 server, and programs of ours that use Kubernetes' Go libraries, each with how it is built. */
const builds = {
  'kube-apiserver': command('kube-apiserver'),
  'kube-controller-manager': command('kube-controller-manager'),
  'kube-scheduler': command('kube-scheduler'),
  kubelet: command('kubelet'),
  etcd: { module: 'test/reference/etcd', args: ['build', '-ldflags=-s -w'], of: '.' },
  'e2e.test': {
    module: 'test/conformance',
    args: ['test', '-c', `-ldflags=-s -w ${VERSION_FLAGS}`],
    of: 'k8s.io/kubernetes/test/e2e',
  },
  agnhost: testImage('agnhost'),
  nonewprivs: testImage('nonewprivs'),
  'sample-apiserver': { module: 'test/conformance', args: ['build', '-ldflags=-s -w'], of: 'k8s.io/sample-apiserver' },
  versitygw: {
    module: 'test/reference/s3',
    args: ['build', '-ldflags=-s -w'],
    of: 'github.com/versity/versitygw/cmd/versitygw',
  },
  'client-go-informer': { module: 'test/clients/informer', args: ['build', '-ldflags=-s -w'], of: '.' },
} as const satisfies Record<string, Build>

export type GoProgram = keyof typeof builds

/**
 * Where `name` was built already, undefined where that is still to be done. The environment variable `SHOAL_REFERENCE` may
 * name a folder with a `bin` of built programs.
 */
function built(name: GoProgram): string | undefined {
  const given = process.env['SHOAL_REFERENCE']
  const places = [...(given === undefined ? [] : [join(given, 'bin', name)]), join(cache, KUBERNETES_VERSION, name)]
  return places.find((place) => existsSync(place))
}

/** Why `names` cannot be had here, undefined where they can: without Go only what was built before is there. */
export function whyMissing(...names: readonly GoProgram[]): string | undefined {
  const missing = names.filter((name) => built(name) === undefined)
  if (missing.length === 0) return undefined
  if (spawnSync('go', ['version']).status === 0) return undefined
  return `needs ${missing.join(', ')}: there is no Go on the PATH to build it with`
}

/** Why `names` are not at hand without building, undefined where they are: tests never build Kubernetes by themselves. */
export function whyNotBuilt(...names: readonly GoProgram[]): string | undefined {
  const missing = names.filter((name) => built(name) === undefined)
  return missing.length === 0 ? undefined : `needs ${missing.join(', ')}, which other runs build`
}

/** Whether building failed because the modules could not be downloaded: nothing that the project could mend. */
export const isWithoutNetwork = (error: unknown): boolean =>
  /dial tcp|no such host|proxyconnect|connection refused|i\/o timeout|403 Forbidden/.test(String(error))

/** The path of a Go program, built first where it was not yet: minutes for Kubernetes' own. */
export async function goProgram(name: GoProgram): Promise<string> {
  const found = built(name)
  if (found !== undefined) return found
  const { module, args, of }: Build = builds[name]
  const target = join(cache, KUBERNETES_VERSION, name)
  // Others may be building the same: each has a file of its own until it is whole.
  const unfinished = `${target}.${process.pid}`
  await mkdir(join(target, '..'), { recursive: true })
  console.error(`building ${name} from ${module}`)
  await promisify(execFile)('go', [...args, '-o', unfinished, of], {
    cwd: join(root, module),
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly -buildvcs=false' },
    maxBuffer: 1 << 26,
  })
  await rename(unfinished, target)
  return target
}
