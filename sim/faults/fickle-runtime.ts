import type { Runtime } from '../../src/runtime/runtime.ts'
import { EXIT_CODE, RUN_FOR } from '../../src/runtime/simulated/simulated-runtime.ts'
import type { SeededRandom } from '../seeded-random.ts'

/** A pod with this annotation fails in so many of a hundred cases. */
export const FAIL_PERCENT = 'sim.shoal.dev/fail-percent'
/** A pod with this annotation runs for up to so many seconds, or `forever`; without it for up to one. */
export const RUN_SECONDS = 'sim.shoal.dev/run-seconds'

/** A runtime whose containers run for a while that chance decides, and fail as often as their pods ask for. */
export function fickle(runtime: Runtime, random: SeededRandom): Runtime {
  return {
    ...runtime,
    startSandbox(spec) {
      if (spec.annotations[RUN_SECONDS] === 'forever') return runtime.startSandbox(spec)
      const seconds = Number(spec.annotations[RUN_SECONDS] ?? 1)
      const fails = random.chance(Number(spec.annotations[FAIL_PERCENT] ?? 0) / 100)
      const fate = { [RUN_FOR]: `${Math.ceil(random.next() * seconds * 1000)}ms`, [EXIT_CODE]: fails ? '1' : '0' }
      return runtime.startSandbox({ ...spec, annotations: { ...spec.annotations, ...fate } })
    },
  }
}
