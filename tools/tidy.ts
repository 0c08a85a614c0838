import type { SourceModule } from './source/module.ts'

/** Published entries: the only places where an `index.ts` may stand. */
const ENTRIES = new Set(['src', 'src/cluster', 'src/client', 'src/testing', 'src/objects'])

const FILE_LINES = { median: 120, ninthDecile: 300, most: 500 }
const FUNCTION_LINES = { median: 10, most: 70 }

/** What belongs elsewhere, what to use in its place, and where it may stand. */
const BANNED: readonly { readonly use: RegExp; readonly instead: string; readonly where: RegExp }[] = [
  { use: /^(Date\.now|new Date\(\))$/, instead: 'the Clock of an Environment', where: /^src\/env\// },
  {
    use: /^(globalThis\.)?(setTimeout|setInterval|setImmediate)$/,
    instead: 'the Timers of an Environment',
    where: /^src\/env\//,
  },
  {
    use: /^(crypto\.)?(Math\.random|randomUUID|getRandomValues)$/,
    instead: 'the Random of an Environment',
    where: /^src\/env\//,
  },
]

/** Worker code and the programs of tests, benchmarks and tools have no environment handed to them. */
const OUTSIDE_ENVIRONMENT = /^(tools|test|bench|examples)\/|(\.test|\.fixture|-suite)\.ts$/

/** Checks the sizes, names and places that the house style asks for; returns a line for each offence. */
export function tidy(modules: readonly SourceModule[]): readonly string[] {
  const sources = modules.filter((module) => !isTest(module.path))
  return [
    ...modules.flatMap(nameOffences),
    ...modules.flatMap(useOffences),
    ...modules.filter((module) => !module.typeOnly).flatMap(fileSizeOffences),
    ...sources.flatMap(functionSizeOffences),
    ...medianOffences(sources.filter((module) => !module.typeOnly)),
  ]
}

const isTest = (path: string) => /(\.test|\.fixture|-suite)\.ts$|^test\//.test(path)

function nameOffences({ path }: SourceModule): readonly string[] {
  const folders = path.split('/').slice(0, -1)
  const file = path.split('/').at(-1) ?? ''
  const offences: string[] = []
  const grabBag = folders.find((folder) => /^(utils?|helpers?|common|types|misc|lib)$/.test(folder))
  if (grabBag !== undefined) offences.push(`${path}: folder "${grabBag}" is a kind of thing, expected a concept`)
  if (/^(utils?|helpers?|common|types|misc)\.ts$/.test(file)) offences.push(`${path}: expected the name of one concept`)
  if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|config|fixture))?\.ts$/.test(file))
    offences.push(`${path}: expected a name in kebab-case`)
  if (file === 'index.ts' && !ENTRIES.has(folders.join('/'))) {
    offences.push(`${path}: expected index.ts only at published entries`)
  }
  return offences
}

function useOffences({ path, uses }: SourceModule): readonly string[] {
  if (OUTSIDE_ENVIRONMENT.test(path)) return []
  return uses.flatMap(({ name, line }) =>
    BANNED.filter((rule) => rule.use.test(name) && !rule.where.test(path)).map(
      (rule) => `${path}:${line}: ${name} is banned, expected ${rule.instead}`,
    ),
  )
}

function fileSizeOffences({ path, lines }: SourceModule): readonly string[] {
  return lines > FILE_LINES.most ? [`${path}: ${lines} lines, expected ${FILE_LINES.most} at the most`] : []
}

function functionSizeOffences({ path, functions }: SourceModule): readonly string[] {
  return functions
    .filter(({ lines }) => lines > FUNCTION_LINES.most)
    .map(
      ({ name, line, lines }) =>
        `${path}:${line}: ${name} has ${lines} lines, expected ${FUNCTION_LINES.most} at the most`,
    )
}

function medianOffences(modules: readonly SourceModule[]): readonly string[] {
  const files = modules.map(({ lines }) => lines)
  const functions = modules.flatMap((module) => module.functions.map(({ lines }) => lines))
  return [
    ...above('the median file', quantile(files, 0.5), FILE_LINES.median),
    ...above('nine in ten files', quantile(files, 0.9), FILE_LINES.ninthDecile),
    ...above('the median function', quantile(functions, 0.5), FUNCTION_LINES.median),
  ]
}

function above(what: string, lines: number, most: number): readonly string[] {
  return lines > most ? [`${what} has ${lines} lines, expected ${most} at the most`] : []
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
