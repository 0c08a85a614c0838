import { parseSync } from 'oxc-parser'

/** A function in a source file: its name where it has one, and how many lines it covers. */
export interface SourceFunction {
  readonly name: string
  readonly line: number
  readonly lines: number
}

/** An import or re-export, type-only ones included. */
export interface SourceImport {
  readonly specifier: string
  readonly line: number
}

/** What the guards of the house need to know of one source file. */
export interface SourceModule {
  readonly path: string
  readonly lines: number
  readonly functions: readonly SourceFunction[]
  readonly imports: readonly SourceImport[]
  /** Dotted names that are used, such as `Date.now`, `setTimeout` and `new Date()`. */
  readonly uses: readonly { readonly name: string; readonly line: number }[]
  /** Whether it declares only types: nothing of it is left at run time. */
  readonly typeOnly: boolean
}

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])
const TYPE_STATEMENTS = new Set(['TSInterfaceDeclaration', 'TSTypeAliasDeclaration'])

/** Reads one TypeScript file. Throws a SyntaxError where it does not parse. */
export function readModule(path: string, text: string): SourceModule {
  const { program, errors } = parseSync(path, text, { sourceType: 'module' })
  if (errors[0] !== undefined) throw new SyntaxError(`Cannot read "${path}": ${errors[0].message}`)
  const lineOf = lineFinder(text)
  const functions: SourceFunction[] = []
  const imports: SourceImport[] = []
  const uses: { name: string; line: number }[] = []
  visit(program as unknown as Node, undefined, (node, parent) => {
    if (FUNCTIONS.has(node.type)) functions.push(sourceFunction(node, parent, lineOf))
    const specifier = specifierOf(node)
    if (specifier !== undefined) imports.push({ specifier, line: lineOf(node.start) })
    const use = useOf(node)
    if (use !== undefined) uses.push({ name: use, line: lineOf(node.start) })
  })
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  return { path, lines, functions, imports, uses, typeOnly: isTypeOnly(program.body as unknown as readonly Node[]) }
}

function sourceFunction(node: Node, parent: Node | undefined, lineOf: (at: number) => number): SourceFunction {
  const named = (node.id ?? parent?.id ?? parent?.key) as Node | undefined
  const name = typeof named?.name === 'string' ? named.name : 'anonymous'
  const line = lineOf(node.start)
  return { name, line, lines: lineOf(node.end) - line + 1 }
}

function specifierOf(node: Node): string | undefined {
  if (!/^(Import(Declaration|Expression)|Export(Named|All)Declaration|TSImportType)$/.test(node.type)) return undefined
  const source = (node.source ?? node.argument) as Node | null | undefined
  return typeof source?.value === 'string' ? source.value : undefined
}

function useOf(node: Node): string | undefined {
  if (node.type === 'CallExpression') return calleeName(node.callee as Node)
  if (node.type !== 'NewExpression') return undefined
  const args = node.arguments as readonly Node[]
  const name = calleeName(node.callee as Node)
  return name === undefined ? undefined : `new ${name}(${args.length === 0 ? '' : '…'})`
}

function calleeName(node: Node): string | undefined {
  if (node.type === 'Identifier') return node.name as string
  if (node.type !== 'MemberExpression' || node.computed === true) return undefined
  const object = calleeName(node.object as Node)
  return object === undefined ? undefined : `${object}.${(node.property as Node).name as string}`
}

function isTypeOnly(body: readonly Node[]): boolean {
  return body.every((statement) => {
    if (TYPE_STATEMENTS.has(statement.type)) return true
    if (statement.type === 'ImportDeclaration') return statement.importKind === 'type'
    if (statement.type !== 'ExportNamedDeclaration') return false
    const declaration = statement.declaration as Node | null
    return statement.exportKind === 'type' || (declaration !== null && TYPE_STATEMENTS.has(declaration.type))
  })
}

function visit(node: Node, parent: Node | undefined, enter: (node: Node, parent: Node | undefined) => void): void {
  enter(node, parent)
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) visit(item, node, enter)
    } else if (isNode(value)) visit(value, node, enter)
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'
}

/** Line numbers, from 1, of offsets in `text`. */
function lineFinder(text: string): (offset: number) => number {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}
