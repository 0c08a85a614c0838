import { execFileSync } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * `node tools/generate/go-fields.ts`: reads Kubernetes' Go types (where Go is, from the module that test/conformance pins)
 * and writes what the published definitions leave out: whether a field is a pointer, whether it is left out where it is
 * zero, and the names of types that are strings. The generator proper needs no Go: it reads what this has written.
 */
const MODULES: Readonly<Record<string, string>> = {
  'k8s.io/api': 'io.k8s.api',
  'k8s.io/apiextensions-apiserver': 'io.k8s.apiextensions-apiserver',
  'k8s.io/kube-aggregator': 'io.k8s.kube-aggregator',
  'k8s.io/apimachinery': 'io.k8s.apimachinery',
}

/**
 * What is written of a field: `w` always, `z` unless it is zero, `p` where it is given (a pointer), with the name of its Go
 * type behind a space where messages about a wrong value show it.
 */
type GoFields = Record<string, Record<string, string>>

const root = fileURLToPath(new URL('../../', import.meta.url))

function moduleFolder(module: string): string {
  const format = '{{.Dir}}'
  return execFileSync('go', ['list', '-m', '-f', format, module], {
    cwd: join(root, 'test/conformance'),
    encoding: 'utf8',
  }).trim()
}

interface GoType {
  /** Its fields as they stand in the source: name, type and tag. */
  readonly fields: readonly (readonly [string, string, string])[]
}

interface Package {
  readonly structs: ReadonlyMap<string, GoType>
  readonly strings: ReadonlySet<string>
  /** Types that are lists or maps under a name of their own. */
  readonly collections: ReadonlySet<string>
}

function readPackage(folder: string): Package {
  const source = globSync(join(folder, '*types*.go'))
    .concat(globSync(join(folder, 'meta.go')))
    .filter((file) => !/_test|swagger|deepcopy/.test(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n')
  const structs = new Map<string, GoType>()
  for (const [, name = '', body = ''] of source.matchAll(/^type (\w+) struct \{\n([^]*?)^\}/gm)) {
    const fields = [...body.matchAll(/^\s+(?:(\w+)\s+)?(\S+)\s+`json:"([^"]*)"/gm)]
    structs.set(name, { fields: fields.map(([, field = '', type = '', tag = '']) => [field, type, tag] as const) })
  }
  const strings = new Set([...source.matchAll(/^type (\w+) string$/gm)].map(([, name = '']) => name))
  const collections = new Set([...source.matchAll(/^type (\w+) (?:map)?\[/gm)].map(([, name = '']) => name))
  return { structs, strings, collections }
}

const NUMBERS = /^(bool|u?int\d*|float\d+|byte|string)$/

/** Names of types of all packages that are not structs. */
type Names = Pick<Package, 'strings' | 'collections'>

const lastOf = (type: string): string => type.split('.').at(-1) ?? ''

/** Kinds of types whose zero Go's encoder leaves out under `omitempty`. */
function code(type: string, options: readonly string[], names: Names): string {
  const omitEmpty = options.includes('omitempty')
  if (type.startsWith('*')) return 'p'
  const scalar = NUMBERS.test(type) || names.strings.has(lastOf(type)) || /^(types\.UID|\w+\.Duration)$/.test(type)
  const collection = type.startsWith('[]') || type.startsWith('map[') || names.collections.has(lastOf(type))
  if (scalar || collection) return omitEmpty ? 'z' : 'w'
  // A struct is never empty to Go, unless it is asked to look into it.
  return options.includes('omitzero') ? 'p' : 'w'
}

function fieldsOf(pkg: Package, names: Names, type: GoType, out: Record<string, string>): void {
  for (const [field, goType, tag] of type.fields) {
    const [name = '', ...options] = tag.split(',')
    if (name === '-') continue
    const inline = options.includes('inline') || (field === '' && name === '')
    if (inline) {
      const embedded = pkg.structs.get(goType.split('.').at(-1) ?? '')
      if (embedded !== undefined) fieldsOf(pkg, names, embedded, out)
      continue
    }
    const bare = goType.replace(/^\*/, '')
    const last = lastOf(bare)
    const isString = names.strings.has(last) && !bare.startsWith('[') && !bare.startsWith('map[')
    const goName = bare.startsWith('types.') ? ` ${bare}` : isString ? ` v1.${last}` : ''
    out[name] = code(goType, options, names) + goName
  }
}

function main(): void {
  const packages = Object.entries(MODULES).flatMap(([module, prefix]) => {
    const folder = moduleFolder(module)
    const folders = new Set(globSync(join(folder, '**/*types*.go')).map(dirname))
    return [...folders].map((one) => ({
      prefix: `${prefix}.${relative(folder, one).replaceAll('/', '.')}`.replace(/\.$/, ''),
      pkg: readPackage(one),
    }))
  })
  const names: Names = {
    strings: new Set(packages.flatMap(({ pkg }) => [...pkg.strings])),
    collections: new Set(packages.flatMap(({ pkg }) => [...pkg.collections])),
  }
  const result: GoFields = {}
  const facts = new URL('./kubernetes/', import.meta.url)
  const definitions = JSON.parse(readFileSync(new URL('openapi-definitions.json', facts), 'utf8')) as object
  for (const { prefix, pkg } of packages) {
    for (const [name, type] of pkg.structs) {
      const definition = `${prefix}.${name}`
      if (!(definition in definitions)) continue
      const fields: Record<string, string> = {}
      fieldsOf(pkg, names, type, fields)
      result[definition] = fields
    }
  }
  const sorted = Object.fromEntries(Object.entries(result).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  const lines = Object.entries(sorted).map(([name, fields]) => `  ${JSON.stringify(name)}: ${JSON.stringify(fields)}`)
  writeFileSync(new URL('go-fields.json', facts), `{\n${lines.join(',\n')}\n}\n`)
  const missing = Object.keys(definitions).filter((name) => !(name in result))
  console.log(`${lines.length} types; none found for ${missing.length}: ${missing.slice(0, 20).join(' ')}`)
}

main()
