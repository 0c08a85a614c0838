import path from 'node:path'
import type { SourceModule } from './source/module.ts'

/** Folders of `src/` by level, from the bottom up. A folder may import from lower levels, and from itself. */
const LEVELS: readonly (readonly string[])[] = [
  ['env', 'api'],
  ['expression', 'identity', 'streams', 'placement', 'store', 'runtime', 'client'],
  ['watch', 'informer', 'explain'],
  ['apiserver', 'reconcile'],
  ['controllers', 'scheduler', 'node', 'network', 'compute'],
  ['cluster'],
  ['testing'],
  ['connect', 'objects'],
  ['index'],
  ['cli'],
]

/** Imports across one level that are allowed, each with the reason. */
const ACROSS: Readonly<Record<string, string>> = {
  'api -> env': 'ages and times are formatted by the clock',
  'client -> streams': 'exec, attach and port-forward are framings over a connection',
  'runtime -> streams': 'container engines stream commands over SPDY',
}

/** Folders that are stricter than their level: what they may import, of all that lies beneath. */
const STRICTER: readonly { readonly folder: RegExp; readonly allowed: RegExp; readonly why: string }[] = [
  {
    folder: /^src\/compute\/wire\//,
    allowed: /^src\/compute\/wire\//,
    why: 'wire imports nothing: it is bundled into workers',
  },
  {
    folder: /^src\/compute\/worker\//,
    allowed: /^src\/(compute\/(worker|wire)|env)\//,
    why: 'a worker imports env and wire only',
  },
  {
    folder: /^src\/compute\//,
    allowed: /^src\/(compute|client|identity|api|env)\//,
    why: 'the compute layer is a plain Kubernetes client; identity gives each run an authority of its own',
  },
  {
    folder: /^src\/(controllers|scheduler)\//,
    allowed: /^src\/(?!apiserver|store|watch|runtime)/,
    why: 'whoever does something learned of it from a watch and writes through the client',
  },
]

interface Edge {
  readonly from: string
  readonly to: string
  readonly line: number
}

/** Checks that imports only go down the levels, never across undeclared, never in a circle; a line for each offence. */
export function layers(modules: readonly SourceModule[]): readonly string[] {
  const edges = modules
    .filter(({ path }) => path.startsWith('src/') && !/\.(test|fixture)\.ts$/.test(path))
    .flatMap(edgesOf)
  return [...edges.flatMap(levelOffence), ...edges.flatMap(strictOffence), ...circles(edges)]
}

function edgesOf(module: SourceModule): readonly Edge[] {
  return module.imports
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ specifier, line }) => ({
      from: module.path,
      to: path.posix.normalize(path.posix.join(path.posix.dirname(module.path), specifier)),
      line,
    }))
}

/** `src/store/store.ts` -> `store`; `src/connect.ts` -> `connect`. */
const folderOf = (file: string) => (file.split('/')[1] ?? '').replace(/\.ts$/, '')
const levelOf = (folder: string) => LEVELS.findIndex((level) => level.includes(folder))

function levelOffence({ from, to, line }: Edge): readonly string[] {
  const [source, target] = [folderOf(from), folderOf(to)]
  if (!to.startsWith('src/')) return [`${from}:${line}: imports "${to}", expected nothing outside src/`]
  if (levelOf(source) < 0) return [`${from}: folder "${source}" has no level, expected one in tools/layers.ts`]
  if (source === target || levelOf(target) < levelOf(source)) return []
  if (`${source} -> ${target}` in ACROSS) return []
  const direction = levelOf(target) === levelOf(source) ? 'across its level' : 'up'
  return [`${from}:${line}: ${source} imports ${target}, which goes ${direction}; expected imports downwards only`]
}

function strictOffence({ from, to, line }: Edge): readonly string[] {
  const rule = STRICTER.find(({ folder }) => folder.test(from))
  if (rule === undefined || rule.allowed.test(to)) return []
  return [`${from}:${line}: imports ${to}, but ${rule.why}`]
}

/** One line for each circle of files that import each other. */
function circles(edges: readonly Edge[]): readonly string[] {
  const targets = new Map<string, string[]>()
  for (const { from, to } of edges) targets.set(from, [...(targets.get(from) ?? []), to])
  const state = new Map<string, 'open' | 'done'>()
  const found: string[] = []
  const walk = (file: string, trail: readonly string[]): void => {
    if (state.get(file) === 'done') return
    if (state.get(file) === 'open') {
      found.push(`circle: ${[...trail.slice(trail.indexOf(file)), file].join(' -> ')}`)
      return
    }
    state.set(file, 'open')
    for (const next of targets.get(file) ?? []) walk(next, [...trail, file])
    state.set(file, 'done')
  }
  for (const file of targets.keys()) walk(file, [])
  return found
}
