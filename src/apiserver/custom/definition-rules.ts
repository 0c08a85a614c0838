import type { FieldError } from '../../api/meta/field-error.ts'
import { forbidden, invalid } from '../../api/meta/field-error.ts'
import { expressions } from './expression-engine.ts'
import type { JsonSchema, ValidationRule } from './json-schema.ts'
import { rulesOf } from './rules.ts'
import { leastBytes, MAX_REQUEST_BYTES } from './schema-types.ts'

/** What one rule may cost at most by what its schema allows, and what all rules of a schema may together. */
const RULE_LIMIT = 10_000_000
const SCHEMA_LIMIT = 100_000_000
/** So many of the dearest rules of a schema that is too dear are named, unless they cost next to nothing. */
const NAMED = 4

/** One look at the rules of a schema: what they may cost, together. */
export interface RuleLook {
  readonly costs: { readonly path: string; readonly cost: number }[]
  /** The schema is as it was: what its rules cost has been let be before. */
  readonly isKept: boolean
}

/** A node of the schema. */
interface Node {
  readonly path: string
  readonly isRoot: boolean
  /** The list or map above in which nobody can tell what an item was before. */
  readonly uncorrelated: string | undefined
  /** How often there may be such a value in an object; Infinity where no schema above bounds that. */
  readonly most: number
}

/** Whether the rules of the schema at `path` may cost too much together. */
export function totalCostErrors({ costs }: RuleLook, path: string): FieldError[] {
  const total = costs.reduce((all, { cost }) => all + cost, 0)
  if (total <= SCHEMA_LIMIT) return []
  const dear = costs.filter(({ cost }) => cost >= SCHEMA_LIMIT / 100).toSorted((a, b) => b.cost - a.cost)
  const detail = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema'
  const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema'
  const named = dear.slice(0, NAMED).map(({ path: field }) => forbidden(field, detail))
  return [...named, forbidden(path, tooDear(what, total, SCHEMA_LIMIT))]
}

function tooDear(what: string, cost: number, limit: number): string {
  const factor = cost / limit
  const shown = factor > 100 ? 'more than 100' : factor < 1.5 ? factor.toFixed(6) : factor.toFixed(1)
  const advice =
    '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)'
  return `${what} exceeds budget by factor of ${shown}x ${advice}`
}

/** What is wrong with the rules of one node, whose words are right. */
export function checkCompiled(
  look: RuleLook,
  schema: JsonSchema,
  { path, isRoot, uncorrelated, most }: Node,
): FieldError[] {
  const errors: FieldError[] = []
  const { type, rules } = rulesOf(schema, isRoot)
  rules.forEach(({ rule, program, message, error, messageError, usesOldSelf }, i) => {
    const at = `${path}.x-kubernetes-validations[${i}]`
    if (program !== undefined && type !== undefined) {
      const times = most === Infinity ? Math.floor(MAX_REQUEST_BYTES / (leastBytes(type) + 1)) : most
      const cost = expressions().estimateCost(program.checked, type) * times
      errors.push(...costErrors(look, `${at}.rule`, 'estimated rule cost', cost))
    }
    if (error !== undefined) errors.push(invalid(`${at}.rule`, goRule(rule), error))
    if (messageError !== undefined) errors.push(invalid(`${at}.messageExpression`, goRule(rule), messageError))
    else if (message !== undefined && type !== undefined) {
      const cost = expressions().estimateCost(message.checked, type)
      errors.push(...costErrors(look, `${at}.messageExpression`, 'estimated messageExpression cost', cost))
    }
    if (usesOldSelf && uncorrelated !== undefined) {
      const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`
      errors.push(invalid(`${at}.rule`, rule.rule, detail))
    } else if (!usesOldSelf && rule.optionalOldSelf !== undefined && error === undefined) {
      const detail = 'may not be set if oldSelf is not used in rule'
      errors.push(invalid(`${at}.optionalOldSelf`, rule.optionalOldSelf, detail))
    }
  })
  return errors
}

function costErrors({ costs, isKept }: RuleLook, path: string, what: string, cost: number): FieldError[] {
  costs.push({ path, cost })
  return !isKept && cost > RULE_LIMIT ? [forbidden(path, tooDear(what, cost, RULE_LIMIT))] : []
}

/** A rule as Go's own type of it is shown. */
function goRule({ rule, message, messageExpression, reason, fieldPath, optionalOldSelf }: ValidationRule): object {
  return {
    Rule: rule,
    Message: message ?? '',
    MessageExpression: messageExpression ?? '',
    Reason: reason ?? null,
    FieldPath: fieldPath ?? '',
    OptionalOldSelf: optionalOldSelf ?? null,
  }
}
