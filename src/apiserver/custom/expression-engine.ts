/** What compiles expressions and gives them values; loaded when the first expression comes. */
export interface ExpressionEngine {
  readonly compile: typeof import('../../expression/cel/environment.ts').compile
  readonly estimateCost: typeof import('../../expression/cel/cost-estimate.ts').estimateCost
  readonly fromJson: typeof import('../../expression/cel/json-values.ts').fromJson
  readonly values: typeof import('../../expression/cel/values.ts')
  readonly authorizer: typeof import('../../expression/cel/library/authorizer.ts')
}

let engine: ExpressionEngine | undefined
let loading: Promise<void> | undefined

/** Loads it, once; undefined where it is there already. A server without expressions never pays for it. */
export function loadExpressions(): Promise<void> | undefined {
  if (engine !== undefined) return undefined
  return (loading ??= load())
}

async function load(): Promise<void> {
  const [environment, estimate, json, values, authorizer] = await Promise.all([
    import('../../expression/cel/environment.ts'),
    import('../../expression/cel/cost-estimate.ts'),
    import('../../expression/cel/json-values.ts'),
    import('../../expression/cel/values.ts'),
    import('../../expression/cel/library/authorizer.ts'),
  ])
  const { compile } = environment
  engine = { compile, estimateCost: estimate.estimateCost, fromJson: json.fromJson, values, authorizer }
}

/** The engine, which whoever lets expressions in has loaded before. */
export function expressions(): ExpressionEngine {
  if (engine === undefined) throw new Error('An expression came before the engine for it was loaded')
  return engine
}
