import type { RegistryCredentials } from '../runtime/runtime.ts'
import { tell } from './pod-events.ts'
import { secretData } from './pod-sources.ts'
import type { PodWork } from './pod-work.ts'

/** The keys under which secrets of registries keep what they say, newer and older kind. */
const NEWER = '.dockerconfigjson'
const OLDER = '.dockercfg'
/** What Docker Hub is called in such secrets. */
const HUB = /^(index\.|registry-1\.)?docker\.io$/

/** The ways of logging in to the image's registry that the pod's secrets give, the most exact address first. */
export async function pullCredentials(work: PodWork, image: string): Promise<readonly RegistryCredentials[]> {
  const { context, pod } = work
  const names = (pod.spec?.imagePullSecrets ?? []).flatMap(({ name = '' }) => (name === '' ? [] : [name]))
  const found: RegistryCredentials[] = []
  const absent: string[] = []
  for (const name of names) {
    const data = await secretData(context.client, pod.metadata.namespace ?? '', name)
    if (data === undefined) absent.push(name)
    else found.push(...credentialsIn(data))
  }
  if (absent.length > 0) {
    const words = `Unable to retrieve some image pull secrets (${absent.join(', ')}); attempting to pull the image may not succeed.`
    tell(context, pod, undefined, 'Warning', 'FailedToRetrieveImagePullSecret', words)
  }
  const fitting = found.filter(({ server }) => isFor(server, image))
  return fitting.toSorted((a, b) => b.server.length - a.server.length)
}

interface Login {
  readonly username?: string
  readonly password?: string
  /** Both of them, with a colon in between, in Base64. */
  readonly auth?: string
}

function credentialsIn(data: ReadonlyMap<string, Uint8Array>): readonly RegistryCredentials[] {
  const read = (key: string) => {
    const bytes = data.get(key)
    return bytes === undefined ? undefined : (JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>)
  }
  try {
    const logins = (read(NEWER)?.['auths'] ?? read(OLDER) ?? {}) as Readonly<Record<string, Login>>
    return Object.entries(logins).map(([server, login]) => ({ server, ...loginOf(login) }))
  } catch {
    // The API has checked that it is JSON; what else it may be, the kubelet does not tell either.
    return []
  }
}

function loginOf({ auth = '', username, password }: Login) {
  const [first = '', ...rest] = Buffer.from(auth, 'base64').toString().split(':')
  return { username: username ?? first, password: password ?? rest.join(':') }
}

/** Whether the server's address, whose host's parts may be `*`, is that of the image's registry or a path in it. */
export function isFor(server: string, image: string): boolean {
  const [host = '', ...path] = server
    .replace(/^https?:\/\//, '')
    .replace(/\/v[12]\/?$/, '')
    .split('/')
  const [first = '', ...rest] = image.split('/')
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  const registry = hasRegistry ? first : 'docker.io'
  if (HUB.test(host) && HUB.test(registry)) return true
  const parts = host.split('.')
  const wanted = registry.split('.')
  const isHost = parts.length === wanted.length && parts.every((part, i) => part === '*' || part === wanted[i])
  return isHost && (hasRegistry ? rest : [first, ...rest]).join('/').startsWith(path.filter(Boolean).join('/'))
}
