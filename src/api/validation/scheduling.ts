import type { Taint, Toleration, TopologySpreadConstraint } from '../generated/core-v1.ts'
import { duplicate, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { labelKeyProblems, labelValueProblems } from '../meta/names.ts'
import { selectedTwice, validateKeys } from './affinity.ts'
import { validateLabelSelector } from './label-selector.ts'

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

export function validateTolerations(tolerations: readonly Toleration[], path: string): FieldError[] {
  return tolerations.flatMap((toleration, i) => validateToleration(toleration, `${path}[${i}]`))
}

export function validateSpreads(constraints: readonly TopologySpreadConstraint[], path: string): FieldError[] {
  return constraints.flatMap((one, i) => validateSpread(one, `${path}[${i}]`, constraints.slice(i + 1)))
}

function validateToleration(toleration: Toleration, path: string): FieldError[] {
  const { key = '', operator = '', value = '', effect = '', tolerationSeconds } = toleration
  const errors: FieldError[] = []
  if (key !== '') errors.push(...labelKeyProblems(key).map((problem) => invalid(`${path}.key`, key, problem)))
  if (key === '' && operator !== 'Exists') {
    const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
    errors.push(invalid(`${path}.operator`, operator, detail))
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    errors.push(invalid(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
  }
  if (operator === 'Equal' || operator === '') {
    const problems = labelValueProblems(value)
    if (problems.length > 0) errors.push(invalid(`${path}.operator`, value, problems.join(';')))
  } else if (operator === 'Exists') {
    const detail = "value must be empty when `operator` is 'Exists'"
    if (value !== '') errors.push(invalid(`${path}.operator`, value, detail))
  } else errors.push(notSupported(`${path}.operator`, operator, ['Equal', 'Exists']))
  if (effect !== '' && !EFFECTS.includes(effect)) errors.push(notSupported(`${path}.effect`, effect, EFFECTS))
  return errors
}

const ACTIONS = ['DoNotSchedule', 'ScheduleAnyway']
const INCLUSION_POLICIES = ['Honor', 'Ignore']

function validateSpread(
  constraint: TopologySpreadConstraint,
  path: string,
  later: readonly TopologySpreadConstraint[],
): FieldError[] {
  const errors: FieldError[] = []
  const { maxSkew, topologyKey, whenUnsatisfiable, minDomains, matchLabelKeys, labelSelector } = constraint
  if (maxSkew <= 0) errors.push(invalid(`${path}.maxSkew`, maxSkew, 'must be greater than zero'))
  if (topologyKey === '') errors.push(required(`${path}.topologyKey`, 'can not be empty'))
  if (!ACTIONS.includes(whenUnsatisfiable)) {
    errors.push(notSupported(`${path}.whenUnsatisfiable`, whenUnsatisfiable, ACTIONS))
  }
  if (later.some((one) => one.topologyKey === topologyKey && one.whenUnsatisfiable === whenUnsatisfiable)) {
    errors.push(duplicate(`${path}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`))
  }
  if (minDomains !== undefined) {
    if (minDomains <= 0) errors.push(invalid(`${path}.minDomains`, minDomains, 'must be greater than zero'))
    if (whenUnsatisfiable !== 'DoNotSchedule') {
      const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`
      errors.push(invalid(`${path}.minDomains`, minDomains, detail))
    }
  }
  for (const field of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
    const policy = constraint[field]
    if (policy === undefined || INCLUSION_POLICIES.includes(policy)) continue
    errors.push(notSupported(`${path}.${field}`, policy, INCLUSION_POLICIES))
  }
  errors.push(...validateKeys(matchLabelKeys, `${path}.matchLabelKeys`, labelSelector !== undefined))
  errors.push(...selectedTwice(matchLabelKeys, labelSelector, path))
  return [...errors, ...validateLabelSelector(labelSelector, `${path}.labelSelector`)]
}

/** A node's taints: valid, and each key and effect once. */
export function validateTaints(taints: readonly Taint[], path: string): FieldError[] {
  const seen = new Set<string>()
  return taints.flatMap((taint, i) => {
    const at = `${path}[${i}]`
    const errors: FieldError[] = labelKeyProblems(taint.key).map((problem) => invalid(`${at}.key`, taint.key, problem))
    const { value = '' } = taint
    errors.push(...labelValueProblems(value).map((problem) => invalid(`${at}.value`, value, problem)))
    if (taint.effect === '') errors.push(required(`${at}.effect`))
    else if (!EFFECTS.includes(taint.effect)) errors.push(notSupported(`${at}.effect`, taint.effect, EFFECTS))
    const id = `${taint.key}:${taint.effect}`
    if (seen.has(id)) {
      errors.push({
        ...duplicate(at, taint),
        message: `${duplicate(at, taint).message}: taints must be unique by key and effect pair`,
      })
    }
    seen.add(id)
    return errors
  })
}
