import type { Checked } from './checker.ts'
import { check } from './checker.ts'
import type { Functions } from './functions.ts'
import { functionsOf } from './functions.ts'
import { AUTHORIZER } from './library/authorizer.ts'
import { checkLiterals } from './literal-checks.ts'
import { FORMATS } from './library/formats.ts'
import { LISTS } from './library/lists.ts'
import { NETWORK } from './library/network.ts'
import { OPERATORS } from './library/operators.ts'
import { QUANTITIES } from './library/quantities.ts'
import { SEMVER } from './library/semver.ts'
import { STANDARD } from './library/standard.ts'
import { STRINGS } from './library/strings.ts'
import { URLS } from './library/urls.ts'
import { parse } from './parser.ts'
import type { Step } from './plan.ts'
import { plan } from './plan.ts'
import type { CelType } from './cel-type.ts'
import type { Value } from './values.ts'

/** Kubernetes' limit on what one expression may cost when it runs. */
export const CALL_LIMIT = 1_000_000

/** What an expression may cost; shared by several, it is what all of them may cost together. */
export interface Budget {
  remaining: number
}

/** A compiled expression. */
export interface Program {
  readonly source: string
  readonly type: CelType
  readonly checked: Checked
  /**
   * Its value. Throws an EvaluationError where it fails, a BudgetError (which is one) where it costs more than
   * `CALL_LIMIT` or than remains of `budget`.
   */
  evaluate(variables: (name: string) => Value | undefined, budget?: Budget): Value
  /** As `evaluate`, and what it cost. */
  measure(variables: (name: string) => Value | undefined): { readonly value: Value; readonly cost: number }
}

let functions: Functions | undefined

/** Every function of Kubernetes' environment. */
export function kubernetesFunctions(): Functions {
  return (functions ??= functionsOf([
    OPERATORS,
    STANDARD,
    STRINGS,
    LISTS,
    NETWORK,
    QUANTITIES,
    SEMVER,
    URLS,
    FORMATS,
    AUTHORIZER,
  ]))
}

/** Compiles an expression over the given variables. Throws a CompileError with what is wrong. */
export function compile(source: string, variables: ReadonlyMap<string, CelType>): Program {
  const checked = check(source, parse(source), { functions: kubernetesFunctions(), variables })
  checkLiterals(source, checked)
  let step: Step | undefined
  const run = (variable: (name: string) => Value | undefined, limit: number) => {
    const frame = { variable, locals: new Map<string, Value>(), limit, cost: 0 }
    step ??= plan(checked)
    return { frame, value: () => step?.(frame) ?? null }
  }
  return {
    source,
    type: checked.type,
    checked,
    evaluate(variable, budget) {
      const { frame, value } = run(variable, Math.min(CALL_LIMIT, budget?.remaining ?? CALL_LIMIT))
      try {
        return value()
      } finally {
        if (budget !== undefined) budget.remaining -= frame.cost
      }
    },
    measure(variable) {
      const { frame, value } = run(variable, CALL_LIMIT)
      return { value: value(), cost: frame.cost }
    },
  }
}
