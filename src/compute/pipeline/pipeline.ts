import { keyOf } from './artifacts.ts'
import type { Artifact } from './artifacts.ts'
import { runSteps } from './run-steps.ts'
import type { Making, PlannedStep } from './run-steps.ts'
import type { ContainerOutput, ContainerStepOptions, InputOf, Inputs, Step, StepOptions, StepReport } from './step.ts'
import { ComputeError } from '../errors.ts'
import type { PipelineHost } from './pipeline-host.ts'

/**
 * A graph of steps: functions on workers and containers of any image. What a step makes is kept under what it was made of (its
 * code and what that captures, its options, the content of its inputs), so that a run makes only what is not there: also
 * after the program died in the middle.
 */
export interface Pipeline {
  readonly name: string
  /** A function of nothing, which runs on a worker. */
  step<R>(name: string, fn: () => R, options?: StepOptions<undefined>): Step<Awaited<R>>
  /** A function of one step's value, or of the tuple of several. */
  step<const I extends Inputs, R>(
    name: string,
    inputs: I,
    fn: (input: InputOf<I>) => R,
    options?: StepOptions<InputOf<I>>,
  ): Step<Awaited<R>>
  /** Fans out: a function of each item that a step gives. Each item is kept by itself. */
  forEach<T, R>(
    name: string,
    items: Step<readonly T[]>,
    fn: (item: T) => R,
    options?: StepOptions<readonly T[]>,
  ): Step<Awaited<R>[]>
  /** A container for each item that a step gives: an array job. Fails where one of them fails. */
  container<T>(
    name: string,
    items: Step<readonly T[]>,
    options: ContainerStepOptions<readonly T[]>,
  ): Step<ContainerOutput[]>
  /**
   * Makes what there is to make; steps run at the same time where they can. Rejects with `SHOAL_STEP_FAILED`, and the step's error as
   * its cause, once nothing else can go on; what succeeded meanwhile is kept.
   */
  run(): Promise<PipelineResult>
}

export interface PipelineResult {
  /** In the order in which they were declared. */
  readonly steps: readonly StepReport[]
  /** What a step made; `undefined` where it was skipped. */
  value<T>(step: Step<T>): T | undefined
}

export function createPipeline(host: PipelineHost, name: string): Pipeline {
  const steps = new Map<Step<unknown>, PlannedStep>()

  function add<T>(planned: PlannedStep): Step<T> {
    const step: Step<T> = Object.freeze({ name: planned.name })
    if ([...steps.keys()].some((one) => one.name === planned.name))
      throw misuse(name, planned.name, 'there is one of that name')
    const foreign = planned.inputs.find((input) => !steps.has(input))
    if (foreign !== undefined)
      throw misuse(name, planned.name, `its input "${foreign.name}" is a step of another pipeline`)
    steps.set(step, planned)
    return step
  }

  return {
    name,
    step: (title: string, ...rest: readonly unknown[]) => add(functionStep(host, title, rest)),
    forEach: (title, items, fn, options = {}) =>
      add(fanOut(host, title, items, fn as AnyFunction, options as AnyOptions)),
    container: (title, items, options) =>
      add(containerStep(host, name, title, items, options as ContainerStepOptions<unknown>)),
    async run() {
      const { reports, values } = await runSteps(host, name, steps)
      return { steps: reports, value: <T>(step: Step<T>) => values.get(step) as T | undefined }
    },
  } as Pipeline
}

type AnyFunction = (input: never) => unknown
type AnyOptions = StepOptions<unknown>

function functionStep(host: PipelineHost, name: string, rest: readonly unknown[]): PlannedStep {
  const [first, second, third] = rest
  const takesNothing = typeof first === 'function'
  const fn = (takesNothing ? first : second) as AnyFunction
  const options = ((takesNothing ? second : third) ?? {}) as AnyOptions
  const inputs = takesNothing ? [] : ([first].flat() as readonly Step<unknown>[])
  const isTuple = Array.isArray(first)
  const call = host.callable(fn, options, name)
  return {
    name,
    inputs,
    options,
    inputOf: (values) => (isTuple ? values : values[0]),
    async identity() {
      return keyOf('step', await host.idOf(fn), options.version ?? '')
    },
    async make({ input }) {
      return { value: await call(input) }
    },
  }
}

function fanOut(
  host: PipelineHost,
  name: string,
  items: Step<unknown>,
  fn: AnyFunction,
  options: AnyOptions,
): PlannedStep {
  const call = host.callable(fn, options, name)
  const identity = async () => keyOf('forEach', await host.idOf(fn), options.version ?? '')
  return {
    name,
    inputs: [items],
    options,
    inputOf: ([only]) => only,
    identity,
    async make({ input, artifacts }) {
      const all = listOf(name, input)
      const own = await identity()
      let cachedItems = 0
      const value = await Promise.all(
        all.map(async (item): Promise<unknown> => {
          const key = keyOf(own, host.hashOf(item))
          const found = options.cache === false ? undefined : await artifacts.find(key)
          if (found !== undefined) cachedItems++
          const made: Artifact = found ?? (await artifacts.keep(key, await call(item)))
          return made.value
        }),
      )
      return { value, cachedItems }
    },
  }
}

function containerStep(
  host: PipelineHost,
  pipeline: string,
  name: string,
  items: Step<unknown>,
  options: ContainerStepOptions<unknown>,
): PlannedStep {
  const { when: _when, version = '', cache: _cache, ...job } = options
  return {
    name,
    inputs: [items],
    options,
    inputOf: ([only]) => only,
    identity: () => Promise.resolve(keyOf('container', JSON.stringify(job), version)),
    async make({ input, key }: Making) {
      const inputs = listOf(name, input)
      if (inputs.length === 0) return { value: [] }
      // Named by what it makes: a program that is started again finds the job of the one that died.
      const jobName = `${pipeline}-${name}`
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, '-')
        .slice(0, 40)
      const started = await host.startArrayJob({ ...job, name: `${jobName}-${key.slice(0, 10)}`, inputs })
      const results = await started.succeeded()
      return { value: results.map(({ index, log, files }) => ({ index, log, files })) }
    },
  }
}

function listOf(name: string, input: unknown): readonly unknown[] {
  if (Array.isArray(input)) return input
  const message = `Cannot run step "${name}" over items: its input is a ${typeof input}, expected an array`
  throw new ComputeError('SHOAL_PIPELINE', message, { hint: 'let the step before it return an array' })
}

function misuse(pipeline: string, step: string, current: string): ComputeError {
  const message = `Cannot add step "${step}" to pipeline "${pipeline}": ${current}, expected steps of its own with names of their own`
  return new ComputeError('SHOAL_PIPELINE', message, {
    hint: 'give the step another name, or an input of this pipeline',
  })
}
