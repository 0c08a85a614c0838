/** What a path of a node's server asks for; the paths are the kubelet's. */
export type NodeRequest =
  | { readonly what: 'logs'; readonly namespace: string; readonly pod: string; readonly container: string }
  | {
      readonly what: 'exec' | 'attach' | 'run'
      readonly namespace: string
      readonly pod: string
      readonly uid: string
      readonly container: string
    }
  | { readonly what: 'portForward'; readonly namespace: string; readonly pod: string; readonly uid: string }
  | { readonly what: 'checkpoint'; readonly namespace: string; readonly pod: string; readonly container: string }
  /** A file or folder of the machine's logs. */
  | { readonly what: 'nodeLogs'; readonly path: string }
  | { readonly what: Report }

export type Report =
  'pods' | 'runningpods' | 'healthz' | 'configz' | 'metrics' | 'metrics/cadvisor' | 'metrics/resource' | 'stats/summary'

const REPORTS: ReadonlySet<string> = new Set<Report>([
  'pods',
  'runningpods',
  'healthz',
  'configz',
  'metrics',
  'metrics/cadvisor',
  'metrics/resource',
  'stats/summary',
])

/** Reads a path without its query; undefined where there is nothing. */
export function parseNodePath(path: string): NodeRequest | undefined {
  const words = path.split('/').filter((word) => word !== '')
  const report = words.join('/')
  if (REPORTS.has(report)) return { what: report as Report }
  if (report === 'healthz/ping' || report === 'healthz/log') return { what: 'healthz' }
  const [what, ...names] = words.map(decode)
  const [namespace = '', pod = ''] = names
  const container = names.at(-1) ?? ''
  if (what === 'containerLogs' && names.length === 3) return { what: 'logs', namespace, pod, container }
  if (what === 'checkpoint' && names.length === 3) return { what, namespace, pod, container }
  if (what === 'logs') return { what: 'nodeLogs', path: decode(path.replace(/^\/+logs/, '')) }
  if (what === 'portForward' && (names.length === 2 || names.length === 3)) {
    return { what, namespace, pod, uid: names[2] ?? '' }
  }
  const isCommand = what === 'exec' || what === 'attach' || what === 'run'
  if (!isCommand || names.length < 3 || names.length > 4) return undefined
  return { what, namespace, pod, uid: names.length === 4 ? (names[2] ?? '') : '', container }
}

function decode(word: string): string {
  try {
    return decodeURIComponent(word)
  } catch {
    return word
  }
}

/** The subresources of `nodes` of which one has to be allowed to whoever asks for the path. */
export function subresourcesOf(path: string): readonly string[] {
  const [first = ''] = path.split('/').filter((word) => word !== '')
  if (first === 'stats') return ['stats']
  if (first === 'metrics') return ['metrics']
  if (first === 'logs') return ['log']
  if (first === 'checkpoint') return ['checkpoint']
  // Finer rights since Kubernetes 1.32, with the old one beside them.
  if (first === 'pods' || first === 'runningpods') return ['pods', 'proxy']
  if (first === 'healthz' || first === 'configz') return [first, 'proxy']
  return ['proxy']
}
