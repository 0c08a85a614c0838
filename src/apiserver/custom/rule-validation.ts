import type { FieldError } from '../../api/meta/field-error.ts'
import { duplicate, forbidden, invalid, required } from '../../api/meta/field-error.ts'
import type { Budget } from '../../expression/cel/environment.ts'
import type { Value } from '../../expression/cel/values.ts'
import { jsonEqual } from '../verbs/equal.ts'
import { expressions } from './expression-engine.ts'
import type { JsonSchema, ValidationRule } from './json-schema.ts'
import type { CompiledRule } from './rules.ts'
import { hasRules, rulesOf } from './rules.ts'

/** Kubernetes' limit on what all rules of one custom resource may cost together. */
const RESOURCE_BUDGET = 10_000_000
/** The longest message that an expression may make, in bytes. */
const MAX_MESSAGE = 5 * 1024

type Fields = Readonly<Record<string, unknown>>

interface Run {
  readonly errors: FieldError[]
  readonly budget: Budget
  /** No further rule is looked at. */
  ended: boolean
}

/** What the schema's rules say of `value`, which was `old` before; `value` has the schema's shape. */
export function validateByRules(schema: JsonSchema, value: unknown, old: unknown): readonly FieldError[] {
  if (!hasRules(schema)) return []
  const run: Run = { errors: [], budget: { remaining: RESOURCE_BUDGET }, ended: false }
  visit(run, schema, value, old, '', true)
  return run.errors
}

function visit(run: Run, schema: JsonSchema, value: unknown, old: unknown, path: string, isResource = false): void {
  if (run.ended || value === undefined || value === null || !hasRules(schema)) return
  runRules(run, schema, value, old, path, isResource)
  if (run.ended) return
  if (Array.isArray(value)) visitItems(run, schema, value, old, path)
  else if (typeof value === 'object') visitFields(run, schema, value as Fields, old, path)
}

function visitFields(run: Run, schema: JsonSchema, value: Fields, old: unknown, path: string): void {
  const before = (typeof old === 'object' && old !== null && !Array.isArray(old) ? old : {}) as Fields
  const { properties = {}, additionalProperties } = schema
  for (const [key, field] of Object.entries(value)) {
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined
    if (property !== undefined) visit(run, property, field, before[key], path === '' ? key : `${path}.${key}`)
    else if (typeof additionalProperties === 'object') {
      visit(run, additionalProperties, field, before[key], `${path}[${key}]`)
    }
  }
}

function visitItems(run: Run, schema: JsonSchema, value: readonly unknown[], old: unknown, path: string): void {
  const { items } = schema
  if (items === undefined) return
  value.forEach((item, i) => visit(run, items, item, correlated(schema, item, old), `${path}[${i}]`))
}

/** The item that this one was before: only lists of the type `map` can tell. */
export function correlated(schema: JsonSchema, item: unknown, old: unknown): unknown {
  if (schema['x-kubernetes-list-type'] !== 'map' || !Array.isArray(old)) return undefined
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const same = (one: unknown) =>
    keys.every((key) => jsonEqual((one as Fields | null)?.[key], (item as Fields | null)?.[key]))
  return old.find(same)
}

function runRules(run: Run, schema: JsonSchema, value: unknown, old: unknown, path: string, isResource: boolean): void {
  const { type, rules } = rulesOf(schema, isResource)
  if (rules.length === 0 || type === undefined) return
  const { fromJson, values } = expressions()
  const before = old === undefined || old === null ? undefined : fromJson(old, type)
  const self = fromJson(value, type)
  const refuse = (detail: string) => run.errors.push(invalid(nameOf(path), schema.type, detail))
  for (const compiled of rules) {
    if (run.ended) return
    const { rule, program, error, usesOldSelf } = compiled
    if (error !== undefined) refuse(`rule compile error: ${error}`)
    if (program === undefined) continue
    const optional = rule.optionalOldSelf === true
    if (usesOldSelf && before === undefined && !optional) continue
    const oldSelf = optional ? new values.OptionalValue(before) : before
    const variable = (name: string): Value | undefined => (name === 'self' ? self : oldSelf)
    const outcome = evaluate(run, compiled, variable)
    if (typeof outcome === 'string') refuse(outcome)
    else if (!outcome && (usesOldSelf || !jsonEqual(value, old))) {
      // What was so before and has not changed is let be, unless the rule is about change.
      run.errors.push(broken(run, compiled, schema, path, variable))
    }
  }
}

const nameOf = (path: string): string => (path === '' ? '<nil>' : path)

/** Whether the rule holds; a text where that cannot be said. */
function evaluate(
  run: Run,
  { rule, program }: CompiledRule,
  variable: (name: string) => Value | undefined,
): boolean | string {
  const { values } = expressions()
  try {
    return program?.evaluate(variable, run.budget) === true
  } catch (error) {
    if (!(error instanceof values.EvaluationError)) throw error
    if (error instanceof values.BudgetError) {
      run.ended = true
      if (run.budget.remaining <= 0) {
        return 'validation failed due to running out of cost budget, no further validation rules will be run'
      }
      return `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${shown(rule)}`
    }
    if (!error.message.startsWith('no such overload')) return `${error.message} evaluating rule: ${shown(rule)}`
    const why = 'call arguments did not match a supported operator, function or macro signature for rule'
    return `'${error.message}': ${why}: ${shown(rule)}`
  }
}

const shown = ({ message = '', rule }: ValidationRule): string => (message.length > 0 ? message : rule).trim()

function broken(
  run: Run,
  compiled: CompiledRule,
  schema: JsonSchema,
  path: string,
  variable: (name: string) => Value | undefined,
): FieldError {
  const { rule } = compiled
  const { message = '', fieldPath = '', reason } = rule
  const fallback = message.length > 0 ? message.trim() : `failed rule: ${shown(rule)}`
  const detail = spoken(run, compiled, variable) ?? fallback
  const field = nameOf(`${path}${fieldPath === '' ? '' : normalized(fieldPath, path === '')}`)
  switch (reason) {
    case 'FieldValueForbidden':
      return forbidden(field, detail)
    case 'FieldValueRequired':
      return required(field, detail)
    case 'FieldValueDuplicate':
      return duplicate(field, schema.type)
    default:
      return invalid(field, schema.type, detail)
  }
}

/** `.a['b']` behind a path; without the first dot where there is none before. */
function normalized(fieldPath: string, atRoot: boolean): string {
  const names = fieldPath.replaceAll(/\['((?:\\.|[^'])*)'\]/g, (_, name: string) => `.${name}`)
  return atRoot ? names.replace(/^\./, '') : names
}

/** What a rule's message expression says; undefined where it fails or says nothing of use. */
function spoken(
  run: Run,
  { message }: CompiledRule,
  variable: (name: string) => Value | undefined,
): string | undefined {
  if (message === undefined) return undefined
  try {
    const text = String(message.evaluate(variable, run.budget)).trim()
    const usable = text !== '' && !text.includes('\n') && Buffer.byteLength(text) <= MAX_MESSAGE
    return usable ? text : undefined
  } catch (error) {
    if (error instanceof expressions().values.EvaluationError) return undefined
    throw error
  }
}
