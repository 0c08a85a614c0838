/**
 * A part of a table of `nft` as it should be: its own sets and chains, and its elements of sets and maps that it shares
 * with other parts. Rules may jump to chains of the same part and use its sets.
 */
export interface Ruleset {
  /** By name, what stands between the braces of their declaration. */
  readonly sets: ReadonlyMap<string, string>
  /** Rules by the name of their chain. */
  readonly chains: ReadonlyMap<string, readonly string[]>
  /** By the name of the shared set or map: keys with their values (`: goto x`), or without any. */
  readonly elements: ReadonlyMap<string, ReadonlyMap<string, string>>
}

export const NO_RULES: Ruleset = { sets: new Map(), chains: new Map(), elements: new Map() }

/**
 * The commands that turn one state of a part into another, to be performed as one transaction: first what others refer to,
 * last what nobody refers to any more. Sets and elements that stay keep what they remember.
 */
export function changesOfRules(table: string, before: Ruleset, after: Ruleset): string[] {
  const lines: string[] = []
  for (const [name, declaration] of after.sets) {
    if (!before.sets.has(name)) lines.push(`add set ${table} ${name} { ${declaration} }`)
  }
  for (const name of after.chains.keys()) if (!before.chains.has(name)) lines.push(`add chain ${table} ${name}`)
  for (const [name, rules] of after.chains) {
    const known = before.chains.get(name)
    if (known?.join('\n') === rules.join('\n')) continue
    if (known !== undefined) lines.push(`flush chain ${table} ${name}`)
    for (const rule of rules) lines.push(`add rule ${table} ${name} ${rule}`)
  }
  lines.push(...changesOfElements(table, before, after))
  const gone = [...before.chains.keys()].filter((name) => !after.chains.has(name))
  lines.push(...gone.map((name) => `flush chain ${table} ${name}`))
  lines.push(...gone.map((name) => `delete chain ${table} ${name}`))
  for (const name of before.sets.keys()) if (!after.sets.has(name)) lines.push(`delete set ${table} ${name}`)
  return lines
}

function changesOfElements(table: string, before: Ruleset, after: Ruleset): string[] {
  const lines: string[] = []
  const change = (verb: string, set: string, elements: readonly string[]) => {
    if (elements.length > 0) lines.push(`${verb} element ${table} ${set} { ${elements.join(', ')} }`)
  }
  const NOTHING: ReadonlyMap<string, string> = new Map()
  for (const set of new Set([...before.elements.keys(), ...after.elements.keys()])) {
    const [old, now] = [before.elements.get(set) ?? NOTHING, after.elements.get(set) ?? NOTHING]
    change(
      'delete',
      set,
      [...old].filter(([key, value]) => now.get(key) !== value).map(([key]) => key),
    )
    const added = [...now].filter(([key, value]) => old.get(key) !== value)
    change(
      'add',
      set,
      added.map(([key, value]) => `${key}${value}`),
    )
  }
  return lines
}
