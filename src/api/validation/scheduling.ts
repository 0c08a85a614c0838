import type { PodSpec, Taint, Toleration, TopologySpreadConstraint } from '../generated/core-v1.ts'
import { duplicate, forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { labelKeyProblems, labelValueProblems } from '../meta/names.ts'
import { validateLabelSelector } from './label-selector.ts'

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

/** Where a pod may run: tolerations, spreading, affinity. */
export function validateScheduling(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  ;(spec.tolerations ?? []).forEach((toleration, i) => {
    errors.push(...validateToleration(toleration, `${path}.tolerations[${i}]`))
  })
  ;(spec.topologySpreadConstraints ?? []).forEach((constraint, i) => {
    errors.push(...validateSpread(constraint, `${path}.topologySpreadConstraints[${i}]`))
  })
  return [...errors, ...validateNodeAffinity(spec, `${path}.affinity.nodeAffinity`)]
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
    errors.push(...labelValueProblems(value).map((problem) => invalid(`${path}.operator`, value, problem)))
  } else if (operator === 'Exists') {
    const detail = "value must be empty when `operator` is 'Exists'"
    if (value !== '') errors.push(invalid(`${path}.operator`, toleration, detail))
  } else errors.push(notSupported(`${path}.operator`, operator, ['Equal', 'Exists']))
  if (effect !== '' && !EFFECTS.includes(effect)) errors.push(notSupported(`${path}.effect`, effect, EFFECTS))
  return errors
}

function validateSpread(constraint: TopologySpreadConstraint, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (constraint.maxSkew <= 0) errors.push(invalid(`${path}.maxSkew`, constraint.maxSkew, 'must be greater than zero'))
  if (constraint.topologyKey === '') errors.push(required(`${path}.topologyKey`, 'can not be empty'))
  const actions = ['DoNotSchedule', 'ScheduleAnyway']
  if (!actions.includes(constraint.whenUnsatisfiable)) {
    errors.push(notSupported(`${path}.whenUnsatisfiable`, constraint.whenUnsatisfiable, actions))
  }
  return [...errors, ...validateLabelSelector(constraint.labelSelector, `${path}.labelSelector`)]
}

function validateNodeAffinity({ affinity }: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  const required_ = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const at = `${path}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`
  if (required_ && (required_.nodeSelectorTerms ?? []).length === 0) {
    errors.push(required(at, 'must have at least one node selector term'))
  }
  ;(required_?.nodeSelectorTerms ?? []).forEach((term, i) => {
    ;(term.matchExpressions ?? []).forEach(({ key, operator, values = [] }, j) => {
      const where = `${at}[${i}].matchExpressions[${j}]`
      errors.push(...validateNodeExpression(key, operator, values, where))
    })
  })
  return errors
}

function validateNodeExpression(key: string, operator: string, values: readonly string[], path: string): FieldError[] {
  const errors: FieldError[] = []
  if (operator === 'In' || operator === 'NotIn') {
    const detail = "must be specified when `operator` is 'In' or 'NotIn'"
    if (values.length === 0) errors.push(required(`${path}.values`, detail))
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
    if (values.length > 0) errors.push(forbidden(`${path}.values`, detail))
  } else if (operator === 'Gt' || operator === 'Lt') {
    const detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
    if (values.length !== 1) errors.push(required(`${path}.values`, detail))
  } else errors.push(invalid(`${path}.operator`, operator, 'not a valid selector operator'))
  return [...errors, ...labelKeyProblems(key).map((problem) => invalid(`${path}.key`, key, problem))]
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
