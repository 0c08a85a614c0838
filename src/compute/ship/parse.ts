import { createRequire } from 'node:module'
import type { Node } from './syntax.ts'

type ParseSync = (
  file: string,
  text: string,
  options: object,
) => { readonly program: unknown; readonly errors: readonly { readonly message: string }[] }

/** Loaded when first needed: a program whose transformed modules are all in the cache never parses. */
let parser: ParseSync | undefined

/** The syntax tree of plain JavaScript. Throws a SyntaxError. */
export function parse(file: string, text: string, sourceType: 'module' | 'commonjs' | 'unambiguous'): Node {
  parser ??= (createRequire(import.meta.url)('oxc-parser') as { parseSync: ParseSync }).parseSync
  const { program, errors } = parser(file, text, { lang: 'js', sourceType, preserveParens: false })
  const error = errors[0]
  if (error) throw new SyntaxError(`${file}: ${error.message}`)
  return program as Node
}
