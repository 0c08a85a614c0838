import { amountText } from '../explain/explanation.ts'
import type { Explanation, Help, NodeVerdict } from '../explain/explanation.ts'

/** How many lines of nodes that say the same are shown; `-o json` has all. */
const MOST_NODES = 10

/** What a person reads: how it is, every reason, what each node says, and the smallest change that would help. */
export function explanationText(explanation: Explanation): string {
  return `${lines(explanation).join('\n')}\n`
}

function lines({ kind, namespace, name, state, isWell, reasons, nodes, fix, pods }: Explanation): readonly string[] {
  const text = [`${kind} ${namespace}/${name}: ${state}`]
  if (isWell && reasons.length === 0) text.push('  nothing holds it back')
  for (const { source, message, waitingHelps } of reasons) text.push(`  ${source}: ${message}${helpText(waitingHelps)}`)
  if (nodes.length > 0) text.push('', '  nodes', ...nodeLines(nodes))
  if (fix !== undefined)
    text.push('', `  smallest change, tried on a snapshot: ${fix.change}; it would go to ${fix.node}`)
  else if (nodes.length > 0) text.push('', '  no single change or pair of changes was found that would place it')
  for (const { count, example, explanation } of pods) {
    text.push('', `  ${count} ${count === 1 ? 'pod' : 'pods'} such as ${example}:`)
    text.push(...lines(explanation).map((line) => (line === '' ? '' : `    ${line}`)))
  }
  return text
}

function nodeLines(nodes: readonly NodeVerdict[]): readonly string[] {
  const groups = new Map<string, string[]>()
  for (const verdict of nodes) {
    const said = verdictText(verdict)
    groups.set(said, [...(groups.get(said) ?? []), verdict.node])
  }
  const shown = [...groups].slice(0, MOST_NODES)
  const text = shown.map(([said, names]) => `    ${nodeNames(names)}: ${said}`)
  if (groups.size > shown.length)
    text.push(`    and ${groups.size - shown.length} more kinds of answers; -o json has all`)
  return text
}

function verdictText({ plugin, reasons, amounts, waitingHelps, preemptionMayHelp }: NodeVerdict): string {
  const numbers = amounts.map(({ resource, asked, free, allocatable }) => {
    const [a, f, all] = [asked, free, allocatable].map((amount) => amountText(resource, amount))
    return `${resource} asked ${a}, free ${f} of ${all}`
  })
  const detail = numbers.length === 0 ? '' : ` (${numbers.join('; ')})`
  const preemption = preemptionMayHelp ? '' : ', nor does preemption'
  return `${plugin}: ${reasons.join(', ')}${detail}${helpText(waitingHelps)}${waitingHelps === 'no' ? preemption : ''}`
}

function nodeNames(names: readonly string[]): string {
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`
}

function helpText(help: Help): string {
  if (help === 'yes') return '; waiting helps'
  return help === 'perhaps' ? '; waiting may help' : '; waiting does not help'
}
