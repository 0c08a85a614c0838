import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CliError } from '../cli-error.ts'
import { formatPlace, placeAt, placeOfStack, quotePlace } from './source-place.ts'
import type { SourcePlace } from './source-place.ts'

type Parser = typeof import('oxc-parser')

/**
 * What `error` says of a program that could not be loaded: where it does not parse, or which import is not there. An error
 * that the program threw itself is given back as it is, a `SyntaxError` of its own too. `modules` are the URLs of the
 * user's modules that were loaded.
 */
export async function explainLoading(error: unknown, program: string, modules: readonly string[]): Promise<unknown> {
  if (!(error instanceof Error)) return error
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_UNSUPPORTED_DIR_IMPORT' || code === 'MODULE_NOT_FOUND') {
    return missingImport(error, program, await import('oxc-parser'))
  }
  const isOfTypes = code === 'ERR_INVALID_TYPESCRIPT_SYNTAX' || code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'
  if (!isOfTypes && !(error instanceof SyntaxError)) return error
  const noExport = /^The requested module '(.*)' does not provide an export named '(.*)'$/.exec(error.message)
  const found = noExport === null ? firstSyntaxError(modules, await import('oxc-parser')) : undefined
  const place = found?.place ?? placeOfStack(error.stack ?? '')
  if (place === undefined) return error
  if (noExport !== null) {
    const current = `the module "${noExport[1]}" has no export "${noExport[2]}"`
    return refusal(program, error, { current, place, expected: 'one that has', hint: 'import a name that it exports' })
  }
  const { message: current } = found ?? error
  return refusal(program, error, {
    current: lowerFirst(current),
    place,
    expected: 'a program that parses',
    hint: found === undefined ? (isOfTypes ? ERASABLE : isOfModules(error) ? AS_MODULE : MEND) : MEND,
  })
}

const MEND = 'mend the syntax there and run it again'
const AS_MODULE = 'set "type": "module" in its package.json, or give it the ending .mts or .mjs'
const ERASABLE = 'types are stripped, not compiled: use what can be erased, such as a const object in place of an enum'

/** What is good ECMAScript, and was read as CommonJS. */
const isOfModules = ({ message }: Error) => /outside a module|'import\.meta'|Unexpected token 'export'/.test(message)

interface Refusal {
  readonly current: string
  readonly place: SourcePlace | undefined
  readonly expected: string
  readonly hint: string
}

function refusal(program: string, cause: unknown, { current, place, expected, hint }: Refusal): CliError {
  const at = place === undefined ? '' : ` at ${formatPlace(place)}`
  const quoted = place === undefined ? '' : `\n\n${quotePlace(place).replaceAll(/^/gm, '    ')}\n`
  const text = `Cannot run "${program}": ${current}${at}, expected ${expected}${quoted}`
  return new CliError('CLI_PROGRAM', text, hint, { cause })
}

function missingImport(error: Error, program: string, parser: Parser): unknown {
  const [, kind, wanted = '', importer] =
    /^Cannot find (module|package) '(.*?)'(?: imported from (.*))?/.exec(error.message) ?? []
  const isDirectory = (error as NodeJS.ErrnoException).code === 'ERR_UNSUPPORTED_DIR_IMPORT'
  const places = importer === undefined ? [] : importsOf(importer, parser)
  const target = (error as { url?: string }).url ?? wanted
  const found =
    places.find(({ specifier }) => resolved(specifier, importer) === target) ??
    places.find(({ specifier }) => kind === 'package' && packageOf(specifier) === packageOf(wanted))
  // An import of a package of the user's, of which the user has no line to mend, is Node's to tell.
  const current = isDirectory
    ? lowerFirst(error.message)
    : `there is no ${kind ?? 'module'} "${found?.specifier ?? wanted}"${found === undefined && importer !== undefined ? ` for ${importer}` : ''}`
  return refusal(program, error, {
    current,
    place: found?.place,
    expected: 'every import to be there',
    hint:
      kind === 'package' ? `install the package: npm install ${packageOf(wanted)}` : 'check the path and its ending',
  })
}

const packageOf = (specifier: string) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier

function resolved(specifier: string, importer: string | undefined): string {
  if (!/^\.{0,2}\//.test(specifier) || importer === undefined) return specifier
  return new URL(specifier, `file://${importer}`).href
}

function importsOf(file: string, { parseSync }: Parser): readonly { specifier: string; place: SourcePlace }[] {
  const source = readText(file)
  const { module } = parseSync(file, source)
  const exported = module.staticExports.flatMap(({ entries }) => entries.map((entry) => entry.moduleRequest))
  return [...module.staticImports.map((one) => one.moduleRequest), ...exported].flatMap((request) =>
    request ? [{ specifier: request.value, place: placeAt(file, source, request.start) }] : [],
  )
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** The first of the modules that does not parse. TypeScript that parses but cannot be stripped is none. */
function firstSyntaxError(modules: readonly string[], { parseSync }: Parser) {
  for (const url of modules) {
    const file = fileURLToPath(url)
    const source = readText(file)
    const [error] = parseSync(file, source).errors
    const offset = error?.labels[0]?.start
    if (error !== undefined && offset !== undefined) {
      return { message: error.message, place: placeAt(file, source, offset) }
    }
  }
  return undefined
}

/** A sentence becomes a part of one; names such as TypeScript stay as they are. */
const lowerFirst = (text: string) => (/^[A-Z][a-z]+\b/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text)
