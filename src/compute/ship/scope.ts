import { forEachBound, isClass, isFunction, nodeAt, nodesAt, textAt } from './syntax.ts'
import type { Node } from './syntax.ts'

/** What a name means, and where it was declared. */
export interface Binding {
  readonly name: string
  readonly declared: number
  readonly imported?: { readonly specifier: string; readonly name: string }
  /** How deep in functions it was declared. */
  readonly depth: number
  isShared: boolean
}

/** One lexical scope. `depth` counts the functions and classes around it. */
export interface Scope {
  readonly parent: Scope | undefined
  readonly depth: number
  readonly names: Map<string, Binding>
}

export function childScope(parent: Scope | undefined, depth: number): Scope {
  return { parent, depth, names: new Map() }
}

export function declare(scope: Scope, name: string, node: Node, imported?: Binding['imported']): void {
  if (scope.names.has(name)) return
  const binding = { name, declared: node.start, depth: scope.depth, isShared: false }
  scope.names.set(name, imported ? { ...binding, imported } : binding)
}

export function lookUp(scope: Scope, name: string): Binding | undefined {
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    const binding = at.names.get(name)
    if (binding) return binding
  }
  return undefined
}

/** Declares what the statements of one block declare in that block: `let`, `const`, classes, functions, imports. */
export function declareLexical(scope: Scope, statements: readonly Node[]): void {
  for (const statement of statements) {
    const inner = nodeAt(statement, 'declaration') ?? statement
    if (inner.type === 'VariableDeclaration') {
      if (textAt(inner, 'kind') !== 'var') declareVariables(scope, inner)
    } else if (inner.type === 'FunctionDeclaration' || inner.type === 'ClassDeclaration') {
      const id = nodeAt(inner, 'id')
      if (id) declare(scope, textAt(id, 'name'), inner)
    } else if (inner.type === 'ImportDeclaration') declareImports(scope, inner)
  }
}

function declareVariables(scope: Scope, declaration: Node): void {
  for (const declarator of nodesAt(declaration, 'declarations')) {
    const id = nodeAt(declarator, 'id')
    const loaded = loadedModule(nodeAt(declarator, 'init'))
    if (!id) continue
    if (id.type === 'Identifier' && loaded !== undefined)
      declare(scope, textAt(id, 'name'), id, { specifier: loaded, name: '*' })
    else forEachBound(id, (name) => declare(scope, name, id))
  }
}

/** The module that `require('x')`, `await import('x')` or a test runner's form of them loads, if it is one of these. */
function loadedModule(init: Node | undefined): string | undefined {
  if (!init) return undefined
  const call = init.type === 'AwaitExpression' ? nodeAt(init, 'argument') : init
  if (!call) return undefined
  if (call.type === 'ImportExpression') return init === call ? undefined : literal(nodeAt(call, 'source'))
  if (call.type !== 'CallExpression') return undefined
  const callee = nodeAt(call, 'callee')
  if (!callee || callee.type !== 'Identifier') return undefined
  const isLoader = init === call ? /^require$/ : /^__vi(te_ssr)?_import__$/
  return isLoader.test(textAt(callee, 'name')) ? literal(nodesAt(call, 'arguments')[0]) : undefined
}

export function literal(node: Node | undefined): string | undefined {
  return node && typeof node['value'] === 'string' ? node['value'] : undefined
}

function declareImports(scope: Scope, declaration: Node): void {
  const specifier = literal(nodeAt(declaration, 'source')) ?? ''
  for (const item of nodesAt(declaration, 'specifiers')) {
    const local = nodeAt(item, 'local')
    if (!local) continue
    const imported = nodeAt(item, 'imported')
    const name =
      item.type === 'ImportNamespaceSpecifier'
        ? '*'
        : imported
          ? textAt(imported, 'name') || (literal(imported) ?? '')
          : 'default'
    declare(scope, textAt(local, 'name'), local, { specifier, name })
  }
}

/** Declares every `var` below `node` in `scope`, not looking into nested functions. */
export function declareVars(scope: Scope, node: Node): void {
  if (node.type === 'VariableDeclaration' && textAt(node, 'kind') === 'var') declareVariables(scope, node)
  for (const key in node) {
    for (const child of nodesAt(node, key)) {
      if (!isFunction(child) && !isClass(child) && child.type.endsWith('Expression') === false)
        declareVars(scope, child)
    }
  }
}
