import { jobScenario } from './job.ts'
import { nodeLifecycleScenario } from './node-lifecycle.ts'
import type { Scenario } from './scenario.ts'

/** Every scenario, by name. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = Object.fromEntries(
  [jobScenario, nodeLifecycleScenario].map((scenario) => [scenario.name, scenario]),
)
