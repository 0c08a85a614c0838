/**
 * The part of JSONPath that printed columns are written in: fields, indexes, `[*]`, and filters that compare a field with
 * a text, such as `.status.conditions[?(@.type=="Ready")].status`.
 */
export type SimplePath = readonly Step[]

type Step =
  | { readonly field: string }
  | { readonly index: number }
  | { readonly every: true }
  | { readonly where: SimplePath; readonly equals: string }

const STEP =
  /\.?\[\?\(\s*@(?<where>[^=!\s)]+)\s*==\s*(?:"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<bare>[^)\s]+))\s*\)\]|\[(?<index>-?\d+)\]|\[\*\]|\['(?<quoted>[^']+)'\]|\.(?<field>(?:\\.|[^.[\]\\])+)/y

/** Steps that are not understood end the path, so that its column stays empty. */
export function parsePath(path: string): SimplePath {
  const steps: Step[] = []
  const text = path.replace(/^\{(.*)\}$/, '$1').replace(/^\$/, '')
  STEP.lastIndex = 0
  for (let match = STEP.exec(text); match !== null; match = STEP.exec(text)) {
    const at = STEP.lastIndex
    steps.push(stepOf(match.groups ?? {}))
    STEP.lastIndex = at
    if (at >= text.length) break
  }
  return steps
}

function stepOf(groups: Readonly<Record<string, string | undefined>>): Step {
  const { where, double, single, bare, index, quoted, field } = groups
  if (where !== undefined) return { where: parsePath(where), equals: double ?? single ?? bare ?? '' }
  if (index !== undefined) return { index: Number(index) }
  const name = quoted ?? field?.replaceAll(/\\(.)/g, '$1')
  return name === undefined ? { every: true } : { field: name }
}

/** The values that the path leads to, in order. */
export function evaluatePath(path: SimplePath, value: unknown): readonly unknown[] {
  let values: readonly unknown[] = [value]
  for (const step of path) values = values.flatMap((each) => follow(step, each))
  return values
}

function follow(step: Step, value: unknown): readonly unknown[] {
  if ('field' in step) {
    const fields = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
    return Object.hasOwn(fields, step.field) ? [fields[step.field]] : []
  }
  if (!Array.isArray(value)) return []
  if ('index' in step) return value.at(step.index) === undefined ? [] : [value.at(step.index)]
  if ('every' in step) return value
  return value.filter((item) => String(evaluatePath(step.where, item)[0]) === step.equals)
}
