/** A node of the ESTree that oxc-parser gives, read loosely: what a node has depends on its type. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string'

/** The nodes that `node[key]` holds, whether it is one, a list or nothing. */
export function nodesAt(node: Node, key: string): readonly Node[] {
  const value = node[key]
  if (Array.isArray(value)) return value.filter(isNode)
  return isNode(value) ? [value] : []
}

export const nodeAt = (node: Node, key: string): Node | undefined => {
  const value = node[key]
  return isNode(value) ? value : undefined
}

export const textAt = (node: Node, key: string): string => {
  const value = node[key]
  return typeof value === 'string' ? value : ''
}

export function forEachChild(node: Node, visit: (child: Node, key: string) => void): void {
  for (const key in node) {
    const value = node[key]
    if (typeof value !== 'object' || value === null) continue
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) visit(item, key)
    } else if (isNode(value)) visit(value, key)
  }
}

export const isFunction = (node: Node): boolean =>
  node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression' || node.type === 'FunctionDeclaration'

export const isClass = (node: Node): boolean => node.type === 'ClassDeclaration' || node.type === 'ClassExpression'

/** Calls `visit` with every identifier that a binding pattern declares. */
export function forEachBound(pattern: Node, visit: (name: string) => void): void {
  switch (pattern.type) {
    case 'Identifier':
      return visit(textAt(pattern, 'name'))
    case 'ObjectPattern':
      for (const property of nodesAt(pattern, 'properties')) {
        const target = property.type === 'RestElement' ? property : nodeAt(property, 'value')
        if (target) forEachBound(target, visit)
      }
      return
    case 'ArrayPattern':
      for (const element of nodesAt(pattern, 'elements')) forEachBound(element, visit)
      return
    case 'AssignmentPattern':
      return withNode(pattern, 'left', visit)
    case 'RestElement':
      return withNode(pattern, 'argument', visit)
  }
}

function withNode(pattern: Node, key: string, visit: (name: string) => void): void {
  const inner = nodeAt(pattern, key)
  if (inner) forEachBound(inner, visit)
}
