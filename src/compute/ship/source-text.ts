import { createHash } from 'node:crypto'
import type { ShippedCode } from '../wire/shipped.ts'
import { positionOf } from './position.ts'
import type { Site, SourceFile } from './site.ts'

/** The name that `import.meta` gets in shipped code: as long as the original, so that columns stay. */
export const IMPORT_META = 'import$meta'

/** What the word of `import(…)` becomes, as long as it: a function that loads what was sent along. */
export const IMPORT = 'load$$'

/**
 * The script of one function: its value is a factory `() => ({ make, set })`. `make.call(this, shared)` evaluates the
 * function's text, `set(values)` assigns its free variables, which may happen before, after and again. The text keeps its
 * line and column: what comes before it on its first line is as wide as in the user's file.
 *
 * A variable that functions assign is theirs together, so it is no variable of the script but a property of `shared`,
 * put in scope by `with`: slower than a variable, and the text needs no rewriting.
 */
export function functionCode(source: SourceFile, site: Site): ShippedCode {
  let code = codes.get(site)
  if (!code) codes.set(site, (code = makeCode(source, site)))
  return code
}

const codes = new WeakMap<Site, ShippedCode>()

function makeCode(source: SourceFile, site: Site): ShippedCode {
  const { line, column } = positionOf(source, site.start)
  const names = site.free.filter((variable) => !variable.isShared).map((variable) => variable.name)
  if (site.importMeta.length > 0) names.push(IMPORT_META)
  if (site.dynamicImports.some(({ at }) => at >= 0)) names.push(IMPORT)
  const declared = names.length > 0 ? `let ${names.join(', ')}; ` : ''
  const set = names.map((name) => `${name} = shoal$[${JSON.stringify(name)}]`).join('; ')
  const [before, after] = surroundings(site)
  const shared = site.free.some((variable) => variable.isShared) ? 'with (shoal$) ' : ''
  const text = [
    `(function () { ${declared}return { set(shoal$) { ${set} }, make(shoal$) { ${shared}`,
    `return (function () { ${source.isStrict ? '"use strict"; ' : ''}return ${before}`,
    `\n${' '.repeat(column - 1)}${ownText(source, site)}\n${after} }).call(this) } } })`,
  ].join('')
  const lineOffset = line - 2
  const hash = createHash('sha256').update(`${source.file}\n${lineOffset}\n${text}`).digest('base64url').slice(0, 22)
  return { hash, kind: 'function', source: text, file: source.file, lineOffset }
}

/** What gives the text its name and makes it an expression. */
function surroundings(site: Site): readonly [string, string] {
  const name = JSON.stringify(site.name)
  if (site.kind === 'method') {
    const kind = `${site.isAsync ? 'async ' : ''}${site.isGenerator ? '*' : ''}`
    return [`({ ${kind}[${name}]`, `})[${name}]`]
  }
  return site.isAnonymous && site.name !== '' ? [`({ [${name}]:`, `})[${name}]`] : ['(', ')']
}

function ownText(source: SourceFile, site: Site): string {
  const words = [
    ...site.importMeta.map((at) => ({ at, text: IMPORT_META })),
    ...site.dynamicImports.filter(({ at }) => at >= 0).map(({ at }) => ({ at, text: IMPORT })),
  ].sort((a, b) => a.at - b.at)
  let result = ''
  let from = site.start
  for (const { at, text } of words) {
    result += source.text.slice(from, at) + text
    from = at + text.length
  }
  return result + source.text.slice(from, site.end)
}
