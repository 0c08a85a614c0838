import { childScope, declare, declareLexical, declareVars, literal, lookUp } from './scope.ts'
import type { Binding, Scope } from './scope.ts'
import type { DynamicImport, Site } from './site.ts'
import { forEachBound, forEachChild, isClass, isFunction, nodeAt, nodesAt, textAt } from './syntax.ts'
import type { Node } from './syntax.ts'

/** A site being filled, and the syntax around it that the transform of the module hook needs. */
export interface FoundSite {
  readonly node: Node
  readonly parent: Node
  /** The key under which the parent holds the node. */
  readonly key: string
  /** The block or program in which a declaration stands. */
  readonly block: Node
  /** Functions and classes around it: 0 at the top of a module. */
  readonly depth: number
  readonly site: Site
}

/** What a test runner makes of `import(…)`. */
export const TEST_RUNNER_IMPORT = '__vite_ssr_dynamic_import__'

type Found = Omit<FoundSite, 'site'> & { readonly frame: Frame }

interface Frame {
  readonly outer: Frame | undefined
  /** Scopes made in this function have this depth, or a greater one in functions within. */
  readonly depth: number
  readonly isArrow: boolean
  readonly isClass: boolean
  readonly free: Map<Binding, Use>
  readonly bound: Set<string>
  readonly importMeta: number[]
  readonly dynamicImports: DynamicImport[]
  readonly privateNames: Set<string>
  usesThis: boolean
}

interface Use {
  readonly used: number
  members: Set<string> | undefined
}

interface Place {
  readonly scope: Scope
  readonly frame: Frame
  readonly block: Node
}

/** Finds every function and class of a program, and what each of them uses from outside of itself. `given` names its parameters. */
export function analyse(program: Node, given: readonly string[] = []): readonly FoundSite[] {
  const found: Found[] = []
  const scope = childScope(undefined, 0)
  for (const name of given) declare(scope, name, program)
  declareVars(scope, program)
  declareLexical(scope, nodesAt(program, 'body'))
  const place = { scope, frame: newFrame(undefined, program), block: program }
  for (const statement of nodesAt(program, 'body')) visit(statement, program, 'body', place, found)
  found.sort((a, b) => a.node.start - b.node.start)
  return found.map(({ frame, ...place }) => ({ ...place, site: toSite(place.node, place.parent, place.key, frame) }))
}

function newFrame(outer: Frame | undefined, node: Node): Frame {
  return {
    outer,
    depth: outer ? outer.depth + 1 : 0,
    isArrow: node.type === 'ArrowFunctionExpression',
    isClass: isClass(node),
    free: new Map(),
    bound: new Set(),
    importMeta: [],
    dynamicImports: [],
    privateNames: new Set(),
    usesThis: false,
  }
}

type Visitor = (node: Node, parent: Node, key: string, place: Place, found: Found[]) => void

const visit: Visitor = (node, parent, key, place, found) => {
  if (isFunction(node)) return visitFunction(node, parent, key, place, found)
  if (isClass(node)) return visitClass(node, parent, key, place, found)
  if (isSkipped(node)) return
  const inner = openBlock(node, place)
  note(node, parent, key, inner)
  forEachChild(node, (child, childKey) => {
    if (!isName(node, childKey) || child.type === 'PrivateIdentifier') visit(child, node, childKey, inner, found)
  })
}

const isSkipped = (node: Node): boolean =>
  node.type === 'ImportDeclaration' || node.type === 'ExportSpecifier' || node.type === 'ExportAllDeclaration'

/** True where the child is a name that refers to no variable: a member, a key, a label. */
function isName(parent: Node, key: string): boolean {
  if (key === 'property') return parent.type === 'MemberExpression' && parent['computed'] !== true
  if (key === 'key') return parent['computed'] !== true
  return key === 'label' || parent.type === 'MetaProperty'
}

function openBlock(node: Node, place: Place): Place {
  const { frame } = place
  const scope = () => childScope(place.scope, frame.depth)
  switch (node.type) {
    case 'BlockStatement':
    case 'StaticBlock': {
      const block = scope()
      if (node.type === 'StaticBlock') declareVars(block, node)
      declareLexical(block, nodesAt(node, 'body'))
      return { scope: block, frame, block: node }
    }
    case 'ForStatement':
    case 'ForInStatement':
    case 'ForOfStatement': {
      const loop = scope()
      declareLexical(loop, [...nodesAt(node, 'init'), ...nodesAt(node, 'left')])
      return { ...place, scope: loop }
    }
    case 'SwitchStatement': {
      const cases = scope()
      for (const branch of nodesAt(node, 'cases')) declareLexical(cases, nodesAt(branch, 'consequent'))
      return { ...place, scope: cases }
    }
    case 'CatchClause': {
      const clause = scope()
      for (const param of nodesAt(node, 'param')) forEachBound(param, (name) => declare(clause, name, param))
      return { ...place, scope: clause }
    }
  }
  return place
}

/** Records what one node means for the functions around it. */
function note(node: Node, parent: Node, key: string, place: Place): void {
  switch (node.type) {
    case 'Identifier':
      return refer(node, parent, key, place)
    case 'ThisExpression':
      return upToThis(place.frame, (frame) => (frame.usesThis = true))
    case 'Super':
      return upToThis(place.frame, (frame) => frame.bound.add('super'), true)
    case 'PrivateIdentifier':
      return notePrivate(textAt(node, 'name'), place.frame)
    case 'ImportExpression':
      return noteImport(node.start, nodeAt(node, 'source'), place.frame)
    case 'CallExpression':
      if (textAt(nodeAt(node, 'callee') ?? node, 'name') === TEST_RUNNER_IMPORT)
        noteImport(-1, nodesAt(node, 'arguments')[0], place.frame)
      return
    case 'MetaProperty':
      if (textAt(nodeAt(node, 'meta') as Node, 'name') === 'import')
        for (const frame of outwards(place.frame)) frame.importMeta.push(node.start)
      else upToThis(place.frame, (frame) => frame.bound.add('new.target'))
  }
}

function noteImport(at: number, source: Node | undefined, frame: Frame): void {
  const specifier = literal(source)
  if (specifier !== undefined) for (const outer of outwards(frame)) outer.dynamicImports.push({ at, specifier })
}

function* outwards(frame: Frame | undefined): Generator<Frame> {
  for (let at = frame; at; at = at.outer) yield at
}

/** `this` belongs to the nearest function that is no arrow: all arrows on the way to it take it from outside. */
function upToThis(frame: Frame, mark: (frame: Frame) => void, includesOwner = false): void {
  for (const at of outwards(frame)) {
    if (at.isClass) return
    if (!at.isArrow) {
      if (includesOwner) mark(at)
      return
    }
    mark(at)
  }
}

function notePrivate(name: string, frame: Frame): void {
  for (const at of outwards(frame)) {
    if (at.privateNames.has(name)) return
    at.bound.add(`#${name}`)
  }
}

function refer(node: Node, parent: Node, key: string, place: Place): void {
  const name = textAt(node, 'name')
  const binding = lookUp(place.scope, name)
  if (!binding) {
    if (name === 'arguments') upToThis(place.frame, (frame) => frame.bound.add('arguments'))
    return
  }
  const member = parent.type === 'MemberExpression' && key === 'object' ? memberName(parent) : undefined
  if (binding.depth < place.frame.depth && isWrite(parent, key)) binding.isShared = true
  for (const frame of outwards(place.frame)) {
    if (frame.depth <= binding.depth) return
    const use = frame.free.get(binding)
    if (!use) frame.free.set(binding, { used: node.start, members: member ? new Set([member]) : undefined })
    else if (member === undefined) use.members = undefined
    else use.members?.add(member)
  }
}

function memberName(expression: Node): string | undefined {
  const property = nodeAt(expression, 'property')
  if (!property) return undefined
  return expression['computed'] === true ? literal(property) : textAt(property, 'name') || undefined
}

const isWrite = (parent: Node, key: string): boolean =>
  parent.type === 'UpdateExpression' ||
  (key === 'left' && (parent.type === 'AssignmentExpression' || parent.type.startsWith('For'))) ||
  (parent.type === 'ArrayPattern' && key === 'elements') ||
  (parent.type === 'RestElement' && key === 'argument') ||
  (parent.type === 'AssignmentPattern' && key === 'left')

const visitFunction: Visitor = (node, parent, key, place, found) => {
  const frame = newFrame(place.frame, node)
  const scope = childScope(place.scope, frame.depth)
  const id = nodeAt(node, 'id')
  if (id && node.type === 'FunctionExpression') declare(scope, textAt(id, 'name'), node)
  if (!frame.isArrow) declare(scope, 'arguments', node)
  for (const param of nodesAt(node, 'params')) forEachBound(param, (name) => declare(scope, name, param))
  const body = nodeAt(node, 'body')
  const inner = { scope: childScope(scope, frame.depth), frame, block: body ?? node }
  if (body?.type === 'BlockStatement') {
    declareVars(inner.scope, body)
    declareLexical(inner.scope, nodesAt(body, 'body'))
  }
  for (const param of nodesAt(node, 'params')) visit(param, node, 'params', { ...inner, scope }, found)
  if (body?.type === 'BlockStatement') {
    for (const statement of nodesAt(body, 'body')) visit(statement, body, 'body', inner, found)
  } else if (body) visit(body, node, 'body', inner, found)
  found.push({ node, parent, key, block: place.block, depth: place.frame.depth, frame })
}

const visitClass: Visitor = (node, parent, key, place, found) => {
  const frame = newFrame(place.frame, node)
  const scope = childScope(place.scope, frame.depth)
  const id = nodeAt(node, 'id')
  if (id) declare(scope, textAt(id, 'name'), node)
  const inner = { scope, frame, block: node }
  for (const superClass of nodesAt(node, 'superClass')) visit(superClass, node, 'superClass', inner, found)
  const members = nodesAt(node, 'body').flatMap((body) => nodesAt(body, 'body'))
  for (const member of members)
    for (const name of nodesAt(member, 'key'))
      if (name.type === 'PrivateIdentifier') frame.privateNames.add(textAt(name, 'name'))
  for (const member of members) visit(member, node, 'body', inner, found)
  found.push({ node, parent, key, block: place.block, depth: place.frame.depth, frame })
}

function toSite(node: Node, parent: Node, key: string, frame: Frame): Site {
  const id = nodeAt(node, 'id')
  const isMethod = isMethodValue(node, parent, key)
  return {
    kind: frame.isClass ? 'class' : frame.isArrow ? 'arrow' : isMethod ? 'method' : 'function',
    start: node.start,
    end: node.end,
    name: id ? textAt(id, 'name') : inferredName(parent, key),
    isAsync: node['async'] === true,
    isGenerator: node['generator'] === true,
    isAnonymous: !id,
    free: [...frame.free].map(([binding, use]) => ({
      name: binding.name,
      declared: binding.declared,
      used: use.used,
      isShared: binding.isShared,
      ...(binding.imported ? { imported: binding.imported } : {}),
      ...(use.members ? { members: [...use.members] } : {}),
    })),
    usesThis: frame.usesThis,
    bound: [...frame.bound],
    importMeta: frame.importMeta,
    dynamicImports: frame.dynamicImports,
  }
}

const isMethodValue = (node: Node, parent: Node, key: string): boolean =>
  node.type === 'FunctionExpression' &&
  key === 'value' &&
  (parent.type === 'MethodDefinition' || parent['method'] === true || ['get', 'set'].includes(textAt(parent, 'kind')))

/** The name that the engine gives an anonymous function for what it is assigned to. */
function inferredName(parent: Node, key: string): string {
  const target =
    parent.type === 'VariableDeclarator' && key === 'init'
      ? nodeAt(parent, 'id')
      : (parent.type === 'AssignmentExpression' || parent.type === 'AssignmentPattern') && key === 'right'
        ? nodeAt(parent, 'left')
        : undefined
  if (target) return target.type === 'Identifier' ? textAt(target, 'name') : ''
  if (parent.type === 'ExportDefaultDeclaration') return 'default'
  const named = nodeAt(parent, 'key')
  if (key !== 'value' || !named || parent['computed'] === true) return ''
  if (named.type === 'PrivateIdentifier') return `#${textAt(named, 'name')}`
  return textAt(named, 'name') || String(named['value'] ?? '')
}
