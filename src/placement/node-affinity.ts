import type {
  Node,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  Pod,
  PreferredSchedulingTerm,
} from '../api/generated/core-v1.ts'

/** Whether `node` satisfies the pod's `nodeSelector` and its required node affinity. */
export function matchesNode(pod: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {}
  for (const [key, value] of Object.entries(pod.spec?.nodeSelector ?? {})) if (labels[key] !== value) return false
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return required === undefined || requiredAffinityHolds(required, node)
}

/** Whether some term of a node selector holds for `node`. */
export function requiredAffinityHolds({ nodeSelectorTerms }: NodeSelector, node: Node): boolean {
  return nodeSelectorTerms.some((term) => matchesTerm(term, node))
}

/** The sum of the weights of the preferred terms that `node` satisfies. */
export function preferredTermsWeight(terms: readonly PreferredSchedulingTerm[], node: Node): number {
  return terms.reduce((total, { weight, preference }) => total + (matchesTerm(preference, node) ? weight : 0), 0)
}

/** A term holds when all that it asks holds; one that asks nothing matches nothing. */
function matchesTerm(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length + fields.length === 0) return false
  const labels = node.metadata.labels ?? {}
  return (
    expressions.every((requirement) => holds(requirement, labels[requirement.key])) &&
    fields.every((requirement) => requirement.key === 'metadata.name' && holds(requirement, node.metadata.name))
  )
}

function holds({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return compare(value, values[0], (a, b) => a > b)
    case 'Lt':
      return compare(value, values[0], (a, b) => a < b)
    default:
      return false
  }
}

/** Both sides must be whole numbers, as Kubernetes parses them. */
function compare(a: string | undefined, b: string | undefined, test: (a: bigint, b: bigint) => boolean): boolean {
  const whole = /^[+-]?\d+$/
  return a !== undefined && b !== undefined && whole.test(a) && whole.test(b) && test(BigInt(a), BigInt(b))
}
