import { ComputeError } from '../errors.ts'
import { keyOf, openArtifacts } from './artifacts.ts'
import type { Artifact, Artifacts } from './artifacts.ts'
import type { PipelineHost } from './pipeline-host.ts'
import type { Step, StepOptions, StepReport } from './step.ts'

/** A step as it was declared. */
export interface PlannedStep {
  readonly name: string
  readonly inputs: readonly Step<unknown>[]
  readonly options: Pick<StepOptions<unknown>, 'when' | 'cache'>
  /** What the function is given, of the values of the inputs. */
  inputOf(values: readonly unknown[]): unknown
  /** Changes whenever what the step does changes. */
  identity(): Promise<string>
  make(making: Making): Promise<{ readonly value: unknown; readonly cachedItems?: number }>
}

export interface Making {
  readonly input: unknown
  readonly artifacts: Artifacts
  /** Under which what it makes is kept. */
  readonly key: string
}

/** How a step ended. Only what `failed` by itself has an error; what needs it `waits` for ever. */
type Ended =
  | { readonly is: 'made'; readonly artifact: Artifact; readonly report: StepReport }
  | { readonly is: 'skipped'; readonly report: StepReport }
  | { readonly is: 'failed'; readonly error: unknown; readonly report: StepReport }
  | { readonly is: 'unreached' }

export interface StepsRun {
  readonly reports: readonly StepReport[]
  readonly values: ReadonlyMap<Step<unknown>, unknown>
}

/** Runs every step as soon as its inputs are there. Rejects once nothing more can go on where a step failed. */
export async function runSteps(
  host: PipelineHost,
  pipeline: string,
  steps: ReadonlyMap<Step<unknown>, PlannedStep>,
): Promise<StepsRun> {
  const artifacts = openArtifacts(host.directory(pipeline), host.env.random)
  const ends = new Map<Step<unknown>, Promise<Ended>>()
  // Steps name earlier ones only, so that each finds the ends of its inputs.
  for (const [step, planned] of steps) {
    const inputs = planned.inputs.map((input) => ends.get(input)!)
    ends.set(
      step,
      Promise.all(inputs).then((ended) => runStep(host, artifacts, planned, ended)),
    )
  }
  const all = await Promise.all([...ends].map(async ([step, end]) => [step, await end] as const))
  const failed = all.find(([, end]) => end.is === 'failed')
  if (failed !== undefined) throw failure(pipeline, failed[0].name, all)
  const reports = all.flatMap(([, end]) => ('report' in end ? [end.report] : []))
  const made = all.flatMap(([step, end]) => (end.is === 'made' ? [[step, end.artifact.value] as const] : []))
  return { reports, values: new Map(made) }
}

async function runStep(
  host: PipelineHost,
  artifacts: Artifacts,
  step: PlannedStep,
  inputs: readonly Ended[],
): Promise<Ended> {
  const begunMs = host.env.clock.monotonicMs()
  const report = (outcome: StepReport['outcome'], more: object = {}): StepReport => {
    return { name: step.name, outcome, durationMs: host.env.clock.monotonicMs() - begunMs, ...more }
  }
  if (inputs.some(({ is }) => is === 'failed' || is === 'unreached')) return { is: 'unreached' }
  if (inputs.some(({ is }) => is === 'skipped')) return { is: 'skipped', report: report('skipped') }
  const given = inputs.flatMap((end) => (end.is === 'made' ? [end.artifact] : []))
  try {
    const input = step.inputOf(given.map(({ value }) => value))
    if (step.options.when?.(input) === false) return { is: 'skipped', report: report('skipped') }
    const key = keyOf(await step.identity(), ...given.map(({ hash }) => hash))
    const found = step.options.cache === false ? undefined : await artifacts.find(key)
    if (found !== undefined) return { is: 'made', artifact: found, report: report('cached') }
    const { value, ...facts } = await step.make({ input, artifacts, key })
    return { is: 'made', artifact: await artifacts.keep(key, value), report: report('ran', facts) }
  } catch (error) {
    return { is: 'failed', error, report: report('failed') }
  }
}

function failure(pipeline: string, step: string, all: readonly (readonly [Step<unknown>, Ended])[]): ComputeError {
  const errors = all.flatMap(([{ name }, end]) => (end.is === 'failed' ? [{ name, error: end.error }] : []))
  const kept = all.filter(([, { is }]) => is === 'made').length
  const reason = errors[0]?.error instanceof Error ? errors[0].error.message : String(errors[0]?.error)
  const message = `Cannot run step "${step}" of pipeline "${pipeline}": ${reason}`
  const hint = `the results of ${kept} of ${all.length} steps are kept: run it again once that is mended`
  const facts = { failed: errors.map(({ name }) => name) }
  return new ComputeError('SHOAL_STEP_FAILED', message, { hint, facts, cause: errors[0]?.error })
}
