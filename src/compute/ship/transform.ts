import { analyse } from './analyse.ts'
import type { FoundSite } from './analyse.ts'
import { parse } from './parse.ts'
import type { Insertion, Site } from './site.ts'
import { nodeAt, nodesAt } from './syntax.ts'
import type { Node } from './syntax.ts'

export interface Transformed {
  readonly sites: readonly Site[]
  /** In order of offset. */
  readonly insertions: readonly Insertion[]
}

/** The name under which transformed code knows `register`, and those of the parameters of what it passes. */
const REGISTER = 'shoal$r'
const INDEX = 'shoal$i'
const VALUE = 'shoal$v'

/**
 * Finds the functions of an ES module and what to insert so that each is registered when it is made. In a module that
 * does not import Shoal only functions made at its top level are: those made within functions there may be made millions
 * of times and are hardly ever shipped; if one is, the inspector finds it. Arrows that use an outer `this`, which it cannot see, are registered
 * anywhere.
 */
export function transform(file: string, text: string, module: string, registryUrl: string): Transformed {
  const program = parse(file, text, 'module')
  const found = analyse(program)
  const isProgram = nodesAt(program, 'body').some((statement) => isShoal(statement))
  const insertions: Insertion[] = []
  found.forEach((place, index) => {
    if (isProgram || place.depth === 0 || place.site.usesThis)
      insertions.push(...insertionsFor(place, `${REGISTER}('${module}',${index},`))
  })
  const sites = found.map((place) => place.site)
  if (insertions.length === 0) return { sites, insertions }
  insertions.push({
    at: text.length,
    text: `\nimport { register as ${REGISTER} } from ${JSON.stringify(registryUrl)}\n`,
  })
  return { sites, insertions: insertions.sort((a, b) => a.at - b.at) }
}

const isShoal = (statement: Node): boolean => {
  const specifier = nodeAt(statement, 'source')?.['value']
  return typeof specifier === 'string' && /^shoal(\/|$)|\/src\/(index|connect|connect\/connect)\.[jt]s$/.test(specifier)
}

function insertionsFor(place: FoundSite, call: string): readonly Insertion[] {
  const { node, parent, key, site } = place
  if (site.kind === 'method' || (parent.type === 'CallExpression' && key === 'callee')) return []
  // Its name comes from an expression: wrapped, it would have none.
  if (key === 'value' && parent['computed'] === true) return []
  const read = accessVariables(site)
  if (node.type === 'FunctionDeclaration') {
    const at = declarationStart(place)
    return site.isAnonymous || at === undefined ? [] : [{ at, text: `${call}${site.name},${read});` }]
  }
  if (node.type === 'ClassDeclaration')
    return site.isAnonymous ? [] : [{ at: node.end, text: `;${call}${site.name},${read});` }]
  const isNamed = site.isAnonymous && site.name !== '' && site.name !== '__proto__'
  const name = JSON.stringify(site.name)
  return [
    { at: node.start, text: isNamed ? `${call}{${name}:` : call },
    { at: node.end, text: isNamed ? `}[${name}],${read})` : `,${read})` },
  ]
}

/** The start of the block in which a function declaration is hoisted, or nothing where that has no such start. */
function declarationStart({ block, parent }: FoundSite): number | undefined {
  if (parent.type === 'SwitchCase') return undefined
  if (block.type === 'Program') return nodesAt(block, 'body')[0]?.start
  if (block.type === 'StaticBlock') return undefined
  return block.type === 'BlockStatement' ? block.start + 1 : undefined
}

/** `readVariables`, and where functions share variables an arrow that assigns these by their index. */
function accessVariables(site: Site): string {
  const assigned = site.free.flatMap(({ name, isShared }, index) =>
    isShared ? [`${INDEX}===${index}?${name}=${VALUE}:`] : [],
  )
  return assigned.length === 0
    ? readVariables(site)
    : `${readVariables(site)},(${INDEX},${VALUE})=>{${assigned.join('')}0}`
}

/** An arrow that reads a free variable by its index; after the last one comes `this`. */
function readVariables(site: Site): string {
  const names = site.free.map((variable) => variable.name)
  if (site.usesThis) names.push('this')
  if (names.length === 0) return '()=>{}'
  return `${INDEX}=>${names.map((name, index) => `${INDEX}===${index}?${name}:`).join('')}void 0`
}

/** The text with the insertions in it. */
export function applyInsertions(text: string, insertions: readonly Insertion[]): string {
  let result = ''
  let from = 0
  for (const insertion of insertions) {
    result += text.slice(from, insertion.at) + insertion.text
    from = insertion.at
  }
  return result + text.slice(from)
}

/** Where an offset of the transformed text is in the original one. */
export function originalOffset(insertions: readonly Insertion[], offset: number): number {
  let added = 0
  for (const { at, text } of insertions) {
    if (at + added > offset) break
    if (offset < at + added + text.length) return at
    added += text.length
  }
  return offset - added
}
