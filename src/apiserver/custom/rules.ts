import type { CelType } from '../../expression/cel/cel-type.ts'
import type { Program } from '../../expression/cel/environment.ts'
import { expressions } from './expression-engine.ts'
import { holds } from './holds.ts'
import type { JsonSchema, ValidationRule } from './json-schema.ts'
import { celTypeOf } from './schema-types.ts'

/** A rule made ready to run, or what is wrong with it. */
export interface CompiledRule {
  readonly rule: ValidationRule
  readonly program?: Program
  readonly error?: string
  readonly message?: Program
  readonly messageError?: string
  readonly usesOldSelf: boolean
}

/** What the rules of one schema node work with. */
export interface SchemaRules {
  readonly type: CelType | undefined
  readonly rules: readonly CompiledRule[]
}

const compiled = new WeakMap<JsonSchema, SchemaRules>()

/** The rules of one node of a schema, compiled once; `isResource` at the root of a custom resource. */
export function rulesOf(schema: JsonSchema, isResource: boolean): SchemaRules {
  let found = compiled.get(schema)
  if (found === undefined) {
    const type = celTypeOf(schema, 'selfType', isResource)
    const rules = (schema['x-kubernetes-validations'] ?? []).map((rule) => compileRule(rule, type))
    compiled.set(schema, (found = { type, rules }))
  }
  return found
}

function compileRule(rule: ValidationRule, type: CelType | undefined): CompiledRule {
  if (rule.rule.trim() === '') return { rule, usesOldSelf: false }
  if (type === undefined)
    return { rule, error: 'failed to convert to declType for CEL validation rules', usesOldSelf: false }
  const old: CelType = rule.optionalOldSelf === true ? { kind: 'opaque', name: 'optional_type', of: [type] } : type
  const variables = new Map([
    ['self', type],
    ['oldSelf', old],
  ])
  const program = attempt(rule.rule, variables)
  if (typeof program === 'string') return { rule, error: `compilation failed: ${program}`, usesOldSelf: false }
  const usesOldSelf = namesVariable(program, 'oldSelf')
  if (!answers(program, 'bool')) return { rule, error: 'cel expression must evaluate to a bool', usesOldSelf }
  return { rule, program, usesOldSelf, ...compileMessage(rule, variables) }
}

function compileMessage(
  { messageExpression = '' }: ValidationRule,
  variables: ReadonlyMap<string, CelType>,
): Partial<CompiledRule> {
  if (messageExpression === '') return {}
  const message = attempt(messageExpression, variables)
  if (typeof message === 'string') return { messageError: `messageExpression compilation failed: ${message}` }
  return answers(message, 'string') ? { message } : { messageError: 'messageExpression must evaluate to a string' }
}

function attempt(source: string, variables: ReadonlyMap<string, CelType>): Program | string {
  try {
    return expressions().compile(source, variables)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const answers = ({ type }: Program, name: string): boolean => type.kind === 'simple' && type.name === name

function namesVariable({ checked }: Program, name: string): boolean {
  return [...checked.references.values()].some((one) => 'variable' in one && one.variable === name)
}

/** Whether any node of a schema has rules. */
export const hasRules = holds((schema) => (schema['x-kubernetes-validations'] ?? []).length > 0)
