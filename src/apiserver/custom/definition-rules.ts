import type { FieldError } from '../../api/meta/field-error.ts'
import { forbidden, invalid, notSupported, required } from '../../api/meta/field-error.ts'
import { expressions } from './expression-engine.ts'
import type { JsonSchema, ValidationRule } from './json-schema.ts'
import { rulesOf } from './rules.ts'
import { fieldAt } from './schema-path.ts'
import { leastBytes, MAX_REQUEST_BYTES } from './schema-types.ts'

/** What one rule may cost at most by what its schema allows, and what all rules of a schema may together. */
const RULE_LIMIT = 10_000_000
const SCHEMA_LIMIT = 100_000_000
/** So many of the dearest rules of a schema that is too dear are named, unless they cost next to nothing. */
const NAMED = 4

/** One look at the rules of a schema. */
interface Look {
  readonly errors: FieldError[]
  readonly costs: { readonly path: string; readonly cost: number }[]
  /** The schema is as it was: what its rules cost has been let be before. */
  readonly isKept: boolean
}

/** Where the look is. */
interface Place {
  readonly path: string
  readonly isRoot: boolean
  /** The list or map above in which nobody can tell what an item was before. */
  readonly uncorrelated: string | undefined
  /** How often there may be such a value in an object; undefined where no schema above bounds that. */
  readonly most: number | undefined
}

/** What is wrong with the rules of a schema at `path`, and whether they may cost too much. */
export function checkRules(schema: JsonSchema, path: string, isKept: boolean): readonly FieldError[] {
  const look: Look = { errors: [], costs: [], isKept }
  checkNode(look, schema, { path, isRoot: true, uncorrelated: undefined, most: 1 })
  checkTotal(look, path)
  return look.errors
}

function checkTotal({ errors, costs }: Look, path: string): void {
  const total = costs.reduce((all, { cost }) => all + cost, 0)
  if (total <= SCHEMA_LIMIT) return
  const dear = costs.filter(({ cost }) => cost >= SCHEMA_LIMIT / 100).toSorted((a, b) => b.cost - a.cost)
  const detail = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema'
  for (const { path: field } of dear.slice(0, NAMED)) errors.push(forbidden(field, detail))
  const what = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema'
  errors.push(forbidden(path, tooDear(what, total, SCHEMA_LIMIT)))
}

function tooDear(what: string, cost: number, limit: number): string {
  const factor = cost / limit
  const shown = factor > 100 ? 'more than 100' : factor < 1.5 ? factor.toFixed(6) : factor.toFixed(1)
  const advice =
    '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)'
  return `${what} exceeds budget by factor of ${shown}x ${advice}`
}

function checkNode(look: Look, schema: JsonSchema, place: Place): void {
  const { path, uncorrelated } = place
  const rules = schema['x-kubernetes-validations'] ?? []
  // Rules deeper down are told of first.
  const most = place.most === undefined ? undefined : multiplied(place.most, bound(schema))
  const inner = { isRoot: false, uncorrelated, most }
  const { items, additionalProperties, properties = {} } = schema
  if (typeof additionalProperties === 'object') {
    checkNode(look, additionalProperties, { ...inner, path: `${path}.additionalProperties` })
  }
  for (const [key, child] of Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1))) {
    checkNode(look, child, { ...inner, path: `${path}.properties[${key}]` })
  }
  if (items !== undefined) {
    const lost = uncorrelated ?? (schema['x-kubernetes-list-type'] === 'map' ? undefined : path)
    checkNode(look, items, { ...inner, path: `${path}.items`, uncorrelated: lost })
  }
  rules.forEach((rule, i) => checkRule(schema, rule, `${path}.x-kubernetes-validations[${i}]`, look.errors))
  if (rules.length > 0) checkCompiled(look, schema, place)
}

/** How many values a list or map may have at most; an object has each of its fields once. */
function bound({ type, additionalProperties, maxProperties, maxItems }: JsonSchema): number | undefined {
  if (type === 'object') return additionalProperties === undefined ? 1 : maxProperties
  return type === 'array' ? maxItems : 1
}

const multiplied = (a: number, b: number | undefined): number | undefined => (b === undefined ? undefined : a * b)

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']

function checkRule(schema: JsonSchema, rule: ValidationRule, at: string, errors: FieldError[]): void {
  const { message, messageExpression, reason, fieldPath } = rule
  if (rule.rule.trim() === '') errors.push(required(`${at}.rule`, 'rule is not specified'))
  if (message !== undefined && message.length > 0 && message.trim() === '') {
    errors.push(invalid(`${at}.message`, message, 'must be non-empty if specified'))
  } else if (message?.trim().includes('\n')) {
    errors.push(invalid(`${at}.message`, message, 'must not contain line breaks'))
  } else if (rule.rule.trim().includes('\n') && (message ?? '') === '') {
    errors.push(required(`${at}.message`, 'message must be specified if rule contains line breaks'))
  }
  if (messageExpression !== undefined && messageExpression.length > 0 && messageExpression.trim() === '') {
    errors.push(required(`${at}.messageExpression`, 'messageExpression must be non-empty if specified'))
  }
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${at}.reason`, reason, REASONS))
  if (fieldPath === undefined || fieldPath === '') return
  if (fieldPath.trim() === '') errors.push(invalid(`${at}.fieldPath`, fieldPath, 'must be non-empty if specified'))
  else if (typeof fieldAt(schema, fieldPath, true) === 'string') {
    errors.push(invalid(`${at}.fieldPath`, fieldPath, 'must be a valid path'))
  }
}

function checkCompiled(look: Look, schema: JsonSchema, { path, isRoot, uncorrelated, most }: Place): void {
  const { errors } = look
  const { type, rules } = rulesOf(schema, isRoot)
  rules.forEach(({ rule, program, message, error, messageError, usesOldSelf }, i) => {
    const at = `${path}.x-kubernetes-validations[${i}]`
    if (program !== undefined && type !== undefined) {
      const times = most ?? Math.floor(MAX_REQUEST_BYTES / (leastBytes(type) + 1))
      const cost = expressions().estimateCost(program.checked, type) * times
      checkCost(look, `${at}.rule`, 'estimated rule cost', cost)
    }
    if (error !== undefined) errors.push(invalid(`${at}.rule`, goRule(rule), error))
    if (messageError !== undefined) errors.push(invalid(`${at}.messageExpression`, goRule(rule), messageError))
    else if (message !== undefined && type !== undefined) {
      const cost = expressions().estimateCost(message.checked, type)
      checkCost(look, `${at}.messageExpression`, 'estimated messageExpression cost', cost)
    }
    if (usesOldSelf && uncorrelated !== undefined) {
      const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`
      errors.push(invalid(`${at}.rule`, rule.rule, detail))
    } else if (!usesOldSelf && rule.optionalOldSelf !== undefined && error === undefined) {
      const detail = 'may not be set if oldSelf is not used in rule'
      errors.push(invalid(`${at}.optionalOldSelf`, rule.optionalOldSelf, detail))
    }
  })
}

function checkCost({ errors, costs, isKept }: Look, path: string, what: string, cost: number): void {
  if (!isKept && cost > RULE_LIMIT) errors.push(forbidden(path, tooDear(what, cost, RULE_LIMIT)))
  costs.push({ path, cost })
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
