import type { LabelSelector as LabelSelectorObject } from '../generated/meta-v1.ts'
import { labelKeyProblems, labelValueProblems } from './names.ts'
import { apiError } from './status.ts'

/** One requirement on an object's labels. */
export interface Requirement {
  readonly key: string
  readonly operator: Operator
  readonly values: readonly string[]
}

export type Operator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'

/** All requirements must hold; none means everything. */
export type LabelSelector = readonly Requirement[]

/** Parses a selector's text, such as `a=b,c in (d,e),!f`. Throws a BadRequest ApiError with Kubernetes' message. */
export function parseLabelSelector(text: string): LabelSelector {
  const parser = new Parser(text)
  const requirements = parser.parse()
  return requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
}

type Token = { readonly kind: 'identifier' | 'end' | 'symbol'; readonly text: string }

const SYMBOLS = ['==', '!=', '=', '!', '(', ')', ',', '>', '<']

function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  for (let i = 0; i < text.length;) {
    if (/\s/.test(text[i] ?? '')) i++
    else {
      const symbol = SYMBOLS.find((one) => text.startsWith(one, i))
      const word = symbol ?? /^[^\s=!(),<>]+/.exec(text.slice(i))?.[0] ?? ''
      tokens.push({ kind: symbol === undefined ? 'identifier' : 'symbol', text: word })
      i += word.length
    }
  }
  return tokens
}

const bad = (message: string) => apiError('BadRequest', message)

/** Recursive descent over the grammar of Kubernetes' `labels.Parse`, with its messages. */
class Parser {
  readonly #tokens: readonly Token[]
  #position = 0

  constructor(text: string) {
    this.#tokens = tokenize(text)
  }

  get #next(): Token {
    return this.#tokens[this.#position] ?? { kind: 'end', text: '' }
  }

  #take(): Token {
    const token = this.#next
    this.#position++
    return token
  }

  parse(): Requirement[] {
    const requirements: Requirement[] = []
    while (true) {
      const { kind, text } = this.#next
      if (kind === 'end') return requirements
      if (kind !== 'identifier' && text !== '!')
        throw bad(`found '${text}', expected: !, identifier, or 'end of string'`)
      requirements.push(this.#requirement())
      const separator = this.#take()
      if (separator.kind === 'end') return requirements
      if (separator.text !== ',') throw bad(`found '${separator.text}', expected: ',' or 'end of string'`)
      if (this.#next.kind !== 'identifier' && this.#next.text !== '!') {
        throw bad(`found '${this.#next.text}', expected: identifier after ','`)
      }
    }
  }

  #requirement(): Requirement {
    const negated = this.#next.text === '!' && this.#next.kind === 'symbol'
    if (negated) this.#take()
    const { kind, text: key } = this.#take()
    if (kind !== 'identifier') throw bad(`unable to parse requirement: found '${key}', expected: identifier`)
    const problems = labelKeyProblems(key)
    if (problems.length > 0)
      throw bad(`unable to parse requirement: <nil>: Invalid value: ${JSON.stringify(key)}: ${problems.join('; ')}`)
    const ends = this.#next.kind === 'end' || this.#next.text === ','
    if (negated || ends) return { key, operator: negated ? '!' : 'exists', values: [] }
    return this.#operation(key)
  }

  #operation(key: string): Requirement {
    const operator = this.#operator()
    const values = operator === 'in' || operator === 'notin' ? this.#set() : [this.#value()]
    for (const value of values) checkValue(key, operator, value)
    return { key, operator, values }
  }

  #operator(): Operator {
    const { text } = this.#take()
    const operators: Readonly<Record<string, Operator>> = { '>': 'gt', '<': 'lt', '=': '=', '==': '==', '!=': '!=' }
    const operator = operators[text] ?? (text === 'in' || text === 'notin' ? text : undefined)
    if (operator !== undefined) return operator
    throw bad(`unable to parse requirement: found '${text}', expected: in, notin, =, ==, !=, gt, lt`)
  }

  #value(): string {
    if (this.#next.kind === 'end' || this.#next.text === ',') return ''
    const { kind, text } = this.#take()
    if (kind !== 'identifier') throw bad(`unable to parse requirement: found '${text}', expected: identifier`)
    return text
  }

  #set(): string[] {
    const open = this.#take()
    if (open.text !== '(') throw bad(`unable to parse requirement: found '${open.text}' expected: '('`)
    const values = new Set<string>()
    let expectsValue = true
    while (true) {
      const { kind, text } = this.#take()
      if (kind === 'identifier') {
        if (!expectsValue) throw bad(`unable to parse requirement: found '${text}', expected: ',' or ')'`)
        values.add(text)
        expectsValue = false
      } else if (text === ',' || text === ')') {
        if (expectsValue) values.add('')
        expectsValue = true
        if (text === ')') return [...values].sort()
      } else if (expectsValue)
        throw bad(`unable to parse requirement: found '${text}', expected: ',', ')' or identifier`)
      else throw bad(`unable to parse requirement: found '${text}', expected: ',' or ')'`)
    }
  }
}

function checkValue(key: string, operator: Operator, value: string): void {
  const path = `values[0][${key}]`
  if ((operator === 'gt' || operator === 'lt') && !/^[+-]?\d+$/.test(value)) {
    const detail = "for 'Gt', 'Lt' operators, the value must be an integer"
    throw bad(`unable to parse requirement: values[0]: Invalid value: ${JSON.stringify(value)}: ${detail}`)
  }
  const problems = labelValueProblems(value)
  if (problems.length === 0) return
  throw bad(`unable to parse requirement: ${path}: Invalid value: ${JSON.stringify(value)}: ${problems.join('; ')}`)
}

const OPERATORS: Readonly<Record<string, Operator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' }

/** The object form (`matchLabels`, `matchExpressions`) as requirements; an absent one matches nothing: undefined. */
export function fromLabelSelector(selector: LabelSelectorObject | null | undefined): LabelSelector | undefined {
  if (selector === undefined || selector === null) return undefined
  const labels = Object.entries(selector.matchLabels ?? {})
  const fromLabels = labels.map(([key, value]): Requirement => ({ key, operator: '=', values: [value] }))
  const fromExpressions = (selector.matchExpressions ?? []).map(({ key, operator, values }): Requirement => ({
    key,
    operator: OPERATORS[operator] ?? 'in',
    values: [...(values ?? [])].sort(),
  }))
  return [...fromLabels, ...fromExpressions].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
}

export function matchesLabels(selector: LabelSelector, labels: Readonly<Record<string, string>> | undefined): boolean {
  for (const requirement of selector) if (!matchesRequirement(requirement, labels ?? {})) return false
  return true
}

function matchesRequirement(requirement: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined
  switch (requirement.operator) {
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    case '=':
    case '==':
    case 'in':
      return value !== undefined && requirement.values.includes(value)
    case '!=':
    case 'notin':
      return value === undefined || !requirement.values.includes(value)
    case 'gt':
    case 'lt':
      return value !== undefined && compares(requirement, value)
  }
}

function compares(requirement: Requirement, value: string): boolean {
  if (!/^[+-]?\d+$/.test(value)) return false
  const [left, right] = [BigInt(value), BigInt(requirement.values[0] ?? '0')]
  return requirement.operator === 'gt' ? left > right : left < right
}

/** The canonical text of a selector. */
export function formatLabelSelector(selector: LabelSelector): string {
  return selector.map(formatRequirement).join(',')
}

function formatRequirement({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.join(',')})`
    case 'gt':
    case 'lt':
      return `${key}${operator === 'gt' ? '>' : '<'}${values[0] ?? ''}`
    default:
      return `${key}${operator}${values[0] ?? ''}`
  }
}
