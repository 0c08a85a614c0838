import type {
  Affinity,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  WeightedPodAffinityTerm,
} from '../generated/core-v1.ts'
import type { LabelSelector } from '../generated/meta-v1.ts'
import { forbidden, invalid, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsLabelProblems, dnsSubdomainProblems, labelKeyProblems, labelValueProblems } from '../meta/names.ts'
import { validateLabelSelector, validateSetOperator } from './label-selector.ts'
import { named } from './object-meta.ts'

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'

/** Where a pod wants to be, by what nodes are and by which pods are there. */
export function validateAffinity(affinity: Affinity | undefined, path: string): FieldError[] {
  if (affinity === undefined) return []
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity
  const errors: FieldError[] = []
  const selector = nodeAffinity?.[REQUIRED]
  if (selector !== undefined) errors.push(...validateNodeSelector(selector, `${path}.nodeAffinity.${REQUIRED}`))
  nodeAffinity?.[PREFERRED]?.forEach(({ weight, preference }, i) => {
    const at = `${path}.nodeAffinity.${PREFERRED}[${i}]`
    errors.push(...validateWeight(weight, at))
    errors.push(...validateTerm(preference ?? {}, `${at}.preference`, false))
  })
  for (const [name, pods] of Object.entries({ podAffinity, podAntiAffinity })) {
    pods?.[REQUIRED]?.forEach((term, i) => errors.push(...validatePodTerm(term, `${path}.${name}.${REQUIRED}[${i}]`)))
    pods?.[PREFERRED]?.forEach((term, i) => {
      errors.push(...validateWeighted(term, `${path}.${name}.${PREFERRED}[${i}]`))
    })
  }
  return errors
}

export function validateNodeSelector(
  { nodeSelectorTerms }: { readonly nodeSelectorTerms?: readonly NodeSelectorTerm[] },
  path: string,
): FieldError[] {
  const terms = nodeSelectorTerms ?? []
  if (terms.length === 0) {
    return [required(`${path}.nodeSelectorTerms`, 'must have at least one node selector term')]
  }
  return terms.flatMap((term, i) => validateTerm(term, `${path}.nodeSelectorTerms[${i}]`, true))
}

/** Values that no label can have are let be where a term is only preferred. */
function validateTerm(
  { matchExpressions, matchFields }: NodeSelectorTerm,
  path: string,
  strict: boolean,
): FieldError[] {
  return [
    ...(matchExpressions ?? []).flatMap((one, i) => validateExpression(one, `${path}.matchExpressions[${i}]`, strict)),
    ...(matchFields ?? []).flatMap((one, i) => validateField(one, `${path}.matchFields[${i}]`)),
  ]
}

function validateExpression(expression: NodeSelectorRequirement, path: string, strict: boolean): FieldError[] {
  const { key, operator } = expression
  const values = expression.values ?? []
  const errors: FieldError[] = []
  const shared = validateSetOperator(operator, values, path)
  if (shared !== undefined) errors.push(...shared)
  else if (operator === 'Gt' || operator === 'Lt') {
    const detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
    if (values.length !== 1) errors.push(required(`${path}.values`, detail))
  } else errors.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'))
  errors.push(...named(`${path}.key`, key, labelKeyProblems(key)))
  if (!strict) return errors
  return [...errors, ...values.flatMap((value, i) => named(`${path}.values[${i}]`, value, labelValueProblems(value)))]
}

function validateField({ key, operator, values }: NodeSelectorRequirement, path: string): FieldError[] {
  const errors: FieldError[] = []
  const list = values ?? []
  if (operator === 'In' || operator === 'NotIn') {
    const detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
    if (list.length !== 1) errors.push(required(`${path}.values`, detail))
  } else errors.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'))
  if (key !== 'metadata.name') return [...errors, invalid(`${path}.key`, key, 'not a valid field selector key')]
  return [...errors, ...list.flatMap((value, i) => named(`${path}.values[${i}]`, value, dnsSubdomainProblems(value)))]
}

function validateWeight(weight: number | undefined, path: string): FieldError[] {
  const value = weight ?? 0
  return value > 0 && value <= 100 ? [] : [invalid(`${path}.weight`, value, 'must be in the range 1-100')]
}

function validateWeighted({ weight, podAffinityTerm }: WeightedPodAffinityTerm, path: string): FieldError[] {
  const term = podAffinityTerm ?? { topologyKey: '' }
  return [...validateWeight(weight, path), ...validatePodTerm(term, `${path}.podAffinityTerm`)]
}

function validatePodTerm(term: PodAffinityTerm, path: string): FieldError[] {
  const { labelSelector, namespaceSelector, namespaces, topologyKey = '', matchLabelKeys, mismatchLabelKeys } = term
  const errors = validateLabelSelector(labelSelector, `${path}.labelSelector`)
  errors.push(...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`))
  for (const name of namespaces ?? []) errors.push(...named(`${path}.namespace`, name, dnsLabelProblems(name)))
  const selected = labelSelector !== undefined
  errors.push(...validateKeys(matchLabelKeys, `${path}.matchLabelKeys`, selected))
  errors.push(...validateKeys(mismatchLabelKeys, `${path}.mismatchLabelKeys`, selected))
  errors.push(...selectedTwice(matchLabelKeys, labelSelector, path))
  errors.push(...inBoth(matchLabelKeys, mismatchLabelKeys, `${path}.matchLabelKeys`))
  if (topologyKey === '') errors.push(required(`${path}.topologyKey`, 'can not be empty'))
  return [...errors, ...named(`${path}.topologyKey`, topologyKey, labelKeyProblems(topologyKey))]
}

/** Keys of labels whose values are taken from the pod itself: they need a selector to add to. */
export function validateKeys(keys: readonly string[] | undefined, path: string, selected: boolean): FieldError[] {
  if ((keys ?? []).length === 0) return []
  if (!selected) return [forbidden(path, 'must not be specified when labelSelector is not set')]
  return (keys ?? []).flatMap((key, i) => named(`${path}[${i}]`, key, labelKeyProblems(key)))
}

/**
 * Keys that the author selects by as well. Those of `keys` stand in the selector already, since the pod was created; whoever stands
 * there twice was there before. The path is Kubernetes' own.
 */
export function selectedTwice(
  keys: readonly string[] = [],
  selector: LabelSelector | undefined,
  path: string,
): FieldError[] {
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}))
  return (selector?.matchExpressions ?? []).flatMap(({ key }) => {
    const isTwice = seen.has(key) && keys.includes(key)
    seen.add(key)
    return isTwice
      ? [invalid(`${path}[${keys.indexOf(key)}]`, key, 'exists in both matchLabelKeys and labelSelector')]
      : []
  })
}

function inBoth(keys: readonly string[] = [], others: readonly string[] = [], path: string): FieldError[] {
  return keys.flatMap((key, i) =>
    others.includes(key) ? [invalid(`${path}[${i}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys')] : [],
  )
}
