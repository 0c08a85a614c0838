import { jobScenario } from './job.ts'
import { nodeLifecycleScenario } from './node-lifecycle.ts'
import { workloadsScenario } from './workloads.ts'
import type { Scenario } from './scenario.ts'

/** Every scenario, by name. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = Object.fromEntries(
  [jobScenario, nodeLifecycleScenario, workloadsScenario].map((scenario) => [scenario.name, scenario]),
)
