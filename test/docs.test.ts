import { execFile } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, existsSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { STATUS_CODES } from '../src/api/meta/status.ts'
import { CLI_ERROR_CODES } from '../src/cli/cli-error.ts'
import { CLUSTER_ERROR_CODES } from '../src/cluster/cluster-error.ts'
import { COMPUTE_ERROR_CODES } from '../src/compute/errors.ts'
import { CONNECT_ERROR_CODES } from '../src/connect/connect-error.ts'
import { createProfiles } from '../src/placement/profiles.ts'
import { OBJECTS_ERROR_CODES } from '../src/objects/objects-error.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const sources = globSync('src/**/*.ts', { cwd: root }).filter((path) => !path.endsWith('.test.ts'))
const pages = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md'], { cwd: root })

/** The rows of the table under the heading `## name` of the page of errors: first cell without its ticks, then the second. */
function tableOf(name: string): Readonly<Record<string, string>> {
  const section = read('docs/errors.md').split(`\n## ${name}\n`)[1]?.split('\n## ')[0] ?? ''
  const rows = section.matchAll(/^\| `([^`]+)` \| (.*?) \|/gm)
  return Object.fromEntries([...rows].map(([, code = '', says = '']) => [code, says]))
}

const TABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  CliError: CLI_ERROR_CODES,
  ClusterError: CLUSTER_ERROR_CODES,
  ConnectError: CONNECT_ERROR_CODES,
  ComputeError: COMPUTE_ERROR_CODES,
  ObjectsError: OBJECTS_ERROR_CODES,
}

test.each(Object.keys(TABLES))(
  'the page of errors says of each code of %s what the table in the source says',
  (name) => {
    expect(tableOf(name)).toEqual(TABLES[name])
  },
)

/** Classes whose codes or reasons are a union of texts in the source, and the type or class that declares them. */
const UNIONS: readonly (readonly [name: string, file: string, declaration: RegExp])[] = [
  ['ShipError', 'src/compute/ship/ship-error.ts', /type ShipErrorCode =([^]*?)\n\n/],
  ['StoreError', 'src/store/store.ts', /class StoreError [^]*?readonly code:(.*)/],
  ['KubeconfigError', 'src/client/kubeconfig.ts', /class KubeconfigError [^]*?readonly code:(.*)/],
  ['InformersNotSyncedError', 'src/informer/synced.ts', /class InformersNotSyncedError [^]*?readonly code =(.*)/],
  ['UnknownProfileError', 'src/scheduler/scheduler.ts', /class UnknownProfileError [^]*?readonly code =(.*)/],
  ['ImageError', 'src/runtime/runtime.ts', /class ImageError [^]*?readonly reason:(.*)/],
  ['RuntimeError', 'src/runtime/runtime.ts', /class RuntimeError [^]*?readonly reason:([^]*?)\n\n/],
  ['ContainerConfigError', 'src/node/config-error.ts', /class ContainerConfigError [^]*?readonly reason =(.*)/],
  ['VolumeError', 'src/node/config-error.ts', /class VolumeError [^]*?readonly reason =(.*)/],
]

test.each(UNIONS)('the page of errors lists every code of %s and no other', (name, file, declaration) => {
  const declared = declaration.exec(read(file))?.[1] ?? ''
  const codes = [...declared.matchAll(/'([\w-]+)'/g)].map(([, code]) => code)
  expect(codes).not.toEqual([])
  expect(Object.keys(tableOf(name)).sort()).toEqual(codes.sort())
})

test('the page of errors lists every reason of the API with its HTTP code', () => {
  const codes = Object.fromEntries(Object.entries(STATUS_CODES).map(([reason, code]) => [reason, String(code)]))
  expect(tableOf('ApiError')).toEqual(codes)
})

test('the page of errors lists every limitation of the process runtime', () => {
  const added = read('src/runtime/process/limitations.ts').matchAll(/\badd\(\s*'(\w+)'/g)
  expect(Object.keys(tableOf('Limitations')).sort()).toEqual([...new Set([...added].map(([, name]) => name))].sort())
})

/** Named in the section of the class whose code they have, or the base of them all. */
const WITHOUT_SECTION = ['TaskError', 'WorkerLostError', 'CodedError']

test('every class of error in the sources that has a code or a reason has a section on the page of errors', () => {
  const page = read('docs/errors.md')
  const classes = sources.flatMap((path) =>
    [...read(path).matchAll(/^export (?:abstract )?class (\w+)\S* extends (\w*Error)\b([^]*?)^\}/gm)]
      .filter(([, , base, body = '']) => base !== 'Error' || /readonly (code|reason)\b|get reason\b/.test(body))
      .map(([, name = '']) => name),
  )
  expect(classes).toEqual(expect.arrayContaining(['CliError', 'StoreError', 'ApiError']))
  const missing = classes.filter((name) => !page.includes(`\n## ${name}\n`) && !WITHOUT_SECTION.includes(name))
  expect(missing).toEqual([])
})

test('the page of errors and the glossary name every profile of the scheduler', () => {
  for (const name of createProfiles().keys()) {
    expect(tableOf('UnknownProfileError')['SCHEDULER_PROFILE_UNKNOWN']).toBeDefined()
    expect(read('docs/errors.md')).toContain(`\`${name}\``)
    expect(read('docs/glossary.md')).toContain(`\`${name}\``)
  }
})

test('the glossary has each term once, in order', () => {
  const entries = read('docs/glossary.md').matchAll(/^\*\*(.+?)\*\* — /gm)
  const terms = [...entries].map(([, term = '']) => term.replaceAll('`', '').toLowerCase())
  expect(terms).toEqual([...new Set(terms)].sort())
})

test('every relative link in the documentation leads to a file that exists', () => {
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^(https?:|mailto:|#)/.test(target))
      .filter((target) => !existsSync(resolve(root, dirname(page), target.replace(/#.*/, ''))))
      .map((target) => `${page}: ${target}`),
  )
  expect(broken).toEqual([])
})

test('every path of a source that the documentation names exists', () => {
  const missing = pages.flatMap((page) =>
    [...read(page).matchAll(/`((?:src|tools|test|sim|examples|bench|bin)\/[\w./-]+)`/g)]
      .map(([, path = '']) => path)
      .filter((path) => !existsSync(join(root, path)))
      .map((path) => `${page}: ${path}`),
  )
  expect(missing).toEqual([])
})

test('the table of layers gives each folder of the sources the level that the check of layers gives it', () => {
  const levels = /const LEVELS[^=]*= \[([^]*?)\n\]/.exec(read('tools/layers.ts'))?.[1] ?? ''
  const checked = levels
    .trim()
    .split('\n')
    .flatMap((line, level) => [...line.matchAll(/'([\w-]+)'/g)].map(([, name = '']) => `${level} ${name}`))
    .filter((one) => sources.some((path) => path.startsWith(`src/${one.split(' ')[1]}`)))
  const rows = read('docs/architecture.md').matchAll(/^\| (\d) \| `(\w+)` \|/gm)
  expect([...rows].map(([, level, name]) => `${level} ${name}`).sort()).toEqual(checked.sort())
})

const packageFacts = JSON.parse(read('package.json')) as { readonly dependencies: Readonly<Record<string, string>> }
const recordOf = new Map(
  globSync('docs/decisions/*.md', { cwd: root }).flatMap((path) => {
    const name = /^Package: `(.+)`$/m.exec(read(path))?.[1]
    return name === undefined ? [] : [[name, path] as const]
  }),
)

/** Packages that the sources import, statically or when first needed. */
function importedPackages(): readonly string[] {
  const imports =
    /(?:^(?:import|export)\b[^;]*?\bfrom |\bimport\(|require\)?\(|createRequire\(import\.meta\.url\)\()'([^'./][^']*)'/gm
  const specifiers = sources
    .filter((path) => !path.includes('/fixtures/'))
    .flatMap((path) => [...read(path).matchAll(imports)].map(([, specifier = '']) => specifier))
  const names = specifiers.map((specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier)
  return [...new Set(names)].filter((name) => name in packageFacts.dependencies).sort()
}

test('every runtime dependency is imported by the sources, and has a record among the decisions', () => {
  const dependencies = Object.keys(packageFacts.dependencies).sort()
  expect(importedPackages()).toEqual(dependencies)
  expect([...recordOf.keys()].sort()).toEqual(dependencies)
})

test('the index of the decisions links every record', () => {
  const index = read('docs/decisions/README.md')
  const records = globSync('docs/decisions/*.md', { cwd: root }).map((path) => path.split('/').at(-1) ?? '')
  expect(records.filter((name) => name !== 'README.md' && !index.includes(`(${name})`))).toEqual([])
})

interface Example {
  readonly title: string
  readonly code: string
  /** What it prints: the block of text right after it. */
  readonly output: string | undefined
}

const FENCED = /^```ts\n([^]*?)^```\n(?:\n?```text\n([^]*?)^```\n)?/gm

const examples = pages.flatMap((page): readonly Example[] =>
  [...read(page).matchAll(FENCED)].map(([, code = '', output], index) => ({
    title: `${page}, example ${index + 1}`,
    // Examples that stand for a file of the sources import as that file would.
    code: code.replaceAll("from '../framework.ts'", "from '../../src/placement/framework.ts'"),
    output,
  })),
)

/** Among the examples, to see that the check finds what is wrong. */
const WRONG = { file: 'wrong.ts', code: "const wrong: number = 'text'\nexport default wrong\n" }

const run = promisify(execFile)
const FLAGS = ['--disable-warning=ExperimentalWarning']
const fileOf = (example: Example) => `${example.title.replaceAll(/\W+/g, '-').toLowerCase()}.ts`

describe('examples in the documentation', () => {
  let folder = ''

  beforeAll(() => {
    // Modules of this checkout find `shoal` as a user's program does.
    mkdirSync(join(root, '.shoal'), { recursive: true })
    folder = mkdtempSync(join(root, '.shoal', 'docs-'))
    for (const example of examples) writeFileSync(join(folder, fileOf(example)), `${example.code}\nexport {}\n`)
    writeFileSync(join(folder, WRONG.file), WRONG.code)
    const config = { extends: '../../tsconfig.json', include: ['*.ts'], exclude: [] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('they pass the type check, which finds the one that is wrong', async () => {
    const types = await run(process.execPath, [join(root, 'node_modules/.bin/tsc'), '-p', folder]).catch(
      (error: { readonly stdout: string }) => error,
    )
    // The sources that examples import have a check of their own.
    const complaints = types.stdout.split('\n').filter((line) => line.includes(basename(folder)))
    expect(complaints).toEqual([expect.stringContaining(`${WRONG.file}(1,7): error TS2322`)])
  })

  test.each(examples.filter(({ output }) => output !== undefined))(
    '$title prints what stands below it',
    async (one) => {
      const { stdout } = await run(process.execPath, [...FLAGS, join(folder, fileOf(one))], { cwd: root })
      expect(stdout).toBe(one.output)
    },
  )
})
